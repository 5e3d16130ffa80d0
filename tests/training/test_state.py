"""What stored training state must be, and what becomes of training that Ctrl-C or an error ends within an epoch."""

import copy
import pickle

import numpy as np
import pytest
from estimator_cases import blobs, interrupted_at
from helpers import peak_memory

from cmlp import MLPClassifier, Network, Trainer

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")


def classifier(**params):
    return MLPClassifier(
        **{"hidden_layer_sizes": (6,), "max_iter": 7, "batch_size": 32, "random_state": 3, **params}
    )


def trainer(sizes=(4, 6, 3), dtype="float64", **parameters):
    network = Network(sizes, "relu", dtype=dtype, random_state=1)
    return Trainer(network, **{"max_iter": 7, "batch_size": 32, "random_state": 3, **parameters})


def outcome(trained):
    optimizer = trained.state.optimizer
    return (
        trained.network.params.tobytes(),
        optimizer.state.tobytes(),
        optimizer.learning_rate,
        trained.loss_curve,
    )


class Interrupts:
    """A loss that Ctrl-C interrupts after some batches."""

    def __init__(self):
        self.n_batches = None

    def __call__(self, y, output):
        if self.n_batches == 0:
            raise KeyboardInterrupt
        if self.n_batches is not None:
            self.n_batches -= 1
        return ((output - y) ** 2).sum(axis=1), 2 * (output - y)


@pytest.mark.parametrize("weightless", [None, 0, 1, 2, 3])
@pytest.mark.parametrize("n_steps", [0, 1, 2, 3])
def test_training_interrupted_within_an_epoch_continues_with_the_next_batch(weightless, n_steps):
    """A batch without weight takes no step."""
    X, _ = blobs()
    y, weight, loss = X[:, :2], np.ones(len(X)), Interrupts()
    if weightless is not None:
        weight[32 * weightless : 32 * weightless + 32] = 0

    def begun():
        network = Network(
            [4, 6, 2], "relu", output="identity", loss=loss, dtype="float64", random_state=1
        )
        return Trainer(
            network, max_iter=7, batch_size=32, shuffle=weightless is None, random_state=3
        )

    whole, paused = begun().run(X, y, weight), begun()
    paused.run(X, y, weight, n_batches=4)
    loss.n_batches = min(n_steps, 4 - (weightless is not None) - 1)
    with pytest.raises(KeyboardInterrupt):
        paused.run(X, y, weight)
    loss.n_batches = None
    assert (paused.state.epoch, paused.state.batch is None) == (1, False)
    resumed = pickle.loads(pickle.dumps(paused)).run(X, y, weight)
    assert outcome(resumed) == outcome(whole)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("params", [{}, {"early_stopping": True, "validation_fraction": 0.3}])
def test_ctrl_c_anywhere_in_training_keeps_curves_and_counts_together(params):
    X, y = blobs(n_classes=2)
    n_rows, fitted = 84 if params else 120, set()
    for step in range(1, 2000):
        model = classifier(max_iter=3, **params)
        if not interrupted_at(step, lambda run=model.fit: run(X, y), "cmlp._train."):
            break
        if hasattr(model, "loss_curve_"):
            n_epochs = len(model.loss_curve_)
            fitted.add(n_epochs)
            assert (model.n_iter_, model.t_) == (n_epochs, n_epochs * n_rows)
            assert {len(values) for values in model.history_.values()} == {n_epochs}
    # Without validation rows, one call of the core trains all epochs.
    assert fitted >= ({1, 2} if params else {3}) and 20 < step < 1999


def test_numpys_global_generator_is_stored():
    X, y = blobs()
    state = np.random.get_state()
    try:
        whole = trainer(random_state=np.random.RandomState(5)).run(X, y)
        np.random.seed(5)
        paused = trainer(random_state=np.random.mtrand._rand).run(X, y, n_batches=6)
        before = np.random.get_state()[1].tolist(), np.random.get_state()[2]
        assert outcome(pickle.loads(pickle.dumps(paused)).run(X, y)) == outcome(whole)
        assert (np.random.get_state()[1].tolist(), np.random.get_state()[2]) == before
        assert outcome(paused.run(X, y)) == outcome(whole)
        assert np.random.get_state()[2] != before[1]
    finally:
        np.random.set_state(state)


def test_other_bit_generators_cannot_be_stored():
    paused = trainer(random_state=np.random.RandomState(np.random.PCG64(1))).run(
        *blobs(), n_batches=1
    )
    with pytest.raises(ValueError, match="MT19937 to store training state, got PCG64"):
        pickle.dumps(paused)


# What a loaded state must be


def stored():
    """Return a trainer that has a state with an order, and what is stored of the state."""
    paused = trainer(early_stopping=True).run(*blobs(), n_batches=4)
    paused.state.generator_before_order = None  # so that the order is stored
    return paused, paused.__getstate__()["state"]


def loaded(state, network=None):
    paused, _ = stored()
    other = Trainer.__new__(Trainer)
    changes = {"state": state, "network": network or paused.network}
    other.__setstate__({**paused.__getstate__(), **changes})
    return other


