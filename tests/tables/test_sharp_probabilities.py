"""The slope by which `fit` of `TabularClassifier` makes probabilities as sharp as held-out rows allow."""

import pickle
from copy import copy

import numpy as np
import pytest
from helpers import assert_same_bits, digest, model_in_c
from internals import (
    HeldOutScores,
    Scores,
    are_calibrated,
    changed,
    fitted_of,
    learned_slope,
    model_of,
    networks_as_trained,
    without_slope,
)

import cmlp
from cmlp import TabularClassifier

# One column says the class.
pytestmark = pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")

FAST = {"n_estimators": 4, "hidden_layer_sizes": (16,), "n_epochs": 40, "random_state": 0}
RNG = np.random.default_rng(7)
X = RNG.standard_normal((1200, 3))
# Classes that the columns decide: label smoothing alone makes their probabilities uncertain.
TARGETS = {
    "binary": np.where(X[:, 0] > 0.3, "yes", "no"),
    "multiclass": np.digitize(X[:, 0], [-0.5, 0.8]),
    "multilabel": np.stack([X[:, 0] > 0, X[:, 1] > 0.5], axis=1).astype(int),
    "ordered": np.digitize(X[:, 1], [-1.0, 0.0, 1.0]),
}
FIT, LEFT, NEW = slice(0, 600), slice(600, 900), slice(900, 1200)


def fitted(kind="binary", *given, validation=False, **parameters):
    options = {**FAST, "ordered": kind == "ordered", **parameters}
    y, keywords = TARGETS[kind], {}
    if validation:
        keywords = {"X_val": X[LEFT], "y_val": y[LEFT]}
    return TabularClassifier(**options).fit(X[FIT], y[FIT], *given, **keywords)


def slope_of(model):
    return model_of(model).slope or 1.0


def as_fitted(model):
    """Return the model with its slope, which it no longer knows."""
    return changed(copy(model), fitted_outputs=None, slope=None)


def loss_of(model, kind, rows=NEW):
    p, y = model.predict_proba(X[rows]), TARGETS[kind][rows]
    if kind == "multilabel":
        return -np.log(np.where(y, p, 1 - p)).mean()
    return -np.log(p[np.arange(len(y)), np.searchsorted(model.classes_, y)]).mean()


def mean_softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return (e / e.sum(axis=-1, keepdims=True)).mean(axis=0)


def loss_by_platt(slope, parts, weights, n_rows, is_softmax):
    """Return the log loss of scores with a slope, of which 1 of n + 2 rows counts as wrong, and a prior's share."""
    wrong, total = 1 / (n_rows + 2), 0.0
    for part, weight in zip(parts, weights, strict=True):
        z = part.z if is_softmax else np.stack([0 * part.z, part.z], axis=-1)
        z = z[:, :, None] if is_softmax else z
        for j in range(z.shape[2]):
            p, truth = mean_softmax(slope * z[:, :, j]), part.truth[:, j]
            target = np.full(p.shape, wrong / (p.shape[1] - 1))
            target[np.arange(len(p)), truth] = 1 - wrong
            total -= (weight * (target * np.log(p)).sum(axis=1)).sum()
    total /= sum(weight.sum() for weight in weights) * parts[0].truth.shape[1]
    return total + 0.05 * (slope - 1) ** 2 / sum(part.truth.size for part in parts)


def held_out_of(z, truth, groups=None):
    parts = (Scores(z[None, :, None], truth[:, None].astype(np.int64), np.ones(len(z))),)
    net = model_of(fitted(n_epochs=1)).net
    return HeldOutScores(parts, groups=groups), net


WAYS = {
    **{kind: {"kind": kind} for kind in TARGETS},
    "own rows": {"kind": "multiclass", "validation": True},
    "two networks judge each row": {"kind": "multiclass", "n_estimators": 16},
    "class weights": {"kind": "binary", "class_weight": {"yes": 1.7}},
}


