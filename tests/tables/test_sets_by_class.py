"""Sets by class: each class has the coverage among its own rows, in memory, files, pickles and C."""

import math
import pickle
import warnings

import numpy as np
import pytest
from helpers import model_in_c
from internals import changed, model_of
from model_files import without

import cmlp
from cmlp import TabularClassifier
from cmlp.exceptions import ModelFormatError, UncoveredClassWarning

QUICK = {"n_estimators": 2, "hidden_layer_sizes": (6,), "n_epochs": 6, "random_state": 0}
RANKS = ["low", "middle", "high"]
KINDS = ("binary", "multiclass", "ordered", "multilabel")


def rows(n, seed):
    rng = np.random.RandomState(seed)
    X = rng.standard_normal((n, 3)).round(1)
    return X, X[:, 0] + rng.standard_normal(n)


def truth_of(kind, numbers):
    if kind == "binary":
        return numbers > 1.2
    if kind == "multilabel":
        return (numbers[:, None] > [-0.5, 0, 1.6]).astype(int)
    return np.array(RANKS)[np.digitize(numbers, [-0.3, 1.5])]


@pytest.fixture(scope="module", params=KINDS)
def case(request):
    X, numbers = rows(300, seed=0)
    ordered = RANKS if request.param == "ordered" else False
    model = TabularClassifier(**QUICK, ordered=ordered).fit(X, truth_of(request.param, numbers))
    X, numbers = rows(150, seed=1)
    y = truth_of(request.param, numbers)
    return request.param, model.calibrate(X, y), X, y


def by_hand(kind, p, truth, p_new, coverage):
    """Return sets by class from probabilities, of one answer: another implementation, with loops."""
    n_classes = p.shape[1]

    def counted(probabilities):
        if kind != "ordered":
            return probabilities
        found, total, median = probabilities.copy(), 0.0, n_classes
        while total <= 0.5:
            median -= 1
            total += probabilities[median]
        for k in range(n_classes):
            beyond = probabilities[: k + 1] if k < median else probabilities[k:]
            found[k] = 1.0 if k == median else beyond.max()
        return found

    margins = []
    for k in range(n_classes):
        own = sorted(1 - counted(row)[k] for row, right in zip(p, truth, strict=True) if right == k)
        rank = max(1, math.ceil((len(own) + 1) * coverage - 1e-9))
        margins.append(own[rank - 1] if rank <= len(own) else math.inf)
    sets = []
    for row in map(counted, p_new):
        is_in = [1 - row[k] <= margins[k] for k in range(n_classes)]
        is_in[int(np.argmax(row))] = True
        if kind == "ordered":
            first, last = is_in.index(True), n_classes - 1 - is_in[::-1].index(True)
            is_in = [first <= k <= last for k in range(n_classes)]
        sets.append(is_in)
    return np.array(sets)


