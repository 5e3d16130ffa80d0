"""Arrays, sparse matrices, data frames and labels, checked and converted for the core."""
