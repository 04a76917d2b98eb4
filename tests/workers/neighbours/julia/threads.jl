# Sets the threads of linear algebra.

using LinearAlgebra

BLAS.set_num_threads(1)

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
