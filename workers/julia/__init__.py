"""Julia, through libjulia's C API; what is written in Julia stands in the .jl files."""
