"""provenance=True records a fit, and `cmlp.verify` repeats it: docs/guide/provenance.md."""

import hashlib
import json
import pickle
import re
import threading
import time
from functools import partial

import numpy as np
import pytest
from estimator_cases import interrupted_at
from helpers import labels, uniform
from internals import changed, model_of, provenance_of
from model_files import quoted, read, repaired, split
from optional import package
from record_hashes import hash_of_rows
from recorded_fits import record_of
from scipy import sparse
from worker_cases import in_threads

import cmlp
from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor
from cmlp.callbacks import Checkpoint, EarlyStopping
from cmlp.exceptions import InvalidParameterError, ModelFormatError

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:.*chunks of 128")

X = uniform(0, 2500, 6).astype(np.float32)
Y = labels(1, 2500, 3)
HELD = {"X_val": X[:300] + np.float32(0.1), "y_val": Y[:300]}
KEPT = {
    "max_iter": 6,
    "tol": 0,
    "n_iter_no_change": 99,
    "random_state": 3,
    "batch_size": 256,
    "provenance": True,
}


def fitted(kind=MLPClassifier, X=X, y=Y, held=None, **parameters):
    return kind(hidden_layer_sizes=(8,), **{**KEPT, **parameters}).fit(X, y, **(held or {}))


def test_hashes_of_the_data_are_those_of_an_independent_implementation(tmp_path):
    weight = np.linspace(0.1, 2, len(X))
    model = MLPClassifier((8,), **KEPT).fit(
        X, np.array(["b", "a", "c"])[Y], weight, **HELD | {"y_val": ["a"] * 300}
    )
    found = record_of(model)["data"]
    classes = '{"kind":"labels","dtype":"object","values":["a","b","c"]}'
    assert found == {
        "X": hash_of_rows("X", X),
        "y": hash_of_rows("y", np.array([1, 0, 2])[Y]),
        "sample_weight": hash_of_rows("sample_weight", weight),
        "X_val": hash_of_rows("X_val", HELD["X_val"]),
        "y_val": hash_of_rows("y_val", [0] * 300),
        "classes": hashlib.sha256(classes.encode()).hexdigest(),
    }


@pytest.mark.parametrize("number", [-0.0, 255, 256, 0.1, 1e300, 1 / 3])
def test_each_block_has_the_smallest_type(number, tmp_path):
    rows = np.zeros((1500, 2))
    rows[::2, 1], rows[1200, 0] = 1, number
    model = fitted(X=rows, y=Y[:1500], dtype="float64", max_iter=1)
    assert record_of(model)["data"]["X"] == hash_of_rows("X", rows)


class OnEpoch:
    def __init__(self, function):
        self.on_epoch_end = function


CASES = {
    "plain": ({}, X, Y),
    "no seed": ({"random_state": None}, X, Y),
    "early stopping": ({"early_stopping": True, "n_iter_no_change": 1}, X, Y),
    "one_cycle, dropout": ({"learning_rate": "one_cycle", "dropout": 0.2}, X, Y),
    "adaptive": (
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1},
        X,
        Y,
    ),
    "learned scale": ({"input_scale": "standard"}, X, Y),
    "own scale": ({"input_scale": (np.full(6, 0.5), np.full(6, 2.0))}, X, Y),
    "bytes": ({"input_scale": 1 / 255}, (X * 255).astype(np.uint8), Y),
    "doubles": ({}, X.astype(float) / 3, Y),
    "sparse": ({}, sparse.csr_matrix(np.where(X > 0.7, X, 0)), Y),
    "multilabel": ({}, X, np.eye(3, dtype=int)[Y] | (np.arange(3) == 0)),
    "text": ({}, X, np.array(["x", "yy", "z"])[Y]),
    "balanced": ({"class_weight": "balanced"}, X, Y),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # settings of all cases
def test_a_fit_is_repeated(case, tmp_path):
    parameters, rows, y = CASES[case]
    model = fitted(X=rows, y=y, **parameters)
    assert cmlp.verify(model, rows, y).identical
    model.save(tmp_path / "m.cmlp")
    assert str(cmlp.verify(tmp_path / "m.cmlp", rows, y)) == (
        f"bit-identical: these data and parameters give this model ({model.n_iter_} epochs)"
    )


