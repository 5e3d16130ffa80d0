"""Fits of tables with columns of many categories, and everything that reads their models."""

import pickle
import warnings

import numpy as np
import pytest
from helpers import model_in_c
from internals import fitted_of, model_of, put_result, raw_rows
from optional import package
from page_parts import Parts, page_of
from table_models import assert_table_agrees
from table_parts import inputs_of_fit, limit_boxes, list_at_most, with_statistics

import cmlp
from cmlp import TabularClassifier, TabularRegressor
from cmlp import __main__ as cli

pytestmark = pytest.mark.filterwarnings("ignore:column 0.*unknown values count as one category")

N, N_CODES = 2400, 600
RNG = np.random.RandomState(0)
CODE = np.concatenate([np.arange(N_CODES), RNG.randint(0, N_CODES, N - N_CODES)])
EFFECT = RNG.normal(0, 2, N_CODES)
X = np.array([[f"k{code}", x] for code, x in zip(CODE, RNG.normal(size=N), strict=True)], object)
Y = EFFECT[CODE] + X[:, 1].astype(float) + RNG.normal(0, 0.3, N)
CLASSES = np.array(["low", "middle", "high"])[np.digitize(Y, [-1, 1])]
NEW = np.array([["other", 0.5], [None, 0.5]], object)
QUICK = {"n_estimators": 2, "hidden_layer_sizes": (16,), "n_epochs": 3, "random_state": 0}


