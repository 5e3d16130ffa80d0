"""`date_formats`: dates of a stated form are those of a column of dates, in every format."""

import json
import pickle
import warnings
from datetime import datetime

import numpy as np
import pytest
from c_export import needs_gcc
from helpers import assert_same_bits
from internals import model_of
from optional import package
from table_models import assert_table_agrees

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import InvalidParameterError

FAST = {"n_estimators": 2, "hidden_layer_sizes": (6,), "n_epochs": 2, "random_state": 0}
FORMS = {"day": "%d.%m.%Y", "quarter": "%YQ%q", "number": "%Y%m%d", "at": "%b %d %Y %H:%M %z"}
N = 240


def times(n=N, first=0):
    """Return days from a month before 1970 on; every seventh is missing."""
    days = np.datetime64("1969-12-01") + np.arange(first, first + n) * 5
    return [None if i % 7 == 3 else day for i, day in enumerate(days.tolist())]


def texts(n=N, first=0):
    """Return the columns as texts and numbers."""
    days = times(n, first)
    return {
        "day": [day and day.strftime("%d.%m.%Y") for day in days],
        "quarter": [day and f"{day.year}Q{(day.month + 2) // 3}" for day in days],
        "number": [np.nan if day is None else int(day.strftime("%Y%m%d")) for day in days],
        "at": [day and day.strftime("%b %d %Y 00:30 +0200") for day in days],
        "x": np.arange(n) % 5.0,
    }


def dates(n=N, first=0):
    """Return the same columns as dates."""
    import pandas as pd

    days = times(n, first)
    quarters = [day and day.replace(month=(day.month + 2) // 3 * 3 - 2, day=1) for day in days]
    day = pd.to_datetime(pd.Series(days, dtype=object))
    at = (day + pd.Timedelta(minutes=30)).dt.tz_localize("Etc/GMT-2")
    columns = {"day": day, "quarter": pd.to_datetime(pd.Series(quarters, dtype=object))}
    return pd.DataFrame({**columns, "number": day, "at": at, "x": np.arange(n) % 5.0})


def target(n=N):
    present = [day or datetime(1970, 1, 1) for day in times(n)]
    return np.array([day.weekday() > 4 for day in present]) * 10.0 + np.arange(n) % 5


def frame(columns):
    return package("pandas").DataFrame(columns)


def fitted(**parameters):
    return TabularRegressor(**FAST, date_formats=FORMS, **parameters).fit(frame(texts()), target())


def formats_of(model):
    return model_of(model).columns.formats


def test_forms_have_the_bits_of_dates():
    model = fitted()
    expected = TabularRegressor(**FAST).fit(dates(), target())
    assert model.column_types_ == expected.column_types_
    assert [*model.column_types_.values()] == ["date", "date", "date", "instant", "number"]
    assert_same_bits(model.predict(frame(texts(50, 500))), expected.predict(dates(50, 500)))
    assert_same_bits(model.predict(dates(50, 500)), expected.predict(dates(50, 500)))
    assert formats_of(model) == [*FORMS.values(), ""] and formats_of(expected) is None


@pytest.mark.parametrize("container", ["polars", "arrow", "rows", "array"])
def test_all_containers_have_the_same_bits(container):
    columns = texts()
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    forms = dict(enumerate(FORMS.values()))
    if container == "polars":
        X, forms = package("polars").DataFrame(columns, nan_to_null=True, strict=False), FORMS
    elif container == "arrow":
        X, forms = package("pyarrow").table(columns), FORMS
    else:
        X = rows if container == "rows" else np.array(rows, object)
    model = TabularRegressor(**FAST, date_formats=forms).fit(X, target())
    assert_same_bits(model.predict(X), fitted().predict(frame(columns)))


def test_rows_of_a_service_are_texts():
    model = fitted()
    row = {"day": "1.12.1969", "quarter": "1969Q4", "number": 19691201, "x": 0.0}
    row["at"] = "dec 1 1969 0:30 +02"
    assert_same_bits(model.predict(row), model.predict(frame(texts(1))))
    missing = dict.fromkeys(row) | {"x": 3.0}
    assert_same_bits(model.predict(missing), model.predict(frame(texts(4)))[3:])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("day", "1969-12-01"),
        ("day", "31.02.1970"),
        ("day", ""),
        ("day", True),
        ("quarter", "1970Q5"),
        ("number", 19700230),
        ("number", 19700101.5),
        ("at", "Dec 1 1969 00:30"),
    ],
)
def test_errors_name_column_row_value_and_form(column, value):
    model, columns = fitted(), texts(9)
    columns[column] = [*columns[column][:8], value]
    X = frame({name: np.array(values, object) for name, values in columns.items()})
    for call in (model.predict, lambda X: fitted().fit(X, np.arange(9.0))):
        with pytest.raises(ValueError, match="must be a date of the form") as caught:
            call(X)
        message = str(caught.value)
        assert message.startswith(f"column {column!r} must be a date of the form {FORMS[column]!r}")
        assert message.endswith(f"got {value!r} in row 8.")


