module Shades

using Statistics

struct Shade
    level::Float64
end

Shade(y::AbstractVector) = Shade(mean(y))

shaded(shade::Shade, X) = fill(2 * shade.level, size(X, 1))

end
