# The author's code: loaded unchanged, each version of it in a module of its own.

"""
    Source

Where functions are looked up: a script in a module of its own, or the packages that can be imported.
"""
struct Source
    space::Symbol           # the module's name in Main, empty for packages
    script::String
    project::String         # a Project.toml, or empty
    folder::String          # where it reads files of its own, or empty
end

Source(parts::Vector{Any}) = Source(Symbol(parts[1]), parts[2], parts[3], parts[4])

"""
    home(source) -> Union{Module,Nothing}

Return the module that holds the author's script, reading the script where that has not happened yet. The same
source has the same module in every process, which is what lets stored values find their types again.
"""
function home(source::Source)
    isempty(source.script) && return nothing
    source.space in LOADED && return Base.invokelatest(getfield, Main, source.space)::Module
    # A `module` expression, unlike `Module()`, brings its own `include` and `eval`.
    space = Core.eval(Main, Expr(:module, true, source.space, Expr(:block)))::Module
    world = enter(source)
    before, since = Base.invokelatest(variables), Base.get_world_counter()
    in_project(source) do
        author(Base.include, space, source.script)
        note_packages()
    end
    Base.invokelatest(note_methods, world, since)
    Base.invokelatest(note_variables, world, before)
    push!(LOADED, source.space)
    return space
end

# Only scripts that were read to the end: one that failed is read again.
const LOADED = Set{Symbol}()

"""
    in_project(f, source) -> Any

Return `f()`, called in the source's own world, while its project is active and the packages that lie beside it are loaded.

Such packages, which a manifest names by `path`, change with the author's files, and Julia knows a package by its uuid
only: another version of the model would be given the code of the first. So they are loaded for each source, and hidden
from all others.
"""
function in_project(f, source::Source)
    enter(source)
    previous = Base.ACTIVE_PROJECT[]
    isempty(source.project) || (Base.ACTIVE_PROJECT[] = source.project)
    own = get!(Dict{Base.PkgId,Module}, BESIDE, source.space)
    merge!(Base.loaded_modules, own)
    before = Set(keys(Base.loaded_modules))
    try
        return f()
    finally
        for (key, package) in collect(Base.loaded_modules)
            key in before || !beside(package, source) || (own[key] = package)
        end
        Base.ACTIVE_PROJECT[] = previous
        foreach(hide, keys(own))
    end
end

function hide(key::Base.PkgId)
    delete!(Base.loaded_modules, key)
    # Since Julia 1.10 a second table knows the packages whose extensions may be loaded.
    isdefined(Base, :explicit_loaded_modules) && delete!(Base.explicit_loaded_modules, key)
    return nothing
end

# By source: the packages that are loaded for it alone.
const BESIDE = Dict{Symbol,Dict{Base.PkgId,Module}}()

function beside(package::Module, source::Source)
    path = isempty(source.script) ? nothing : pathof(package)
    path === nothing && return false
    return !any(folder -> startswith(path, folder), [Sys.STDLIB; joinpath.(DEPOT_PATH, "packages")])
end

"""
    lookup_function(source, name) -> Any

Return the function of a dotted name; the refusal of a missing one says what there is.
"""
function lookup_function(source::Source, name::String)
    parts = Symbol[]
    for part in split(name, '.')
        Base.isidentifier(part) || refuse(repr(name), " is no dotted name of a function")
        push!(parts, Symbol(part))
    end
    here = home(source)
    if here === nothing
        length(parts) > 1 || refuse(repr(name), " names no package; write Package.", name, ", or give a script")
        here = in_project(source) do
            package = author(Base.require, Main, parts[1])
            note_packages()
            return package
        end
        popfirst!(parts)
    end
    return Base.invokelatest(descend, here, parts, name)
end

function descend(here::Module, parts::Vector{Symbol}, name::String)
    found = here
    for part in parts
        found isa Module && isdefined(found, part) || refuse(missing_text(found, part, name))
        found = getfield(found, part)
    end
    found isa Module && refuse(repr(name), " is a module; name a function in it: ", offers(found))
    return found
end

function missing_text(found, part::Symbol, name::String)
    found isa Module || return string("there is no ", repr(name), ": ", found, " is no module")
    place = startswith(string(nameof(found)), "Sources_") ? "the script" : string("module ", nameof(found))
    return string("there is no ", repr(name), ": ", place, " has no ", part, "; it has ", offers(found))
end

"""
    has_function(source, name) -> Bool

Return whether the dotted name leads somewhere.
"""
function has_function(source::Source, name::String)
    try
        lookup_function(source, name)
        return true
    catch missing_function
        missing_function isa Refusal || rethrow()
        return false
    end
end

function offers(place::Module)
    found = String[]
    for name in names(place, all=true)
        (startswith(string(name), '#') || name in (:eval, :include, nameof(place)) || !isdefined(place, name)) && continue
        value = getfield(place, name)
        if value isa Module && parentmodule(value) === place
            push!(found, string(name, " (a module)"))
        elseif value isa Function
            push!(found, string(name))
        end
    end
    return isempty(found) ? "nothing to call" : join(found, ", ")
end

"""
    versions() -> Dict

Return the versions of Julia and of the packages that authors' code has loaded, where they have one.
"""
versions() = merge(Dict{String,Any}("language" => string(VERSION)), PACKAGES)

const PACKAGES = Dict{String,Any}()

# What is there before any author's code: Julia's own.
const NOTED = Set{Module}(values(Base.loaded_modules))

# Whose types an artefact need not describe; the author's own modules are in Main.
const JULIAS = setdiff(NOTED, Set{Module}([Main]))

# Called while the author's project is active, because Julia 1.5 finds a package's files by its project only.
function note_packages()
    for place in collect(values(Base.loaded_modules))
        place in NOTED && continue
        push!(NOTED, place)
        path = pathof(place)
        (path === nothing || startswith(path, Sys.STDLIB) || extends(path)) && continue
        for name in PROJECT_NAMES
            note_version(place, joinpath(dirname(dirname(path)), name))
        end
    end
    return nothing
end

const PROJECT_NAMES = ("Project.toml", "JuliaProject.toml")     # the latter wins, as it does in Julia

# Since Julia 1.9 an extension is a module of its own, with the version of the package that it belongs to.
function extends(path::String)
    folder, above = dirname(path), dirname(dirname(path))
    return basename(folder) == "ext" || (basename(above) == "ext" && basename(folder) != "src")
end

function note_version(place::Module, project::String)
    isfile(project) || return nothing
    for line in eachline(project)
        stated = match(r"^version\s*=\s*\"([^\"]+)\"", line)
        stated === nothing || (PACKAGES[string(nameof(place))] = String(stated[1]))
    end
    return nothing
end
