"""The page of a table for somebody who decides: accuracy, interval, reasons, values outside the training, dates."""

import itertools
import pickle
import re
import warnings

import numpy as np
import pytest
from browser import settle
from firefox import firefox
from internals import model_of, raw_rows
from page_parts import Parts, page_of
from table_parts import factors_of, write_with_widths

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
        "classes": TabularClassifier(**SMALL, keep_background=20).fit(
            X, np.where(y > 55_000, "yes", "no")
        ),
        "number": TabularRegressor(**SMALL, keep_background=20).fit(X, y),
        "quantiles": ranges.fit(X, y),
    }


# ----------------------------------------------------------------------------------------------------- the file


def test_first_screen_says_how_good_and_nothing_about_weights(models):
    facts = re.search(r'id="facts"[^>]*>([^<]*)', page_of(models["classes"]))[1]
    rows = r"\d+ rows outside the training; always saying"
    base = r"the most frequent class would be right for \d+\.\d %\. These"
    assert re.match(rf"Right for \d+\.\d % of {rows} {base}", facts)
    assert facts.endswith("slightly optimistic.") and "weight" not in facts
    facts = re.search(r'id="facts"[^>]*>([^<]*)', page_of(models["number"]))[1]
    assert re.match(
        rf"Off by [\d,.]+ on average for {rows} the median would be off by [\d,.]+\. These", facts
    )
    html = page_of(models["number"])
    assert (
        "weight" not in html[: html.index('<script type="application/json"')].split("</style>")[1]
    )


def test_accuracy_after_calibrate_is_not_called_optimistic():
    X, y = people()
    model = TabularRegressor(**SMALL).fit(X[:200], y[:200]).calibrate(X[200:], y[200:])
    facts = re.search(r'id="facts"[^>]*>([^<]*)', page_of(model))[1]
    assert "for 100 rows outside the training" in facts and "optimistic" not in facts


def test_columns_are_in_the_order_of_their_effect(models):
    model = Parts(page_of(models["number"])).model()
    names = [model["columns"][i]["name"] for i in model["order"]]
    assert names[:2] == ["age", "town"] and sorted(names) == sorted(
        models["number"].feature_names_in_
    )


def test_dates_have_fields_for_dates(models):
    columns = Parts(page_of(models["number"])).model()["columns"]
    assert [one.get("field") for one in columns] == [
        "number",
        "number",
        None,
        "date",
        "datetime-local",
    ]


def test_page_of_a_saved_model_is_the_same(tmp_path):
    X, y = people()
    X["lift"] = np.arange(len(X)) % 3 == 0
    model = TabularRegressor(**SMALL, keep_background=20).fit(X, np.stack([y, X.age], axis=1))
    model.save(tmp_path / "people.cmlp")
    assert page_of(load(tmp_path / "people.cmlp")) == page_of(model)
    fields = [
        (one.get("field"), one.get("choices")) for one in Parts(page_of(model)).model()["columns"]
    ]
    assert fields[3:] == [
        ("date", None),
        ("datetime-local", None),
        ("choice", ["no (0)", "yes (1)"]),
    ]


def test_no_training_row_is_in_a_page_unless_asked(models):
    from base64 import b64decode

    def rows(**options):
        found = Parts(page_of(models["number"], **options)).model()["background"]
        return found["kept"], np.frombuffer(b64decode(found["rows"])).reshape(-1, 5)

    training = {tuple(row) for row in raw_rows(models["number"], people()[0]).tolist()}
    kept, made = rows()
    assert not kept and len(made) == 32 and not training & {tuple(row) for row in made.tolist()}
    kept, real = rows(background=True)
    assert kept and len(real) == 20 and training >= {tuple(row) for row in real.tolist()}


def test_average_of_made_rows_is_that_of_kept_rows(models):
    """So the page begins its sum of reasons where `explain` does."""
    from base64 import b64decode

    for kind in ("number", "classes"):
        found = Parts(page_of(models[kind])).model()["background"]
        rows, weights = (np.frombuffer(b64decode(found[name])) for name in ("rows", "weights"))
        mean = np.average(
            model_of(models[kind]).predict(rows.reshape(-1, 5)), axis=0, weights=weights
        )
        base = models[kind].explain(people()[0][:1]).base_values
        assert np.ravel(mean) == pytest.approx(np.ravel(base), rel=1e-6)
        assert 0.2 < weights.min() < weights.max() < 5
    weights = np.frombuffer(
        b64decode(Parts(page_of(models["quantiles"])).model()["background"]["weights"])
    )
    assert (weights == 1).all()  # nothing is kept


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
    raw = raw_rows(model, X[:3]).tolist()
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
    texts = page.evaluate(
        "[...document.querySelectorAll('#reasons li span')].map((one) => one.textContent)"
    )
    page.page.locator("#column-1").fill("79")
    page.page.locator("#column-2").select_option("Rome")
    settle(page)
    texts = page.evaluate(
        "[...document.querySelectorAll('#reasons li span')].map((one) => one.textContent)"
    )
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
        X.loc[0, "town"] = models[kind].categories_["town"][int(row[2])]
        X["since"], X["seen"] = (
            pandas.Timestamp(0) + pandas.Timedelta(row[k], "D") for k in (3, 4)
        )
        for coverage in (0.8, 0.9, 0.95):
            page.page.locator("#coverage").select_option(f"{100 * coverage:g} %")
            low, high = models[kind].predict_interval(X, coverage=coverage)[0]
            shown_ends = [
                float(end.replace(",", "")) for end in re.findall(r"[\d,.]*\d", page.text("#ends"))
            ]
            assert shown_ends == pytest.approx([low, high], abs=(high - low) / 50)


