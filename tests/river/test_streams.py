"""Estimators for river: its own checks, growing features and classes, and the same steps as the estimators of cmlp."""

import copy
import pickle
import re
from functools import partial

import numpy as np
import pytest
from estimator_cases import interrupted_in_line
from optional import package

import cmlp

river = package("river.api")
checks = package("river.checks")
MLPClassifier, MLPRegressor = (
    package("cmlp.river").MLPClassifier,
    package("cmlp.river").MLPRegressor,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.5] + 0.1 * RNG.normal(size=40)
LABELS = np.array(["a", "b", "c"])[np.arange(40) % 3]
NAMES = ["x", "y", "z"]


def rows(values=X, names=NAMES):
    return [dict(zip(names, row, strict=True)) for row in values.tolist()]


def regressor(**params):
    return MLPRegressor(
        **{"hidden_layer_sizes": (5,), "learning_rate_init": 0.01, "seed": 3, **params}
    )


def classifier(**params):
    return MLPClassifier(
        **{"hidden_layer_sizes": (5,), "learning_rate_init": 0.01, "seed": 3, **params}
    )


def learned(model, xs, ys):
    for x, y in zip(xs, ys, strict=True):
        model.learn_one(x, y)
    return model


def answers(model, xs):
    """Return what a model predicts for rows, bit for bit comparable."""
    one = model.predict_one if isinstance(model, MLPRegressor) else model.predict_proba_one
    return [one(x) for x in xs]


CHECKS = [
    (model, check)
    for model in (MLPClassifier(), MLPRegressor())
    for check in checks.yield_checks(model)
]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model", "check"), CHECKS, ids=[f"{type(m).__name__}-{c.__name__}" for m, c in CHECKS]
)
def test_checks_of_river(model, check):
    assert model._unit_test_skips() == set()
    check(model.clone())


# The same steps as the estimators


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"solver": "sgd"},
        {"solver": "sgd", "nesterovs_momentum": False},
        {"solver": "sgd", "momentum": 0},
        {
            "solver": "adamw",
            "weight_decay": 0.1,
            "max_grad_norm": 0.5,
            "beta_1": 0.8,
            "beta_2": 0.99,
            "epsilon": 1e-6,
        },
        {"alpha": 0.1, "activation": "tanh", "hidden_layer_sizes": (5, 4), "dtype": "float32"},
        {"loss": "poisson", "hidden_layer_sizes": ()},
        {"loss": "huber"},
    ],
)
def test_learn_one_takes_the_steps_of_partial_fit(params):
    y = np.abs(Y)
    ours = learned(regressor(y_scale=None, **params), rows(), y.tolist())
    params = {"hidden_layer_sizes": (5,), "learning_rate_init": 0.01, **params}
    theirs = cmlp.MLPRegressor(**params, batch_size=1, shuffle=False, random_state=3)
    theirs.partial_fit(X.astype(params.get("dtype", "float64")), y)
    np.testing.assert_array_equal(ours.network_.params, theirs.network_.params)
    assert ours.predict_one(rows()[0]) == theirs.predict(X[:1])[0]


def test_classifier_has_softmax_outputs_and_takes_the_steps_of_partial_fit():
    ours = learned(classifier(solver="sgd", momentum=0), rows(), LABELS.tolist())
    arrays = ours.network_.weights, ours.network_.biases
    hidden = np.maximum(X @ arrays[0][0] + arrays[1][0], 0)
    powers = np.exp(hidden @ arrays[0][1] + arrays[1][1])
    expected = powers / powers.sum(axis=1, keepdims=True)
    found = [list(ours.predict_proba_one(x).values()) for x in rows()]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    theirs = cmlp.MLPClassifier.from_arrays(
        *arrays, ours.classes_, solver="sgd", momentum=0, learning_rate_init=0.01, batch_size=1
    )
    theirs.partial_fit(X[:1], LABELS[:1])
    ours.learn_one(rows()[0], LABELS[0])
    np.testing.assert_array_equal(ours.network_.params, theirs.network_.params)