@pytest.mark.parametrize(
    "parameters", [{}, {"y_scale": "standard"}, {"loss": "quantile", "quantile": [0.1, 0.9]}]
)
def test_a_regressor_is_repeated(parameters):
    model = fitted(
        MLPRegressor, y=X[:, 0] * 3, held={"X_val": X[:100], "y_val": X[:100, 0]}, **parameters
    )
    assert cmlp.verify(model, X, X[:, 0] * 3, X_val=X[:100], y_val=X[:100, 0]).identical


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_a_table_is_repeated(kind, tmp_path):
    pandas = package("pandas")
    frame = pandas.DataFrame(
        {
            "a": X[:400, 0],
            "b": pandas.Categorical(np.array(["u", "v"])[Y[:400] % 2]),
            "c": X[:400, 1],
        }
    )
    frame.loc[::7, "a"] = None
    weight = np.arange(400) % 5
    model = kind(hidden_layer_sizes=(8,), n_estimators=2, provenance=True).fit(
        frame, Y[:400], weight
    )
    model.save(tmp_path / "m.cmlp")
    for other in (model, tmp_path / "m.cmlp", pickle.loads(pickle.dumps(model))):
        assert cmlp.verify(other, frame, Y[:400], weight).identical
    assert cmlp.verify(model, frame.rename(columns={"a": "d"}), Y[:400], weight).reason == "data"
    assert cmlp.verify(model, frame, Y[:400]).reason == "data"
    model.callbacks = [EarlyStopping("loss", patience=1, min_delta=9)]
    assert cmlp.verify(model.fit(frame, Y[:400]), frame, Y[:400]).identical


def test_the_same_content_has_the_same_hashes(tmp_path):
    pandas = package("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdef"))
    first = record_of(fitted(X=frame))["data"]
    arrow = package("pyarrow").Table.from_pandas(frame)
    assert record_of(fitted(X=arrow))["data"] == first
    assert record_of(fitted(X=frame.astype(float)))["data"] == first
    no_names = {name: value for name, value in first.items() if name != "names"}
    assert record_of(fitted(X=np.asfortranarray(X).tolist()))["data"] == no_names
    assert record_of(fitted(X=frame[list("bacdef")]))["data"]["names"] != first["names"]
    bytes_ = (X * 255).astype(np.uint8)
    of_bytes, of_numbers = (
        fitted(X=rows, input_scale=1 / 255) for rows in (bytes_, bytes_.astype(float))
    )
    assert record_of(of_bytes)["data"] == record_of(of_numbers)["data"]


@pytest.mark.parametrize(
    "cuts", [[2500], [100, 1900, 2500], [*range(0, 2500, 97), 2500], [1024, 1024, 2500]]
)
def test_a_stream_has_the_hashes_of_the_array_in_any_blocks(cuts, tmp_path):
    ends = [end for end in cuts if end]
    blocks = [(X[a:b], Y[a:b]) for a, b in zip([0, *ends], ends, strict=False)]
    model = MLPClassifier((8,), **KEPT, shuffle=False).fit_batches(blocks, classes=[0, 1, 2])
    whole = fitted(shuffle=False)
    assert record_of(model)["data"] == record_of(whole)["data"]
    assert cmlp.verify(model, blocks).identical and cmlp.verify(model, X, Y).identical
    assert cmlp.verify(model, [(X[:1200], Y[:1200]), (X[1201:], Y[1201:])]).reason == "data"
    shuffled = MLPClassifier((8,), **KEPT).fit_batches(blocks, classes=[0, 1, 2])
    assert cmlp.verify(shuffled, blocks).identical
    with pytest.raises(ValueError, match="X must be the source of blocks"):
        cmlp.verify(shuffled, X, Y)


@pytest.mark.parametrize("local", [False, True])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_workers_record_what_one_process_records(size, local, tmp_path):
    edges = (
        np.array([0, 300, 800, 1800, 2500])
        if size == 4
        else np.linspace(0, 2500, size + 1).astype(int)
    )
    more = {"batch_size": 512, "n_threads": 1, "random_state": 0}

    def work(comm):
        own = slice(*edges[comm.rank : comm.rank + 2]) if local else slice(None)
        model = MLPClassifier((8,), **KEPT | more)
        return cmlp.distributed.fit(model, X[own], Y[own], comm=comm, local=local)

    if local and 512 % (128 * size):
        more["batch_size"] = 128 * size
    models = in_threads(size, work)
    alone = MLPClassifier((8,), **KEPT | more).fit(
        X, Y, shards=np.diff(edges).tolist() if local else None
    )
    for model in models:
        assert record_of(model) == record_of(alone)
        assert cmlp.verify(model, X, Y).identical


