"""What the process gives: threads, and signals."""