@pytest.mark.parametrize("way", WAYS)
def test_slope_has_the_smallest_log_loss_of_the_held_out_rows_by_platts_targets(way):
    model = fitted(**WAYS[way])
    trained, held_out, slope = model_of(model), fitted_of(model).held_out, slope_of(model)
    assert 1.05 < slope < 20
    parts = [part._replace(z=part.z / slope) for part in held_out.parts]
    weights = [part.weight for part in parts]
    if trained.class_weights is not None:
        weights = [part.weight * trained.class_weights[0][part.truth[:, 0]] for part in parts]
    every = np.concatenate(weights)
    n_rows = every.sum() ** 2 / (every**2).sum()
    is_softmax = trained.net.activations[-1] == "softmax"
    slopes = slope * np.array([0.999, 1, 1.001])
    found = [loss_by_platt(one, parts, weights, n_rows, is_softmax) for one in slopes]
    assert np.argmin(found) == 1
    between = (found[0] - found[2]) / (found[0] - 2 * found[1] + found[2]) / 2  # in a parabola
    assert abs(between) < 0.02


@pytest.mark.parametrize("kind", TARGETS)
def test_probabilities_of_decided_classes_are_sharper(kind):
    model = fitted(kind)
    assert loss_of(model, kind) < 0.95 * loss_of(without_slope(model), kind)


@pytest.mark.parametrize("kind", TARGETS)
def test_classes_of_one_network_do_not_change(kind):
    model = fitted(kind, n_estimators=1, validation=True)
    assert slope_of(model) > 1
    assert (model.predict(X[NEW]) == without_slope(model).predict(X[NEW])).all()


def test_all_layers_but_the_last_are_those_of_training():
    model = model_of(fitted("multiclass"))
    for found, trained in zip(model.networks, networks_as_trained(model), strict=True):
        for one, other in zip(found.weights[:-1], trained.weights[:-1], strict=True):
            assert_same_bits(one, other)
        for tensors in ("weights", "biases"):
            expected = getattr(trained, tensors)[-1] * np.full(3, model.slope)
            assert_same_bits(getattr(found, tensors)[-1], expected.astype(np.float32))


@pytest.mark.parametrize(
    ("rows", "options"),
    [(slice(0, 600), {"early_stopping": False}), (slice(0, 15), {})],
    ids=["no early stopping", "too few rows"],
)
def test_without_held_out_rows_there_is_no_slope(rows, options):
    y = TARGETS["binary"]
    model = TabularClassifier(**FAST, **options).fit(X[rows], y[rows])
    assert model_of(model).slope is None and model_of(model).fitted_outputs is None


def test_probabilities_that_are_too_certain_stay():
    z = RNG.standard_normal(2000)
    truth = RNG.random(2000) < 1 / (1 + np.exp(-0.5 * z))
    assert learned_slope(*held_out_of(z, truth), None) is None


def test_few_rows_without_an_error_do_not_demand_certainty():
    z = np.repeat([-2.0, 2.0], 50)
    slope = learned_slope(*held_out_of(z, z > 0), None)
    assert 1 / (1 + np.exp(-2 * slope)) == pytest.approx(1 - 1 / 102, abs=1e-3)


@pytest.mark.parametrize(("n", "is_sure"), [(150, False), (15_000, True)])
def test_gain_that_can_be_chance_counts_as_none(n, is_sure):
    """Of 20 samples, few have a slope where the scores are nearly right, unless they are large."""
    rng = np.random.default_rng(1)
    z = rng.standard_normal((20, n))
    truth = rng.random((20, n)) < 1 / (1 + np.exp(-1.2 * z))
    slopes = [learned_slope(*held_out_of(*one), None) for one in zip(z, truth, strict=True)]
    n_slopes = 20 - slopes.count(None)
    assert n_slopes == 20 if is_sure else n_slopes <= 3


# ---------------------------------------------------------------------------------------------------- the state


