"""Parameters: the table of all of them, what their values may be, and options, their validated values."""
