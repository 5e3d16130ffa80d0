"""A file of rows whose first column has the texts of a test."""

import random
from pathlib import Path


def write_column(cells):
    """Write `a.csv`: the cells in column c, and columns x and y of numbers."""
    rng = random.Random(0)
    lines = [f"{cell},{rng.random():.4f},{rng.random():.4f}" for cell in cells]
    Path("a.csv").write_text("\n".join(["c,x,y", *lines]) + "\n", encoding="utf-8")
