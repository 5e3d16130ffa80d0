"""provenance=True records a fit, and `cmlp.verify` repeats it: docs/guide/provenance.md."""

import hashlib
import json
import pickle
import re
import struct
import threading
from functools import partial

import numpy as np
import pytest
from estimator_cases import interrupted_at
from helpers import labels, uniform
from model_files import quoted, read, repaired, split
from optional import package
from record_hashes import hash_of_rows
from recorded_fits import record_of
from scipy import sparse
from worker_cases import in_threads

import cmlp
from cmlp import MLPClassifier, MLPRegressor, ModelFormatError, TabularClassifier, TabularRegressor
from cmlp.callbacks import Checkpoint, EarlyStopping

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:.*chunks of 128")

X = uniform(0, 2500, 6).astype(np.float32)
Y = labels(1, 2500, 3)
HELD = {"X_val": X[:300] + np.float32(0.1), "y_val": Y[:300]}
KEPT = {"max_iter": 6, "tol": 0, "n_iter_no_change": 99, "random_state": 3, "batch_size": 256, "provenance": True}


def fitted(kind=MLPClassifier, X=X, y=Y, held=None, **parameters):
    return kind(hidden_layer_sizes=(8,), **{**KEPT, **parameters}).fit(X, y, **(held or {}))


def test_hashes_of_the_data_are_those_of_an_independent_implementation(tmp_path):
    weight = np.linspace(0.1, 2, len(X))
    model = MLPClassifier((8,), **KEPT).fit(X, np.array(["b", "a", "c"])[Y], weight, **HELD | {"y_val": ["a"] * 300})
    found = record_of(model)["data"]
    classes = '{"kind":"labels","dtype":"U1","values":["a","b","c"]}'
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


def test_chain_is_that_of_an_independent_implementation(tmp_path):
    model = MLPClassifier((8,), **KEPT | {"max_iter": 30})
    params = []

    def callback(trainer):
        if trainer.last_epoch.number % 14 == 0 or trainer.last_epoch.number == 30:
            params.append(
                b"".join(
                    a.tobytes()
                    for pair in zip(trainer.network.weights, trainer.network.biases, strict=True)
                    for a in pair
                )
            )

    found = record_of(model.fit(X, Y))
    MLPClassifier((8,), **KEPT | {"max_iter": 30, "provenance": False, "callbacks": [OnEpoch(callback)]}).fit(X, Y)
    del found["parameters"]["max_iter"]
    names = "arithmetic", "call", "dtype", "parameters", "seed", "shards"
    text = json.dumps([0, {name: found[name] for name in names}], sort_keys=True, separators=(",", ":"))
    link, links = hashlib.sha256(b"cmlp chain 1\n" + text.encode()).digest(), []
    for epoch, block in zip((14, 28, 30), params, strict=True):
        link = hashlib.sha256(link + struct.pack("<QQ", epoch, 0) + block).digest()
        links.append(link.hex())
    assert found["networks"] == [{"every": 14, "end": [30, 0], "links": links}]  # 14 epochs have 35,000 rows


class OnEpoch:
    def __init__(self, function):
        self.on_epoch_end = function


CASES = {
    "plain": ({}, X, Y),
    "no seed": ({"random_state": None}, X, Y),
    "early stopping": ({"early_stopping": True, "n_iter_no_change": 1}, X, Y),
    "one_cycle, dropout": ({"learning_rate": "one_cycle", "dropout": 0.2}, X, Y),
    "adaptive": ({"solver": "sgd", "learning_rate": "adaptive", "tol": 1.0, "n_iter_no_change": 1}, X, Y),
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
        f"bit-identical: these data and parameters give these weights ({model.n_iter_} epochs)"
    )


@pytest.mark.parametrize("parameters", [{}, {"y_scale": "standard"}, {"loss": "quantile", "quantile": [0.1, 0.9]}])
def test_a_regressor_is_repeated(parameters):
    model = fitted(MLPRegressor, y=X[:, 0] * 3, held={"X_val": X[:100], "y_val": X[:100, 0]}, **parameters)
    assert cmlp.verify(model, X, X[:, 0] * 3, X_val=X[:100], y_val=X[:100, 0]).identical


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_a_table_is_repeated(kind, tmp_path):
    pandas = package("pandas")
    frame = pandas.DataFrame(
        {"a": X[:400, 0], "b": pandas.Categorical(np.array(["u", "v"])[Y[:400] % 2]), "c": X[:400, 1]}
    )
    frame.loc[::7, "a"] = None
    weight = np.arange(400) % 5
    model = kind(hidden_layer_sizes=(8,), n_estimators=2, provenance=True).fit(frame, Y[:400], weight)
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
    of_bytes, of_numbers = (fitted(X=rows, input_scale=1 / 255) for rows in (bytes_, bytes_.astype(float)))
    assert record_of(of_bytes)["data"] == record_of(of_numbers)["data"]


