"""The command ``cmlp``."""
