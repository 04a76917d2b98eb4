# MessagePack, as far as requests and reports need it; the standard library has no format for values.

mutable struct Reader
    bytes::Vector{UInt8}
    at::Int
end

"""
    unpack(bytes) -> Any

Return the one value in these bytes; lists are `Vector{Any}`, maps `Dict{String,Any}`, nil is `nothing`.
"""
unpack(bytes::Vector{UInt8}) = next(Reader(bytes, 1))

function next(r::Reader)
    tag = take(r, UInt8)
    tag < 0x80 && return Int64(tag)
    tag < 0x90 && return map_of(r, Int(tag & 0x0f))
    tag < 0xa0 && return list_of(r, Int(tag & 0x0f))
    tag < 0xc0 && return text_of(r, Int(tag & 0x1f))
    tag >= 0xe0 && return Int64(reinterpret(Int8, tag))
    tag == 0xc0 && return nothing
    tag == 0xc2 && return false
    tag == 0xc3 && return true
    tag == 0xca && return Float64(take(r, Float32))
    tag == 0xcb && return take(r, Float64)
    tag == 0xcc && return Int64(take(r, UInt8))
    tag == 0xcd && return Int64(take(r, UInt16))
    tag == 0xce && return Int64(take(r, UInt32))
    tag == 0xcf && return reinterpret(Int64, take(r, UInt64))
    tag == 0xd0 && return Int64(take(r, Int8))
    tag == 0xd1 && return Int64(take(r, Int16))
    tag == 0xd2 && return Int64(take(r, Int32))
    tag == 0xd3 && return take(r, Int64)
    tag == 0xd9 && return text_of(r, Int(take(r, UInt8)))
    tag == 0xda && return text_of(r, Int(take(r, UInt16)))
    tag == 0xdb && return text_of(r, Int(take(r, UInt32)))
    tag == 0xdc && return list_of(r, Int(take(r, UInt16)))
    tag == 0xdd && return list_of(r, Int(take(r, UInt32)))
    tag == 0xde && return map_of(r, Int(take(r, UInt16)))
    tag == 0xdf && return map_of(r, Int(take(r, UInt32)))
    refuse("a request holds a value of a kind that Julia is not sent (tag ", tag, ")")
end

function take(r::Reader, ::Type{T}) where {T}
    r.at + sizeof(T) - 1 <= length(r.bytes) || refuse("a request ends too early")
    bits = GC.@preserve r unsafe_load(Ptr{T}(pointer(r.bytes, r.at)))
    r.at += sizeof(T)
    return ntoh(bits)
end

function text_of(r::Reader, n::Int)
    r.at + n - 1 <= length(r.bytes) || refuse("a request ends too early")
    text = GC.@preserve r unsafe_string(pointer(r.bytes) + r.at - 1, n)
    r.at += n
    return text
end

function list_of(r::Reader, n::Int)
    list = Any[]
    for _ in 1:n
        push!(list, next(r))
    end
    return list
end

function map_of(r::Reader, n::Int)
    map = Dict{String,Any}()
    for _ in 1:n
        key = next(r)::String
        map[key] = next(r)
    end
    return map
end

"""
    pack(value) -> Vector{UInt8}

Return a value of nothing, booleans, integers, floats, text, lists and maps as bytes.
"""
function pack(@nospecialize value)
    io = IOBuffer()
    put(io, value)
    return take!(io)
end

put(io::IOBuffer, ::Nothing) = write(io, 0xc0)
put(io::IOBuffer, value::Bool) = write(io, value ? 0xc3 : 0xc2)
put(io::IOBuffer, value::Integer) = (write(io, 0xd3); write(io, hton(Int64(value))))
put(io::IOBuffer, value::AbstractFloat) = (write(io, 0xcb); write(io, hton(Float64(value))))

# Bytes that are not UTF-8 would make the whole answer unreadable for the host.
function put(io::IOBuffer, value::String)
    text = isvalid(value) ? value : map(c -> isvalid(c) ? c : '\ufffd', value)
    write(io, 0xdb)
    write(io, hton(UInt32(ncodeunits(text))))
    write(io, text)
end

function put(io::IOBuffer, list::Vector)
    write(io, 0xdd)
    write(io, hton(UInt32(length(list))))
    foreach(value -> put(io, value), list)
end

function put(io::IOBuffer, map::Dict)
    write(io, 0xdf)
    write(io, hton(UInt32(length(map))))
    for (key, value) in map
        put(io, key)
        put(io, value)
    end
end
