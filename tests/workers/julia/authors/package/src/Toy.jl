module Toy

struct Slope
    value::Float64
end

fit(X, y; factor=1.0) = Slope(factor * sum(y) / sum(X))
predict(slope, X) = slope.value .* X[:, 1]

end