def test_workers_without_a_seed_record_one_seed():
    def work(comm):
        model = MLPClassifier((8,), **KEPT | {"random_state": None, "n_threads": 1})
        return cmlp.distributed.fit(model, X, Y, comm=comm)

    assert all(cmlp.verify(model, X, Y).identical for model in in_threads(2, work))


@pytest.mark.parametrize("max_time", [1e-9, 0.02, 0.05])
def test_a_fit_that_max_time_ends_is_repeated_to_the_batch(max_time):
    model = fitted(max_time=max_time, max_iter=500, batch_size=16)
    assert cmlp.verify(model, X, Y).identical
    assert cmlp.verify(
        model.set_params(max_time=None, max_iter=500).fit(X, Y, resume=True), X, Y
    ).identical


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.CopiesWarning")
@pytest.mark.filterwarnings("ignore:max_time was over")
def test_a_table_that_max_time_ends_is_repeated_to_the_batch():
    rows = np.tile(X, (16, 1))  # an epoch has more batches than each network trains at least
    y = rows[:, 0]
    settings = {
        "hidden_layer_sizes": (4,),
        "n_estimators": 2,
        "n_epochs": 2,
        "random_state": 0,
        "provenance": True,
    }
    model = TabularRegressor(**settings, max_time=1e-9).fit(rows, y)
    assert record_of(model)["ends"] == [[0, 100]] * 2 and cmlp.verify(model, rows, y).identical
    model.set_params(max_time=None).fit(rows, y, resume=True)
    assert record_of(model)["ends"] == [[2, 0]] * 2 and cmlp.verify(model, rows, y).identical


@pytest.mark.parametrize("epochs", [20, 28])
@pytest.mark.parametrize("size", [1, 2])
def test_a_resumed_fit_is_repeated(size, epochs):
    def work(comm):
        fit = partial(cmlp.distributed.fit, comm=comm)
        model = fit(MLPClassifier((8,), **KEPT | {"max_iter": epochs, "n_threads": 1}), X, Y)
        return fit(model.set_params(max_iter=50), X, Y, resume=True)

    for model in in_threads(size, work):
        assert record_of(model)["ends"] == [[50, 0]] and cmlp.verify(model, X, Y).identical


def test_a_resumed_fit_has_the_parameters_of_its_record(tmp_path):
    model = fitted(max_iter=20)
    model.save(tmp_path / "m.cmlp", include_training_state=True, include_provenance=False)
    with pytest.raises(
        ValueError, match="provenance=True continues a fit with the same parameters"
    ):
        model.set_params(tol=0.1, max_iter=30).fit(X, Y, resume=True)
    model = cmlp.load(tmp_path / "m.cmlp").set_params(max_iter=30).fit(X, Y, resume=True)
    with pytest.raises(ValueError, match="no record"):
        cmlp.verify(model, X, Y)


@pytest.mark.parametrize("step", [20, 60, 90])
def test_a_fit_that_is_interrupted_is_repeated(step):
    model = fitted(max_iter=2, early_stopping=True)
    model.set_params(max_iter=20)
    # An interrupt comes at each line of a module, which only its internal name gives.
    assert interrupted_at(step, lambda: model.fit(X, Y, resume=True), "cmlp._train.training")
    model.max_iter = 20
    assert cmlp.verify(model, X, Y).reason in ("identical", "parameters")
    model.fit(X, Y, resume=True)
    assert cmlp.verify(model, X, Y).identical and model.n_iter_ == 20
    assert record_of(model) == record_of(fitted(max_iter=20, early_stopping=True))


@pytest.mark.parametrize("step", [1, 2])
def test_a_fit_that_is_interrupted_in_its_validation_is_repeated(step):
    model = fitted(max_iter=2, early_stopping=True)
    model.set_params(max_iter=20)
    measure = "cmlp._train.training:measure"
    assert interrupted_at(step, lambda: model.fit(X, Y, resume=True), measure)
    assert record_of(model)["ends"][0][1] > 0 and cmlp.verify(model, X, Y).identical


