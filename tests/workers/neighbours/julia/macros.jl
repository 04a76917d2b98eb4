# Has a macro and a module of its own.

module Inner
macro twice(value)
    return :(2 * $(esc(value)))
end
end

const FOUR = Inner.@twice 2

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