def test_learn_many_with_batches_takes_the_steps_of_partial_fit():
    pandas = package("pandas")
    ours = regressor(batch_size=8, y_scale=None)
    ours.learn_many(pandas.DataFrame(X, columns=NAMES), pandas.Series(Y))
    theirs = cmlp.MLPRegressor(
        hidden_layer_sizes=(5,),
        learning_rate_init=0.01,
        batch_size=8,
        shuffle=False,
        random_state=3,
    ).partial_fit(X, Y)
    np.testing.assert_array_equal(ours.network_.params, theirs.network_.params)


# Features and classes that come and go


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_a_late_feature_counts_as_zero_before(solver):
    """The same as a feature that was 0 from the second row on; the first row decides which weights are random."""
    late = [
        {name: x[name] for name in ("x", "y")} if place < 20 else x
        for place, x in enumerate(rows())
    ]
    early = [{"z": 0.0, **x} if 0 < place < 20 else x for place, x in enumerate(late)]
    first, second = (learned(regressor(solver=solver), xs, Y.tolist()) for xs in (late, early))
    assert first.features_ == ["x", "y", "z"]
    assert answers(first, rows()) == answers(second, rows())


def test_a_late_feature_changes_no_prediction_before_it_is_learned():
    model = learned(regressor(learning_rate_init=1e-300), [{"x": 1.0, "y": 2.0}], [1.0])
    before = model.predict_one({"x": 0.5, "y": 1.0})
    model.learn_one({"x": 1.0, "y": 2.0, "z": 50.0}, 1.0)
    assert model.predict_one({"x": 0.5, "y": 1.0, "z": 9.0}) == before


def test_features_that_appear_one_by_one():
    wide = RNG.normal(size=(30, 30))
    names = [f"w{column:02}" for column in range(30)]
    growing = [dict(list(x.items())[: place + 1]) for place, x in enumerate(rows(wide, names))]
    known = [
        {name: x.get(name, 0.0) for name in names} if place else x
        for place, x in enumerate(growing)
    ]
    first, second = (learned(regressor(), xs, [1.0] * 30) for xs in (growing, known))
    assert first.features_ == second.features_ == names
    np.testing.assert_allclose(
        answers(first, rows(wide, names)), answers(second, rows(wide, names)), rtol=1e-12
    )
    assert first.network_.sizes[0] == 32 and not first.network_.weights[0][30:].any()


def test_absent_and_unknown_features():
    model = learned(classifier(), rows(), LABELS.tolist())
    assert answers(model, [{"x": 1.0}]) == answers(
        model, [{"x": 1.0, "y": 0, "z": False, "other": 7.0}]
    )
    assert model.features_ == NAMES
    assert sum(model.predict_proba_one({}).values()) == pytest.approx(1)


def test_the_order_of_the_features_does_not_matter():
    xs = rows()
    swapped = [dict(reversed(x.items())) for x in xs]
    first, second = (learned(regressor(), some, Y.tolist()) for some in (xs, swapped))
    assert answers(first, xs) == answers(second, swapped)


def test_a_new_class_begins_with_a_logit_of_zero():
    model = learned(classifier(learning_rate_init=1e-300), rows()[:2], ["a", "b"])
    before = model.predict_proba_one(rows()[5])
    logits = model.network_.weighted_sums(X[5:6])[-1][0]
    model.learn_one(rows()[2], "c")
    after = model.predict_proba_one(rows()[5])
    assert after["a"] / after["b"] == pytest.approx(before["a"] / before["b"])
    assert after["c"] == pytest.approx(1 / (1 + np.exp(logits).sum()))
    assert list(after) == model.classes_ == ["a", "b", "c"]


def test_a_single_class_has_probability_one():
    model = learned(classifier(), rows()[:1], [True])
    assert (
        model.predict_proba_one(rows()[0]) == {True: 1.0} and model.predict_one(rows()[0]) is True
    )
    model.learn_one(rows()[1], np.bool_(True))
    assert model.classes_ == [True]


# Frames


