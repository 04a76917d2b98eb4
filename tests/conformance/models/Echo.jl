# A model that knows the class of each number that it has seen, and answers it in the form that it is told to.
module Echo

fit(X, y; form) = (codes=X[:, 1], labels=y, form=form)

function predict(model, X)
    labels = [model.labels[findfirst(isequal(code), model.codes)] for code in X[:, 1]]
    return model.form == "frame" ? collect(Any, labels) : model.form == "text" && eltype(labels) == String ? Symbol.(labels) : labels
end

function predict_proba(model, X)
    weights = [1 + mod(7class + 3row, 11) for row in X[:, 1], class in model.codes]
    found = weights ./ sum(weights, dims=2)
    # the columns in an order of the author's own, by their labels
    model.form == "frame" && return Dict(zip(model.labels, eachcol(found)))
    return found[:, end:-1:1], reverse(model.labels)
end

end
