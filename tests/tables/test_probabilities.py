"""Calibrated probabilities and the threshold of `TabularClassifier`."""

import pickle
import warnings

import numpy as np
import pytest
from helpers import assert_same_bits, digest, model_in_c
from internals import changed, fitted_of, model_of

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp._model.model import outputs_of_table
from cmlp._model.probabilities import are_calibrated, chosen_threshold
from cmlp._tables.calibrate import RowsWithTruth, _fourth_of

# One column says the class.
pytestmark = pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")

FAST = {"n_estimators": 2, "hidden_layer_sizes": (8,), "n_epochs": 40, "random_state": 0}
LIKE_THE_DEFAULT = {
    "n_estimators": 8,
    "hidden_layer_sizes": (64,),
    "n_epochs": None,
}  # similar networks
RARE = np.random.default_rng(0)
X = RARE.standard_normal((4000, 3))
CHANCE = 1 / (1 + np.exp(4.2 - 1.5 * X[:, 0]))
BAD = RARE.random(4000) < CHANCE
KINDS = {
    "binary": np.where(BAD, "bad", "a good one"),
    "multiclass": np.digitize(X[:, 0] + RARE.standard_normal(4000), [-1, 1.5]) * 5,
    "multilabel": np.stack([BAD, X[:, 1] + RARE.standard_normal(4000) > 0], axis=1).astype(int),
    "many": np.digitize(X[:, 0], np.linspace(-1.5, 1.5, 19)),
}
FIT, LEFT, NEW = slice(0, 1000), slice(1000, 2500), slice(2500, 4000)


def fitted(kind="binary", **parameters):
    return TabularClassifier(**{**FAST, **parameters}).fit(X[FIT], KINDS[kind][FIT])


def calibrated(kind="binary", **parameters):
    return fitted(kind, **parameters).calibrate(X[LEFT], KINDS[kind][LEFT], probabilities=True)


def loss_of(model, kind="binary"):
    p, y = model.predict_proba(X[NEW]), KINDS[kind][NEW]
    if kind == "multilabel":
        return -np.log(np.where(y, p, 1 - p)).mean()
    return -np.log(p[np.arange(len(y)), np.searchsorted(model.classes_, y)]).mean()


# ------------------------------------------------------------------------------------------------------ probabilities


def test_rare_class_is_not_overstated_once_calibrated():
    before, after = (model.predict_proba(X[NEW])[:, 1].mean() for model in (fitted(), calibrated()))
    truth = CHANCE[NEW].mean()
    assert abs(after - truth) < abs(before - truth)
    assert before > 1.08 * truth and abs(after / truth - 1) < 0.08


@pytest.mark.parametrize("kind", ["multiclass", "many"])
@pytest.mark.parametrize("make", [fitted, calibrated])
def test_probabilities_of_three_and_more_classes_sum_to_one_in_double(make, kind):
    """The outputs of the networks are float32, so that a row of them sums to 1 only within 1e-7."""
    log_loss = pytest.importorskip("sklearn.metrics").log_loss
    model = make(kind)
    p = model.predict_proba(X[NEW])
    assert np.abs(p.sum(axis=1) - 1).max() < 2e-15
    assert (model.classes_[p.argmax(axis=1)] == model.predict(X[NEW])).all()
    with warnings.catch_warnings(action="error"):
        assert log_loss(KINDS[kind][NEW], p) == pytest.approx(loss_of(model, kind))


@pytest.mark.parametrize("kind", ["multiclass", "many"])
def test_mean_probabilities_are_divided_by_their_sum_in_the_order_of_the_classes(kind, tmp_path):
    model, rows = fitted(kind), X[:200]
    trained = model_of(model)
    mean = sum(outputs_of_table(trained.networks, trained.columns, rows)) / len(trained.networks)
    total = mean[:, 0]
    for column in mean.T[1:]:
        total = total + column
    expected = mean / total[:, None]
    assert (expected != mean).any()
    assert_same_bits(model.predict_proba(rows), expected)
    assert_same_bits(
        np.concatenate([model.predict_proba(row[None]) for row in rows[:20]]), expected[:20]
    )
    model.save(tmp_path / "table.cmlp")
    in_c = model_in_c(tmp_path / "table.cmlp")
    for row, probabilities in zip(rows, expected, strict=True):
        label, found = in_c.predict(row)
        assert_same_bits(found, probabilities)
        assert label == probabilities.argmax()


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_calibrated_probabilities_have_a_smaller_loss(kind):
    assert loss_of(calibrated(kind), kind) < loss_of(fitted(kind), kind)


