"""Text that is dates in a file: the form that the command names, and that it reads the dates by this form."""

import json
import random
import shlex

import numpy as np
import pytest
from texts_in_files import write_column

import cmlp

N = 90
FAST = ["--n-epochs", "2", "--n-estimators", "1", "--random-state", "0", "--holdout", "none"]
DAYS = [day.item() for day in np.datetime64("2021-01-30") + np.arange(N) * 17]
random.Random(1).shuffle(DAYS)
MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gen feb mar apr mag giu lug ago set ott nov dic",
    "pt": "janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
MONTHS = {language: names.split() for language, names in MONTHS.items()}
WEEKDAYS = {
    "it": ["lunedì", "martedì", "mercoledì", "giovedì", "venerdì", "sabato", "domenica"],
    "pt": [f"{one}-feira" for one in ("segunda", "terça", "quarta", "quinta", "sexta")],
}
WEEKDAYS["pt"] += ["sábado", "domingo"]


def month(day, language):
    return MONTHS[language][day.month - 1]


def ordinal(day):
    special = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
    return f"{day.day}{special.get(day.day, 'th')}"


def weekday(day, language):
    return WEEKDAYS[language][day.weekday()]


FORMS = {
    "%d. %B %Y": lambda day: f"{day.day}. {month(day, 'de')} {day.year}",
    "%d %b %Y": lambda day: f"{day.day} {month(day, 'fr')} {day.year}",
    "%d de %B de %Y": lambda day: f"{day.day} de {month(day, 'es')} de {day.year}",
    "%A %d %b %Y": lambda day: f"{weekday(day, 'it')} {day.day} {month(day, 'it')} {day.year}",
    "%A, %d de %B de %Y": lambda day: (
        f'"{weekday(day, "pt")}, {day.day} de {month(day, "pt")} de {day.year}"'
    ),
    "%d %B %Y": lambda day: f"{day.day} {month(day, 'nl')} {day.year}",
    "%a, %d %b %Y": lambda day: f'"{day:%a, %d %b %Y}"',
    "%B %d, %Y": lambda day: f'"{day:%B} {ordinal(day)}, {day.year}"',
    "%d of %B %Y": lambda day: f"{ordinal(day)} of {day:%B %Y}",
    "%G-W%V-%u": lambda day: f"{day:%G-W%V-%u}",
    "%Y%m%dT%H%M%S%z": lambda day: f"{day:%Y%m%dT101500Z}",
}


def findings(run, *options):
    _, out, _ = run("examine", "a.csv", "--target", "y", "--regressor", "--json", *options)
    found = json.loads(out)["findings"]
    return [(one["code"], one["remedy"]) for one in found if "c" in one["columns"]]


def trained(run, *options):
    status, _, err = run(
        "train", "a.csv", "--target", "y", "--regressor", "-o", "m.cmlp", *FAST, *options
    )
    assert status == 0, err
    return cmlp.load("m.cmlp"), run("predict", "m.cmlp", "a.csv", "--drop", "y")[1]


@pytest.mark.parametrize("form", FORMS)
def test_dates_are_named_with_a_form_that_reads_them(run, form):
    write_column(map(FORMS[form], DAYS))
    ((code, remedy),) = findings(run)
    assert (code, shlex.split(remedy)) == ("parse", ["--date-format", f"c={form}"])
    assert findings(run, *shlex.split(remedy)) == []
    model, predicted = trained(run, *shlex.split(remedy))
    if form.endswith("%z"):
        assert model.column_types_["c"] == "instant"
        return
    assert model.column_types_["c"] == "date"
    write_column(f"{day:%d.%m.%Y}" for day in DAYS)
    assert trained(run, "--date-format", "c=%d.%m.%Y")[1] == predicted


def test_words_among_dates_are_named_with_the_options_that_read_the_dates(run):
    write_column("n. a." if row % 3 else FORMS["%d. %B %Y"](day) for row, day in enumerate(DAYS))
    assert findings(run) == []  # a category that repeats
    texts = ["n. a." if row % 3 == 1 else FORMS["%d. %B %Y"](day) for row, day in enumerate(DAYS)]
    write_column(texts)
    ((code, remedy),) = findings(run)
    assert (code, remedy) == ("parse", "--date-format 'c=%d. %B %Y' --missing 'n. a.'")
    assert findings(run, *shlex.split(remedy)) == []
    assert trained(run, *shlex.split(remedy))[0].column_types_["c"] == "date"


def test_names_with_a_number_and_a_year_are_no_dates(run):
    write_column(
        f"{['Golf', 'Polo', 'Mayer'][row % 3]} {row % 28 + 1} {1950 + row}" for row in range(N)
    )
    assert [code for code, _ in findings(run)] == ["ids"]
