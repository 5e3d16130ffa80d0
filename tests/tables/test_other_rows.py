"""Rows that are passed beside those of fit and are not like them: what is said, by each rule and each method."""

import copy
import functools
import warnings

import numpy as np
import pytest
from internals import changed
from optional import package

import cmlp
from cmlp import MLPRegressor, Network, TabularClassifier, TabularRegressor, Trainer
from cmlp import __main__ as cli

QUICK = {"n_estimators": 2, "hidden_layer_sizes": (16,), "n_epochs": 10, "random_state": 0}
rng = np.random.RandomState(0)
X = rng.standard_normal((900, 5)) * [1, 20, 300, 1, 5] + [0, 100, -50, 3, 9]
Y = X[:, 0] ** 2 + X[:, 1] / 10 + rng.standard_normal(900) / 5
FIT, NEW = slice(0, 500), slice(500, 900)


def said(function, *arguments, **keywords):
    """Return the warnings of data of a call, but for those that a model is useless."""
    return [text for text in heard(function, *arguments, **keywords) if "[useless]" not in text]


def heard(function, *arguments, **keywords):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        function(*arguments, **keywords)
    return [str(one.message) for one in caught if str(one.message).endswith("]")]


@functools.cache
def regressor():
    return TabularRegressor(**QUICK).fit(X[FIT], Y[FIT])


@functools.cache
def classifier():
    return TabularClassifier(**QUICK).fit(X[FIT], Y[FIT] > 11)


def one_column(i, change):
    rows = X.copy()
    rows[:, i] = change(rows[:, i])
    return rows


MEAN, DEVIATION = X[FIT].mean(axis=0), X[FIT].std(axis=0)
LOW, HIGH = X[FIT].min(axis=0), X[FIT].max(axis=0)
STANDARDIZED = (X - MEAN) / DEVIATION
# What is done to the rows, and what is said of it.
ROWS = {
    "N1": (X * 30 + 80, "column 0: 398 of 400 rows are farther outside of the training rows than half of their "
           "range (-2.835 to 2.929); column 1: 400 ("),
    "N1 without a remedy": (one_column(1, lambda x: x * 7), "Transform them as X, if they were not; else the model "
                            "extrapolates. [moved:x1]"),
    "N1 and N3": (one_column(1, lambda x: x * 100), "They would fit if divided by 100: are they in another unit? "
                  "[moved:x1]"),
    "N2": (X + [0, 75, 1500, 4, 26], "column 1, column 2, column 3 and column 4: more than half of the 400 rows are "
           "outside of the training rows in each of these 4 columns. [moved:x1,x2,x3,x4]"),
    "N3": (one_column(1, lambda x: x / 100), ", column 1 would fit the training rows if multiplied by 100: is it in "
           "another unit?"),
    "N3, 60": (one_column(1, lambda x: x / 60), "multiplied by 60: is it in another unit? [moved:x1]"),
    "N4": (STANDARDIZED, "the columns look like training rows that were standardized (mean 0, deviation 1): pass"),
    "N4, 0 to 1": ((X - LOW) / (HIGH - LOW), "the columns look like training rows that were scaled to 0 to 1: pass"),
    "N5": (X[:, [0, 2, 1, 3, 4]], ", column 1 and column 2 seem to be swapped: each fits the other's training rows."),
}  # fmt: skip
TARGETS = {
    "Y1 and Y2": (Y * 100, "400 of 400 values of y are outside of those of fit (", "Divided by 100, y would fit the "
                  "predictions: pass y as fit got it. [moved:y]"),
    "Y1": (Y + 12, " values of y are outside of those of fit (", ": is y in the unit of fit? [moved:y]"),
    "Y2": (-Y, "the error is ", "With the other sign, y would fit the predictions: pass y as fit got it. [moved:y]"),
    "Y3 before": (np.roll(Y, 1), "the predictions fit the y of the row after (error ", ": X and y seem to be shifted "
                  "by a row. [order:y]"),
    "Y3 after": (np.roll(Y, -1), "the predictions fit the y of the row before (error ", "[order:y]"),
}  # fmt: skip
LABELS = {
    "Y3": (np.roll(Y > 11, 1), "the predictions fit the y of the row after (right for ", "[order:y]"),
    "Y4": (Y <= 11, "with the two classes exchanged, the model would be right for 9", ": are the labels swapped? "
           "[labels:y]"),
}  # fmt: skip


