# Adds a folder to the load path.

push!(LOAD_PATH, tempdir())

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
