# Leaves a task that goes on for a while.

const TASK = @async sleep(0.2)

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
