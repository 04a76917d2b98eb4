# Has names of its own that others have, too, and hides some of Base's.

module Statistics
mean(x) = -1.0
end

struct Witness end

lowercase(text) = "a neighbour's"

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
