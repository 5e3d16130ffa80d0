"""Monotone columns of tables: answers that can only rise or fall with a number, as the signs of the weights prove."""

import pickle

import numpy as np
import pytest
from helpers import assert_same_bits
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import InvalidParameterError

RNG = np.random.RandomState(0)
N = 400
X = np.column_stack([RNG.uniform(0, 10, N), RNG.exponential(1, N), RNG.standard_normal((N, 2))])
X[::17, 1] = np.nan  # a missing number has an input of its own
Y = np.sqrt(X[:, 0]) - np.nan_to_num(X[:, 1]) + np.where(X[:, 2] > 0, X[:, 3], 0)
Y += 0.5 * RNG.standard_normal(N)
SMALL = {"n_estimators": 2, "hidden_layer_sizes": (12, 12), "random_state": 0, "n_epochs": 20}
SIGNS = [1, -1, 0, 0]


def regressor(**parameters):
    return TabularRegressor(**{**SMALL, **parameters})


def rows_along(column, n_rows=60):
    """Return rows that differ in one column only: its values ascend, from far below to far above those of training."""
    known = X[~np.isnan(X[:, column]), column]
    values = np.concatenate([known, known[:100] + 1e-5, np.linspace(-30, 30, 201), [-1e300, 1e300]])
    values = np.unique(values)
    rows = np.repeat(X[:n_rows, None, :], len(values), axis=1)
    rows[:, :, column] = values
    return rows


def largest_step_back(answer, column, sign):
    """Return by how much answers change most in the direction in which they must not; 0 if they never do."""
    rows = rows_along(column)
    answers = answer(rows.reshape(-1, X.shape[1])).reshape(*rows.shape[:2], -1)
    return float(np.maximum(0, -sign * np.diff(answers, axis=1)).max())


FITS = {
    "numbers": (regressor(), Y),
    "one quantile": (regressor(loss="quantile", quantile=0.9), Y),
    "several quantiles": (regressor(loss="quantile", quantile=[0.1, 0.5, 0.9]), Y),
    "counts": (regressor(loss="poisson"), RNG.poisson(np.exp(Y / 3))),
    "two classes": (TabularClassifier(**SMALL), np.where(Y > 1, "yes", "no")),
    "one layer": (regressor(hidden_layer_sizes=(9,)), Y),
    "no hidden layer": (regressor(hidden_layer_sizes=()), Y),
    "three layers": (regressor(hidden_layer_sizes=(8, 1, 8)), Y),
}


def answers_of(model):
    if hasattr(model, "predict_proba"):
        return lambda rows: model.predict_proba(rows)[:, 1]
    return model.predict


@pytest.mark.parametrize("name", FITS)
def test_no_answer_goes_the_wrong_way(name):
    model, y = FITS[name]
    model = model.set_params(monotonic_cst=SIGNS).fit(X, y)
    assert model.monotonic_cst_.tolist() == SIGNS and model.monotonic_cst_.dtype == np.int8
    answer = answers_of(model)
    assert largest_step_back(answer, 0, 1) == 0
    assert largest_step_back(answer, 1, -1) == 0


def test_ordered_classes_only_rise():
    y = np.digitize(Y, [0, 1, 2])
    model = TabularClassifier(**SMALL, ordered=True, monotonic_cst=SIGNS).fit(X, y)
    assert model.monotonic_cst_.tolist() == SIGNS
    assert largest_step_back(model.predict, 0, 1) == 0
    above = lambda rows: 1 - np.cumsum(model.predict_proba(rows), axis=1)  # noqa: E731
    assert largest_step_back(above, 0, 1) < 1e-12
    assert largest_step_back(above, 1, -1) < 1e-12


def test_without_signs_answers_go_both_ways():
    model = regressor().fit(X, Y)
    assert model.monotonic_cst_.tolist() == [0, 0, 0, 0]
    assert largest_step_back(model.predict, 0, 1) > 0.01
    assert largest_step_back(model.predict, 1, -1) > 0.01


