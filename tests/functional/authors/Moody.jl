"""
A model that answers its tag after as many seconds as it is told, and fails on demand.
"""
module Moody

struct Tagged
    tag::Float64
end

fit(X, y; tag=1.0) = Tagged(tag)

function predict(model::Tagged, X)
    mood = maximum(X[:, 1])
    mood == 1 && throw(ArgumentError("no answer in mood 1"))
    mood == 2 && ccall(:_exit, Cvoid, (Cint,), 3)
    sleep(maximum(X[:, 2]))
    return fill(mood == 4 ? NaN : model.tag, size(X, 1))
end

fit_throws(X, y) = error("too few rows: $(size(X, 1))")

end
