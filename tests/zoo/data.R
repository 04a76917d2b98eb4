# Data of R's own, as authors hand them over: list(x, y).

flowers <- function() list(iris[1:4], iris$Species)
two_flowers <- function() {
  rows <- iris$Species != "setosa"
  list(iris[rows, 1:4], droplevels(iris$Species[rows]))
}
braking <- function() list(cars["speed"], cars$dist)
motors <- function() list(mtcars[c("wt", "hp", "qsec")], mtcars$mpg)
breaks <- function() list(warpbreaks[c("wool", "tension")], warpbreaks$breaks)
patients <- function() list(survival::lung[c("age", "sex", "status")], survival::lung$time)
lake <- function() list(data.frame(ahead = seq_along(LakeHuron)), as.numeric(LakeHuron))
bacteria <- function() list(MASS::bacteria[c("trt", "week", "ID")], MASS::bacteria$y)
