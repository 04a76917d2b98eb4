# A model that answers by a function of Base, wherever its process stands.

struct Steady end

fit(X, y) = Steady()

predict(::Steady, X) = fill(cbrt(8.0), size(X, 1))
