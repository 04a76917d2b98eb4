"""What a user could pick instead, each in a virtual environment of its own and as its documentation has it fastest."""