@pytest.mark.slow
@pytest.mark.parametrize("knots", [[1.0], [1.0, 1.0, 1.0], [-1.0, -1.0, 0.0, 2.0, 2.0]])
def test_factors_of_intervals_are_those_of_python_below_between_and_above_the_knots(
    knots, watch, models, tmp_path
):
    widths = np.array([[knots, np.arange(1.0, len(knots) + 1)]])
    predictions = [-1e9, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 1e9]
    write_with_widths(tmp_path / "model.cmlp", models["number"], widths)
    load(tmp_path / "model.cmlp").to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    found = page.evaluate(
        "(values) => values.map((value) => ((result[0] = value), factorOf(0)))", predictions
    )
    assert found == factors_of(widths, np.array(predictions)[:, None])[:, 0].tolist()


@pytest.mark.slow
def test_set_of_classes_is_shown(shown, models):
    page = shown("classes")
    margin = model_of(models["classes"]).calibration.margins(0.9)[0]
    for age in (18, 50, 79):
        page.page.locator("#column-1").fill(str(age))
        p = page.evaluate("result")
        names = [
            name
            for name, share in zip(("no", "yes"), p, strict=True)
            if 1 - share <= margin or share == max(p)
        ]
        assert page.text("#ends") == set_text(names)


def set_text(names):
    """Return what the page writes before the coverage of a set."""
    lead = "Too close to call: could be either, " if len(names) == 2 else "Set of answers: "
    return f"{lead}{' or '.join(names)}. Sets made so contain the truth in"


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
        texts = [
            re.findall(r"-?[\d,.]*\d", ends_of(page, row).replace("−", "-")) for row in X.tolist()
        ]
        low, high = np.array([[float(end.replace(",", "")) for end in ends] for ends in texts]).T
        assert ((low <= y) & (y <= high)).sum() >= np.ceil(41 * coverage)
        exact = model.predict_interval(X, coverage)
        width = exact[:, 1] - exact[:, 0]
        assert (
            np.abs(np.stack([low, high], axis=1) - exact)
            <= np.maximum(width / 10, 2e-5 * offset)[:, None]
        ).all()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["lowest", "highest", "positive", "no lower", "no higher of two"])
def test_ends_on_the_page_are_where_the_targets_are(watch, tmp_path, kind):
    """A quantile near many equal targets reaches them, no other interval is beyond them, and none of counts below 0."""
    rng = np.random.RandomState(0)
    X = rng.standard_normal((400, 1)).round(2)
    y = np.maximum(X[:, 0] + 0.7 + 0.5 * rng.standard_normal(400), 0)
    is_highest = kind in ("highest", "no higher of two")
    if kind == "positive":
        y = np.maximum(y, 0.01 * rng.random_sample(400))  # without many equal targets
        model = TabularRegressor(**SMALL, loss="poisson").fit(X, y)
    elif kind.startswith("no"):
        model = TabularRegressor(**SMALL).fit(X, np.stack([5 - y, y], 1) if is_highest else y)
    else:
        y = 5 - y if is_highest else y
        model = TabularRegressor(**SMALL, loss="quantile", quantile=[0.05, 0.95]).fit(X, y)
    assert (kind == "positive") == (model_of(model).calibration.limits is None)
    model.to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    page.page.locator("#coverage").select_option("80 %")
    rows = [[-2.0], [-1.5], [-1.0], [0.5], [1.5]]
    exact = model.predict_interval(rows, 0.8).reshape(5, -1, 2)[:, 0]
    texts = [re.findall(r"-?[\d,.]*\d", ends_of(page, row).replace("−", "-")) for row in rows]
    # The name of one of several answers, before the ends, has a number.
    shown = np.array([[float(end.replace(",", "")) for end in ends[-2:]] for ends in texts])
    assert np.abs(shown - exact).max() < 0.05
    reached = shown == (5 if is_highest else 0)
    assert (reached == (np.abs(exact - (5 if is_highest else 0)) < 1e-12)).all()
    assert reached.any()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:coverage=0.[89] by class needs")
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
            for value, by_class in itertools.product(range(3), (False, True)):
                page.page.locator("#by-class").set_checked(by_class)
                sets = model.predict_set([[value, 0]], coverage, by_class=by_class)
                assert ends_of(page, [value]) == set_text(model.classes_[sets[0]])


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
    assert re.search(
        r"since 2031-02-03 \(2015-01-\d\d to 2023-\d\d-\d\d in training\)", page.text("#outside")
    )
    page.page.locator("#reset").click()
    assert page.page.locator("#outside").is_hidden()
    assert page.text("#hint-1") == "18 to 79"


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["number", "classes"])
def test_no_coverage_is_stated_where_python_states_none(shown, models, kind):
    """18 to 79 years in training: 10 % of this range are 6.1 years."""
    page, model = shown(kind), models[kind]
    X = people()[0].iloc[:1].astype({"age": float})
    method = model.predict_interval if kind == "number" else model.predict_set
    for age, is_far in (
        (79, False),
        (85, False),
        (85.2, True),
        (11.8, True),
        (950, True),
        (30, False),
    ):
        page.page.locator("#column-1").fill(str(age))
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model_of(model).notices.counts.clear()
            method(X.assign(age=age))
        assert any("The coverage of" in str(one.message) for one in caught) == is_far
        assert page.page.locator("#interval").is_hidden() == is_far
        text = page.text("#outside")
        assert page.page.locator("#outside").is_hidden() == (18 <= age <= 79)
        if is_far:
            assert text.endswith("Do not rely on this answer, and no coverage is known.")
        elif age == 85:
            assert text == "Slightly outside the training rows: age 85 (18 to 79 in training)."
    page.page.locator("#column-2").select_option("(other or missing)")
    assert page.page.locator("#interval").is_hidden()


