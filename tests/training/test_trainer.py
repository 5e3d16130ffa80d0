"""`Trainer`: one training loop for networks and estimators, epoch by epoch, paused, pickled and resumed."""

import pickle
import warnings

import numpy as np
import pytest
from estimator_cases import blobs, flat, interrupted_at

from cmlp import MLPClassifier, MLPRegressor, Network, Trainer
from cmlp.exceptions import (
    ConvergenceWarning,
    DivergenceError,
    NonFiniteInputError,
    UselessModelWarning,
)

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

SGD = {"solver": "sgd", "learning_rate_init": 0.05}
CASES = {
    "adam": {},
    "sgd": {**SGD, "momentum": 0.0},
    "adamw": {"solver": "adamw", "weight_decay": 0.1},
    "momentum": {**SGD, "nesterovs_momentum": False},
    "invscaling": {**SGD, "learning_rate": "invscaling"},
    "adaptive": {
        **SGD,
        "learning_rate": "adaptive",
        "tol": 10.0,
        "n_iter_no_change": 1,
        "max_iter": 9,
    },
    "one_cycle": {"learning_rate": "one_cycle"},
    "early stopping": {
        "early_stopping": True,
        "validation_fraction": 0.3,
        "learning_rate_init": 0.05,
    },
    "stops early": {"tol": 0.1, "n_iter_no_change": 2, "max_iter": 30, "learning_rate_init": 0.02},
    "no shuffle": {"shuffle": False},
    "dropout": {"dropout": 0.3},
    "clipping, penalties per layer": {"max_grad_norm": 0.01, "alpha": [0.1, 0.2]},
}


def network(dtype="float64"):
    return Network([4, 6, 3], "relu", dtype=dtype, random_state=1)


def trainer(dtype="float64", **parameters):
    defaults = {"max_iter": 7, "batch_size": 32, "random_state": 3}
    return Trainer(network(dtype), **{**defaults, **parameters})


def outcome(trained):
    state = trained.state
    moments = (
        state.optimizer.state.tobytes(),
        state.optimizer.learning_rate,
        state.optimizer.n_steps,
    )
    return trained.network.params.tobytes(), moments, trained.loss_curve, trained.validation_scores


@pytest.mark.parametrize("parameters", CASES.values(), ids=CASES.keys())
def test_epochs_one_by_one_have_the_bits_of_run(parameters):
    X, y = blobs()
    whole, single = trainer(**parameters).run(X, y), trainer(**parameters)
    reports = list(single.epochs(X, y))
    assert outcome(single) == outcome(whole)
    assert [report.number for report in reports] == list(range(1, whole.state.epoch + 1))
    assert [report.loss for report in reports] == whole.loss_curve
    scores = [report.validation_score for report in reports]
    assert scores == (whole.validation_scores or [None] * len(scores))
    assert reports[-1].learning_rate == whole.state.optimizer.learning_rate


