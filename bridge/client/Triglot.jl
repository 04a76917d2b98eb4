# A caller's side of a service of Triglot, for Julia 1.5 and later. It needs no package, and Julia 1.5 the command curl.
#
#     include("Triglot.jl")
#     iris = Triglot.Endpoint("http://127.0.0.1:8000", model="iris-julia")
#     Triglot.predict(iris, table)
module Triglot

import Dates
@static if VERSION >= v"1.6"
    import Downloads
end

"""
    Endpoint(url; model=nothing, headers=[], timeout=60)

A service, and perhaps one model of it; by default the only model that is active is asked. `headers` are pairs that
every request carries besides, such as `"Authorization" => "Bearer ..."`, and `timeout` is in seconds, for a call with
all its tries. Nothing is sent yet.
"""
struct Endpoint
    url::String
    model::Union{Nothing,String}
    headers::Vector{Pair{String,String}}
    timeout::Float64

    function Endpoint(url::AbstractString; model=nothing, headers=Pair{String,String}[], timeout::Real=60)
        occursin(r"^https?://[^/]", url) ||
            throw(ArgumentError("url must be an address such as http://127.0.0.1:8000, not $(repr(url))"))
        return new(rstrip(url, '/'), model, [string(name) => string(value) for (name, value) in headers], timeout)
    end
end

Base.show(io::IO, endpoint::Endpoint) =
    print(io, "Triglot at ", endpoint.url, endpoint.model === nothing ? "" : ", model $(endpoint.model)")

"""
    CallFailed

A call was not answered. `status` is that of HTTP: 4xx where the request is at fault, 5xx where the service is,
`nothing` where nobody answered in time. `problems` are named tuples of `row` (counted from 0, or `nothing`), `field`
and `message`; `request_id` is what to look for in the service's log.
"""
struct CallFailed <: Exception
    message::String
    status::Union{Nothing,Int}
    code::String
    problems::Vector{NamedTuple{(:row, :field, :message),Tuple{Union{Nothing,Int},String,String}}}
    request_id::String
end

CallFailed(message::String) = CallFailed(message, nothing, "error", [], "")

Base.showerror(io::IO, failed::CallFailed) = print(io, failed.message)

"""
    predict(endpoint, table; model=endpoint.model) -> Vector or Matrix

Return a model's classes in their own type, or its numbers, one a row; of a model with several outputs a matrix with a
row for each row. What is null is `missing`. A model whose answers are any JSON gives a vector of what it answers.

`table` is a named tuple or a dictionary of vectors, a data frame, or a vector of named tuples or dictionaries. Values
may be `missing`, numbers, `Bool`, text, symbols, enumerations, `Date` and `DateTime`, which is what a clock shows.

Throws `CallFailed` where there is no answer, and an `ArgumentError` that names the column for what cannot be sent.
"""
function predict(endpoint::Endpoint, table; model=endpoint.model)
    told = ask(endpoint, table, model, "predict")
    return is_any(told) ? told["result"] : tight(told["result"])
end

"""
    predict_proba(endpoint, table; model=endpoint.model) -> NamedTuple

Return `classes` in their order and `probabilities`, a matrix with a row for each row and a column for each class. Of a
model whose answers are any JSON `classes` is nothing, and `probabilities` a vector of what it answers.
"""
function predict_proba(endpoint::Endpoint, table; model=endpoint.model)
    told = ask(endpoint, table, model, "predict_proba")
    is_any(told) && return (classes=nothing, probabilities=told["result"])
    classes = tight(told["metadata"]["classes"])
    return (classes=classes, probabilities=matrix(told["result"], length(classes)))
end

"""
    models(endpoint) -> Dict{String,Any}

Return what is known of each active model: the `version` that answers, its `language` and how many `workers` have it.
"""
models(endpoint::Endpoint) = parsed(fetched(endpoint, "/ready", nothing, (200, 503)))["models"]

is_any(told) = get(told["metadata"], "answers", nothing) == "any"

