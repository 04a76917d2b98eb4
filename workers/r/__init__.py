"""R, through rpy2's low-level interface; what is written in R stands in the .R files."""