@pytest.mark.parametrize("kind", ["binary", "multilabel"])
def test_held_out_rows_calibrate_without_others(kind):
    model = fitted(kind, **LIKE_THE_DEFAULT)
    before = loss_of(model, kind)
    assert loss_of(model.calibrate(probabilities=True), kind) < before
    scores = model_of(model).calibration
    assert scores.rows == "held_out" and scores.scores.shape[1] == 1000


def test_user_validation_rows_calibrate_too():
    model = TabularClassifier(**FAST)
    model.fit(X[FIT], KINDS["binary"][FIT], X_val=X[LEFT], y_val=KINDS["binary"][LEFT])
    before = loss_of(model)
    assert loss_of(model.calibrate(probabilities=True)) < before


@pytest.mark.parametrize("kind", KINDS)
def test_calibrate_alone_keeps_probabilities(kind):
    model = fitted(kind)
    before = model.predict_proba(X[NEW])
    assert (
        model.calibrate(X[LEFT], KINDS[kind][LEFT]).predict_proba(X[NEW]).tobytes()
        == before.tobytes()
    )


@pytest.mark.parametrize("kind", KINDS)
def test_rows_of_the_sets_are_others_than_those_of_the_map(kind):
    """They are a fourth of each class, or of all rows with several labels each, and not every fourth row."""
    model, y = calibrated(kind), KINDS[kind][LEFT]
    codes = y if kind == "multilabel" else np.searchsorted(model.classes_, y)
    is_fourth = _fourth_of(RowsWithTruth(X[LEFT], codes, None))
    assert is_fourth.sum() == len(y) // 4 and 0.2 < is_fourth[3::4].mean() < 0.3
    if kind != "multilabel":
        for code in np.unique(codes):
            assert abs(is_fourth[codes == code].sum() - (codes == code).sum() / 4) < 1
    p = model.predict_proba(X[LEFT])[is_fourth]
    truth = codes[is_fourth].reshape(len(p), -1)
    right = (
        np.where(truth, p, 1 - p).T
        if kind == "multilabel"
        else np.take_along_axis(p, truth, axis=1).T
    )
    assert (model_of(model).calibration.scores == np.sort(1 - right)).all()
    X_moved = X[LEFT].copy()
    X_moved[is_fourth] += 9  # the map does not see these rows
    other = fitted(kind).calibrate(X_moved, y, probabilities=True)
    assert other.predict_proba(X[NEW]).tobytes() == model.predict_proba(X[NEW]).tobytes()


def test_sets_do_not_depend_on_the_order_of_a_panel():
    """Rows are sorted by company and quarter, and the last quarter of each year is another one."""
    rng = np.random.default_rng(5)
    quarter = np.tile(np.arange(4), 700)
    x = rng.standard_normal((2800, 1))
    y = np.where(
        rng.random(2800) < np.where(quarter == 3, 0.02, 0.25), 1 - (x[:, 0] > 0), x[:, 0] > 0
    ).astype(int)
    model = (
        TabularClassifier(**FAST)
        .fit(x[:800], y[:800])
        .calibrate(x[800:1600], y[800:1600], probabilities=True)
    )
    sets = model.predict_set(x[1600:], 0.9)
    assert 0.87 < sets[np.arange(1200), y[1600:]].mean() < 0.95


@pytest.mark.parametrize("rows", ["held out", "others"])
def test_sets_contain_the_class_as_often_as_asked(rows):
    model = fitted("multiclass", n_estimators=8)
    given = () if rows == "held out" else (X[LEFT], KINDS["multiclass"][LEFT])
    sets = model.calibrate(*given, probabilities=True).predict_set(X[NEW], coverage=0.8)
    found = sets[np.arange(1500), np.searchsorted(model.classes_, KINDS["multiclass"][NEW])].mean()
    assert 0.76 < found < 0.84


