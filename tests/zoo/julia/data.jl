# Data as authors hand them over: (X, y), drawn anew but always the same.

using Random

"""
    flowers() -> Tuple{Matrix,Vector{String}}

Return four measures of 150 flowers of three kinds.
"""
function flowers()
    random = MersenneTwister(1)
    centres = [5.0 3.4 1.5 0.2; 5.9 2.8 4.3 1.3; 6.6 3.0 5.6 2.0]
    kinds = repeat(1:3, 50)
    return centres[kinds, :] .+ 0.7 .* randn(random, 150, 4), ["setosa", "versicolor", "virginica"][kinds]
end

function two_flowers()
    X, y = flowers()
    return X[y .!= "setosa", :], y[y .!= "setosa"]
end

function motors()
    random = MersenneTwister(2)
    X = hcat(1.5 .+ 4 .* rand(random, 80), 50 .+ 250 .* rand(random, 80), 14 .+ 9 .* rand(random, 80))
    return X, 40 .- 4 .* X[:, 1] .- 0.03 .* X[:, 2] .+ 0.3 .* X[:, 3] .+ randn(random, 80)
end

function breaks()
    random = MersenneTwister(3)
    X = rand(random, 90, 2)
    return X, Float64[count(rand(random, 400) .< exp(1 + x[1] - x[2]) / 400) for x in eachrow(X)]
end

function people()
    random = MersenneTwister(4)
    age = 18 .+ 60 .* rand(random, 120)
    town = rand(random, ["Köln", "Linz", "Bern"], 120)
    income = [rand(random) < 0.2 ? missing : 1000 + 40a + 300randn(random) for a in age]
    y = [a > 45 && t != "Linz" ? "buys" : rand(random) < 0.1 ? "returns" : "looks" for (a, t) in zip(age, town)]
    return (age=age, town=town, income=income), y
end
