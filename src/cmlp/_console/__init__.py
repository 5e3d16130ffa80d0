"""What the working commands and the story share: options, the terminal, and the training on a data set of images."""