@pytest.mark.parametrize("cuts", [[2500], [100, 1900, 2500], [*range(0, 2500, 97), 2500], [1024, 1024, 2500]])
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
    edges = np.array([0, 300, 800, 1800, 2500]) if size == 4 else np.linspace(0, 2500, size + 1).astype(int)
    more = {"batch_size": 512, "n_threads": 1, "random_state": 0}

    def work(comm):
        own = slice(*edges[comm.rank : comm.rank + 2]) if local else slice(None)
        model = MLPClassifier((8,), **KEPT | more)
        return cmlp.distributed.fit(model, X[own], Y[own], comm=comm, local=local)

    if local and 512 % (128 * size):
        more["batch_size"] = 128 * size
    models = in_threads(size, work)
    alone = MLPClassifier((8,), **KEPT | more).fit(X, Y, shards=np.diff(edges).tolist() if local else None)
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
    assert cmlp.verify(model.set_params(max_time=None, max_iter=500).fit(X, Y, resume=True), X, Y).identical


@pytest.mark.parametrize("epochs", [20, 28])
@pytest.mark.parametrize("size", [1, 2])
def test_a_fit_that_is_resumed_after_links_is_repeated(size, epochs):
    def work(comm):
        fit = partial(cmlp.distributed.fit, comm=comm)
        model = fit(MLPClassifier((8,), **KEPT | {"max_iter": epochs, "n_threads": 1}), X, Y)
        return fit(model.set_params(max_iter=50), X, Y, resume=True)

    for model in in_threads(size, work):
        assert record_of(model)["networks"][0]["end"] == [50, 0] and cmlp.verify(model, X, Y).identical


def test_a_resumed_fit_has_the_parameters_of_its_record(tmp_path):
    model = fitted(max_iter=20)
    model.save(tmp_path / "m.cmlp", include_training_state=True, include_provenance=False)
    with pytest.raises(ValueError, match="provenance=True continues a fit with the same parameters"):
        model.set_params(tol=0.1, max_iter=30).fit(X, Y, resume=True)
    model = cmlp.load(tmp_path / "m.cmlp").set_params(max_iter=30).fit(X, Y, resume=True)
    with pytest.raises(ValueError, match="no record"):
        cmlp.verify(model, X, Y)


@pytest.mark.parametrize("step", [20, 60, 90])
def test_a_fit_that_is_interrupted_is_repeated(step):
    model = fitted(max_iter=2)
    model.set_params(max_iter=20)
    # An interrupt comes at each line of a module, which only its internal name gives.
    assert interrupted_at(step, lambda: model.fit(X, Y, resume=True), "cmlp._train.loop", "cmlp._train.chain")
    model.max_iter = 20
    assert cmlp.verify(model, X, Y).reason in ("identical", "parameters")
    model.fit(X, Y, resume=True)
    assert cmlp.verify(model, X, Y).identical and model.n_iter_ == 20
    assert model._fitted.record["networks"] == fitted(max_iter=20)._fitted.record["networks"]


@pytest.mark.parametrize("step", [2, 3])
def test_a_fit_that_is_interrupted_in_its_validation_is_repeated(step):
    model = fitted(max_iter=2, early_stopping=True)
    model.set_params(max_iter=20)
    assert interrupted_at(step, lambda: model.fit(X, Y, resume=True), "cmlp._train.held_out")
    ended = model._fitted.record["networks"][0]["end"]
    assert ended[1] > 0 and cmlp.verify(model, X, Y).identical


def test_callbacks_of_cmlp_only_watch_or_stop(tmp_path):
    stops = EarlyStopping("loss", patience=1, min_delta=9)
    model = fitted(callbacks=[stops, Checkpoint(tmp_path / "{epoch}.cmlp")], max_iter=20)
    assert model.n_iter_ < 20 and cmlp.verify(model, X, Y).identical
    for path in tmp_path.iterdir():
        assert cmlp.verify(path, X, Y).identical


