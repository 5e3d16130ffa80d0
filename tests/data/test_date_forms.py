"""Dates of a stated form: what each directive reads, which texts are no forms, and which forms are common."""

import datetime
import locale

import numpy as np
import pytest

from cmlp._data.date_forms import common_forms, date_form, form_of_numbers


def read(form, cell):
    """Return the date of a cell as text, None if it is none."""
    found = date_form(form).date(cell)
    if found is None:
        return None
    moment = np.datetime64(found.value, "us").item()
    return moment.date().isoformat() if found.kind == "date" else moment.isoformat()


@pytest.mark.parametrize(
    ("form", "cell", "expected"),
    [
        ("%d.%m.%Y", "24.11.2026", "2026-11-24"),
        ("%d.%m.%Y", " 4.1.2026\t", "2026-01-04"),
        ("%m/%d/%y", "1/31/69", "1969-01-31"),
        ("%m/%d/%y", "1/31/68", "2068-01-31"),
        ("%Y%m%d", "19580329", "1958-03-29"),
        ("%y%m%d", "580329", "2058-03-29"),
        ("%b %d %Y", "Jan  1 2000", "2000-01-01"),
        ("%b %d %Y", "DEC 31 2000", "2000-12-31"),
        ("%d. %B %Y", "1. march 2020", "2020-03-01"),
        ("%d%b%Y", "01Jan1960", "1960-01-01"),
        ("%YQ%q", "1974Q1", "1974-01-01"),
        ("Q%q %Y", "Q4 1974", "1974-10-01"),
        ("%Y-%m", "2000-02", "2000-02-01"),
        ("%Y", "2000", "2000-01-01"),
        ("%Y-%j", "2000-366", "2000-12-31"),
        ("%Y%j", "2001060", "2001-03-01"),
        ("%Y年%m月%d日", "2020年5月1日", "2020-05-01"),
        ("%d.%m.%Y %H:%M", "24.11.2026 7:05", "2026-11-24T07:05:00"),
        ("%Y-%m-%dT%H:%M:%S", "2026-11-24T23:59:59", "2026-11-24T23:59:59"),
        ("%m/%d/%Y %H:%M %p", "1/2/2020 12:05 AM", "2020-01-02T00:05:00"),
        ("%m/%d/%Y %H:%M %p", "1/2/2020 12:05 pm", "2020-01-02T12:05:00"),
        ("%m/%d/%Y %H%p", "1/2/2020 1PM", "2020-01-02T13:00:00"),
        ("%d.%m.%Y %H:%M%z", "01.01.2020 00:30+02:00", "2019-12-31T22:30:00"),
        ("%d.%m.%Y %H:%M %z", "01.01.2020 00:30 -0130", "2020-01-01T02:00:00"),
        ("%d.%m.%Y%z", "01.01.2020Z", "2020-01-01T00:00:00"),
        ("%% %Y", "% 2000", "2000-01-01"),
        ("%Y (est.)", "2000 (est.)", "2000-01-01"),
        ("%d. %B %Y", "3. März 2025", "2025-03-03"),
        ("%d. %B %Y", "3. Ma\u0308rz 2025", "2025-03-03"),
        ("%d. %B %Y", "3. MÄRZ 2025", "2025-03-03"),
        ("%d %b %Y", "3 févr. 2025", "2025-02-03"),
        ("%d %b %Y", "3 fevr 2025", "2025-02-03"),
        ("%d %b %Y", "3 juillet 2025", "2025-07-03"),
        ("%b %Y", "January 2000", "2000-01-01"),
        ("%d de %B de %Y", "1º de março de 2025", "2025-03-01"),
        ("%d of %B %Y", "3rd of March 2025", "2025-03-03"),
        ("%d %b %Y", "1er mrt. 2025", "2025-03-01"),
        ("%a, %d %b %Y", "Mon, 03 Mar 2025", "2025-03-03"),
        ("%a, %d %b %Y", "Sun, 03 Mar 2025", "2025-03-03"),  # skipped
        ("%A, %d. %B %Y", "Montag, 3. März 2025", "2025-03-03"),
        ("%A, %d de %B de %Y", "Segunda-feira, 3 de março de 2025", "2025-03-03"),
        ("%a %d %b %Y", "mié. 5 mar. 2025", "2025-03-05"),
        ("%G-W%V-%u", "2025-W10-1", "2025-03-03"),
        ("%G-W%V", "2020-W01", "2019-12-30"),
        ("%G-W%V-%u", "2020-W53-7", "2021-01-03"),
        ("%Y%m%dT%H%M%S%z", "20250303T101500Z", "2025-03-03T10:15:00"),
    ],
)
def test_directives_read_cells(form, cell, expected):
    assert read(form, cell) == expected


