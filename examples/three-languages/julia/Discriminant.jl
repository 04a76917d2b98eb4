# Linear discriminant analysis, for classes that are codes 1..k. Samples are rows.

using LinearAlgebra
using Statistics

struct Discriminant
    weights::Matrix{Float64}    # features x classes
    offsets::Vector{Float64}
end

"""
    fit(X, y) -> Discriminant

Return the linear scores of normal classes that share one covariance (divided by n - k).
"""
function fit(X::AbstractMatrix, y::AbstractVector{<:Integer})
    classes = 1:maximum(y)
    means = reduce(vcat, [mean(X[y .== k, :], dims=1) for k in classes])
    centred = X .- means[y, :]
    covariance = Symmetric(centred'centred / (size(X, 1) - length(classes)))
    weights = covariance \ permutedims(means)
    offsets = [log(count(==(k), y) / length(y)) - dot(means[k, :], weights[:, k]) / 2 for k in classes]
    return Discriminant(weights, offsets)
end

scores(model::Discriminant, X) = X * model.weights .+ permutedims(model.offsets)

"""
    predict(model, X) -> Vector{Int}

Return the code of the class with the highest score.
"""
predict(model::Discriminant, X::AbstractMatrix) = [argmax(row) for row in eachrow(scores(model, X))]

"""
    predict_proba(model, X) -> Matrix

Return the posterior of each class, a row a sample.
"""
function predict_proba(model::Discriminant, X::AbstractMatrix)
    found = scores(model, X)
    found = exp.(found .- maximum(found, dims=2))
    return found ./ sum(found, dims=2)
end
