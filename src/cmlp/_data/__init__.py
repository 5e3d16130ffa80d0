"""What comes in from files: the grammar of text, the reading of files, and what each of their columns is."""
