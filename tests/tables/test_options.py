"""Parameters of the training of tables: learning rate, dropout, number of epochs, early stopping, warm start."""

import warnings

import numpy as np
import pytest
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor

TINY = {"n_estimators": 2, "hidden_layer_sizes": (8,), "random_state": 0}
rng = np.random.RandomState(0)
X = rng.standard_normal((120, 3))
Y = X[:, 0] + rng.standard_normal(120) / 10


def fitted(kind=TabularRegressor, y=Y, **parameters):
    return kind(**{**TINY, **parameters}).fit(X, y)


@pytest.mark.parametrize("kind", [TabularRegressor, TabularClassifier])
def test_defaults_are_those_of_the_recipe(kind):
    y = Y if kind is TabularRegressor else Y > 0
    model = fitted(kind, y)
    explicit = fitted(
        kind, y, learning_rate_init=0.0125, dropout=0.1, n_epochs=40, early_stopping=True
    )
    assert model.history_ == explicit.history_
    assert (model.predict(X) == explicit.predict(X)).all()


@pytest.mark.parametrize(
    "changed", [{"learning_rate_init": 1e-3}, {"dropout": 0.0}, {"dropout": [0.4]}]
)
def test_rate_and_dropout_change_the_training(changed):
    assert fitted(**changed, n_epochs=3).history_["loss"] != fitted(n_epochs=3).history_["loss"]


def test_n_epochs_is_the_number_of_epochs():
    assert fitted(n_epochs=5).history_["epoch"] == [1, 2, 3, 4, 5] * 2


def test_without_early_stopping_all_rows_train_and_the_last_epoch_stays():
    model = fitted(early_stopping=False, n_epochs=4)
    assert set(model.history_) == {"network", "epoch", "loss"}
    # With a network that holds out no row, the result depends on every row.
    for row in range(0, 120, 40):
        y = Y.copy()
        y[row] += 0.5
        assert (fitted(y=y, early_stopping=False, n_epochs=4).predict(X) != model.predict(X)).any()
    with pytest.raises(ValueError, match=r"early_stopping=False, or fewer than 16 rows.*calibrate"):
        model.predict_interval(X)


def test_without_early_stopping_validation_data_raise():
    with pytest.raises(
        ValueError,
        match=r"early_stopping=False uses no validation data: leave out X_val and y_val\.",
    ):
        TabularRegressor(early_stopping=False).fit(X, Y, X_val=X, y_val=Y)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"learning_rate_init": 0.0}, "'learning_rate_init' parameter of TabularRegressor must be"),
        ({"dropout": 1.0}, "'dropout' parameter of TabularRegressor must be"),
        (
            {"dropout": [0.1, 0.1]},
            "dropout must be a number or a list of one number for each of 1 hidden layers",
        ),
        ({"n_epochs": 0}, "'n_epochs' parameter of TabularRegressor must be an int"),
        ({"early_stopping": 1}, "'early_stopping' parameter of TabularRegressor must be"),
    ],
)
def test_invalid_parameters_raise(parameters, message):
    with pytest.raises(ValueError, match=message):
        fitted(**parameters)


# -------------------------------------------------------------------------------------------------- warm start


def test_warm_start_continues_from_the_networks():
    model = fitted(warm_start=True, n_epochs=4)
    first = model.history_["loss"]
    again = model.fit(X, Y).history_["loss"]
    assert max(again[0], again[4]) < min(first[0], first[4])
    model.set_params(learning_rate_init=1e-12)
    before = model.predict(X)
    np.testing.assert_allclose(model.fit(X, Y).predict(X), before, rtol=1e-5)


