"""The story: commands that show how the network works and learns, their screens and pictures."""
