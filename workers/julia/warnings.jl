# What the author's code logs: warnings are kept for the host, the rest is written like other output.

const WARNINGS = String[]
const WARNINGS_AT_MOST = 100

"""
    Collector

A logger that keeps warnings and errors apart from what is printed.
"""
struct Collector <: Base.CoreLogging.AbstractLogger end

Base.CoreLogging.shouldlog(::Collector, args...) = true
Base.CoreLogging.min_enabled_level(::Collector) = Base.CoreLogging.Info
Base.CoreLogging.catch_exceptions(::Collector) = true

function Base.CoreLogging.handle_message(
    ::Collector, level, message, place, group, id, file, line; maxlog=nothing, details...
)
    maxlog isa Integer && !within(id, maxlog) && return nothing
    text = string(message, (string("\n  ", key, " = ", value) for (key, value) in details)...)
    if level < Base.CoreLogging.Warn
        println(stderr, level, ": ", text)
    else
        warn_host(level < Base.CoreLogging.Error ? text : string("Error: ", text))
    end
    return nothing
end

function warn_host(text::String)
    length(WARNINGS) < WARNINGS_AT_MOST && push!(WARNINGS, text)
    return nothing
end

const SEEN = Dict{Any,Int}()
within(id, most::Integer) = (SEEN[id] = get(SEEN, id, 0) + 1) <= most

"""
    take_warnings() -> Vector{String}

Return the warnings since the last time, and forget them.
"""
function take_warnings()
    taken = copy(WARNINGS)
    empty!(WARNINGS)
    return taken
end
