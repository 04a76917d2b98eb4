# What an author's dataset function returns, as columns that the host can copy.

# The columns of the last dataset, held here from the answer until the host has copied them.
const DATASET = Any[]

"""
    dataset(plan, params) -> Dict

Call an author's function of keyword arguments and describe the data that it returns: `names`, `rows`, `columns` and
`target`, where a column is told as [`column`](@ref) is.
"""
function dataset(plan::Dict{String,Any}, params::Dict{String,Any})
    source = Source(plan["source"])
    enter(source)
    call = Call(lookup_function(source, plan["fit"]), Any[], keywords(params))
    answer = in_project(() -> author(call), source)
    return Base.invokelatest(told, answer, plan["fit"], plan["columns"])
end

"""
    transform(plan, data, params, offered) -> Dict

Call an author's function of a table, or of none where `data` is `nothing`, and describe the table that it returns as
[`dataset`](@ref) does. Of `offered` it gets the keyword arguments that it has; they come before `params`.
"""
function transform(
    plan::Dict{String,Any}, data::Union{Nothing,Vector{Any}}, params::Dict{String,Any}, offered::Dict{String,Any}
)
    source = Source(plan["source"])
    enter(source)
    making = lookup_function(source, plan["fit"])
    arguments = data === nothing ? Any[] : Any[features(data, true)]
    options = keywords(merge(params, Base.invokelatest(taken, making, offered)))
    answer = in_project(() -> author(Call(making, arguments, options)), source)
    return Base.invokelatest(told, (answer, nothing), plan["fit"], false)
end

"""
    taken(f, offered) -> Dict

Return those of the keyword arguments that a function has; all of them where it takes any.
"""
function taken(f, offered::Dict{String,Any})
    known = Set{Symbol}()
    foreach(method -> union!(known, Base.kwarg_decl(method)), methods(f))
    any(name -> endswith(string(name), "..."), known) && return offered
    return filter(argument -> Symbol(argument.first) in known, offered)
end

"""
    forget_dataset() -> Nothing

Let the memory of the last dataset go.
"""
forget_dataset() = (empty!(DATASET); nothing)

function told(answer, name::String, columns::Bool)
    X, y = pair(answer)
    names, found = table(X, name, columns)
    rows = length(found[1])
    for (label, values) in zip(names, found)
        length(values) == rows ||
            refuse(name, "(): column ", label, " has ", length(values), " values, column ", names[1], " has ", rows)
    end
    target = y === nothing ? nothing : vector(y, name)
    target === nothing || length(target) == rows || refuse(
        name, "(): y has ", length(target), " values for the ", rows, " samples of X; return one a sample",
        X isa AbstractMatrix ? " (layout says whether samples are the rows or the columns of X)" : "",
    )
    held = Any[]
    parts = Any[part(values, string(name, "(): column ", label), held) for (label, values) in zip(names, found)]
    last = target === nothing ? nothing : part(target, string(name, "(): the target y"), held)
    append!(empty!(DATASET), held)
    return Dict{String,Any}("names" => names, "rows" => rows, "columns" => parts, "target" => last)
end

"""
    pair(answer) -> Tuple

Return X and y, or `nothing` for y, of a tuple, of a named tuple of the two, or of X alone.
"""
pair(answer::Tuple{Any,Any}) = answer
pair(answer::Tuple{Any}) = (answer[1], nothing)
function pair(answer::NamedTuple)
    length(answer) == 2 || return (answer, nothing)
    for (x, y) in ((:X, :y), (:x, :y))
        # a table may have columns of these names, too
        haskey(answer, x) && haskey(answer, y) && !(answer[x] isa AbstractVector) && return (answer[x], answer[y])
    end
    return (answer, nothing)
end
pair(answer) = (answer, nothing)

"""
    table(X, name, columns) -> Tuple{Vector{String},Vector{Any}}

Return names and columns of a matrix (x1, x2, ...; with `columns` its columns are the samples), or of a value whose
properties are vectors: a named tuple, or a data frame.
"""
function table(X::AbstractMatrix, name::String, columns::Bool)
    count = size(X, columns ? 1 : 2)
    count > 0 || refuse(name, "(): X has no columns; return at least one")
    return String[string("x", j) for j in 1:count], Any[collect(columns ? X[j, :] : X[:, j]) for j in 1:count]
