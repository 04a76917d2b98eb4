# Columns that lie in the host's memory, as the arrays and tables that authors know.

const TYPES = Dict{String,DataType}(
    "float64" => Float64, "float32" => Float32, "int64" => Int64, "int32" => Int32, "bool" => Bool,
)

"""
    wrap(T, address, dims...) -> Array{T}

Return an array over foreign memory; it roots nothing, so whoever keeps it must copy it.
"""
wrap(::Type{T}, address::Int, n::Int) where {T} = unsafe_wrap(Array, Ptr{T}(address), (n,))
wrap(::Type{T}, address::Int, n::Int, m::Int) where {T} = unsafe_wrap(Array, Ptr{T}(address), (n, m))

"""
    features(data, own) -> Union{Matrix,NamedTuple}

Return X: `["matrix", type, address, rows, columns]` as a `Matrix`, `["table", names, columns, rows]` as a
`NamedTuple` of vectors. With `own` all of it is Julia's own memory, else numbers lie where the host has them.
"""
function features(data::Vector{Any}, own::Bool)
    if data[1] == "matrix"
        matrix = wrap(TYPES[data[2]], data[3], data[4], data[5])
        return own ? copy(matrix) : matrix
    end
    names = Symbol[Symbol(name) for name in data[2]]
    columns = Any[column(part, data[4], own) for part in data[3]]
    return NamedTuple{(names...,)}((columns...,))
end

"""
    column([kind, address, missing_address, extra], rows, own) -> Vector

Return one column; where a mask comes with it, as a vector of `Union{Missing,T}`.
"""
function column(part::Vector{Any}, rows::Int, own::Bool)
    kind, address, mask, extra = part
    if kind == "string"
        values = texts(wrap(UInt8, address, extra[2]), wrap(Int64, extra[1], rows + 1))
    elseif kind == "category"
        values = leveled(extra, wrap(Int32, address, rows))
    elseif kind == "date"
        values = days(wrap(Int64, address, rows))
    elseif kind == "datetime"
        values = moments(wrap(Int64, address, rows))
    else
        values = wrap(TYPES[kind], address, rows)
        own && mask == 0 && return copy(values)
    end
    return mask == 0 ? values : masked(values, wrap(Bool, mask, rows))
end

function texts(bytes::Vector{UInt8}, ends::Vector{Int64})
    return GC.@preserve bytes String[
        unsafe_string(pointer(bytes) + ends[i], ends[i + 1] - ends[i]) for i in 1:length(ends) - 1
    ]
end

leveled(levels::Vector{Any}, codes::Vector{Int32}) = String[levels[code + 1]::String for code in codes]

# Days and milliseconds since 1970. A DateTime has no zone: the host sends what clocks on the wall showed.
days(counts::Vector{Int64}) = Dates.Date[Dates.Date(1970) + Dates.Day(count) for count in counts]
moments(counts::Vector{Int64}) = Dates.DateTime[Dates.DateTime(1970) + Dates.Millisecond(count) for count in counts]

masked(values::Vector{T}, mask::Vector{Bool}) where {T} =
    Union{Missing,T}[mask[i] ? missing : values[i] for i in eachindex(values)]

"""
    Classes(labels)

The classes of a classifier in their order, all of one type, and the zero-based code of each.
"""
struct Classes
    labels::Vector
    codes::Dict{Any,Any}        # of a type that Julia has compiled already
end

function Classes(labels::Vector{Any})
    codes = Dict{Any,Any}()
    for i in 1:length(labels)
        codes[labels[i]] = i - 1
    end
    return Classes(typed(labels), codes)
end

"""
    typed(list) -> Vector

Return a list whose values are all of one type as a vector of that type, any other as it is.
"""
function typed(list::Vector{Any})
    isempty(list) && return list
    T = typeof(list[1])
    for value in list
        value isa T || return list
    end
    return copyto!(Vector{T}(undef, length(list)), list)
end

"""
    target(y, classes, coding) -> Vector

Return a copy of y, `[type, address, rows]`, or `[type, address, rows, outputs]`, a matrix: as it is without classes, else codes as labels ("values"), as
one-based integers ("codes") or as zero-based integers ("encoded").
"""
function target(y::Vector{Any}, classes::Union{Nothing,Classes}, coding::String)
    length(y) == 4 && return copy(wrap(TYPES[y[1]], y[2], y[3], y[4]))
    values = wrap(TYPES[y[1]], y[2], y[3])
    classes === nothing && return copy(values)
    coding == "values" && return labelled(classes.labels, values)
    return integers(values, coding == "codes" ? 1 : 0)
end

labelled(labels::Vector{T}, codes::Vector{Int32}) where {T} = T[labels[code + 1] for code in codes]
integers(codes::Vector{Int32}, offset::Int) = Int[code + offset for code in codes]

"""
    keywords(map) -> Dict{Symbol,Any}

Return keyword arguments; a list of values of one type becomes a vector of that type.
"""
function keywords(map::Dict{String,Any})
    found = Dict{Symbol,Any}()
    for name in keys(map)
        found[Symbol(name)] = plain(map[name])
    end
    return found
end

plain(value) = value
plain(list::Vector{Any}) = typed(Any[plain(value) for value in list])
