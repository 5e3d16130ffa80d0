"""Pages of tables: the numbers of Python, fields and curves, hostile names, and what is refused."""

import math
import re

import numpy as np
import pytest
from date_models import UNSEEN, dated
from internals import model_of, raw_rows
from page_parts import HOSTILE, Parts, page_of

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp import __main__ as cli
from cmlp.exceptions import NotFittedError

MOST_CODE = 90_000  # bytes of markup, style and script, with the words of three languages
QUANTILES = {"quantile": 0.9, "quantiles": [0.1, 0.5, 0.95]}
EXACT = 1e-6  # the networks of the page compute in double, those of Python in float


def rows_of(n=240):
    """Rows with numbers, gaps, a constant, two kinds of categories and an unbalanced 0 or 1."""
    random = np.random.RandomState(3)
    size = np.where(random.random_sample(n) < 0.1, np.nan, random.lognormal(3, 1, n))
    town = random.choice(["a", "b", "c", None], n)
    two = random.choice(["yes", "no"], n)
    flag = (random.random_sample(n) < 0.1).astype(float)
    X = [list(row) for row in zip(size, town, two, flag, [1.0] * n, random.randn(n), strict=True)]
    return X, np.nan_to_num(size) + 20 * (town == "b") - 10 * (two == "yes") + 5 * random.randn(n)


