# julia test/runtests.jl: the model as Julia people test it, without Triglot.
using DelimitedFiles
using Test

include("../Model.jl")

function read_beans(name)
    table, _ = readdlm(joinpath(@__DIR__, "..", name), ',', header=true)
    return Float64.(table[:, 1:3]), String.(table[:, 4])
end

X, y = read_beans("train.csv")
model = Model.fit(X, y)

@testset "most of the beans that it never saw are graded right" begin
    unseen, grades = read_beans("test.csv")
    @test sum(Model.predict(model, unseen) .== grades) > 0.8 * length(grades)
end

@testset "a row is answered as it is among others" begin
    @test Model.predict_proba(model, X[3:3, :]) ≈ Model.predict_proba(model, X)[3:3, :]
end
