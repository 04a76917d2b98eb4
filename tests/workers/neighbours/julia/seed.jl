# Sets a seed and the threads of linear algebra.

using LinearAlgebra, Random

Random.seed!(1)
BLAS.set_num_threads(2)

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
