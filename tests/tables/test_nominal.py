"""Whole numbers that are codes: the networks see them as categories, too."""

import copy
import pickle

import numpy as np
import pytest
from helpers import assert_same_bits, model_in_c
from internals import model_of
from optional import package

import cmlp
from cmlp import TabularClassifier, TabularRegressor

pd = package("pandas")
FAST = {"n_estimators": 2, "hidden_layer_sizes": (16,), "random_state": 0}
RNG = np.random.RandomState(3)
N, SCHOOLS = 900, 7 * np.arange(1, 31)
SCHOOL = RNG.choice(SCHOOLS, N)
FRAME = pd.DataFrame({"size": RNG.normal(size=N), "school": SCHOOL, "age": RNG.randint(20, 60, N)})
EFFECT = RNG.normal(size=SCHOOLS.max() + 1)
Y = FRAME["size"].to_numpy() + 2 * EFFECT[SCHOOL] + 0.3 * RNG.normal(size=N)
FIT, NEW = slice(0, 600), slice(600, N)
OTHERWISE = {
    "known": {"known": ["nominal"]},
    "known of the column": {"known": ["nominal:school"]},
    "no categories": {"categorical_features": []},
    "numbers": {"categorical_features": None},
}


def fitted(X=FRAME, y=Y, kind=TabularRegressor, rows=FIT, fit_parameters=None, **parameters):
    given = fit_parameters or {}
    return kind(**FAST | parameters).fit(X[rows], y[rows], **given)


def nominal(model):
    return {one.columns[0]: one.weight for one in model.report_ if one.code == "nominal"}


def error(model):
    return np.sqrt(np.mean((model.predict(FRAME[NEW]) - Y[NEW]) ** 2))


@pytest.fixture(scope="module")
def model():
    return fitted(provenance=True)


def test_schools_are_found_and_their_means_learned(model):
    assert list(nominal(model)) == ["school"] and 0.5 < nominal(model)["school"] < 1
    assert error(model) < 0.5 * error(fitted(known=["nominal"]))
    one = pd.DataFrame({"size": 0.0, "school": SCHOOLS, "age": 40})
    assert np.corrcoef(model.predict(one), EFFECT[SCHOOLS])[0, 1] > 0.97
    assert model.column_types_["school"] == "number"
    assert [one.columns for one in cmlp.examine(FRAME, Y) if one.code == "nominal"] == [("school",)]


def test_effects_of_its_own_values_are_not_those_of_chance():
    y = Y - 2 * EFFECT[SCHOOL]
    assert nominal(fitted(y=y)) == {}


@pytest.mark.parametrize("way", OTHERWISE)
def test_the_user_decides_otherwise(way):
    other = fitted(**OTHERWISE[way])
    assert nominal(other) == {}
    assert_same_bits(other.predict(FRAME[NEW]), fitted(known=["nominal"]).predict(FRAME[NEW]))


def test_a_monotone_column_is_a_number():
    assert nominal(fitted(monotonic_cst={"school": 1})) == {}


def test_a_table_without_codes_has_the_same_bits():
    X, random_state = FRAME.drop(columns="school"), np.random.RandomState(5)
    found = [
        fitted(X, known=known, random_state=copy.deepcopy(random_state)).predict(X[NEW])
        for known in (None, ["nominal"])
    ]
    assert_same_bits(*found)


@pytest.mark.parametrize(
    "change",
    [
        lambda school: school + 0.5,
        lambda school: school % 17,
        lambda school: np.arange(N) // 2,
    ],
    ids=["no whole numbers", "few values", "few rows of each"],
)
def test_other_numbers_are_no_codes(change):
    assert nominal(fitted(FRAME.assign(school=change(SCHOOL)))) == {}


@pytest.mark.parametrize("kind", ["binary", "multiclass", "several labels", "several targets"])
def test_every_kind_of_target(kind):
    one, two = Y, Y[::-1] + EFFECT[SCHOOL]
    y = {
        "binary": Y > 0,
        "multiclass": np.digitize(Y, [-1.5, 1.5]),
        "several labels": np.stack([one > 0, two > 0], axis=1).astype(int),
        "several targets": np.stack([one, two], axis=1),
    }[kind]
    found = TabularRegressor if kind == "several targets" else TabularClassifier
    assert list(nominal(fitted(y=y, kind=found))) == ["school"]