def frames(library, names=NAMES):
    module = package(library)
    return (
        module.DataFrame(X, schema=names)
        if library == "polars"
        else module.DataFrame(X, columns=names)
    )


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_learn_many_has_the_bits_of_learn_one(library):
    frame, series = frames(library), package(library).Series(LABELS.tolist())
    one, many = learned(classifier(), rows(), LABELS.tolist()), classifier()
    many.learn_many(frame, series)
    assert answers(one, rows()) == answers(many, rows())
    table = many.predict_proba_many(frame)
    assert type(table) is type(frame) and list(table.columns) == ["a", "b", "c"]
    assert table.to_numpy().tolist() == [list(found.values()) for found in answers(one, rows())]
    assert list(many.predict_many(frame)) == [one.predict_one(x) for x in rows()]
    one, many = learned(regressor(), rows(), Y.tolist()), regressor()
    many.learn_many(frame, package(library).Series(Y.tolist()))
    assert list(many.predict_many(frame)) == answers(one, rows())


def test_missing_values_of_a_frame_are_absent_features():
    pandas = package("pandas")
    xs = [{name: x[name] for name in NAMES[: 1 + place % 3]} for place, x in enumerate(rows())]
    one, many = learned(regressor(), [rows()[0], *xs], [0.0, *Y]), regressor()
    many.learn_one(rows()[0], 0.0)
    many.learn_many(pandas.DataFrame(xs), pandas.Series(Y))
    assert answers(one, rows()) == answers(many, rows())
    assert many.predict_many(pandas.DataFrame(xs)).tolist() == answers(one, xs)


@pytest.mark.parametrize(("make", "y"), [(classifier, LABELS), (regressor, Y)])
def test_features_missing_in_the_first_rows_of_a_frame_are_new_later(make, y):
    """Their weights begin at 0, as if the rows came one by one, and a feature that is never there stays unknown."""
    pandas = package("pandas")
    frame = pandas.DataFrame(X, columns=NAMES).assign(never=np.nan)[["never", "z", "x", "y"]]
    frame.loc[:1, "x"] = frame.loc[:6, "z"] = np.nan
    xs = [row.dropna().to_dict() for _, row in frame.iterrows()]
    one, many = learned(make(), xs, y.tolist()), make()
    many.learn_many(frame, pandas.Series(y))
    assert many.features_ == one.features_ == ["y", "x", "z"]
    assert answers(one, rows()) == answers(many, rows())


@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_first_row_without_features_begins_with_weights_of_zero(make):
    model = make(learning_rate_init=1e-300)
    model.learn_one({}, 1)
    before = answers(model, [{"x": 5.0}])
    model.learn_one({"x": 1.0}, 1)
    assert answers(model, [{"x": 5.0}]) == before


def test_index_of_a_frame_is_kept_and_empty_frames_are_allowed():
    frame = frames("pandas").set_index(np.arange(100, 140))
    labels = package("pandas").Series(LABELS, index=frame.index)
    model = classifier()
    model.learn_many(frame[:0], labels[:0])
    assert model.classes_ == [] and model.network_ is None
    model.learn_many(frame, labels)
    assert model.predict_many(frame).index.tolist() == frame.index.tolist()
    assert model.predict_proba_many(frame[:0]).shape == (0, 3)
    empty = regressor()
    empty.learn_many(frame[:0], labels[:0])
    assert empty.network_ is None


def test_predictions_before_learning():
    frame = frames("pandas")
    assert (
        classifier().predict_proba_one(rows()[0]) == {}
        and classifier().predict_one(rows()[0]) is None
    )
    assert classifier().predict_many(frame).tolist() == [None] * 40
    assert classifier().predict_proba_many(frame).shape == (40, 0)
    assert regressor().predict_one(rows()[0]) == 0.0
    assert regressor().predict_many(frame).tolist() == [0.0] * 40


# Targets of any size

LOSSES = ["squared_error", "absolute_error", "huber", "poisson", "gamma", "tweedie"]