function ask(endpoint::Endpoint, table, model, what::String)
    body = sprint(written, table)
    name = model === nothing ? only_model(endpoint) : model
    return parsed(fetched(endpoint, "/models/$(escaped(name))/$what", body, (200,)))
end

function only_model(endpoint::Endpoint)
    names = sort!(collect(keys(models(endpoint))))
    length(names) == 1 && return names[1]
    throw(ArgumentError("this service has $(length(names)) models; name one by `model`: $(join(names, ", "))"))
end

escaped(name) = join(
    Char(byte) in "-._~" || isletter(Char(byte)) && byte < 0x80 || isdigit(Char(byte)) ? Char(byte) :
    string('%', uppercase(string(byte, base=16, pad=2))) for byte in codeunits(String(name))
)

"""
    tight(values) -> Array

Return the values in an array of their own type; lists are the rows of a matrix.
"""
tight(values::Vector{Any}) =
    !isempty(values) && values[1] isa Vector ? matrix(values, length(values[1])) : map(identity, values)

matrix(rows::Vector{Any}, width::Int) =
    isempty(rows) ? zeros(0, width) : map(identity, permutedims(reduce(hcat, rows)))

# --- values as JSON ---------------------------------------------------------------------------------------------------

"""
    written(io, table) -> Nothing

Write a table as JSON: an object of columns, or a list of rows.
"""
written(io::IO, table::Union{AbstractDict,NamedTuple}) = columns(io, pairs(table))

function written(io::IO, rows::AbstractVector)
    print(io, '[')
    for (i, row) in enumerate(rows)
        row isa Union{AbstractDict,NamedTuple} ||
            throw(ArgumentError("row $i must be a named tuple or a dictionary, not $(typeof(row))"))
        print(io, i == 1 ? "" : ",", '{')
        for (j, (name, value)) in enumerate(pairs(row))
            print(io, j == 1 ? "" : ",")
            quoted(io, string(name))
            print(io, ':')
            cell(io, value, name)
        end
        print(io, '}')
    end
    print(io, ']')
end

written(io::IO, frame) = columns(io, [name => getproperty(frame, name) for name in propertynames(frame)])

function columns(io::IO, table)
    isempty(table) && throw(ArgumentError("the table has no columns"))
    print(io, '{')
    for (j, (name, values)) in enumerate(table)
        values isa AbstractVector ||
            throw(ArgumentError("column $name must be a vector, not $(typeof(values)); a row is [(name = value, ...)]"))
        print(io, j == 1 ? "" : ",")
        quoted(io, string(name))
        print(io, ":[")
        for (i, value) in enumerate(values)
            print(io, i == 1 ? "" : ",")
            cell(io, value, name)
        end
        print(io, ']')
    end
    print(io, '}')
end

cell(io::IO, ::Union{Missing,Nothing}, name) = print(io, "null")
cell(io::IO, value::Union{Bool,Integer}, name) = print(io, value)
cell(io::IO, value::Union{AbstractString,Symbol,AbstractChar,Enum}, name) = quoted(io, string(value))
cell(io::IO, value::Union{Dates.Date,Dates.AbstractDateTime}, name) = quoted(io, string(value))
cell(io::IO, value::Dates.DateTime, name) = quoted(io, Dates.format(value, "yyyy-mm-ddTHH:MM:SS.sss"))

function cell(io::IO, value::Real, name)
    isinf(value) && throw(ArgumentError("column $name has an infinite number, which cannot be sent"))
    print(io, isnan(value) ? "null" : Float64(value))
end

function cell(io::IO, value, name)
    # as values of CategoricalArrays, which are text and no AbstractString
    applicable(convert, String, value) && return quoted(io, convert(String, value))
    throw(ArgumentError(
        "column $name has a value of type $(typeof(value)); make it a number, text, a Bool, a Date or a DateTime",
    ))
end

function quoted(io::IO, text::AbstractString)
    isvalid(text) || throw(ArgumentError("$(repr(text)) is not UTF-8"))
    print(io, '"')
    for letter in text
        letter in ('"', '\\') ? print(io, '\\', letter) :
        letter < ' ' ? print(io, "\\u", string(UInt16(letter), base=16, pad=4)) : print(io, letter)
    end
    print(io, '"')
