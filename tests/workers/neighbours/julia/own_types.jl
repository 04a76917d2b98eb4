# Adds methods of Base for a type of its own.

struct Money
    cents::Int
end

Base.:+(a::Money, b::Money) = Money(a.cents + b.cents)
Base.show(io::IO, money::Money) = print(io, money.cents / 100)

struct Neighbour
    mean::Float64
end

fit(X, y) = Neighbour(sum(y) / length(y))

predict(model::Neighbour, X) = fill(model.mean, size(X, 1))
