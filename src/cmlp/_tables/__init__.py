"""The fit of a table: its columns, their encoder, a bag of networks."""
