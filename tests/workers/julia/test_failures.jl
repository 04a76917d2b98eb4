struct TooFew <: Exception end

@noinline inner_of_the_author(x) = x < 0 ? throw(DomainError(x, "must not be negative")) : x
@noinline endless(x) = endless(x + 1) + 1

@testset "failures.jl" begin
    function reported(f)
        try
            TriglotBridge.author(f)
        catch failure
            return TriglotBridge.report(failure, catch_backtrace())
        end
    end

    @testset "a report has class, message and the author's own frames" begin
        told = reported(() -> inner_of_the_author(-1))
        @test told["class"] == "DomainError"
        @test occursin("must not be negative", told["message"])
        @test occursin("inner_of_the_author at $(@__FILE__):", told["traceback"])
        @test !occursin("Bridge.jl", told["traceback"]) && !occursin("invokelatest", told["traceback"])
    end

    @testset "a syntax error tells its file and line" begin
        mktempdir() do folder
            script = joinpath(folder, "broken.jl")
            write(script, "x = 1\n\nfunction f(\nend end\n")
            told = reported(() -> Base.include(Main, script))
            @test occursin("broken.jl", told["message"])
            @test occursin(r"broken\.jl:\d", told["traceback"])
        end
    end

    @testset "an exception that cannot be shown is still a report" begin
        @eval Base.showerror(::IO, ::TooFew) = error("again")
        told = reported(() -> throw(TooFew()))
        @test told["class"] == "TooFew" && occursin("cannot be shown", told["message"])
    end

    @testset "a stack overflow is short" begin
        told = reported(() -> endless(1))
        @test told["class"] == "StackOverflowError"
        @test 0 < length(split(told["traceback"], '\n')) < 60
    end

    @testset "names are told without the module that the bridge puts around them" begin
        @test TriglotBridge.author_text("Main.Sources_0123456789abcdef_01234567.Inner.T") == "Inner.T"
        # as Julia 1.11 and later say it
        told = "UndefVarError: `x` not defined in `Main.Sources_0123456789abcdef_01234567`"
        @test TriglotBridge.author_text(told) == "UndefVarError: `x` not defined in the script"
        told = replace(told, "67`" => "67.Inner`")
        @test TriglotBridge.author_text(told) == "UndefVarError: `x` not defined in `Inner`"
    end

    @testset "a syntax error is told by its cause, whichever parser found it" begin
        # as Julia 1.10 and later throw it
        cause = LoadError("broken.jl", 4, Base.Meta.ParseError("ParseError:\n# Error @ broken.jl:4:1"))
        told = TriglotBridge.report(cause, [])
        @test told["class"] == "ParseError"
        @test occursin("Error @ broken.jl:4:1", told["message"])
        @test told["traceback"] == "  broken.jl:4\n"
    end
end
