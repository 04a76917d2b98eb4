# Fitted models: kept here by number, because the host can hold no Julia value.

"""
    Model

What an author's `fit` returned, and how to ask it.
"""
struct Model
    value::Any
    predict::Any                # the value itself where that is what answers
    predict_proba::Any          # nothing where the author has none
    classes::Union{Nothing,Classes}
    coding::String
    columns::Bool
    world::World
    compiled_s::Union{Nothing,Float64}      # how long its fit took to be compiled, where it was fitted here
end

const MODELS = Dict{Any,Any}()
const LAST = Ref{Int64}(0)

function keep(model::Model)
    LAST[] += 1
    MODELS[LAST[]] = model
    return LAST[]
end

"""
    free(numbers) -> Nothing

Forget models.
"""
free(numbers::Vector{Any}) = foreach(number -> delete!(MODELS, number), numbers)

"""
    fit(plan, data, y, params, seed) -> Int

Return the number of the model that the author's function fitted on copies of the data.
"""
function fit(plan::Dict{String,Any}, data::Vector{Any}, y, params::Dict{String,Any}, seed)
    source = Source(plan["source"])
    world = enter(source)
    fitting = lookup_function(source, plan["fit"])
    ask = questions(source, plan)
    classes = classes_of(plan)
    arguments = Any[features(data, true)]
    y === nothing || push!(arguments, target(y, classes, plan["coding"]))
    seed === nothing || author(Random.seed!, seed)
    call = Call(fitting, arguments, keywords(params))
    value, seconds = in_project(() -> clocked(() -> noticing(call, world), call), source)
    answers = answering(value, ask[1], plan)
    return keep(Model(value, answers, ask[2], classes, plan["coding"], plan["columns"], world, seconds))
end

"""
    load(plan, address, nbytes, types, packages) -> Int

Return the number of the model whose value lies serialised at that address; `types` is what [`layout`](@ref) said of
it, or `nothing`, and `packages` what [`packages`](@ref) did. A value of types that have changed since is refused: it may be read without an error, and wrongly.
"""
function load(plan::Dict{String,Any}, address::Int, nbytes::Int, types, packages::Vector{Any})
    source = Source(plan["source"])
    world = enter(source)
    ask = questions(source, plan)           # also brings the author's types, which the value needs
    bytes = IOBuffer(wrap(UInt8, address, nbytes))
    value = try
        in_project(source) do
            foreach(bring, packages)
            note_packages()
            author(Serialization.deserialize, bytes)
        end
    catch failure
        failure isa InterruptException && rethrow()
        stored = types === nothing || isempty(types) ? "" : string(". It was stored with ", join(types, ", "))
        refuse("Julia ", VERSION, " cannot read the stored model (", message_of(failure), "); fit it again", stored)
    end
    found = Base.invokelatest(types_of, value)
    types === nothing || types == found || refuse(
        "the model's types are not those that it was stored with; fit it again, or bring back the package's version. ",
        "Stored: ", join(setdiff(types, found), ", "), ". Here: ", join(setdiff(found, types), ", "),
    )
    predicting = answering(value, ask[1], plan)
    return keep(Model(value, predicting, ask[2], classes_of(plan), plan["coding"], plan["columns"], world, nothing))
end

# A script need not have loaded what its model is made of: `fit` may do so, or another package.
function bring(package::Vector{Any})
    key = Base.PkgId(Base.UUID(package[1]::String), package[2]::String)
    haskey(Base.loaded_modules, key) && return nothing
    try
        author(Base.require, key)
    catch failure
        # Reading the value says what is missing, if it is.
        failure isa InterruptException && rethrow()
    end
    return nothing
end

"""
    dump_value(number) -> Vector{UInt8}

Return the model's value as Julia serialises it.
"""
function dump_value(number::Int)
    io = IOBuffer()
    model = MODELS[number]::Model
    enter(model.world)
    author(Serialization.serialize, io, model.value)
    return take!(io)
end

"""
    layout(number) -> Vector{String}

Return the author's types of a model, each with its fields, as far as types say which they are.
"""
layout(number::Int) = Base.invokelatest(types_of, (MODELS[number]::Model).value)

"""
    packages(number) -> Vector{Vector{String}}

Return uuid and name of the packages that the types of a model are from.
"""
function packages(number::Int)
    types = Base.invokelatest(types_in, (MODELS[number]::Model).value)
    keys = Set(Base.PkgId(Base.moduleroot(parentmodule(type))) for type in types)
    return [[string(key.uuid), key.name] for key in keys if key.uuid !== nothing]
end

types_of(value) = [described(type) for type in types_in(value) if !made_by_fit(type)]

