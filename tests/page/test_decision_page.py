"""The page of a table for somebody who decides: accuracy, interval, reasons, values outside the training, dates."""

import pickle
import re

import numpy as np
import pytest
from browser import settle
from page_parts import Parts, page_of

from cmlp import Network, TabularClassifier, TabularRegressor, load
from cmlp import __main__ as cli

pandas = pytest.importorskip("pandas")
SMALL = {"n_estimators": 2, "hidden_layer_sizes": (16,), "random_state": 0}


def people(n=300, seed=0):
    rng = np.random.RandomState(seed)
    frame = pandas.DataFrame({
        "noise": rng.standard_normal(n),
        "age": np.r_[18, 79, rng.randint(18, 80, n - 2)],
        "town": rng.choice(["Berlin", "Rome"], n),
        "since": pandas.to_datetime("2015-01-01") + pandas.to_timedelta(rng.randint(0, 3000, n), "D"),
        "seen": pandas.to_datetime("2024-05-01 10:30") + pandas.to_timedelta(rng.randint(0, 5000, n), "min"),
    })  # fmt: skip
    return frame, 1000 * frame.age + 15_000 * (frame.town == "Rome") + 2000 * rng.standard_normal(n)


@pytest.fixture(scope="module")
def models():
    X, y = people()
    ranges = TabularRegressor(**SMALL, loss="quantile", quantile=[0.1, 0.9])
    return {
        "classes": TabularClassifier(**SMALL, keep_background=20).fit(X, np.where(y > 55_000, "yes", "no")),
        "number": TabularRegressor(**SMALL, keep_background=20).fit(X, y),
        "quantiles": ranges.fit(X, y),
    }


# ----------------------------------------------------------------------------------------------------- the file


def test_first_screen_says_how_good_and_nothing_about_weights(models):
    facts = re.search(r'id="facts"[^>]*>([^<]*)', page_of(models["classes"]))[1]
    rows = r"\d+ rows outside the training; always saying"
    base = r"the most frequent class would be right for \d+\.\d%\. These"
    assert re.match(rf"Right for \d+\.\d% of {rows} {base}", facts)
    assert facts.endswith("slightly optimistic.") and "weight" not in facts
    facts = re.search(r'id="facts"[^>]*>([^<]*)', page_of(models["number"]))[1]
    assert re.match(rf"Off by [\d,.]+ on average for {rows} the median would be off by [\d,.]+\. These", facts)
    html = page_of(models["number"])
    assert html.count("weights and biases") == 1
    assert html.index("<details>") < html.index("weights and biases")


def test_accuracy_after_calibrate_is_not_called_optimistic():
    X, y = people()
    model = TabularRegressor(**SMALL).fit(X[:200], y[:200]).calibrate(X[200:], y[200:])
    facts = re.search(r'id="facts"[^>]*>([^<]*)', page_of(model))[1]
    assert "for 100 rows outside the training" in facts and "optimistic" not in facts


def test_columns_are_in_the_order_of_their_effect(models):
    model = Parts(page_of(models["number"])).model()
    names = [model["columns"][i]["name"] for i in model["order"]]
    assert names[:2] == ["age", "town"] and sorted(names) == sorted(models["number"].feature_names_in_)


def test_dates_have_fields_for_dates(models):
    columns = Parts(page_of(models["number"])).model()["columns"]
    assert [one.get("field") for one in columns] == ["number", "number", None, "date", "datetime-local"]


def test_page_of_a_saved_model_is_the_same(tmp_path):
    X, y = people()
    X["lift"] = np.arange(len(X)) % 3 == 0
    model = TabularRegressor(**SMALL, keep_background=20).fit(X, np.stack([y, X.age], axis=1))
    model.save(tmp_path / "people.cmlp")
    assert page_of(load(tmp_path / "people.cmlp")) == page_of(model)
    fields = [(one.get("field"), one.get("choices")) for one in Parts(page_of(model)).model()["columns"]]
    assert fields[3:] == [("date", None), ("datetime-local", None), ("choice", ["no (0)", "yes (1)"])]


def test_no_training_row_is_in_a_page_unless_asked(models):
    from base64 import b64decode

    def rows(**options):
        found = Parts(page_of(models["number"], **options)).model()["background"]
        return found["kept"], np.frombuffer(b64decode(found["rows"])).reshape(-1, 5)

    training = {tuple(row) for row in models["number"]._rows_of(models["number"]._trained(), people()[0])[0].tolist()}
    kept, made = rows()
    assert not kept and len(made) == 32 and not training & {tuple(row) for row in made.tolist()}
    kept, real = rows(background=True)
    assert kept and len(real) == 20 and training >= {tuple(row) for row in real.tolist()}


