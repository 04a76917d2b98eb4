# Rscript plain.R: every author's model fitted and asked as at home, without anything of Triglot; what it answers is
# printed, a line an answer, numbers to the last bit; or the package that a model lacks here.

here <- dirname(sub("^--file=", "", grep("^--file=", commandArgs(), value = TRUE)[[1L]]))

# found anew at each call, because packages bring a predict of their own
usual <- function(m, x) predict(m, x)

# model, data, and how people ask such a model
zoo <- list(
  lm = list("motors", numbers = usual),
  glm_binomial = list("two_flowers", shares = function(m, x) predict(m, x, type = "response")),
  glm_poisson = list("breaks", numbers = function(m, x) predict(m, x, type = "response")),
  rpart = list("flowers", classes = function(m, x) predict(m, x, type = "class"), shares = function(m, x) predict(m, x)),
  nnet = list("flowers", classes = function(m, x) predict(m, x, type = "class"), shares = function(m, x) predict(m, x)),
  multinom = list("flowers", classes = usual, shares = function(m, x) predict(m, x, type = "probs")),
  randomForest = list("flowers", classes = usual, shares = function(m, x) predict(m, x, type = "prob")),
  ranger = list("flowers", shares = function(m, x) predict(m, x)$predictions),
  ranger_classes = list("flowers", classes = function(m, x) predict(m, x)$predictions),
  svm = list("flowers", classes = usual, shares = function(m, x) {
    attr(predict(m, x, probability = TRUE), "probabilities")[, levels(iris$Species)]
  }),
  naiveBayes = list("flowers", classes = usual, shares = function(m, x) predict(m, x, type = "raw")),
  lda = list("flowers", classes = function(m, x) predict(m, x)$class, shares = function(m, x) predict(m, x)$posterior),
  qda = list("flowers", classes = function(m, x) predict(m, x)$class, shares = function(m, x) predict(m, x)$posterior),
  gam = list("motors", numbers = usual),
  gam_binomial = list("two_flowers", shares = function(m, x) predict(m, x, type = "response")),
  cv_glmnet = list("flowers",
    classes = function(m, x) predict(m, x, type = "class"), shares = function(m, x) predict(m, x, type = "response")
  ),
  glmnet = list("motors", numbers = function(m, x) predict(m, x, s = 0.5)),
  gbm = list("motors", numbers = function(m, x) predict(m, x, n.trees = 40)),
  gbm_bernoulli = list("two_flowers", shares = function(m, x) predict(m, x, n.trees = 40, type = "response")),
  ksvm = list("flowers", classes = usual, shares = function(m, x) predict(m, x, type = "probabilities")),
  coxph = list("patients", numbers = usual),
  loess = list("braking", numbers = usual),
  nls = list("braking", numbers = usual),
  arima = list("lake", numbers = function(m, x) predict(m, n.ahead = nrow(x))$pred),
  train = list("flowers", classes = usual, shares = function(m, x) predict(m, x, type = "prob")),
  s4 = list("flowers", classes = usual, shares = function(m, x) predict(m, x, type = "prob")),
  glmer = list("bacteria", shares = function(m, x) predict(m, x, type = "response")),
  glmer_poisson = list("breaks", numbers = function(m, x) predict(m, x, type = "response")),
  glmmPQL = list("bacteria", shares = function(m, x) predict(m, x, type = "response")),
  vglm = list("flowers", shares = function(m, x) predict(m, x, type = "response")),
  vglm_poisson = list("breaks", numbers = function(m, x) predict(m, x, type = "response")),
  cforest = list("flowers",
    classes = function(m, x) predict(m, newdata = x), shares = function(m, x) {
      do.call(rbind, predict(m, newdata = x, type = "prob"))
    }
  ),
  ctree = list("flowers", classes = usual, shares = function(m, x) do.call(rbind, predict(m, x, type = "prob"))),
  earth = list("two_flowers",
    classes = function(m, x) predict(m, x, type = "class"), shares = function(m, x) predict(m, x, type = "response")
  ),
  smooth_spline = list("braking", numbers = function(m, x) predict(m, x$speed)$y),
  gam_ocat = list("flowers", shares = function(m, x) predict(m, x, type = "response")),
  gamm = list("motors", numbers = function(m, x) predict(m$gam, x)),
  glmtree = list("two_flowers", shares = usual),
  flexmix = list("breaks", numbers = function(m, x) predict(m, x, aggregate = TRUE)),
  polr = list("flowers", classes = usual, shares = function(m, x) predict(m, x, type = "probs")),
  r5 = list("motors", numbers = function(m, x) m$predict(x))
)

source(file.path(here, "data.R"))
for (name in names(zoo)) {
  home <- zoo[[name]]
  data <- get(home[[1L]])()
  x <- data[[1L]]
  y <- data[[2L]]
  if (grepl("glmnet", name)) x <- as.matrix(x)
  if (name == "gbm_bernoulli") y <- as.integer(y) - 1L
  author <- new.env()
  lacks <- tryCatch(
    {
      suppressPackageStartupMessages(source(file.path(here, paste0(name, ".R")), author))
      NULL
    },
    packageNotFoundError = function(condition) condition$package
  )
  if (!is.null(lacks)) {
    cat(name, "lacks", lacks, sep = "\t")
    cat("\n")
    next
  }
  set.seed(1)
  model <- suppressWarnings(author$fit(x, y))
  for (what in names(home)[-1L]) {
    answer <- home[[what]](model, x)
    answer <- if (what == "classes") as.character(answer) else sprintf("%a", unlist(answer, use.names = FALSE))
    cat(name, what, answer, sep = "\t")
    cat("\n")
  }
}
