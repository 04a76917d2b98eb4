@testset "answers.jl" begin
    numbers = TriglotBridge.numbers

    @testset "whatever holds real numbers is an answer" begin
        for answer in ([1, 2, 3], 1:3, Float32[1, 2, 3], view([0, 1, 2, 3], 2:4), Any[1, 2.0, 3], (1, 2, 3), [1//1, 2//1, 3//1])
            @test numbers(answer) == [1.0, 2.0, 3.0]
            @test numbers(answer) isa Vector{Float64}
        end
        @test numbers([true, false]) == [1.0, 0.0]
        @test numbers(trues(2)) == [1.0, 1.0]
        @test numbers([1 2; 3 4]') isa Matrix{Float64}
        @test isnan(numbers([1.0, missing])[2])
        @test numbers(Any[]) == Float64[]
    end

    @testset "anything else is refused by its type" begin
        for answer in (nothing, 1.0, Dict("a" => 1), [1 + 2im], ["a"])
            @test occursin(string(typeof(answer)), refusal(() -> numbers(answer)))
        end
    end

    classes = TriglotBridge.Classes(Any["no", "yes"])

    @testset "labels are found by value" begin
        for answer in (["yes", "no"], [:yes, :no], Any["yes", :no], SubString.(["yes", "no"], 1))
            @test TriglotBridge.codes(answer, classes, "values") == Int32[1, 0]
        end
        integers = TriglotBridge.Classes(Any[3, 7])
        @test TriglotBridge.codes([7, 3], integers, "values") == Int32[1, 0]
        @test TriglotBridge.codes([7.0, 3.0], integers, "values") == Int32[1, 0]
        @test TriglotBridge.codes([true, false], TriglotBridge.Classes(Any[false, true]), "values") == Int32[1, 0]
    end

    @testset "codes start where the author declared" begin
        @test TriglotBridge.codes([2, 1], classes, "codes") == Int32[1, 0]
        @test TriglotBridge.codes([1.0, 0.0], classes, "encoded") == Int32[1, 0]
    end

    @testset "a label or code that is no class is refused with its place" begin
        @test occursin("sample 2: \"maybe\"", refusal(() -> TriglotBridge.codes(["no", "maybe"], classes, "values")))
        @test occursin("sample 1: missing", refusal(() -> TriglotBridge.codes([missing, "no"], classes, "values")))
        @test occursin("from 1 to 2", refusal(() -> TriglotBridge.codes([0, 1], classes, "codes")))
        @test occursin("from 0 to 1", refusal(() -> TriglotBridge.codes([0.5], classes, "encoded")))
        @test occursin("Float64", refusal(() -> TriglotBridge.codes(1.0, classes, "values")))
    end

    @testset "probabilities come in class order" begin
        P = [0.9 0.1; 0.2 0.8; 0.5 0.5]
        turned = P[:, [2, 1]]
        @test TriglotBridge.probabilities(P, classes, "values", false) == P
        @test TriglotBridge.probabilities(permutedims(P), classes, "values", true) == P
        declared = TriglotBridge.Classes(Any["yes", "no"])
        @test TriglotBridge.probabilities(P, declared, "values", false) == P[:, [2, 1]]
        @test TriglotBridge.probabilities(P, declared, "codes", false) == P
        @test TriglotBridge.probabilities((turned, ["yes", "no"]), classes, "values", false) == P
        @test TriglotBridge.probabilities((yes=P[:, 2], no=P[:, 1]), classes, "values", false) == P
        @test TriglotBridge.probabilities(Dict("yes" => P[:, 2], "no" => P[:, 1]), classes, "values", false) == P
        @test TriglotBridge.probabilities((yes=P[:, 1],), classes, "values", false) == [zeros(3) P[:, 1]]
        @test occursin("no, yes", refusal(() -> TriglotBridge.probabilities((P, ["no", "no"]), classes, "values", false)))
        @test occursin("maybe", refusal(() -> TriglotBridge.probabilities((P, ["no", "maybe"]), classes, "values", false)))
    end
end
