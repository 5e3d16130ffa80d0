"""What files, pickles, pages, headers and records contain of the training rows, as docs/guide/serving.md lists it."""

import json
import pickle

import numpy as np
import pandas as pd
import pytest
from internals import model_of
from model_files import split
from optional import package

import cmlp
from cmlp import MLPClassifier, MLPRegressor, TabularRegressor

N = 1200
N_VALUES = 32  # of each column in the summary
TINY = {"n_estimators": 2, "random_state": 0, "n_epochs": 3}
UNUSED = {
    "customer": [f"CUSTOMER-{i:05d}" for i in range(N)],
    "one word": "ALWAYS-THE-SAME",
    "one number": 4711.0625,
    "empty": np.nan,
    "levels": pd.Categorical(["LEVEL-A"] * N, ["LEVEL-A", "LEVEL-B"], ordered=True),
}
WORDS = ("CUSTOMER-0", "ALWAYS-THE-SAME", "LEVEL-A", "LEVEL-B", "4711.0625")

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def frame(seed=0):
    """Return rows of a number and a category, which a fit uses, and of columns that it does not use."""
    rng = np.random.RandomState(seed)
    used = {"x": rng.normal(size=N), "place": [f"PLACE-{i % 5}" for i in range(N)]}
    return pd.DataFrame(used | UNUSED)


def targets(rows, seed=1):
    """Return targets that depend on the two used columns."""
    return rows.x + np.arange(N) % 5 + np.random.RandomState(seed).normal(size=N)


@pytest.fixture(scope="module")
def rows():
    return frame()


@pytest.fixture(scope="module")
def y(rows):
    return targets(rows)


@pytest.fixture(scope="module")
def model(rows, y):
    return TabularRegressor(**TINY, provenance=True, keep_background=8).fit(rows, y)


def written(model, form, folder):
    """Return the bytes of a form of a model."""
    if form == "pickle":
        return pickle.dumps(model)
    if form == "record":
        head, _ = split(written(model, "cmlp", folder))
        return json.loads(head)["__metadata__"]["provenance"].encode()
    if form == "onnx":
        package("onnx")
    path = folder / f"model.{form}"
    {"cmlp": model.save, "html": model.to_html, "h": model.to_c, "onnx": model.to_onnx}[form](path)
    return path.read_bytes()


def values_in(content, values):
    """Return the numbers that occur in the bytes, as doubles or text."""
    values = np.asarray(values)
    kinds = (
        lambda value: values.dtype.type(value).tobytes(),
        lambda value: np.float64(value).tobytes(),
        lambda value: repr(float(value)).encode(),
    )
    return {
        float(value) for value in np.unique(values) if any(kind(value) in content for kind in kinds)
    }


FORMS = ["cmlp", "pickle", "html", "h", "onnx", "record"]


@pytest.mark.parametrize("form", FORMS)
def test_no_value_of_an_unused_column_is_written(model, form, tmp_path):
    content = written(model, form, tmp_path)
    assert not [word for word in WORDS if word.encode() in content]
    assert not values_in(content, [4711.0625])


def test_names_and_reasons_of_unused_columns_are_written(model, tmp_path):
    reasons = {
        name: one.meaning for name, one in zip(frame(), model_of(model).columns, strict=True)
    }
    same = "the same in all rows of fit"
    assert {name: reasons[name] for name in UNUSED} == {
        "customer": "not used: one of 1,200 categories, on which the targets do not depend",
        "one word": f"not used: a category, {same}",
        "one number": f"not used: a number, {same}",
        "empty": f"not used: a category, {same}",
        "levels": f"not used: a category, {same}",
    }
    model.save(tmp_path / "model.cmlp")
    loaded = cmlp.load(tmp_path / "model.cmlp")
    assert [one.meaning for one in model_of(loaded).columns] == [*reasons.values()]
    loaded.save(tmp_path / "again.cmlp")
    assert (tmp_path / "again.cmlp").read_bytes() == (tmp_path / "model.cmlp").read_bytes()


