#' Have plots drawn nowhere from now on
#'
#' Rscript draws into Rplots.pdf of the working directory where nobody opened a device, and so would every request whose
#' model plots.
draw_nowhere <- function() options(device = null_device)

null_device <- function(...) grDevices::pdf(NULL)

#' Close the devices that the author's code left open
close_devices <- function() {
  if (grDevices::dev.cur() > 1L) grDevices::graphics.off()
}