def test_the_answer_names_what_is_another(tmp_path):
    model = fitted(max_iter=30)
    assert cmlp.verify(model, X, np.where(np.arange(2500) == 7, (Y + 1) % 3, Y)).message == (
        "different data: not the y of fit"
    )
    changed = X.copy()
    changed[2000, 1] = np.nextafter(changed[2000, 1], np.float32(2))
    assert cmlp.verify(model, changed, Y).reason == "data"
    assert cmlp.verify(model, X, Y.astype(np.int32)).message == "different data: not the classes of fit"
    assert cmlp.verify(model, X, Y, np.full(2500, 2.0)).message == "different data: not the sample_weight of fit"
    other = pickle.loads(pickle.dumps(model)).set_params(alpha=0.5)
    assert cmlp.verify(other, X, Y).message == "different parameters: alpha was 0.0001 in fit, and the model has 0.5"
    other = pickle.loads(pickle.dumps(model))
    other.coefs_[0][0, 0] = 0.5
    assert cmlp.verify(other, X, Y).reason == "weights"
    kept = model._fitted.record
    kept["arithmetic"] = 2
    problem = f"different version: arithmetic 2 of cmlp {cmlp.__version__}, and this version has 1"
    assert cmlp.verify(model, X, Y).message == problem
    kept["arithmetic"] = 1
    kept["networks"][0]["links"][1] = "0" * 64
    found = cmlp.verify(model, X, Y)
    assert (found.identical, found.reason, found.epoch) == (False, "training", 28)


LONG = {"max_iter": 50, "n_iter_no_change": 999}
SPOTS = {
    "plain": (MLPClassifier, {}),
    "early stopping, dropout": (MLPClassifier, {"early_stopping": True, "dropout": 0.2, "random_state": None}),
    "one_cycle": (MLPClassifier, {"learning_rate": "one_cycle", "input_scale": "standard"}),
    "y_scale": (MLPRegressor, {"y_scale": "standard"}),
}


@pytest.mark.parametrize("case", SPOTS)
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # settings of all cases
def test_a_spot_check_begins_at_a_checkpoint(case, tmp_path):
    kind, parameters = SPOTS[case]
    path = f"{tmp_path}/{{epoch}}.cmlp"
    y = Y if kind is MLPClassifier else 3 + 7 * X[:, 0]
    model = fitted(kind, y=y, callbacks=[Checkpoint(path, every=14)], **LONG, **parameters)
    for epoch in (14, 42):
        found = cmlp.verify(model, X, y, start=path.format(epoch=epoch))
        assert str(found).endswith(f"these weights (epochs {epoch + 1} to 50)") and found.identical
    assert str(cmlp.verify(model, X, y, start=path.format(epoch=14), n_epochs=3)) == (
        "bit-identical: epochs 15 to 28 of 50"
    )
    assert str(cmlp.verify(model, X, y, n_epochs=14)) == "bit-identical: epochs 1 to 14 of 50"
    assert cmlp.verify(model, X, y, n_epochs=99).message.endswith("these weights (50 epochs)")
    assert cmlp.verify(model, np.flipud(X), y, start=path.format(epoch=14)).reason == "data"
    changed = cmlp.load(path.format(epoch=14))
    changed.coefs_[0][0, 0] += np.float32(0.5)
    found = cmlp.verify(model, X, y, start=changed)  # with early stopping these are the best weights, not the last ones
    assert (found.reason, found.epoch) == (("weights", None) if "early_stopping" in parameters else ("training", 14))


def test_a_checkpoint_between_two_links_is_known_by_the_next_one(tmp_path):
    path = f"{tmp_path}/{{epoch}}.cmlp"
    model = fitted(callbacks=[Checkpoint(path, every=10)], **LONG)
    start = cmlp.load(path.format(epoch=20))
    assert str(cmlp.verify(model, X, Y, start=start, n_epochs=1)) == "bit-identical: epochs 21 to 28 of 50"
    start.coefs_[0][0, 0] += np.float32(0.5)
    assert cmlp.verify(model, X, Y, start=start).epoch == 28


def test_a_spot_check_of_a_stream_begins_at_a_checkpoint(tmp_path):
    path, blocks = f"{tmp_path}/{{epoch}}.cmlp", [(X[:900], Y[:900]), (X[900:], Y[900:])]
    model = MLPClassifier((8,), **KEPT, callbacks=[Checkpoint(path, every=2)]).fit_batches(blocks, classes=[0, 1, 2])
    assert str(cmlp.verify(model, blocks, start=path.format(epoch=2))).endswith("(epochs 3 to 6)")
    assert str(cmlp.verify(model, blocks, start=path.format(epoch=2), n_epochs=2)) == (
        "bit-identical: epochs 3 to 4 of 6"
    )
    others = [(X[:900], Y[:900]), (X[900:], np.roll(Y[900:], 1))]
    assert cmlp.verify(model, others, start=path.format(epoch=2)).reason == "data"