@pytest.mark.parametrize("form", FORMS)
def test_few_values_of_a_used_column_of_numbers_are_written(rows, model, form, tmp_path):
    column, summary = model_of(model).columns[0], model_of(model).summary
    edges = {*column.edges.tolist(), column.centre}
    in_summary = {*summary.values[:, 0].tolist()}
    kept = {*model_of(model).background.rows[:, 0].tolist()}
    allowed = {
        "cmlp": edges | in_summary | kept,
        "pickle": edges | in_summary | kept,
        "html": edges | in_summary | kept,
        "h": edges,
        "onnx": edges,
        "record": set(),
    }
    found = values_in(written(model, form, tmp_path), rows.x)
    assert found <= allowed[form]
    assert len(in_summary) <= N_VALUES
    if form in ("cmlp", "pickle"):
        assert found >= (in_summary | kept)


@pytest.mark.parametrize("form", FORMS)
def test_categories_of_a_used_column_are_written_and_no_record_has_them(model, form, tmp_path):
    assert (b"PLACE-3" in written(model, form, tmp_path)) == (form != "record")


@pytest.mark.parametrize("form", FORMS)
def test_no_target_is_written(y, model, form, tmp_path):
    assert not values_in(written(model, form, tmp_path), y)


def test_a_frequent_lowest_target_is_written(rows, y, tmp_path):
    limited = np.maximum(y, np.quantile(y, 0.3))
    model = TabularRegressor(**TINY, loss="quantile", quantile=[0.1, 0.9])
    model.fit(rows[["x", "place"]], limited)
    found = values_in(written(model, "cmlp", tmp_path), limited)
    assert limited.min() in found and len(found) <= 2


@pytest.mark.parametrize("kind", [MLPRegressor, MLPClassifier])
@pytest.mark.parametrize("form", ["cmlp", "state", "pickle", "html", "h", "onnx"])
def test_network_has_no_row(kind, form, tmp_path):
    X = np.random.RandomState(0).normal(size=(N, 3)).astype(np.float32)
    y = X[:, 0] * 3.1 if kind is MLPRegressor else np.where(X[:, 0] > 0, "CLASS-A", "CLASS-B")
    model = kind(hidden_layer_sizes=(4,), input_scale="standard", max_iter=2, provenance=True)
    model.fit(X, y)
    if form == "state":
        model.save(tmp_path / "state.cmlp", include_training_state=True)
        content = (tmp_path / "state.cmlp").read_bytes()
    else:
        content = written(model, form, tmp_path)
    assert not values_in(content, X)
    if kind is MLPRegressor:
        assert not values_in(content, y)


def test_drift_reports_the_missing_values_of_unused_columns_alone(rows, model):
    batch = rows.assign(**{"one word": "ANOTHER", "one number": 5.0, "levels": None})
    batch.loc[: N // 2 - 1, "customer"] = None
    found = model.drift(batch)
    shares = np.stack([found.shift, found.outside, found.unknown, found.missing], axis=1).tolist()
    by_name = dict(zip(found.names, shares, strict=True))
    assert by_name["customer"] == [pytest.approx(0.5, abs=1 / 32), 0, 0, 0.5]
    assert by_name["one word"] == by_name["one number"] == [0, 0, 0, 0]
    assert by_name["levels"][3] == by_name["empty"][3] == 1
    assert not model.outside(batch)[:, 2:].any()
    assert found.drifted == []


def test_unused_columns_change_no_prediction_and_accept_what_they_held(rows, model, tmp_path):
    model.save(tmp_path / "model.cmlp")
    loaded = cmlp.load(tmp_path / "model.cmlp")
    other = rows.assign(customer="someone else", **{"one word": 3, "levels": "LEVEL-B"})
    assert np.array_equal(loaded.predict(other), model.predict(rows))
    with pytest.raises(ValueError, match="column 'one number' must be a number, got 'text'"):
        model.predict(rows.assign(**{"one number": "text"}))


def test_model_with_unused_columns_is_verified(rows, y, model):
    assert cmlp.verify(model, rows, y).identical
    assert not cmlp.verify(model, rows.assign(customer="x"), y).identical
