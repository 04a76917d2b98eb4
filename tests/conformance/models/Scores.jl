# A classifier of two classes, whose shares are none for numbers above a limit: there the second one's is the number.
# Negative numbers have shares and no class.
module Scores

fit(X, y; limit) = (limit=limit, label=first(sort(y)))

function predict(model, X)
    any(code -> code < 0, X[:, 1]) && error("no class for a negative code")
    return fill(model.label, size(X, 1))
end

function predict_proba(model, X)
    second = [code > model.limit ? code : 0.5 for code in X[:, 1]]
    return hcat(1 .- second, second)
end

end