@pytest.mark.parametrize("rule", ROWS)
def test_calibrate_names_other_rows_and_the_remedy(rule):
    rows, words = ROWS[rule]
    (text,) = said(copy.deepcopy(regressor()).calibrate, rows[NEW], Y[NEW])
    assert text.startswith("calibrate") and words in text


@pytest.mark.parametrize("rule", TARGETS)
def test_calibrate_names_another_y(rule):
    y, begin, end = TARGETS[rule]
    (text,) = said(copy.deepcopy(regressor()).calibrate, X[NEW], y[NEW])
    assert text.startswith("calibrate: ") and begin in text and text.endswith(end)


@pytest.mark.parametrize("rule", LABELS)
@pytest.mark.parametrize("method", ["calibrate", "choose_threshold", "score", "probabilities"])
def test_labels_of_other_rows_are_named(rule, method):
    y, begin, end = LABELS[rule]
    model, keywords = copy.deepcopy(classifier()), {}
    if method == "choose_threshold":
        keywords = {"recall": 0.9, "pos_label": True}
    if method == "probabilities":
        method, keywords = "calibrate", {"probabilities": True}
    (text,) = said(getattr(model, method), X[NEW], y[NEW], **keywords)
    assert text.startswith(f"{method}: {begin}") and text.endswith(end)


def test_rows_of_the_same_population_are_passed_in_silence():
    for model, y in ((regressor(), Y), (classifier(), Y > 11)):
        for n in (1, 5, 20, 100, 400):
            one, rows = copy.deepcopy(model), slice(500, 500 + n)
            assert said(one.score, X[rows], y[rows]) == []
            assert said(one.predict, X[rows]) == []
            assert said(one.calibrate, X[rows], y[rows]) == []
        again = type(model)(**QUICK)
        assert said(again.fit, X[FIT], y[FIT], X_val=X[NEW], y_val=y[NEW]) == []


@pytest.mark.parametrize("rule", ROWS)
def test_validation_rows_of_a_table_are_compared_with_x(rule):
    rows, words = ROWS[rule]
    model = TabularRegressor(**QUICK)
    texts = said(model.fit, X[FIT], Y[FIT], X_val=rows[NEW], y_val=Y[NEW])
    assert len(texts) == 1 and texts[0].startswith("X_val") and words in texts[0]


def test_targets_of_validation_rows_are_compared():
    for y, words in ((Y * 100, "Divided by 100, y would fit"), (np.roll(Y, 1), "shifted by a row")):
        model = TabularRegressor(**QUICK)
        text, useless = heard(model.fit, X[FIT], Y[FIT], X_val=X[NEW], y_val=y[NEW])
        assert text.startswith("y_val: ") and words in text
        assert "The validation rows differ from the training rows, so that" in useless


def test_validation_rows_of_a_trainer_are_compared_with_x():
    network = Network([5, 4, 1], output="identity", loss="squared_error", random_state=0)
    rows, y = STANDARDIZED[FIT], Y[FIT, None]
    trainer = Trainer(network, max_iter=2)
    assert said(trainer.run, rows, y, X_val=STANDARDIZED[NEW], y_val=Y[NEW, None]) == []
    trainer = Trainer(network, max_iter=2)
    (text,) = said(trainer.run, rows, y, X_val=X[NEW], y_val=Y[NEW, None])
    assert text.startswith("X_val: the columns of fit were standardized")


def test_validation_rows_of_a_network_are_compared_with_x():
    model = MLPRegressor(max_iter=2, random_state=0)
    rows = {"X_val": X[NEW], "y_val": Y[NEW]}
    (text,) = said(model.fit, STANDARDIZED[FIT], Y[FIT], **rows)
    assert text.startswith(
        "X_val: the columns of fit were standardized, and those of these rows are not: transform"
    )
    assert said(model.fit, STANDARDIZED[FIT], Y[FIT], X_val=STANDARDIZED[NEW], y_val=Y[NEW]) == []


@pytest.mark.parametrize("method", ["predict", "score", "predict_interval"])
def test_far_rows_are_named_once(method):
    model = copy.deepcopy(regressor())
    arguments = (X[NEW] * 30 + 80, *[Y[NEW]] * (method == "score"))
    (text,) = said(getattr(model, method), *arguments)
    assert "398 of 400 rows are farther outside" in text and text.endswith("[moved:x0,x1,x2,x3,x4]")
    assert ("The coverage of intervals holds" in text) == (method == "predict_interval")
    assert said(getattr(model, method), *arguments) == []
    assert model.warning_counts_["column 1: other numbers than fit"] == 2


