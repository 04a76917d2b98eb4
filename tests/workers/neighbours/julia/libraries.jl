# Loads what comes with Julia.

using Dates, LinearAlgebra, Printf, Random, SparseArrays, Statistics

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
