"""Who may call which route, what browsers are told, and what is written down of it: before and after every view."""