@pytest.mark.slow
def test_field_of_a_time_is_as_wide_as_its_column(shown):
    page = shown("number")
    width, room = page.evaluate(
        "[cards[4].field, cards[4].graph].map((one) => one.getBoundingClientRect().width)"
    )
    assert width >= room


@pytest.mark.slow
def test_page_says_of_how_many_rows_the_average_is(watch, tmp_path):
    model = TabularRegressor(**SMALL, keep_background=20).fit(
        np.arange(60.0)[:, None], np.arange(60.0)
    )
    for background, rows in ((False, "32 artificial rows"), (True, "20 training rows")):
        model.to_html(tmp_path / "page.html", background=background)
        page = watch(tmp_path / "page.html")
        settle(page)
        assert page.text("#mean").startswith(f"The average of {rows} is ")
        assert page.text("h1") == "A number from 1 column"


@pytest.mark.slow
@pytest.mark.parametrize("has_gaps", [False, True])
def test_column_of_booleans_is_a_choice(has_gaps, watch, tmp_path):
    X, y = people()
    X["lift"] = np.arange(len(X)) % 3 == 0
    X["flag"] = np.where(np.arange(len(X)) % 5 == 0, np.nan if has_gaps else 0.0, X.lift)
    X["share"] = (
        np.random.RandomState(1).randint(0, 3, len(X)) / 2
    )  # without effect, so that its bins end at 0 and 1
    model = TabularRegressor(**SMALL, keep_background=20).fit(X, y + 9000 * X.lift)
    model.to_html(tmp_path / "page.html", background=True)
    page = watch(tmp_path / "page.html")
    settle(page)
    assert page.evaluate("columns.map((one) => one.choices?.length)") == [
        None,
        None,
        2,
        None,
        None,
        2,
        2,
        None,
    ]
    assert (
        page.page.locator("#column-5").input_value() == "0"
        and page.text("#hint-5") == "no (0) or yes (1)"
    )
    raw = page.evaluate("[...row]")
    for choice, value in (("yes (1)", 1.0), ("(missing)", np.nan), ("no (0)", 0.0)):
        for i in (5, 6):
            page.page.locator(f"#column-{i}").select_option(choice)
            raw[i] = value
        settle(page)
        assert page.evaluate("result") == pytest.approx(
            model_of(model).predict(np.array([raw]))[0], rel=1e-6
        )
        told = [("never missing" in page.text(f"#hint-{i}")) for i in (5, 6)]
        assert told == [choice == "(missing)", choice == "(missing)" and not has_gaps]
        assert f"lift: {choice.strip('()')}" in page.text("#reasons")
    curve = [[*raw[:5], x, *raw[6:]] for x in (0.0, 1.0)]
    assert page.evaluate("curves[5]") == pytest.approx(
        model_of(model).predict(np.array(curve))[:, 0], rel=1e-6
    )
    page.page.locator("#column-6").select_option("(missing)")
    page.page.locator("#reset").click()
    assert page.page.locator("#column-6").input_value() == "0"


