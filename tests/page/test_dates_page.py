"""The page of a table reads dates of a stated form as Python does."""

import random

import pytest
from cell_cases import DATE_FORMS, days_of_form, model_of_dates, random_date

N_CELLS = 300  # of each form
# Of an empty cell, which is missing, the page gives NaN.
READ = """([cells, i]) => cells.map((cell) => {
    const value = readCell(cell, columns[i]);
    return typeof value === "string" || Number.isNaN(value) ? null : value;
})"""


@pytest.mark.slow
def test_page_reads_random_dates_as_python(watch, tmp_path):
    rng = random.Random(0)
    model = model_of_dates()
    model.to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    n_read = 0
    for i, form in enumerate(DATE_FORMS):
        cells = [random_date(form, rng) for _ in range(N_CELLS)]
        expected = [days_of_form(form, cell) for cell in cells]
        assert page.evaluate(READ, [cells, i]) == expected, form
        n_read += sum(days is not None for days in expected)
    assert n_read > len(DATE_FORMS) * N_CELLS / 5
