# julia --startup-file=no where.jl: tells where the parts of this Julia are, a line each: its programs' folder, its
# library, its image. The launcher of juliaup may print lines of its own before them.
"@stdlib" in LOAD_PATH || push!(LOAD_PATH, "@stdlib")

import Libdl

println(Sys.BINDIR)
println(Libdl.dlpath("libjulia"))
println(unsafe_string(Base.JLOptions().image_file))
