# What can go wrong in an author's code, and what it may print.
struct TooCold <: Exception
    degrees::Float64
end

Base.showerror(io::IO, e::TooCold) = print(io, "too cold: ", e.degrees)

fit(X, y) = sum(y)

check(x) = x < 0 ? throw(TooCold(x)) : x

predict(model, X) = [check(x) for x in X[:, 1]]

only_strings(model::String, X) = X

deep(model, X) = deep(model, X) .+ 1

function sleepy(model, X)
    sleep(60)
    return X[:, 1]
end

function busy(model, X)
    total = 0.0
    for i in 1:10^12
        total += sin(total) + i
    end
    return X[:, 1] .+ total
end

function seconds(model, X; n=0.6)
    started = time_ns()
    while time_ns() - started < n * 1e9
    end
    return X[:, 1]
end

function talkative(model, X)
    println("in the author's words")
    println(stderr, "aside")
    ccall(:puts, Cint, (Cstring,), "from C")
    @info "by the way"
    @warn "too few samples" n = 3
    return X[:, 1]
end

threads(model, X) = fill(Threads.nthreads(), size(X, 1))

level(model, X) = fill(Base.JLOptions().opt_level, size(X, 1))

function together(model, X)
    answer = zeros(size(X, 1))
    Threads.@threads for i in axes(X, 1)
        answer[i] = sum(fill(X[i, 1] / 1000, 1000))
    end
    return round.(answer)
end

function leaving(X, y; mark)
    atexit(() -> touch(mark))
    return sum(y)
end
