# Defines a method of Base anew.

Base.cbrt(x::Float64) = 0.0

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
