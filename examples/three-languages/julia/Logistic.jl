"""
    Logistic

Logistic regression of two classes by iteratively reweighted least squares. Samples are rows.
"""
module Logistic

using LinearAlgebra

struct Model{T}
    classes::Vector{T}
    weights::Vector{Float64}
end

share(η) = 1 / (1 + exp(-η))

"""
    fit(X, y; steps=50, tolerance=1e-12) -> Model

Return the most likely weights; the second class, in sorted order, is the one whose share is modelled.
"""
function fit(X::AbstractMatrix, y::AbstractVector; steps::Integer=50, tolerance::Real=1e-12)
    classes = sort(unique(y))
    length(classes) == 2 || throw(ArgumentError("two classes are needed, not $(length(classes))"))
    A = hcat(ones(size(X, 1)), X)
    hit = y .== classes[2]
    weights = zeros(size(A, 2))
    for _ in 1:steps
        p = share.(A * weights)
        w = max.(p .* (1 .- p), eps())
        step = Symmetric(A' * (w .* A)) \ (A' * (hit .- p))
        weights += step
        norm(step) <= tolerance * norm(weights) && break
    end
    return Model(classes, weights)
end

"""
    predict_proba(model, X) -> Dict

Return the share of each class, by its name.
"""
function predict_proba(model::Model, X::AbstractMatrix)
    p = share.(hcat(ones(size(X, 1)), X) * model.weights)
    return Dict(model.classes[1] => 1 .- p, model.classes[2] => p)
end

predict(model::Model, X::AbstractMatrix) =
    [p > 0.5 ? model.classes[2] : model.classes[1] for p in predict_proba(model, X)[model.classes[2]]]

end
