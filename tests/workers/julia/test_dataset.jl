@enum Fruit pear apple

struct Frame
    a::Vector{Int}
    b::Vector{String}
end

@testset "dataset.jl" begin
    told(answer, columns=false) = TriglotBridge.told(answer, "dataset", columns)

    """Return a column as the bridge itself reads one, which is what the host does as well."""
    function there_and_back(values)
        held = Any[]
        part = TriglotBridge.part(values, "here", held)
        GC.@preserve held (part[1], TriglotBridge.column(part, length(values), true))
    end

    @testset "a column comes back as it was, of the kind that holds it" begin
        for (values, kind) in (
            ([1.5, NaN], "float64"), (Float32[1, 2], "float32"), ([1, 2], "int64"), (Int32[1, 2], "int32"),
            ([true, false], "bool"), (["ß", ""], "string"), (1:3, "int64"), (Int16[1, 2], "int32"),
            (UInt32[1, 2], "int64"), ([1//2, 3//4], "float64"), (BitVector([1, 0]), "bool"),
            (Any[1, 2.5], "float64"), (Any["a", SubString("bc", 2)], "string"), (Float64[], "float64"),
        )
            found, back = there_and_back(values)
            @test found == kind
            @test isequal(collect(back), collect(values))
        end
    end

    @testset "what is missing is masked" begin
        for values in ([1, missing], [missing, 1.5], ["a", missing], Any[true, missing])
            @test isequal(there_and_back(values)[2], values)
        end
        @test there_and_back([missing, missing])[1] == "float64"
        @test there_and_back(Union{Missing,Int}[1, 2])[2] isa Vector{Int}
    end

    @testset "an enumeration is a category, symbols and characters are text" begin
        held = Any[]
        @test TriglotBridge.part([apple, pear], "here", held)[[1, 4]] == Any["category", ["pear", "apple"]]
        @test isequal(there_and_back([apple, missing])[2], ["apple", missing])
        @test there_and_back([:a, :b]) == ("string", ["a", "b"])
        @test there_and_back(['a', 'b']) == ("string", ["a", "b"])
    end

    @testset "the memory is held until it is forgotten" begin
        told((a=[1, 2],))
        @test !isempty(TriglotBridge.DATASET)
        TriglotBridge.forget_dataset()
        @test isempty(TriglotBridge.DATASET)
    end

    @testset "data comes as a tuple, by name or alone" begin
        X = [1 2; 3 4; 5 6]
        for answer in ((X, [1, 2, 3]), (X=X, y=[1, 2, 3]), (y=[1, 2, 3], x=X), (X, (1, 2, 3)), (X, [1 2 3]))
            description = told(answer)
            @test description["names"] == ["x1", "x2"]
            @test description["rows"] == 3
            @test description["target"][1] == "int64"
        end
        @test told(X)["target"] === nothing
        @test told((permutedims(X), [1, 2, 3]), true)["rows"] == 3
        @test told((x=[1, 2], y=[3, 4]))["names"] == ["x", "y"]
        @test told(Frame([1], ["a"]))["names"] == ["a", "b"]
    end

    @testset "what cannot be meant is refused with the place and the remedy" begin
        @test occursin("dataset() returned a value of type Int64; return (X, y)", refusal(() -> told(42)))
        @test occursin("return (X, y)", refusal(() -> told([1, 2])))
        @test occursin("return (X, y)", refusal(() -> told(NamedTuple())))
        @test occursin("column a holds values of type Complex", refusal(() -> told((a=[1im],))))
        @test occursin("column a holds a number beyond Int64", refusal(() -> told((a=[big(2)^64],))))
        @test occursin("y has 1 values for the 2 samples of X", refusal(() -> told(([1 2; 3 4], [1]))))
        @test occursin("column b has 1 values, column a has 2", refusal(() -> told((a=[1, 2], b=[1]))))
        @test occursin("not UTF-8, in place 2", refusal(() -> told((t=["a", "\xff"],))))
        @test occursin("X has no columns", refusal(() -> told(zeros(2, 0))))
    end

    @testset "of what is offered a function gets the keyword arguments that it has" begin
        offered = Dict{String,Any}("by" => 5, "strange" => 1)
        @test TriglotBridge.taken((table; by=2) -> table, offered) == Dict("by" => 5)
        @test TriglotBridge.taken(table -> table, offered) == Dict()
        @test TriglotBridge.taken((table; all...) -> table, offered) == offered
    end
end
