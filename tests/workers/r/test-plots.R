test_that("a plot that nobody opened a device for leaves no file", {
  withr::local_dir(withr::local_tempdir())
  withr::local_options(device = NULL)
  draw_nowhere()
  plot(1:3)
  expect_gt(dev.cur(), 1L)
  close_devices()
  expect_equal(dev.cur(), c("null device" = 1L))
  expect_identical(list.files(), character())
  close_devices()
})

test_that("a file that the author opened holds the plot once devices are closed", {
  withr::local_dir(withr::local_tempdir())
  pdf("mine.pdf")
  plot(1:3)
  close_devices()
  # what lies between is compressed, and no text
  written <- readBin("mine.pdf", "raw", file.size("mine.pdf"))
  expect_identical(rawToChar(utils::tail(written, 6L)), "%%EOF\n")
})
