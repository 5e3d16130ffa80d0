"""Web pages that show a network: one self-contained HTML file per model."""
