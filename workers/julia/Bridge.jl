# Included by the worker into Main; the value of this file is the one C entry point.

"""
    TriglotBridge

Calls the author's Julia code for a host that speaks C: a request comes in as MessagePack with pointers to
columns, an answer goes out as a pointer to numbers or bytes, a dataset as MessagePack with pointers to columns.
Nothing else crosses.
"""
module TriglotBridge

# The bridge only moves data: compiling it quickly matters more than its loops do. It holds for this module
# alone; the author's modules are optimised as Julia always does.
if isdefined(Base, :Experimental) && isdefined(Base.Experimental, Symbol("@optlevel"))
    Base.Experimental.@optlevel 0
end

# From Julia 1.11 on most of the standard library is outside the image, and found by the load path alone.
"@stdlib" in LOAD_PATH || push!(LOAD_PATH, "@stdlib")

import Dates
import LinearAlgebra
import Random
import Serialization

"""
    Refusal(message)

What the bridge itself finds wrong; the message says what to do.
"""
struct Refusal <: Exception
    message::String
end

Base.showerror(io::IO, refusal::Refusal) = print(io, refusal.message)

refuse(parts...) = throw(Refusal(string(parts...)))

include("msgpack.jl")
include("inputs.jl")
include("answers.jl")
include("sources.jl")
include("world.jl")
include("failures.jl")
include("beyond.jl")
include("models.jl")
include("dataset.jl")
include("warnings.jl")

# The answer of the last call. The host copies it before it calls again, so one place roots all answers.
const ANSWER = Ref{Any}(nothing)

# What the host reads after a call, as Int64: address, rows, columns, bytes, warnings that wait.
const REPLY_WORDS = 5

"""
    enter(request, nbytes, reply) -> Int32

Do one packed request and describe the answer in `reply`; 0 where it is the answer, 1 where it is a failure.
"""
function enter(request::Ptr{UInt8}, nbytes::Int64, reply::Ptr{Int64})::Int32
    status = Int32(0)
    answer = try
        perform(request, nbytes)
    catch failure
        status = Int32(1)
        pack(report(failure, catch_backtrace()))
    end
    flush_output()
    ANSWER[] = answer
    unsafe_store!(reply, Int64(UInt(pointer(answer))), 1)
    unsafe_store!(reply, Int64(size(answer, 1)), 2)
    unsafe_store!(reply, Int64(size(answer, 2)), 3)
    unsafe_store!(reply, Int64(sizeof(answer)), 4)
    unsafe_store!(reply, Int64(length(WARNINGS)), 5)
    return status
end

function perform(request::Ptr{UInt8}, nbytes::Int64)
    ANSWER[] = nothing
    parts = unpack(unsafe_wrap(Array, request, nbytes))::Vector{Any}
    answer = OPERATIONS[parts[1]::String](parts[2:end]...)
    return answer isa Array{Float64} || answer isa Vector{Int32} || answer isa Vector{UInt8} ? answer : pack(answer)
end

"""
    Call(f, arguments, options)

A call whose function Julia cannot see while it compiles the bridge. It would otherwise infer all of an author's
code twice: once for arguments of unknown types, which costs seconds, and once for those that come.
"""
struct Call
    f::Any
    arguments::Vector{Any}
    options::Dict{Symbol,Any}
end

(call::Call)() =
    isempty(call.options) ? call.f(call.arguments...) : call.f(call.arguments...; call.options...)

"""
    author(f, arguments...) -> Any
    author(call) -> Any

Return what an author's code answers, in the newest world and open to interrupts, which are held back elsewhere.
"""
author(@nospecialize(f), @nospecialize(arguments...)) = author(Call(f, Any[arguments...], NO_OPTIONS))

const NO_OPTIONS = Dict{Symbol,Any}()

function author(call::Call)
    Base.sigatomic_end()
    answer = Base.invokelatest(call)
    Base.sigatomic_begin()      # an exception restores it on its way
    return answer
end

"""
    noticing(call, world) -> Any

Return what an author's code answers, and note what methods it has defined. Whether there are any costs nothing to see.
"""
function noticing(call::Call, world::World)
    since = Base.get_world_counter()
    answer = author(call)
    Base.get_world_counter() == since || Base.invokelatest(note_methods, world, since)
    return answer
end

"""
    settle() -> Nothing

Swallow the interrupts that came too late for the call they were meant for.
"""
function settle()
    quiet = 0
    while quiet < 3
        try
            Base.reenable_sigint(() -> Libc.systemsleep(0.005))
            quiet += 1
        catch late
            late isa InterruptException || rethrow()
            quiet = 0
        end
    end
    return nothing
end

"""
    collect_garbage() -> Nothing

Collect all garbage. The answer of the call before is garbage by now, too.
"""
collect_garbage() = GC.gc()

include("compiling.jl")

# Julia buffers what it writes to files, C does so of its own.
function flush_output()
    try
        flush(stdout)
        flush(stderr)
        Libc.flush_cstdio()
    catch
        # An author may have closed or redirected them; that must not cost the answer.
    end
    return nothing
end

const OPERATIONS = Dict{String,Function}(
    "fit" => fit,
    "load" => load,
    "dump" => dump_value,
    "layout" => layout,
    "packages" => packages,
    "predict" => predict,
    "predict_proba" => predict_proba,
    "dataset" => dataset,
    "transform" => transform,
    "forget_dataset" => forget_dataset,
    "describe" => describe,
    "weigh" => weigh,
    "free" => free,
    "versions" => versions,
    "warnings" => take_warnings,
    "settle" => settle,
    "collect" => collect_garbage,
)

# Julia has one exit for the whole process, which the host ends by itself.
refuse_exit(code) =
    refuse("exit() was called: a served model may not end its worker; throw an error with a message instead")

"""
    listen() -> Ptr{Cvoid}

Collect warnings from now on and return the bridge's entry point.
"""
function listen()
    Base.CoreLogging.global_logger(Collector())
    # Tasks that Julia's own modules queued at their start run now, up to where they wait. Otherwise one of them
    # would run the event loop when an author's code first waits, and be hit by the interrupt that is meant for it.
    yield()
    START[] = State()
    Core.eval(Base, :(exit(code) = $refuse_exit(code)))
    return @cfunction(enter, Int32, (Ptr{UInt8}, Int64, Ptr{Int64}))
end

end

TriglotBridge.listen()
