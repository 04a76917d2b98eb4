"A model that reads a file beside its script each time it is asked."
module Beside

fit(X, y) = sum(y) / length(y)

predict(model, X) = fill(model * parse(Float64, readline(joinpath(@__DIR__, "rates.csv"))), size(X, 1))

end
