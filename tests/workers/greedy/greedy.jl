"Keep more and more memory until somebody stops it; or compute for long."
function fit(X, y; seconds=0)
    kept = Vector{Float64}[]
    while true
        seconds > 0 ? rand(10) : push!(kept, rand(2_000_000))
    end
end

predict(model, X) = X[:, 1]
