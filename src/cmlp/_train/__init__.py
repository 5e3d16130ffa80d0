"""One training run: its loop and the parts of the loop, and its state."""
