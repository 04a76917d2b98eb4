# Steps of a pipeline over orders.

function totals(table; day)
    isempty(day) && error("there is no day")
    shops = sort(unique(table.shop))
    total = Float64[sum(table.amount[table.shop .== shop]) for shop in shops]
    rows = Int[count(==(shop), table.shop) for shop in shops]
    return (shop=shops, total=total, rows=rows)
end

fails(table) = error("no such shop: nowhere")
