"A linear classifier of two classes, +1 and -1, by the perceptron's rule; samples are the columns of X."
module SVM

export svm, predict

struct Hyperplane
    weights::Vector{Float64}
    bias::Float64
end

"Fit a hyperplane to the columns of X and their labels y, averaged over all steps."
function svm(X::AbstractMatrix, y::AbstractVector; epochs = 200)
    size(X, 2) == length(y) || error("X must be features x samples")
    all(in((-1, 1)), y) || error("labels must be +1 and -1")
    w, b = zeros(size(X, 1)), 0.0
    total, shift = zeros(size(X, 1)), 0.0
    for _ in 1:epochs, i in eachindex(y)
        if y[i] * (sum(w .* view(X, :, i)) + b) <= 0
            w .+= y[i] .* view(X, :, i)
            b += y[i]
        end
        total .+= w
        shift += b
    end
    return Hyperplane(total ./ (epochs * length(y)), shift / (epochs * length(y)))
end

"Return +1 or -1 for each column of X."
predict(plane::Hyperplane, X::AbstractMatrix) =
    [sum(plane.weights .* x) + plane.bias > 0 ? 1 : -1 for x in eachcol(X)]

end
