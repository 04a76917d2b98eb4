# What authors' functions answer, as the few shapes that cross to the host.

"""
    numbers(answer) -> Array{Float64}

Return a vector or matrix of real numbers as Float64; `missing` becomes NaN.
"""
numbers(answer::Array{Float64}) = answer
numbers(answer::AbstractArray{<:Real}) = convert(Array{Float64}, answer)
numbers(answer::AbstractArray{<:Union{Missing,Real}}) = Float64[ismissing(x) ? NaN : x for x in answer]
numbers(answer::AbstractArray) = numbers(narrow(answer, "numbers"))
numbers(answer::Tuple) = numbers(collect(answer))
numbers(answer) = refuse("a vector or matrix of numbers is needed, one row a sample; the answer is ", kind(answer))

"""
    narrow(answer, wanted) -> AbstractArray

Return an array of an abstract element type with the type that its elements have; refuses where that is no help.
"""
function narrow(answer::AbstractArray, wanted::String)
    isempty(answer) && return zeros(size(answer))
    narrowed = map(identity, answer)
    eltype(narrowed) == eltype(answer) && refuse("an array of ", wanted, " is needed; the answer is ", kind(answer))
    return narrowed
end

kind(answer) = string("a value of type ", typeof(answer))

"""
    codes(answer, classes, coding) -> Vector{Int32}

Return the zero-based codes of a classifier's answer, which holds labels or integers as `coding` says.
"""
function codes(answer::AbstractArray, classes::Classes, coding::String)
    coding == "values" && return lookup(narrow_labels(answer), classes)
    first = coding == "codes" ? 1 : 0
    return offset_codes(numbers(answer), first, length(classes.labels))
end
codes(answer::Tuple, classes::Classes, coding::String) = codes(collect(answer), classes, coding)
codes(answer, ::Classes, ::String) = refuse("a vector with one label a sample is needed; the answer is ", kind(answer))

narrow_labels(answer::AbstractArray) = isconcretetype(eltype(answer)) ? answer : map(identity, answer)

function lookup(answer::AbstractArray, classes::Classes)
    found = Vector{Int32}(undef, length(answer))
    for (i, label) in enumerate(answer)
        code = get(classes.codes, plain_label(label), -1)::Int
        code < 0 && refuse(
            "sample ", i, ": ", repr(label), " is none of the classes ",
            join(map(repr, Iterators.take(classes.labels, 10)), ", "),
        )
        found[i] = code
    end
    return found
end

plain_label(label) = label
plain_label(label::Union{Symbol,AbstractChar,Enum}) = string(label)

function offset_codes(answer::Array{Float64}, first::Int, count::Int)
    found = Vector{Int32}(undef, length(answer))
    for (i, value) in enumerate(answer)
        isinteger(value) && first <= value < first + count || refuse(
            "sample ", i, ": ", value, " is no class code; codes go from ", first, " to ", first + count - 1
        )
        found[i] = Int32(value) - Int32(first)
    end
    return found
end

"""
    probabilities(answer, classes, coding, columns) -> Array{Float64}

Return probabilities as (samples, classes) in class order. A plain matrix is in the order of the codes, or, where the
author got the classes themselves ("values"), in their sorted order; a tuple
`(matrix, labels)`, a NamedTuple or a Dict of label => vector is put into it, where a class without a column was never
seen in training and has probability 0. `columns` says that samples are
the columns of a matrix.
"""
function probabilities(answer, classes::Classes, coding::String, columns::Bool)
    found = samples_in_rows(answer, columns)
    known = coding != "values" || issorted(classes.labels)
    return known || size(found, 2) != length(classes.labels) ? found : in_order(found, sort(classes.labels), classes)
end

function probabilities(answer::Tuple{AbstractArray,Any}, classes::Classes, ::String, columns::Bool)
    return in_order(samples_in_rows(answer[1], columns), collect(answer[2]), classes)
end

function probabilities(answer::Union{NamedTuple,AbstractDict}, classes::Classes, ::String, ::Bool)
    return in_order(hcat(map(numbers, collect(values(answer)))...), collect(keys(answer)), classes)
end

samples_in_rows(answer, columns::Bool) = columns ? turned(numbers(answer)) : numbers(answer)

turned(answer::Matrix{Float64}) = permutedims(answer)
turned(answer::Array{Float64}) = answer

function in_order(answer::Array{Float64}, labels::Vector, classes::Classes)
    texts = String[string(label) for label in classes.labels]
    order = Int[something(findfirst(isequal(string(label)), texts), 0) for label in labels]
    if ndims(answer) != 2 || size(answer, 2) != length(labels) || 0 in order || !allunique(order)
        refuse(
            "probabilities need one column for each of the classes ", join(classes.labels, ", "), "; the answer has ",
            size(answer, 2), " columns, labelled ", join(labels, ", "),
        )
    end
    sorted = zeros(size(answer, 1), length(classes.labels))
    sorted[:, order] = answer
    return sorted
end
