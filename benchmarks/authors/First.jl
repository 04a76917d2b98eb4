# The cheapest model that there is: it answers the first column.
module First

fit(X, y) = nothing

predict(::Nothing, X::Matrix) = X[:, 1]
predict(::Nothing, X::NamedTuple) = first(X)

# Where the columns lie, the same for every row.
addresses(::Nothing, X::Matrix) =
    [Float64(UInt(pointer(X, 1 + (j - 1) * size(X, 1)))) for i in 1:size(X, 1), j in 1:size(X, 2)]

end