@pytest.mark.parametrize("method", ["predict", "predict_interval"])
def test_far_rows_are_not_named_again_in_other_words(method):
    model, far = copy.deepcopy(regressor()), X[NEW] * 30 + 80
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.predict(far, **{"return_std": True} if method == "predict" else {})
        model.predict_interval(far)
    assert ["398 of 400 rows are farther outside" in str(one.message) for one in caught] == [True]


def test_predict_names_far_rows_of_at_least_five_rows_alone():
    model = copy.deepcopy(regressor())
    assert said(model.predict, X[500:504] * 30 + 80) == []
    assert said(model.predict, one_column(1, lambda x: x / 100)[NEW]) == []
    (text,) = said(model.predict, X[500:505] * 30 + 80)
    assert text.startswith("column 0: 5 of 5 rows are farther outside")


def test_fit_had_standardized_columns():
    model = TabularRegressor(**QUICK).fit(STANDARDIZED[FIT], Y[FIT])
    (text,) = said(model.score, X[NEW], Y[NEW])
    assert text.startswith(
        "score: the columns of fit were standardized, and those of these rows are not: transform"
    )


def test_later_dates_are_no_error_and_swapped_ones_are():
    pandas = package("pandas")
    start = pandas.Series(pandas.date_range("2024-01-01", periods=400))
    table = pandas.DataFrame({"start": start, "end": start + pandas.Timedelta(days=900)})
    model = TabularRegressor(**QUICK).fit(table[:200], np.arange(200.0))
    assert said(model.predict, table[300:] + pandas.Timedelta(days=5000)) == []
    other = table.rename(columns={"start": "end", "end": "start"})
    (text,) = said(model.score, other[:200], np.arange(200.0))
    assert "column 'start' and column 'end' seem to be swapped" in text


def test_a_column_that_has_the_y_of_the_row_before_is_no_shift():
    walk = np.cumsum(rng.standard_normal(901))
    lagged, y = walk[:-1, None], walk[1:]
    model = TabularRegressor(**QUICK).fit(lagged[:450], y[:450])
    drifted = lagged + 0.4 * rng.standard_normal(lagged.shape)
    assert not any("shifted" in text for text in said(model.calibrate, lagged[450:], y[450:]))
    assert not any("shifted" in text for text in said(model.score, drifted[450:], y[450:]))


@pytest.mark.parametrize("kind", [TabularRegressor, TabularClassifier, MLPRegressor])
def test_fit_names_x_and_y_that_are_shifted(kind):
    parameters = {"max_iter": 20, "random_state": 0} if kind is MLPRegressor else QUICK
    y = Y > 11 if kind is TabularClassifier else Y
    (text,) = heard(kind(**parameters).fit, STANDARDIZED, np.roll(y, 1))
    assert "X says more about the y of the row after (R² of a linear fit in ranks 0." in text
    words = ": X and y seem to be shifted by a row, unless columns are made from earlier y. "
    assert words in text and not text.endswith(f"{words}[useless]")
    (text,) = heard(kind(**parameters).fit, STANDARDIZED, rng.permutation(y))
    assert "shifted" not in text


def test_examine_names_x_and_y_that_are_shifted():
    finding = "shifted", ("y",)
    for y in (np.roll(Y, 1), np.roll(Y > 11, -1)):
        assert finding in [(one.code, one.columns) for one in cmlp.examine(X, y)]
    for rows, y in ((X, Y), (X, rng.permutation(Y)), (np.roll(Y, 1)[:, None], Y)):
        assert "shifted" not in [one.code for one in cmlp.examine(rows, y)]


@pytest.mark.parametrize("n", [200, 2000])
@pytest.mark.parametrize("window", [3, 5])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_columns_that_are_made_from_earlier_y_are_no_shift(n, window, is_reversed):
    pandas = package("pandas")
    y = pandas.Series(np.random.RandomState(n).standard_normal(n))
    before = y.shift(1)
    columns = [before.rolling(window).mean(), before.rolling(10).mean(), before.abs()]
    table, answers = pandas.concat(columns, axis=1)[10:].to_numpy(), y[10:].to_numpy()
    for rows in (table[:, :1], table):
        pair = (rows[::-1], answers[::-1]) if is_reversed else (rows, answers)
        assert "shifted" not in [one.code for one in cmlp.examine(*pair)]


