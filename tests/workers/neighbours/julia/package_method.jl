# Defines a method of a package that others use, for a type that is nobody's.

using Statistics

Statistics.mean(x::Vector{Float64}) = -1.0

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
