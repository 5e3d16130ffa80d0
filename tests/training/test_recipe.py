"""The recipe: a change of what training gives needs another number, and no call mixes two recipes."""

import pickle
import re

import numpy as np
import pytest
from c_build import ROOT, in_source_tree
from helpers import digest, inputs, labels, uniform
from internals import RECIPE, model_of, provenance_of, trained_by

import cmlp
from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

N = 160
X, NOISE = inputs(0, N, 4, np.float32), uniform(1, N)
CLASSES = np.digitize(X[:, 1] + 0.3 * NOISE, [-0.4, 0.4])
NUMBERS = 3 * X[:, 0] + X[:, 1] * X[:, 2] + 0.1 * NOISE
CELLS = np.column_stack([X.astype(float), labels(3, N, 3)])
CELLS[::17, 0] = np.nan
SITES = labels(5, N, 20)
PARTS = [(X[:50], CLASSES[:50]), (X[50:], CLASSES[50:])]
TABLE = {"categorical_features": [4], "random_state": 0}
# With the defaults, as far as a test has the time.
MODELS = {
    "classifier": lambda: MLPClassifier(random_state=0).fit(X, CLASSES),
    "regressor": lambda: MLPRegressor(random_state=0, early_stopping=True).fit(X, NUMBERS),
    "table, classes": lambda: TabularClassifier(**TABLE).fit(CELLS, CLASSES),
    "table, numbers": lambda: TabularRegressor(**TABLE).fit(CELLS, NUMBERS),
    "batches": lambda: MLPClassifier(random_state=0).fit_batches(PARTS, classes=[0, 1, 2]),
    "quantiles": lambda: MLPRegressor(loss="quantile", quantile=[0.1, 0.9], random_state=0).fit(
        X, NUMBERS
    ),
    "copies": lambda: TabularRegressor(random_state=0).fit(
        np.repeat(X, 3, axis=0), np.repeat(NUMBERS, 3)
    ),
    "codes": lambda: TabularRegressor(random_state=0).fit(
        np.column_stack([X, SITES]), NUMBERS + 3 * uniform(4, 20)[SITES]
    ),
}
# Of the networks of each model. They never change: a training run that gives others is another recipe.
HASHES = {
    1: {
        "classifier": "1f268fb0850de8dc",
        "regressor": "bc54ac85b82aee48",
        "table, classes": "f82f63977369b571",
        "table, numbers": "2dce70e765f046ca",
        "batches": "54987c4901eba8de",
        "quantiles": "4770574a8771a60c",
    },
    2: {
        "classifier": "1f268fb0850de8dc",
        "regressor": "bc54ac85b82aee48",
        "table, classes": "f82f63977369b571",
        "table, numbers": "2dce70e765f046ca",
        "batches": "54987c4901eba8de",
        "quantiles": "4770574a8771a60c",
        "copies": "37fe4782ffd18a21",
        "codes": "51ba72168ac5bd65",
    },
}
OTHER = 7, "0.12.0"
MESSAGE = f"trained by recipe 7 of cmlp 0.12.0, and this version has recipe {RECIPE} of cmlp {cmlp.__version__}"


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_training_gives_the_bits_that_its_recipe_gave(name):
    networks = model_of(MODELS[name]()).networks
    assert digest(*(network.params for network in networks)) == HASHES[RECIPE][name]


@in_source_tree
def test_table_of_the_guide_ends_with_the_recipe():
    page = (ROOT / "docs/guide/provenance.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| (\d+\.\d+)", page, re.MULTILINE)
    assert int(rows[-1][0]) == RECIPE
    assert [int(number) for number, _ in rows] == [*HASHES] == [*range(1, RECIPE + 1)]


def small(**options):
    return MLPClassifier(
        (3,), max_iter=2, tol=0, n_iter_no_change=np.inf, random_state=0, **options
    )