def test_callbacks_of_cmlp_only_watch_or_stop(tmp_path):
    stops = EarlyStopping("loss", patience=1, min_delta=9)
    model = fitted(callbacks=[stops, Checkpoint(tmp_path / "{epoch}.cmlp")], max_iter=20)
    assert model.n_iter_ < 20 and cmlp.verify(model, X, Y).identical
    for path in tmp_path.iterdir():
        assert cmlp.verify(path, X, Y).identical


def test_other_data_are_named_before_training(tmp_path):
    model = fitted(max_iter=30)
    told = []

    def verify(*rows):
        return cmlp.verify(model, *rows, progress=lambda *numbers: told.append(numbers))

    found = verify(X, np.where(np.arange(2500) == 7, (Y + 1) % 3, Y))
    assert found.message == "different data: not the y of fit"
    assert (found.identical, found.reason, found.different, found.not_checked) == (
        False,
        "data",
        ("y",),
        (),
    )
    changed = X.copy()
    changed[2000, 1] = np.nextafter(changed[2000, 1], np.float32(2))
    assert verify(changed, Y).different == ("X",)
    assert verify(X, Y.astype(np.int32)).message == "different data: not the classes of fit"
    assert (
        verify(X, Y, np.full(2500, 2.0)).message == "different data: not the sample_weight of fit"
    )
    assert (
        verify(changed, Y.astype(np.int32)).message
        == "different data: not the X and classes of fit"
    )
    assert told == []


def test_other_parameters_and_arithmetic_are_named():
    model = fitted()
    model.set_params(alpha=0.5)
    found = cmlp.verify(model, X, Y)
    assert found.message == "different parameters: alpha was 0.0001 in fit, and the model has 0.5"
    assert (found.reason, found.different) == ("parameters", ("alpha",))
    provenance_of(model.set_params(alpha=0.0001))["arithmetic"] = 2
    found = cmlp.verify(model, X, Y)
    problem = f"different version: arithmetic 2 of cmlp {cmlp.__version__}, and this version has 1"
    assert (found.message, found.reason) == (problem, "version")


def changed_by(attribute, change):
    """Return a function that changes an attribute of a fitted model."""

    def apply(model):
        setattr(model, attribute, change(getattr(model, attribute)))

    return apply


def replaced_field(**changes):
    """Return a function that replaces fields of what a fit has left: no public name changes them."""

    def apply(model):
        trained = model_of(model)
        changed(model, **{name: change(getattr(trained, name)) for name, change in changes.items()})

    return apply


def with_larger_weight(model):
    model.coefs_[0][0, 0] += 1


PARTS = {
    "weights": with_larger_weight,
    "classes": changed_by("classes_", lambda classes: np.array(["x", "y", "z"])),
    "names": changed_by("feature_names_in_", lambda names: names[::-1].copy()),
    "input scale": replaced_field(
        input_scale=lambda scale: type(scale)(scale.shift + 0.125, scale.factor)
    ),
}


@pytest.mark.parametrize("name", PARTS)
def test_each_part_of_a_model_that_differs_is_named(name, tmp_path):
    frame = package("pandas").DataFrame(X, columns=list("abcdef"))
    model = fitted(X=frame, y=np.array(["b", "a", "c"])[Y], input_scale="standard")
    rows = frame, np.array(["b", "a", "c"])[Y]
    assert cmlp.verify(model, *rows).identical
    PARTS[name](model)
    model.save(tmp_path / "m.cmlp")
    for other in (model, pickle.loads(pickle.dumps(model)), tmp_path / "m.cmlp"):
        found = cmlp.verify(other, *rows)
        assert (found.identical, found.reason, found.different) == (False, "model", (name,))
        where = f"these data and parameters give another model, in its {name}"
        known = f"its {name} are not those of the record"  # by its hash
        assert (
            found.message == f"different model: {known if name in ('classes', 'names') else where}"
        )


def permuted(columns):
    """Exchange the categories of the second column, so that each gets the code of the other one."""
    first, second, third = columns
    return type(columns)(
        [first, second._replace(categories=second.categories[::-1]), third], columns.names
    )


def with_columns_exchanged(columns):
    """Exchange the first and the third column, which are numbers of the same kind."""
    first, second, third = columns
    return type(columns)([third, second, first], columns.names)


