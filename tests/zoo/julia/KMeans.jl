"""
    KMeans

Clusters by Lloyd's algorithm. There is no target: a model answers the number of a sample's cluster.
"""
module KMeans

using Random
using Statistics

struct Clusters
    centres::Matrix{Float64}    # a row a cluster
end

nearest(centres, sample) = argmin([sum(abs2, centre .- sample) for centre in eachrow(centres)])

"""
    fit(X; k=3, steps=100) -> Clusters

Return the centres at which the algorithm comes to rest, or is after `steps`; it starts at samples drawn at random.
"""
function fit(X::AbstractMatrix; k::Integer=3, steps::Integer=100)
    centres = X[shuffle(axes(X, 1))[1:k], :]
    for _ in 1:steps
        places = [nearest(centres, sample) for sample in eachrow(X)]
        moved = copy(centres)
        for cluster in unique(places)
            moved[cluster, :] = mean(X[places .== cluster, :], dims=1)
        end
        moved == centres && break
        centres = moved
    end
    return Clusters(centres)
end

"""
    predict(clusters, X) -> Vector{Int}

Return the number of the nearest centre.
"""
predict(clusters::Clusters, X::AbstractMatrix) = [nearest(clusters.centres, sample) for sample in eachrow(X)]

end
