"Keep more and more memory until somebody stops it; or compute for long; or do not hear that it is to stop."
function fit(X, y; seconds=0, deaf=nothing)
    kept = Vector{Float64}[]
    while deaf !== nothing
        try
            isfile(deaf) || touch(deaf)     # the caller knows from then on
            rand(10)
        catch
        end
    end
    while true
        seconds > 0 ? rand(10) : push!(kept, rand(2_000_000))
    end
end

predict(model, X) = X[:, 1]