@pytest.mark.parametrize(
    ("form", "cell"),
    [
        ("%d.%m.%Y", "31.02.2026"),
        ("%d.%m.%Y", "2026-11-24"),
        ("%d.%m.%Y", "24.11.2026 x"),
        ("%d.%m.%Y", "24.13.2026"),
        ("%d.%m.%Y", "00.11.2026"),
        ("%d.%m.%Y", "24.11.0000"),
        ("%d.%m.%Y", "24.11.26"),
        ("%d.%m.%Y", "٢٤.11.2026"),
        ("%Y%m%d", "1958329"),
        ("%Y%m%d", "195803290"),
        ("%YQ%q", "1974Q5"),
        ("%YQ%q", "1974q1"),
        ("%Y-%j", "2001-366"),
        ("%Y-%j", "2001-0"),
        ("%d %b %Y", "3 jui 2025"),  # juin or juillet
        ("%d %b %Y", "3 ma 2025"),
        ("%d %B %Y", "3 mars. 2025"),
        ("%d %b %Y", "3 Golf 2025"),
        ("%d %b. %Y", "3 mar 2025"),
        ("%d-%b-%Y", "3rd-Mar-2025"),
        ("%b%d %Y", "Januar3 2025x"),
        ("%bx%Y", "Märzx2000"),
        ("%a %d %b %Y", "M 3 Mar 2025"),
        ("%a %d %b %Y", "Golf 3 Mar 2025"),
        ("%G-W%V-%u", "2025-W53-1"),
        ("%G-W%V-%u", "2025-W00-1"),
        ("%G-W%V-%u", "2025-W10-0"),
        ("%G-W%V-%u", "2025-W10-8"),
        ("%G-W%V-%u", "9999-W52-7"),
        ("%G-W%V", "0000-W10"),
        ("%B %Y", "Jan 2000"),
        ("%Y %H", "2000 24"),
        ("%Y %H:%M", "2000 23:60"),
        ("%Y %H:%M:%S", "2000 23:59:60"),
        ("%Y %H %p", "2000 13 PM"),
        ("%Y %H %p", "2000 0 AM"),
        ("%Y%z", "2000+24:00"),
        ("%Y%z", "0001+01:00"),
        ("%b %d %Y", "Jan12000"),
    ],
)
def test_other_cells_are_no_dates(form, cell):
    assert read(form, cell) is None


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("", "must have %Y, %y or %G"),
        ("%d.%m", "must have %Y, %y or %G"),
        ("%H:%M", "must have %Y, %y or %G"),
        ("%Y %y", "can have one of %Y, %y and %G, got %Y and %y"),
        ("%Y %m %b", "one of %m, %b, %B, %q, %j and %V, got %m and %b"),
        ("%Y %q %d", "one of %d, %q, %j and %u, got %q and %d"),
        ("%Y %d", "with %d must have %m, %b or %B"),
        ("%Y %M", "with %M must have %H"),
        ("%Y %H %S", "with %S must have %M"),
        ("%Y %p", "with %p must have %H"),
        ("%Y %f", "got '%f' in '%Y %f'. Write %S without a fraction"),
        ("%Y %I", "Write %H, which with %p is from 1 to 12"),
        ("%Y %c", "got '%c'"),
        ("%G", "with %G must have %V"),
        ("%Y-W%V", "with %V must have %G"),
        ("%Y-%u", "with %u must have %V"),
        ("%G-W%V-%d", "with %d must have %m, %b or %B"),
        ("%aT%Y", "must have a space or another sign behind %a"),
        ("%A%b %Y", "must have a space or another sign behind %A"),
        ("%Y%", "got '%'"),
        ("%Y\n", "printable characters"),
        ("%Y*/", "printable characters"),
    ],
)
def test_other_texts_are_no_forms(form, message):
    with pytest.raises(ValueError, match="form of dates") as caught:
        date_form(form)
    assert message in str(caught.value)


def test_all_days_are_those_of_strptime():
    """Of a leap year and of another one, by each way to say a day."""
    day = datetime.date(2019, 12, 31)
    for _ in range(740):
        day += datetime.timedelta(days=1)
        for form in ("%Y%m%d", "%d %B %Y", "%b %d %y", "%Y/%j", "%m.%d.%Y"):
            assert read(form, day.strftime(form)) == day.isoformat()


