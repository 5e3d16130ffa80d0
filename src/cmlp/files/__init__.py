"""Model files: saving, loading. The format is described in docs/model-file.md."""
