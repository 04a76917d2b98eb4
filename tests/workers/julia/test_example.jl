include(joinpath(@__DIR__, "..", "..", "..", "examples", "iris-julia", "IrisNeighbours.jl"))

@testset "examples/iris-julia" begin
    X = [1.0 5.0; 1.1 5.0; 3.0 5.0; 3.1 5.0]
    y = ["near", "near", "far", "far"]
    model = IrisNeighbours.fit(X, y; k=2)
    @test IrisNeighbours.predict(model, [1.05 5.0; 3.05 5.0]) == ["near", "far"]
    @test IrisNeighbours.predict_proba(model, [1.05 5.0]) == [0.0 1.0]
    @test_throws ArgumentError IrisNeighbours.fit(X, y; k=5)
    @test_throws DimensionMismatch IrisNeighbours.fit(X, y[1:3])
end
