"""fit(resume=True) of an interrupted or finished fit is bit-identical to a fit that never stopped."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from estimator_cases import blobs, flat, interrupted_at, small
from helpers import run_python
from internals import state_of
from scipy import sparse
from sklearn.base import clone

import cmlp
from cmlp import MLPRegressor
from cmlp.callbacks import Checkpoint
from cmlp.exceptions import NotFittedError

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X, Y = blobs()
SGD = {"solver": "sgd", "learning_rate_init": 0.05}
HELD = {"X_val": X[::3] + 0.1, "y_val": Y[::3]}
CASES = {
    "adam": {},
    "sgd": SGD,
    "adamw": {"solver": "adamw", "weight_decay": 0.01},
    "adaptive": {**SGD, "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1},
    "one_cycle": {"learning_rate": "one_cycle"},
    "cosine": {"learning_rate": "cosine", "warmup": 0.3},
    "early stopping": {
        "early_stopping": True,
        "validation_fraction": 0.3,
        "learning_rate_init": 0.05,
    },
    "stops early": {"tol": 0.1, "n_iter_no_change": 2, "learning_rate_init": 0.1},
    "no shuffle": {"shuffle": False},
    "dropout": {"dropout": 0.3},
    "float32": {"dtype": "float32"},
    "RandomState": {"random_state": "generator"},
}


def model_of(parameters, **more):
    """Return an estimator; a generator must be a new one for each."""
    parameters = {"max_iter": 7, "batch_size": 32, **parameters, **more}
    if parameters.get("random_state") == "generator":
        parameters["random_state"] = np.random.RandomState(5)
    return small(**parameters)


def outcome(model):
    state = state_of(model)
    table = {name: values for name, values in model.history_.items() if name != "seconds"}
    counters = (
        model.n_iter_,
        model.t_,
        state.history.stale,
        model.best_loss_,
        model.best_validation_score_,
    )
    return (
        flat(model).tobytes(),
        state.optimizer.state.tobytes(),
        model.loss_curve_,
        repr(table),
        counters,
    )


class Stop:
    """Stops training, or interrupts it, at the end of an epoch."""

    def __init__(self, at, interrupt=False):
        self.at, self.interrupt = at, interrupt

    def on_epoch_end(self, trainer):
        if trainer.last_epoch.number == self.at:
            if self.interrupt:
                raise KeyboardInterrupt
            trainer.stop()


def through_pickle(model):
    return pickle.loads(pickle.dumps(model))


def unchanged(model):
    return model


@pytest.mark.parametrize("case", sorted(CASES.keys() - {"one_cycle", "cosine"}))
@pytest.mark.parametrize("passed", [unchanged, through_pickle, copy.deepcopy])
def test_finished_fit_continues_with_more_epochs(case, passed):
    parameters = CASES[case]
    whole = model_of(parameters).fit(X, Y)
    for n_epochs in (1, 4):
        model = passed(model_of(parameters, max_iter=n_epochs).fit(X, Y))
        assert outcome(model.set_params(max_iter=7).fit(X, Y, resume=True)) == outcome(whole)
        assert outcome(passed(model).fit(X, Y, resume=True)) == outcome(
            whole
        )  # nothing is left to do


@pytest.mark.sampled(2)
@pytest.mark.parametrize("parameters", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("passed", [unchanged, through_pickle])
@pytest.mark.parametrize("interrupt", [False, True])
def test_fit_that_a_callback_stopped_continues(parameters, passed, interrupt):
    whole = model_of(parameters).fit(X, Y)
    for at in range(1, whole.n_iter_):
        model = model_of(parameters, callbacks=[Stop(at, interrupt)])
        try:
            model.fit(X, Y)
        except KeyboardInterrupt:
            assert interrupt
        assert model.n_iter_ == at
        model = passed(model).set_params(callbacks=None)
        assert outcome(model.fit(X, Y, resume=True)) == outcome(whole)


class Hook:
    """A callback that is called in the middle of an epoch."""

    every_batches = 2

    def on_batches_end(self, trainer):
        trainer.snapshot()


N_PARTS = 4


@pytest.mark.sampled(2)
@pytest.mark.parametrize("part", range(N_PARTS))
@pytest.mark.parametrize(
    "parameters",
    [
        {},
        CASES["early stopping"],
        {"random_state": "generator"},
        pytest.param({"callbacks": [Hook()]}, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("passed", [unchanged, through_pickle])
def test_fit_continues_after_ctrl_c_anywhere(parameters, passed, part):
    """Also in the middle of an epoch, and in the first one, without a model. A part has every eighth point."""
    whole = outcome(model_of(parameters, max_iter=2).fit(X, Y))
    without_model = 0
    first = 2 * part + (1 if passed is unchanged else 2)  # the two cases have all points
    for step in range(first, 2000, 2 * N_PARTS):
        model = model_of(parameters, max_iter=2)
        if not interrupted_at(
            step, lambda run=model: run.fit(X, Y), "cmlp._train.", "cmlp._parameters."
        ):
            break
        if "_result" not in vars(model) and "_interrupted" not in vars(model):
            continue  # before the training began
        without_model += "_result" not in vars(model)
        assert outcome(passed(model).fit(X, Y, resume=True)) == whole
    assert without_model > 1 and 20 < step < 1998 - 2 * N_PARTS


class InFirstEpoch:
    """Interrupts training in the middle of the first epoch."""

    every_batches = 2

    def on_batches_end(self, trainer):
        raise KeyboardInterrupt


def test_state_of_a_fit_interrupted_in_its_first_epoch_leaves_the_model():
    model = model_of({}, max_iter=2).fit(X, Y)
    before = outcome(model)
    model.set_params(callbacks=[InFirstEpoch()], random_state=7)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    assert outcome(model) == before
    with pytest.raises(
        ValueError, match="continues a call of fit, but this MLPClassifier instance has"
    ):
        clone(model).fit(X, Y, resume=True)
    model.set_params(callbacks=None).fit(X, Y, resume=True)
    assert outcome(model) == outcome(model_of({}, max_iter=2, random_state=7).fit(X, Y))
    assert outcome(model.fit(X, Y, resume=True)) == outcome(
        model
    )  # the interrupted fit is forgotten


def test_snapshot_after_an_interrupted_fit_continues_its_own_fit():
    snapshots = []

    class Snapshots:
        def on_epoch_end(self, trainer):
            snapshots.append(trainer.snapshot())

    model = model_of({}, max_iter=2, callbacks=[InFirstEpoch()])
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y)
    model.set_params(callbacks=[Snapshots()], random_state=7).fit(X, Y)
    snapshots[0].set_params(callbacks=None).fit(X, Y, resume=True)
    assert outcome(snapshots[0]) == outcome(model_of({}, max_iter=2, random_state=7).fit(X, Y))


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    "rows", [X, X.astype(np.float32), sparse.csr_array(np.where(X > 0, X, 0)), X.tolist()]
)
@pytest.mark.parametrize("held", [{}, HELD])
@pytest.mark.filterwarnings("ignore:validation_fraction differs")  # with own rows
def test_saved_fit_continues_in_another_process(rows, held, tmp_path):
    parameters = {"early_stopping": True, "validation_fraction": 0.2}
    whole = model_of(parameters).fit(rows, Y, **held)
    model = model_of(parameters, callbacks=[Stop(3)]).fit(rows, Y, **held)
    path, arguments = str(tmp_path / "model.cmlp"), str(tmp_path / "arguments")
    model.save(path, include_training_state=True)
    with open(arguments, "wb") as file:
        pickle.dump((rows, Y, held), file)
    run_python(
        "import pickle, cmlp, warnings; warnings.simplefilter('ignore')\n"
        f"rows, y, held = pickle.load(open({arguments!r}, 'rb'))\n"
        f"model = cmlp.load({path!r}).fit(rows, y, **held, resume=True)\n"
        f"pickle.dump(model, open({arguments!r}, 'wb'))"
    )
    with open(arguments, "rb") as file:
        assert outcome(pickle.load(file)) == outcome(whole)


@pytest.mark.parametrize("parameters", CASES.values(), ids=CASES.keys())
def test_saved_fit_continues(parameters, tmp_path):
    if parameters.get("random_state") == "generator":
        parameters = {}  # a file cannot contain a generator
    whole = model_of(parameters).fit(X, Y)
    model = model_of(parameters, callbacks=[Stop(2)]).fit(X, Y)
    model.save(tmp_path / "model.cmlp", include_training_state=True)
    loaded = cmlp.load(tmp_path / "model.cmlp")
    assert loaded.history_.keys() == model.history_.keys()
    assert outcome(loaded.fit(X, Y, resume=True)) == outcome(whole)


@pytest.mark.parametrize("sizes", [(5,), (5, 3, 2), (5, 4)])
def test_a_sequence_with_other_entries_is_refused(sizes):
    model = small(hidden_layer_sizes=(5, 3), max_iter=2).fit(X, Y)
    model.set_params(hidden_layer_sizes=sizes, max_iter=4)
    with pytest.raises(ValueError, match=r"continues a fit with hidden_layer_sizes=\(5, 3\), so"):
        model.fit(X, Y, resume=True)


def test_regressor_with_weights_continues():
    targets, weight = X[:, :2] * [1.0, -2.0], np.linspace(0, 2, len(X))
    parameters = {"hidden_layer_sizes": (5,), "random_state": 0, "max_iter": 6}
    whole = MLPRegressor(**parameters).fit(X, targets, weight)
    model = MLPRegressor(**{**parameters, "max_iter": 2}).fit(X, targets, weight)
    model.set_params(max_iter=6).fit(X, targets, weight, resume=True)
    assert flat(model).tobytes() == flat(whole).tobytes() and model.loss_curve_ == whole.loss_curve_


def test_resuming_does_not_draw_from_the_generator_of_the_program():
    generator = np.random.RandomState(3)
    model = small(max_iter=2, random_state=generator).fit(X, Y)
    before = generator.get_state(legacy=False)["state"]["pos"]
    model.set_params(max_iter=4).fit(X, Y, resume=True)
    assert generator.get_state(legacy=False)["state"]["pos"] == before


@pytest.mark.parametrize(
    "rows, y, weight, held",
    [
        (X + 1e-9, Y, None, {}),
        (X[:-1], Y[:-1], None, {}),
        (X, np.roll(Y, 1), None, {}),
        (X, Y, np.ones(len(X)), {}),
        (X, Y, None, HELD),
    ],
)
def test_other_data_are_refused(rows, y, weight, held):
    model = small(max_iter=2, early_stopping=True).fit(X, Y)
    before = outcome(model)
    with pytest.raises(ValueError, match=r"data differ from those|began with 120 rows"):
        model.set_params(max_iter=4).fit(rows, y, weight, **held, resume=True)
    assert outcome(model) == before
    assert model.fit(X, Y, resume=True).n_iter_ == 4


@pytest.mark.parametrize(
    "name, value",
    [
        ("alpha", 0.5),
        ("batch_size", 16),
        ("solver", "sgd"),
        ("learning_rate_init", 0.5),
        ("dropout", 0.1),
    ],
)
def test_other_parameters_are_refused(name, value):
    model = small(max_iter=2).fit(X, Y)
    was = getattr(model, name)
    with pytest.raises(
        ValueError,
        match=f"continues a fit with {name}={was!r}, so {name}={value!r} is not possible",
    ):
        model.set_params(**{name: value}).fit(X, Y, resume=True)


@pytest.mark.parametrize(
    "name, value, position, changed",
    [
        ("alpha", np.array([1e-4, 1e-3]), 0, 0.5),
        ("alpha", [1e-4, 1e-3], 1, 0.5),
        ("dropout", np.array([0.1]), 0, 0.5),
        ("class_weight", {0: 1.0, 1: 2.0, 2: 3.0}, 1, 9.0),
        ("input_scale", (np.ones(4), np.ones(4)), 0, 2.0),
    ],
)
def test_parameters_that_are_changed_in_place_are_refused(name, value, position, changed):
    value = copy.deepcopy(value)
    model = small(max_iter=2, **{name: value}).fit(X, Y)
    (value[position] if isinstance(value, tuple) else value)[position] = changed
    with pytest.raises(ValueError, match=f"continues a fit with {name}="):
        model.set_params(max_iter=4).fit(X, Y, resume=True)


@pytest.mark.parametrize(
    "name, value, equal",
    [
        ("alpha", np.array([1e-4, 1e-3]), (1e-4, 1e-3)),
        ("alpha", 1, 1.0),
        ("hidden_layer_sizes", [5, 4], np.array([5, 4])),
        (
            "class_weight",
            {0: 1.0, 1: 2.0, 2: 3.0},
            {np.int64(2): 3, np.int64(1): 2, np.int64(0): 1},
        ),
        ("solver", "adam", np.str_("adam")),
        ("input_scale", (np.ones(4), np.full(4, 0.5)), ([1, 1, 1, 1], [0.5] * 4)),
    ],
)
def test_equal_parameters_of_another_type_continue(name, value, equal):
    whole = small(max_iter=4, **{name: value}).fit(X, Y)
    model = small(max_iter=2, **{name: value}).fit(X, Y)
    assert outcome(model.set_params(max_iter=4, **{name: equal}).fit(X, Y, resume=True)) == outcome(
        whole
    )


@pytest.mark.parametrize("callbacks", [False, True])
@pytest.mark.parametrize("n_columns", [4, 3000])
def test_saved_fit_with_given_vectors_or_initial_weights_continues(callbacks, n_columns, tmp_path):
    """The vectors of 3000 columns would be too long for the text of the parameters."""
    rows, rng = np.tile(X, n_columns // 4), np.random.RandomState(0)
    initial = [rng.normal(size=(n_columns, 2)), rng.normal(size=(2, 3))], [np.zeros(2), np.zeros(3)]
    params = {"input_scale": (rows.mean(axis=0), 1 / rows.std(axis=0)), "initialization": initial}
    params |= {"hidden_layer_sizes": (2,), "alpha": np.array([0.1, 0.2])}
    whole = model_of(params).fit(rows, Y)
    model = model_of(params, max_iter=2)
    if callbacks:
        model.set_params(callbacks=[Checkpoint(tmp_path / "model.cmlp")]).fit(rows, Y)
    else:
        model.fit(rows, Y).save(tmp_path / "model.cmlp", include_training_state=True)
    loaded = cmlp.load(tmp_path / "model.cmlp").set_params(max_iter=7)
    assert loaded.initialization == "glorot"
    assert outcome(loaded.fit(rows, Y, resume=True)) == outcome(whole)
    loaded = cmlp.load(tmp_path / "model.cmlp").set_params(
        max_iter=7, input_scale=params["input_scale"]
    )
    assert outcome(loaded.set_params(alpha=params["alpha"]).fit(rows, Y, resume=True)) == outcome(
        whole
    )
    loaded = cmlp.load(tmp_path / "model.cmlp")
    with pytest.raises(ValueError, match="with input_scale="):
        loaded.set_params(input_scale=(np.zeros(n_columns), np.ones(n_columns))).fit(
            rows, Y, resume=True
        )


def test_models_without_the_state_of_a_fit_are_refused(tmp_path):
    with pytest.raises(NotFittedError, match="this MLPClassifier instance has none"):
        small().fit(X, Y, resume=True)
    model = small(max_iter=2).fit(X, Y)
    model.save(tmp_path / "model.cmlp")
    other = small(random_state=np.random.RandomState(np.random.PCG64(1)), max_iter=1).fit(X, Y)
    pickle.dumps(other)
    for without in (
        cmlp.load(tmp_path / "model.cmlp"),
        copy.deepcopy(model).partial_fit(X, Y),
        other,
    ):
        with pytest.raises(ValueError, match="this model has no state of one"):
            without.fit(X, Y, resume=True)
    with pytest.raises(ValueError, match="resume=True needs epochs, but solver='lbfgs' has none"):
        model.set_params(solver="lbfgs").fit(X, Y, resume=True)
    with pytest.raises(ValueError, match=r"learning_rate='cosine' ends after max_iter=2 epochs"):
        small(learning_rate="cosine", max_iter=2).fit(X, Y).set_params(max_iter=3).fit(
            X, Y, resume=True
        )


def test_failed_resume_can_be_repeated():
    model = small(max_iter=2, early_stopping=True).fit(X, Y)
    before = outcome(model)

    class Broken:
        def on_epoch_end(self, trainer):
            raise RuntimeError("no space left")

    with pytest.raises(RuntimeError, match="no space left"):
        model.set_params(max_iter=5, callbacks=[Broken()]).fit(X, Y, resume=True)
    assert outcome(model) == before
    model.set_params(callbacks=None).fit(X, Y, resume=True)
    assert outcome(model) == outcome(small(max_iter=5, early_stopping=True).fit(X, Y))


def test_fit_without_resume_begins_again():
    model = small(max_iter=2, callbacks=[Stop(1)]).fit(X, Y)
    assert outcome(model.set_params(callbacks=None).fit(X, Y)) == outcome(
        small(max_iter=2).fit(X, Y)
    )


# What differs from the fit that is resumed

N_ROWS = 300
OTHER = np.arange(N_ROWS) == 7
ROWS = {
    "X": np.random.default_rng(0).normal(size=(N_ROWS, 3)),
    "y": np.arange(N_ROWS) % 2,
    "sample_weight": np.arange(N_ROWS) % 3 + 1.0,
}
VALIDATION = {f"{name}_val": array.copy() for name, array in ROWS.items()}
GROUPS = {"groups": np.arange(N_ROWS) // 4, "groups_val": 1000 + np.arange(N_ROWS) // 4}
ARGUMENTS = {
    "network": [{**ROWS, **VALIDATION}, {**ROWS, "shards": (130, 170)}],
    "table": [
        {**ROWS, "groups": GROUPS["groups"]},
        {**ROWS, **VALIDATION, **GROUPS},
        {**ROWS, "time": np.arange(N_ROWS) // 3},
    ],
}


def begun(kind):
    """Return an estimator whose fit can be resumed."""
    if kind == "network":
        return cmlp.MLPClassifier((3,), max_iter=2, batch_size=256)
    sizes = {"hidden_layer_sizes": (3,), "n_epochs": 2, "n_estimators": 2}
    return cmlp.TabularRegressor(**sizes, max_time=1e-9)


def other(name, value):
    """Return other values of an argument of fit."""
    if name == "shards":
        return [(150, 150), None]
    if name.startswith("X"):
        return [np.where(OTHER[:, None], value + 1, value)]
    if name.startswith(("groups", "time")):
        return [value // 2]
    others = [np.where(OTHER, 1 - value if name.startswith("y") else value + 1, value)]
    return [*others, None] if name.startswith("sample_weight") else others


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_resume_notices_another_value_of_each_argument(kind):
    """An argument that is added to `fit` needs an entry here: training must not continue with another value of it."""
    model = begun(kind)
    arguments = set().union(*ARGUMENTS[kind])
    assert arguments == set(inspect.signature(model.fit).parameters) - {"resume"}
    for given in ARGUMENTS[kind]:
        model.fit(**given)
        changes = [{name: value} for name in given for value in other(name, given[name])]
        if "X_val" in given:
            changes.append({name: None for name in given if name.endswith("_val")})
        changes += [{name: None} for name in ("groups", "time") if name in given]
        for change in changes:
            with pytest.raises(ValueError, match=r"with which the training began|on other data"):
                model.fit(**{**given, **change}, resume=True)
        model.fit(**given, resume=True)


@pytest.mark.parametrize("kind", ARGUMENTS)
def test_resume_notices_other_names_of_columns(kind):
    pandas = pytest.importorskip("pandas")
    model = begun(kind)
    model.fit(pandas.DataFrame(ROWS["X"], columns=list("abc")), ROWS["y"])
    with pytest.raises(ValueError, match=r"feature names should match|on other data"):
        model.fit(pandas.DataFrame(ROWS["X"], columns=list("abd")), ROWS["y"], resume=True)
