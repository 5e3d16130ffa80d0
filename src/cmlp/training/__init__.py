"""The training loop and what it needs: state, schedules, validation split, random numbers."""
