module Shops

struct Mean
    slope::Float64
end

"Ten weeks of a shop."
function dataset(; shop, region)
    price = collect(1.0:10.0)
    return reshape(price, :, 1), price .* length(shop) .+ (region == "north")
end

fit(X, y) = Mean(sum(y) / sum(X))

predict(model::Mean, X) = model.slope .* X[:, 1]

end
