# Changes what all models of a worker share, while it is read and while it is fitted.

Base.:*(a::Symbol, b::Symbol) = Symbol(a, b)

Core.eval(Main, :(LIMIT = 2.5))

struct Line
    slope::Float64
end

function fit(X, y)
    # in a function it takes an eval, which any function may call
    @eval Base.:*(a::Symbol, b::Missing) = b
    return Line(Main.LIMIT)
end

predict(line::Line, X) = line.slope .* X[:, 1]
