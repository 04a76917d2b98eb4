"""
    Neighbours

The k nearest neighbours. Samples are columns, and classes are symbols.
"""
module Neighbours

struct Memory
    samples::Matrix{Float64}
    labels::Vector{Symbol}
    classes::Vector{Symbol}
    k::Int
end

"""
    learn(X, y; k=5) -> Memory

Remember the samples.
"""
learn(X::AbstractMatrix, y::AbstractVector; k::Integer=5) =
    Memory(Matrix{Float64}(X), Symbol.(y), sort(unique(Symbol.(y))), k)

"""
    shares(memory, X) -> Matrix

Return the share of each class among the nearest; a column a sample, a row a class.
"""
function shares(memory::Memory, X::AbstractMatrix)
    found = zeros(length(memory.classes), size(X, 2))
    for j in axes(X, 2)
        distances = [sum(abs2, view(memory.samples, :, i) .- view(X, :, j)) for i in axes(memory.samples, 2)]
        for i in partialsortperm(distances, 1:memory.k)
            found[findfirst(==(memory.labels[i]), memory.classes), j] += 1
        end
    end
    return found ./ memory.k
end

"""
    classify(memory, X) -> Vector{Symbol}

Return the most frequent class among the nearest; of equals the first.
"""
classify(memory::Memory, X::AbstractMatrix) = [memory.classes[argmax(column)] for column in eachcol(shares(memory, X))]

end
