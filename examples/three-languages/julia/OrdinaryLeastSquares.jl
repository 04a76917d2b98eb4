"""
    OrdinaryLeastSquares

Linear regression by the QR decomposition. Samples are rows.
"""
module OrdinaryLeastSquares

using LinearAlgebra

"""
    Line

Intercept and slopes.
"""
struct Line
    intercept::Float64
    slopes::Vector{Float64}
end

"""
    fit(X, y) -> Line

Return the line of least squares.
"""
function fit(X::AbstractMatrix, y::AbstractVector)
    solved = hcat(ones(size(X, 1)), X) \ y
    return Line(solved[1], solved[2:end])
end

"""
    predict(line, X) -> Vector{Float64}

Return the line's value at each row of X.
"""
predict(line::Line, X::AbstractMatrix) = X * line.slopes .+ line.intercept

end
