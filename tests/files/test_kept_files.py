"""Files and pickles of earlier versions give the predictions that they gave then, to the last bit (docs/stability.md).

Files v1_ are of format 1, from before 0.9.0. A released version adds its files to data/ and their hashes here:
``PYTHONPATH=tests/support python tests/files/keep_files.py`` writes and prints them. Neither is changed or removed
afterwards.
"""

import pickle
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from helpers import digest, labels, uniform
from internals import RECIPE, model_of, trained_by

import cmlp

pytestmark = [
    pytest.mark.filterwarnings("ignore:X does not have valid feature names"),
    pytest.mark.filterwarnings("ignore:column [234]:UserWarning"),  # their values are unknown
]

FOLDER = Path(__file__).with_name("data")
KEPT = {
    "v1_classifier_multilabel.cmlp": "19ad84a863271914",
    "v1_classifier_rows.cmlp": "2047113b0d9f7dda",
    "v1_classifier_sample.cmlp": "2047113b0d9f7dda",
    "v1_classifier_state.cmlp": "7e4d4a0472e0dd49",
    "v1_classifier_text.cmlp": "2b3658116e6a2667",
    "v1_network_f32.cmlp": "71e241c312ec4a0e",
    "v1_network_f64.cmlp": "0e1d92c4feced0f8",
    "v1_network_parameters.cmlp": "1fa504af125de195",
    "v1_regressor_poisson.cmlp": "27b1033e2019ebff",
    "v1_network_shifts_f32.cmlp": "3ef417f20d6fd1ba",
    "v1_network_shifts_f64.cmlp": "6d0b165f7293b61e",
    "v1_table_classifier.cmlp": "c10f7d65f2941bc9",
    "v1_table_dates.cmlp": "680e8ef3829bca05",
    "v1_table_quantiles.cmlp": "38a257d42531fac1",
    "v1_table_regressor.cmlp": "54ffd58a272099b8",
    "v1_table_targets.cmlp": "f2b4e9a1ff4ef90a",
    "v1_table_threshold.cmlp": "2c1fb2d7ae691b3e",
    "v0.9.0_network.cmlp": "3c6790c46fd65c63",
    "v0.9.0_classifier.cmlp": "42cd89194515e0b7",
    "v0.9.0_regressor.cmlp": "c241f6bb921dc8c1",
    "v0.9.0_table_classifier.cmlp": "61859207a99c407b",
    "v0.9.0_table_regressor.cmlp": "e42f412fad3b7a2b",
}
KEPT_PICKLES = {  # of fits that were stopped after two epochs, a trainer within the second
    "v0.9.0_classifier.pickle": "a2592f6377861bfa",
    "v0.9.0_table.pickle": "f129ef3550e373cf",
    "v0.9.0_trainer.pickle": "18ea71e7c4575ca7",
}


def rows_for(model):
    """Return six rows of numbers, of which tables know no categories; two rows of tables have a missing value."""
    rows = (
        np.array([[0.25, -1.0, 3.0, 0.5, 2.0], [1.0, 0.0, -2.0, 7.0, 0.125]] * 3)
        * np.arange(1, 7)[:, None]
    )
    if isinstance(model, (cmlp.TabularClassifier, cmlp.TabularRegressor)):
        rows[4:, 0] = np.nan
        if model_of(model).columns.dates:  # the first column
            rows = rows.astype(object)
            rows[:4, 0] = [
                datetime(1969, 12, 26) + timedelta(days=131.4 * day) for day in rows[:4, 0]
            ]
            rows[4:, 0] = None
    width = model.sizes[0] if isinstance(model, cmlp.Network) else model.n_features_in_
    return rows[:, :width]


def predicted(model):
    """Return all numbers that the model predicts."""
    method = next(name for name in ("predict_proba", "forward", "predict") if hasattr(model, name))
    return getattr(model, method)(rows_for(model))


