"""The page of a table reads dates of a stated form as Python does."""

import random
import re

import numpy as np
import pytest
from cell_cases import days_of_form

from cmlp import TabularRegressor

FORMS = [
    *("%d.%m.%Y", "%m/%d/%y", "%Y%m%d", "%y%m%d", "%b %d %Y", "%d. %B %Y", "%d%b%y", "%YQ%q"),
    *("%Y-%j", "%Y%j", "%Y-%m", "%Y", "%Y年%m月%d日", "%% %Y [x] (a|b) $^"),
    *("%m/%d/%Y %H:%M %p", "%Y %H%p", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S %z", "%b %d %Y%z"),
]
N_CELLS = 300  # of each form
MONTHS = "Jan jan JAN January february Mar MARCH Apr may Jun Jul August Sept SEP oct Nov december"
NUMBERS = {"d": 32, "H": 25, "M": 61, "S": 61, "j": 367, "m": 13, "q": 5, "y": 99}
# Of an empty cell, which is missing, the page gives NaN.
READ = """([cells, i]) => cells.map((cell) => {
    const value = readCell(cell, columns[i]);
    return typeof value === "string" || Number.isNaN(value) ? null : value;
})"""


def part(letter, rng):
    """Return a text for a directive: mostly one that it reads."""
    if rng.random() < 0.1:
        return rng.choice(["", "x", "0", "99", "٢", "-1", "001"])
    if letter in NUMBERS:
        return f"{rng.randint(0, NUMBERS[letter]):0{rng.choice([1, 2, 2, 3])}}"
    choices = {
        "Y": [f"{year:04}" for year in (0, 1, 1600, 1900, 1969, 2000, 2004, 2100, 9999)],
        "p": ["AM", "pm", "Pm", "x"],
        "z": ["Z", "+02:00", "-0130", "+02", "+24:00", "+1", ""],
        "%": ["%"],
    }
    return rng.choice(choices.get(letter) or MONTHS.split())


def random_cell(form, rng):
    cell = re.sub("%(.)", lambda match: part(match[1], rng), form)
    if rng.random() < 0.2:
        cell = rng.choice([" ", "\t", "\u00a0", "\u200b"]) + cell
    if rng.random() < 0.2:
        cell = cell.replace(" ", rng.choice(["  ", "\u00a0", ""]))
    return cell


@pytest.mark.slow
def test_page_reads_random_dates_as_python(watch, tmp_path):
    rng = random.Random(0)
    day = np.datetime64("2001-02-03") + np.arange(40)
    rows = [[one] * len(FORMS) for one in day.tolist()]
    forms = {i: form for i, form in enumerate(FORMS) if "%z" not in form}
    instants = [i for i, form in enumerate(FORMS) if "%z" in form]
    for row, one in zip(rows, day.tolist(), strict=True):
        for i in instants:
            row[i] = one.strftime(FORMS[i].replace("%z", "+00:00"))
            forms[i] = FORMS[i]
    fast = {"n_estimators": 1, "hidden_layer_sizes": (4,), "n_epochs": 1, "random_state": 0}
    model = TabularRegressor(**fast, date_formats=forms).fit(rows, np.arange(40) % 3)
    model.to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    n_read = 0
    for i, form in enumerate(FORMS):
        cells = [random_cell(form, rng) for _ in range(N_CELLS)]
        expected = [days_of_form(form, cell) for cell in cells]
        assert page.evaluate(READ, [cells, i]) == expected, form
        n_read += sum(days is not None for days in expected)
    assert n_read > len(FORMS) * N_CELLS / 5
