# julia --startup-file=no tests/client/julia/runtests.jl URL: the tests of Triglot.jl, against what tests/client serves.
using Dates, Test

include(joinpath(@__DIR__, "..", "..", "..", "bridge", "client", "Triglot.jl"))

const URL = ARGS[1]
const ORDERS = (
    amount=[1 / 3, missing],
    count=[2^53 + 1, missing],
    size=["large", missing],
    paid=[true, missing],
    note=["grün", missing],
    day=[Date(2026, 1, 31), missing],
    at=[DateTime(2026, 7, 1, 12, 30, 0, 250), missing],
    seconds=[0.0, missing],
)
const SEEN = [1 / 3, 2^23, 1, 2, 1, 4, 20484, 1782901800.25]
const CLASSES = ["no", "perhaps", "yes"]
const JUDGE = Triglot.Endpoint(URL, model="judge", timeout=120)

@enum Size small medium large

"Text that is no `AbstractString`, as values of CategoricalArrays are."
struct Level
    name::String
end
Base.convert(::Type{String}, level::Level) = level.name

"What has its columns as properties, as a data frame does."
struct Frame
    columns::NamedTuple
end
Base.propertynames(frame::Frame) = keys(getfield(frame, :columns))
Base.getproperty(frame::Frame, name::Symbol) = getfield(frame, :columns)[name]

rows(table) = [NamedTuple{keys(table)}(values) for values in zip(table...)]

"""
    thrown(f) -> Exception

Return what `f()` throws.
"""
function thrown(f)
    try
        f()
    catch error
        return error
    end
    return nothing
end

said(f) = sprint(showerror, thrown(f))

@testset "Triglot" begin
    @testset "answers of any kind come as they are" begin
        found = Triglot.predict(Triglot.Endpoint(URL, model="tells", timeout=120), ORDERS)
        @test found[1]["size"] == "large"
        @test join(found[1]["letters"]) == "large"
        @test found[1]["none"] === missing
        @test found[2] == "no size"
    end

    @testset "classes are in their own type, whatever the table is" begin
        @test Triglot.predict(JUDGE, ORDERS) == ["yes", "no"]
        @test Triglot.predict(JUDGE, ORDERS) isa Vector{String}
        @test Triglot.predict(JUDGE, Dict(string(name) => values for (name, values) in pairs(ORDERS))) == ["yes", "no"]
        @test Triglot.predict(JUDGE, Frame(ORDERS)) == ["yes", "no"]
        @test Triglot.predict(JUDGE, rows(ORDERS)) == ["yes", "no"]
        @test isempty(Triglot.predict(JUDGE, map(values -> values[1:0], ORDERS)))
    end

    @testset "probabilities are a matrix beside the classes" begin
        found = Triglot.predict_proba(JUDGE, ORDERS)
        @test found.classes == CLASSES
        @test found.probabilities isa Matrix{Float64}
        @test found.probabilities[1, :] == [0.1, 0.2, 0.7]
        @test found.probabilities[2, :] == fill(1 / 3, 3)
        @test size(Triglot.predict_proba(JUDGE, map(values -> values[1:0], ORDERS)).probabilities) == (0, 3)
    end

    @testset "every kind of value reaches the model, and missing is what is missing" begin
        found = Triglot.predict(Triglot.Endpoint(URL, model="seen"), ORDERS)
        @test size(found) == (2, 8)
        @test found[1, :] == SEEN
        @test all(ismissing, found[2, :])
    end

    @testset "text may be symbols, enumerations and categories" begin
        for size in (:large, large, Level("large"))
            @test Triglot.predict(JUDGE, merge(ORDERS, (size=[size, missing],))) == ["yes", "no"]
        end
    end

    @testset "numbers are the same to the last bit" begin
        amounts = [1 / 3, 1e-300, 5e-324, floatmax(), 0.1 + 0.2, Float64(pi), -0.0]
        many = merge(map(values -> fill(values[1], length(amounts)), ORDERS), (amount=amounts,))
        found = Triglot.predict(Triglot.Endpoint(URL), many, model="echo")
        @test found isa Vector{Float64}
        @test all(found .=== amounts)
        @test isequal(Triglot.predict(Triglot.Endpoint(URL, model="echo"), ORDERS), [1 / 3, missing])
    end

    @testset "what the service refuses is named by field and row" begin
        endpoint = Triglot.Endpoint(URL, model="seen", headers=["X-Request-Id" => "of-this-test"])
        refused = thrown(() -> Triglot.predict(endpoint, merge(ORDERS, (paid=["perhaps", true], notes=ORDERS.note))))
        @test refused isa Triglot.CallFailed
        @test (refused.status, refused.code, refused.request_id) == (400, "bad-request", "of-this-test")
        @test Set(problem.field for problem in refused.problems) == Set(["paid", "notes"])
        @test [problem.row for problem in refused.problems if problem.field == "paid"] == [0]
        @test occursin("row 0, field 'paid': must be", sprint(showerror, refused))
    end

    @testset "a model that is not there is refused, and one of several must be named" begin
        @test occursin("no such", said(() -> Triglot.predict(Triglot.Endpoint(URL, model="no such"), ORDERS)))
        @test occursin("echo, judge, seen", said(() -> Triglot.predict(Triglot.Endpoint(URL), ORDERS)))
        @test Triglot.models(JUDGE)["echo"]["version"] == 1
        @test occursin("no classifier", said(() -> Triglot.predict_proba(JUDGE, ORDERS, model="echo")))
    end

    @testset "nobody answers, and the call ends with its time" begin
        nobody = Triglot.Endpoint("http://127.0.0.1:1", model="x", timeout=0.5)
        @test thrown(() -> Triglot.predict(nobody, ORDERS)).status === nothing
        slow = merge(ORDERS, (seconds=[2.0, 2.0],))
        @test thrown(() -> Triglot.predict(Triglot.Endpoint(URL, model="echo", timeout=0.5), slow)).status === nothing
    end

    @testset "what cannot be sent is named before it is sent" begin
        @test occursin("column amount has an infinite", said(() -> Triglot.predict(JUDGE, (amount=[Inf],))))
        @test occursin("column note has a value of type", said(() -> Triglot.predict(JUDGE, (note=[1im],))))
        @test occursin("column note must be a vector", said(() -> Triglot.predict(JUDGE, (note="text",))))
        @test occursin("row 2 must be", said(() -> Triglot.predict(JUDGE, [(note="text",), 5])))
        @test thrown(() -> Triglot.Endpoint("127.0.0.1")) isa ArgumentError
    end

    @testset "an endpoint shows whom it asks, and no secrets" begin
        endpoint = Triglot.Endpoint("http://host:8000/", model="iris", headers=["Authorization" => "Bearer secret"])
        @test sprint(show, endpoint) == "Triglot at http://host:8000, model iris"
    end

    @testset "JSON is read as it was written" begin
        text = "{\"a\": [1, -2.0, 3e-5, null, true, []], \"b\\u00e4\\ud83c\\udf31\\n\\\"\": {}, \"ü\" : \"\"}"
        found = Triglot.read_json(text)
        @test isequal(found["a"], [1, -2.0, 3e-5, missing, true, Any[]])
        @test found["a"][1] isa Int64
        @test found["bä🌱\n\""] == Dict{String,Any}()
        @test Triglot.read_json(sprint(Triglot.quoted, "\e\"\\🌱\n")) == "\e\"\\🌱\n"
        for broken in ("", "{", "[1,]", "[1 2]", "{\"a\" 1}", "\"open", "nul", "1 2", "{1: 2}")
            @test_throws ArgumentError Triglot.read_json(broken)
        end
    end
end