def test_training_has_the_bits_that_it_had_before_there_were_slopes():
    model = model_of(fitted("multiclass"))
    assert model.slope > 1
    networks = networks_as_trained(model)
    tensors = [array for one in networks for array in [*one.weights, *one.biases]]
    assert digest(*tensors) == "df644fc6c02c99df"


@pytest.mark.parametrize("how", ["itself", "pickle", "file"])
def test_warm_start_continues_the_networks_of_training(how, tmp_path):
    y, model = TARGETS["multiclass"], fitted("multiclass", warm_start=True)
    assert slope_of(model) > 1
    expected = without_slope(model).fit(X[FIT], y[FIT]).predict_proba(X[NEW])
    if how == "file":
        model.save(tmp_path / "model.cmlp")
        model = cmlp.load(tmp_path / "model.cmlp").set_params(warm_start=True)
    elif how == "pickle":
        model = pickle.loads(pickle.dumps(model))
    assert_same_bits(model.fit(X[FIT], y[FIT]).predict_proba(X[NEW]), expected)


class Interrupt:
    """A callback that interrupts a fit after some epochs."""

    def on_epoch_end(self, trainer):
        if trainer.state.epoch == 15:
            raise KeyboardInterrupt


@pytest.mark.parametrize("is_pickled", [False, True])
def test_resumed_fit_has_the_bits_of_one_that_was_not_interrupted(is_pickled):
    y = TARGETS["multiclass"]
    model = TabularClassifier(**FAST, callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X[FIT], y[FIT])
    assert slope_of(model) > 1
    if is_pickled:
        model = pickle.loads(pickle.dumps(model))
    model.set_params(callbacks=None).fit(X[FIT], y[FIT], resume=True)
    whole = fitted("multiclass")
    assert slope_of(model) == slope_of(whole)
    assert_same_bits(model.predict_proba(X[NEW]), whole.predict_proba(X[NEW]))


def test_verify_compares_the_slope_too():
    y, model = TARGETS["binary"], fitted(provenance=True)
    found = cmlp.verify(model, X[FIT], y[FIT])
    assert found.identical and found.not_checked == ()
    other = changed(copy(model), slope=1.5 * slope_of(model))
    assert "slope of the probabilities" in cmlp.verify(other, X[FIT], y[FIT]).different
    model.calibrate(X[LEFT], y[LEFT], probabilities=True)
    found = cmlp.verify(model, X[FIT], y[FIT])
    assert found.identical and "calibrated probabilities" in found.not_checked


# ------------------------------------------------------------------------------------- what is measured with it


def test_sets_and_accuracy_are_measured_with_it():
    model = fitted("multiclass", n_estimators=16)
    trained, held_out = model_of(model), fitted_of(model).held_out
    p = np.concatenate([mean_softmax(part.z) for part in held_out.parts])
    truth = np.concatenate([part.truth[:, 0] for part in held_out.parts])
    scores = np.sort(1 - p[np.arange(len(p)), truth])
    np.testing.assert_allclose(trained.calibration.scores[0], scores, atol=1e-5)
    accuracy = trained.summary.accuracy
    assert accuracy.n == len(p)
    assert accuracy.pairs[0][0] == pytest.approx((p.argmax(axis=1) == truth).mean())


def test_threshold_is_chosen_with_it():
    model = fitted(validation=True)
    held_out = model.choose_threshold(recall=0.7).threshold_
    given = model.choose_threshold(X[LEFT], TARGETS["binary"][LEFT], recall=0.7).threshold_
    assert held_out == pytest.approx(given, rel=1e-5)


@pytest.mark.parametrize("kind", TARGETS)
def test_calibrate_starts_with_it(kind):
    y, model = TARGETS[kind], fitted(kind)
    expected = as_fitted(model).calibrate(X[LEFT], y[LEFT], probabilities=True)
    found = model.calibrate(X[LEFT], y[LEFT], probabilities=True)
    assert_same_bits(found.predict_proba(X[NEW]), expected.predict_proba(X[NEW]))
    assert are_calibrated(model_of(found))
    again = found.calibrate(X[LEFT], y[LEFT], probabilities=True)
    assert_same_bits(again.predict_proba(X[NEW]), expected.predict_proba(X[NEW]))


