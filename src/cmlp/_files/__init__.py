"""Saving and loading model files. docs/model-file.md describes the format."""