def test_calibrating_again_begins_with_the_networks_of_fit():
    model = fitted("multiclass").calibrate(X[FIT], KINDS["multiclass"][FIT], probabilities=True)
    again = model.calibrate(X[LEFT], KINDS["multiclass"][LEFT], probabilities=True).predict_proba(
        X[NEW]
    )
    assert again.tobytes() == calibrated("multiclass").predict_proba(X[NEW]).tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_file_and_pickle_keep_calibrated_probabilities(kind, tmp_path):
    model = calibrated(kind)
    model.save(tmp_path / "model.cmlp")
    for copy in (cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        assert copy.predict_proba(X[NEW]).tobytes() == model.predict_proba(X[NEW]).tobytes()
        twice = copy.calibrate(X[LEFT], KINDS[kind][LEFT], probabilities=True)
        assert twice.predict_proba(X[NEW]).tobytes() == model.predict_proba(X[NEW]).tobytes()
        with pytest.raises(ValueError, match="X and y are needed"):
            copy.calibrate(probabilities=True)


def test_many_classes_have_one_slope():
    """One slope for all scores of one network keeps the order of the classes."""
    model = fitted("many", n_estimators=1)
    before = model.predict_proba(X[NEW])
    after = model.calibrate(X[LEFT], KINDS["many"][LEFT], probabilities=True).predict_proba(X[NEW])
    assert not np.array_equal(before, after)
    assert (before.argmax(axis=1) == after.argmax(axis=1)).all()


LACKING = {"binary": ("bad", "'bad'"), "multiclass": (10, "10"), "multilabel": (1, "1 of label 0")}


@pytest.mark.parametrize("kind", LACKING)
def test_few_rows_of_a_class_are_named_and_none_are_refused(kind):
    lacking, name = LACKING[kind]
    model, y = fitted(kind), KINDS[kind][LEFT]
    before = model.predict_proba(X[NEW])
    has = (y if y.ndim == 1 else y[:, 0]) == lacking
    others, few = np.flatnonzero(~has), np.flatnonzero(has)[:9]
    where = "outside of the fourth that measures the sets"
    with pytest.raises(ValueError, match=f"y has no row of the class {name} {where}"):
        model.calibrate(X[LEFT][others], y[others], probabilities=True)
    assert model.predict_proba(X[NEW]).tobytes() == before.tobytes()
    rows = np.concatenate([few, others])
    with pytest.warns(UserWarning, match=f"y has only [5-8] rows of the class {name} {where}"):
        model.calibrate(X[LEFT][rows], y[rows], probabilities=True)


def test_few_held_out_rows_of_a_class_are_named():
    with pytest.warns(
        UserWarning, match=r"held out in fit have only \d rows of the class 'bad'\. With"
    ):
        fitted().calibrate(probabilities=True)


def test_weights_count_like_repeated_rows():
    y = KINDS["binary"]
    weights = 1.0 + np.arange(500) % 2
    rows = np.repeat(np.arange(1000, 1500), 4)
    # Rows that are quite equal would be copies, which count once.
    given = X[rows] + 1e-9 * np.arange(2000)[:, None]
    model = fitted().calibrate(given, y[rows], np.repeat(weights, 4), probabilities=True)
    other = fitted().calibrate(given, y[rows], np.repeat(weights, 4) * 8, probabilities=True)
    plain = fitted().calibrate(given, y[rows], probabilities=True)
    assert model.predict_proba(X[NEW]).tobytes() == other.predict_proba(X[NEW]).tobytes()
    assert model.predict_proba(X[NEW]).tobytes() != plain.predict_proba(X[NEW]).tobytes()
    dropped = fitted().calibrate(
        given, y[rows], np.repeat(np.arange(500) < 400, 4), probabilities=True
    )
    fewer = fitted().calibrate(given[:1600], y[rows[:1600]], probabilities=True)
    assert dropped.predict_proba(X[NEW]).tobytes() == fewer.predict_proba(X[NEW]).tobytes()


def test_calibrated_probabilities_have_the_same_bits_everywhere():
    found = [
        calibrated(kind).predict_proba(X[NEW][:50])
        for kind in ("binary", "multiclass", "multilabel")
    ]
    assert [digest(p) for p in found] == [
        "b80a6dd83d070f15",
        "3e87051ded052ad7",
        "42214277ef850ca5",
    ]


def test_verify_tells_what_training_cannot_repeat():
    model = (
        fitted(provenance=True, n_estimators=4)
        .calibrate(probabilities=True)
        .choose_threshold(recall=0.5)
    )
    answer = cmlp.verify(model, X[FIT], KINDS["binary"][FIT])
    assert answer.identical
    assert answer.not_checked == (
        "calibrated probabilities",
        "calibration",
        "accuracy",
        "threshold",
    )
    model.estimators_[0].params[0] += 1
    assert cmlp.verify(model, X[FIT], KINDS["binary"][FIT]).different == ("network 1",)


def test_warm_start_continues_the_networks_of_fit():
    options = {"warm_start": True, "n_estimators": 4}
    models = fitted(**options), fitted(**options).calibrate(probabilities=True)
    found = [
        model.fit(X[FIT], KINDS["binary"][FIT]).predict_proba(X[NEW]).tobytes() for model in models
    ]
    assert found[0] == found[1]
    assert not are_calibrated(model_of(models[1]))


# ---------------------------------------------------------------------------------------------- after class weights

WEIGHTS = {
    "binary": "balanced",
    "multiclass": {0: 1.0, 5: 4.0, 10: 12.0},
    "multilabel": [{0: 1, 1: 20}, {0: 3, 1: 1}],
}


def weighted_and_plain(kind, rows):
    """Return two calibrated models: the first had class weights in fit."""
    given = () if rows == "held out" else (X[LEFT], KINDS[kind][LEFT])
    models = [fitted(kind, class_weight=weight, n_estimators=8) for weight in (WEIGHTS[kind], None)]
    return [model.calibrate(*given, probabilities=True) for model in models]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("rows", ["held out", "other rows"])
@pytest.mark.parametrize("kind", WEIGHTS)
def test_calibrated_probabilities_are_those_without_class_weights(kind, rows):
    weighted, plain = weighted_and_plain(kind, rows)
    p, truth = weighted.predict_proba(X[NEW]), KINDS[kind][NEW]
    shares = (
        truth.mean(axis=0)
        if kind == "multilabel"
        else (truth[:, None] == plain.classes_).mean(axis=0)
    )
    assert (np.abs(p.mean(axis=0) / shares - 1) < 0.3).all()
    assert loss_of(weighted, kind) < 1.1 * loss_of(plain, kind)


@pytest.mark.parametrize("rows", ["held out", "other rows"])
def test_threshold_after_class_weights_decides_as_before(rows):
    before = fitted(class_weight="balanced", n_estimators=8).predict(X[NEW])
    model = weighted_and_plain("binary", rows)[0]
    share = BAD[FIT].mean()
    assert model.threshold_ == pytest.approx(share)  # weights are 1 / share and 1 / (1 - share)
    assert (model.predict(X[NEW]) == before).mean() > 0.9
    assert (model.predict(X[NEW]) == "bad").mean() > 2 * (
        model.predict_proba(X[NEW])[:, 1] >= 0.5
    ).mean()


def test_equal_class_weights_are_none():
    """Only their ratio matters, and a weight may be larger than half of the largest number."""
    plain = (
        fitted().calibrate(X[LEFT], KINDS["binary"][LEFT], probabilities=True).predict_proba(X[NEW])
    )
    equal = fitted(class_weight={"bad": 3, "a good one": 3})
    assert model_of(equal).class_weights is None
    equal.calibrate(X[LEFT], KINDS["binary"][LEFT], probabilities=True)
    assert equal.threshold_ is None and equal.predict_proba(X[NEW]).tobytes() == plain.tobytes()
    found = []
    for unit in (1, 2**900):
        model = fitted(class_weight={"bad": 5 * unit, "a good one": unit})
        model.calibrate(X[LEFT], KINDS["binary"][LEFT], probabilities=True)
        assert model.threshold_ == 1 / 6
        found.append(model.predict_proba(X[NEW]).tobytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", WEIGHTS)
def test_file_and_pickle_keep_class_weights(kind, tmp_path):
    model = fitted(kind, class_weight=WEIGHTS[kind])
    model.save(tmp_path / "model.cmlp")
    copies = cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))
    model.calibrate(X[LEFT], KINDS[kind][LEFT], probabilities=True)
    for copy in copies:
        copy.calibrate(X[LEFT], KINDS[kind][LEFT], probabilities=True)
        assert copy.predict_proba(X[NEW]).tobytes() == model.predict_proba(X[NEW]).tobytes()
        assert copy.threshold_ == model.threshold_
    model.save(tmp_path / "again.cmlp")
    again = cmlp.load(tmp_path / "again.cmlp")
    assert (again.predict(X[NEW]) == model.predict(X[NEW])).all()
    assert model_of(again).class_weights.tobytes() == model_of(model).class_weights.tobytes()


