"""Web pages of models."""