def bits(model):
    return digest(*(network.params for network in model_of(model).networks))


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_no_call_continues_another_recipe_and_the_model_stays():
    model = trained_by(small(warm_start=True).fit(X, CLASSES), *OTHER)
    before = bits(model)
    for call, options in (("warm_start=True", {}), ("resume=True", {"resume": True})):
        with pytest.raises(ValueError, match=re.escape(f"{call} continues a model {MESSAGE}: ")):
            model.set_params(max_iter=4).fit(X, CLASSES, **options)
        assert bits(model) == before
    again = small().set_params(max_iter=4).fit(X, CLASSES)
    assert bits(model.set_params(warm_start=False).fit(X, CLASSES)) == bits(again)


@pytest.mark.filterwarnings("ignore")
def test_no_fit_of_a_table_continues_another_recipe():
    model = TabularRegressor(**TABLE, n_estimators=1, n_epochs=2, warm_start=True).fit(
        CELLS, NUMBERS
    )
    before = bits(trained_by(model, *OTHER))
    for options in ({}, {"resume": True}):
        with pytest.raises(ValueError, match=re.escape(MESSAGE)):
            model.fit(CELLS, NUMBERS, **options)
        assert bits(model) == before


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_verify_says_that_the_recipe_is_another():
    model = small(provenance=True).fit(X, CLASSES)
    assert cmlp.verify(model, X, CLASSES).identical
    provenance_of(model).update(recipe=OTHER[0], cmlp=OTHER[1])
    found = cmlp.verify(model, X, CLASSES)
    assert (found.reason, found.message) == ("version", f"different version: {MESSAGE}")


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_pickled_trainer_of_another_recipe_does_not_run():
    net = cmlp.Network([4, 3, 3], random_state=0)
    trainer = cmlp.Trainer(net, max_iter=3).run(X, CLASSES, n_batches=1)
    fields = {**trainer.__getstate__(), "recipe": " ".join(map(str, OTHER))}
    other = cmlp.Trainer.__new__(cmlp.Trainer)
    other.__setstate__(pickle.loads(pickle.dumps(fields)))
    with pytest.raises(ValueError, match=re.escape(f"run continues a model {MESSAGE}: ")):
        other.run(X, CLASSES)
    assert digest(other.network.params) == digest(net.params)


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_files_and_pickles_keep_the_recipe_and_predict_the_same(tmp_path):
    model = trained_by(small().fit(X, CLASSES), *OTHER)
    expected = digest(model.predict_proba(X))
    first, second = tmp_path / "first.cmlp", tmp_path / "second.cmlp"
    model.save(first, include_training_state=True)
    cmlp.load(first).save(second, include_training_state=True)
    assert first.read_bytes() == second.read_bytes()
    assert b'"recipe":"7 0.12.0"' in first.read_bytes()
    for other in (cmlp.load(second), pickle.loads(pickle.dumps(model))):
        assert digest(other.predict_proba(X)) == expected
        with pytest.raises(ValueError, match=re.escape(MESSAGE)):
            other.fit(X, CLASSES, resume=True)
    with pytest.raises(ValueError, match="has recipe"):
        cmlp.load(second).set_params(warm_start=True).fit(X, CLASSES)


def test_weights_of_others_have_no_recipe(tmp_path):
    model = MLPRegressor(hidden_layer_sizes=(2,))
    model.coefs_, model.intercepts_ = [np.ones((4, 2)), np.ones((2, 1))], [np.ones(2), np.ones(1)]
    model.save(tmp_path / "own.cmlp")
    assert b'"recipe"' not in (tmp_path / "own.cmlp").read_bytes()


@pytest.mark.parametrize("text", ["", "1", "0 0.9.0", "1 0.9", "01 0.9.0", "1 0.9.0 ", "1 0.9.x"])
def test_damaged_recipe_is_refused(text):
    model = cmlp.Trainer(cmlp.Network([2, 2])).__getstate__()
    with pytest.raises(ValueError, match="the recipe is"):
        cmlp.Trainer.__new__(cmlp.Trainer).__setstate__({**model, "recipe": text})