def told(fit):
    """Return the messages of warnings of a fit."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit()
    return [str(one.message) for one in caught]


def test_warm_start_keeps_columns_and_scale():
    frame = [[row[0], "ab"[i % 2]] for i, row in enumerate(X)]
    model = TabularRegressor(**TINY, warm_start=True, n_epochs=4).fit(frame, Y)
    before = model.predict([[0.1, "b"], [0.2, "new"]])
    model.set_params(learning_rate_init=1e-12)
    found = told(lambda: model.fit([[row[0] * 100, "new"] for row in X], Y * 1000))
    assert "column 1: all 120 values are unknown" in found[0]
    assert "column 0: 118 of 120 rows are outside the range" in found[1]
    np.testing.assert_allclose(model.predict([[0.1, "b"], [0.2, "new"]]), before, rtol=1e-5)


WARM = {"n_estimators": 2, "hidden_layer_sizes": (16,), "warm_start": True, "random_state": 0}


def rows_to_continue(n=400):
    rng = np.random.RandomState(3)
    pairs = zip(rng.random_sample(n).tolist(), rng.randint(0, 9, n).tolist(), strict=True)
    rows = [[number, f"k{code}", "ab"[code % 2]] for number, code in pairs]
    return rows, np.array([10 * row[0] + int(row[1][1:]) for row in rows])


def test_warm_start_on_the_same_rows_says_nothing(tmp_path):
    X, y = rows_to_continue()
    model = TabularRegressor(**WARM).fit(X, y)
    assert told(lambda: model.set_params(n_epochs=1).fit(X, y)) == []
    assert told(lambda: model.fit(X[:200], y[:200])) == []
    model.save(tmp_path / "model.cmlp")
    assert told(lambda: cmlp.load(tmp_path / "model.cmlp").fit(X, y)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda row: [row[0], "new " + row[1], row[2]], "column 1: all 400 values are unknown"),
        (
            lambda row: [row[0] + 2, row[1], row[2]],
            r"column 0: 400 of 400 rows are outside the range of the training",
        ),
        (lambda row: [row[0], row[1], None], "column 2: all 400 values are missing"),
        (lambda row: [None, row[1], row[2]], "column 0: all 400 values are missing"),
    ],
    ids=["categories", "numbers", "no categories", "no numbers"],
)
def test_warm_start_on_rows_whose_columns_are_others_is_named(change, message):
    X, y = rows_to_continue()
    model = TabularRegressor(**WARM, n_epochs=8).fit(X, y)
    for _ in range(2):  # in each fit
        found = [
            one
            for one in told(lambda: model.fit([change(row) for row in X], y))
            if "better than" not in one
        ]
        assert len(found) == 1 and found[0].startswith(message)
        assert (
            "warm_start=True keeps the categories, ranges and bins of the earlier fit" in found[0]
        )
    assert model.warning_counts_ == {}


def test_warm_start_on_targets_that_moved_is_named(tmp_path):
    X, y = rows_to_continue()
    model = TabularRegressor(**WARM).fit(X, y)
    model.save(tmp_path / "model.cmlp")
    for one in (model, cmlp.load(tmp_path / "model.cmlp")):
        (message,) = told(lambda one=one: one.set_params(n_epochs=1).fit(X, y + 100))
        assert one.score(X, y + 100) < 0
        assert message.startswith("The model is not clearly better than a constant")
        assert "warm_start=True continued the model of an earlier fit" in message


def test_a_warm_start_with_other_columns_raises_as_fit_does():
    pandas = package("pandas")
    X, y = rows_to_continue()
    frame = pandas.DataFrame(X, columns=["x", "k", "s"])
    model = TabularRegressor(**WARM, n_epochs=2).fit(frame, y)
    with pytest.raises(ValueError, match="unknown are"):
        model.fit(frame.assign(other=1.0), y)


def test_warm_start_of_a_loaded_model(tmp_path):
    model = fitted(warm_start=True, n_epochs=4)
    model.save(tmp_path / "model.cmlp")
    loaded = cmlp.load(tmp_path / "model.cmlp").fit(X, Y)
    assert loaded.predict(X).tobytes() == model.fit(X, Y).predict(X).tobytes()


def test_warm_start_without_a_model_is_a_fit():
    assert (fitted(warm_start=True, n_epochs=3).predict(X) == fitted(n_epochs=3).predict(X)).all()


def test_interrupted_warm_start_resumes_with_the_same_bits():
    whole = fitted(warm_start=True, n_epochs=4).fit(X, Y + 1)
    model = fitted(warm_start=True, n_epochs=4).set_params(max_time=1e-9).fit(X, Y + 1)
    model.set_params(max_time=None).fit(X, Y + 1, resume=True)
    assert (model.predict(X) == whole.predict(X)).all()


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"n_estimators": 3}, "warm_start=True needs n_estimators=2, as the model has, got 3"),
        (
            {"hidden_layer_sizes": (9,)},
            r"warm_start=True needs hidden_layer_sizes=\(8,\) and 1 outputs",
        ),
        (
            {"loss": "quantile", "quantile": [0.1, 0.9]},
            "and 1 outputs, as the model has, got .* and 2",
        ),
        (
            {"loss": "poisson"},
            "warm_start=True needs the loss 'squared_error' or one of its kind, got 'poisson'",
        ),
    ],
)
def test_warm_start_with_other_networks_raises(changed, message):
    model = fitted(warm_start=True, n_epochs=2)
    before = model.predict(X)
    with pytest.raises(ValueError, match=message):
        model.set_params(**changed).fit(X, Y)
    assert (model.predict(X) == before).all()


def test_warm_start_with_other_classes_raises():
    model = fitted(TabularClassifier, Y > 0, warm_start=True, n_epochs=2)
    with pytest.raises(
        ValueError, match=r"needs the classes of the model, \[False, True\], got \[-1, 0, 1\]"
    ):
        model.fit(X, np.sign(Y.round()).astype(int))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda model: model.score(X[:0], []), "X must have at least one row for a score"),
        (
            lambda model: model.fit(X, Y > 0, X_val=X[:0], y_val=[]),
            "X_val must have at least one row",
        ),
        (
            lambda model: model.calibrate(X, np.eye(2, dtype=int)[(Y > 0) * 1]),
            "y must have one label per row, as in fit",
        ),
        (
            lambda model: model.save("model", include_training_state=True),
            "include_training_state must be False",
        ),
    ],
)
def test_calls_that_a_table_cannot_answer_raise(call, message):
    model = fitted(TabularClassifier, Y > 0, n_epochs=1, keep_background=1)
    with pytest.raises(ValueError, match=message):
        call(model)


@pytest.mark.parametrize(
    "parameters, arguments",
    [
        ({"monotonic_cst": [1]}, {}),
        ({}, {"groups": [1, 2]}),
        ({}, {"time": "z"}),
        ({}, {"X_val": X[:, :2], "y_val": Y}),
    ],
)
def test_fits_that_refuse_their_rows_draw_nothing_from_a_generator(parameters, arguments):
    generator = np.random.RandomState(5)
    model = TabularRegressor(**{**TINY, "random_state": generator}, **parameters)
    with pytest.raises(ValueError, match=next(iter({**parameters, **arguments}))):
        model.fit(X, Y, **arguments)
    assert generator.randint(1 << 30) == np.random.RandomState(5).randint(1 << 30)


def test_frames_need_columns_of_numbers_or_categories():
    pandas = package("pandas")
    with pytest.raises(ValueError, match=r"Found array with 0 feature\(s\) \(shape=\(120, 0\)\)"):
        TabularRegressor(**TINY).fit(pandas.DataFrame(index=range(120)), Y)
    with pytest.raises(
        ValueError, match="column 'z' must be numbers or categories, got dtype complex128"
    ):
        TabularRegressor(**TINY).fit(pandas.DataFrame({"z": X[:, 0] * 1j}), Y)


def test_predictions_take_the_number_of_threads():
    model = fitted(TabularRegressor, Y, n_epochs=1)
    model.n_threads = 0
    with pytest.raises(ValueError, match="n_threads must be a positive integer or None, got 0"):
        model.predict(X)


@pytest.mark.parametrize("kind", [TabularRegressor, TabularClassifier])
def test_partial_fit_does_not_exist_and_the_error_names_what_to_use(kind):
    assert not hasattr(kind(), "partial_fit")
    with pytest.raises(AttributeError, match=r"'partial_fit': use .*warm_start=True.*calibrate"):
        kind().partial_fit(X, Y)