end

# --- JSON as values ---------------------------------------------------------------------------------------------------

mutable struct Reader
    text::String
    at::Int
end

"""
    read_json(text) -> Any

Return the value that JSON spells: objects are `Dict{String,Any}`, lists `Vector{Any}`, null is `missing`. Numbers
without fraction and exponent are `Int64`, all others `Float64`. Throws an `ArgumentError` for anything else.
"""
function read_json(text::String)
    r = Reader(text, 1)
    value = next(r)
    peeked(r) == '\0' || lost(r)
    return value
end

lost(r::Reader) = throw(ArgumentError("this is no JSON, at byte $(r.at)"))

"""
    peeked(r) -> Char

Return the next letter that is no blank, or NUL behind the last.
"""
function peeked(r::Reader)
    while r.at <= ncodeunits(r.text) && r.text[r.at] in (' ', '\t', '\r', '\n')
        r.at += 1
    end
    return r.at <= ncodeunits(r.text) ? r.text[r.at] : '\0'
end

function next(r::Reader)
    letter = peeked(r)
    letter == '{' && return object(r)
    letter == '[' && return list(r)
    letter == '"' && return string_of(r)
    for (word, value) in ("true" => true, "false" => false, "null" => missing)
        startswith(SubString(r.text, r.at), word) && (r.at += length(word); return value)
    end
    return number(r)
end

function number(r::Reader)
    found = match(r"\G-?\d+(\.\d+)?([eE][+-]?\d+)?", r.text, r.at)
    found === nothing && lost(r)
    r.at += ncodeunits(found.match)
    whole = found.captures[1] === nothing && found.captures[2] === nothing ? tryparse(Int64, found.match) : nothing
    return whole === nothing ? parse(Float64, found.match) : whole
end

function string_of(r::Reader)
    found = match(r"\G\"(?:[^\"\\]++|\\.)*+\"", r.text, r.at)
    found === nothing && lost(r)
    r.at += ncodeunits(found.match)
    bare = SubString(found.match, 2, prevind(found.match, lastindex(found.match)))
    return occursin('\\', bare) ? replace(bare, r"(?:\\u[0-9a-fA-F]{4})+|\\." => unescaped) : String(bare)
end

const ESCAPES = Dict('b' => "\b", 'f' => "\f", 'n' => "\n", 'r' => "\r", 't' => "\t")

function unescaped(escape::AbstractString)
    startswith(escape, "\\u") || return get(ESCAPES, escape[2], escape[2:2])
    units = [parse(UInt16, unit, base=16) for unit in split(escape, "\\u", keepempty=false)]
    return transcode(String, units)
end

function list(r::Reader)
    values = Any[]
    r.at += 1
    peeked(r) == ']' && (r.at += 1; return values)
    while true
        push!(values, next(r))
        parted(r, ']') && return values
    end
end

function object(r::Reader)
    values = Dict{String,Any}()
    r.at += 1
    peeked(r) == '}' && (r.at += 1; return values)
    while true
        peeked(r) == '"' || lost(r)
        name = string_of(r)
        peeked(r) == ':' || lost(r)
        r.at += 1
        values[name] = next(r)
        parted(r, '}') && return values
    end
end

"""
    parted(r, last) -> Bool

Step over a comma, or over the `last` letter, and return whether it was that.
"""
function parted(r::Reader, last::Char)
    letter = peeked(r)
    letter in (',', last) || lost(r)
    r.at += 1
    return letter == last
end

# --- HTTP -------------------------------------------------------------------------------------------------------------

"""
    Answer

What came: `status`, `content` and the seconds to wait that `Retry-After` names; or no status and the reason. `again`
where another try may fare better.
"""
struct Answer
    status::Union{Nothing,Int}
    content::String
    again::Bool
    retry_after::Float64
end

const AGAIN = (429, 502, 503)
# curl's numbers: no such host, too late, and certificates, none of which gets better
const LASTING = (6, 28, 35, 51, 58, 60, 77)