def fitted(kind):
    X, y = rows_of()
    if kind == "numbers":
        return TabularRegressor(random_state=0).fit(X, y)
    if kind == "targets":
        return TabularRegressor(n_estimators=2, random_state=0).fit(
            X, np.stack([y, 1e6 - y**2, np.sin(y)], axis=1)
        )
    if kind == "labels per row":
        labels = np.stack([y > 20, y > 40, y < 30], axis=1).astype(int)
        return TabularClassifier(n_estimators=2, random_state=0).fit(X, labels)
    if kind == "positive":
        return TabularRegressor(loss="gamma", n_estimators=2, random_state=0).fit(
            X, np.exp(y / 100)
        )
    if kind in QUANTILES:
        return TabularRegressor(
            loss="quantile", quantile=QUANTILES[kind], n_estimators=3, random_state=0
        ).fit(X, y)
    labels = np.array(["low", "middle", "high"] if kind == "three classes" else ["no", "yes"])
    n = len(labels)
    return TabularClassifier(n_estimators=2, random_state=0).fit(
        X, labels[np.minimum(np.argsort(y) * n // len(y), n)]
    )


KINDS = [
    "numbers",
    "positive",
    *QUANTILES,
    "two classes",
    "three classes",
    "targets",
    "labels per row",
]


@pytest.fixture(scope="module")
def models():
    return {kind: fitted(kind) for kind in KINDS}


def written(model, folder, **options):
    model.to_html(folder / "table.html", **options)
    return folder / "table.html"


def predicted(model, rows):
    """Return the outputs of the page for raw rows."""
    return model_of(model).predict(np.array(rows, float))


# Other rows than in fit: gaps, unknown categories, numbers far outside of the bins and on their
# edges.
def rows_to_show(model):
    X, _ = rows_of()
    edges = model_of(model).columns[0].edges
    far = [
        [x, code, -1.0, 7.5, 2.0, -x]
        for x in (-1e300, 1e300, -3.0, 0.0, *edges)
        for code in (-1.0, 3.0)
    ]
    gaps = [[math.nan, 0.0, 1.0, math.nan, 1.0, math.nan]]
    return [*raw_rows(model, X[:60]).tolist(), *far, *gaps]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_page_predicts_like_python(kind, models, watch, tmp_path):
    model = models[kind]
    page, rows = watch(written(model, tmp_path)), rows_to_show(model)
    for bins in (False, True):
        got = page.evaluate(
            "([rows, bins]) => rows.map((row) => [...encode(row, bins)])", [rows, bins]
        )
        wanted = model_of(model).columns.encode(np.array(rows), bins=bins)
        assert np.array(got, np.float32).tobytes() == wanted.tobytes()
    got = np.array(page.evaluate("(rows) => rows.map(predict)", rows))
    wanted = predicted(model, rows)
    scale = model_of(model).answer_scale.numbers[1] if isinstance(model, TabularRegressor) else 1
    # Numbers in interquartile ranges, and exponentials, can be large, and float32 rounds them by a
    # part of their size.
    if kind in QUANTILES or kind == "positive":
        scale = np.maximum(scale, np.abs(wanted - model_of(model).answer_scale.numbers[0]))
    assert got.shape == wanted.shape
    assert (np.abs(got - wanted) / scale).max() < EXACT
    if kind == "three classes":
        assert np.abs(got.sum(axis=1) - 1).max() < 1e-15


@pytest.mark.slow
def test_page_reads_codes_as_missing_values(watch, tmp_path):
    codes = {0: [-999, 0.5], 1: "unknown", 2: "1900-01-01"}
    options = {"n_estimators": 1, "n_epochs": 1, "random_state": 0, "hidden_layer_sizes": (3,)}
    model = TabularRegressor(missing_values=codes, date_formats={2: "%Y-%m-%d"}, **options)
    X = [
        [-999 if i % 5 == 0 else i / 7, ["a", "b", "unknown"][i % 3], f"20{10 + i % 9}-01-02"]
        for i in range(60)
    ]
    model.fit([[*row[:2], "1900-01-01" if row[0] == 0.5 else row[2]] for row in X], range(60))
    columns = model_of(model).columns
    missing = columns[1].categories.index(None)
    days = columns[2].missing_numbers[0]
    page = watch(written(model, tmp_path))
    rows = [[-999, missing, 15000], [0.5, 0, days], [0.25, 1, 15000.5]]
    for bins in (False, True):
        got = page.evaluate(
            "([rows, bins]) => rows.map((row) => [...encode(row, bins)])", [rows, bins]
        )
        wanted = columns.encode(np.array(rows), bins=bins)
        assert np.array(got, np.float32).tobytes() == wanted.tobytes()
    read = "([i, cell]) => { const x = readCell(cell, columns[i]); return Number.isNaN(x) ? null : x; }"
    cells = [(0, "-999.0"), (0, "5e-1"), (0, "7"), (1, "unknown"), (1, "new"), (2, "1900-01-01")]
    wanted = [None, None, 7, missing, -1, None]
    assert [page.evaluate(read, [*cell]) for cell in cells] == wanted


@pytest.mark.slow
def test_page_computes_parts_of_dates_like_python(watch, tmp_path):
    model = dated(n_estimators=2)
    page, rows = watch(written(model, tmp_path)), raw_rows(model, UNSEEN)
    rows = np.concatenate(
        [rows, [[x, 0, 0] for x in (0.0, -1.0, -0.25, 1e300, -1e300, 1e15 + 0.125)]]
    )
    for bins in (False, True):
        source = "([rows, bins]) => rows.map((row) => [...encode(row, bins)])"
        got = page.evaluate(source, [rows.tolist(), bins])
        wanted = model_of(model).columns.encode(rows, bins=bins)
        assert np.array(got, np.float32).tobytes() == wanted.tobytes()


@pytest.mark.slow
def test_fields_change_row_prediction_and_curves(models, watch, tmp_path):
    model = models["three classes"]
    page = watch(written(model, tmp_path))
    typical = page.evaluate("[...row]")
    page.page.locator("#column-0").fill("33.5")
    page.page.locator("#column-1").select_option("(missing)")
    page.page.locator("#column-2").select_option("(other or missing)")
    page.page.locator("#column-5").fill("")
    codes = model_of(model).columns.codes[1]
    wanted_row = [33.5, codes[None], -1, typical[3], typical[4], math.nan]
    assert page.evaluate("[...row]") == pytest.approx(wanted_row, nan_ok=True)
    wanted = predicted(model, [wanted_row])[0]
    assert page.text("#headline") == model.classes_[wanted.argmax()]
    assert page.text("#outputs").split() == [
        part
        for label, p in zip(model.classes_, wanted, strict=True)
        for part in (label, f"{100 * p:.1f}", "%")
    ]
    for shown in (0, 2):
        page.page.locator("#shown").select_option(str(shown))
        page.until("waiting.length === 0 && frame === 0")
        for i, points in ((0, page.evaluate("pointsOf(0)")), (1, range(4))):
            rows = [[*wanted_row[:i], x, *wanted_row[i + 1 :]] for x in points]
            assert page.evaluate("(i) => curves[i]", i) == pytest.approx(
                predicted(model, rows)[:, shown], abs=EXACT
            )
    page.page.locator("#reset").click()
    assert page.evaluate("[...row]") == typical
    assert page.page.locator("#column-1").input_value() == "0"


@pytest.mark.slow
def test_slider_and_arrow_keys_move_a_number(models, watch, tmp_path):
    page = watch(written(models["numbers"], tmp_path))
    low, high = page.evaluate("ends(columns[0])")
    page.page.get_by_label(re.compile("column 0, slider")).focus()
    page.press("End")
    assert float(page.page.locator("#column-0").input_value()) == pytest.approx(
        high, abs=(high - low) / 100
    )
    before = page.text("#headline")
    page.press("Home")
    assert page.evaluate("row[0]") == pytest.approx(low, abs=(high - low) / 100)
    assert page.text("#headline") != before
    page.evaluate("rest()")
    assert page.page.locator("#spoken").text_content() == page.text("#headline")


@pytest.mark.slow
def test_a_case_has_an_address(models, watch, tmp_path):
    path = written(models["three classes"], tmp_path)
    page = watch(path)
    typical = page.evaluate("[...row]")
    page.page.locator("#column-0").fill("33.5")
    page.page.locator("#column-1").select_option("(missing)")
    page.page.locator("#column-5").fill("")
    # The address is written some time after a change, and here the changes may be far apart.
    row, address = page.evaluate("rest(), [[...row], location.hash]")
    again = watch(path, address)
    assert again.evaluate("[...row]") == pytest.approx(row, nan_ok=True)
    assert again.page.locator("#column-0").input_value() == "33.5"
    assert again.text("#headline") == page.text("#headline")
    again.page.evaluate("location.hash = 'row=5,0,0,0,0,1'")
    again.until("row[0] === 5")
    page.page.locator("#reset").click()
    page.until("location.hash === ''")
    for other in (
        "#row=1,2",
        "#row=x,0,0,0,1,1",
        "#row=5,9,0,0,1,1",
        "#row=5,0.5,0,0,1,1",
        "#explore",
    ):
        assert watch(path, other).evaluate("[...row]") == typical, other


@pytest.mark.slow
def test_a_column_of_integers_stays_integers(watch, tmp_path):
    random = np.random.RandomState(0)
    X = np.stack([random.randint(1, 40, 200), 1.5 * random.randint(1, 40, 200)], axis=1)
    X[0] = 1_000_001, 1.5
    page = watch(
        written(TabularRegressor(n_estimators=1, random_state=0).fit(X, X[:, 0]), tmp_path)
    )
    assert page.evaluate("columns.map((one) => one.whole)") == [True, False]
    assert page.evaluate("[textOf(0, 1_000_001), textOf(0, 2015)]") == ["1,000,001", "2015"]
    points = page.evaluate("pointsOf(0)")
    assert points == sorted({*map(round, points)})
    before = page.evaluate("row[0]")
    page.page.get_by_label("column 0, slider").focus()
    page.press("ArrowRight")
    after = page.evaluate("row[0]")
    assert before == int(before) < after == int(after)
    page.page.locator("#column-0").focus()
    page.press("ArrowUp")
    assert page.evaluate("row[0]") == after + 1


@pytest.mark.slow
def test_hostile_names_are_shown_as_text(watch, tmp_path):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame({name: np.arange(30.0) ** (i + 1) for i, name in enumerate(HOSTILE)})
    X["category"] = [HOSTILE[i % len(HOSTILE)] for i in range(30)]
    model = TabularClassifier(random_state=0, max_time=1e-9).fit(
        X, [HOSTILE[i % 3] for i in range(30)]
    )
    page = watch(written(model, tmp_path, title=HOSTILE[1]))
    assert page.text("h1") == HOSTILE[1]
    assert page.evaluate("document.scripts.length") == 3
    labels = "[...document.querySelectorAll('.column label')].map((one) => [one.htmlFor, one.textContent])"
    shown = dict(page.evaluate(labels))
    assert [shown[f"column-{i}"] for i in (0, 1, 3)] == [*HOSTILE[:2], "abc"]


@pytest.mark.parametrize("kind", ["numbers", "three classes"])
def test_page_of_a_table_is_small(kind, models):
    html = page_of(models[kind])
    page = Parts(html)
    weights = len(page.blocks["model"])
    assert len(html.encode()) - weights <= MOST_CODE
    n_params = sum(net.n_params for net in models[kind].estimators_)
    assert weights <= n_params * 4 * 4 / 3 + 8000  # and the rows with which reasons compare
    assert page.model()["outputs"] == (
        ["prediction"] if kind == "numbers" else ["high", "low", "middle"]
    )


def test_quantiles_are_named(models):
    names = {kind: Parts(page_of(models[kind])).model()["outputs"] for kind in QUANTILES}
    assert names == {
        "quantile": ["quantile 0.9"],
        "quantiles": ["quantile 0.1", "quantile 0.5", "quantile 0.95"],
    }


def test_what_does_not_fit_on_a_page_is_refused(tmp_path):
    path = tmp_path / "page.html"
    with pytest.raises(NotFittedError):
        TabularRegressor().to_html(path)
    wide = TabularRegressor(n_estimators=1, max_time=1e-9).fit(
        np.random.RandomState(0).randn(30, 257), range(30)
    )
    with pytest.raises(ValueError, match="at most 256 columns, got 257"):
        wide.to_html(path)
    heavy = TabularRegressor(hidden_layer_sizes=(1000, 1000), n_estimators=2, max_time=1e-9)
    with pytest.raises(ValueError, match="at most 2000000 weights, got"):
        heavy.fit([[1.0], [2.0]] * 9, range(18)).to_html(path)
    large = TabularRegressor(hidden_layer_sizes=1025, n_estimators=1, max_time=1e-9).fit(
        [[1.0], [2.0]] * 9, range(18)
    )
    with pytest.raises(ValueError, match="at most 1024 neurons in a hidden layer, got 1025"):
        large.to_html(path)
    assert not path.exists()


def test_command_writes_the_page_of_a_table(models, tmp_path, capsys):
    models["numbers"].save(tmp_path / "flats.cmlp")
    assert cli.main(["page", str(tmp_path / "flats.cmlp")]) == 0
    cmlp.load(tmp_path / "flats.cmlp").to_html(tmp_path / "expected.html")
    assert (tmp_path / "flats.html").read_bytes() == (tmp_path / "expected.html").read_bytes()
    assert cli.main(["page", str(tmp_path / "flats.cmlp"), "--data", "sample"]) == 1
    assert (
        "--data shows images to a network: a TabularRegressor has fields" in capsys.readouterr().err
    )


@pytest.mark.slow
def test_a_number_that_is_always_the_same_or_missing_has_no_curve(watch, tmp_path):
    """There is no range to draw: the page did not start."""
    X = [[3.0 if i % 3 else math.nan, float(i)] for i in range(60)]
    model = TabularRegressor(n_estimators=2, random_state=0).fit(X, np.arange(60.0))
    page = watch(written(model, tmp_path))
    assert page.evaluate("[pointsOf(0), rugOf(0)]") == [[], ""]
    assert page.evaluate("[3, 4, NaN].map((value) => Boolean(outsideOf(0, value)))") == [
        False,
        True,
        False,
    ]
