# A function of a script by its name, called as a worker does.
call_of <- function(env, name, ...) {
  outcome <- guarded(env = env, entry(name, character(), env, list(...))())
  expect_null(outcome[[3]])
  outcome[[1]]
}

script <- function(..., envir = parent.frame()) {
  outcome <- author(c(...), envir)
  expect_null(outcome[[3]])
  outcome[[1]]
}

test_that("options of one script are not those of another, and stay its own", {
  comma <- script("options(OutDec = ',', mine = 1)", "show <- function() format(12.5)", "own <- function() getOption('mine')")
  plain <- script("show <- function() format(12.5)", "own <- function() getOption('mine')")
  expect_identical(call_of(plain, "show"), "12.5")
  expect_null(call_of(plain, "own"))
  expect_identical(call_of(comma, "show"), "12,5")
  expect_identical(call_of(comma, "own"), 1)
  expect_identical(call_of(plain, "show"), "12.5")
})

test_that("so are environment variables, and the time zone with them", {
  text <- "clock <- function() format(as.POSIXct(0, origin = '1970-01-01'), '%H')"
  far <- script("Sys.setenv(TZ = 'Asia/Tokyo', MINE = 'far')", text, "own <- function() Sys.getenv('MINE', NA)")
  near <- script(text, "own <- function() Sys.getenv('MINE', NA)")
  here <- call_of(near, "clock")
  expect_identical(call_of(far, "clock"), "09")
  expect_identical(call_of(far, "own"), "far")
  expect_identical(call_of(near, "clock"), here)
  expect_identical(call_of(near, "own"), NA_character_)
})

test_that("the locale, the working directory, the global environment and attached data are its own", {
  place <- normalizePath(withr::local_tempdir())
  text <- c(
    "folder <- function() normalizePath(getwd())", "sorted <- function() Sys.getlocale('LC_COLLATE')",
    "global <- function() exists('left', globalenv())", "found <- function() exists('petals')"
  )
  one <- script(text, paste0("set <- function() {
    setwd('", place, "')
    Sys.setlocale('LC_COLLATE', 'C')
    assign('left', 1, globalenv())
    attach(data.frame(petals = 1:3), name = 'flowers')
    NULL
  }"))
  two <- script(text)
  before <- lapply(c("folder", "sorted", "global", "found"), function(name) call_of(two, name))
  expect_null(call_of(one, "set"))
  expect_identical(lapply(c("folder", "sorted", "global", "found"), function(name) call_of(two, name)), before)
  expect_identical(
    lapply(c("folder", "sorted", "global", "found"), function(name) call_of(one, name)), list(place, "C", TRUE, TRUE)
  )
  expect_identical(call_of(two, "found"), FALSE)
})

test_that("random numbers go on where the script left them, whatever others draw", {
  text <- c("seed <- function() set.seed(1)", "draw <- function() runif(1)")
  one <- script(text)
  other <- script(text, "RNGkind('Wichmann-Hill')")
  expected <- withr::with_seed(1, runif(3), .rng_kind = "Mersenne-Twister")
  call_of(one, "seed")
  found <- vapply(1:3, function(i) {
    call_of(other, "seed")
    call_of(other, "draw")
    call_of(one, "draw")
  }, 0)
  expect_identical(found, expected)
  third <- script(text)
  call_of(third, "seed")
  expect_identical(call_of(third, "draw"), expected[[1]])
})

test_that("a package that one script attaches masks nothing in another", {
  # MASS has a select(), and so has a script's own attached data
  mine <- script("attach(list(select = function() 'mine'), name = 'mine')", "choice <- function() select()")
  expect_identical(call_of(mine, "choice"), "mine")
  theirs <- script("library(MASS)", "choice <- function() environmentName(environment(select))")
  expect_identical(call_of(theirs, "choice"), "MASS")
  expect_identical(call_of(mine, "choice"), "mine")
  expect_identical(call_of(theirs, "choice"), "MASS")
  bare <- script("choice <- function() exists('select')")
  expect_identical(call_of(bare, "choice"), FALSE)
  expect_identical(call_of(theirs, "choice"), "MASS")
})

test_that("packages that mask nothing stay where they are", {
  harmless <- script("library(nnet)", "there <- function() 'package:nnet' %in% search()")
  other <- script("there <- function() 'package:nnet' %in% search()")
  expect_true(call_of(harmless, "there"))
  expect_true(call_of(other, "there"))
  expect_true(call_of(harmless, "there"))
})

test_that("what a package sets when it is loaded is everybody's, unless a script has said otherwise", {
  own <- script("options(boot.parallel = 'mine')", "set <- function() getOption('boot.parallel', 'unset')")
  other <- script("set <- function() getOption('boot.parallel', 'unset')")
  expect_identical(call_of(other, "set"), "unset")
  expect_identical(call_of(own, "set"), "mine")
  tell_news("options", "boot.parallel", list(), list(boot.parallel = "no")) # as boot would have it
  expect_identical(call_of(own, "set"), "mine")
  expect_identical(call_of(other, "set"), "no")
  expect_identical(call_of(script("set <- function() getOption('boot.parallel')"), "set"), "no")
})

test_that("a change that cannot be made is told, and the next script is not the worse for it", {
  gone <- script("library(MASS)", "fine <- function() TRUE")
  other <- script("fine <- function() TRUE")
  expect_true(call_of(other, "fine"))
  world <- world_of(gone)
  world$left$search <- append(world$left$search, "package:nowhere", 1L)
  outcome <- guarded(env = gone, 1)
  expect_match(outcome[[3]][[1]], "nowhere")
  expect_true(call_of(other, "fine"))
})

test_that("a folder that is gone, and globals that raise, are no trouble of the next script", {
  gone <- script("go <- function() {
    folder <- tempfile()
    dir.create(folder)
    setwd(folder)
    unlink(folder, recursive = TRUE)
    is.null(getwd())
  }", "options(mine = 1)", "own <- function() getOption('mine')")
  raising <- script(
    "go <- function() delayedAssign('lazy', stop('boom'), assign.env = globalenv())",
    "bind <- function() makeActiveBinding('active', function() stop('boom'), globalenv())",
    "options(mine = 2)", "own <- function() getOption('mine')"
  )
  withr::defer(rm(list = c("lazy", "active"), envir = globalenv()))
  other <- script("fine <- function() getOption('mine', 0)")
  call_of(gone, "go")
  call_of(raising, "go")
  call_of(raising, "bind")
  for (turn in 1:2) {
    expect_identical(call_of(other, "fine"), 0)
    expect_identical(call_of(gone, "own"), 1)
    expect_identical(call_of(raising, "own"), 2)
  }
})

test_that("a limit of nested calls holds for the calls of the script that has set it", {
  narrow <- script("options(expressions = 400)", "limit <- function() getOption('expressions')")
  other <- script("limit <- function() getOption('expressions')")
  usual <- call_of(other, "limit")
  for (turn in 1:2) {
    expect_identical(call_of(other, "limit"), usual)
    expect_identical(call_of(narrow, "limit"), 400L)
  }
})

test_that("what is attached comes back at its own place, whatever it is called", {
  twice <- script(
    "attach(list(v = 1), name = 'same', warn.conflicts = FALSE)", "attach(list(v = 2), name = 'same')",
    "attach(list(w = 7), name = 'package:mine')", "seen <- function() c(v, get('v', 4), w)"
  )
  other <- script("library(MASS)", "fine <- function() TRUE")
  before <- call_of(twice, "seen")
  expect_true(call_of(other, "fine"))
  expect_identical(call_of(twice, "seen"), before)
})