@pytest.mark.parametrize(
    "weights", [[[1.0, 1.0]], [[0.0, 0.0, 0.0]], [[1.0, 2.0, 1.0]], [[1.0, np.nan, 1.0]]]
)
def test_file_with_other_class_weights_is_refused(weights, tmp_path):
    model = fitted("multiclass", class_weight=WEIGHTS["multiclass"])
    changed(model, class_weights=np.array(weights))
    model.save(tmp_path / "model.cmlp")
    with pytest.raises(cmlp.exceptions.ModelFormatError, match="class weights"):
        cmlp.load(tmp_path / "model.cmlp")
    with pytest.raises(ValueError, match="class weights"):
        pickle.loads(pickle.dumps(model))


def test_threshold_on_held_out_rows_counts_rows_not_class_weights():
    """Costs are those of a row, so class weights do not multiply them."""
    weights = np.where(BAD[FIT], 1.0, 3.0)
    model = fitted(class_weight="balanced").choose_threshold(costs=(1, 1))
    held_out = fitted_of(model).held_out
    assert {
        float(weight) for part in held_out.parts for weight in part.weight / part.weight[0]
    } == {1.0}
    given = TabularClassifier(**FAST, class_weight={"bad": 4}).fit(
        X[FIT], KINDS["binary"][FIT], weights
    )
    part = fitted_of(given).held_out.parts[0]
    is_bad = part.truth[:, 0] == 1
    assert part.weight[~is_bad].min() == pytest.approx(3 * part.weight[is_bad].max(), rel=1e-12)


