"""
    Poisson

Regression of counts with a logarithmic link, by iteratively reweighted least squares. Samples are rows.
"""
module Poisson

using LinearAlgebra
using Statistics

struct Model
    weights::Vector{Float64}
end

"""
    fit(X, y; steps=50, tolerance=1e-12) -> Model

Return the most likely weights.
"""
function fit(X::AbstractMatrix, y::AbstractVector; steps::Integer=50, tolerance::Real=1e-12)
    A = hcat(ones(size(X, 1)), X)
    weights = vcat(log(mean(y)), zeros(size(X, 2)))
    for _ in 1:steps
        μ = exp.(A * weights)
        step = Symmetric(A' * (μ .* A)) \ (A' * (y .- μ))
        weights += step
        norm(step) <= tolerance * norm(weights) && break
    end
    return Model(weights)
end

"""
    predict(model, X) -> Vector{Float64}

Return the expected count at each row of X.
"""
predict(model::Model, X::AbstractMatrix) = exp.(hcat(ones(size(X, 1)), X) * model.weights)

end
