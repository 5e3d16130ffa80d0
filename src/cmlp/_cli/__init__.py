"""The command ``cmlp`` for files of data and of models."""
