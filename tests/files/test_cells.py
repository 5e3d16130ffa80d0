"""The C library reads cells of text as Python does."""

import numpy as np
import pytest
from cell_cases import (
    COLUMNS,
    FORMATS,
    model_in_c,
    model_of_cells,
    random_cells,
    read_by_python,
    with_format,
)

N_CELLS = 10_000  # of each column, in all formats


@pytest.fixture(scope="module")
def model():
    return model_of_cells()


def read_by_c(core, column, cell):
    """Return the number of a cell, None if it is refused."""
    try:
        return core.cell(column, cell)
    except ValueError as error:
        assert "CELL" in str(error)
        return None


@pytest.mark.parametrize("cell_format", FORMATS, ids=range(len(FORMATS)))
def test_random_cells_have_the_numbers_of_python(cell_format, model, tmp_path):
    n = N_CELLS // len(FORMATS)
    cells = [random_cells(cell_format.thousands, name, n) for name in COLUMNS]
    core = model_in_c(with_format(model, cell_format), tmp_path)
    wanted = read_by_python(model, cell_format, cells)
    for i, name in enumerate(COLUMNS):
        found = [read_by_c(core, i, cell) for cell in cells[i]]
        for cell, number, expected in zip(cells[i], found, wanted[i], strict=True):
            is_same = np.float64(number).tobytes() == np.float64(expected).tobytes()
            agrees = is_same if number is not None else expected is None
            assert agrees, (name, cell, number, expected)
        assert len({*found}) > 2