@pytest.mark.slow
def test_dates_are_read_and_written_as_dates(shown):
    page = shown("number")
    page.page.locator("#column-3").fill("2019-07-04")
    assert page.evaluate("row[3]") == (np.datetime64("2019-07-04") - np.datetime64(0, "D")).astype(
        int
    )
    page.page.locator("#column-4").fill("2024-05-02T06:00")
    assert page.evaluate("row[4]") == pytest.approx(19845.25)
    page.page.get_by_label("since, slider").focus()
    page.press("Home")
    assert page.page.locator("#column-3").input_value().startswith("2015-01-")
    ticks = page.evaluate("ticksOf(3).map(([, text]) => text)")
    assert len(ticks) == 2 and all(re.fullmatch(r"\d{4}-\d\d-\d\d", tick) for tick in ticks)


@pytest.mark.slow
def test_curves_have_ticks_and_names_of_categories(shown):
    page = shown("number")
    assert page.evaluate("ticksOf(1).map(([, text]) => text)") == ["20", "40", "60"]
    page.evaluate("columns[1].edges = [2007, 2008, 2009]")
    assert page.evaluate("ticksOf(1).map(([, text]) => text)") == [
        "2007",
        "2008",
        "2009",
    ]  # not 2007.5
    ticks = page.evaluate(
        "[...cards[2].box.querySelectorAll('.ticks span')].map((one) => one.textContent)"
    )
    assert sorted(ticks) == ["Berlin", "Rome"]


@pytest.mark.slow
@pytest.mark.parametrize(("days", "is_short"), [(300, False), (2000, False), (10, True)])
def test_curve_of_a_date_keeps_time_and_weekday(days, is_short, watch, tmp_path):
    """Few points at any time would show waves that the model does not have."""
    hours = pandas.date_range("2025-01-06", periods=24 * days, freq="h" if days < 2000 else "3h")
    y = (
        np.where(hours.day_of_week < 5, 60, 20) * np.exp(-((hours.hour - 14) ** 2) / 12)
        + hours.day_of_year / 99
    )
    model = TabularRegressor(**SMALL).fit(pandas.DataFrame({"when": hours}), y)
    model.to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    page.page.locator("#column-0").fill("2025-01-09T15:00")
    settle(page)
    points, row = np.array(page.evaluate("pointsOf(0)")), page.evaluate("row[0]")
    low, high = page.evaluate("ends(columns[0])")
    assert low <= points[0] and points[-1] <= high and (np.diff(points) > 0).all()
    assert np.isclose(points, row).any()
    whole = (points - row) / (1 if is_short else 7)
    assert np.allclose(whole, np.round(whole), atol=1e-6)
    assert points[0] - low < np.diff(points)[0] + 1e-9 > high - points[-1]
    if any(part["period"] > 300 for part in page.evaluate("columns[0].parts")):
        assert np.diff(points).max() <= 30
    found = model.predict(
        pandas.DataFrame(
            {"when": pandas.Timestamp(0) + pandas.to_timedelta(points, "D").round("min")}
        )
    )
    assert page.evaluate("curves[0]") == pytest.approx(found.tolist(), rel=1e-3, abs=0.05)


# ------------------------------------------------------------------------------------------------------ a threshold


def with_threshold(models):
    model = pickle.loads(pickle.dumps(models["classes"]))
    model.threshold_ = 0.2
    return model


def test_page_has_the_threshold_and_says_what_the_accuracy_is_of(models):
    assert Parts(page_of(models["classes"])).model()["threshold"] is None
    described = Parts(page_of(with_threshold(models))).model()
    assert described["threshold"] == 0.2
    facts = Parts(page_of(with_threshold(models))).facts()
    assert facts[0].startswith("Without the threshold: right for ")