@pytest.mark.parametrize(
    "name", ["training.best", "training.order", "training.generator", "training.loss_curve"]
)
def test_arrays_in_another_byte_order_are_converted(name):
    _, fields = stored()
    swapped = {**fields, name: fields[name].astype(fields[name].dtype.newbyteorder())}
    value = loaded(swapped).__getstate__()["state"][name]
    assert value.dtype.isnative
    np.testing.assert_array_equal(value, fields[name])


@pytest.mark.parametrize(
    "changes, message",
    [
        (
            {"pickle": {"params": np.array([None])}},
            "params must be a 1-D array of float32 or float64, got 1-D of dtype object",
        ),
        (
            {"pickle": {"params": [1.0]}},
            "params must be a 1-D array of float32 or float64, got list",
        ),
        ({"pickle": {"predicts_y": 1}}, "is damaged: predicts_y is 1"),
        ({"pickle": 3}, "is damaged: pickle is 3"),
        ({"training.best": [1.0]}, r"is damaged: training.best is \[1.0\]"),
        ({"training.best": np.zeros((2, 2))}, "best must be a 1-D array"),
        ({"training.order": np.zeros(3)}, "order must be a 1-D array of int64"),
        ({"training.sums": np.zeros(2)}, r"is damaged: sums has the shape \(2,\)"),
        ({"training.generator": np.zeros(3)}, "a random state must have 624 words"),
        ({"training.generator": 5}, "generator is 5"),
        ({"history": {}}, "is damaged: 'history' has other entries than"),
        ({"history": 3}, "is damaged: history is 3"),
        ({"training": {"schedule.name": "newton"}}, "the name of the schedule is 'newton'"),
        ({"training": {"schedule.name": "cosine", "schedule.begin": 1}}, "is damaged"),
        ({"training": {"schedule.rate": "1"}}, "is damaged: schedule.rate is '1'"),
        ({"training": {"dropout_seed": 2**32}}, "is damaged: dropout_seed is 4294967296"),
        ({"training": {"shuffle_seed": -1}}, "is damaged: shuffle_seed is -1"),
        ({"training": {"epoch": "1"}}, "epoch is '1'"),
        ({"training": {"epoch": -1}}, "is damaged: epoch is -1"),
        ({"training": {"digests": {"rows": "X=|O"}}}, "checksums of the data are invalid"),
        ({"training": {"optimizer.version": 0}}, "another version of cmlp"),
    ],
)
def test_damaged_state_is_refused(changes, message):
    _, fields = stored()
    if isinstance(changes.get("training"), dict):
        changes = {"training": {**fields["training"], **changes["training"]}}
    with pytest.raises(ValueError, match=message) as error:
        loaded({**fields, **changes})
    assert str(error.value).count("damaged") <= 1


@pytest.mark.parametrize("prefix", ["optimizer", "schedule", "batch", "stopped"])
def test_state_without_a_number_is_refused(prefix):
    _, fields = stored()
    kept = {
        name: value for name, value in fields["training"].items() if not name.startswith(prefix)
    }
    with pytest.raises(ValueError, match="is damaged"):
        loaded({**fields, "training": kept})


def test_state_of_another_network_or_other_data_is_refused():
    X, y = blobs()
    _, fields = stored()
    with pytest.raises(
        ValueError, match=r"must be 51 values of dtype float64, got an array of shape \(43,\)"
    ):
        loaded({**fields, "training.best": np.zeros(43)})
    with pytest.raises(ValueError, match="must have 102 values of dtype float64"):
        loaded(trainer((4, 5, 3)).run(X, y, n_batches=1).__getstate__()["state"])
    with pytest.raises(ValueError, match="must have 102 values of dtype float32"):
        loaded(
            trainer().run(X, y, n_batches=1).__getstate__()["state"],
            trainer(dtype="float32").network,
        )
    with pytest.raises(ValueError, match="began with 120 rows, so it cannot continue with 60"):
        loaded(trainer().run(X, y, n_batches=1).__getstate__()["state"]).run(X[:60], y[:60])
    without_generator = {key: part for key, part in fields.items() if key != "training.generator"}
    with pytest.raises(ValueError, match="no random generator"):
        loaded(without_generator).run(X, y)


# Curves


def test_curves_of_copies_do_not_change_each_other():
    X, y = blobs()
    model, copies, losses = classifier().partial_fit(X, y, classes=[0, 1, 2]), [], []
    for _ in range(40):
        losses.append(model.loss_)
        assert model.loss_curve_ == losses
        copies.append(copy.copy(model))
        model.partial_fit(X, y)
    for n, other in enumerate(copies, 1):
        assert other.loss_curve_ == pickle.loads(pickle.dumps(other)).loss_curve_ == losses[:n]
        other.partial_fit(X + 1, y)
        assert (
            other.loss_curve_[:-1] == losses[:n] and other.loss_curve_[-1] != model.loss_curve_[n]
        )
    assert model.loss_curve_[:-1] == losses


def test_partial_fit_does_not_copy_a_long_history():
    X, y = blobs()
    peaks = []
    for n_epochs in (2, 20_000):
        model = classifier(max_iter=n_epochs, tol=0, n_iter_no_change=np.inf, batch_size=120).fit(
            X, y
        )
        peaks.append(min(peak_memory(lambda run=model.partial_fit: run(X, y)) for _ in range(8)))
        assert len(model.loss_curve_) == n_epochs + 8
    assert peaks[1] < peaks[0] + 20_000  # a copied curve would have 160,000 bytes