@pytest.mark.filterwarnings(
    "ignore:column .* values are missing"
)  # rows have more gaps than those of fit
@pytest.mark.parametrize("name", KEPT)
def test_kept_file_predicts_as_its_version_did(name):
    assert digest(predicted(cmlp.load(FOLDER / name))) == KEPT[name]


def test_every_kept_file_has_a_hash_and_every_format_a_file():
    assert sorted(KEPT) == sorted(path.name for path in FOLDER.glob("*.cmlp"))
    assert {name.split("_")[0] for name in KEPT} == {"v1", "v0.9.0"}  # a format, versions


@pytest.mark.filterwarnings(
    "ignore:column .* values are missing"
)  # rows have more gaps than those of fit
@pytest.mark.parametrize("name", KEPT)
def test_kept_file_is_the_same_after_saving_it_again(name, tmp_path):
    cmlp.load(FOLDER / name).save(tmp_path / "again.cmlp")
    assert digest(predicted(cmlp.load(tmp_path / "again.cmlp"))) == KEPT[name]


@pytest.mark.parametrize("name", KEPT)
def test_a_kept_file_has_the_same_bytes_each_time_that_it_is_saved(name, tmp_path):
    first, second = tmp_path / "first.cmlp", tmp_path / "second.cmlp"
    cmlp.load(FOLDER / name).save(first)
    cmlp.load(first).save(second)
    assert first.read_bytes() == second.read_bytes()


def unpickled(name):
    return pickle.loads((FOLDER / name).read_bytes())


@pytest.mark.filterwarnings(
    "ignore:column .* values are missing"
)  # rows have more gaps than those of fit
@pytest.mark.parametrize("name", KEPT_PICKLES)
def test_kept_pickle_predicts_as_its_version_did(name):
    found = unpickled(name)
    assert digest(predicted(getattr(found, "network", found))) == KEPT_PICKLES[name]


def test_every_kept_pickle_has_a_hash():
    assert sorted(KEPT_PICKLES) == sorted(path.name for path in FOLDER.glob("*.pickle"))


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
def test_training_continues_from_kept_pickles():
    """The state in them is whole, as a fit of the same recipe shows. Another recipe does not continue it."""
    X, y = uniform(0, 60, 4), labels(1, 60, 3)
    model, table, trainer = (
        unpickled(f"v0.9.0_{name}.pickle") for name in ("classifier", "table", "trainer")
    )
    model.set_params(max_iter=4)
    calls = [
        lambda: model.fit(X, np.array(["a", "b", "c"])[y], resume=True),
        lambda: table.fit(X, X[:, 0], resume=True),
        lambda: trainer.run(X, y),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"trained by recipe 1 of cmlp 0\.9\.0"):
            call()
    for one in (model, table):
        trained_by(one, RECIPE, cmlp.__version__)
    recipe = {"recipe": f"{RECIPE} {cmlp.__version__}"}
    trainer.__setstate__(trainer.__getstate__() | recipe)
    assert (trainer.state.epoch, trainer.state.batch) == (1, 3)
    model, table, trainer = (call() for call in calls)
    assert model.n_iter_ == 4
    assert len(table.history_["loss"]) > 2
    assert len(trainer.loss_curve) == 3


def test_pickle_without_what_later_versions_add_has_the_defaults():
    model = unpickled("v0.9.0_classifier.pickle")
    fields = model.__getstate__()
    del fields["block_size"], fields["_result"]["model"]["cell_format"]
    other = cmlp.MLPClassifier.__new__(cmlp.MLPClassifier)
    other.__setstate__(fields)
    assert other.get_params() == model.get_params()
    assert digest(predicted(other)) == KEPT_PICKLES["v0.9.0_classifier.pickle"]
    trainer = unpickled("v0.9.0_trainer.pickle")
    fields = trainer.__getstate__()
    del fields["options"]["block_size"]
    other = cmlp.Trainer.__new__(cmlp.Trainer)
    other.__setstate__(fields)
    assert repr(other) == repr(trainer)
