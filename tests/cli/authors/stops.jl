fit(X, y) = throw_it(X)

function throw_it(X)
    error("nothing can be learnt from $(size(X, 1)) rows")
end

predict(model, X) = X[:, 1]