@pytest.mark.sampled(2)
@pytest.mark.parametrize("parameters", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("generator", [np.random.RandomState, int])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_continues_after_a_pause_and_a_pickle(parameters, generator, dtype):
    X, y = blobs()
    whole = trainer(dtype, random_state=generator(3), **parameters).run(X, y)
    for n_epochs in range(whole.state.epoch + 1):
        paused = trainer(dtype, random_state=generator(3), **parameters)
        for _, _ in zip(range(n_epochs), paused.epochs(X, y), strict=False):
            pass
        resumed = pickle.loads(pickle.dumps(paused))
        assert resumed.network is not paused.network
        assert outcome(resumed.run(X, y)) == outcome(whole)
        assert outcome(paused.run(X, y)) == outcome(whole)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("parameters", CASES.values(), ids=CASES.keys())
@pytest.mark.parametrize("n_batches", [1, 3, 5])
def test_training_continues_in_the_middle_of_an_epoch(parameters, n_batches):
    """An epoch has 4 batches. The losses of paused epochs are bit-identical to whole ones."""
    X, y = blobs()
    whole, pieces = trainer(**parameters).run(X, y), trainer(**parameters)
    while not pieces.finished:
        pieces = pickle.loads(pickle.dumps(pieces.run(X, y, n_batches=n_batches)))
    assert outcome(pieces) == outcome(whole)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("generator", [np.random.RandomState, int])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_ctrl_c_anywhere_pauses_training(generator, early_stopping):
    X, y = blobs()

    def begun():
        return trainer(max_iter=2, early_stopping=early_stopping, random_state=generator(3))

    whole = begun().run(X, y)
    for step in range(
        1 if generator is int else 2, 1000, 2
    ):  # every other point, the two cases all of them
        paused = begun()
        if not interrupted_at(
            step, lambda run=paused.run: run(X, y), "cmlp._train.", "cmlp._parameters."
        ):
            break
        resumed = pickle.loads(pickle.dumps(paused)).run(X, y)
        assert outcome(resumed) == outcome(whole)
    assert 20 < step < 999


@pytest.mark.parametrize(
    "parameters", [{}, {"early_stopping": True}, SGD, {"learning_rate": "one_cycle"}]
)
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_network_fit_has_the_bits_of_a_classifier(parameters, n_classes, weighted):
    X, y = blobs(n_classes=n_classes)
    weight = np.linspace(0.5, 2, len(X)) if weighted else None
    parameters = {"max_iter": 20, "alpha": 0.01, **parameters}
    model = MLPClassifier((6,), random_state=3, **parameters).fit(X, y, weight)
    rng, binary = np.random.RandomState(3), n_classes == 2
    net = Network(
        [4, 6, 1 if binary else 3],
        "relu",
        output="logistic" if binary else "softmax",
        dtype="float64",
        random_state=rng,
    )
    trained = Trainer(net, random_state=rng, **parameters)
    trained.run(X, y.reshape(-1, 1) if binary else y, weight)
    assert net.params.tobytes() == flat(model).tobytes()
    assert (
        trained.loss_curve == model.loss_curve_
        and trained.validation_scores == model.validation_scores_
    )


def test_network_fit_has_the_bits_of_a_regressor():
    """The regressor halves its squared errors; that only changes the scale of gradients and losses."""
    X, _ = blobs()
    y = X[:, :2] @ [[1.0, 2.0], [0.5, -1.0]]
    parameters = {**SGD, "alpha": 0.0, "max_iter": 5, "momentum": 0.0, "tol": 0.0}
    model = MLPRegressor(hidden_layer_sizes=(6,), random_state=3, **parameters).fit(X, y)
    rng = np.random.RandomState(3)
    net = Network(
        [4, 6, 2],
        "relu",
        output="identity",
        loss="squared_error",
        dtype="float64",
        random_state=rng,
    )
    parameters["learning_rate_init"] /= 2
    trained = Trainer(net, random_state=rng, **parameters).run(X, y)
    assert net.params.tobytes() == flat(model).tobytes()
    np.testing.assert_allclose(trained.loss_curve, np.multiply(model.loss_curve_, 4))


def test_fit_is_the_short_form_of_run():
    X, y = blobs()
    net = network()
    assert net.fit(X, y, max_iter=7, batch_size=32, random_state=3) is net
    assert net.params.tobytes() == trainer().run(X, y).network.params.tobytes()


def test_early_stopping_keeps_the_best_parameters_in_the_network():
    X, y = blobs()
    trained = trainer(early_stopping=True, validation_fraction=0.3, max_iter=15, **SGD)
    best, best_score = None, -1.0
    block = trained.network.params
    for epoch in trained.epochs(X, y):
        if epoch.validation_score > best_score:
            best, best_score = block.copy(), epoch.validation_score
    assert trained.network.params is block
    np.testing.assert_array_equal(block, best)


def test_stop_ends_training_after_the_epoch():
    X, y = blobs()
    trained = trainer(max_iter=100)
    for epoch in trained.epochs(X, y):
        if epoch.number == 4:
            trained.stop()
    assert trained.finished and trained.state.epoch == 4
    params = trained.network.params.copy()
    assert list(trained.run(X, y).epochs(X, y)) == []
    np.testing.assert_array_equal(trained.network.params, params)


def test_network_can_change_between_epochs():
    """The trainer trains the network's own parameters."""
    X, y = blobs()
    trained = trainer(max_iter=2, solver="sgd", momentum=0.0)
    for epoch in trained.epochs(X, y):
        if epoch.number == 1:
            trained.network.weights[0][...] = 0
            trained.network.biases[0][
                ...
            ] = -1  # no unit is active, so the first layer has no gradient
    np.testing.assert_array_equal(trained.network.weights[0], 0)


def test_only_training_that_could_continue_warns():
    X, y = blobs()
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        trainer(max_iter=2).run(X, y)
    with pytest.warns(ConvergenceWarning, match="Maximum iterations"):
        trainer(max_iter=2, n_iter_no_change=np.inf).run(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UselessModelWarning)  # the epochs are few
        trainer(max_iter=2, n_iter_no_change=np.inf, tol=0.0).run(X, y)
        trainer(max_iter=2).run(X, y, n_batches=3)


def test_training_pauses_before_rows_with_weight():
    X, y = blobs()
    weight = np.arange(len(X)) >= 20
    paused = trainer(shuffle=False, batch_size=10, max_iter=2)
    for _ in range(3):
        paused.run(X, y, weight, n_batches=1)
    whole = trainer(shuffle=False, batch_size=10, max_iter=2).run(X, y, weight)
    assert paused.run(X, y, weight).network.params.tobytes() == whole.network.params.tobytes()


def test_dropout_depends_on_the_seed_only():
    X, y = blobs()

    def params(**parameters):
        return trainer(shuffle=False, **parameters).run(X, y).network.params.tobytes()

    assert params(dropout=0.5) == params(dropout=[0.5]) != params()
    assert params(dropout=0.5) != params(dropout=0.5, random_state=4)
    assert params() == params(random_state=4)


@pytest.mark.filterwarnings("ignore:.* has no effect with this")  # batch_size
def test_lbfgs_runs_without_epochs():
    pytest.importorskip("scipy")
    X, y = blobs()
    net = network()
    model = MLPClassifier((6,), solver="lbfgs", random_state=1).fit(X, y)
    assert net.fit(X, y, solver="lbfgs").params.tobytes() == flat(model).tobytes()
    for call in (lambda t: t.epochs(X, y), lambda t: t.run(X, y, n_batches=1)):
        with pytest.raises(ValueError, match="solver='lbfgs'"):
            call(trainer(solver="lbfgs"))


def test_lbfgs_penalizes_each_layer():
    pytest.importorskip("scipy")
    X, _ = blobs()
    net = Network(
        [4, 6, 2], "tanh", output="identity", loss="squared_error", dtype="float64", random_state=0
    )
    net.fit(X, X[:, :2], solver="lbfgs", alpha=[10.0, 1e-3], max_iter=5000)
    penalized = net.gradient(X, X[:, :2], alpha=[10.0, 1e-3]).norm
    assert penalized < 0.05 < net.gradient(X, X[:, :2], alpha=[1e-3, 10.0]).norm


# Errors


@pytest.mark.parametrize(
    "parameters, message",
    [
        (
            {"solver": "newton"},
            "The 'solver' parameter of Trainer must be a str among {'adam', 'adamw', 'lbfgs'",
        ),
        ({"max_iter": 0}, "The 'max_iter' parameter of Trainer must be an int in the range"),
        ({"dropout": 1.0}, "The 'dropout' parameter of Trainer must be"),
        (
            {"dropout": [0.1, 0.2]},
            "dropout must be a number or a list of one number for each of 1 hidden layers",
        ),
        ({"alpha": [0.1]}, "alpha must be a number or a list of one number for each of 2 layers"),
        ({"max_grad_norm": 0.0}, "The 'max_grad_norm' parameter of Trainer must be"),
        ({"weight_decay": 0.1}, "weight_decay=0.1 needs solver='adamw', got 'adam'"),
        (
            {"solver": "lbfgs", "dropout": 0.1},
            "dropout=0.1 needs batches: use another solver than 'lbfgs'",
        ),
    ],
)
def test_invalid_parameters_are_refused(parameters, message):
    with pytest.raises(ValueError, match=message):
        trainer(**parameters)


def test_unknown_parameters_and_other_objects_are_refused():
    with pytest.raises(TypeError, match="unexpected keyword argument 'epochs'"):
        Network([4, 3]).fit([[0.0] * 4], [0], epochs=3)
    with pytest.raises(
        TypeError, match="A Network, an MLPClassifier or an MLPRegressor is needed, got list"
    ):
        Trainer([4, 3])


@pytest.mark.parametrize(
    "X, y, message",
    [
        (
            np.zeros((3, 5)),
            [0, 1, 2],
            "X has 5 features, but Network is expecting 4 features as input",
        ),
        (np.zeros((3, 4)), [0, 1], r"inconsistent numbers of samples: \[3, 2\]"),
        (np.zeros((0, 4)), [], r"Found array with 0 sample\(s\)"),
        (np.zeros((3, 4)), [0, 1, 3], "class indices from 0 to 2, got 0 to 3"),
        (np.zeros((3, 4)), np.zeros((3, 2)), r"y must have shape \(n,\) or \(n, 3\), got \(3, 2\)"),
        (np.zeros(4), [0], "Expected 2D array, got 1D array instead"),
    ],
)
def test_invalid_data_are_refused_and_training_can_begin(X, y, message):
    trained = trainer()
    with pytest.raises(ValueError, match=message):
        trained.run(X, y)
    assert outcome(trained.run(*blobs())) == outcome(trainer().run(*blobs()))


def test_training_refuses_another_number_of_rows_than_before():
    X, y = blobs()
    trained = trainer().run(X, y, n_batches=1)
    with pytest.raises(
        ValueError, match="Training began with 120 rows, so it cannot continue with 60"
    ):
        trained.run(X[:60], y[:60])


def test_fit_restores_the_network_after_an_error():
    X, y = blobs()
    net, bad = network(), X.copy()
    before = net.params.copy()
    bad[7, 2] = bad[90, 0] = np.nan
    with pytest.raises(NonFiniteInputError, match="NaN at row 7, column 2"):
        net.fit(bad, y, batch_size=20)
    np.testing.assert_array_equal(net.params, before)
    with pytest.raises(DivergenceError, match="batches of 20 rows and a learning rate of 1e"):
        net.fit(X, y, solver="sgd", learning_rate_init=1e300, batch_size=20)
    np.testing.assert_array_equal(net.params, before)


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"version": 0}, "another version of cmlp"),
        ({"state": None}, "damaged: .*NoneType"),
        ({"network": Network([4, 5, 3], dtype="float64")}, "values of dtype float64"),
    ],
)
def test_damaged_pickles_are_refused(changes, message):
    fields = {**trainer().run(*blobs(), n_batches=1).__getstate__(), **changes}
    with pytest.raises(ValueError, match=message):
        Trainer.__new__(Trainer).__setstate__(fields)


