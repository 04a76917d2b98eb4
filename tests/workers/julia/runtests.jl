# julia --startup-file=no tests/workers/julia/runtests.jl
using Test

include(joinpath(@__DIR__, "..", "..", "..", "workers", "julia", "Bridge.jl"))
using .TriglotBridge: TriglotBridge, Refusal

# The worker holds interrupts back outside the author's code, and the bridge relies on it.
ccall(:jl_sigatomic_begin, Cvoid, ())

"""
    refusal(f) -> String

Return what the bridge says when it refuses `f()`.
"""
function refusal(f)
    try
        f()
    catch refused
        refused isa Refusal || rethrow()
        return refused.message
    end
    return "nothing was refused"
end

address(array) = Int(UInt(pointer(array)))

@testset "TriglotBridge" begin
    include("test_msgpack.jl")
    include("test_inputs.jl")
    include("test_answers.jl")
    include("test_dataset.jl")
    include("test_sources.jl")
    include("test_world.jl")
    include("test_compiling.jl")
    include("test_failures.jl")
    include("test_example.jl")
end