def stream(n=600):
    """Return rows with targets that are positive, about 1, and known up to a tenth."""
    inputs = np.random.default_rng(4).normal(size=(n, 3))
    return rows(inputs), 1 + 0.2 * np.tanh(inputs @ [1.0, -2.0, 0.5])


@pytest.mark.parametrize("loss", LOSSES)
def test_targets_far_from_zero_are_learned(loss):
    xs, y = stream()
    model = learned(regressor(loss=loss), xs, (2000 * y).tolist())
    errors = np.array(answers(model, xs[-200:])) - 2000 * y[-200:]
    assert (errors**2).mean() < 0.2 * (2000 * y[-200:]).var()


@pytest.mark.parametrize("loss", LOSSES)
def test_the_unit_of_the_targets_changes_no_bit(loss):
    xs, y = stream(60)
    small, large = (learned(regressor(loss=loss), xs, (unit * y).tolist()) for unit in (1, 2.0**40))
    assert answers(large, xs) == [2.0**40 * value for value in answers(small, xs)]


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
def test_targets_are_scaled_by_the_moments_so_far(loss):
    xs, y = stream(60)
    model, plain = regressor(loss=loss), regressor(loss=loss, y_scale=None)
    for k, x in enumerate(xs):
        mean, deviation = y[: k + 1].mean(), y[: k + 1].std() if k else 1.0
        shift, spread = (mean, deviation) if loss == "squared_error" else (0.0, mean)
        model.learn_one(x, y[k])
        plain.learn_one(x, (y[k] - shift) / spread)
        assert model.predict_one(x) == pytest.approx(
            shift + spread * plain.predict_one(x), rel=1e-9
        )


@pytest.mark.parametrize("loss", ["squared_error", "gamma"])
@pytest.mark.parametrize("step", [1, 7, 40])
def test_the_scale_of_the_targets_continues_with_the_bits_of_one_stream(loss, step):
    """In frames of any size, with copies and pickles between them."""
    pandas = package("pandas")
    y = 1000 + 100 * np.tanh(Y)
    whole, parts = learned(regressor(loss=loss), rows(), y.tolist()), regressor(loss=loss)
    for start in range(0, len(X), step):
        parts = copy.deepcopy(pickle.loads(pickle.dumps(parts)))
        parts.learn_many(
            frames("pandas")[start : start + step], pandas.Series(y[start : start + step])
        )
    assert pickle.dumps(parts._learned.moments) == pickle.dumps(whole._learned.moments)
    assert answers(parts, rows()) == answers(whole, rows())
    assert parts.predict_many(frames("pandas")).tolist() == answers(whole, rows())


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("value", [0.0, 2000.0])
def test_equal_targets_are_predicted(loss, value):
    model = learned(regressor(loss=loss), rows() * 10, [value] * 400)
    np.testing.assert_allclose(answers(model, rows()), value, rtol=0.2, atol=0.3)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("loss", LOSSES)
def test_the_network_predicts_y(loss, dtype):
    model = learned(regressor(loss=loss, dtype=dtype), rows(), (2000 + 100 * np.tanh(Y)).tolist())
    predicted = np.array(answers(model, rows()))
    np.testing.assert_allclose(
        model.network_.forward(X)[:, 0], predicted, rtol=1e-5 if dtype == "float32" else 1e-12
    )
    model.network_.params[:] = 0
    assert answers(model, rows()) == predicted.tolist()
    live = learned(regressor(loss=loss, y_scale=None), rows(), np.abs(Y) + 1)
    assert live.network_ is live.network_


def test_a_refused_target_leaves_the_scale_unchanged():
    pandas = package("pandas")
    model = learned(regressor(), rows()[:1], [1e300])
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"y has values that are too far apart: .* with -1e\+308"):
        model.learn_one(rows()[0], -1e308)
    with pytest.raises(ValueError, match="y must be a finite number, got nan in row 2"):
        model.learn_many(frames("pandas")[:3], pandas.Series([1.0, 2.0, float("nan")]))
    assert pickle.dumps(model) == before


