"""The training of one network: its loop and the parts of the loop, and its state."""
