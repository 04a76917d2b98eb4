"""
    IrisNeighbours

A classifier by the k nearest neighbours, on standardised features. Samples are rows.
"""
module IrisNeighbours

using Statistics

export fit, predict, predict_proba

"""
    Neighbours

The standardised training samples, the class of each and how features are standardised.
"""
struct Neighbours
    samples::Matrix{Float64}
    labels::Vector{Int}
    classes::Vector{String}
    centre::Matrix{Float64}
    spread::Matrix{Float64}
    k::Int
end

"""
    fit(X, y; k=5) -> Neighbours

Remember the samples of X and their labels y. A prediction asks the `k` nearest of them.
"""
function fit(X::AbstractMatrix, y::AbstractVector{<:AbstractString}; k::Integer=5)
    size(X, 1) == length(y) || throw(DimensionMismatch("X has $(size(X, 1)) rows, y has $(length(y))"))
    1 <= k <= length(y) || throw(ArgumentError("k must be between 1 and $(length(y)), not $k"))
    centre = mean(X, dims=1)
    spread = std(X, dims=1)
    spread[spread .== 0] .= 1           # a constant feature says nothing, and must not divide by zero
    classes = sort(unique(y))
    labels = [searchsortedfirst(classes, label) for label in y]
    return Neighbours((X .- centre) ./ spread, labels, classes, centre, spread, k)
end

"""
    predict_proba(model, X) -> Matrix

Return the share of each class among the nearest neighbours; one row a sample, one column a class in sorted order.
"""
function predict_proba(model::Neighbours, X::AbstractMatrix)
    shares = zeros(size(X, 1), length(model.classes))
    for i in axes(X, 1)
        for neighbour in nearest(model, view(X, i, :))
            shares[i, model.labels[neighbour]] += 1 / model.k
        end
    end
    return shares
end

"""
    predict(model, X) -> Vector{String}

Return the most frequent class among the nearest neighbours of each row; of equals the first.
"""
predict(model::Neighbours, X::AbstractMatrix) = [model.classes[argmax(row)] for row in eachrow(predict_proba(model, X))]

function nearest(model::Neighbours, sample::AbstractVector)
    count, features = size(model.samples)
    distances = zeros(count)
    for j in 1:features
        value = (sample[j] - model.centre[j]) / model.spread[j]
        for i in 1:count
            distances[i] += (model.samples[i, j] - value)^2
        end
    end
    return partialsortperm(distances, 1:model.k)
end

end