# A function that fit made travels with its code, and its type gets another name wherever it is read.
made_by_fit(type::DataType) = startswith(string(type.name.name), '#')

function described(type::DataType)
    fields = [string(name, "::", fieldtype(type, name)) for name in fieldnames(type)]
    return author_text(string(type, "(", join(fields, ", "), ")"))
end

types_in(value) = (found = DataType[]; note_type(found, Set{Any}(), typeof(value)); found)

note_type(found, seen, type) = nothing
note_type(found, seen, type::Union) = (note_type(found, seen, type.a); note_type(found, seen, type.b))
note_type(found, seen, type::UnionAll) = note_type(found, seen, Base.unwrap_unionall(type))
function note_type(found::Vector{DataType}, seen::Set{Any}, type::DataType)
    type in seen && return nothing
    push!(seen, type)
    foreach(part -> note_type(found, seen, part), type.parameters)
    (isabstracttype(type) || type <: Tuple) && return nothing
    Base.moduleroot(parentmodule(type)) in JULIAS && return nothing
    push!(found, type)
    foreach(name -> note_type(found, seen, fieldtype(type, name)), fieldnames(type))
    return nothing
end

function questions(source::Source, plan::Dict{String,Any})
    return named(source, plan["predict"], plan["predict_required"]),
        named(source, plan["predict_proba"], plan["predict_proba_required"])
end

named(source::Source, name::String, required::Bool) =
    required || has_function(source, name) ? lookup_function(source, name) : nothing

"""
    answering(value, predicting, plan) -> Any

Return the author's `predict`, or where there is none the fitted value itself, if its type has methods of a call.
"""
function answering(value, predicting, plan::Dict{String,Any})
    predicting === nothing || return predicting
    isempty(Base.invokelatest(methods, value)) && refuse(
        "there is no ", plan["predict"], ", and what ", plan["fit"], " returned is no function of samples: it is ",
        kind(value), "; define predict beside fit, or name it in the configuration",
    )
    return value
end

classes_of(plan::Dict{String,Any}) = plan["classes"] === nothing ? nothing : Classes(plan["classes"])

"""
    predict(number, data, params) -> Union{Vector{Int32},Array{Float64}}

Return class codes for a classifier, numbers otherwise; samples in rows.
"""
function predict(number::Int, data::Vector{Any}, params::Dict{String,Any})
    model = MODELS[number]::Model
    answer = ask(model.predict, model, data, params)
    model.classes === nothing && return Base.invokelatest(samples_in_rows, answer, model.columns)
    return Base.invokelatest(codes, answer, model.classes, model.coding)
end

"""
    predict_proba(number, data, params) -> Array{Float64}

Return probabilities as (samples, classes), in class order.
"""
function predict_proba(number::Int, data::Vector{Any}, params::Dict{String,Any})
    model = MODELS[number]::Model
    model.predict_proba === nothing && refuse(
        "the model has no predict_proba; define one beside fit, or name it in the configuration as predict_proba"
    )
    model.classes === nothing && refuse("the model is no classifier and has no probabilities")
    answer = ask(model.predict_proba, model, data, params)
    return Base.invokelatest(probabilities, answer, model.classes, model.coding, model.columns)
end

function ask(f, model::Model, data::Vector{Any}, params::Dict{String,Any})
    options = isempty(params) ? NO_OPTIONS : keywords(params)
    X = features(data, false)
    enter(model.world)
    return noticing(Call(f, f === model.value ? Any[X] : Any[model.value, X], options), model.world)
end

"""
    describe(number) -> Dict

Return the type of the author's model, what it can be asked, what its script has changed beyond itself, and how
long its fit took to be compiled.
"""
function describe(number::Int)
    model = MODELS[number]::Model
    known = Dict{String,Any}(
        "native_class" => author_text(string(typeof(model.value))),
        "predict_proba" => model.predict_proba !== nothing,
        "beyond" => model.world.beyond,
    )
    model.compiled_s === nothing || (known["compile_seconds"] = model.compiled_s)
    return known
end

"""
    weigh(number) -> Vector{Any}

Return the largest fields of the author's model, or values of a Dict, each as name and bytes.
"""
weigh(number::Int) = Base.invokelatest(weights, (MODELS[number]::Model).value)

function weights(value)
    found = Any[Any[author_text(string("field ", name)), Base.summarysize(part)] for (name, part) in members(value)]
    return first_of(sort!(found; by = last, rev = true), 3)
end

members(value::AbstractDict) = pairs(value)
members(value) = [name => getfield(value, name) for name in fieldnames(typeof(value)) if isdefined(value, name)]

first_of(found::Vector{Any}, count::Int) = found[1:min(count, length(found))]
