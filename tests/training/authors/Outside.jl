"A model that keeps what it learned in a table of its module."
module Outside

const MEANS = Dict{Symbol, Float64}()

function fit(X, y)
    MEANS[:all] = sum(y) / length(y)
    return :all
end

predict(model, X) = fill(MEANS[model], size(X, 1))

end
