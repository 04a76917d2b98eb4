# What Julia has once for the whole process, and each script has for itself.

"""
    World

What a script has for itself, as it was left when another script was entered.
"""
mutable struct World
    folder::String
end

# By the name of a script's module; packages that are named without a script have one together.
const WORLDS = Dict{Symbol,World}()

# The world that the process is in; nothing before the first script is entered.
const ENTERED = Ref{Union{Nothing,World}}(nothing)

const START = World(pwd())

"""
    enter(source) -> World
    enter(world) -> World

Keep what the script before leaves behind, and put back what this one has left. A new one finds what the process began
with, but is in its own folder where it reads files there.
"""
enter(source::Source) = enter(get!(() -> new_world(source), WORLDS, source.space))

function enter(world::World)
    before = ENTERED[]
    before === world && return world
    before === nothing || leave(before)
    ENTERED[] = world
    put_back(world)
    return world
end

new_world(source::Source) = World(isempty(source.folder) ? START.folder : source.folder)

function leave(world::World)
    world.folder = folder()
    return nothing
end

function put_back(world::World)
    world.folder != folder() && isdir(world.folder) && cd(world.folder)
    return nothing
end

# A folder may be removed while a process is in it.
folder() = try pwd() catch; "" end