def test_label_with_an_answer_of_weight_zero_keeps_its_scores():
    y = KINDS["multilabel"]
    model = fitted("multilabel", class_weight=[{0: 0, 1: 1}, {0: 3, 1: 1}])
    p = model.calibrate(X[LEFT], y[LEFT], probabilities=True).predict_proba(X[NEW])
    assert np.isfinite(p).all() and abs(p[:, 1].mean() / y[NEW, 1].mean() - 1) < 0.2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (((), {}), "calibrate needs X and y"),
        (((X[:9],), {}), "calibrate needs X and y"),
        (((X[:9],), {"probabilities": True}), "y is missing"),
        (((None, BAD[:9]), {"probabilities": True}), "X is missing"),
        (((X[:3], ["bad"] * 3), {"probabilities": True}), "at least 4 rows"),
        (
            ((X[:4], [*["unknown"] * 3, "bad"]), {"probabilities": True}),
            r"not in `self\.classes_`\. .* 'y' has \['bad' 'unknown'\]",
        ),
        (((X[:2], ["unknown", "new"]), {}), r"'y' has \['new' 'unknown'\]"),
        (((X[:2], [True, False]), {}), r"'y' has \[False\s+True\]"),
    ],
)
def test_calibrate_refuses_missing_rows(arguments, message):
    model = fitted()
    before = model_of(model)
    with pytest.raises(ValueError, match=message):
        model.calibrate(*arguments[0], **arguments[1])
    assert model_of(model) is before


def test_without_held_out_rows_others_are_needed():
    model = fitted(early_stopping=False)
    for method in (model.calibrate, model.choose_threshold):
        keywords = {"probabilities": True} if method == model.calibrate else {"recall": 0.5}
        with pytest.raises(ValueError, match="X and y are needed"):
            method(**keywords)


def test_file_with_other_output_layers_is_refused(tmp_path):
    model = calibrated()
    trained = model_of(model)
    for outputs in (trained.fitted_outputs[:1], [one[1:] for one in trained.fitted_outputs]):
        changed(model, fitted_outputs=outputs).save(tmp_path / "model.cmlp")
        with pytest.raises(cmlp.exceptions.ModelFormatError, match="output layers"):
            cmlp.load(tmp_path / "model.cmlp")
        with pytest.raises(ValueError, match="output layers"):
            pickle.loads(pickle.dumps(model))


