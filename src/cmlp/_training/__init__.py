"""The training loop with its state, learning-rate schedules, stopping rules, validation split and random numbers."""
