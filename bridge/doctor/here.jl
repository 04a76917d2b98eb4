# Prints where Julia stands and its version, then the version of each package that is named and installed:
# lines of a name, a tab and a value.

using Libdl

"""
    installed_version(name) -> Union{String,Nothing}

Return the version that the project file of an installed package says, or `nothing`.
"""
function installed_version(name)
    file = Base.find_package(name)
    file === nothing && return nothing
    project = joinpath(dirname(dirname(file)), "Project.toml")
    isfile(project) || return nothing
    found = match(r"^version\s*=\s*\"([^\"]+)\""m, read(project, String))
    return found === nothing ? nothing : String(found[1])
end

"""
    library() -> String

Return the path of the library that this Julia runs from, empty where it is linked into the program.
"""
function library()
    loaded = filter(path -> startswith(basename(path), "libjulia."), dllist())
    return isempty(loaded) ? "" : first(loaded)
end

"""
    catches() -> Bool

Catch an exception, of which a Julia dies that found the wrong libunwind.
"""
function catches()
    try
        error("to be caught")
    catch
        return true
    end
end

catches()
println("(home)\t", Sys.BINDIR)
println("(language)\t", VERSION)
println("(bits)\t", Sys.WORD_SIZE)
println("(library)\t", library())
for name in ARGS
    version = installed_version(name)
    version === nothing || println(name, '\t', version)
end
