"""Validation and conversion of user input: arrays, sparse matrices, data frames, labels and sample weights."""
