"""Tables, their columns and labels, and how values from outside become them."""
