"""
    Model

A logistic regression of two classes, fitted by Newton's method.
"""
module Model

using LinearAlgebra
using Statistics

struct Logistic
    classes::Vector{String}
    centre::Matrix{Float64}
    scale::Matrix{Float64}
    weights::Vector{Float64}
end

"""
    fit(X, y; ridge=0.01) -> Logistic

Return the model of `X`, a sample a row, and `y`, the class of each.
"""
function fit(X::AbstractMatrix, y::AbstractVector{<:AbstractString}; ridge=0.01)
    classes = sort(unique(y))
    length(classes) == 2 || throw(ArgumentError("two classes are needed, not $(length(classes))"))
    centre, scale = mean(X, dims=1), std(X, dims=1)
    Z = features((X .- centre) ./ scale)
    second = Float64.(y .== classes[2])
    weights = zeros(size(Z, 2))
    for _ in 1:25
        p = 1 ./ (1 .+ exp.(-Z * weights))
        gradient = Z' * (p - second) + ridge * weights
        curvature = Z' * (Z .* (p .* (1 .- p))) + ridge * I
        step = Symmetric(curvature) \ gradient
        weights -= step
        norm(step) < 1e-10 && break
    end
    return Logistic(classes, centre, scale, weights)
end

"The columns with their squares: the best beans are neither pale nor burnt."
features(Z) = hcat(ones(size(Z, 1)), Z, Z .^ 2)

"""
    predict_proba(model, X) -> Matrix

Return a row a sample with a column a class, in the order of the sorted classes.
"""
function predict_proba(model::Logistic, X)
    second = 1 ./ (1 .+ exp.(-features((X .- model.centre) ./ model.scale) * model.weights))
    return hcat(1 .- second, second)
end

"""
    predict(model, X) -> Vector{String}

Return the more probable class of each sample.
"""
predict(model::Logistic, X) = model.classes[1 .+ (predict_proba(model, X)[:, 2] .> 0.5)]

end