def quietly(model, X, coverage, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return model.predict_set(X, coverage, **options)


@pytest.mark.parametrize("coverage", [0.05, 0.5, 0.8, 0.9, 0.97])
def test_sets_are_those_of_another_implementation_and_of_c(case, coverage, tmp_path):
    kind, model, X, y = case
    X_new = rows(40, seed=2)[0]
    p, p_new = model.predict_proba(X), model.predict_proba(X_new)
    sets = quietly(model, X_new, coverage, by_class=True)
    if kind == "multilabel":
        expected = np.stack(
            [
                by_hand(
                    kind,
                    *(np.stack([1 - q, q], 1) for q in (p[:, j],)),
                    y[:, j],
                    np.stack([1 - p_new[:, j], p_new[:, j]], 1),
                    coverage,
                )
                for j in range(3)
            ],
            axis=1,
        )
    else:
        classes = list(model.classes_)
        truth = np.array([classes.index(label) for label in y])
        expected = by_hand(kind, p, truth, p_new, coverage)
    assert (sets == expected).all()
    model.save(tmp_path / "model.cmlp")
    in_c = model_in_c(tmp_path / "model.cmlp")
    for row, own in zip(X_new, sets, strict=True):
        assert (in_c.sets(coverage, row, by_class=True) == own).all()
    for again in (cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        assert (quietly(again, X_new, coverage, by_class=True) == sets).all()
        again.save(tmp_path / "again.cmlp")
        assert (tmp_path / "again.cmlp").read_bytes() == (tmp_path / "model.cmlp").read_bytes()


def test_sets_of_a_file_without_scores_by_class_are_the_same_and_those_by_class_are_refused(
    case, tmp_path
):
    _, model, X, y = case
    path = tmp_path / "old.cmlp"
    model.save(path)
    path.write_bytes(without(path.read_bytes(), {"calibration.classes"}))
    old = cmlp.load(path)
    assert (quietly(old, X, 0.8) == quietly(model, X, 0.8)).all()
    with pytest.raises(
        ValueError, match="needs scores by class, and this TabularClassifier has none"
    ):
        old.predict_set(X, by_class=True)
    with pytest.raises(ValueError, match="does not contain this"):
        model_in_c(path).sets(0.8, X[0], by_class=True)
    old.save(tmp_path / "again.cmlp")
    assert (tmp_path / "again.cmlp").read_bytes() == path.read_bytes()
    assert quietly(old.calibrate(X, y), X, 0.8, by_class=True).any()


def test_a_class_with_too_few_rows_is_in_every_set_and_a_warning_names_it():
    X, numbers = rows(300, seed=0)
    model = TabularClassifier(**QUICK).fit(X, truth_of("multiclass", numbers))
    X, numbers = rows(400, seed=3)
    y = truth_of("multiclass", numbers)
    chosen = np.concatenate(
        [np.flatnonzero(y == name)[:n] for name, n in zip(RANKS, (9, 30, 8), strict=True)]
    )
    model.calibrate(X[chosen], y[chosen])
    with pytest.warns(
        UserWarning, match=r"needs at least 9 scores of each class, and.*: 'high'\. They"
    ):
        sets = model.predict_set(X, by_class=True)
    assert sets[:, 0].all() and not sets[:, 1].all()  # classes_ are high, low and middle
    p = model.predict_proba(X)
    own = 1 - p[chosen[:9], 1]
    assert (sets[:, 1] == ((1 - p[:, 1] <= own.max()) | (p.argmax(axis=1) == 1))).all()
    model.calibrate(X[y != "high"], y[y != "high"])  # no row of it at all
    assert quietly(model, X, 0.5, by_class=True)[:, 0].all()


def test_each_class_is_covered_as_often_as_asked_and_without_a_rare_one_is_not():
    """The mean over calibrations with other rows: at least 0.8, and at most 1/(n + 1) more."""
    X, numbers = rows(1000, seed=0)
    model = TabularClassifier(**QUICK).fit(X, numbers > 1.9)
    X_new, numbers_new = rows(4000, seed=1)
    y_new, pool = numbers_new > 1.9, rows(8000, seed=2)
    rare = y_new.sum()
    assert 0.04 < rare / 4000 < 0.12
    found = []
    rng = np.random.RandomState(3)
    for _ in range(60):
        chosen = rng.permutation(8000)[:300]
        model.calibrate(pool[0][chosen], pool[1][chosen] > 1.9)
        for by_class in (True, False):
            sets = quietly(model, X_new, 0.8, by_class=by_class)
            found.append([sets[y_new == k, k].mean() for k in (0, 1)])
    by_class, together = np.reshape(found, (60, 2, 2)).mean(axis=0)
    n_rare = 300 * rare / 4000
    assert by_class[0] > 0.79 and 0.78 < by_class[1] < 0.8 + 2 / n_rare
    assert together[1] < 0.3


def test_each_group_counts_once_in_each_of_its_classes():
    """Group 0 has the ten worst rows of a class, and each of 19 others one row of it beside nine of the other class."""
    X, numbers = rows(600, seed=0)
    model = TabularClassifier(**QUICK).fit(X, numbers > 0)
    p = model.predict_proba(X)[:, 1]
    is_yes = np.flatnonzero(numbers > 0)
    yes, no = is_yes[np.argsort(p[is_yes])], np.flatnonzero(numbers <= 0)[: 19 * 9]
    chosen = np.concatenate([yes[:10], yes[-19:], no])
    group = np.concatenate([np.zeros(10, int), np.arange(1, 20), np.repeat(np.arange(1, 20), 9)])
    model.calibrate(X[chosen], numbers[chosen] > 0, groups=group)
    sets = quietly(model, X, 0.8, by_class=True)
    # Of 20 groups and a new one, 0.8 are 16.8.
    margin = np.sort(1 - p[yes[-19:]])[16]
    assert (sets[:, 1] == ((1 - p <= margin) | (p > 0.5))).all() and not sets[:, 1].all()
    few = group < 8
    model.calibrate(X[chosen][few], numbers[chosen][few] > 0, groups=group[few])
    with pytest.warns(UserWarning, match=r"at least 9 groups of each class.*: False, True\."):
        assert model.predict_set(X, by_class=True).all()


def test_weights_of_a_class_alone_change_no_set_by_class():
    X, numbers = rows(300, seed=0)
    y = numbers > 1
    model = TabularClassifier(**QUICK).fit(X, y)
    sets = quietly(model.calibrate(X, y), X, 0.9, by_class=True)
    model.calibrate(X, y, sample_weight=np.where(y, 25.0, 1.0))
    assert (quietly(model, X, 0.9, by_class=True) == sets).all()


def test_probabilities_are_calibrated_with_scores_by_class():
    X, numbers = rows(600, seed=0)
    y = numbers > 1
    for given in ((), (X, y)):
        model = TabularClassifier(**QUICK).fit(X, y).calibrate(*given, probabilities=True)
        sets = quietly(model, X, 0.9, by_class=True)
        assert min(sets[y == k, k].mean() for k in (0, 1)) > 0.85


# ------------------------------------------------------------------------------------------- a class in no set


def rare_class(known=()):
    rng = np.random.RandomState(0)
    X = rng.standard_normal((1200, 3))
    y = np.where(rng.random_sample(1200) < 0.05, "rare", np.where(X[:, 0] > 0, "b", "a"))
    return TabularClassifier(**{**QUICK, "n_epochs": 30}, known=[*known]).fit(X, y), X, y


def test_a_class_in_no_set_is_in_the_report_and_warned_of_once():
    model, X, y = rare_class()
    (finding,) = [one for one in model.report_ if one.code == "uncovered"]
    assert finding.columns == ("y",) and finding.weight == 0.9 and finding.mark == "!"
    assert finding.evidence == "sets of 0.9 name 1 of 3 classes for none of its rows"
    assert finding.remedy == "predict_set(X, by_class=True)"
    with pytest.warns(
        UncoveredClassWarning, match=r"for none of .*: 'rare'\..*by_class=True.*\[uncovered:y\]$"
    ):
        sets = model.predict_set(X)
    assert not sets[:, 2].any()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.predict_set(X)  # once
        model.predict_set(X, 0.4)  # less than half of the rows
        by_class = model.predict_set(X, by_class=True)
        with pytest.raises(UncoveredClassWarning):
            model.predict_set(X, 0.8)  # another coverage
    assert by_class[y == "rare", 2].mean() > 0.85
    is_rare = y == "rare"
    model.calibrate(X[~is_rare], y[~is_rare])  # nothing is known of the class
    assert "uncovered" not in [one.code for one in model.report_]
    model.calibrate(X, y)
    assert "uncovered" in [one.code for one in model.report_]


@pytest.mark.parametrize("known", ["uncovered", "uncovered:y"])
def test_what_the_user_knows_is_not_said(known):
    model, X, y = rare_class([known])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.calibrate(X, y).predict_set(X)
    assert "uncovered" not in [one.code for one in model.report_]


def test_a_rare_class_that_is_often_right_is_not_said():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((700, 3))
    model = TabularClassifier(**{**QUICK, "n_epochs": 40}).fit(X, X[:, 0] > 1.6)
    assert "uncovered" not in [one.code for one in model.report_]


# -------------------------------------------------------------------------------------------------- bad files


def damaged(model, folder, change):
    """Return the file of a model with other scores by class."""
    calibration = model_of(model).calibration
    changed(
        model, calibration=calibration._replace(classes=change(calibration.classes.copy()))
    ).save(folder / "bad.cmlp")
    return folder / "bad.cmlp"


def with_value(row, column, value):
    def change(classes):
        classes[row, column] = value
        return classes

    return change


@pytest.mark.parametrize(
    "change",
    [
        with_value(0, 0, -1.0),
        with_value(0, -1, 99.0),
        with_value(0, 0, 0.5),
        with_value(0, 3, 2.0),
        with_value(0, 0, math.nan),
        with_value(1, 0, 2.0),
        with_value(1, -1, math.nan),
        lambda classes: np.array([[0.0], [math.nan]]),
        lambda classes: classes[:1],
        lambda classes: classes.repeat(2, axis=0),
        lambda classes: classes.astype(np.float32),
    ],
)
def test_bad_scores_by_class_are_refused_by_python_and_c(change, tmp_path):
    X, numbers = rows(200, seed=0)
    model = TabularClassifier(**QUICK).fit(X, truth_of("multiclass", numbers))
    path = damaged(model, tmp_path, change)
    with pytest.raises(ModelFormatError):
        cmlp.load(path)
    with pytest.raises(ModelFormatError):
        model_in_c(path)


def test_bad_pickles_are_refused():
    X, numbers = rows(200, seed=0)
    model = TabularClassifier(**QUICK).fit(X, numbers > 0)
    calibration = model_of(model).calibration
    known = calibration.classes
    for classes in (known + 0.5, -known, known[0], np.array([[0.0], [math.nan]])):
        bad = pickle.dumps(changed(model, calibration=calibration._replace(classes=classes)))
        with pytest.raises(ValueError, match="calibration"):
            pickle.loads(bad)


def test_a_regressor_has_no_scores_by_class(tmp_path):
    X, numbers = rows(200, seed=0)
    model = cmlp.TabularRegressor(**QUICK).fit(X, numbers)
    path = tmp_path / "bad.cmlp"
    calibration = model_of(model).calibration
    classes = np.stack([np.zeros(3), np.arange(3.0)])
    changed(model, calibration=calibration._replace(classes=classes)).save(path)
    for read in (cmlp.load, model_in_c):
        with pytest.raises(ModelFormatError):
            read(path)