# ---------------------------------------------------------------------------------------------------------- threshold


def recall_and_cost(p, is_bad, threshold, costs, weight):
    """Return the recall and the cost of a threshold, row by row."""
    found = p >= threshold
    missed, false_alarms = weight[is_bad & ~found].sum(), weight[~is_bad & found].sum()
    return 1 - missed / weight[is_bad].sum(), costs[0] * false_alarms + costs[1] * missed


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.UncoveredClassWarning")
def test_threshold_is_none_until_chosen_and_changes_only_predict():
    model = fitted()
    p, sets = model.predict_proba(X[NEW]), model.predict_set(X[NEW])
    assert model.threshold_ is None
    assert (model.predict(X[NEW]) == model.classes_[p.argmax(axis=1)]).all()
    model.choose_threshold(X[LEFT], KINDS["binary"][LEFT], recall=0.7)
    assert (
        model.predict(X[NEW]) == np.where(p[:, 1] >= model.threshold_, "bad", "a good one")
    ).all()
    assert model.predict_proba(X[NEW]).tobytes() == p.tobytes()
    assert (model.predict_set(X[NEW]) == sets).all()
    assert (
        model.score(X[NEW], KINDS["binary"][NEW])
        == (model.predict(X[NEW]) == KINDS["binary"][NEW]).mean()
    )
    assert model.fit(X[FIT], KINDS["binary"][FIT]).threshold_ is None


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("recall", [0.01, 0.5, 0.7, 1])
def test_threshold_of_a_recall_is_the_largest_one(recall, weighted):
    model, weight = fitted(), np.arange(1500) % 3 + 1.0 if weighted else np.ones(1500)
    model.choose_threshold(
        X[LEFT], KINDS["binary"][LEFT], weight if weighted else None, recall=recall
    )
    p, is_bad = model.predict_proba(X[LEFT])[:, 1], BAD[LEFT]
    assert recall_and_cost(p, is_bad, model.threshold_, (1, 1), weight)[0] >= recall - 1e-9
    higher = p[p > model.threshold_].min() + 1e-12
    assert recall_and_cost(p, is_bad, higher, (1, 1), weight)[0] < recall


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("costs", [(1, 1), (1, 10), (1, 0), (0, 1), (5, 0.01), (1, 1000)])
def test_threshold_of_costs_has_the_smallest_sum(costs, weighted):
    model, weight = fitted(), np.arange(1500) % 3 + 1.0 if weighted else np.ones(1500)
    model.choose_threshold(
        X[LEFT], KINDS["binary"][LEFT], weight if weighted else None, costs=costs
    )
    p, is_bad = model.predict_proba(X[LEFT])[:, 1], BAD[LEFT]
    least = min(recall_and_cost(p, is_bad, t, costs, weight)[1] for t in [*p, 2])
    assert recall_and_cost(p, is_bad, model.threshold_, costs, weight)[1] == pytest.approx(least)


@pytest.mark.parametrize(
    "goal", [{"recall": 0.7}, {"recall": 1}, {"costs": (1, 10)}, {"costs": (1, 0)}]
)
def test_either_class_can_be_the_positive_one(goal):
    """The same rows are found under labels in the other order."""
    names = np.where(BAD, "bad", "good")
    model = TabularClassifier(**FAST).fit(X[FIT], names[FIT])
    p, weight = model.predict_proba(X[LEFT]), np.arange(1500) % 3 + 1.0
    model.choose_threshold(X[LEFT], names[LEFT], weight, pos_label="bad", **goal)
    found, is_bad = model.predict(X[LEFT]) == "bad", BAD[LEFT]
    assert (found == (p[:, 1] < model.threshold_)).all()
    if "recall" in goal:
        without_the_last = found & (p[:, 0] > p[found, 0].min())
        enough = [
            weight[rows & is_bad].sum() >= goal["recall"] * weight[is_bad].sum()
            for rows in (found, without_the_last)
        ]
        assert enough == [True, False]
    else:
        sums = [
            recall_and_cost(p[:, 0], is_bad, t, goal["costs"], weight)[1] for t in [*p[:, 0], 2]
        ]
        missed, false_alarms = weight[is_bad & ~found].sum(), weight[~is_bad & found].sum()
        assert goal["costs"][0] * false_alarms + goal["costs"][1] * missed == pytest.approx(
            min(sums)
        )
    second = model.choose_threshold(X[LEFT], names[LEFT], pos_label="good", **goal).threshold_
    with pytest.warns(
        UserWarning,
        match="second class, 'good', but 9.% of the rows .* To find 'bad', pass pos_label='bad'",
    ):
        model.choose_threshold(X[LEFT], names[LEFT], **goal)
    assert model.threshold_ == second


