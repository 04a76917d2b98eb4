@testset "compiling.jl" begin
    slow(x; n=1) = sort([string(i, x) for i in 1:n])
    call(f, options...) = TriglotBridge.Call(f, Any[1.5], Dict{Symbol,Any}(options...))

    @testset "a call is compiled before it is made, and answered as it would be" begin
        for made in (call(slow), call(slow, :n => 2), call(string), call(Complex))
            answer, seconds = TriglotBridge.clocked(made, made)
            @test answer == made()
            @test seconds > 0
        end
    end

    @testset "what cannot be compiled ahead is for the call itself to say" begin
        wrong = call(sqrt, :n => 2)
        @test_throws MethodError TriglotBridge.clocked(wrong, wrong)
    end
end