def test_calibrate_by_held_out_rows_starts_with_it():
    model = fitted("multiclass")
    held_out, trained = fitted_of(model).held_out, model_of(model)
    p = np.concatenate([mean_softmax(part.z) for part in held_out.parts])
    truth = np.concatenate([part.truth[:, 0] for part in held_out.parts])
    np.testing.assert_allclose(
        np.sort(1 - p[np.arange(len(p)), truth]), trained.calibration.scores[0], atol=1e-5
    )
    model.calibrate(probabilities=True)
    assert fitted_of(model).held_out.parts is held_out.parts


# --------------------------------------------------------------------------------------------- groups, many rows


def test_slope_of_more_rows_than_it_needs_takes_some_of_them():
    z = RNG.standard_normal(1_200_000)
    truth = RNG.random(len(z)) < 1 / (1 + np.exp(-2.5 * z))
    slope = learned_slope(*held_out_of(z, truth), None)
    assert slope == pytest.approx(2.5, rel=0.02)
    assert slope != learned_slope(*held_out_of(z[:1_000_000], truth[:1_000_000]), None)


def test_rows_of_few_groups_are_few():
    """Groups without an error say little of others, however many rows they have."""
    y, x = TARGETS["binary"], X.copy()
    slopes = [
        slope_of(TabularClassifier(**FAST).fit(x[FIT], y[FIT], groups=np.arange(600) % n))
        for n in (12, 600)
    ]
    assert 1 <= slopes[0] < slopes[1]


def test_slopes_are_the_same_everywhere():
    found = {kind: repr(model_of(fitted(kind)).slope) for kind in TARGETS}
    assert found == {
        "binary": "1.4085252954423755",
        "multiclass": "1.5787477182218639",
        "multilabel": "1.5036659022195076",
        "ordered": "1.517266992441625",
    }


# ---------------------------------------------------------------------------------------------- files and readers


@pytest.mark.parametrize("kind", TARGETS)
def test_file_and_pickle_keep_it(kind, tmp_path):
    model = fitted(kind)
    model.save(tmp_path / "model.cmlp")
    for twin in (cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        assert slope_of(twin) == slope_of(model)
        assert_same_bits(twin.predict_proba(X[NEW]), model.predict_proba(X[NEW]))
    twin.save(tmp_path / "again.cmlp")
    assert (tmp_path / "again.cmlp").read_bytes() == (tmp_path / "model.cmlp").read_bytes()


def test_c_predicts_with_it(tmp_path):
    model = fitted("multiclass")
    model.save(tmp_path / "model.cmlp")
    core, p = model_in_c(tmp_path / "model.cmlp"), model.predict_proba(X[NEW])
    for row, expected in zip(X[NEW][:20], p, strict=False):
        assert_same_bits(core.predict(row)[1], expected)


@pytest.mark.parametrize("slope", [1.0, 0.5, 20.5, np.nan])
def test_file_with_an_invalid_slope_is_refused(slope, tmp_path):
    model = changed(fitted(), slope=slope)
    model.save(tmp_path / "model.cmlp")
    with pytest.raises(cmlp.exceptions.ModelFormatError, match="slope of the scores"):
        cmlp.load(tmp_path / "model.cmlp")
    with pytest.raises(ValueError, match="slope of the scores"):
        pickle.loads(pickle.dumps(model))


def test_file_with_a_slope_but_no_output_layers_is_refused(tmp_path):
    changed(fitted(), fitted_outputs=None).save(tmp_path / "model.cmlp")
    with pytest.raises(cmlp.exceptions.ModelFormatError, match="slope of the scores"):
        cmlp.load(tmp_path / "model.cmlp")
