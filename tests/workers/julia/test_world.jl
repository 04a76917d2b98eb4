@testset "world.jl" begin
    mktempdir() do folder
        number = Ref(0)

        "A source of these lines, with `get` and `set` among its functions."
        function source(text)
            number[] += 1
            script = joinpath(folder, string("script", number[], ".jl"))
            write(script, text)
            return TriglotBridge.Source(Symbol(string("Sources_world", number[])), script, "", "")
        end

        "What a function of a source answers, asked as a worker asks it."
        function ask(source, name, arguments...)
            call = TriglotBridge.lookup_function(source, name)
            TriglotBridge.enter(source)
            return Base.invokelatest(call, arguments...)
        end

        @testset "environment variables of one script are not those of another, and stay its own" begin
            one = source("ENV[\"TRIGLOT_TEST\"] = \"one\"\nget() = Base.get(ENV, \"TRIGLOT_TEST\", \"none\")")
            two = source("get() = Base.get(ENV, \"TRIGLOT_TEST\", \"none\")\nset(x) = ENV[\"TRIGLOT_TEST\"] = x")
            @test ask(one, "get") == "one"
            @test ask(two, "get") == "none"
            ask(two, "set", "two")
            @test ask(one, "get") == "one"
            @test ask(two, "get") == "two"
        end

        @testset "so are the working directory and the paths" begin
            away = realpath(mktempdir())
            one = source("cd($(repr(away)))\npush!(LOAD_PATH, \"one\")\npush!(DEPOT_PATH, \"one\")
                get() = (pwd(), \"one\" in LOAD_PATH, \"one\" in DEPOT_PATH)")
            two = source("get() = (pwd(), \"one\" in LOAD_PATH, \"one\" in DEPOT_PATH)")
            @test ask(one, "get") == (away, true, true)
            @test ask(two, "get") == (TriglotBridge.START[].folder, false, false)
            @test ask(one, "get") == (away, true, true)
        end

        @testset "random numbers go on where the script left them, whatever others draw" begin
            text = "import Random\nseed() = Random.seed!(1)\ndraw() = rand()"
            one, two = source(text), source(text)
            ask(one, "seed")
            expected = [ask(one, "draw") for _ in 1:3]
            ask(one, "seed")
            found = map(1:3) do _
                ask(two, "seed")
                ask(two, "draw")
                ask(one, "draw")
            end
            @test found == expected
            @test ask(source(text), "draw") ∉ expected
        end

        @testset "so are the threads of linear algebra and the logger" begin
            text = "using LinearAlgebra, Logging\nset(n) = BLAS.set_num_threads(n)\nquiet() = global_logger(NullLogger())
                get() = global_logger() isa NullLogger"
            one, two = source(text), source(text)
            ask(one, "set", 2)
            ask(one, "quiet")
            @test TriglotBridge.blas_threads() == 2
            @test ask(one, "get")
            @test !ask(two, "get")
            @test TriglotBridge.blas_threads() == TriglotBridge.START[].threads
            @test ask(one, "get")
            @test TriglotBridge.blas_threads() == 2
        end

        @testset "a script whose folder is gone goes on" begin
            away = mktempdir()
            one, two = source("cd($(repr(away)))\nget() = 1"), source("get() = 2")
            @test ask(one, "get") == 1
            rm(away)
            @test ask(two, "get") == 2
            @test ask(one, "get") == 1
        end

        @testset "exit() is an error instead of the end of the worker" begin
            for call in ("exit()", "exit(3)")
                @test startswith(refusal(() -> ask(source("get() = $call"), "get")), "exit() was called")
            end
        end

        @testset "methods for types of others are noticed, and only those" begin
            beyond(source) = (ask(source, "get"); TriglotBridge.WORLDS[source.space].beyond)
            text = """
            module Inner
            struct Own end
            Base.show(io::IO, ::Own) = print(io, "own")
            Base.:*(a::Vector{Own}, b::String) = 1
            Base.:*(a::T, b::Symbol) where {T<:Own} = 1
            Base.:*(::Own...) = 1
            end
            own(x::String) = 1
            Base.Int(x::Inner.Own) = 1
            get() = 1
            """
            @test isempty(beyond(source(text)))
            pirate = source("""
            get() = 1
            Base.:*(a::Symbol, b::Symbol) = :pirate
            @eval Base triglot_test(x::Missing) = 1
            module Inner
            Base.Int(x::Missing) = 1
            Base.:*(a::T, b::Symbol...) where {T<:Missing} = 1
            end
            late() = eval(:(Base.:*(a::Symbol, b::Missing) = :pirate))
            """)
            name = basename(pirate.script)
            @test beyond(pirate)[[1, 3, 4]] == [
                "defines *(::Symbol, ::Symbol) of Base ($name:2)",
                "defines Int64(::Missing) of Core ($name:5)",
                "defines triglot_test(::Missing) of Base ($name:3)",
            ]
            @test length(beyond(pirate)) == 4
            @test occursin(Regex("^defines \\*\\(::T.*Vararg\\{Symbol.*of Base \\($name:6\\)\$"), beyond(pirate)[2])
            call = TriglotBridge.Call(TriglotBridge.lookup_function(pirate, "late"), [], TriglotBridge.NO_OPTIONS)
            TriglotBridge.noticing(call, TriglotBridge.enter(pirate))
            @test beyond(pirate)[end] == "defines *(::Symbol, ::Missing) of Base ($name:8)"
            @test TriglotBridge.take_warnings()[1] ==
                "$name defines *(::Symbol, ::Symbol) of Base ($name:2), for all models of the worker"
        end

        @testset "so are globals of other modules" begin
            loud = source("get() = 1\nown = 3\nCore.eval(Main, :(triglot_test = 1))\nBase.Sys.eval(:(CPU_THREADS += 0))")
            ask(loud, "get")
            @test TriglotBridge.WORLDS[loud.space].beyond == ["sets the global triglot_test of Main"]
            again = source("get() = 1\nCore.eval(Main, :(triglot_test = 2))")
            ask(again, "get")
            @test TriglotBridge.WORLDS[again.space].beyond == ["sets the global triglot_test of Main"]
        end
    end
end