# Errors, copies, pipelines


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"alpha": -1.0}, "'alpha' parameter of MLPRegressor"),
        ({"solver": "lbfgs"}, "'solver' parameter of MLPRegressor"),
        ({"batch_size": "auto"}, "'batch_size' parameter of MLPRegressor"),
        ({"seed": -1}, "'seed' parameter of MLPRegressor"),
        ({"loss": "log_loss"}, "'loss' parameter of MLPRegressor"),
        ({"hidden_layer_sizes": (0,)}, "hidden_layer_sizes must be > 0"),
        ({"activation": "cubic"}, "activation"),
        ({"activation": ["relu", "tanh"]}, "activation"),
    ],
)
def test_invalid_parameters(params, message):
    with pytest.raises(ValueError, match=message):
        regressor(**params)


@pytest.mark.parametrize(
    ("params", "unused"),
    [
        ({"momentum": 0.5}, "momentum"),
        ({"weight_decay": 0.1}, "weight_decay"),
        ({"solver": "sgd", "beta_2": 0.9}, "beta_2"),
    ],
)
def test_parameters_without_effect_are_named(params, unused):
    with pytest.warns(
        cmlp.exceptions.UnusedParameterWarning, match=f"^{unused} differs .* with this solver"
    ):
        found = learned(regressor(**params), rows(), Y)
    expected = learned(
        regressor(**{name: value for name, value in params.items() if name != unused}), rows(), Y
    )
    assert answers(found, rows()) == answers(expected, rows())


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "3", None, 10**400])
def test_a_value_that_is_not_a_finite_number_is_named(value):
    model = learned(classifier(), rows(), LABELS.tolist())
    before = pickle.dumps(model)
    for call in (lambda x: model.learn_one(x, "new"), model.predict_one):
        with pytest.raises(ValueError, match=r"x\['y'\] must be a finite number, got"):
            call({"x": 1.0, "y": value, "other": 1.0})
    with pytest.raises(TypeError, match="x must be a dict of features, got list"):
        model.predict_one([1.0])
    assert pickle.dumps(model) == before


@pytest.mark.parametrize("label", [None, float("nan"), np.float32("nan")])
def test_missing_labels_are_refused(label):
    pandas = package("pandas")
    model = learned(classifier(), rows(), LABELS.tolist())
    before = pickle.dumps(model)
    with pytest.raises(ValueError, match=r"y must be a label, got (None|.*nan)"):
        model.learn_one(rows()[0], label)
    with pytest.raises(ValueError, match=r"y must be a label, got (None|.*nan).* in row 1"):
        model.learn_many(frames("pandas")[:2], pandas.Series(["a", label], dtype=object))
    assert pickle.dumps(model) == before
    with pytest.raises(ValueError, match=r"y must be a label, got <NA> in row 0"):
        model.learn_many(frames("pandas")[:1], pandas.Series([pandas.NA], dtype="string"))


@pytest.mark.parametrize("value", [float("nan"), 0.0, -1.0, "fast", None])
def test_a_learning_rate_that_is_not_valid_is_refused(value):
    model = learned(regressor(), rows()[:3], Y[:3])
    with pytest.raises(
        ValueError, match="The 'learning_rate_init' parameter of MLPRegressor must be a float in"
    ):
        model.mutate({"learning_rate_init": value})
    assert model.learning_rate_init == 0.01
    model.learn_one(rows()[3], 1.0)


@pytest.mark.parametrize("make", [classifier, regressor])
def test_ctrl_c_in_any_line_changes_nothing(make):
    step, began = 0, make()
    began.learn_one({"x": 1.0}, 1)
    expected = copy.deepcopy(began)
    expected.learn_one({"x": 2.0, "new": 1.0}, 2)
    while True:
        model, step = copy.deepcopy(began), step + 1
        run = partial(model.learn_one, {"x": 2.0, "new": 1.0}, 2)
        if not interrupted_in_line(step, run, "cmlp.", "cmlp.river."):
            break
        assert model.features_ in (["x"], ["x", "new"])
        if model.features_ == ["x"]:
            assert answers(model, [{"x": 3.0}]) == answers(began, [{"x": 3.0}])
            model.learn_one({"x": 2.0, "new": 1.0}, 2)
        assert answers(model, [{"x": 3.0, "new": 1.0}]) == answers(
            expected, [{"x": 3.0, "new": 1.0}]
        )
    assert step > 20