def test_dates_beside_texts_must_agree_about_the_offset():
    columns = {"t": np.array([*texts()["at"]], object), "x": np.arange(N) % 5.0}
    forms = {"t": FORMS["at"]}
    columns["t"][0] = datetime.fromisoformat("1969-12-01T00:30+02:00")
    model = TabularRegressor(**FAST, date_formats=forms).fit(frame(columns), target())
    assert model.column_types_["t"] == "instant"
    columns["t"][0] = datetime(1969, 12, 1)
    with pytest.raises(ValueError, match="entries of one kind"):
        TabularRegressor(**FAST, date_formats=forms).fit(frame(columns), target())
    columns["t"][0] = np.timedelta64(1, "D")
    with pytest.raises(ValueError, match="must be a date of the form"):
        TabularRegressor(**FAST, date_formats=forms).fit(frame(columns), target())


def test_one_form_is_that_of_the_columns_of_text_that_have_it():
    columns = {name: texts()[name] for name in ("day", "x")}
    columns["other"] = ["abc"[i % 3] for i in range(N)]
    columns["few"] = [day if i % 2 else "x" for i, day in enumerate(columns["day"])]
    columns["again"] = columns["day"]
    model = TabularRegressor(**FAST, date_formats="%d.%m.%Y").fit(frame(columns), target())
    named = dict(zip(columns, formats_of(model), strict=True))
    assert {name for name, form in named.items() if form} == {"day", "again"}
    columns["again"] = ["1.1.1970 x", *columns["day"][1:]]
    with pytest.raises(ValueError, match=r"'again' must be a date of the form .* in row 0"):
        TabularRegressor(**FAST, date_formats="%d.%m.%Y").fit(frame(columns), target())
    with pytest.raises(
        InvalidParameterError, match=r"no column of text .* whole numbers in a dict"
    ):
        TabularRegressor(**FAST, date_formats="%Y%m%d").fit(dates(), target())


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (3, "must be None, a form such as .* got 3"),
        ({"z": "%Y"}, "has 'z', but X has no such column"),
        ({9: "%Y"}, "has 9, but X has no such column"),
        ({True: "%Y"}, "has True, but X has no such column"),
        ({"day": 3}, "must have forms such as .* got 3"),
        ({"day": "%d"}, "is wrong: a form of dates must have %Y, %y or %G"),
        ("%d", "is wrong: a form of dates must have %Y, %y or %G"),
    ],
)
def test_wrong_parameters_are_named(value, message):
    with pytest.raises(InvalidParameterError, match=f"date_formats {message}") as caught:
        TabularRegressor(**FAST, date_formats=value).fit(frame(texts()), target())
    assert caught.value.parameter == "date_formats"


def test_columns_of_dates_can_be_categories_but_not_ordered():
    parameters = {**FAST, "categorical_features": ["quarter"]}
    model = TabularRegressor(**parameters, date_formats=FORMS).fit(frame(texts()), target())
    expected = TabularRegressor(**parameters).fit(dates(), target())
    assert model.categories_["quarter"] == expected.categories_["quarter"]
    assert_same_bits(model.predict(frame(texts())), expected.predict(dates()))
    parameters["categorical_features"] = {"quarter": sorted({*texts()["quarter"]} - {None})}
    with pytest.raises(InvalidParameterError, match="'quarter' is in date_formats, but"):
        TabularRegressor(**parameters, date_formats=FORMS).fit(frame(texts()), target())


def test_files_and_pickles_keep_forms(tmp_path):
    model, X = fitted(provenance=True), frame(texts(60, 300))
    model.save(tmp_path / "a.cmlp")
    loaded = cmlp.load(tmp_path / "a.cmlp")
    assert loaded.date_formats == FORMS
    for copy in (loaded, pickle.loads(pickle.dumps(model)), pickle.loads(pickle.dumps(loaded))):
        assert formats_of(copy) == formats_of(model)
        assert_same_bits(copy.predict(X), model.predict(X))
        copy.save(tmp_path / "b.cmlp")
        assert (tmp_path / "a.cmlp").read_bytes() == (tmp_path / "b.cmlp").read_bytes()
    assert cmlp.verify(loaded, frame(texts()), target())


