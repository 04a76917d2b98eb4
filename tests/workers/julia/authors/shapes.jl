# A model that remembers what it was given, and functions that tell about it.
module Shapes

using LinearAlgebra

struct Kept{T,S}
    X::T
    y::S
end

fit(X, y; options...) = isempty(options) ? Kept(X, y) : Kept(X, values(options))
fit(X) = Kept(X, nothing)

predict(model, X) = fill(Float64(UInt(pointer(X))), size(X, 1))
remembered(model, X) = fill(sum(model.X), size(X, 1))
echo(model, X) = X
told(model, X) = throw(ArgumentError(string(repr(X), " after ", repr(model.y))))
types(model, X) = throw(ArgumentError(string(typeof(X), " after ", typeof(model.X), " and ", typeof(model.y))))
drawn(model, X) = model.y
outputs(model, X) = permutedims(X)[1:2, :]      # for samples in columns: sums of nothing, just wrong
# BLAS tells of its threads since Julia 1.6
threads(model, X) = fill(
    isdefined(BLAS, :get_num_threads) ? BLAS.get_num_threads() :
        ccall((BLAS.@blasfunc(openblas_get_num_threads), BLAS.libblas), Cint, ()),
    size(X, 1),
)
total(model, X) = fill(model, size(X, 1))
weights(model, X) = [1.0 2.0 3.0] * X           # for samples in columns: one row of answers

end

module Closed
function fit(X, y; whole=false)
    total = sum(y)
    whole && return round(Int, total)
    return X -> fill(total, size(X, 1))
end
end

module Silent
fit(X, y) = sum(y)
end

module Dice
fit(X, y) = rand(length(y))
predict(model, X) = model
end
