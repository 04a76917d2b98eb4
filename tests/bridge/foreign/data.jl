# An author's functions that return data, in the shapes that authors choose, and some that are wrong.
module Data

using Dates
using DelimitedFiles

@enum Supplement VC OJ

"Tooth growth by supplement and dose; the levels are in the order of their declaration."
function growth(; path)
    cells = readdlm(path, ',', skipstart=1)
    supp = [text == "OJ" ? OJ : VC for text in cells[:, 2]]
    return (X=(supp=supp, dose=Float64.(cells[:, 3])), y=Float64.(cells[:, 1]))
end

# What it gives of the factor are texts.
fit(X, y) = [sum(y[X.supp .== supp]) / count(==(supp), X.supp) for supp in ("VC", "OJ")]
predict(means, X) = [supp == "VC" ? means[1] : means[2] for supp in X.supp]

columns() = (
    (
        double=[1.5, missing, NaN],
        single=Float32[1, 2, 3],
        integer=[1, missing, -3],
        small=Int8[1, -2, 3],
        flag=Union{Missing,Bool}[true, missing, false],
        bits=BitVector([true, false, true]),
        text=["grüße", missing, ""],
        symbol=[:a, :b, :a],
        kind=[OJ, missing, VC],
        mixed=Any[1, 2.5, missing],
        gone=[missing, missing, missing],
        range=1:3,
    ),
    ["no", "yes", "no"],
)

matrix() = [1.0 2.0; 3.0 4.0; 5.0 6.0]
wide(; base=1) = ([1 2 3; 4 5 6] .+ base, [:b, :a, :b])
row_target() = ([1 2 3; 4 5 6], [1 2 3])
a_table() = (x=[1, 2], y=[3, 4])
nothing_there() = ((a=Float64[], t=String[], k=Supplement[], u=Any[]), Float64[])
function talkative()
    println("reading the sheep")
    @warn "one sheep is missing"
    return (a=[1],)
end

a_number() = 42
no_table() = (Dict("a" => [1]), [1])
a_vector() = ([1, 2, 3], [1, 2, 3])
moments() = (
    day=[Date(2026, 1, 31), missing, Date(1969, 7, 20)],
    there=[DateTime(2026, 7, 1, 12, 30, 0, 250), missing, DateTime(1969, 7, 20, 20, 17, 40)],
)
durations() = (a=[1], took=[Day(1)])
large() = (a=[big(2)^70],)
short() = (matrix(), [1, 2])
ragged() = (a=[1, 2], b=[1])
square_target() = (matrix(), [1 2; 3 4])
no_target() = (matrix(), "y")
not_utf8() = (t=["fine", "\xff\xfe"],)
failing() = error("the database is down")

end
