# Has methods of Julia's functions for a type of its own, settings of its own, and a package: nobody else's business.

module Honest

using LinearAlgebra, Random

struct Line
    slope::Float64
end

Base.show(io::IO, line::Line) = print(io, "slope ", line.slope)
Base.:*(line::Line, x::AbstractVector) = line.slope .* x
Base.convert(::Type{Line}, slope::Float64) = Line(slope)

ENV["HONEST"] = "yes"
Random.seed!(1)
BLAS.set_num_threads(1)
const LIMITS = Dict{String,Float64}()

fit(X, y) = convert(Line, X[:, 1] \ y)
predict(line, X) = line * X[:, 1]

end

using .Honest: fit, predict
