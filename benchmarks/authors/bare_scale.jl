# julia bare_scale.jl SCALE.JL LEARNED DOUBLES ANSWERS PIECE FIRST STEP: fits a model on the CSV file LEARNED, and answers
# every STEP-th piece of a file of doubles from the FIRST on. A piece has PIECE rows, column by column.
using DelimitedFiles
include(ARGS[1])

"Answer the pieces of one file of doubles into another."
function answer(beta, columns, from, to, piece, first, step)
    total = filesize(from) ÷ 8 ÷ columns
    open(from) do source
        open(to, "w") do answers
            for start in (first * piece):(step * piece):(total - 1)
                rows = Matrix{Float64}(undef, min(piece, total - start), columns)
                seek(source, start * columns * 8)
                read!(source, rows)
                write(answers, Scale.predict(beta, rows))
            end
        end
    end
end

learned, _ = readdlm(ARGS[2], ',', Float64; header = true)
beta = Scale.fit(learned[:, 1:(end - 1)], learned[:, end])
answer(beta, size(learned, 2) - 1, ARGS[3], ARGS[4], parse.(Int, ARGS[5:7])...)
