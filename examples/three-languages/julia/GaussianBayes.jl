"""
    GaussianBayes

Naive Bayes with a normal distribution of each feature in each class. Samples are rows.
"""
module GaussianBayes

using Statistics

struct Model
    classes::Vector{String}
    priors::Vector{Float64}
    means::Matrix{Float64}
    variances::Matrix{Float64}
end

"""
    fit(X, y) -> Model

Return priors, means and variances (divided by n - 1) of each class.
"""
function fit(X::AbstractMatrix, y::AbstractVector{<:AbstractString})
    classes = sort(unique(y))
    parts = [X[y .== class, :] for class in classes]
    return Model(
        classes,
        [size(part, 1) / size(X, 1) for part in parts],
        reduce(vcat, [mean(part, dims=1) for part in parts]),
        reduce(vcat, [var(part, dims=1) for part in parts]),
    )
end

"""
    predict_proba(model, X) -> Tuple{Matrix,Vector}

Return the posterior of each class, a row a sample, and the classes of the columns.
"""
function predict_proba(model::Model, X::AbstractMatrix)
    scores = zeros(size(X, 1), length(model.classes))
    for k in eachindex(model.classes), i in axes(X, 1)
        scores[i, k] = log(model.priors[k])
        for j in axes(X, 2)
            v = model.variances[k, j]
            scores[i, k] -= (log(2π * v) + (X[i, j] - model.means[k, j])^2 / v) / 2
        end
    end
    scores = exp.(scores .- maximum(scores, dims=2))
    return scores ./ sum(scores, dims=2), model.classes
end

predict(model::Model, X::AbstractMatrix) = [model.classes[argmax(row)] for row in eachrow(predict_proba(model, X)[1])]

end