@pytest.mark.parametrize("hidden", [(), (16, 8)])
def test_rows_without_a_value(hidden):
    X = FRAME.assign(school=np.where(RNG.rand(N) < 0.2, np.nan, SCHOOL))
    model = fitted(X, hidden_layer_sizes=hidden)
    assert list(nominal(model)) == ["school"]
    absent = X["school"].isna().to_numpy()[NEW]
    errors = model.predict(X[NEW]) - Y[NEW]
    assert errors[~absent].std() < 0.6 * errors[absent].std()


def test_the_groups_themselves_are_no_codes():
    known = ["group-column"]
    assert nominal(fitted(fit_parameters={"groups": SCHOOL[FIT]}, known=known)) == {}


def test_later_rows():
    """Days whose values do not come again say nothing of later ones, and schools do."""
    day = np.arange(N) // 20
    y = Y + 3 * RNG.normal(size=N)[day]
    X = FRAME.assign(day=day)
    assert {*nominal(fitted(X, y))} == {"school", "day"}
    model = fitted(X, y, fit_parameters={"time": "day"})
    assert list(nominal(model)) == ["school"]
    soon = slice(600, 720)
    low, high = model.predict_interval(X[soon]).T
    assert np.mean((low <= y[soon]) & (y[soon] <= high)) > 0.8


def test_readers_of_the_model_answer_the_same(model, tmp_path):
    expected = model.predict(FRAME[NEW])
    model.save(tmp_path / "model.cmlp")
    for twin in (cmlp.load(tmp_path / "model.cmlp"), pickle.loads(pickle.dumps(model))):
        assert_same_bits(twin.predict(FRAME[NEW]), expected)
        assert nominal(twin) == nominal(model)
    core = model_in_c(tmp_path / "model.cmlp")
    rows = FRAME[NEW].to_numpy(float)[:20]
    assert_same_bits(np.array([core.predict(row)[1] for row in rows]).ravel(), expected[:20])


def test_onnx_runtime_agrees(model, tmp_path):
    runtime = package("onnxruntime")
    package("onnx")
    model.to_onnx(tmp_path / "model.onnx")
    session = runtime.InferenceSession(tmp_path / "model.onnx", providers=["CPUExecutionProvider"])
    inputs = {
        one.name: FRAME[NEW][[one.name]].to_numpy(np.float32)
        if one.type == "tensor(float)"
        else FRAME[NEW][[one.name]].to_numpy(float)
        for one in session.get_inputs()
    }
    (found, *_) = session.run(None, inputs)
    np.testing.assert_allclose(np.ravel(found), model.predict(FRAME[NEW]), rtol=1e-4, atol=1e-4)


class Interrupt:
    """A callback that interrupts a fit after some epochs."""

    def on_epoch_end(self, trainer):
        if trainer.state.epoch == 5:
            raise KeyboardInterrupt


def test_resume_verify_and_warm_start(model, tmp_path):
    parted = TabularRegressor(**FAST, callbacks=[Interrupt()])
    with pytest.raises(KeyboardInterrupt):
        parted.fit(FRAME[FIT], Y[FIT])
    parted = pickle.loads(pickle.dumps(parted)).set_params(callbacks=None)
    parted.fit(FRAME[FIT], Y[FIT], resume=True)
    assert_same_bits(parted.predict(FRAME[NEW]), model.predict(FRAME[NEW]))
    assert cmlp.verify(model, FRAME[FIT], Y[FIT]).reason == "identical"
    warm = copy.deepcopy(model).set_params(warm_start=True, n_epochs=2, provenance=False)
    before = error(warm)
    assert error(warm.fit(FRAME[FIT], Y[FIT])) < 1.2 * before


def test_accuracy_is_that_of_the_model(model):
    accuracy = model_of(model).summary.accuracy
    assert accuracy is not None and nominal(model)
    low, high = model.predict_interval(FRAME[NEW]).T
    assert np.mean((low <= Y[NEW]) & (Y[NEW] <= high)) > 0.8


def test_groups_of_whole_numbers_are_found_by_examine():
    """State is constant for no other column, and not called an id: what it explains makes it a candidate."""
    names = {"school": "state"}
    found = cmlp.examine(FRAME.rename(columns=names), Y)
    assert [one.columns for one in found if one.code == "groups"] == [("state",)]