def test_names_of_months_do_not_depend_on_the_locale():
    before = locale.setlocale(locale.LC_TIME)
    try:
        for name in ("de_DE.UTF-8", "fr_FR.UTF-8", "C"):
            try:
                locale.setlocale(locale.LC_TIME, name)
            except locale.Error:
                continue
            assert read("%d %b %Y", "1 Mar 2020") == "2020-03-01"
    finally:
        locale.setlocale(locale.LC_TIME, before)


REAL = {
    "Jan 1 2000": "%b %d %Y",
    "1974Q1": "%YQ%q",
    "1979 Q3": "%Y Q%q",
    "Q42010": "Q%q%Y",
    "19580329": "%Y%m%d",
    "01Jan1960": "%d%b%Y",
    "6-Aug-09": "%d-%b-%y",
    "Oct-75": "%b-%y",
    "Mar-2018": "%b-%Y",
    "1960 Jan": "%Y %b",
    "June 22, 2018": "%B %d, %Y",
    "25/11/63": "%d/%m/%y",
    "7/21/2016": "%m/%d/%Y",
    "24.11.2026": "%d.%m.%Y",
    "2000-01": "%Y-%m",
    "9/30/1990 0:00:00": "%m/%d/%Y %H:%M:%S",
    "2016/01/01 00:47:36": "%Y/%m/%d %H:%M:%S",
    "12/31/1999 11:59 PM": "%m/%d/%Y %H:%M %p",
    "24.11.2026 12:30:00 +02:00": "%d.%m.%Y %H:%M:%S %z",
    "3. März 2025": "%d. %B %Y",
    "3 mars 2025": "%d %B %Y",
    "1er janv. 2025": "%d %b %Y",
    "3 de marzo de 2025": "%d de %B de %Y",
    "segunda-feira, 3 de março de 2025": "%A, %d de %B de %Y",
    "lunedì 3 marzo 2025": "%A %d %B %Y",
    "ma 3 mrt. 2025": "%a %d %B. %Y",
    "mar. 4 mar. 2025": "%a %d %b %Y",
    "Montag, den 3. März 2025": "%A, den %d. %B %Y",
    "Mon, 03 Mar 2025 10:15:00 +0000": "%a, %d %b %Y %H:%M:%S %z",
    "3rd of March 2025": "%d of %B %Y",
    "March 3rd, 2025": "%B %d, %Y",
    "2025-W10-1": "%G-W%V-%u",
    "20250303T101500Z": "%Y%m%dT%H%M%S%z",
}


def test_common_forms_read_real_texts():
    for cell, form in REAL.items():
        assert common_forms({cell: 3}) == [form]
    assert common_forms({"1/2/2020": 1, "3/4/2020": 1}) == ["%m/%d/%Y", "%d/%m/%Y"]
    assert common_forms({"1/2/2020": 1, "31/5/2020": 1, "13/4/2020": 1}) == ["%d/%m/%Y"]


@pytest.mark.parametrize(
    "cells",
    [
        ["2000-1", "2000-2", "2001-1"],  # semesters
        ["2010-11", "2011-12", "2012-13", "2013-14"],  # years
        ["20000101", "20001301"],
        ["10000101", "29990101"],
        ["12345678", "20200101"],
        ["Jan", "Feb", "Mar"],
        ["north 1", "south 2"],
        ["1.2.3", "1.10.0"],
        ["married", "May"],
        ["1995-1998", "1999-2003"],
        ["12:30", "13:45"],
        ["Golf 7 2019", "Polo 5 2020"],
        ["32 March 2025"],
        ["Monday 2025"],
        ["3 of 2025"],
        ["3 jui 2025"],
        ["2020-05-01"],  # the grammar reads it
        ["x" * 100 + "24.11.2026"],
    ],
)
def test_other_texts_have_no_common_form(cells):
    assert common_forms(dict.fromkeys(cells, 1)) == []


def test_numbers_with_the_digits_of_days_have_a_form():
    days = [float(f"2020{month:02}{day:02}") for month in (1, 12) for day in range(1, 10)]
    assert form_of_numbers(np.array([*days, np.nan])) == "%Y%m%d"
    months = [195801 + k for k in range(12)]
    assert form_of_numbers(np.array(months, np.float64)) == "%Y%m"
    for others in (
        [],
        [np.nan],
        days[:9],  # too few
        [*days, 20200230],
        [*days, 20200101.5],
        [*days, 17991231],
        range(200_000, 200_100),
        [1958 + k for k in range(40)],
    ):
        assert form_of_numbers(np.array([*others], np.float64)) == ""