# The fitted estimator's network


def test_network_of_an_estimator_shares_its_parameters():
    X, y = blobs()
    model = MLPClassifier((6,), max_iter=5, random_state=0, n_threads=1).fit(X, y)
    net = model.network_
    assert (
        net is model.network_
        and np.shares_memory(net.params, model.coefs_[0])
        and net.n_threads == 1
    )
    assert net.forward(X).tobytes() == model.predict_proba(X).tobytes()
    net.biases[-1][:] = [0, 0, 100]
    assert (model.predict(X) == model.classes_[2]).all()


def test_network_of_an_estimator_stays_until_the_next_fit():
    X, y = blobs()
    model = MLPClassifier((6,), max_iter=5, random_state=0).fit(X, y)
    net = model.network_
    model.partial_fit(X, y)
    assert model.network_ is net and np.shares_memory(net.params, model.coefs_[0])
    assert net.forward(X).tobytes() == model.predict_proba(X).tobytes()
    model.loss_ = 0.5
    assert model.network_ is net
    model.fit(X, y)
    assert model.network_ is not net and not np.shares_memory(net.params, model.coefs_[0])


def test_copies_of_an_estimator_have_networks_of_their_own():
    X, y = blobs()
    model = MLPClassifier((6,), max_iter=5, random_state=0).fit(X, y)
    net, before = model.network_, model.network_.params.copy()
    loaded = pickle.loads(pickle.dumps(model))
    loaded.network_.params[:] = 0
    loaded.partial_fit(X, y)
    assert model.network_ is net
    np.testing.assert_array_equal(net.params, before)


