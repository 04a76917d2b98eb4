"""
    Tree

A decision tree on a table: a named tuple of columns of numbers or text, some of which may be missing.
"""
module Tree

abstract type Node end

struct Leaf <: Node
    shares::Vector{Float64}
end

"""
    Split

Values that `goes_left` says are answered by `left`, and so are missing ones.
"""
struct Split{T} <: Node
    feature::Symbol
    at::T
    left::Node
    right::Node
end

struct Model
    classes::Vector{String}
    root::Node
end

goes_left(value::Real, at::Real) = value <= at
goes_left(value::AbstractString, at::AbstractString) = value == at
goes_left(::Missing, at) = true

impurity(labels, k) = isempty(labels) ? 0.0 : 1 - sum(c -> (count(==(c), labels) / length(labels))^2, 1:k)

"""
    fit(table, y; depth=3) -> Model

Return the tree that lessens Gini's impurity the most at each split, at most `depth` splits deep.
"""
function fit(table::NamedTuple, y::AbstractVector; depth::Integer=3)
    classes = sort(unique(y))
    labels = [searchsortedfirst(classes, label) for label in y]
    return Model(classes, grow(table, labels, collect(eachindex(labels)), length(classes), depth))
end

function grow(table, labels, rows, k, depth)
    here = labels[rows]
    leaf = Leaf([count(==(c), here) / length(here) for c in 1:k])
    depth == 0 && return leaf
    best, least = nothing, impurity(here, k) - 1e-9
    for feature in keys(table)
        column = table[feature]
        for at in sort(unique(skipmissing(column[rows])))
            left = [goes_left(column[row], at) for row in rows]
            (all(left) || !any(left)) && continue
            found = (impurity(here[left], k) * sum(left) + impurity(here[.!left], k) * sum(.!left)) / length(rows)
            if found < least
                best, least = (feature, at, left), found
            end
        end
    end
    best === nothing && return leaf
    feature, at, left = best
    return Split(
        feature, at, grow(table, labels, rows[left], k, depth - 1), grow(table, labels, rows[.!left], k, depth - 1)
    )
end

shares(node::Leaf, table, row) = node.shares
shares(node::Split, table, row) =
    shares(goes_left(table[node.feature][row], node.at) ? node.left : node.right, table, row)

"""
    predict_proba(model, table) -> Matrix

Return the share of each class in the leaf of each row.
"""
predict_proba(model::Model, table::NamedTuple) =
    reduce(vcat, [permutedims(shares(model.root, table, row)) for row in eachindex(first(table))])

predict(model::Model, table::NamedTuple) = [model.classes[argmax(row)] for row in eachrow(predict_proba(model, table))]

end