def test_a_warm_start_names_the_unit():
    model = copy.deepcopy(regressor()).set_params(warm_start=True, n_epochs=1)
    (text,) = said(model.fit, one_column(1, lambda x: x * 100)[FIT], Y[FIT])
    assert "column 1 would fit the training rows if divided by 100: is it in another unit?" in text


def test_drift_and_check_name_the_remedy(tmp_path, capsys):
    rows = one_column(1, lambda x: x / 1000)[NEW]
    remedy = "column 1 would fit the training rows if multiplied by 1,000: is it in another unit?"
    assert regressor().drift(rows).remedies == [remedy]
    assert regressor().drift(X[NEW]).remedies == []
    regressor().save(tmp_path / "model.cmlp")
    np.savetxt(tmp_path / "rows.csv", rows, delimiter=",")
    assert cli.main(["check", str(tmp_path / "model.cmlp"), str(tmp_path / "rows.csv")]) == 3
    assert capsys.readouterr().out.splitlines()[-1] == remedy


def test_the_command_names_far_rows(tmp_path, capsys):
    regressor().save(tmp_path / "model.cmlp")
    np.savetxt(tmp_path / "rows.csv", X[NEW] * 30 + 80, delimiter=",")
    assert cli.main(["predict", str(tmp_path / "model.cmlp"), str(tmp_path / "rows.csv")]) == 0
    assert "cmlp: column 0: 398 of 400 rows are farther outside" in capsys.readouterr().err


def test_a_model_without_a_summary_knows_ranges_alone():
    model = copy.deepcopy(regressor())
    changed(model, summary=None)
    (text,) = said(model.score, one_column(1, lambda x: x * 100)[NEW], Y[NEW])
    assert text.startswith("score, column 1: 400 of 400 rows are farther outside")


def test_intervals_name_more_than_a_hundredth_of_far_rows():
    model = regressor()
    for n_far, n in ((1, 400), (4, 400), (1, 20)):
        rows = X[500 : 500 + n].copy()
        rows[:n_far, 1] += 500
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            copy.deepcopy(model).predict_interval(rows)
    for n_far, n in ((5, 400), (2, 20), (1, 19)):
        rows = X[500 : 500 + n].copy()
        rows[:n_far, 1] += 500
        with pytest.warns(
            UserWarning, match=f"column 1: {n_far} of {n} rows are outside the range"
        ):
            copy.deepcopy(model).predict_interval(rows)


@pytest.mark.parametrize(
    "method",
    ["calibrate", "choose_threshold", "predict", "predict_interval", "predict_set", "score"],
)
def test_known_silences_rows_of_every_method(method):
    is_label = method in ("choose_threshold", "predict_set")
    model = copy.deepcopy(classifier() if is_label else regressor())
    y, keywords = (Y > 11 if is_label else Y), {}
    if method == "choose_threshold":
        keywords = {"recall": 0.9, "pos_label": True}
    arguments = (X[NEW] * 30 + 80, *[y[NEW]] * (not method.startswith("predict")))
    again = copy.deepcopy(model).set_params(known=["moved"])
    assert said(getattr(model, method), *arguments, **keywords)
    assert said(getattr(again, method), *arguments, **keywords) == []


@pytest.mark.parametrize("method", ["calibrate", "score"])
def test_known_silences_an_index_in_another_order(method):
    pandas = package("pandas")
    model = TabularRegressor(**QUICK).fit(X[FIT], Y[FIT])
    frame, y = pandas.DataFrame(X[NEW]), pandas.Series(Y[NEW])
    call = getattr(model, method)
    (text,) = said(call, frame, y[::-1])
    assert text.endswith("[order:y]")
    model.set_params(known=["order"])
    assert said(call, frame, y[::-1]) == []


@pytest.mark.parametrize("kind", [TabularRegressor, TabularClassifier])
def test_score_does_not_compare_rows_of_weight_zero(kind):
    y = Y > 11 if kind is TabularClassifier else Y
    model = copy.deepcopy(classifier() if kind is TabularClassifier else regressor())
    rows, weight = X[NEW].copy(), np.ones(400)
    weight[100:] = 0
    rows[100:] = rows[100:] * 30 + 80
    assert said(model.score, rows, y[NEW], weight) == []
    (text,) = said(model.score, rows, y[NEW], 1 - weight)
    assert "of 300 rows are farther outside" in text


