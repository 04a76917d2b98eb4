# Exceptions as text: what went wrong, of which type, and the author's own frames.

const OURS = @__DIR__
const FRAMES_AT_MOST = 50
const ADDRESSES_AT_MOST = 400           # a stack overflow brings tens of thousands
const TEXT_AT_MOST = 10_000             # characters

"""
    report(failure, trace) -> Dict

Return class, message and traceback of an exception; never throws.
"""
function report(@nospecialize(failure), trace::Vector)
    cause = failure
    while cause isa LoadError
        cause = cause.error
    end
    return Dict{String,Any}(
        "class" => string(nameof(typeof(cause))),
        "message" => message_of(failure),
        "traceback" => string(traceback_of(trace), located(failure)),
    )
end

function message_of(@nospecialize failure)
    text = try
        Base.invokelatest(sprint, showerror, failure)
    catch
        string("an exception of type ", typeof(failure), " that cannot be shown")
    end
    failure isa InterruptException && (text = "interrupted: the call was stopped before it was done")
    return author_text(first(text, TEXT_AT_MOST))
end

located(@nospecialize failure) = failure isa LoadError ? string("  ", failure.file, ":", failure.line, "\n") : ""

"""
    traceback_of(trace) -> String

Return one line a frame, innermost first, up to where the bridge called the author. Frames are looked up one
by one, because those behind the bridge belong to the host and cost dearly.
"""
function traceback_of(trace::Vector)
    lines = String[]
    try
        for address in Iterators.take(trace, ADDRESSES_AT_MOST), frame in StackTraces.lookup(address)
            file = string(frame.file)
            (startswith(file, OURS) || length(lines) >= FRAMES_AT_MOST) && return join(lines)
            (frame.from_c || occursin("invokelatest", string(frame.func))) && continue
            push!(lines, author_text(string("  ", frame.func, " at ", file, ":", frame.line, "\n")))
        end
    catch
        # A trace that cannot be read is no reason to lose the message.
    end
    return join(lines)
end

"""
    author_text(text) -> String

Return the text with the author's names as the author wrote them, without the module that we put around them. Where
Julia names that module itself, as it does since 1.11 for what is not defined, it is the script.
"""
function author_text(text::AbstractString)
    text = replace(text, r"`(Main\.)?Sources_[0-9a-f]{16}_[0-9a-f]{8}`" => "the script")
    return replace(text, r"(Main\.)?Sources_[0-9a-f]{16}_[0-9a-f]{8}\.?" => "")
end