def messages(call, *args):
    """Return the messages of the warnings of a call."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(*args)
    return [str(one.message) for one in caught]


def statistics_of(model):
    """Return the statistics of the first column."""
    return model_of(model).columns[0].statistics


def learned(model):
    return [net.params.tobytes() for net in model.estimators_], statistics_of(model).table.tobytes()


@pytest.fixture(scope="module")
def regressor():
    return TabularRegressor(**QUICK).fit(X, Y)


@pytest.fixture(scope="module")
def classifier():
    return TabularClassifier(**QUICK).fit(X, CLASSES)


# ------------------------------------------------------------------------------------ what a fit learns


def test_codes_that_decide_are_learned():
    """Of one-hot inputs of the 200 most frequent categories, R2 was 0.4."""
    held_out = np.arange(N) % 4 == 0
    model = TabularRegressor(random_state=0).fit(X[~held_out], Y[~held_out])
    assert model.score(X[held_out], Y[held_out]) > 0.8
    low, high = model.predict_interval(X[held_out], 0.9).T
    assert 0.85 < np.mean((low <= Y[held_out]) & (Y[held_out] <= high)) < 0.96


def test_every_category_of_fit_is_known(regressor):
    assert len(regressor.categories_[0]) == N_CODES == len(statistics_of(regressor).table)
    assert not regressor.outside(X).any()
    assert np.isnan(regressor.outside(NEW)[:, 0]).all()


@pytest.mark.parametrize("n_categories", [200, 201])
def test_200_categories_are_one_hot(n_categories):
    rows = CODE < n_categories
    model = TabularRegressor(**QUICK).fit(X[rows], Y[rows])
    assert (statistics_of(model) is None) == (n_categories == 200)


@pytest.mark.parametrize(
    ("kind", "y", "n_means"),
    [
        (TabularClassifier, CLASSES == "low", 1),
        (TabularClassifier, CLASSES, 3),
        (TabularClassifier, np.stack([Y > 0, Y > 1], axis=1).astype(int), 2),
        (TabularRegressor, np.stack([Y, -Y, Y**2], axis=1), 3),
    ],
    ids=["two classes", "three classes", "labels of a row", "targets"],
)
def test_there_is_a_mean_for_each_class_label_or_target(kind, y, n_means):
    weight = RNG.uniform(0.5, 1, N)
    model = kind(**QUICK).fit(X, y, weight)
    assert statistics_of(model).table.shape == (N_CODES, n_means + 1)


def test_several_quantiles_have_one_mean():
    model = TabularRegressor(**QUICK, loss="quantile", quantile=[0.1, 0.5, 0.9]).fit(X, Y)
    assert statistics_of(model).table.shape == (N_CODES, 2)


def test_the_order_of_the_rows_does_not_change_the_statistics(regressor):
    order = RNG.permutation(N)
    other = TabularRegressor(**QUICK).fit(X[order], Y[order])
    assert statistics_of(other).table.tobytes() == statistics_of(regressor).table.tobytes()


def test_a_column_on_which_y_does_not_depend_is_not_used(tmp_path, capsys):
    noise = np.random.RandomState(4).permutation(CODE)
    rows = np.stack([np.array([f"k{code}" for code in noise], object), X[:, 1]], axis=1)
    model = TabularRegressor(**QUICK).fit(rows, X[:, 1].astype(float))
    assert model_of(model).columns[0].role == "unused"
    model.save(tmp_path / "model.cmlp")
    assert cli.main(["info", str(tmp_path / "model.cmlp")]) == 0
    said = capsys.readouterr().out
    assert "not used: one of 600 categories, on which the targets do not depend" in said
    assert (cmlp.load(tmp_path / "model.cmlp").predict(rows) == model.predict(rows)).all()


def test_the_most_frequent_of_too_many_categories_are_known(monkeypatch, tmp_path):
    list_at_most(monkeypatch, 400, warns=True)
    model = TabularRegressor(**QUICK)
    (said,) = messages(model.fit, X, Y)
    assert said.startswith("column 0 has 600 categories, of which the model knows the 400 most")
    assert len(model.categories_[0]) == 400 and len(statistics_of(model).table) == 400
    assert not model.outside(NEW).any()
    model.save(tmp_path / "model.cmlp")
    in_c = model_in_c(tmp_path / "model.cmlp")
    raw = raw_rows(model, NEW)
    assert (raw[:, 0] == -1).any() and not any(in_c.outside(row).any() for row in raw)


# ------------------------------------------------------------------------------ statistics of the rows of fit


def test_rows_of_fit_do_not_know_their_own_target():
    far = Y.copy()
    far[7] += 1.0
    model = TabularRegressor(**QUICK)
    before, after = (inputs_of_fit(model, training=(X, y, None)) for y in (Y, far))
    same_code = CODE == CODE[7]
    width = statistics_of(model.fit(X, Y)).table.shape[1]
    first = statistics_of(model).n_one_hot
    moved = np.abs(before - after)[:, first : first + width]
    # The mean and the spread of all rows move all means by a little.
    assert moved[same_code].max() > 10 * moved[7].max()


@pytest.mark.filterwarnings("ignore:column 0 has the groups")
@pytest.mark.parametrize("has_validation", [False, True])
def test_rows_of_a_group_do_not_know_its_targets(has_validation):
    """Each category is a person: with groups, no row knows of the other rows of its person."""
    groups, validation = (CODE, None), (None, None, None)
    if has_validation:
        validation = (NEW, [0.0, 1.0], None)
        groups = CODE, [-1, -2]
    model = TabularRegressor(**QUICK)
    training = X, Y, None
    found = inputs_of_fit(model, training=training, groups=groups, validation=validation)
    reliability = found[:N, -2]  # the number is the last input
    assert not reliability.any()
    assert inputs_of_fit(model, training=training)[:N, -2].any()


def test_resume_continues_with_the_same_bits():
    class Stops:
        def on_epoch_end(self, trainer):
            if len(trainer.loss_curve) == 2:
                trainer.stop()

    whole = TabularRegressor(**QUICK).fit(X, Y)
    stopped = TabularRegressor(**QUICK, callbacks=[Stops()]).fit(X, Y)
    for model in (pickle.loads(pickle.dumps(stopped.set_params(callbacks=None))), stopped):
        with pytest.raises(ValueError, match="resume=True continues a fit on other data"):
            model.fit(X, Y + (CODE == 3), resume=True)
        assert learned(model.fit(X, Y, resume=True)) == learned(whole)


def test_damaged_folds_are_refused():
    stopped = TabularRegressor(**QUICK, max_time=1e-9).fit(X, Y)
    put_result(stopped, fitted_of(stopped)._replace(folds=fitted_of(stopped).folds[1:]))
    with pytest.raises(ValueError, match="other data"):
        stopped.set_params(max_time=None).fit(X, Y, resume=True)
    put_result(stopped, fitted_of(stopped)._replace(folds="damaged"))
    with pytest.raises(ValueError, match="its folds are no array"):
        pickle.loads(pickle.dumps(stopped))


def test_warm_start_learns_the_statistics_of_the_rows():
    model = TabularRegressor(**QUICK, warm_start=True).fit(X, Y)
    first = statistics_of(model)
    model.fit(X, Y)
    assert statistics_of(model).table.tobytes() == first.table.tobytes()
    part = CODE < 300
    model.fit(X[part], Y[part] + 1)
    moved = (statistics_of(model).table != first.table).any(axis=1)
    known = np.array([int(name[1:]) < 300 for name in model.categories_[0]])
    assert (moved == known).all()
    assert statistics_of(model).priors.tobytes() == first.priors.tobytes()


def test_warm_start_keeps_statistics_without_priors(regressor):
    """Those of the file of a C program."""
    model = with_statistics(regressor, priors=None).set_params(warm_start=True)
    with pytest.warns(UserWarning, match=r"categories of column 0 stay those of the earlier fit"):
        model.fit(X, Y + 1)
    assert statistics_of(model).table.tobytes() == statistics_of(regressor).table.tobytes()


def test_verify_repeats_the_statistics():
    model = TabularRegressor(**QUICK, provenance=True).fit(X, Y)
    assert cmlp.verify(model, X, Y).reason == "identical"
    other = with_statistics(model, table=statistics_of(model).table + np.float32(0.5))
    assert "statistics of categories" in cmlp.verify(other, X, Y).different


# ------------------------------------------------------------------------- files, exports, explanations


def test_files_and_pickles_predict_the_same(regressor, classifier, tmp_path):
    rows = np.concatenate([X[:50], NEW])
    for model in (regressor, classifier):
        model.save(tmp_path / "model.cmlp")
        for other in (cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
            assert (other.predict(rows) == model.predict(rows)).all()
            assert learned(other) == learned(model)
            assert statistics_of(other).priors.tobytes() == statistics_of(model).priors.tobytes()


def test_info_describes_the_means(classifier, tmp_path, capsys):
    classifier.save(tmp_path / "model.cmlp")
    assert cli.main(["info", str(tmp_path / "model.cmlp")]) == 0
    assert "(3 means for each of 600 categories; " in capsys.readouterr().out


def test_header_has_the_bits_of_python(regressor, classifier, tmp_path):
    for model in (regressor, classifier):
        assert_table_agrees(tmp_path, model, [*X[:20].tolist(), *NEW.tolist()])


def test_onnx_agrees(classifier, tmp_path):
    runtime = package("onnxruntime")
    package("onnx")
    rows = np.concatenate([X[:50], NEW[:1]])
    classifier.to_onnx(tmp_path / "model.onnx")
    session = runtime.InferenceSession(str(tmp_path / "model.onnx"))
    first, second = (one.name for one in session.get_inputs())
    feed = {first: rows[:, :1], second: rows[:, 1:].astype(float)}
    found = session.run(None, feed)[1]
    np.testing.assert_allclose(found, classifier.predict_proba(rows), atol=1e-6)


def test_page_has_the_statistics(regressor):
    column, _ = Parts(page_of(regressor)).model()["columns"]
    assert len(column["choices"]) == N_CODES
    assert column["oneHot"] == statistics_of(regressor).n_one_hot and "unlisted" not in column


def test_explanations_sum_to_the_prediction(regressor):
    found = regressor.explain(X[:5], background=X[:20])
    total = found.values.sum(axis=-1).ravel() + found.base_values.ravel()
    np.testing.assert_allclose(total, regressor.predict(X[:5]), rtol=1e-4)


@pytest.mark.parametrize("most_boxes", [100, 2000])
def test_certificates_of_other_categories(classifier, most_boxes, monkeypatch):
    """With any category allowed, counterexamples are real, and what is certified holds for all."""
    limit_boxes(monkeypatch, most_boxes)
    rows = X[:6]
    found = classifier.certify(rows, [np.inf, 0.0])
    predicted = classifier.predict(rows)
    others = np.array([[name, None] for name in [*classifier.categories_[0], "other"]], object)
    for i, answer in enumerate(found.answers):
        others[:, 1] = rows[i, 1]
        is_constant = (classifier.predict(others) == predicted[i]).all()
        assert answer == ("certified" if is_constant else "counterexample")
    assert set(classifier.certify(rows, [0.0, 1e-9]).answers) == {"certified"}
    mostly_by_number = 10 * X[:, 1].astype(float) + EFFECT[CODE] > 0
    model = TabularClassifier(**QUICK).fit(X, mostly_by_number)
    assert statistics_of(model) is not None
    assert model.certify([["k1", 3.0]], [np.inf, 0.0]).answers == ["certified"]
