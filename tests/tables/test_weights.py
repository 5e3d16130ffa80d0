"""Tables learn columns, targets and splits from weighted rows: rows of weight 0 are checked, and then dropped."""

import numpy as np
import pytest
from helpers import assert_same_bits
from internals import model_of, raw_rows, without_slope
from optional import package
from table_parts import list_at_most

from cmlp import TabularClassifier, TabularRegressor

QUICK = {"n_estimators": 2, "hidden_layer_sizes": (16,), "random_state": 0}
N = 300
RNG = np.random.RandomState(0)
SIZE, AGE, COLOUR = (
    RNG.exponential(1000, N),
    RNG.uniform(0, 90, N),
    RNG.choice(["red", "green", "blue"], N),
)
NUMBERS = np.log(SIZE) + 0.05 * AGE + np.where(COLOUR == "red", 3.0, 0.0)
X = np.stack([SIZE.astype(object), AGE.astype(object), COLOUR.astype(object)], axis=1)
X[::20, 1] = None
LABELS = np.where(np.median(NUMBERS) < NUMBERS, "high", "low")
WEIGHT = np.where(RNG.random_sample(N) < 0.3, 0.0, RNG.randint(1, 4, N) / 2)
IGNORED = WEIGHT == 0
NEW = np.linspace(0, N - 1, 50).astype(int)
CASES = [
    pytest.param(TabularClassifier, LABELS, {}, id="two classes"),
    pytest.param(
        TabularClassifier,
        np.digitize(NUMBERS, [7, 9]),
        {"class_weight": "balanced"},
        id="three classes",
    ),
    pytest.param(TabularRegressor, NUMBERS, {}, id="numbers"),
    pytest.param(
        TabularRegressor, NUMBERS, {"loss": "quantile", "quantile": [0.1, 0.9]}, id="quantiles"
    ),
]


def predicted(model, Z=X):
    return model.predict_proba(Z) if hasattr(model, "predict_proba") else model.predict(Z)


def changed_rows(array=X):
    """Return rows of which the ignored ones have other numbers, other categories and no gaps."""
    other = array.copy()
    other[IGNORED] = [-1e200, 1e12, "violet"]
    return other


def changed_targets(y):
    other = y.copy()
    other[IGNORED] = 1e12 if y.dtype.kind == "f" else 7 if y.dtype.kind == "i" else "x"
    return other


@pytest.mark.parametrize("own_rows", [False, True])
@pytest.mark.parametrize("kind, y, params", CASES)
def test_rows_of_weight_zero_are_as_if_absent(kind, y, params, own_rows):
    rows, targets = changed_rows(), changed_targets(y)
    held = {"X_val": X[200:], "y_val": y[200:]} if own_rows else {}
    kept = ~IGNORED
    expected = kind(**QUICK, **params).fit(X[kept], y[kept], WEIGHT[kept], **held)
    found = kind(**QUICK, **params).fit(rows, targets, WEIGHT, **held)
    assert_same_bits(predicted(found), predicted(expected))
    assert found.history_ == expected.history_
    if kind is TabularClassifier:
        np.testing.assert_array_equal(found.classes_, expected.classes_)


@pytest.mark.parametrize("kind, y, params", CASES)
def test_equal_weights_count_as_none(kind, y, params):
    kept = ~IGNORED
    expected = kind(**QUICK, **params).fit(X[kept], y[kept])
    found = kind(**QUICK, **params).fit(
        changed_rows(), changed_targets(y), np.where(kept, 0.25, 0.0)
    )
    assert_same_bits(predicted(found), predicted(expected))


@pytest.mark.parametrize("scale", [2.0**1020, 2.0**-1000])
def test_the_scale_of_weights_does_not_change_balanced_classes(scale):
    model = TabularClassifier(**QUICK, class_weight="balanced")
    expected = predicted(model.fit(X, LABELS, WEIGHT))
    assert_same_bits(predicted(model.fit(X, LABELS, WEIGHT * scale)), expected)


