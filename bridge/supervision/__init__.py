"""supervisord: its configuration, its extension, the operator's handle on it, what it leaves in the run directory."""