def test_background_is_refused_by_name(models, tmp_path, capsys):
    with pytest.raises(ValueError, match=r"background=True .* it needs keep_background before fit"):
        models["quantiles"].to_html(tmp_path / "page.html", background=True)
    with pytest.raises(ValueError, match="background must be False for a Network"):
        Network([2, 2]).to_html(tmp_path / "page.html", background=True)
    assert not (tmp_path / "page.html").exists()
    models["quantiles"].save(tmp_path / "plain.cmlp")
    assert cli.main(["page", str(tmp_path / "plain.cmlp"), "--background"]) == 1
    assert "keep_background before fit" in capsys.readouterr().err
    models["number"].save(tmp_path / "kept.cmlp")
    assert cli.main(["page", str(tmp_path / "kept.cmlp"), "--background"]) == 0
    assert Parts((tmp_path / "kept.html").read_text("utf-8")).model()["background"]["kept"]


def test_a_page_without_held_out_rows_has_no_interval(models):
    X, y = people(20)
    model = TabularRegressor(**SMALL, early_stopping=False).fit(X, y)
    html = page_of(model)
    assert Parts(html).model()["intervals"] == [] and "has not been measured" in html


# ---------------------------------------------------------------------------------------------------- in a browser


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["classes", "number"])
def test_reasons_are_shapley_values_and_add_up(kind, shown, models):
    page, model = shown(kind, background=True), models[kind]
    X, _ = people()
    explanation = model.explain(X[:3], exact=True)
    raw = model._rows_of(model._trained(), X[:3])[0].tolist()
    output = 1 if kind == "classes" else 0
    last = "([row, j]) => { let last; for (const one of explain(row, j)) if (one) last = one; return last; }"
    for i, row in enumerate(raw):
        found = page.evaluate(last, [row, output])
        values = explanation.values[i].reshape(5, -1)[:, 1 if kind == "classes" else 0]
        base = np.ravel(explanation.base_values)[output]
        size = np.abs(values).sum()
        assert found["mean"] == pytest.approx(base, abs=1e-5 * size)
        prediction = np.ravel(explanation.predictions[i])[output]
        assert found["mean"] + sum(found["values"]) == pytest.approx(prediction, abs=1e-5 * size)
        errors = np.array(found["errors"])
        assert (errors < 0.1 * size).all()
        assert (np.abs(np.array(found["values"]) - values) < 5 * errors + 1e-5 * size).all()


@pytest.mark.slow
def test_reasons_are_shown_as_bars_in_the_order_of_their_size(shown):
    page = shown("number")
    texts = page.evaluate("[...document.querySelectorAll('#reasons li span')].map((one) => one.textContent)")
    page.page.locator("#column-1").fill("79")
    page.page.locator("#column-2").select_option("Rome")
    settle(page)
    texts = page.evaluate("[...document.querySelectorAll('#reasons li span')].map((one) => one.textContent)")
    assert texts[:2] == ["age: 79", "town: Rome"] and len(texts) == 5
    assert any(re.fullmatch(r"since: \d{4}-\d\d-\d\d", text) for text in texts)
    lengths = page.evaluate(
        "[...document.querySelectorAll('.effect')].map((one) => +one.style.getPropertyValue('--a'))"
    )
    assert lengths[0] == 1 and lengths == sorted(lengths, reverse=True)
    assert page.text("#reasons li b >> nth=0").startswith("+")
    page.page.locator("#column-1").fill("18")
    settle(page)
    assert page.text("#reasons li b >> nth=0").startswith("−")
    assert "less" in page.page.locator(".effect").first.get_attribute("class")


@pytest.mark.slow
def test_interval_is_that_of_the_model_for_each_coverage(shown, models):
    for kind in ("number", "quantiles"):
        page = shown(kind)
        row = page.evaluate("[...row]")
        X = people()[0].iloc[:1].astype({"age": float})
        X.loc[0, ["noise", "age"]] = row[:2]
        X.loc[0, "town"] = models[kind]._trained().encoder.categories[2][int(row[2])]
        X["since"], X["seen"] = (pandas.Timestamp(0) + pandas.Timedelta(row[k], "D") for k in (3, 4))
        for coverage in (0.8, 0.9, 0.95):
            page.page.locator("#coverage").select_option(f"{100 * coverage:g} %")
            low, high = models[kind].predict_interval(X, coverage=coverage)[0]
            shown_ends = [float(end.replace(",", "")) for end in re.findall(r"[\d,.]*\d", page.text("#ends"))]
            assert shown_ends == pytest.approx([low, high], abs=(high - low) / 50)