def test_resume_and_warm_start_read_the_same_forms():
    X, y = frame(texts()), target()
    whole = fitted()
    model = TabularRegressor(**FAST, date_formats=FORMS, max_time=1e-9).fit(X, y)
    model.max_time = None
    assert_same_bits(model.fit(X, y, resume=True).predict(X), whole.predict(X))
    again = fitted(warm_start=True)
    again.fit(frame(texts(N, 10)), y)
    assert formats_of(again) == formats_of(whole)
    other = TabularRegressor(**FAST, date_formats=FORMS, max_time=1e-9).fit(X, y)
    other.set_params(max_time=None, date_formats={**FORMS, "day": "%d.%m.%y"})
    with pytest.raises(ValueError, match="date_formats"):
        other.fit(X, y, resume=True)


def test_validation_rows_have_the_forms():
    model = TabularRegressor(**FAST, date_formats=FORMS)
    model.fit(frame(texts()), target(), X_val=frame(texts(60, 300)), y_val=target(60))
    expected = TabularRegressor(**FAST)
    expected.fit(dates(), target(), X_val=dates(60, 300), y_val=target(60))
    assert_same_bits(model.predict(dates()), expected.predict(dates()))


def test_a_column_without_a_value_may_have_a_form_and_is_ignored():
    X = frame({"t": [None] * N, "x": np.arange(N) % 5.0})
    model = TabularRegressor(**FAST, date_formats={"t": "%d.%m.%Y"}).fit(X, target())
    with pytest.warns(UserWarning, match="column 't' has values, and had none"):
        found = model.predict(X.assign(t="no date"))
    assert_same_bits(found, model.predict(X))


def test_a_form_of_another_type_is_refused(tmp_path):
    """A file whose form has no offset from UTC, though its column has one."""
    columns = model_of(fitted()).columns
    stored = columns.stored()
    for at, form in ((3, "%Y"), (4, "%Y"), (0, "%Y%z")):
        formats = [*stored["formats"]]
        formats[at] = form
        with pytest.raises(ValueError, match="form of"):
            type(columns).from_stored(**stored | {"formats": formats})
    with pytest.raises(ValueError, match="form of dates"):
        type(columns).from_stored(**stored | {"formats": ["%Y"]})


@needs_gcc
def test_header_has_the_bits_of_python_and_names_forms(tmp_path):
    model = fitted()
    assert_table_agrees(tmp_path, model, frame(texts(60, 300)))
    header = (tmp_path / "table.h").read_text(encoding="utf-8")
    assert "/* a date, in days since 1970-01-01, from text of the form %YQ%q */" in header


def test_onnx_names_forms(tmp_path):
    onnx = package("onnx")
    fitted().to_onnx(tmp_path / "a.onnx")
    inputs = onnx.load(tmp_path / "a.onnx").graph.input
    assert inputs[0].doc_string.endswith("in days since 1970-01-01, from text of the form %d.%m.%Y")


def test_page_has_the_forms(tmp_path):
    fitted().to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert json.dumps("%YQ%q") in page and page.count('"form":') == len(FORMS)
    assert "function momentOfForm" in page
    TabularRegressor(**FAST).fit(dates(), target()).to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert '"form":' not in page and "function momentOfForm" not in page


def messages(X, **parameters):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        TabularClassifier(**FAST, **parameters).fit(X, np.arange(len(X)) % 2)
    return [str(one.message) for one in caught if "date_formats" in str(one.message)]


def test_fit_names_the_form_of_texts_and_numbers_that_are_dates():
    X = frame(texts())
    found = messages(X)
    for (name, form), message in zip(sorted(FORMS.items()), sorted(found), strict=True):
        assert message.startswith(f"column {name!r} has ")
        assert f"pass date_formats={{{name!r}: {form!r}}}. " in message
    assert messages(X, date_formats=FORMS) == []
    assert messages(X, categorical_features=[*FORMS]) == []
    assert messages(X.to_numpy(object).tolist())[0].startswith("column 0 has text")


def test_fit_names_both_forms_if_days_and_months_are_not_known():
    X = frame({"t": [f"{1 + i % 12}/{1 + i % 9}/2020" for i in range(60)]})
    (message,) = messages(X)
    assert "date_formats={'t': '%m/%d/%Y'} or date_formats={'t': '%d/%m/%Y'}. " in message