def with_other_scale(columns):
    first, *others = columns
    return type(columns)([first._replace(scale=2 * first.scale), *others], columns.names)


def with_dates(columns):
    first, *others = columns
    return type(columns)([first._replace(type="date"), *others], columns.names)


def moved(scale):
    return scale._replace(centre=(scale.centre[0] + 1000,))


def changed_params(k):
    def change(networks):
        params = networks[k].params.copy()
        params[-1] = np.nextafter(params[-1], np.float32(9))
        return [(one.net, params if i == k else one.params) for i, one in enumerate(networks)]

    return change


TABLE_PARTS = {
    "network 2": replaced_field(networks=changed_params(1)),
    "categories": replaced_field(columns=permuted),
    "columns": replaced_field(columns=with_columns_exchanged),
    "columns, by a scale": replaced_field(columns=with_other_scale),
    "types of columns": replaced_field(columns=with_dates),
    "names": replaced_field(columns=lambda columns: columns.with_names(("b", "a", "c"))),
    "target": replaced_field(answer_scale=moved),
    "calibration": replaced_field(
        calibration=lambda found: found._replace(scores=found.scores * 0)
    ),
    "background": replaced_field(
        background=lambda found: found._replace(weights=found.weights * 2)
    ),
    "summary": replaced_field(summary=lambda found: found._replace(values=found.values + 1)),
    "accuracy": replaced_field(
        summary=lambda found: found._replace(accuracy=found.accuracy._replace(value=0.0))
    ),
}


@pytest.fixture(scope="module")
def table():
    """A frame, numbers to predict, and the function that fits a model of both."""
    pandas = package("pandas")
    frame = pandas.DataFrame(
        {
            "a": X[:400, 0],
            "b": pandas.Categorical(np.array(["u", "v"])[Y[:400] % 2]),
            "c": X[:400, 1] * 3,
        }
    )
    settings = {
        "hidden_layer_sizes": (8,),
        "n_estimators": 2,
        "n_epochs": 2,
        "random_state": 0,
        "keep_background": 5,
    }
    y = X[:400, 0] + X[:400, 2]
    return frame, y, lambda: TabularRegressor(**settings, provenance=True).fit(frame, y)


@pytest.mark.parametrize("name", TABLE_PARTS)
def test_each_part_of_a_table_that_differs_is_named(name, table, tmp_path):
    frame, y, fit = table
    model = fit()
    assert cmlp.verify(model, frame, y).identical
    TABLE_PARTS[name](model)
    model.save(tmp_path / "m.cmlp")
    for other in (model, pickle.loads(pickle.dumps(model)), tmp_path / "m.cmlp"):
        found = cmlp.verify(other, frame, y)
        assert (found.reason, found.different) == ("model", (name.partition(",")[0],))


def test_parts_that_a_model_lacks_are_named(table):
    frame, y, fit = table
    model = fit()
    replaced_field(calibration=lambda found: None, background=lambda found: None)(model)
    found = cmlp.verify(model, frame, y)
    assert found.different == ("calibration", "background")
    assert found.message.endswith("give another model, in its calibration and background")


def test_a_calibration_on_other_rows_is_not_checked(table, tmp_path):
    frame, y, fit = table
    model = fit().calibrate(frame[:100], y[:100] + 1)
    model.save(tmp_path / "m.cmlp")
    for other in (model, tmp_path / "m.cmlp"):
        found = cmlp.verify(other, frame, y)
        assert found.identical and found.not_checked == ("calibration", "accuracy")
        assert str(found).endswith(
            "(2 epochs); calibration and accuracy not checked: not made by fit"
        )
    TABLE_PARTS["summary"](model)
    TABLE_PARTS["target"](model)
    found = cmlp.verify(model, frame, y)
    assert (found.different, found.not_checked) == (
        ("target", "summary"),
        ("calibration", "accuracy"),
    )


def test_a_record_of_other_epochs_is_named():
    model = fitted()
    provenance_of(model)["ends"] = [[7, 0]]
    assert cmlp.verify(model, X, Y).different == ("number of epochs",)
    provenance_of(model)["ends"] = [[5, 0]]
    assert cmlp.verify(model, X, Y).different == ("weights",)


