"""What a model consists of, what each format can express, and the names of its parts."""
