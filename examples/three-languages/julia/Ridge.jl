# Ridge regression as a type: `Ridge(X, y; λ)` fits, and what it makes is a function of new samples.

using LinearAlgebra
using Statistics

"""
    Ridge(X, y; λ=1.0)

Fit slopes with the penalty `λ` on their squares; the intercept is free. `model(X)` predicts.
"""
struct Ridge
    intercept::Float64
    slopes::Vector{Float64}
end

function Ridge(X::AbstractMatrix, y::AbstractVector; λ::Real=1.0)
    centre = mean(X, dims=1)
    centred = X .- centre
    slopes = cholesky(Symmetric(centred'centred + λ * I)) \ (centred' * (y .- mean(y)))
    return Ridge(mean(y) - dot(vec(centre), slopes), slopes)
end

(model::Ridge)(X::AbstractMatrix) = X * model.slopes .+ model.intercept
