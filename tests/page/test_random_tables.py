"""Pages of random tables of all kinds of columns read cells, predict and name what is outside as Python does."""

import numpy as np
import pytest
from random_tables import random_tables, text_of

pytestmark = [pytest.mark.slow, pytest.mark.full, pytest.mark.filterwarnings("ignore")]
N_TABLES = 10
EXACT = 1e-5  # the networks of the page compute in double, those of Python in float
READ = "([cells, i]) => cells.map((cell) => readCell(cell, columns[i]))"
OUTSIDE = (
    "(rows) => rows.map((row) => row.map((value, i) => Boolean(cards[i] && outsideOf(i, value))))"
)


def test_pages(watch, tmp_path):
    for table in random_tables(N_TABLES):
        table.model.to_html(tmp_path / "page.html")
        page = watch(tmp_path / "page.html")
        raw = table.raw
        for i, name in enumerate(table.rows):
            pairs = [
                (text_of(value), number)
                for value, number in zip(table.rows[name], raw[:, i], strict=True)
            ]
            pairs = [pair for pair in pairs if pair[0] is not None]
            found = page.evaluate(READ, [[cell for cell, _ in pairs], i])
            np.testing.assert_equal(found, [number for _, number in pairs], f"{table.name}: {name}")
        found = np.array(page.evaluate("(rows) => rows.map(predict)", raw.tolist()), np.float64)
        expected = table.expected
        if found.shape[1] == 1 < expected.shape[1]:
            expected = expected[:, 1:]
        difference = np.abs(found - expected) / np.maximum(1, np.abs(expected))
        assert difference.max() < EXACT, (table.name, difference.max())
        distances = table.model.outside(table.rows)
        is_outside = np.isnan(distances) | (distances != 0)
        assert page.evaluate(OUTSIDE, raw.tolist()) == is_outside.tolist(), table.name
