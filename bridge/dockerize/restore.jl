# Installs what the active project asks for into the first depot, and compiles it.
#
#   julia --project=FOLDER restore.jl
#
# What comes with Julia, or lies in folders that the manifest names, needs no registry: then none is asked.

using Pkg

wanted = keys(get(Pkg.TOML.parsefile(Base.active_project()), "deps", Dict()))
if any(name -> Base.find_package(name) === nothing, wanted)
    Pkg.instantiate()
end
for name in wanted
    Base.require(Main, Symbol(name))
end
