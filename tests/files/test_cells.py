"""The C library reads cells of text as Python does."""

from random import Random

import numpy as np
import pytest
from cell_cases import (
    COLUMNS,
    DATE_FORMS,
    FORMATS,
    MONTHS,
    WEEKDAYS,
    days_of_cell,
    days_of_form,
    model_in_c,
    model_of_cells,
    model_of_dates,
    model_of_empty_columns,
    random_cells,
    random_date,
    read_by_python,
    with_format,
)

from cmlp import TabularRegressor

N_CELLS = 10_000  # of each column, in all formats


@pytest.fixture(scope="module")
def model():
    return model_of_cells()


@pytest.fixture(scope="module")
def dates_in_c(tmp_path_factory):
    return model_in_c(model_of_dates(), tmp_path_factory.mktemp("dates"))


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


@pytest.mark.parametrize("form", DATE_FORMS)
def test_random_dates_of_a_form_have_the_days_of_python(form, dates_in_c):
    column, random = DATE_FORMS.index(form), Random(form)
    n_read = 0
    for _ in range(N_CELLS):
        cell = random_date(form, random)
        expected = days_of_cell(form, cell)
        found = read_by_c(dates_in_c, column, cell)
        is_same = np.float64(found).tobytes() == np.float64(expected).tobytes()
        assert is_same if found is not None else expected is None, (form, cell, found, expected)
        n_read += expected is not None
    assert N_CELLS / 20 < n_read < N_CELLS * 9 / 10


def test_each_word_of_the_tables_is_read_as_by_python(dates_in_c):
    """In capital letters, with an accent, shortened to each length, and with a letter more."""
    weekday, name, short = map(DATE_FORMS.index, ("%a-%d-%b-%Y", "%A %d. %B %Y", "%a. %d %b. %Y"))
    for number, words in enumerate(MONTHS, 1):
        for word in words.split():
            day = np.datetime64(f"2025-{number:02}-04").astype(int)
            assert read_by_c(dates_in_c, name, f"lu 4. {word.upper()} 2025") == day
            for text in (word[:n] for n in range(1, len(word) + 1)):
                cells = {weekday: f"lu-4-{text}.-2025", short: f"ma. 4th {text}. 2025"}
                for form, cell in cells.items():
                    found = read_by_c(dates_in_c, form, cell)
                    assert found == days_of_form(DATE_FORMS[form], cell)
                    assert found in (None, day)
            assert read_by_c(dates_in_c, weekday, f"lu-4-{word}x-2025") is None
    for word in WEEKDAYS.split():
        for text in (word[:n] for n in range(1, len(word) + 1)):
            assert (read_by_c(dates_in_c, weekday, f"{text}-4-mei-2025") is None) == (len(text) < 2)


def test_categories_that_are_dates_of_a_form_have_their_codes(tmp_path):
    texts = ["01.05.2020", "2.5.2020", "03.05.2020"] * 20
    parameters = {"n_estimators": 1, "n_epochs": 1, "random_state": 0, "categorical_features": [0]}
    model = TabularRegressor(date_formats={0: "%d.%m.%Y"}, **parameters)
    model.fit([[text] for text in texts], np.arange(60) % 3)
    core = model_in_c(model, tmp_path)
    cells = ["1.5.2020", " 02.05.2020", "3.5.2020", "4.5.2020", "", "2020-05-01"]
    assert [read_by_c(core, 0, cell) for cell in cells] == [0, 1, 2, -1, -1, None]


def test_any_cell_of_a_column_without_a_value_in_fit_is_read(tmp_path):
    model, cells = model_of_empty_columns()
    core = model_in_c(model, tmp_path)
    wanted = read_by_python(model, FORMATS[0], cells)
    for i, texts in enumerate(cells):
        found = [read_by_c(core, i, cell) for cell in texts]
        assert np.array_equal(found, wanted[i], equal_nan=True)
    for numbers in wanted[1:]:
        assert np.isnan(numbers).tolist() == [True, True, *[False] * 7]
        assert set(numbers[2:]) == {0}
