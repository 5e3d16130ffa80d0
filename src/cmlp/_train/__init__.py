"""One training run: its hyperparameters, its loop and the parts of the loop, and its state."""