def test_invalid_frames_are_named():
    pandas = package("pandas")
    frame, series = frames("pandas"), package("pandas").Series(Y)
    with pytest.raises(ValueError, match="y must have 40 entries, as X has rows, got 39"):
        regressor().learn_many(frame, series[:39])
    with pytest.raises(ValueError, match="X must have columns of numbers"):
        regressor().learn_many(pandas.DataFrame({"a": ["text"] * 40}), series)
    frame.loc[3, "y"] = np.inf
    with pytest.raises(ValueError, match="got infinity in row 3 of column 'y'"):
        regressor().learn_many(frame, series)


@pytest.mark.parametrize(
    ("loss", "y", "message"),
    [
        ("poisson", -1, "y must not be negative with loss='poisson', got -1."),
        ("gamma", 0, "y must be positive with loss='gamma', got 0."),
        ("tweedie", -1, "y must not be negative with loss='tweedie', got -1."),
        ("squared_error", float("nan"), "y must be a finite number, got nan."),
        ("huber", "1", "y must be a finite number, got '1'."),
        ("huber", 10**4999, "y must be a finite number, got <an integer of about 5,000 digits>."),
    ],
    ids=["poisson", "gamma", "tweedie", "nan", "text", "digits"],
)
def test_targets_out_of_range(loss, y, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        regressor(loss=loss).learn_one(rows()[0], y)


@pytest.mark.parametrize("new", ["new", ""])
@pytest.mark.parametrize("make", [classifier, regressor])
def test_a_step_that_diverges_changes_nothing(make, new):
    """With new features and classes in each step, and without."""
    model = learned(
        make(solver="sgd", activation="identity"),
        rows(),
        LABELS.tolist() if make is classifier else Y,
    )
    model.mutate({"learning_rate_init": 1.7e308})
    with pytest.raises(cmlp.exceptions.DivergenceError):
        for place in range(9):
            before = pickle.dumps(model)
            x, label = (
                ({"x": 99.0, f"new{place}": 1.0}, f"new{place}")
                if new
                else ({"x": 99.0, "y": 99.0}, "a")
            )
            model.learn_one(x, label if make is classifier else 1.0)
    assert pickle.dumps(model) == before


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))]
)
def test_copies_continue_like_the_original(duplicate):
    model = learned(classifier(), rows()[:20], LABELS[:20].tolist())
    twin = duplicate(model)
    for each in (model, twin):
        learned(each, rows()[20:], LABELS[20:].tolist())
    assert answers(model, rows()) == answers(twin, rows())
    assert answers(model.clone(), rows()[:1]) == [{}]


def test_the_learning_rate_can_change():
    model = learned(regressor(y_scale=None), rows(), Y.tolist())
    before = model.network_.params.copy()
    model.mutate({"learning_rate_init": 1e-300})
    model.learn_one(rows()[0], 1.0)
    np.testing.assert_array_equal(model.network_.params, before)


def test_pipelines_learn():
    scaled = river.preprocessing.StandardScaler() | classifier(hidden_layer_sizes=(20,))
    assert (
        river.evaluate.progressive_val_score(
            river.datasets.Phishing(), scaled, river.metrics.Accuracy()
        ).get()
        > 0.85
    )
    model = river.preprocessing.StandardScaler() | regressor(hidden_layer_sizes=(20,))
    assert (
        river.evaluate.progressive_val_score(
            river.datasets.TrumpApproval(), model, river.metrics.MAE()
        ).get()
        < 1
    )
    model = river.preprocessing.TargetStandardScaler(regressor(hidden_layer_sizes=(20,)))
    assert (
        river.evaluate.progressive_val_score(
            river.datasets.TrumpApproval(),
            river.preprocessing.StandardScaler() | model,
            river.metrics.MAE(),
        ).get()
        < 1
    )