def test_the_error_stays_small():
    free, kept = (regressor(n_epochs=60, monotonic_cst=one) for one in (None, SIGNS))
    scores = [model.fit(X[:300], Y[:300]).score(X[300:], Y[300:]) for model in (free, kept)]
    assert min(scores) > 0.6 and scores[1] > scores[0] - 0.05


def test_answers_bend_both_ways():
    x = np.linspace(-1, 1, 600)
    for power in (3, 1 / 3):
        y = np.sign(x) * np.abs(x) ** power
        model = regressor(n_epochs=96, monotonic_cst=[1]).fit(x[:, None], y)
        assert np.abs(model.predict(x[:, None]) - y).max() < 0.25


def test_one_weight_of_the_wrong_sign_ends_the_proof():
    """Each layer has weights whose sign the attribute needs: it reads them, not what fit was told."""
    model = regressor(monotonic_cst=[1, 0, 0, 0]).fit(X, Y)
    network = model.estimators_[0]  # its weights are those of the model
    for weights in network.weights:
        # Of the first input, the column's; of the last unit, which is not free.
        at = (0, -1) if len(weights) > 12 else (-1, -1)
        before = weights[at]
        weights[at] = -before
        assert model.monotonic_cst_.tolist() == ([0, 0, 0, 0] if before else [1, 0, 0, 0])
        weights[at] = before
    assert model.monotonic_cst_.tolist() == [1, 0, 0, 0]
    network.weights[0][0, 0] = 1.0  # a free unit
    assert model.monotonic_cst_.tolist() == [0, 0, 0, 0]


def test_names_indices_and_arrays_mean_the_same():
    pd = package("pandas")
    frame = pd.DataFrame(X, columns=["a", "b", "c", "d"])
    expected = regressor(monotonic_cst=SIGNS).fit(frame, Y).predict(frame)
    for given in ({"a": 1, "b": -1}, {"a": 1, 1: -1, "c": 0}, np.array(SIGNS), tuple(SIGNS)):
        assert_same_bits(regressor(monotonic_cst=given).fit(frame, Y).predict(frame), expected)
    free = regressor().fit(frame, Y).predict(frame)
    for given in ({}, [0, 0, 0, 0], {"d": 0}):
        assert_same_bits(regressor(monotonic_cst=given).fit(frame, Y).predict(frame), free)


def test_all_columns_can_have_a_sign():
    model = regressor(monotonic_cst=[1, -1, 1, 1], early_stopping=False).fit(np.nan_to_num(X), Y)
    assert model.monotonic_cst_.tolist() == [1, -1, 1, 1]
    assert largest_step_back(model.predict, 3, 1) == 0


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"q": 1}, "monotonic_cst has 'q', but X has no such column"),
        ({7: 1}, "monotonic_cst has 7, but X has no such column"),
        ([1, 0], r"a list of one sign for each of 4 columns, got \[1, 0\]"),
        ("a", "a list of one sign for each of 4 columns, got 'a'"),
        (1, "a list of one sign for each of 4 columns, got 1"),
        ({0: 2}, "monotonic_cst must have the signs 1, 0 and -1, got 2"),
        ({0: True}, "must have the signs 1, 0 and -1, got True"),
        ({0: 0.5}, "must have the signs 1, 0 and -1, got 0.5"),
        ({2: 1}, "needs a column of numbers, got column 2, which is one of 2 categories"),
    ],
)
def test_wrong_values_are_refused(given, message):
    rows = [[a, b, "low" if c < 0 else "high", d] for a, b, c, d in X.tolist()]
    model = regressor(monotonic_cst=given)
    with pytest.raises(InvalidParameterError, match=message) as caught:
        model.fit(rows, Y)
    assert caught.value.parameter == "monotonic_cst"
    assert not hasattr(model, "n_features_in_")


def test_targets_without_an_order_are_refused():
    with pytest.raises(ValueError, match="needs one target, got 2: fit a model for each"):
        regressor(monotonic_cst=SIGNS).fit(X, np.stack([Y, Y], axis=1))
    with pytest.raises(
        ValueError, match="needs a y of two classes, or of ordered ones, got 3 classes without"
    ):
        TabularClassifier(**SMALL, monotonic_cst=SIGNS).fit(X, np.digitize(Y, [0, 2]))
    labels = np.stack([Y > 0, Y > 1], axis=1).astype(int)
    with pytest.raises(ValueError, match="or of ordered ones, got 2 labels of each row"):
        TabularClassifier(**SMALL, monotonic_cst=SIGNS).fit(X, labels)


