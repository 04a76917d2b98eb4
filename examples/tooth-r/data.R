# The measurements that come with R; supp is a factor with the levels OJ and VC.
dataset <- function() {
  growth <- datasets::ToothGrowth
  list(x = growth[c("supp", "dose")], y = growth$len)
}
