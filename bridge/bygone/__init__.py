"""What libraries had when configurations were written, and have no more: arguments, their values, and names."""