def test_renamed_classes_of_fit_batches_are_named():
    blocks = [(X[:900], Y[:900]), (X[900:], Y[900:])]
    model = MLPClassifier((8,), **KEPT).fit_batches(blocks, classes=[0, 1, 2])
    model.classes_ = np.array([0, 1, 5])
    found = cmlp.verify(model, blocks)
    assert (found.reason, found.different) == ("model", ("classes",))


def test_networks_and_trainers_have_no_record():
    network = cmlp.Network([6, 3], output="softmax", loss="log_loss")
    with pytest.raises(
        ValueError,
        match="This Network has no record of its training: only a fit of an estimator with",
    ):
        cmlp.verify(network, X, Y)
    with pytest.raises(TypeError, match="got Trainer"):
        cmlp.verify(cmlp.Trainer(network), X, Y)


def test_other_data_are_refused_before_training():
    """Training on them would diverge."""
    rows = X.astype(np.float64)
    model = fitted(X=rows, dtype="float64", solver="sgd")
    assert cmlp.verify(model, rows * 1e150, Y).different == ("X",)


def test_progress_is_told_and_the_model_stays():
    model, told = fitted(), []
    before = pickle.dumps(model)
    cmlp.verify(model, X, Y, progress=lambda epoch, n_epochs: told.append((epoch, n_epochs)))
    assert told[-1] == (6, 6) and pickle.dumps(model) == before


def test_progress_of_a_table_counts_the_epochs_of_all_networks():
    for n_threads in (1, 2):
        table = cmlp.TabularRegressor(
            n_estimators=3, n_epochs=5, provenance=True, n_threads=n_threads
        )
        model, told = table.fit(X, X[:, 0]), []
        cmlp.verify(model, X, X[:, 0], progress=lambda *numbers, told=told: told.append(numbers))
        assert told[-1] == (15, 15) and told == sorted(set(told))


def test_progress_of_networks_is_told_by_one_thread_at_a_time():
    table = cmlp.TabularRegressor(n_estimators=3, n_epochs=5, provenance=True, n_threads=3)
    model = table.fit(X, X[:, 0])
    calls, n_others = [], []

    def progress(epoch, n_epochs):
        n_others.append(len(calls))
        calls.append(epoch)
        time.sleep(0.003)
        calls.remove(epoch)

    cmlp.verify(model, X, X[:, 0], progress=progress)
    assert n_others == [0] * 15


class WithSlots:
    """A callback of a user, whose attributes are not in a dict."""

    __slots__ = ()

    def on_epoch_end(self, trainer):
        pass


def replaced(callback):
    callback.on_epoch_end = print
    return callback


