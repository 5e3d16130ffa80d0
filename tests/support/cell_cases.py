"""Random cells of text for each kind of column, and what Python reads from them."""

import datetime
import re
import unicodedata
import warnings
from random import Random

import numpy as np
from c_models import extension
from internals import changed, model_of

from cmlp import TabularRegressor
from cmlp._data.columns import NEW_FORMAT, CellFormat, FileColumn, FileTable
from cmlp._data.date_forms import date_form
from cmlp._data.date_words import MONTHS, WEEKDAYS
from cmlp._data.files import text_cells
from cmlp._data.files.file_formats import DataError
from cmlp._data.files.text_cells import Place
from cmlp._data.grammar import Grammar

FORMATS = [
    CellFormat(),
    CellFormat(",", ".", ("-999", " \u00e9 ", "none of it")),
    CellFormat(".", ",", ("0", "2020-05-01", "")),
    NEW_FORMAT._replace(thousands="'"),
    CellFormat(",", " ", ('"\\"', "yes")),
    CellFormat(has_own_words=True),
    CellFormat(",", ".", ("-", "NA", "\u22129"), has_own_words=True, of_spreadsheets=True),
]
LARGE = 12345678901234567890123
_UTC = datetime.UTC
_MOMENTS = [
    datetime.datetime(2020, 5, 1),
    datetime.datetime(1, 1, 1, 0, 0, 1),
    datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999),
    datetime.datetime(2000, 2, 29, 12, 30, 0, 500_000),
]
_SPANS = [datetime.timedelta(days=1), datetime.timedelta(hours=-3, microseconds=7)]
# The categories of columns of text and numbers, which the model learns in this order.
CATEGORIES = {
    "texts": ["Rome", "a b", "1", "NA", "True", "\u00e9", " x", "2020-05-01", "1.5", "yes", "?"],
    "numbers": [1, 2.5, 30, -4, 1e16, 2**53 + 1, 2**53, LARGE, 1e-7, 1234567, 1.234, None],
    "mixed": ["a", "7", 8, "8.5", 0.25, False, "false", None],
    "truth": [True, False],
}
_ORDERS = {"ranks": ["low", "middle", "high"], "levels": [1, 2, 3.5]}
COLUMNS = [
    *("number", "boolean", "date", "time", "instant", "duration"),
    *CATEGORIES,
    *_ORDERS,
    *("dates", "times", "instants", "spans"),
]
DATES = {"date", "time", "instant", "dates", "times", "instants"}


def _entries(name, n):
    """Return n entries of a column, in which each value is there."""
    if name == "number":
        return np.arange(n) / 7
    if name == "boolean":
        return FileColumn(np.arange(n) % 3 == 0, "boolean")
    if name in CATEGORIES or name in _ORDERS:
        known = {**CATEGORIES, **_ORDERS}[name]
    elif name in ("duration", "spans"):
        known = _SPANS
    elif name in ("date", "dates"):
        known = [moment.date() for moment in _MOMENTS]
    elif name in ("time", "times"):
        known = _MOMENTS
    else:
        known = [moment.replace(tzinfo=_UTC) for moment in _MOMENTS]
    entries = np.empty(n, object)
    entries[:] = [known[i % len(known)] for i in range(n)]
    return entries