def test_estimators_without_parameters_have_no_network():
    assert not hasattr(MLPClassifier(), "network_")
    model = MLPRegressor()
    model.coefs_, model.intercepts_ = [np.eye(2)], [np.zeros(2)]
    model.hidden_layer_sizes = ()
    np.testing.assert_array_equal(model.network_.forward([[1.0, 2.0]]), [[1.0, 2.0]])
    with pytest.raises(AttributeError, match="network_ cannot be assigned"):
        model.network_ = Network([2, 2])


def test_rows_of_probabilities_train_like_classes():
    """A row of one 1 is trained, and scored, like the index of its place."""
    X, y = blobs()
    rows = np.eye(3)[y]
    of_rows, of_classes = trainer(max_iter=4), trainer(max_iter=4)
    of_rows.run(X, rows, X_val=X, y_val=rows)
    of_classes.run(X, y, X_val=X, y_val=y)
    assert outcome(of_rows) == outcome(of_classes)
    assert len(of_rows.validation_scores) == 4


def test_scores_that_the_targets_do_not_have_are_refused():
    X, y = blobs()
    with pytest.raises(
        ValueError, match=r"scoring must be None, 'loss', 'accuracy' or a callable .*, got 'r2'"
    ):
        trainer(early_stopping=True, scoring="r2").run(X, y)


