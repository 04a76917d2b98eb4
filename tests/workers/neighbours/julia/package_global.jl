# Leaves a global in a package.

using Statistics

Core.eval(Statistics, :(left_behind = true))

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