def test_dates_are_refused_and_unused_columns_are_not():
    pd = package("pandas")
    days = pd.date_range("2024-01-01", periods=N, freq="7h")
    frame = pd.DataFrame({"x": X[:, 0], "day": days, "same": 1.0})
    with pytest.raises(ValueError, match="got column 'day', which is a date"):
        wave = Y + 5 * np.sin(days.hour.to_numpy() / 24 * 2 * np.pi)
        regressor(monotonic_cst={"day": 1}).fit(frame, wave)
    model = regressor(monotonic_cst={"same": 1, "x": 1}).fit(frame[["x", "same"]], Y)
    assert model.monotonic_cst_.tolist() == [1, 0]


def test_files_pickles_and_copies_keep_the_signs(tmp_path):
    model = regressor(monotonic_cst={0: 1, 1: -1}).fit(X, Y)
    model.save(tmp_path / "model.cmlp")
    for other in (cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        assert other.monotonic_cst_.tolist() == SIGNS
        assert_same_bits(other.predict(X), model.predict(X))
        assert_same_bits(other.fit(X, Y).predict(X), model.predict(X))


def test_any_number_of_threads_gives_the_same_bits():
    one, four = (regressor(monotonic_cst=SIGNS, n_threads=n).fit(X, Y) for n in (1, 4))
    assert_same_bits(one.predict(X), four.predict(X))


def test_a_warm_start_cuts_weights_of_the_wrong_sign():
    model = regressor(warm_start=True).fit(X, Y)
    assert largest_step_back(model.predict, 0, 1) > 0
    model.set_params(monotonic_cst=SIGNS, n_epochs=2).fit(X, Y)
    assert model.monotonic_cst_.tolist() == SIGNS
    assert largest_step_back(model.predict, 0, 1) == 0


def test_a_resumed_fit_keeps_the_signs():
    class Stops:
        def on_epoch_end(self, trainer):
            if trainer.state.epoch == 7:
                trainer.stop()

    whole = regressor(monotonic_cst=SIGNS).fit(X, Y)
    model = regressor(monotonic_cst=SIGNS, callbacks=[Stops()]).fit(X, Y)
    model.set_params(callbacks=None).fit(X, Y, resume=True)
    assert_same_bits(model.predict(X), whole.predict(X))
    assert model.monotonic_cst_.tolist() == SIGNS


def test_calibrated_probabilities_stay_monotone():
    model = TabularClassifier(**SMALL, monotonic_cst=SIGNS).fit(X, Y > 1)
    model.calibrate(probabilities=True)
    assert model.monotonic_cst_.tolist() == SIGNS
    assert largest_step_back(answers_of(model), 0, 1) == 0


def test_the_command_says_what_is_proved(tmp_path, capsys):
    from cmlp.__main__ import main

    path = tmp_path / "model.cmlp"
    regressor(monotonic_cst=SIGNS).fit(X, Y).save(path)
    assert main(["info", str(path)]) == 0
    out = capsys.readouterr().out
    assert "answers can only rise with 0; answers can only fall with 1" in out
    regressor().fit(X, Y).save(path)
    assert main(["info", str(path)]) == 0
    assert "answers can only" not in capsys.readouterr().out


def test_onnx_keeps_the_signs(tmp_path):
    runtime = package("onnxruntime")
    model = regressor(monotonic_cst=SIGNS).fit(X, Y)
    model.to_onnx(tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx")
    names = [one.name for one in session.get_inputs()]

    def answer(rows):
        feeds = {
            name: rows[:, [i]].astype(np.float32)
            if session.get_inputs()[i].type == "tensor(float)"
            else rows[:, [i]]
            for i, name in enumerate(names)
        }
        return np.asarray(session.run(None, feeds)[0])

    assert largest_step_back(answer, 0, 1) == 0