def test_a_program_scores_the_rows_of_validation():
    X, y = blobs()
    scored = trainer(
        max_iter=3, scoring=lambda network, rows, targets: len(rows) + float(targets.sum())
    )
    scored.run(X, y, X_val=X[:5], y_val=y[:5])
    assert scored.validation_scores == [5 + y[:5].sum()] * 3


RANGES = {
    "log_loss": ("logistic", -1.0, "be from 0 to 1"),
    "poisson": ("exp", -1.0, "not be negative"),
}


@pytest.mark.parametrize("loss", RANGES)
@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}, {"solver": "lbfgs"}], ids=str)
def test_targets_out_of_the_range_of_the_loss_are_refused_before_training(loss, parameters):
    """The first one in y is named, whichever the shuffled epoch reads first, and also if its row is held out."""
    X, _ = blobs()
    output, value, words = RANGES[loss]
    for row in range(0, 40, 13):
        net = Network([4, 3, 2], output=output, loss=loss, random_state=0)
        y, before = np.ones((len(X), 2)), net.params.tobytes()
        y[row, 1] = y[row + 1] = value
        message = f"^y must {words} with loss='{loss}', got -1 at row {row}, column 1"
        trained = Trainer(net, random_state=0, max_iter=2, **parameters)
        with pytest.raises(ValueError, match=message):
            trained.run(X, y)
        with pytest.raises(ValueError, match=message):
            trained.run(X, y, np.where(np.arange(len(X)) < 40, 0.0, 1.0))
        with pytest.raises(ValueError, match=message):
            net.fit(X, y, max_iter=2)
        assert net.params.tobytes() == before


@pytest.mark.parametrize("loss", RANGES)
def test_targets_of_validation_rows_are_in_the_range_of_the_loss(loss):
    X, _ = blobs()
    output, value, words = RANGES[loss]
    net = Network([4, 3, 1], output=output, loss=loss, random_state=0)
    y = np.full((len(X), 1), 0.25)
    wrong = y.copy()
    wrong[3] = value
    message = rf"X_val, y_val.*: y must {words} with loss='{loss}', got -1 at row 3, column 0"
    with pytest.raises(ValueError, match=message):
        Trainer(net).run(X, y, X_val=X, y_val=wrong)
    Trainer(net, max_iter=1).run(X, y, X_val=X, y_val=y)  # soft targets