def test_a_frequent_second_class_needs_no_name_if_it_means_yes():
    for names in (~BAD, (~BAD).astype(int), np.where(BAD, -1, 1)):
        TabularClassifier(**FAST).fit(X[FIT], names[FIT]).choose_threshold(
            X[LEFT], names[LEFT], recall=0.5
        )
    names = np.where(BAD, 1, 2)
    with pytest.warns(UserWarning, match="pass pos_label=1; otherwise pos_label=2"):
        TabularClassifier(**FAST).fit(X[FIT], names[FIT]).choose_threshold(recall=0.5)


def test_equal_probabilities_are_not_separated():
    x = np.repeat([[0.0], [1.0], [2.0]], 40, axis=0)
    y = np.repeat([0, 0, 1], 40) ^ (np.arange(120) % 5 == 0)
    model = TabularClassifier(**FAST).fit(x, y).choose_threshold(x, y, recall=0.5)
    low, high = np.unique(model.predict_proba(x)[:, 1])[-2:]
    assert low < model.threshold_ < high


@pytest.mark.parametrize("goal", [{"recall": 1.0}, {"recall": 0.9}, {"costs": (1, 1000)}])
def test_rows_of_the_first_class_are_found_also_at_probability_1(goal, tmp_path):
    """A network that is sure of a wrong class: all thresholds up to 1 miss its rows."""
    x = np.repeat([-3e3, 3e3], 100)[:, None]
    model = TabularClassifier(**FAST).fit(x, x[:, 0] > 0)
    net = model_of(model).first
    params = net.params.copy()
    params[-1] = 200.0  # the bias of the only output
    model = changed(model, networks=[net._replace(params=params)], fitted_outputs=None, slope=None)
    p = model.predict_proba(x)[:, 1]
    assert (p == 1).any()
    truth = np.arange(len(x)) % 2 == 0
    model.choose_threshold(x, truth, pos_label=False, **goal)
    assert model.threshold_ == np.nextafter(1, 2) and not model.predict(x).any()
    model.save(tmp_path / "model.cmlp")
    assert not cmlp.load(tmp_path / "model.cmlp").predict(x).any()
    model.choose_threshold(
        x, truth, pos_label=True, costs=(1000, 1)
    )  # better none than one false alarm
    assert not model.predict(x).any()


@pytest.mark.parametrize("positive", [0, 1])
def test_a_threshold_separates_also_neighbouring_numbers(positive):
    low = 0.7
    p = np.array([low, np.nextafter(low, 1)])
    for truth, right in (([True, False], [1, 0]), ([False, True], [0, 1])):
        threshold = chosen_threshold(p, np.array(truth), np.ones(2), 1.0, None, positive=positive)
        found = (p >= threshold) == positive
        assert found[truth].all() and (found.sum() == 1 or right[positive] == 0)


def test_held_out_rows_choose_a_threshold():
    model = fitted(**LIKE_THE_DEFAULT)
    plain = model.choose_threshold(recall=0.7).threshold_
    assert abs((model.predict(X[NEW]) == "bad")[BAD[NEW]].mean() - 0.7) < 2.5 * np.sqrt(
        0.3 * 0.7 / BAD[FIT].sum()
    )
    model.calibrate(probabilities=True)
    assert model.threshold_ is None
    assert model.choose_threshold(recall=0.7).threshold_ != plain
    assert abs((model.predict(X[NEW]) == "bad")[BAD[NEW]].mean() - 0.7) < 2.5 * np.sqrt(
        0.3 * 0.7 / BAD[FIT].sum()
    )


