"""Frames in, frames out: one process, one language runtime. No HTTP, no SQL and no configuration in here."""
