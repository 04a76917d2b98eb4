"""
    SupportVectors

A linear support vector machine for two kinds of flower, which it answers as an enumeration.
"""
module SupportVectors

using LinearAlgebra
using Random
using Statistics

@enum Flower versicolor virginica

struct Machine
    centre::Matrix{Float64}
    spread::Matrix{Float64}
    weights::Vector{Float64}
end

prepared(X, centre, spread) = hcat((X .- centre) ./ spread, ones(size(X, 1)))

"""
    fit(X, y; λ=0.01, epochs=20) -> Machine

Return the weights after `epochs` passes of stochastic descent on the hinge loss with the penalty `λ`.
"""
function fit(X::AbstractMatrix, y::AbstractVector; λ::Real=0.01, epochs::Integer=20)
    centre, spread = mean(X, dims=1), std(X, dims=1)
    A = prepared(X, centre, spread)
    signs = [label == string(virginica) ? 1.0 : -1.0 for label in y]
    weights = zeros(size(A, 2))
    step = 0
    for _ in 1:epochs, i in shuffle(axes(A, 1))
        step += 1
        rate = 1 / (λ * step)
        inside = signs[i] * dot(A[i, :], weights) < 1
        weights .*= 1 - rate * λ
        inside && (weights .+= rate * signs[i] .* A[i, :])
    end
    return Machine(centre, spread, weights)
end

decision(machine::Machine, X::AbstractMatrix) = prepared(X, machine.centre, machine.spread) * machine.weights

"""
    predict(machine, X) -> Vector{Flower}

Return the flower on whose side each row of X lies.
"""
predict(machine::Machine, X::AbstractMatrix) = [d > 0 ? virginica : versicolor for d in decision(machine, X)]

end