def test_a_state_that_is_no_checkpoint_of_the_training_is_refused(tmp_path):
    path = f"{tmp_path}/{{epoch}}.cmlp"
    model = fitted(callbacks=[Checkpoint(path, every=2)])
    other = fitted(callbacks=[Checkpoint(f"{tmp_path}/other{{epoch}}.cmlp", every=2)], random_state=4)
    for start, message in (
        (f"{tmp_path}/other2.cmlp", "start must be a checkpoint of the training of the model, but its seed differ"),
        (other, "but its seed differ"),
        (model, "start must be a checkpoint before the end of the training, got epoch 6"),
        (fitted(provenance=False), "got a MLPClassifier without training state or record"),
        (cmlp.Network([2, 3]), "got a Network without training state or record"),
    ):
        with pytest.raises(ValueError, match=message):
            cmlp.verify(model, X, Y, start=start)
    model.save(tmp_path / "final.cmlp", include_training_state=False)
    with pytest.raises(ValueError, match="without training state or record"):
        cmlp.verify(model, X, Y, start=tmp_path / "final.cmlp")
    with pytest.raises(ValueError, match="n_epochs must be a positive integer or None, got 0"):
        cmlp.verify(model, X, Y, n_epochs=0)


def test_networks_and_trainers_have_no_record():
    network = cmlp.Network([6, 3], output="softmax", loss="log_loss")
    with pytest.raises(ValueError, match="This Network has no record of its training: only a fit of an estimator with"):
        cmlp.verify(network, X, Y)
    with pytest.raises(TypeError, match="got Trainer"):
        cmlp.verify(cmlp.Trainer(network), X, Y)


def test_a_spot_check_of_all_epochs_is_a_whole_one():
    """The record has a hash after 14 epochs, which are all."""
    answer = cmlp.verify(fitted(**{**LONG, "max_iter": 14}), X, Y, n_epochs=14)
    assert str(answer) == "bit-identical: these data and parameters give these weights (14 epochs)"


def test_progress_is_told_and_the_model_stays():
    model, told = fitted(), []
    before = pickle.dumps(model)
    cmlp.verify(model, X, Y, progress=lambda epoch, n_epochs: told.append((epoch, n_epochs)))
    assert told[-1] == (6, 6) and pickle.dumps(model) == before


def test_progress_of_a_table_counts_the_epochs_of_all_networks():
    for n_threads in (1, 2):
        table = cmlp.TabularRegressor(n_estimators=3, n_epochs=5, provenance=True, n_threads=n_threads)
        model, told = table.fit(X, X[:, 0]), []
        cmlp.verify(model, X, X[:, 0], progress=lambda *numbers, told=told: told.append(numbers))
        assert told[-1] == (15, 15) and told == sorted(set(told))


def replaced(callback):
    callback.on_epoch_end = print
    return callback


