# What Julia has once for the whole process, and each script has for itself: the working directory, environment
# variables, load and depot path, random numbers, the threads of linear algebra, the logger. A script leaves all of it
# behind as it is when another one is entered, and finds it so when it is entered again.

"""
    State

The part of the process that scripts have in turns.
"""
struct State
    folder::String
    environ::Dict{String,String}
    load_path::Vector{String}
    depot_path::Vector{String}
    random::Any
    threads::Int
    logger::Any
end

# As it is now.
State() = State(
    folder(),
    environ(),
    copy(LOAD_PATH),
    copy(DEPOT_PATH),
    copy(Random.default_rng()),
    blas_threads(),
    Base.CoreLogging.global_logger(),
)

"""
    World

A script, what it left behind when another one was entered (`nothing` until then), and what it changed beyond itself.
"""
mutable struct World
    source::Source
    left::Union{Nothing,State}
    beyond::Vector{String}
end

# By the name of a script's module; packages that are named without a script have one together.
const WORLDS = IdDict{Any,Any}()

# The world that the process is in; nothing before the first script is entered.
const ENTERED = Ref{Union{Nothing,World}}(nothing)

# What a new script finds.
const START = Ref{State}()

"""
    enter(source) -> World
    enter(world) -> World

Keep what the script before leaves behind, and put back what this one has left. A new one finds what the process began
with, without a seed, and is in its own folder where it reads files there.
"""
function enter(source::Source)
    haskey(WORLDS, source.space) || (WORLDS[source.space] = World(source, nothing, String[]))
    return enter(WORLDS[source.space]::World)
end

function enter(world::World)
    before = ENTERED[]
    before === world && return world
    now = before === nothing ? START[] : State()
    before === nothing || (before.left = now)
    ENTERED[] = nothing                     # of nobody, where the change stops half-way
    wanted = world.left === nothing ? newcomer(world.source) : world.left::State
    Base.invokelatest(put_back, wanted, now)
    ENTERED[] = world
    return world
end

function newcomer(source::Source)
    start = START[]
    random = copy(start.random)
    Random.seed!(random)
    place = isempty(source.folder) ? start.folder : source.folder
    return State(
        place, start.environ, start.load_path, start.depot_path, random, start.threads, start.logger
    )
end

function put_back(wanted::State, now::State)
    wanted.folder == now.folder || !isdir(wanted.folder) || Base.invokelatest(cd, wanted.folder)
    wanted.environ === now.environ || Base.invokelatest(put_back_environ, wanted.environ, now.environ)
    copy!(LOAD_PATH, wanted.load_path)
    copy!(DEPOT_PATH, wanted.depot_path)
    copy!(Random.default_rng(), wanted.random)
    wanted.threads == now.threads || Base.invokelatest(LinearAlgebra.BLAS.set_num_threads, wanted.threads)
    wanted.logger === now.logger || Base.invokelatest(Base.CoreLogging.global_logger, wanted.logger)
    return nothing
end

function put_back_environ(wanted::Dict{String,String}, now::Dict{String,String})
    for name in keys(now)
        haskey(wanted, name) || delete!(ENV, name)
    end
    for (name, value) in wanted
        get(now, name, nothing) == value || (ENV[name] = value)
    end
    return nothing
end

# A folder may be removed while a process is in it.
function folder()
    try
        return pwd()
    catch
        return ""
    end
end

"""
    environ() -> Dict{String,String}

Return the environment variables, by the same object as long as they are the same. To read them takes ten times as long
as to see that.
"""
function environ()
    mark = environ_mark()
    known = get(ENVIRONS, mark, nothing)
    known === nothing || return known::Dict{String,String}
    length(ENVIRONS) < ENVIRONS_AT_MOST || empty!(ENVIRONS)
    ENVIRONS[mark] = now = Dict{String,String}(ENV)
    return now
end

const ENVIRONS = IdDict{Any,Any}()
const ENVIRONS_AT_MOST = 100

function environ_mark()
    mark = zero(UInt)
    place = unsafe_load(cglobal(:environ, Ptr{Ptr{UInt8}}))
    while (text = unsafe_load(place)) != C_NULL
        mark = hash(unsafe_string(text), mark)
        place += sizeof(Ptr)
    end
    return mark
end

# BLAS tells of its threads since Julia 1.6.
if isdefined(LinearAlgebra.BLAS, :get_num_threads)
    blas_threads() = Int(LinearAlgebra.BLAS.get_num_threads())
else
    function blas_threads()
        vendor = LinearAlgebra.BLAS.vendor()
        vendor === :openblas64 && return Int(ccall((:openblas_get_num_threads64_, Base.libblas_name), Cint, ()))
        vendor === :openblas && return Int(ccall((:openblas_get_num_threads, Base.libblas_name), Cint, ()))
        return 0
    end
end
