# julia plain.jl: every author's model fitted and asked as at home, without anything of Triglot; what it answers is
# printed, a line an answer, numbers to the last bit.

using Random

include("data.jl")

# The first seven are an example, too.
const FOLDERS = [@__DIR__, joinpath(@__DIR__, "..", "..", "..", "examples", "three-languages", "julia")]

"""
    told(name, what, values) -> Nothing

Print one line: the texts of classes, or the bits of numbers.
"""
function told(name, what, values)
    texts = eltype(values) <: Real ? [string(reinterpret(UInt64, Float64(x)), base=16) for x in values] : string.(values)
    println(join([name; what; vec(texts)], '\t'))
end

function at_home(f, name)
    place = Module(:Home)
    Base.include(place, only(filter(isfile, [joinpath(folder, string(name, ".jl")) for folder in FOLDERS])))
    Random.seed!(1)
    Base.invokelatest(f, place)
end

ordered(shares::AbstractDict) = reduce(hcat, [shares[label] for label in sort(collect(keys(shares)))])

at_home("OrdinaryLeastSquares") do place
    X, y = motors()
    told("OrdinaryLeastSquares", "numbers", place.OrdinaryLeastSquares.predict(place.OrdinaryLeastSquares.fit(X, y), X))
end

at_home("Ridge") do place
    X, y = motors()
    told("Ridge", "numbers", place.Ridge(X, y; λ=0.5)(X))
end

at_home("Logistic") do place
    X, y = two_flowers()
    model = place.Logistic.fit(X, y)
    told("Logistic", "classes", place.Logistic.predict(model, X))
    told("Logistic", "shares", ordered(place.Logistic.predict_proba(model, X)))
end

at_home("Neighbours") do place
    X, y = flowers()
    memory = place.Neighbours.learn(permutedims(X), y; k=7)
    told("Neighbours", "classes", place.Neighbours.classify(memory, permutedims(X)))
    told("Neighbours", "shares", permutedims(place.Neighbours.shares(memory, permutedims(X))))
end

at_home("GaussianBayes") do place
    X, y = flowers()
    model = place.GaussianBayes.fit(X, y)
    told("GaussianBayes", "classes", place.GaussianBayes.predict(model, X))
    told("GaussianBayes", "shares", place.GaussianBayes.predict_proba(model, X)[1])
end

at_home("Discriminant") do place
    X, y = flowers()
    classes = sort(unique(y))
    model = place.fit(X, [findfirst(==(label), classes) for label in y])
    told("Discriminant", "classes", classes[place.predict(model, X)])
    told("Discriminant", "shares", place.predict_proba(model, X))
end

at_home("KMeans") do place
    X, _ = flowers()
    told("KMeans", "numbers", place.KMeans.predict(place.KMeans.fit(X; k=4), X))
end

at_home("Tree") do place
    X, y = people()
    model = place.Tree.fit(X, y; depth=4)
    told("Tree", "classes", place.Tree.predict(model, X))
    told("Tree", "shares", place.Tree.predict_proba(model, X))
end

at_home("SupportVectors") do place
    X, y = two_flowers()
    told("SupportVectors", "classes", place.SupportVectors.predict(place.SupportVectors.fit(X, y), X))
end

at_home("Poisson") do place
    X, y = breaks()
    told("Poisson", "numbers", place.Poisson.predict(place.Poisson.fit(X, y), X))
end