REFUSED = {
    "lbfgs": (
        {"solver": "lbfgs"},
        "provenance=True needs the arithmetic of cmlp, but solver='lbfgs' uses that of SciPy.",
    ),
    "warm start": ({"warm_start": True}, "provenance=True needs warm_start=False"),
    "rate": ({"learning_rate": lambda step, n: 0.1}, "provenance=True needs learning_rate by its name"),
    "loss": ({"loss": lambda outputs, y, weight: None}, "provenance=True needs loss by its name"),
    "scoring": ({"scoring": "f1_macro", "early_stopping": True}, "provenance=True needs scoring=None or 'loss'"),
    "initialization": (
        {"initialization": ([np.ones((6, 8)), np.ones((8, 3))], [np.ones(8), np.ones(3)])},
        "provenance=True needs initialization by its name",
    ),
    "generator": ({"random_state": np.random.RandomState(0)}, "provenance=True needs an int or None as random_state"),
    "callback": ({"callbacks": [OnEpoch(print)]}, "provenance=True needs callbacks of cmlp"),
    "callback of a module cmlp.own": (
        {"callbacks": [type("Own", (OnEpoch,), {"__module__": "cmlp.own"})(print)]},
        "provenance=True needs callbacks of cmlp",
    ),
    "callback that claims to be cmlp's": (
        {"callbacks": [type("EarlyStopping", (EarlyStopping,), {"__module__": "cmlp.callbacks"})("loss")]},
        "provenance=True needs callbacks of cmlp",
    ),
    "callback with another method": ({"callbacks": [replaced(EarlyStopping("loss"))]}, "needs callbacks of cmlp"),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # settings of all cases
def test_what_cannot_be_repeated_is_refused(case):
    parameters, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        fitted(**parameters)


def test_partial_fit_and_rounds_are_refused():
    with pytest.raises(ValueError, match="partial_fit does not support provenance=True"):
        MLPClassifier((8,), provenance=True).partial_fit(X, Y, classes=[0, 1, 2])
    package("dask")
    with pytest.raises(ValueError, match="provenance=True needs fit, fit_batches or comm"):
        cmlp.distributed.fit(MLPClassifier((8,), provenance=True), [(X, Y)])


def test_what_was_not_recorded_cannot_be_saved_or_verified(tmp_path):
    model = fitted(provenance=False)
    with pytest.raises(ValueError, match="include_provenance must be None or False for this MLPClassifier"):
        model.save(tmp_path / "m.cmlp", include_provenance=True)
    with pytest.raises(ValueError, match=r"This MLPClassifier has no record of its training.*partial_fit removes it"):
        cmlp.verify(model, X, Y)
    recorded = fitted()
    recorded.save(tmp_path / "m.cmlp", include_provenance=False)
    with pytest.raises(ValueError, match="no record"):
        cmlp.verify(tmp_path / "m.cmlp", X, Y)
    recorded.set_params(provenance=False).partial_fit(X, Y)
    with pytest.raises(ValueError, match="partial_fit removes it"):
        cmlp.verify(recorded, X, Y)


@pytest.mark.parametrize("links", [lambda links: [], lambda links: links[:-1], lambda links: [*links, links[0]]])
@pytest.mark.parametrize("parameters", [{"max_iter": 3}, {"max_iter": 200}])
def test_a_record_needs_a_link_for_each_step(links, parameters, tmp_path):
    """Otherwise a replay of some epochs would compare nothing, and call any weights bit-identical."""
    model = fitted(**parameters)
    (chain,) = model._fitted.record["networks"]
    chain["links"] = links(chain["links"])
    model.save(tmp_path / "m.cmlp")
    with pytest.raises(cmlp.ModelFormatError, match="'provenance' has no chain for each network"):
        cmlp.load(tmp_path / "m.cmlp")


def with_chain(record, **changes):
    return [{**record, "networks": [{**record["networks"][0], **changes}]}]


DAMAGED = {
    "no list": lambda record: record,
    "an empty list": lambda record: [],
    "no record": lambda record: [1],
    "a record of numbers": lambda record: [{**record, "networks": 5}],
    "only networks": lambda record: [{"networks": []}],
    "two networks": lambda record: [{**record, "networks": record["networks"] * 2}],
    "a chain that is a number": lambda record: [{**record, "networks": [1]}],
    "a chain without an end": lambda record: [{**record, "networks": [{"every": 1, "links": []}]}],
    "an end that is a number": lambda record: with_chain(record, end=1),
    "an end of text": lambda record: with_chain(record, end=["1", 0]),
    "links that are a text": lambda record: with_chain(record, links="0" * 64),
    "a link that is short": lambda record: with_chain(record, links=["0" * 63]),
    "a hash that is short": lambda record: [{**record, "data": {"X": "ab"}}],
}


@pytest.mark.parametrize("case", DAMAGED)
def test_damaged_records_are_refused(case, tmp_path):
    path = tmp_path / "m.cmlp"
    fitted(max_iter=1).save(path)
    text, data = split(path.read_bytes())
    stored = read(path.read_bytes())[0]["provenance"]
    damaged = json.dumps(DAMAGED[case](json.loads(stored)[-1]), separators=(",", ":"))
    assert text.count(quoted(stored).encode()) == 1
    path.write_bytes(repaired(text.replace(quoted(stored).encode(), quoted(damaged).encode()), data))
    with pytest.raises(ModelFormatError, match=r"'provenance' (has|is)"):
        cmlp.load(path)


def test_fits_in_threads_are_recorded_alone():
    models = [MLPClassifier((8,), **KEPT | {"random_state": seed}) for seed in range(3)]
    cmlp.fit_many(models, X, Y)
    assert all(cmlp.verify(model, X, Y).identical for model in models) and threading.active_count() < 99


@pytest.mark.parametrize("number", [b"1e999", b"NaN", b"-Infinity", rb"0,\"seed\":0"])
def test_provenance_with_a_number_that_json_has_not_is_refused(tmp_path, number):
    path = tmp_path / "model.cmlp"
    MLPClassifier(max_iter=1, random_state=0, provenance=True).fit(np.eye(3), [0, 1, 2]).save(path)
    text, data = split(path.read_bytes())
    path.write_bytes(repaired(re.sub(rb'\\"seed\\":\d+', lambda _: rb"\"seed\":" + number, text, count=1), data))
    with pytest.raises(ModelFormatError, match="'provenance' is not JSON"):
        cmlp.load(path)