end

function table(X, name::String, ::Bool)
    names = X isa AbstractArray ? () : propertynames(X)
    found = Any[getproperty(X, label) for label in names]
    isempty(found) || !all(values -> values isa AbstractVector, found) && (found = Any[])
    isempty(found) && refuse(
        name, "() returned ", kind(X), "; return (X, y) or X alone, with a matrix or a named tuple of vectors as X"
    )
    return String[string(label) for label in names], found
end

vector(y::AbstractVector, ::String) = y
vector(y::Tuple, ::String) = collect(y)
vector(y::AbstractMatrix, name::String) =
    1 in size(y) ? vec(y) : refuse(name, "(): y is a matrix of size ", size(y), "; return a vector with one value a sample")
vector(y, name::String) = refuse(name, "(): y is ", kind(y), "; return a vector with one value a sample")

"""
    part(values, place, held) -> Vector

Return `[kind, address, mask_address, extra]` for a vector, as [`column`](@ref) reads it, and put the memory behind
the addresses into `held`. What no kind is for is refused with its place.
"""
function part(values::AbstractVector, place::String, held::Vector{Any})
    T = nonmissingtype(eltype(values))
    isconcretetype(T) || (T = mapreduce(typeof, typejoin, skipmissing(values), init=Union{}))
    mask = Missing <: eltype(values) && any(ismissing, values) ? Bool[ismissing(value) for value in values] : nothing
    kind, stored, extra = T === Union{} ? filled(Float64, values, place) : encoded(T, values, place)
    push!(held, stored, mask)
    extra isa Vector{Int64} && (push!(held, extra); extra = Any[address(extra), length(stored)])
    return Any[kind, address(stored), mask === nothing ? 0 : address(mask), extra]
end

address(memory::Array) = Int64(UInt(pointer(memory)))

encoded(T::Type{Bool}, values, place::String) = filled(Bool, values, place)
encoded(T::Type{<:Union{Int8,Int16,Int32,UInt8,UInt16}}, values, place::String) = filled(Int32, values, place)
encoded(T::Type{<:Integer}, values, place::String) = filled(Int64, values, place)
encoded(T::Type{<:Union{Float16,Float32}}, values, place::String) = filled(Float32, values, place)
encoded(T::Type{<:Real}, values, place::String) = filled(Float64, values, place)
encoded(T::Type, values, place::String) =
    refuse(place, " holds values of type ", T, "; make them numbers, booleans, text, dates or an @enum")

function encoded(T::Type{Dates.Date}, values, place::String)
    since(value) = Dates.value(value - Dates.Date(1970))
    return "date", Int64[ismissing(value) ? 0 : since(value) for value in values], nothing
end

function encoded(T::Type{Dates.DateTime}, values, place::String)
    since(value) = Dates.value(value - Dates.DateTime(1970))
    return "datetime", Int64[ismissing(value) ? 0 : since(value) for value in values], nothing
end

function filled(::Type{T}, values, place::String) where {T}
    values isa Vector{T} && return lowercase(string(T)), values, nothing
    try
        return lowercase(string(T)), T[ismissing(value) ? zero(T) : value for value in values], nothing
    catch inexact
        inexact isa InexactError || rethrow()
        refuse(place, " holds a number beyond ", T, "; make it a Float64")
    end
end

function encoded(T::Type{<:Union{AbstractString,Symbol,AbstractChar}}, values, place::String)
    bytes = IOBuffer()
    ends = Int64[0]
    for (i, value) in enumerate(values)
        text = ismissing(value) ? "" : string(value)
        isvalid(text) || refuse(place, " holds text that is not UTF-8, in place ", i, "; convert it when it is read")
        write(bytes, text)
        push!(ends, position(bytes))
    end
    return "string", take!(bytes), ends
end

# An @enum is a category: its instances are the levels, in the order in which they were declared.
function encoded(T::Type{<:Enum}, values, place::String)
    codes = Dict{Any,Int32}()
    levels = Any[]
    for (i, instance) in enumerate(instances(T))
        codes[instance] = Int32(i - 1)
        push!(levels, string(instance))
    end
    return "category", Int32[ismissing(value) ? Int32(0) : codes[value] for value in values], levels
end