def test_one_wild_row_of_weight_zero_does_not_ruin_a_regressor():
    y = np.append(NUMBERS, 1e12)
    rows, weight = np.concatenate([X, X[:1]]), np.append(np.ones(N), 0.0)
    model = TabularRegressor(random_state=0, n_estimators=2).fit(rows, y, weight)
    assert model.score(X, NUMBERS) > 0.95


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")  # by how y is made here
def test_rows_of_weight_zero_in_other_units_do_not_ruin_a_classifier():
    numbers = np.stack([SIZE, AGE], axis=1)
    other = np.concatenate([numbers, numbers * 1e6, numbers * 1e6])[: 5 * N // 2]
    labels = SIZE > 700
    weight = np.where(np.arange(len(other)) < N, 1.0, 0.0)
    model = TabularClassifier(random_state=0, n_estimators=2).fit(
        other, np.resize(labels, len(other)), weight
    )
    assert model.score(numbers, labels) > 0.98


def test_outliers_of_tiny_weight_do_not_ruin_a_regressor():
    rows, y = np.concatenate([X, X[:5]]), np.append(NUMBERS, [1e5, -1e5, 2e5, 1e5, 3e5])
    rows[N:, 0] *= 1e9
    model = TabularRegressor(random_state=0, n_estimators=2).fit(
        rows, y, np.repeat([1.0, 1e-9], [N, 5])
    )
    assert model.score(X, NUMBERS) > 0.95


def learned(model):
    """Return the numbers of each column, the categories, and centre, spread and limits of the targets."""
    trained = model_of(model)
    columns = [
        (column.centre, column.scale, column.edges[[0, -1]].tolist())
        for column in trained.columns[:2]
    ]
    return columns, trained.columns.codes, getattr(trained.answer_scale, "numbers", ())


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.CopiesWarning")
def test_a_weight_of_two_counts_as_two_equal_rows():
    """In quantiles, categories and targets. Rows are held out, and counted for leaves of splits, by their number."""
    kept, twice = ~IGNORED, WEIGHT == 1
    rows, y = np.concatenate([X[kept], X[twice]]), np.concatenate([NUMBERS[kept], NUMBERS[twice]])
    halves = np.concatenate([np.where(twice, 0.5, WEIGHT)[kept], np.full(twice.sum(), 0.5)])
    one, other = (
        TabularRegressor(**QUICK).fit(X, NUMBERS, WEIGHT),
        TabularRegressor(**QUICK).fit(rows, y, halves),
    )
    columns, codes, target = learned(one)
    assert (columns, codes) == learned(other)[:2]
    np.testing.assert_allclose(target, learned(other)[2], rtol=1e-12)


def test_categories_are_ordered_by_their_weight():
    weight = np.where(COLOUR == "blue", 10.0, np.where(COLOUR == "red", 5.0, 1.0))
    model = TabularRegressor(**QUICK, categorical_features=[2]).fit(X, NUMBERS, weight)
    assert list(learned(model)[1][2]) == ["blue", "red", "green"]


def test_the_heaviest_categories_are_kept(monkeypatch):
    list_at_most(monkeypatch, 200)
    names = np.array([f"c{k:03}" for k in range(300)], object)
    weight = np.where(np.arange(N) < 100, 1e-3, 1.0)
    model = TabularRegressor(**QUICK).fit(names[:, None], NUMBERS, weight)
    assert set(model.categories_[0]) == set(names[100:])


def test_frames_ignore_rows_of_weight_zero():
    pandas = package("pandas")
    frame = pandas.DataFrame(
        {"size": SIZE, "colour": pandas.Categorical(COLOUR), "day": pandas.Timestamp("2020-01-01")}
    )
    other = frame.copy()
    other.loc[IGNORED, "size"] = np.nan
    other.loc[IGNORED, "colour"] = "red"
    other.loc[IGNORED, "day"] = pandas.NaT
    expected, found = (
        TabularRegressor(**QUICK).fit(rows, NUMBERS, WEIGHT) for rows in (frame, other)
    )
    assert_same_bits(predicted(found, frame), predicted(expected, frame))


BAD = int(np.flatnonzero(IGNORED)[5])


@pytest.mark.parametrize(
    "column, value, message",
    [
        (0, np.inf, f"column 0, row {BAD}"),
        (0, "huge", f"column 0 must be a number, got 'huge' in row {BAD}"),
        (2, b"red", f"column 2 must be text or a number, got b'red' in row {BAD}"),
    ],
)
def test_bad_values_in_rows_of_weight_zero_raise_with_the_users_row(column, value, message):
    rows = X.copy()
    rows[BAD, column] = value
    with pytest.raises(ValueError, match=message):
        TabularRegressor(**QUICK).fit(rows, NUMBERS, WEIGHT)
    with pytest.raises(ValueError, match=message):
        TabularRegressor(**QUICK).fit(X, NUMBERS, X_val=rows, y_val=NUMBERS)


def test_bad_targets_in_rows_of_weight_zero_raise_with_the_users_row():
    wrong = NUMBERS.copy()
    wrong[BAD] = 1e300
    with pytest.raises(ValueError, match=rf"got 1e\+300 in row {BAD}"):
        TabularRegressor(**QUICK).fit(X, wrong, WEIGHT)
    wrong[BAD] = np.nan
    with pytest.raises(ValueError, match="Input y contains NaN"):
        TabularRegressor(**QUICK).fit(X, wrong, WEIGHT)


def test_too_few_rows_of_positive_weight_raise():
    weight = (np.arange(N) == 7) * 1.0
    with pytest.raises(
        ValueError, match="sample_weight must be positive for at least 2 rows, got 1"
    ):
        TabularRegressor(**QUICK).fit(X, NUMBERS, weight)
    with pytest.raises(
        ValueError, match="at least 2 classes in rows of positive weight, got 1 class: 'high'"
    ):
        TabularClassifier(**QUICK).fit(X, LABELS, (LABELS == "high") * 1.0)


@pytest.mark.parametrize("class_weight", ["balanced", {"high": 5, "low": 1}], ids=str)
def test_validation_rows_have_the_weights_of_the_classes_in_training(class_weight):
    """A label of weight 5 counts as five equal rows of the validation data."""
    train, held = np.arange(N) < 200, np.arange(N) >= 200
    rare = train & ((LABELS == "low") | (np.arange(N) % 5 == 0))
    model = TabularClassifier(**QUICK, class_weight=class_weight)
    model.fit(X[rare], LABELS[rare], X_val=X[held], y_val=LABELS[held])
    share = (
        (LABELS[rare] == "low").sum() / (LABELS[rare] == "high").sum()
        if class_weight == "balanced"
        else 5
    )
    probabilities = np.clip(networks(without_slope(model), X[held]), 1e-7, 1)
    own = np.where(LABELS[held] == "high", 1 - probabilities, probabilities)
    weight = np.where(LABELS[held] == "high", share, 1.0)
    losses = [np.average(-np.log(one), weights=weight) for one in own]
    table = model.history_
    recorded = np.array(table["validation_loss"])
    best = [recorded[np.array(table["network"]) == k].min() for k in range(2)]
    np.testing.assert_allclose(best, losses, rtol=1e-4)


@pytest.mark.filterwarnings(
    "ignore:column 2.* unknown:UserWarning"
)  # rows of weight 0 are read, too
@pytest.mark.parametrize("kind, y, params", CASES)
def test_validation_rows_of_weight_zero_are_as_if_absent(kind, y, params):
    held, kept = slice(200, None), ~IGNORED[200:]
    expected = kind(**QUICK, **params).fit(
        X[:200],
        y[:200],
        X_val=X[held][kept],
        y_val=y[held][kept],
        sample_weight_val=WEIGHT[held][kept],
    )
    targets = y.copy()  # a classifier checks all labels
    if kind is TabularRegressor:
        targets[IGNORED] = 1e100
    found = kind(**QUICK, **params).fit(
        X[:200],
        y[:200],
        X_val=changed_rows()[held],
        y_val=targets[held],
        sample_weight_val=WEIGHT[held],
    )
    assert_same_bits(predicted(found), predicted(expected))
    assert found.history_ == expected.history_


@pytest.mark.parametrize("kind, y, params", CASES)
def test_weights_of_validation_rows_count_as_repeated_rows(kind, y, params):
    times = np.arange(100) % 3 + 1
    model = kind(**QUICK, **params).fit(
        X[:200], y[:200], X_val=X[200:], y_val=y[200:], sample_weight_val=times
    )
    rows = 200 + np.repeat(np.arange(100), times)
    expected = kind(**QUICK, **params).fit(X[:200], y[:200], X_val=X[rows], y_val=y[rows])
    for name in ("loss", "validation_loss"):
        np.testing.assert_allclose(model.history_[name], expected.history_[name], rtol=1e-5)
    plain = kind(**QUICK, **params).fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    assert plain.history_["validation_loss"] != model.history_["validation_loss"]


def test_weights_of_validation_rows_alone_change_no_column():
    """Quartiles and steps of a long table are those of a sample if the training rows have no weights."""
    n = 100_001
    x = np.random.RandomState(0).standard_normal((n + 40, 1))
    plain, weighted = (
        TabularRegressor(**{**QUICK, "n_estimators": 1}, n_epochs=1).fit(
            x[:n], x[:n, 0], X_val=x[n:], y_val=x[n:, 0], sample_weight_val=weight
        )
        for weight in (None, np.arange(40) % 3 + 1)
    )
    assert_same_bits(model_of(plain).columns.numbers, model_of(weighted).columns.numbers)


def test_bad_weights_of_validation_rows_are_named():
    model = TabularRegressor(**QUICK)
    with pytest.raises(
        ValueError, match=r"sample_weight_val must be passed with X_val and y_val, got X_val=None"
    ):
        model.fit(X, NUMBERS, sample_weight_val=WEIGHT)
    for weight in (np.zeros(50), np.ones(49), np.full(50, -1.0)):
        with pytest.raises(ValueError, match=r"In the validation data \(X_val, y_val\): "):
            model.fit(X, NUMBERS, X_val=X[:50], y_val=NUMBERS[:50], sample_weight_val=weight)


def networks(model, rows):
    """Return the probability of the second class from each network."""
    trained = model_of(model)
    raw, core = raw_rows(model, rows), trained.columns
    return np.array(
        [
            net.forward(core.encode(raw, bins=k % 2 == 0))[:, 0].astype(float)
            for k, net in enumerate(model.estimators_)
        ]
    )


@pytest.mark.filterwarnings(
    "ignore:column 2.* unknown:UserWarning"
)  # rows of weight 0 are read, too
def test_rows_of_a_class_without_weight_are_dropped_also_in_validation():
    labels = np.digitize(NUMBERS, [7, 9])
    kept = labels > 0
    params = {**QUICK, "class_weight": {0: 0.0, 1: 2.0, 2: 3.0}}
    rows = X.copy()
    rows[~kept] = [1e100, -1.0, "violet"]
    fitted = [
        TabularClassifier(**params).fit(one, labels, X_val=one[100:], y_val=labels[100:])
        for one in (X, rows)
    ]
    assert_same_bits(predicted(fitted[0]), predicted(fitted[1]))
    weighted = TabularClassifier(**{**params, "class_weight": {1: 2.0, 2: 3.0}})
    held = {"X_val": X[100:][kept[100:]], "y_val": labels[100:][kept[100:]]}
    assert_same_bits(
        predicted(fitted[0]), predicted(weighted.fit(X, labels, kept.astype(float), **held))
    )
    assert fitted[0].classes_.tolist() == weighted.classes_.tolist() == [1, 2]
    with pytest.raises(
        ValueError, match=r"validation data \(X_val, y_val\).*class_weight times sample_weight"
    ):
        TabularClassifier(**params).fit(X, labels, X_val=X[~kept], y_val=labels[~kept])


def test_resume_ignores_rows_of_weight_zero():
    whole = TabularRegressor(**QUICK).fit(X, NUMBERS, WEIGHT)
    model = TabularRegressor(**QUICK, max_time=1e-9).fit(X, NUMBERS, WEIGHT)
    model.set_params(max_time=None).fit(
        changed_rows(), changed_targets(NUMBERS), WEIGHT, resume=True
    )
    assert_same_bits(predicted(model), predicted(whole))


@pytest.mark.parametrize("names", [list("abc"), [0, 1, 2]], ids=str)
def test_a_class_without_weight_is_no_label_of_the_model(names):
    """As a class whose rows have the weight 0."""
    labels = np.array(names)[np.digitize(NUMBERS, [7, 9])]
    weights = {names[0]: 1.0, names[1]: 0.0, names[2]: 2.0}
    model = TabularClassifier(**QUICK, class_weight=weights).fit(X, labels)
    own = np.where(labels == names[0], 1.0, np.where(labels == names[1], 0.0, 2.0))
    other = TabularClassifier(**QUICK).fit(X, labels, own)
    assert model.classes_.tolist() == other.classes_.tolist() == [names[0], names[2]]
    assert_same_bits(predicted(model), predicted(other))
    with pytest.raises(
        ValueError, match="at least 2 classes in rows of positive weight, got 1 class"
    ):
        TabularClassifier(**QUICK, class_weight={**weights, names[0]: 0.0}).fit(X, labels)