@pytest.mark.slow
def test_set_of_classes_is_shown(shown, models):
    page = shown("classes")
    margin = models["classes"]._trained().calibration.margins(0.9)[0]
    for age in (18, 50, 79):
        page.page.locator("#column-1").fill(str(age))
        p = page.evaluate("result")
        names = [name for name, share in zip(("no", "yes"), p, strict=True) if 1 - share <= margin or share == max(p)]
        assert page.text("#ends") == f"The right answer is {' or '.join(names)} in"


def tied_rows(n=40):
    """A column with three numbers, and one without a relation to the targets."""
    rng = np.random.RandomState(0)
    return np.stack([rng.randint(0, 3, n), rng.standard_normal(n)], axis=1), rng


def ends_of(page, row):
    page.evaluate("(values) => values.forEach((value, i) => change(i, value))", row)
    return page.text("#ends")


@pytest.mark.slow
@pytest.mark.parametrize("offset", [0.0, 1e6])
def test_shown_interval_contains_every_row_up_to_its_rank(watch, tmp_path, offset):
    """The text has few digits: an end is rounded outwards, for example below 0.123 and not above."""
    X, rng = tied_rows()
    y = offset + np.where(X[:, 0] == 2, rng.choice([0.1, 0.7], 40), rng.standard_normal(40))
    model = TabularRegressor(**SMALL, n_epochs=5).fit(X, y).calibrate(X, y)
    model.to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    for coverage in (0.8, 0.9):
        page.page.locator("#coverage").select_option(f"{100 * coverage:g} %")
        texts = [re.findall(r"-?[\d,.]*\d", ends_of(page, row).replace("−", "-")) for row in X.tolist()]
        low, high = np.array([[float(end.replace(",", "")) for end in ends] for ends in texts]).T
        assert ((low <= y) & (y <= high)).sum() >= np.ceil(41 * coverage)
        exact = model.predict_interval(X, coverage)
        width = exact[:, 1] - exact[:, 0]
        assert (np.abs(np.stack([low, high], axis=1) - exact) <= np.maximum(width / 10, 2e-5 * offset)[:, None]).all()


@pytest.mark.slow
@pytest.mark.parametrize("n_classes", [2, 3])
def test_shown_set_contains_every_class_of_the_set(watch, tmp_path, n_classes):
    """Many rows have the probability of the margin, which the page computes in double precision, Python in float32."""
    X, rng = tied_rows()
    X[:, 1] = 0
    y = np.array(["a", "b", "c"])[rng.randint(0, n_classes, 40)]
    model = TabularClassifier(**SMALL, n_epochs=5).fit(X, y)
    for seed in range(5):
        chosen = np.random.RandomState(seed).randint(0, 40, 20)
        model.calibrate(X[chosen], y[chosen]).to_html(tmp_path / "page.html")
        page = watch(tmp_path / "page.html")
        for coverage in (0.8, 0.9):
            page.page.locator("#coverage").select_option(f"{100 * coverage:g} %")
            for value in range(3):
                names = model.classes_[model.predict_set([[value, 0]], coverage)[0]]
                assert ends_of(page, [value]) == f"The right answer is {' or '.join(names)} in"


@pytest.mark.slow
def test_values_outside_the_training_rows_are_named(shown):
    page = shown("number")
    assert page.page.locator("#outside").is_hidden()
    page.page.locator("#column-1").fill("950")
    text = page.text("#outside")
    assert text.startswith("Outside the training rows: age 950 (18 to 79 in training). Do not rely")
    assert page.text("#hint-1") == "outside the training rows (18 to 79 in training)"
    orange = page.evaluate("getComputedStyle(root).getPropertyValue('--negative')")
    colours = page.evaluate("[$('outside'), $('hint-1')].map((one) => getComputedStyle(one).color)")
    assert colours == [f"rgb({', '.join(str(int(orange[k : k + 2], 16)) for k in (1, 3, 5))})"] * 2
    page.page.locator("#column-2").select_option("(other or missing)")
    page.page.locator("#column-0").fill("")
    assert "town other or missing (unknown category)" in page.text("#outside")
    assert "noise missing (never missing in training)" in page.text("#outside")
    page.page.locator("#column-3").fill("2031-02-03")
    assert re.search(r"since 2031-02-03 \(2015-01-\d\d to 2023-\d\d-\d\d in training\)", page.text("#outside"))
    page.page.locator("#reset").click()
    assert page.page.locator("#outside").is_hidden()
    assert page.text("#hint-1") == "18 to 79"


