# What an author's code changes of what all models of the process share, and what cannot be put back: methods of
# functions of others for types of others, and globals of other modules. It is noticed, and told.

# Plain loops, over containers that Julia's image holds compiled; and what seldom happens is called so that Julia does not
# look into it before. Otherwise the first script would pay seconds for this file's compilation.

"""
    variables() -> IdDict

Return the values of the variables of each shared module, by its names.
"""
function variables()
    found = IdDict{Any,Any}()
    for place in shared_modules()
        found[place] = known = IdDict{Any,Any}()
        for name in bindings(place)
            isconst(place, name) || (known[name] = getfield(place, name))
        end
    end
    return found
end

"""
    note_variables(world, before) -> Nothing

Note the variables of shared modules that are others than before.
"""
function note_variables(world::World, before::IdDict{Any,Any})
    own = own_modules(world.source)
    now = variables()
    changed = String[]
    for (place, known) in before
        (within(place, own) || !haskey(now, place)) && continue
        for (name, value) in now[place]::IdDict{Any,Any}
            get(known::IdDict{Any,Any}, name, before) === value ||
                push!(changed, string("sets the global ", name, " of ", place))
        end
    end
    return isempty(changed) ? nothing : Base.invokelatest(note, world, changed)
end

"""
    note_methods(world, since) -> Nothing

Note the methods that the world's script has defined since that age of Julia's world and that are not its own: neither
the function is, nor a type of the arguments.
"""
function note_methods(world::World, since::UInt)
    isempty(world.source.script) && return nothing
    own = own_modules(world.source)
    found = Any[]
    for table in method_tables()
        Base.visit(method -> (method.primary_world > since && push!(found, method); nothing), table)
    end
    pirates = Any[]
    for method in found
        authored(method, own, world.source) && foreign(method, own) && push!(pirates, method)
    end
    return isempty(pirates) ? nothing : Base.invokelatest(() -> note(world, String[told(method) for method in pirates]))
end

function note(world::World, texts::Vector{String})
    for text in map(author_text, sort(texts))
        text in world.beyond && continue
        push!(world.beyond, text)
        warn_host(string(basename(world.source.script), " ", text, ", for all models of the worker"))
    end
    return nothing
end

told(method::Method) = string(
    "defines ", method.name, "(", join(map(type -> string("::", type), arguments(method)), ", "), ") of ",
    owner(function_type(method)), " (", basename(string(method.file)), ":", method.line, ")",
)

signature(method::Method) = Base.unwrap_unionall(method.sig).parameters
arguments(method::Method) = signature(method)[2:end]
function_type(method::Method) = Base.unwrap_unionall(signature(method)[1])

owner(type) = "Julia"
owner(type::DataType) = type.name === Base.unwrap_unionall(Type).name ? owner(Base.unwrap_unionall(type.parameters[1])) :
    parentmodule(type)

# The script's module, and the packages that are loaded for it alone.
function own_modules(source::Source)
    own = Any[getfield(Main, source.space)]
    haskey(BESIDE, source.space) && append!(own, values(BESIDE[source.space]))
    return own
end

function within(place::Module, own::Vector{Any})
    while !is_among(place, own)
        above = parentmodule(place)
        above === place && return false
        place = above
    end
    return true
end

function is_among(place::Module, own::Vector{Any})
    for one in own
        one === place && return true
    end
    return false
end

# `@eval Base ...` makes a method of Base's, by the script's lines.
authored(method::Method, own::Vector{Any}, source::Source) =
    within(method.module, own) || startswith(string(method.file), joinpath(dirname(source.script), ""))

foreign(method::Method, own::Vector{Any}) = !any_belongs(signature(method), own)

function any_belongs(types::Core.SimpleVector, own::Vector{Any})
    for type in types
        belongs(type, own) && return true
    end
    return false
end

"""
    belongs(type, own) -> Bool

Return whether a type of a signature is one of these modules', itself or in its parameters.
"""
belongs(type::DataType, own::Vector{Any}) =
    within(parentmodule(type), own) || any_belongs(type.parameters, own)
belongs(type::Union, own::Vector{Any}) = belongs(type.a, own) && belongs(type.b, own)
belongs(type::UnionAll, own::Vector{Any}) = belongs(Base.unwrap_unionall(type), own)
belongs(variable::TypeVar, own::Vector{Any}) = belongs(variable.ub, own)
# Since Julia 1.7 a `Vararg` is no type.
belongs(other, own::Vector{Any}) =
    nameof(typeof(other)) === :TypeofVararg && isdefined(other, :T) && belongs(other.T, own)

# Since Julia 1.12 there is one table of all methods.
function method_tables()
    for name in (:methodtable, :GlobalMethods)
        isdefined(Core, name) && return Any[getfield(Core, name)]
    end
    tables = Any[Base.unwrap_unionall(Type).name.mt, Array.body.body.name.mt]    # of types, and of values
    seen = IdDict{Any,Any}()
    for place in shared_modules(), name in bindings(place)
        value = getfield(place, name)
        value isa Function || continue
        table = typeof(value).name.mt
        haskey(seen, table) || push!(tables, table)
        seen[table] = nothing
    end
    return tables
end

function bindings(place::Module)
    found = Symbol[]
    for name in names(place, all=true)
        startswith(string(name), '#') || Base.isdeprecated(place, name) || !isdefined(place, name) || push!(found, name)
    end
    return found
end

# The compiler counts in globals of its own.
is_apart(place::Module) =
    place === TriglotBridge || nameof(place) === :Compiler || startswith(string(nameof(place)), "Sources_")

"""
    shared_modules() -> Vector{Any}

Return the modules that are everybody's: all but the bridge, the compiler, and those of scripts.
"""
function shared_modules()
    found, seen = Any[], IdDict{Any,Any}()
    waiting = Any[place for place in values(Base.loaded_modules)]
    while !isempty(waiting)
        place = pop!(waiting)::Module
        (haskey(seen, place) || is_apart(place)) && continue
        seen[place] = nothing
        push!(found, place)
        for name in bindings(place)
            value = getfield(place, name)
            value isa Module && parentmodule(value) === place && push!(waiting, value)
        end
    end
    return found
end
