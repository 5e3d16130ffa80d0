"""Checks and converts what users pass: arrays, sparse matrices, data frames, labels and weights."""
