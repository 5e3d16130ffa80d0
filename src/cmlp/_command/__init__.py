"""The command ``cmlp``: its dispatcher `main`, and the commands that work with models and data."""
