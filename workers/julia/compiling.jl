# How long Julia compiles when a model is fitted, so that nobody takes it for the fit's own time.

"""
    clocked(f, call) -> Tuple{Any,Float64}

Return `f()`, which makes the call, and the seconds that Julia compiles for it. Before Julia 1.6, which tells, it is what
can be compiled before the call: what it will call by types that cannot be foreseen is not among it.
"""
function clocked(f, call::Call)
    if isdefined(Base, :cumulative_compile_timing)      # since Julia 1.8
        Base.cumulative_compile_timing(true)
        try
            before = first(Base.cumulative_compile_time_ns())
            return f(), (first(Base.cumulative_compile_time_ns()) - before) / 1e9
        finally
            Base.cumulative_compile_timing(false)
        end
    elseif isdefined(Base, :cumulative_compile_time_ns_before)
        before = Base.cumulative_compile_time_ns_before()
        try
            return f(), (Base.cumulative_compile_time_ns_after() - before) / 1e9
        catch
            Base.cumulative_compile_time_ns_after()
            rethrow()
        end
    end
    seconds = @elapsed Base.invokelatest(compile_ahead, call)
    return f(), seconds
end

function compile_ahead(call::Call)
    types = map(Core.Typeof, Tuple(call.arguments))
    options = typeof((; call.options...))
    try
        isempty(call.options) ? author(precompile, call.f, types) :
            author(precompile, Core.kwfunc(call.f), (options, Core.Typeof(call.f), types...))
    catch failure
        # What is wrong with the call, the call itself says.
        failure isa InterruptException && rethrow()
    end
    return nothing
end