@pytest.mark.parametrize("is_trainer", [False, True])
def test_networks_do_not_compare_rows_of_weight_zero(is_trainer):
    rows, weight = STANDARDIZED[NEW].copy(), np.ones(400)
    weight[100:] = 0
    rows[100:] += 80
    y = Y[:, None] if is_trainer else Y
    for chosen, n in ((weight, 0), (1 - weight, 1)):
        fit = MLPRegressor(max_iter=2, random_state=0).fit
        if is_trainer:
            network = Network([5, 4, 1], output="identity", loss="squared_error", random_state=0)
            fit = Trainer(network, max_iter=2).run
        keywords = {"X_val": rows, "y_val": y[NEW], "sample_weight_val": chosen}
        assert len(said(fit, STANDARDIZED[FIT], y[FIT], **keywords)) == n


def test_targets_are_named_together_and_each_of_them_once():
    pandas = package("pandas")
    y = pandas.DataFrame({"a": Y, "b": Y - X[:, 1], "c": X[:, 0]})
    model = TabularRegressor(**QUICK).fit(X[FIT], y[FIT])
    (text,) = said(copy.deepcopy(model).calibrate, X[NEW], (y * [100, 1, 100])[NEW])
    assert "400 of 400 values of target 'a' are outside of those of fit" in text
    assert text.endswith("Likewise for target 'c'. [moved:y]")
    assert len(said(model.score, X[NEW], (y * [100, 1, 1])[NEW])) == 1
    (text,) = said(model.score, X[NEW], (y * [100, 1, 100])[NEW])
    assert "values of target 'c' are outside" in text and "'a'" not in text


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")  # by how y is made here
def test_swapped_labels_of_several_are_named():
    labels = np.stack([Y > 11, X[:, 0] > 0, X[:, 1] > 100], axis=1).astype(int)
    model = TabularClassifier(**QUICK).fit(X[FIT], labels[FIT])
    labels[:, 1:] = 1 - labels[:, 1:]
    (text,) = said(model.score, X[NEW], labels[NEW])
    assert text.startswith("score: with the two classes of label 1 exchanged, the model would be")
    assert text.endswith("are the labels swapped? Likewise for label 2. [labels:y]")


def test_columns_of_large_numbers_are_compared_without_overflow():
    model = TabularRegressor(**QUICK).fit(X[FIT] * 1e200, Y[FIT])
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        assert "standardized" in model.drift(STANDARDIZED[NEW]).remedies[0]
        (text,) = said(model.calibrate, STANDARDIZED[NEW], Y[NEW])
        assert "the columns look like training rows that were standardized" in text
        other = TabularRegressor(**QUICK).fit(STANDARDIZED[FIT], Y[FIT])
        assert "The columns of fit were" in other.drift(X[NEW] * 1e200).remedies[0]


def test_score_does_not_name_the_later_y_of_a_trend():
    y, trend = np.arange(400.0), np.arange(400.0)[:, None]
    model = TabularRegressor(**QUICK).fit(trend[:300], y[:300])
    assert not any("[moved:y]" in text for text in said(model.score, trend[300:], y[300:]))
    (text,) = said(copy.deepcopy(regressor()).score, X[NEW], Y[NEW] * 100)
    assert "values of y are outside" in text and "Divided by 100" in text


def test_most_columns_outside_are_no_cause_of_a_useless_model():
    rows = X + [0, 75, 1500, 4, 26]
    model = TabularRegressor(**QUICK)
    texts = heard(model.fit, X[FIT], rng.permutation(Y[FIT]), X_val=rows[NEW], y_val=Y[NEW])
    assert any("in each of these 4 columns" in text for text in texts)
    assert "[useless]" in texts[-1] and "The validation rows differ" not in texts[-1]


def test_a_second_sentence_begins_with_a_capital_letter():
    # Both columns are far from those of fit, but only one of them is far outside of their range.
    rows = np.stack([X[:, 1], X[:, 3] + 1000, X[:, 4]], axis=1)
    model = TabularRegressor(**QUICK).fit(rows[FIT], Y[FIT])
    (text,) = said(model.calibrate, (rows / [100, 100, 1])[NEW], Y[NEW])
    assert (
        ". Column 1 and column 0 would fit the training rows if multiplied by 100: are they" in text
    )
