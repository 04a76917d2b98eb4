# An author's Julia model: the class whose centre is nearest. On request it fails, talks or dawdles.

struct NoSuchFlower <: Exception
    message::String
end

Base.showerror(io::IO, error::NoSuchFlower) = print(io, error.message)

struct Centroids
    centres::Matrix{Float64}
end

function fit(X::AbstractMatrix, y::AbstractVector)
    any(isnan, X) && throw(NoSuchFlower("cannot fit what is missing"))
    return Centroids(vcat([sum(X[y .== code, :], dims=1) ./ count(==(code), y) for code in sort(unique(y))]...))
end

function predict_proba(model::Centroids, X::AbstractMatrix; fail=false, say="", nap=0)
    if !isempty(say)
        println(say)
        @warn "about $say"
    end
    sleep(nap)
    fail && throw(NoSuchFlower("no such flower"))
    weights = [exp(-sqrt(sum(abs2, X[i, :] .- model.centres[j, :]))) for i in axes(X, 1), j in axes(model.centres, 1)]
    return weights ./ sum(weights, dims=2)
end

function predict(model::Centroids, X::AbstractMatrix; behaviour...)
    shares = predict_proba(model, X; behaviour...)
    return [argmax(shares[i, :]) for i in axes(shares, 1)]
end

@enum Species virginica setosa

function flowers(; rows, fail=false)
    fail && throw(NoSuchFlower("no such flower"))
    names = (Symbol("sepal length"), :count, :note)
    X = NamedTuple{names}(([5.5, missing, 6.0][1:rows], [1, 2, missing][1:rows], ["grün", missing, ""][1:rows]))
    return (X=X, y=[virginica, setosa, virginica][1:rows])
end

function bouquet(table; day, times=2, fail=false)
    fail && throw(NoSuchFlower("no such flower"))
    return merge(table, (count=table.count .* times, day=fill(day, length(table.count))))
end

garden(; rows) = (count=collect(1:rows),)