def model_of_cells():
    """Return a model with a column of each kind."""
    n = 200
    X = FileTable(COLUMNS, [_entries(name, n) for name in COLUMNS])
    categorical = [*CATEGORIES, "dates", "times", "instants", "spans"]
    options = {"categorical_features": dict.fromkeys(categorical) | _ORDERS}
    model = TabularRegressor(n_estimators=1, n_epochs=1, random_state=0, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the columns say little of y
        return model.fit(X, range(n))


def model_of_empty_columns():
    """Return a model with columns of several types that had no value in fit, and cells for each of them."""
    empty = {
        "numbers": np.full(100, np.nan),
        "codes": np.full(100, -999.0),
        "dates": np.full(100, "NaT", "M8[us]"),
        "objects": np.full(100, None),
    }
    X = FileTable(["x", *empty], [np.arange(100.0), *empty.values()])
    model = TabularRegressor(n_estimators=1, n_epochs=1, random_state=0, missing_values=-999)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(X, range(100))
    cells = ["", "NA", "?", " ", "a", "1", "2020-05-01", "1e999", "True"]
    return model, [["1"] * len(cells), *[cells] * len(empty)]


def with_format(model, cell_format):
    """Return the model, which now reads cells of a format."""
    return changed(model, cell_format=cell_format)


def model_in_c(model, folder):
    """Return the model as the C library reads its file."""
    model.save(folder / "model.cmlp")
    return extension().Model((folder / "model.cmlp").read_bytes())


def read_by_python(model, cell_format, cells):
    """Return the numbers of each column's cells as Python reads them, None for a cell that it refuses.

    `cells` has a list for each column, all of the same length.
    """
    grammar = Grammar(cell_format)
    cells = [grammar.contents(texts) for texts in cells]
    columns = model_of(model).columns
    place = Place("", 0, None, lambda row: row)
    accepted, read = [], []
    for column, texts in zip(columns, cells, strict=True):
        values = []
        for cell in texts:
            try:
                text_cells.known_column(grammar, [cell], column, place)
                is_read = column.type != "duration" or column.categories or grammar.is_mark(cell)
            except DataError:
                is_read = False
            values.append(bool(is_read))
        texts = [cell if is_read else "" for cell, is_read in zip(texts, values, strict=True)]
        accepted.append(values)
        read.append(text_cells.known_column(grammar, texts, column, place))
    numbers = columns.read(FileTable(list(columns.names), read), "X")
    return [
        [number if is_read else None for number, is_read in zip(row, values, strict=True)]
        for row, values in zip(numbers.T.tolist(), accepted, strict=True)
    ]


_PLAIN = Grammar(CellFormat())
DATE_FORMS = [
    *("%d.%m.%Y", "%m/%d/%y", "%Y%m%d", "%y%m%d", "%b %d %Y", "%d. %B %Y", "%d%b%y", "%YQ%q"),
    *(
        "%Y-%j",
        "%Y%j",
        "%Y-%m",
        "%Y",
        "%Y\u5e74%m\u6708%d\u65e5",
        "%% %Y [x] (a|b) $^",
        "%d1%Y  %m",
    ),
    *("%m/%d/%Y %H:%M %p", "%Y %H%p", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S %z", "%b %d %Y%z"),
    *("%H%z:%M %Y", "%z%m-%Y", "%Y%m%dT%H%M%S%z"),
    *(
        "%a, %d %b %Y",
        "%A %d. %B %Y",
        "%d de %B de %Y",
        "%a. %d %b. %Y",
        "%a-%d-%b-%Y",
        "%B %d, %y",
    ),
    *("%G-W%V-%u", "%G-W%V", "%GW%V%u %z", "%bx%Y %d", "%Y%B%z", "%Y/%d %b %A", "%Y %m %d"),
]


def model_of_dates():
    """Return a model with a column of dates of each form."""
    rows = []
    for day in (np.datetime64("2001-02-03") + np.arange(40)).tolist():
        instant = datetime.datetime(day.year, day.month, day.day, tzinfo=_UTC)
        rows.append([instant if "%z" in form else day for form in DATE_FORMS])
    forms = dict(enumerate(DATE_FORMS))
    fast = {"n_estimators": 1, "hidden_layer_sizes": (4,), "n_epochs": 1, "random_state": 0}
    return TabularRegressor(**fast, date_formats=forms).fit(rows, np.arange(40) % 3)


def days_of_form(form, cell):
    """Return the days since 1970 of a cell with a date of a form as Python reads it, None for other cells."""
    date = date_form(form).date(cell)
    return None if date is None else date.value / 86_400_000_000


def days_of_cell(form, cell):
    """Return the same for a cell of a file, NaN if it is missing."""
    return np.nan if _PLAIN.is_mark(cell) else days_of_form(form, cell)


# ------------------------------------------------------------------------------------------------ random cells

_SPACES = [" ", "\t", "\u00a0", "\u3000", "\x1c", "\x85", "\u200b", "\ufeff", "\u2009\u2028", "\n"]
_WORDS = [
    *("", "", " "),
    *("NA", "N/A", "n/a", "nan", "NaN", "-NaN", "None", "NULL", "null", "<NA>", "#N/A N/A"),
    *("1.#IND", "-1.#QNAN", "?", "-", ".", "\\N", "\\n", "nA", "nONE", "-999", "\u00e9", "yes"),
    *("true", "TRUE", "True", "tRUE", "false", "FALSE", "False", "none of it", "inf", "-Infinity"),
    *(
        "Rome",
        "a b",
        "1",
        "0",
        " x",
        "2020-05-01",
        "1.5",
        "low",
        "middle",
        "high",
        "a",
        "7",
        "8.50",
    ),
    *(
        "1 day, 0:00:00",
        "-1 day, 21:00:00.000007",
        "3,5",
        "3.5",
        "2.0",
        "+1",
        "00",
        "1e0",
        "\u212a",
    ),
    *(str(LARGE), f"+0{LARGE}", str(2**53 + 1), f"+{2**53 + 1}", f"{2**53}.5", "1,234,567", "-4."),
    *("1.234.567", "1'234'567", "1\u2019234\u2019567", "1 234 567", "1\u00a0234\u202f567", "1,234"),
    *("10000000000000000", "1e16", "1E+16", "0.0000001", "12345678901234567890123.0", "-0", '"\\"'),
]


def _number(random):
    """Return a number of random digits, perhaps one in the middle between two doubles."""
    if random.random() < 0.1:
        bits = random.getrandbits(52) | random.randrange(1, 2046) << 52
        double = np.uint64(bits).view(np.float64).item()
        numerator, denominator = double.as_integer_ratio()
        exponent = denominator.bit_length() - 1
        # The double and half of its last bit, exactly.
        twice = 2 * numerator + (1 if denominator > 1 else 2 ** max(numerator.bit_length() - 53, 0))
        digits = twice * 5 ** (exponent + 1)
        return f"{digits + random.choice([0, 0, 1, -1])}e-{exponent + 1}"
    whole = str(random.getrandbits(random.choice([1, 4, 10, 20, 60, 120, 140])))
    if random.random() < 0.3:
        groups = f"{int(whole):,}".replace(",", random.choice(" ,.'\u2019\u00a0\u202f"))
        whole = groups
    fraction = random.choice(["", "", ".", ",", ".5", ",25", f".{random.getrandbits(70)}"])
    exponent = random.choice(
        [
            "",
            "",
            "",
            "e5",
            "E-3",
            "e+308",
            "e-330",
            "e",
            "e\u22125",
            f"e{random.randrange(-400, 400)}",
        ]
    )
    sign = random.choice(["", "", "-", "+", "0", "--", "\u2212"])
    return sign + whole + fraction + exponent


def _date(random):
    if random.random() < 0.3:
        moment = random.choice(_MOMENTS)
        return str(
            random.choice([moment, moment.date(), moment.isoformat(), moment.replace(tzinfo=_UTC)])
        )
    year = random.choice([1, 0, 1969, 1970, 2000, 2020, 2100, 9999, random.randrange(10000)])
    month, day = random.choice(
        [(5, 1), (2, 29), (12, 31), (1, 1), (random.randrange(14), random.randrange(33))]
    )
    text = f"{year:04}-{month:02}-{day:02}"
    if random.random() < 0.4:
        return text
    text += random.choice("TT  t")
    clock = [random.choice([0, 12, 23, 59, random.randrange(100)]) for _ in range(3)]
    text += ":".join(f"{part:02}" for part in clock[: random.choice([1, 2, 2, 3, 3, 3])])
    text += random.choice(["", "", ".5", ",000001", ".999999999", ".1234567890", ".", ".500000"])
    text += random.choice(
        ["", "", "", "Z", " Z", "+02:00", "-0330", "+02", " +00:00", "+24:00", "-1260", "+2", "z"]
    )
    return text


def _changed(random, cell):
    """Return a cell with a letter more, less or another one."""
    at = random.randrange(len(cell) + 1)
    letter = random.choice([*"0123456789eE+-.,:' TZ\"\\", "\u00e9", "\u0660", "\U0001f600", "\0"])
    return cell[:at] + random.choice(["", letter]) + cell[at + random.choice([0, 1]) :]


def random_cells(seed, column, n):
    """Return n cells for a column, most of its kind."""
    random = Random(f"{seed} {column}")
    makers = [_number, _date, lambda random: random.choice(_WORDS)]
    own = makers[1] if column in DATES else makers[2]
    if column in ("number", "boolean", "duration"):
        own = makers[0]
    cells = []
    for _ in range(n):
        cell = random.choice([own, own, *makers])(random)
        if random.random() < 0.1:
            cell = _changed(random, cell)
        if random.random() < 0.1:
            cell = random.choice(_SPACES) + cell
        if random.random() < 0.1:
            cell += random.choice(_SPACES)
        if random.random() < 0.05:
            cell = random.choice(['="{}"', '="{}', '="{}""', ' ="{}"', '="']).format(cell)
        cells.append(cell)
    return cells


_MONTH_NAMES = (
    "Jan jan JAN January february Mar MARCH Apr may Jun Jul August Sept SEP oct Nov december"
)
_WEEKDAY_NAMES = "Mon Monday di Mi. lun. sabado Segunda-Feira sex. do Freitag x m"
_MOST = {"d": 32, "H": 25, "M": 61, "S": 61, "j": 367, "m": 13, "q": 5, "y": 99, "V": 54, "u": 8}
_ACCENTS = {
    "a": "\u00e1\u00e4\u00c3",
    "e": "\u00e9\u00c8",
    "i": "\u00ec",
    "u": "\u00fb",
    "c": "\u00e7\u00c7",
}


def _changed_word(random, words):
    """Return a word of a language, mostly whole, and in any letters with any accents."""
    word = random.choice(words.split())
    if random.random() < 0.3:
        word = word[: random.randrange(1, len(word) + 1)] + random.choice(["", ".", ".", "s"])
    if random.random() < 0.3:
        letters = [random.choice([*_ACCENTS.get(one, ""), one, one, one.upper()]) for one in word]
        word = "".join(letters)
    if random.random() < 0.2:
        word = unicodedata.normalize("NFD", word)
    if random.random() < 0.05:
        at = random.randrange(len(word) + 1)
        word = word[:at] + random.choice("\u0301\u036f\u0370\u00df\u00ff\u0153\u00d7") + word[at:]
    return word


_ORDINALS = [*[""] * 20, "st", "TH", "er", "ste", "s", "\u00ba", "\u00b0", "e\u0301"]


def _part_of_date(letter, random, *, is_valid):
    """Return a text for a directive: mostly one that it reads."""
    if is_valid and letter in _MOST:
        width = {"j": 3, "q": 1, "u": 1}.get(letter, 2)
        number = f"{random.randint(1, min(_MOST[letter] - 1, 28)):0{width}}"
        return number + (random.choice(_ORDINALS) if letter == "d" else "")
    if not is_valid and random.random() < 0.1:
        return random.choice(["", "x", "0", "99", "\u0662", "-1", "001"])
    if letter in _MOST:
        return f"{random.randint(0, _MOST[letter]):0{random.choice([1, 2, 2, 3])}}"
    choices = {
        "Y": [f"{year:04}" for year in (0, 1, 1600, 1900, 1969, 2000, 2004, 2100, 9999)],
        "G": [f"{year:04}" for year in (0, 1, 1976, 2015, 2020, 9999)],
        "p": ["AM", "pm", "Pm", "x"],
        "z": ["Z", "+02:00", "-0130", "+02", "+24:00", "+1", ""],
        "%": ["%"],
    }
    if letter in choices:
        return random.choice(choices[letter])
    if letter in "aA":
        return _changed_word(random, random.choice([WEEKDAYS, _WEEKDAY_NAMES]))
    if random.random() < 0.5:
        return random.choice(_MONTH_NAMES.split())
    return _changed_word(random, random.choice(MONTHS))


def random_date(form, random):
    """Return a cell for a column of dates of a form: often one."""
    is_valid = random.random() < 0.3
    cell = re.sub("%(.)", lambda match: _part_of_date(match[1], random, is_valid=is_valid), form)
    if random.random() < 0.2:
        cell = random.choice([" ", "\t", "\u00a0", "\u200b"]) + cell
    if random.random() < 0.2:
        cell = cell.replace(" ", random.choice(["  ", "\u00a0", ""]))
    return cell