@pytest.mark.slow
@pytest.mark.parametrize("has_gaps", [False, True])
def test_column_of_booleans_is_a_choice(has_gaps, watch, tmp_path):
    X, y = people()
    X["lift"] = np.arange(len(X)) % 3 == 0
    X["flag"] = np.where(np.arange(len(X)) % 5 == 0, np.nan if has_gaps else 0.0, X.lift)
    X["share"] = np.random.RandomState(1).randint(0, 3, len(X)) / 2  # without effect, so that its bins end at 0 and 1
    model = TabularRegressor(**SMALL, keep_background=20).fit(X, y + 9000 * X.lift)
    model.to_html(tmp_path / "page.html", background=True)
    page = watch(tmp_path / "page.html")
    settle(page)
    assert page.evaluate("columns.map((one) => one.choices?.length)") == [None, None, 2, None, None, 2, 2, None]
    assert page.page.locator("#column-5").input_value() == "0" and page.text("#hint-5") == "no (0) or yes (1)"
    raw = page.evaluate("[...row]")
    for choice, value in (("yes (1)", 1.0), ("(missing)", np.nan), ("no (0)", 0.0)):
        for i in (5, 6):
            page.page.locator(f"#column-{i}").select_option(choice)
            raw[i] = value
        settle(page)
        assert page.evaluate("result") == pytest.approx(model._trained().predict(np.array([raw]))[0], rel=1e-6)
        told = [("never missing" in page.text(f"#hint-{i}")) for i in (5, 6)]
        assert told == [choice == "(missing)", choice == "(missing)" and not has_gaps]
        assert f"lift: {choice.strip('()')}" in page.text("#reasons")
    curve = [[*raw[:5], x, *raw[6:]] for x in (0.0, 1.0)]
    assert page.evaluate("curves[5]") == pytest.approx(model._trained().predict(np.array(curve))[:, 0], rel=1e-6)
    page.page.locator("#column-6").select_option("(missing)")
    page.page.locator("#reset").click()
    assert page.page.locator("#column-6").input_value() == "0"


@pytest.mark.slow
def test_dates_are_read_and_written_as_dates(shown):
    page = shown("number")
    page.page.locator("#column-3").fill("2019-07-04")
    assert page.evaluate("row[3]") == (np.datetime64("2019-07-04") - np.datetime64(0, "D")).astype(int)
    page.page.locator("#column-4").fill("2024-05-02T06:00")
    assert page.evaluate("row[4]") == pytest.approx(19845.25)
    page.page.get_by_label("since, slider").focus()
    page.press("Home")
    assert page.page.locator("#column-3").input_value().startswith("2015-01-")
    ticks = page.evaluate("ticksOf(3).map(([, text]) => text)")
    assert len(ticks) == 3 and all(re.fullmatch(r"\d{4}-\d\d-\d\d", tick) for tick in ticks)


@pytest.mark.slow
def test_curves_have_ticks_and_names_of_categories(shown):
    page = shown("number")
    assert page.evaluate("ticksOf(1).map(([, text]) => text)") == ["20", "40", "60"]
    page.evaluate("columns[1].edges = [2007, 2008, 2009]")
    assert page.evaluate("ticksOf(1).map(([, text]) => text)") == ["2007", "2008", "2009"]  # not 2007.5
    ticks = page.evaluate("[...cards[2].box.querySelectorAll('.ticks span')].map((one) => one.textContent)")
    assert sorted(ticks) == ["Berlin", "Rome"]


# ------------------------------------------------------------------------------------------------------ a threshold


def with_threshold(models):
    model = pickle.loads(pickle.dumps(models["classes"]))
    model.threshold_ = 0.2
    return model


def test_page_has_the_threshold_and_says_what_the_accuracy_is_of(models):
    assert Parts(page_of(models["classes"])).model()["threshold"] is None
    described = Parts(page_of(with_threshold(models))).model()
    assert described["threshold"] == 0.2
    assert described["facts"][0].startswith("Without the threshold: right for ")


@pytest.mark.slow
def test_answer_of_the_page_follows_the_threshold(models, watch, tmp_path):
    model = with_threshold(models)
    model.to_html(tmp_path / "table.html")
    page = watch(tmp_path / "table.html")
    for age in range(40, 70, 2):
        page.page.locator("#column-1").fill(str(age))
        second = page.evaluate("result[1]")
        assert page.text("#headline") == ("yes" if second >= 0.2 else "no")
        assert page.evaluate("[isMarked(0), isMarked(1)]") == [second < 0.2, second >= 0.2]
    assert page.text("#limits") == "The answer is yes from a probability of 20 % on."