REFUSED = {
    "lbfgs": (
        {"solver": "lbfgs"},
        "provenance=True needs the arithmetic of cmlp, but solver='lbfgs' uses that of SciPy.",
    ),
    "warm start": ({"warm_start": True}, "provenance=True needs warm_start=False"),
    "rate": (
        {"learning_rate": lambda step, n: 0.1},
        "provenance=True needs learning_rate by its name",
    ),
    "loss": ({"loss": lambda outputs, y, weight: None}, "provenance=True needs loss by its name"),
    "scoring": (
        {"scoring": "f1_macro", "early_stopping": True},
        "provenance=True needs scoring=None or 'loss'",
    ),
    "initialization": (
        {"initialization": ([np.ones((6, 8)), np.ones((8, 3))], [np.ones(8), np.ones(3)])},
        "provenance=True needs initialization by its name",
    ),
    "generator": (
        {"random_state": np.random.RandomState(0)},
        "provenance=True needs an int or None as random_state",
    ),
    "callback": ({"callbacks": [OnEpoch(print)]}, "provenance=True needs callbacks of cmlp"),
    "callback with slots": (
        {"callbacks": [WithSlots()]},
        "provenance=True needs callbacks of cmlp",
    ),
    "callback of a module cmlp.own": (
        {"callbacks": [type("Own", (OnEpoch,), {"__module__": "cmlp.own"})(print)]},
        "provenance=True needs callbacks of cmlp",
    ),
    "callback that claims to be cmlp's": (
        {
            "callbacks": [
                type("EarlyStopping", (EarlyStopping,), {"__module__": "cmlp.callbacks"})("loss")
            ]
        },
        "provenance=True needs callbacks of cmlp",
    ),
    "callback with another method": (
        {"callbacks": [replaced(EarlyStopping("loss"))]},
        "needs callbacks of cmlp",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # settings of all cases
def test_what_cannot_be_repeated_is_refused(case):
    parameters, message = REFUSED[case]
    with pytest.raises(InvalidParameterError, match=message) as raised:
        fitted(**parameters)
    assert raised.value.parameter == "provenance" and raised.value.value is True


def test_partial_fit_is_refused():
    with pytest.raises(ValueError, match="partial_fit does not support provenance=True"):
        MLPClassifier((8,), provenance=True).partial_fit(X, Y, classes=[0, 1, 2])


def test_fit_on_a_cluster_is_recorded_as_fit_batches():
    package("distributed")
    model = cmlp.distributed.fit(
        MLPClassifier((8,), max_iter=2, random_state=0, provenance=True), [(X, Y)]
    )
    assert cmlp.verify(model, [(X, Y)]).identical


def test_what_was_not_recorded_cannot_be_saved_or_verified(tmp_path):
    model = fitted(provenance=False)
    with pytest.raises(
        ValueError, match="include_provenance must be None or False for this MLPClassifier"
    ):
        model.save(tmp_path / "m.cmlp", include_provenance=True)
    with pytest.raises(
        ValueError,
        match=r"This MLPClassifier has no record of its training.*partial_fit removes it",
    ):
        cmlp.verify(model, X, Y)
    recorded = fitted()
    recorded.save(tmp_path / "m.cmlp", include_provenance=False)
    with pytest.raises(ValueError, match="no record"):
        cmlp.verify(tmp_path / "m.cmlp", X, Y)
    recorded.set_params(provenance=False).partial_fit(X, Y)
    with pytest.raises(ValueError, match="partial_fit removes it"):
        cmlp.verify(recorded, X, Y)


DAMAGED = {
    "a list": lambda record: [record],
    "a number": lambda record: 1,
    "only ends": lambda record: {"ends": []},
    "no seed": lambda record: {name: value for name, value in record.items() if name != "seed"},
    "a seed of text": lambda record: {**record, "seed": "1"},
    "a number of rows that is a bool": lambda record: {**record, "n_rows": True},
    "ends that are a number": lambda record: {**record, "ends": 5},
    "two networks": lambda record: {**record, "ends": record["ends"] * 2},
    "an end that is a number": lambda record: {**record, "ends": [1]},
    "an end without a batch": lambda record: {**record, "ends": [[1]]},
    "an end of text": lambda record: {**record, "ends": [["1", 0]]},
    "an end below 0": lambda record: {**record, "ends": [[1, -1]]},
    "a hash that is short": lambda record: {**record, "data": {"X": "ab"}},
    "a hash that is a number": lambda record: {**record, "data": {"X": 1}},
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_records_are_refused(case, tmp_path):
    path = tmp_path / "m.cmlp"
    fitted(max_iter=1).save(path)
    text, data = split(path.read_bytes())
    stored = read(path.read_bytes())[0]["provenance"]
    damaged = json.dumps(DAMAGED[case](json.loads(stored)), separators=(",", ":"))
    assert text.count(quoted(stored).encode()) == 1
    path.write_bytes(
        repaired(text.replace(quoted(stored).encode(), quoted(damaged).encode()), data)
    )
    with pytest.raises(ModelFormatError, match=r"'provenance' (has|is)"):
        cmlp.load(path)


def test_fits_in_threads_are_recorded_alone():
    models = [MLPClassifier((8,), **KEPT | {"random_state": seed}) for seed in range(3)]
    cmlp.fit_many(models, X, Y)
    assert (
        all(cmlp.verify(model, X, Y).identical for model in models)
        and threading.active_count() < 99
    )


@pytest.mark.parametrize("number", [b"1e999", b"NaN", b"-Infinity", rb"0,\"seed\":0"])
def test_provenance_with_a_number_that_json_has_not_is_refused(tmp_path, number):
    path = tmp_path / "model.cmlp"
    MLPClassifier(max_iter=1, random_state=0, provenance=True).fit(np.eye(3), [0, 1, 2]).save(path)
    text, data = split(path.read_bytes())
    path.write_bytes(
        repaired(re.sub(rb'\\"seed\\":\d+', lambda _: rb"\"seed\":" + number, text, count=1), data)
    )
    with pytest.raises(ModelFormatError, match="'provenance' is not JSON"):
        cmlp.load(path)