def test_held_out_rows_have_the_probabilities_of_the_calibrated_model():
    y = KINDS["binary"]
    model = TabularClassifier(**{**FAST, "n_estimators": 1}).fit(
        X[FIT], y[FIT], X_val=X[LEFT], y_val=y[LEFT]
    )
    model.calibrate(X[NEW], y[NEW], probabilities=True)
    found = model.choose_threshold(recall=0.7).threshold_
    assert model.choose_threshold(X[LEFT], y[LEFT], recall=0.7).threshold_ == pytest.approx(
        found, rel=1e-5
    )


def test_core_predicts_with_the_threshold(tmp_path):
    model = fitted().choose_threshold(X[LEFT], KINDS["binary"][LEFT], costs=(1, 10))
    model.save(tmp_path / "model.cmlp")
    assert cmlp.load(tmp_path / "model.cmlp").threshold_ == model.threshold_
    core = model_in_c(tmp_path / "model.cmlp")
    found = [core.predict(row)[0] for row in X[NEW][:300]]
    assert (model.classes_[found] == model.predict(X[NEW][:300])).all() and 0 < sum(found) < 300


def test_threshold_itself_predicts_the_second_class(tmp_path):
    model = fitted()
    p = model.predict_proba(X[NEW])[:, 1]
    model.threshold_ = p[7]
    model.save(tmp_path / "model.cmlp")
    assert model.predict(X[NEW][7:8])[0] == "bad"
    assert model_in_c(tmp_path / "model.cmlp").predict(X[NEW][7])[0] == 1
    model.threshold_ = np.nextafter(p[7], 1)
    assert model.predict(X[NEW][7:8])[0] == "a good one"
    model.threshold_ = None
    assert (model.predict(X[NEW]) == model.classes_[(p > 0.5).astype(int)]).all()


def test_certify_is_about_the_threshold():
    model = fitted().choose_threshold(X[LEFT], KINDS["binary"][LEFT], recall=0.7)
    p = model.predict_proba(X[NEW])[:, 1]
    near, far = np.argsort(np.abs(p - model.threshold_))[[0, -1]]
    answer = model.certify(X[NEW][[near, far]], 0.01)
    assert answer.answers.tolist() == ["counterexample", "certified"]
    assert model.predict(answer.counterexamples[:1]) != model.predict(X[NEW][[near]])
    model.threshold_ = None
    assert model.certify(X[NEW][[near]], 0.01).answers.tolist() == ["certified"]


def test_torch_refuses_a_threshold():
    model = fitted().choose_threshold(recall=0.5)
    with pytest.raises(ValueError, match="to_torch does not support a threshold"):
        model.to_torch()


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({}, "either recall or costs"),
        ({"recall": 0.5, "costs": (1, 1)}, "either recall or costs"),
        *[({"recall": recall}, "recall must be") for recall in (0, 1.01, np.nan, True, "all")],
        *[
            ({"costs": costs}, "costs must be")
            for costs in (1, (1,), (1, -1), (0, 0), (1, np.inf), (True, 1), ("1", 1), (np.nan, 1))
        ],
    ],
)
def test_invalid_goals_are_refused(keywords, message):
    with pytest.raises(ValueError, match=message):
        fitted().choose_threshold(X[LEFT], KINDS["binary"][LEFT], **keywords)


def test_threshold_is_for_two_classes():
    for kind in ("multiclass", "multilabel"):
        model = fitted(kind)
        with pytest.raises(ValueError, match="two classes"):
            model.choose_threshold(recall=0.5)
        with pytest.raises(ValueError, match="two classes"):
            model.threshold_ = 0.5
    model = fitted()
    for value in (-0.1, 1.1, np.nan, True, "half"):
        with pytest.raises(ValueError, match="threshold must be"):
            model.threshold_ = value
    with pytest.raises(ValueError, match="no row of the class 'bad'"):
        model.choose_threshold(X[:3], ["a good one"] * 3, recall=0.5)
    with pytest.raises(
        ValueError, match=r"pos_label must be one of the classes .*'bad'\], got 'good'"
    ):
        model.choose_threshold(recall=0.5, pos_label="good")
    assert model.threshold_ is None
    assert not hasattr(TabularRegressor, "choose_threshold")