Answer(status::Int, content::String, retry_after) =
    Answer(status, content, status in AGAIN, something(tryparse(Float64, something(retry_after, "0")), 0.0))

"""
    fetched(endpoint, path, body, known) -> Answer

Return the answer to a request, which is sent until there is one of a known status or the time is over.

Predictions change nothing: where a connection is lost, or the service says that it is too early (503), the same is
asked for again, after as many seconds as `Retry-After` says.
"""
function fetched(endpoint::Endpoint, path::String, body::Union{Nothing,String}, known)
    deadline = time() + endpoint.timeout
    pause = 0.1
    while true
        answer = once(endpoint, path, body, max(deadline - time(), 0.1))
        answer.status in known && return answer
        wait = max(pause, answer.retry_after) * (1 + rand() / 4)
        answer.again && time() + wait < deadline || throw(failure(answer, path))
        sleep(wait)
        pause = min(2pause, 2.0)
    end
end

function once(endpoint::Endpoint, path::String, body::Union{Nothing,String}, timeout::Float64)
    headers = ["Accept" => "application/json", endpoint.headers...]
    body === nothing || push!(headers, "Content-Type" => "application/json")
    return sent(endpoint.url * path, body, headers, timeout)
end

@static if VERSION >= v"1.6"
    function sent(url::String, body::Union{Nothing,String}, headers, timeout::Float64)
        content = IOBuffer()
        input = body === nothing ? (method="GET",) : (method="POST", input=IOBuffer(body))
        told = Downloads.request(url; output=content, headers=headers, timeout=timeout, throw=false, input...)
        told isa Downloads.RequestError && return Answer(nothing, told.message, !(told.code in LASTING), 0.0)
        named = Dict(lowercase(name) => value for (name, value) in told.headers)
        return Answer(told.status, String(take!(content)), get(named, "retry-after", nothing))
    end
else
    # headers go by a file, because everybody may read the command lines of a machine
    function sent(url::String, body::Union{Nothing,String}, headers, timeout::Float64)
        mktempdir() do folder
            place(name) = joinpath(folder, name)
            write(place("headers"), join("$name: $value\n" for (name, value) in headers), "Expect:\n")
            data = body === nothing ? `` : `--data-binary @$(place("body"))`
            body === nothing || write(place("body"), body)
            limits = `--max-time $timeout --connect-timeout $(min(timeout, 5.0))`
            files = `--header @$(place("headers")) --dump-header $(place("told")) --output $(place("content"))`
            command = `curl --silent --show-error $limits $files $data $url`
            done = run(pipeline(ignorestatus(command), stderr=place("complaint")))
            if done.exitcode != 0
                complaint = strip(read(place("complaint"), String))
                return Answer(nothing, complaint, !(done.exitcode in LASTING), 0.0)
            end
            told = last(split(strip(replace(read(place("told"), String), "\r" => "")), "\n\n"))
            after = match(r"^retry-after:\s*(\S+)"mi, told)
            content = isfile(place("content")) ? read(place("content"), String) : ""
            return Answer(parse(Int, split(told)[2]), content, after === nothing ? nothing : after.captures[1])
        end
    end
end

function parsed(answer::Answer)
    told = try
        read_json(answer.content)
    catch broken
        broken isa ArgumentError || rethrow()
        nothing
    end
    told isa Dict && return told
    throw(CallFailed("status $(answer.status), and not in the words of the service", answer.status, "http", [], ""))
end

"""
    failure(answer, path) -> CallFailed

Return the error that an answer, or none, is.
"""
function failure(answer::Answer, path::String)
    answer.status === nothing && return CallFailed("no answer to $path: $(answer.content)")
    told = try
        parsed(answer)
    catch bare
        return bare
    end
    about = get(told, "metadata", told)
    problems = [
        (row=present(get(each, "row", missing)), field=each["field"], message=each["message"])
        for each in get(about, "problems", Any[])
    ]
    message = get(about, "error_message", "status $(answer.status)")
    return CallFailed(message, answer.status, get(about, "code", "http"), problems, get(about, "request_id", ""))
end

present(value) = value === missing ? nothing : value

end
