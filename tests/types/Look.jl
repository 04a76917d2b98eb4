# A model that tells what it sees: a line a column, with its type, its first value, and whether its last one is missing.
module Look

fit(X, y) = nothing

function predict(::Nothing, X)
    for name in keys(X)
        values = X[name]
        println(join([name, nonmissingtype(eltype(values)), values[1], ismissing(values[end])], "\t"))
    end
    return fill(Float64(length(first(X))), length(first(X)))
end

fit_levels(X, y) = sort(unique(skipmissing(X.kind)))
predict_levels(known, X) =
    [ismissing(kind) ? -1 : something(findfirst(isequal(kind), known), length(known) + 1) for kind in X.kind]

fit_outputs(X, y) = hcat(ones(size(X, 1)), X) \ y
predict_outputs(weights, X) = hcat(ones(size(X, 1)), X) * weights

end
