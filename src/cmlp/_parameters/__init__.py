"""The hyperparameters: one table, what a value must be, and what fits together."""
