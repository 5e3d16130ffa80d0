"""The page of a table reads cells of text as Python does."""

from random import Random

import numpy as np
import pytest
from cell_cases import (
    COLUMNS,
    DATE_FORMS,
    FORMATS,
    days_of_cell,
    model_of_cells,
    model_of_dates,
    model_of_empty_columns,
    random_cells,
    random_date,
    read_by_python,
    with_format,
)

N_CELLS = 10_000  # of each column, in all formats
READ = """([cells, i]) => cells.map((cell) => {
    const value = readCell(cell, columns[i]);
    return typeof value === "string" ? null : value;
})"""


@pytest.fixture(scope="module")
def model():
    return model_of_cells()


@pytest.mark.slow
@pytest.mark.parametrize("cell_format", FORMATS, ids=range(len(FORMATS)))
def test_page_reads_random_cells_as_python(cell_format, model, watch, tmp_path):
    n = N_CELLS // len(FORMATS)
    cells = [random_cells(cell_format.thousands, name, n) for name in COLUMNS]
    wanted = read_by_python(model, cell_format, cells)
    with_format(model, cell_format).to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    for i, name in enumerate(COLUMNS):
        if name == "duration":  # the page takes days, which a file cannot have
            continue
        found = page.evaluate(READ, [cells[i], i])
        for cell, number, expected in zip(cells[i], found, wanted[i], strict=True):
            is_same = np.float64(number).tobytes() == np.float64(expected).tobytes()
            agrees = is_same if number is not None else expected is None
            assert agrees, (name, cell, number, expected)


@pytest.mark.slow
def test_page_reads_any_cell_of_a_column_without_a_value_in_fit(watch, tmp_path):
    model, cells = model_of_empty_columns()
    model.to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    for i, wanted in enumerate(read_by_python(model, FORMATS[0], cells)):
        found = [np.float64(number) for number in page.evaluate(READ, [cells[i], i])]
        assert np.array_equal(found, wanted, equal_nan=True)


@pytest.mark.slow
def test_page_reads_random_dates_of_a_form_as_python(watch, tmp_path):
    model_of_dates().to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    for i, form in enumerate(DATE_FORMS):
        random = Random(form)
        cells = [random_date(form, random) for _ in range(N_CELLS // 10)]
        for cell, found in zip(cells, page.evaluate(READ, [cells, i]), strict=True):
            expected = days_of_cell(form, cell)
            is_same = np.float64(found).tobytes() == np.float64(expected).tobytes()
            assert is_same if found is not None else expected is None, (form, cell, found, expected)
