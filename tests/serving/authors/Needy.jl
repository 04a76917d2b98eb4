"""
A model that answers 2, and does not load while the file that NEEDY names says how.
"""
module Needy

"""
    trouble()

Return what the file says; nothing where it is not there.
"""
function trouble()
    file = get(ENV, "NEEDY", "/nowhere")
    return isfile(file) ? read(file, String) : ""
end

const HOW = trouble()
HOW == "lacks" && @eval import APackageThatIsNotHere
HOW == "path" && error("cannot open /srv/secret/place/rates.csv")
HOW == "ends" && ccall(:_exit, Cvoid, (Cint,), 3)
while HOW == "hangs"
    sleep(0.1)
end

struct Two end

fit(X, y) = Two()

predict(::Two, X) = fill(trouble() == "wrong" ? 3.0 : 2.0, size(X, 1))

end
