"""`feature_importances_` of tables: every fit has it, and files and pickles keep it."""

import pickle

import numpy as np
import pytest
from helpers import assert_same_bits
from internals import changed, model_of
from model_files import repaired, split
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp.exceptions import ModelFormatError

TINY = {"n_estimators": 2, "hidden_layer_sizes": (8,), "random_state": 0, "n_epochs": 20}
RNG = np.random.RandomState(0)
X = RNG.standard_normal((400, 4))
Y = 3 * X[:, 1] + X[:, 2] + 0.1 * RNG.standard_normal(400)
LABELS = np.array(["low", "middle", "high"])[np.digitize(Y, [-2, 2])]
TARGETS = {
    "number": (TabularRegressor, Y),
    "numbers": (TabularRegressor, np.stack([Y, -Y], axis=1)),
    "two classes": (TabularClassifier, Y > 0),
    "classes": (TabularClassifier, LABELS),
    "labels": (TabularClassifier, np.stack([Y > 0, Y > 2], axis=1).astype(int)),
}


@pytest.mark.parametrize("name", TARGETS)
def test_importances_follow_the_loss_on_held_out_rows(name):
    kind, y = TARGETS[name]
    found = kind(**TINY).fit(X, y).feature_importances_
    assert found.shape == (4,) and found.dtype == np.float64
    assert (found >= 0).all() and found.sum() == pytest.approx(1, abs=1e-15)
    assert found[1] > 0.6 and found[2] > max(found[0], found[3])


@pytest.mark.parametrize(
    ("parameters", "fitting"),
    [
        ({"keep_background": 8}, {}),
        ({"early_stopping": False}, {}),
        ({}, {"X_val": X[:50], "y_val": Y[:50]}),
        ({}, {"groups": np.arange(400) // 4}),
        ({}, {"sample_weight": np.arange(400) % 3}),
        ({"loss": "quantile", "quantile": [0.1, 0.9]}, {}),
    ],
)
def test_every_fit_measures_importances(parameters, fitting):
    model = TabularRegressor(**TINY, **parameters).fit(X, Y, **fitting)
    assert model.feature_importances_.argmax() == 1


def test_weights_of_rows_count():
    first = np.where(np.arange(400) < 200, X[:, 0], X[:, 3])
    found = TabularRegressor(**TINY, early_stopping=False).fit(
        X, first, sample_weight=np.where(np.arange(400) < 200, 1.0, 1e-9)
    )
    assert found.feature_importances_.argmax() == 0 and found.feature_importances_[0] > 0.9


def test_unused_columns_have_no_importance_and_categories_count():
    pd = pytest.importorskip("pandas")
    place = np.array(["a", "b", "c"])[np.arange(400) % 3]
    frame = pd.DataFrame({"constant": 1.0, "place": place, "noise": X[:, 0]})
    model = TabularRegressor(**TINY).fit(frame, np.arange(400) % 3 + 0.01 * X[:, 1])
    found = model.feature_importances_
    assert found[0] == 0 and found[1] > 0.9


def test_importances_are_those_of_equal_fits_and_change_no_answer():
    model, other = (TabularRegressor(**TINY, n_threads=n).fit(X, Y) for n in (1, 2))
    assert_same_bits(model.feature_importances_, other.feature_importances_)
    found = model.feature_importances_
    found[:] = 0
    assert model.feature_importances_.sum() > 0


def test_files_pickles_and_copies_keep_importances(tmp_path):
    model = TabularClassifier(**TINY).fit(X, LABELS).calibrate(X, LABELS, probabilities=True)
    model.save(tmp_path / "m.cmlp")
    for other in (cmlp.load(tmp_path / "m.cmlp"), pickle.loads(pickle.dumps(model))):
        assert_same_bits(other.feature_importances_, model.feature_importances_)


def test_a_file_without_importances_says_so(tmp_path):
    model = TabularRegressor(**TINY).fit(X, Y)
    changed(model, summary=model_of(model).summary._replace(importances=None)).save(
        tmp_path / "m.cmlp"
    )
    loaded = cmlp.load(tmp_path / "m.cmlp")
    with pytest.raises(AttributeError, match="no feature_importances_: it is from a file"):
        _ = loaded.feature_importances_
    assert not hasattr(loaded, "feature_importances_")
    assert_same_bits(loaded.predict(X), model.predict(X))


def test_importances_need_a_fit():
    with pytest.raises(AttributeError, match="not fitted"):
        _ = TabularRegressor().feature_importances_


@pytest.mark.parametrize("wrong", [-0.5, 2.0, np.nan])
def test_wrong_importances_of_a_file_are_refused(tmp_path, wrong):
    path = tmp_path / "m.cmlp"
    model = TabularRegressor(**TINY).fit(X, Y)
    model.save(path)
    found = model.feature_importances_
    content = path.read_bytes()
    assert content.count(found.tobytes()) == 1
    changed = found.copy()
    changed[0] = wrong
    path.write_bytes(repaired(*split(content.replace(found.tobytes(), changed.tobytes()))))
    with pytest.raises(ModelFormatError, match="importances must be a number from 0 to 1"):
        cmlp.load(path)


def test_features_are_selected_by_their_importances():
    selection = package("sklearn.feature_selection")
    chosen = selection.SelectFromModel(TabularRegressor(**TINY), max_features=2, threshold=-np.inf)
    assert chosen.fit(X, Y).get_support().tolist() == [False, True, True, False]