@pytest.mark.parametrize("positive", ["no", "yes"])
def test_headline_says_what_a_chosen_threshold_finds(models, positive, tmp_path):
    X, y = people(200, seed=1)
    truth = np.where(y > 55_000, "yes", "no")
    model = pickle.loads(pickle.dumps(models["classes"])).choose_threshold(
        X, truth, recall=0.8, pos_label=positive
    )
    found, is_positive = model.predict(X) == positive, truth == positive
    recall, precision = (
        (found & is_positive).sum() / is_positive.sum(),
        (found & is_positive).sum() / found.sum(),
    )
    described, facts = Parts(page_of(model)).model(), Parts(page_of(model)).facts()
    assert facts[0].startswith(
        f"Finds {100 * recall:.0f} % of all {positive}, and {100 * precision:.0f} % of what it calls {positive} are "
        "right, on the 200 rows outside the training with which its threshold was chosen. "
        "Without the threshold: right for "
    )
    assert described["positive"] == ["no", "yes"].index(positive)
    model.save(tmp_path / "model.cmlp")
    for copy in (load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        assert page_of(copy) == page_of(model)
    model.threshold_ = 0.2
    assert Parts(page_of(model)).facts()[0].startswith("Without the threshold")
    model = (
        TabularClassifier(**SMALL).fit(X, truth).choose_threshold(recall=0.8, pos_label=positive)
    )
    assert "on the 50 rows held out in training with which" in Parts(page_of(model)).facts()[0]


@pytest.mark.slow
@pytest.mark.parametrize("positive", ["no", "yes"])
def test_page_with_a_threshold_begins_with_the_class_to_be_found(models, positive, watch, tmp_path):
    X, y = people(200, seed=1)
    model = pickle.loads(pickle.dumps(models["classes"]))
    model.choose_threshold(
        X, np.where(y > 55_000, "yes", "no"), recall=0.99, pos_label=positive
    ).to_html(tmp_path / "a.html")
    page = watch(tmp_path / "a.html")
    settle(page)
    j = ["no", "yes"].index(positive)
    assert page.evaluate("shownOutput()") == j and page.text("#question").endswith(
        f"for {positive}?"
    )
    cut = 100 * (model.threshold_ if j else 1 - model.threshold_)
    shown = f"{100 * page.evaluate('result')[j]:.1f} %"
    cut = f"{float(f'{cut:.2g}' if cut < 10 else f'{cut:.3g}'):g}"
    assert (
        page.text("#limits")
        == f"The probability of {positive} is {shown}. From {cut} % on, the answer is {positive}."
    )
    for values, (low, high) in page.evaluate("cards.map(({ limits }, i) => [curves[i], limits])"):
        assert low <= min(values) <= max(values) <= high


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
    shown = f"{100 * page.evaluate('result[1]'):.1f} %"
    assert (
        page.text("#limits")
        == f"The probability of yes is {shown}. From 20 % on, the answer is yes."
    )
    assert page.text("#bars") == "A bar goes from 0 to 100 %, with a line at the threshold."
    assert page.evaluate(
        "[...document.querySelectorAll('.bar')].map((one) => one.style.getPropertyValue('--cut'))"
    ) == [
        "",
        "0.2",
    ]


# ------------------------------------------------------------------------------------- name and unit of the target


@pytest.mark.slow
def test_name_and_unit_of_the_target_are_shown(shown):
    page = shown("number", target="rent", unit="EUR")
    assert page.text("h1") == "rent from 5 columns"
    assert re.fullmatch(r"rent [\d,.]+\xa0EUR", page.text("#headline"))
    assert re.match(
        r"Off by [\d,.]+ EUR on average for .* off by [\d,.]+ EUR\.", page.text("#facts")
    )
    assert re.match(r"The true rent is between [\d,.]+ and [\d,.]+\xa0EUR in", page.text("#ends"))
    assert re.search(r"largest value in training, [\d,.]+ to [\d,.]+\xa0EUR\.", page.text("#bars"))
    assert "move it (in EUR): bars to the right raise it" in page.text("#mean")
    assert page.text("#outputs span") == "rent"
    assert shown("classes", target="loan").text("#headline") in ("loan: yes", "loan: no")
    page = shown("quantiles", target="rent", unit="EUR")
    assert page.text("#headline") == "rent" and page.text("#outputs b >> nth=1").endswith("EUR")


@pytest.mark.slow
def test_numbers_have_no_digits_that_are_small_beside_the_interval(watch, shown, tmp_path):
    """The interval of 80 % is some thousands wide: tens are shown, and no more."""
    page = shown("number", target="rent", unit="EUR")
    for selector in ("#headline", "#outputs b", "#question", "#mean"):
        numbers = re.findall(r"[\d,.]*\d(?=\xa0EUR)", page.text(selector))
        assert numbers and all(re.fullmatch(r"\d{1,3},\d\d0", one) for one in numbers), numbers
    predicted, text = page.evaluate("result[0]"), page.text("#headline")
    assert abs(float(re.sub(r"\D", "", text)) - predicted) <= 5
    X, y = people()
    TabularRegressor(**SMALL, early_stopping=False, n_epochs=2).fit(X, y).to_html(
        tmp_path / "page.html"
    )
    text = watch(tmp_path / "page.html").text("#headline")  # there is no interval
    assert len(re.sub(r"\D", "", text)) >= 5


def test_each_target_has_its_unit():
    X, y = people()
    model = TabularRegressor(**SMALL).fit(X, np.stack([y, X.age], axis=1))
    page = Parts(page_of(model, unit=["EUR", "years"]))
    assert page.model()["units"] == ["EUR", "years"]
    assert [
        text.count(unit) for text, unit in zip(page.facts(), ["EUR", "years"], strict=True)
    ] == [2, 2]
    with pytest.raises(ValueError, match="target must be None for several targets"):
        page_of(model, target="rent")
    with pytest.raises(ValueError, match="text for each of 2 targets, got \\['EUR'\\]"):
        page_of(model, unit=["EUR"])


def test_unit_and_target_are_refused_by_name(models, tmp_path, capsys):
    with pytest.raises(ValueError, match="unit must be None for a TabularClassifier"):
        page_of(models["classes"], unit="EUR")
    for name in ("target", "unit"):
        with pytest.raises(ValueError, match=f"{name} must be None for a Network"):
            Network([2, 2]).to_html(tmp_path / "page.html", **{name: "EUR"})
    models["classes"].save(tmp_path / "loans.cmlp")
    assert cli.main(["page", str(tmp_path / "loans.cmlp"), "--unit", "EUR"]) == 1
    assert "--unit: unit must be None for a TabularClassifier" in capsys.readouterr().err
    assert cli.main(["page", str(tmp_path / "loans.cmlp"), "--target", "loan"]) == 0
    assert Parts((tmp_path / "loans.html").read_text("utf-8")).model()["name"] == "loan"


# ------------------------------------------------------------------------------------------------------ many columns


@pytest.mark.slow
def test_ten_columns_are_shown_first_and_the_others_by_a_button(watch, tmp_path):
    X = np.random.RandomState(0).standard_normal((200, 14))
    noise = np.random.RandomState(1).standard_normal(200) / 5
    model = TabularRegressor(**SMALL).fit(X, 9 * X[:, 12] + X[:, 3] + noise)
    model.to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    names = page.page.locator(".column:visible label").all_inner_texts()
    assert len(names) == 10 and names[:2] == ["column 12", "column 3"]
    button = page.page.locator("#more")
    assert button.inner_text() == "Show all 14 columns"
    button.click()
    assert page.page.locator(".column:visible").count() == 14
    assert button.inner_text() == "Show the first 10 columns"
    button.click()
    assert page.page.locator(".column:visible").count() == 10


@pytest.mark.slow
def test_no_button_for_ten_columns_and_reasons_are_not_cut_off(shown):
    page = shown("number")
    assert page.page.locator("#more").is_hidden()
    cut = "[...document.querySelectorAll('#details *')].filter((one) => one.scrollWidth > one.clientWidth + 1).length"
    page.page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate(cut) == 0


# ------------------------------------------------------------------------------------------------------- load a row


def typed_rows(n=150):
    """Columns of each kind that a file can have, with a target."""
    rng = np.random.RandomState(1)
    days = pandas.to_timedelta(rng.randint(0, 900, n), "D")
    frame = pandas.DataFrame({
        "size": rng.lognormal(3, 1, n),
        "lift": rng.random_sample(n) < 0.5,
        "town": rng.choice(["Berlin", "Rome", "a, b", None], n),
        "floor": pandas.Categorical(rng.choice(["low", "high"], n), categories=["low", "high"], ordered=True),
        "code": rng.choice([1, 2, 30], n),
        "built": pandas.to_datetime("2015-01-01") + days,
        "seen": pandas.to_datetime("2024-05-01", utc=True) + days / 100,
    })  # fmt: skip
    return frame, frame["size"] + 9 * frame.lift + 5 * (frame.town == "Rome")


LINES = """\
size;lift;town;floor;code;built;seen;rent
12.5;True;Rome;high;2;2016-03-01;2024-05-02T12:00Z;700
 1e2 ;false;"a, b";low;30;2016-03-01T06:30;2024-05-02 12:00:30.25+02:00;800
;1;Paris;none;3;?;NA;900
-;0;;unknown;2.0;1850-12-31;0001-01-01T00:00-12:30;
"""


@pytest.fixture(scope="module")
def typed(tmp_path_factory):
    X, y = typed_rows()
    folder = tmp_path_factory.mktemp("typed")
    model = TabularRegressor(**SMALL, categorical_features=["code"]).fit(X, y)
    model.save(folder / "flats.cmlp")
    model.to_html(folder / "page.html", target="rent")
    return folder


@pytest.mark.slow
def test_a_row_fills_a_page_of_numbers_and_categories_alone(watch, tmp_path):
    X, y = typed_rows()
    model = TabularRegressor(**SMALL).fit(X[["size", "town"]], y)
    model.to_html(tmp_path / "page.html", target="rent")
    page = watch(tmp_path / "page.html")
    assert loaded(page, "12.5;Rome") == "Row 1 of 1 is in the fields."
    assert predictions(page, 1) == pytest.approx(
        model.predict({"size": 12.5, "town": "Rome"}), rel=1e-5
    )


def by_the_command(typed, text, capsys):
    """Return what ``cmlp predict`` prints for lines of text, or its error."""
    (typed / "rows.csv").write_text(text, encoding="utf-8")
    code = cli.main(["predict", str(typed / "flats.cmlp"), str(typed / "rows.csv")])
    printed = capsys.readouterr()
    return [float(line) for line in printed.out.split()] if code == 0 else printed.err


def loaded(page, text):
    page.page.evaluate("$('loader').open = true")
    page.page.locator("#pasted").fill(text)
    page.page.locator("#load").click()
    return page.text("#loaded")


def predictions(page, n):
    found = []
    for k in range(n):
        if n > 1:
            page.page.locator("#row-number").fill(str(k + 1))
            page.page.locator("#row-number").press("Enter")
        found.append(page.evaluate("result[0]"))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("separator", ["\t", "|", ";", ","])
def test_rows_are_read_as_by_the_command(separator, typed, watch, capsys):
    text = LINES.replace(";", separator)
    page = watch(typed / "page.html")
    wanted = by_the_command(typed, text, capsys)
    assert loaded(page, text) == "Row 1 of 4 is in the fields. Not used: rent “700”."
    assert predictions(page, 4) == pytest.approx(wanted, rel=1e-5)
    page.page.locator("#row-number").fill("3")
    page.page.locator("#row-number").press("Enter")
    assert "Unknown: town “Paris”, code “3”" in page.text("#loaded")
    first, second = page.page.locator("#column-0"), page.page.locator("#column-3")
    assert first.input_value() == "" and second.input_value() == "NaN"
    page.page.locator("#row-number").fill("99")
    page.page.locator("#row-number").press("Enter")
    assert page.page.locator("#row-number").input_value() == "4"


@pytest.mark.slow
def test_rows_without_names_and_in_another_order(typed, watch, capsys):
    page = watch(typed / "page.html")
    lines = [line.split(";")[:7] for line in LINES.splitlines()]
    text = ";".join(lines[1])
    assert loaded(page, text) == "Row 1 of 1 is in the fields."
    assert page.page.locator("#nth").is_hidden()
    assert predictions(page, 1) == pytest.approx(by_the_command(typed, text, capsys), rel=1e-5)
    turned = "\r\n".join(";".join(reversed(line)) for line in lines)
    loaded(page, turned)
    assert predictions(page, 4) == pytest.approx(by_the_command(typed, turned, capsys), rel=1e-5)


@pytest.fixture(scope="module")
def single(tmp_path_factory):
    """A folder with a model of one column for each of two columns, and its page."""
    X, y = typed_rows()
    folders = {}
    for name in ("size", "town"):
        folders[name] = folder = tmp_path_factory.mktemp(name)
        X.loc[::9, name] = None
        model = TabularRegressor(**SMALL).fit(X[[name]], y)
        model.save(folder / "flats.cmlp")
        model.to_html(folder / "page.html", target="rent")
    return folders


@pytest.mark.slow
@pytest.mark.parametrize(
    "text, n",
    [
        ("NAME\n1\n\n2\n", 3),
        ("1\n\n2", 3),
        ("\n1\n", 2),
        ("\n\nNAME\n2\n\n", 2),
        ("NAME\n\n", 1),
        ("1\r\n\r\n  \r\n2\r\n", 4),
        ('NAME\n""\n1\n', 2),
        ('NAME\n1\n"1"\n\n', 3),
        ("NAME,rent\n1,5\n\n2,6\n", 2),
        ("NAME\trent\n\n1\t5\n", 1),
    ],
)
@pytest.mark.parametrize("name", ["size", "town"])
def test_blank_lines_are_missing_values_of_a_single_column(name, text, n, single, watch, capsys):
    if name == "town":
        if "NAME" not in text:
            text = f"NAME\n{text}"  # which text has not without a line of names
        text = text.replace("1", "Rome").replace("2", "Berlin")
    text = text.replace("NAME", name)
    wanted = by_the_command(single[name], text, capsys)
    page = watch(single[name] / "page.html")
    assert loaded(page, text).startswith(f"Row 1 of {n} ")
    assert predictions(page, n) == pytest.approx(wanted, rel=1e-5)


@pytest.fixture(scope="module")
def quoted(tmp_path_factory):
    """Folders with a model and its page, by a category that needs quotation marks in a file."""
    folders = {}

    def folder_of(category):
        if category not in folders:
            X, y = typed_rows()
            folders[category] = folder = tmp_path_factory.mktemp("quoted")
            model = TabularRegressor(**SMALL).fit(X[["size", "town"]].replace("a, b", category), y)
            model.save(folder / "flats.cmlp")
            model.to_html(folder / "page.html", target="rent")
        return folders[category]

    return folder_of


@pytest.mark.slow
@pytest.mark.parametrize("separator", ["\t", "|", ";", ","])
@pytest.mark.parametrize("cell", ['"Rome\n"', '"\nRome"', '"Rome\n\n"', '"a ""quoted""\n"', '"\n"'])
def test_quoted_cells_may_begin_and_end_with_line_breaks(separator, cell, quoted, watch, capsys):
    folder = quoted(cell.strip('"').replace('""', '"'))
    text = f"size;town\n12.5;{cell}\n3;Berlin\n".replace(";", separator)
    wanted = by_the_command(folder, text, capsys)
    page = watch(folder / "page.html")
    assert loaded(page, text) == "Row 1 of 2 is in the fields."
    assert predictions(page, 2) == pytest.approx(wanted, rel=1e-5)


@pytest.mark.slow
def test_rows_of_a_file(typed, watch, capsys):
    (typed / "some.csv").write_text("\ufeff" + LINES, encoding="utf-8")
    page = watch(typed / "page.html")
    page.page.evaluate("$('loader').open = true")
    page.page.locator("#file").set_input_files(typed / "some.csv")
    page.until("$('loaded').textContent !== ''")
    assert page.text("#loaded").startswith("Row 1 of 4")
    assert predictions(page, 4) == pytest.approx(by_the_command(typed, LINES, capsys), rel=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize(
    "column, cell, wanted",
    [
        ("size", "large", "a number such as 1234.5"),
        ("size", "inf", "a number such as 1234.5"),
        ("size", "1,5", "a number such as 1234.5"),
        ("lift", "yes", "a number such as 1234.5"),
        ("built", "2016-02-30", "a date such as 2026-11-24"),
        ("built", "2016-02-03T00:00Z", "without an offset from UTC"),
        ("built", "03.02.2016", "a date such as 2026-11-24"),
        ("seen", "2024-05-02", "a time with its offset"),
        ("seen", "2024-05-02T24:00Z", "a time with its offset"),
        ("seen", "0001-01-01T00:00+14:00", "a time with its offset"),  # in UTC of the year 0
        ("seen", "9999-12-31T23:59:59.999999-00:01", "a time with its offset"),
    ],
)
def test_cell_that_is_none_of_its_column_is_named(column, cell, wanted, typed, watch, capsys):
    names, first, *_ = LINES.splitlines()
    cells = dict(zip(names.split(";"), first.split(";"), strict=True)) | {column: cell}
    text = f"{names}\n{';'.join(cells.values())}\n"
    assert repr(cell).strip("'") in by_the_command(typed, text, capsys)
    page = watch(typed / "page.html")
    before = page.evaluate("[...row]")
    said = loaded(page, text)
    assert said.startswith(f"Nothing is changed. Line 2: {column} must be ") and wanted in said
    assert f"got “{cell}”" in said
    assert page.evaluate("[...row]") == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "text, said",
    [
        ("", "There is no row."),
        ("\n \n", "There is no row."),
        ("1;2;3", "3 values came, but the model has 7 columns."),
        (
            "size;lift;town\n1;True;Rome",
            "The first line has no column “floor” and “code” and “built” and “seen”.",
        ),
        (LINES.splitlines()[0], "There is no row below the names."),
        (LINES + "1;2", "Line 6: 2 values, but the first line has 8."),
        (LINES + '"1;True', "a quotation mark is not closed."),
        (LINES.replace("rent", "size"), "Two columns have the same name."),
    ],
)
def test_what_is_wrong_with_the_lines_is_said(text, said, typed, watch):
    page = watch(typed / "page.html")
    assert said in loaded(page, text)
    assert loaded(page, LINES).startswith("Row 1 of 4")


@pytest.mark.slow
def test_numbers_are_read_with_the_decimal_point_of_the_training(watch, tmp_path, capsys):
    lines = [f"{x},5;{1 + x}.000;{2 * x}" for x in range(60)]
    (tmp_path / "train.csv").write_text(
        "\n".join(["a;b;y", *lines, "NA;1.000;3"]), encoding="utf-8"
    )
    options = [
        "--target",
        "y",
        "--regressor",
        "--decimal",
        ",",
        "--thousands",
        ".",
        "-o",
        str(tmp_path / "m.cmlp"),
    ]
    assert cli.main(["train", str(tmp_path / "train.csv"), *options]) == 0
    load(tmp_path / "m.cmlp").to_html(tmp_path / "page.html")
    page = watch(tmp_path / "page.html")
    assert loaded(page, "a;b\n7,25;1.234.567,5").startswith("Row 1 of 1")
    assert page.evaluate("[...row]") == [7.25, 1234567.5]
    assert "a must be a number such as 1234,5, got “7.25”" in loaded(page, "7.25;1")
    # Cells that spreadsheets write for text are values in a first line, too.
    assert loaded(page, '="7,25";="1"\n="8,5";="2"').startswith("Row 1 of 2")
    assert page.evaluate("[...row]") == [7.25, 1]


@pytest.mark.slow
def test_firefox_reads_the_same_rows(typed, capsys):
    with firefox() as browser:
        browser.open(typed / "page.html")
        found = browser.evaluate(
            f"(load({LINES!r}), [1, 2, 3, 4].map((k) => (showLoaded(k), result[0])))"
        )
        assert found == pytest.approx(by_the_command(typed, LINES, capsys), rel=1e-5)
        assert browser.evaluate("$('loaded').textContent").startswith("Row 4 of 4")
        assert browser.evaluate("document.documentElement.scrollWidth") <= 1280


def test_page_shows_what_fit_has_found(tmp_path):
    pandas = pytest.importorskip("pandas")
    y = np.random.RandomState(0).standard_normal(90)
    frame = pandas.DataFrame({"size": y[::-1], "<b>pay": 2 * y})
    model = TabularRegressor(n_estimators=1, hidden_layer_sizes=(4,), n_epochs=1, random_state=0)
    model.fit(frame, y).to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<li>!! leak: &lt;b&gt;pay: y exactly: equal values of one are" in page
    model.set_params(known=["leak", "useless"]).fit(frame, y).to_html(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert 'id="findings"' not in page
