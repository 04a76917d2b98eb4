@testset "inputs.jl" begin
    X = [1.0 2.0; 3.0 4.0; 5.0 6.0]
    whole = Any["matrix", "float64", address(X), 3, 2]

    @testset "a matrix is wrapped for predictions and copied for fitting" begin
        wrapped = TriglotBridge.features(whole, false)
        @test wrapped isa Matrix{Float64} && wrapped == X
        @test pointer(wrapped) == pointer(X)
        owned = TriglotBridge.features(whole, true)
        @test owned == X && pointer(owned) != pointer(X)
    end

    @testset "a table is a NamedTuple of vectors in their own types" begin
        heights, counts = [1.5, 2.5, 3.5], Int64[1, 2, 3]
        mask = [false, true, false]
        bytes, ends = Vector{UInt8}("aßc"), Int64[0, 1, 3, 4]
        codes = Int32[1, 0, 1]
        parts = Any[
            Any["float64", address(heights), 0, nothing],
            Any["int64", address(counts), address(mask), nothing],
            Any["string", address(bytes), 0, Any[address(ends), 4]],
            Any["category", address(codes), address(mask), Any["low", "high"]],
        ]
        GC.@preserve heights counts mask bytes ends codes begin
            table = TriglotBridge.features(Any["table", Any["h", "n", "t", "c"], parts, 3], true)
            @test keys(table) == (:h, :n, :t, :c)
            @test table.h == heights && pointer(table.h) != pointer(heights)
            @test table.n isa Vector{Union{Missing,Int64}}
            @test isequal(table.n, [1, missing, 3])
            @test table.t == ["a", "ß", "c"] && table.t isa Vector{String}
            @test isequal(table.c, ["high", missing, "high"])
            lean = TriglotBridge.features(Any["table", Any["h"], parts[1:1], 3], false)
            @test pointer(lean.h) == pointer(heights)
        end
    end

    @testset "a target has the coding that its author declared" begin
        codes = Int32[1, 0, 1]
        y = Any["int32", address(codes), 3]
        classes = TriglotBridge.Classes(Any["no", "yes"])
        GC.@preserve codes begin
            @test TriglotBridge.target(y, classes, "values") == ["yes", "no", "yes"]
            @test TriglotBridge.target(y, classes, "values") isa Vector{String}
            @test TriglotBridge.target(y, classes, "codes") == [2, 1, 2]
            @test TriglotBridge.target(y, classes, "encoded") == [1, 0, 1]
            @test TriglotBridge.target(y, TriglotBridge.Classes(Any[10, 20]), "values") == [20, 10, 20]
            plain = TriglotBridge.target(y, nothing, "values")
            @test plain == codes && pointer(plain) != pointer(codes)
        end
    end

    @testset "keyword arguments have the types of their values" begin
        given = TriglotBridge.keywords(Dict{String,Any}("k" => 3, "weights" => Any[0.5, 1.5], "names" => Any["a"]))
        @test given[:k] === 3
        @test given[:weights] isa Vector{Float64} && given[:names] isa Vector{String}
    end
end
