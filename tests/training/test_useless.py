"""Every fit is compared with the best constant answer, and a warning says if it is not clearly better, and why."""

import warnings

import numpy as np
import pytest
from optional import package

from cmlp import (
    MLPClassifier,
    MLPRegressor,
    Network,
    TabularClassifier,
    TabularRegressor,
    Trainer,
    fit_many,
)
from cmlp.exceptions import ConvergenceWarning, UselessModelWarning

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer", "ignore:lbfgs failed")

rng = np.random.RandomState(0)
X = rng.standard_normal((1000, 5))
BORDER = (X[:, 0] ** 2 + X[:, 1] ** 2 > 1.4).astype(int)
Y = X @ [1.0, 2.0, 3.0, 0.0, 0.0] + 0.1 * rng.standard_normal(1000)
NOISE = rng.standard_normal(1000)


def said(fit):
    """Return the messages of UselessModelWarning in a call, without their code."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit()
    found = [str(one.message) for one in caught if issubclass(one.category, UselessModelWarning)]
    assert all(text.endswith(" [useless]") for text in found)
    return [text.removesuffix(" [useless]") for text in found]


def message_of(model, X, y, **arguments):
    (message,) = said(lambda: model.fit(X, y, **arguments))
    return message


def numbers_of(message):
    """Return the loss of the model and that of the constant."""
    loss, constant = message.split(" loss is ")[1].split(", that of predicting ")
    return float(loss), float(constant.split(" is ")[1].split(". ")[0].rstrip("."))


def untrained(kind, **parameters):
    """Return a model that stays as it begins."""
    common = {
        "hidden_layer_sizes": (3,),
        "learning_rate_init": 1e-12,
        "max_iter": 2,
        "random_state": 0,
    }
    return kind(**common, **parameters)


# What must be said


def test_sigmoids_on_a_quadratic_border_stop_on_a_plateau():
    message = message_of(MLPClassifier((20, 20), activation="logistic", random_state=0), X, BORDER)
    assert message.startswith(
        "The model is not clearly better than a constant: its training loss is 0.6"
    )
    assert "that of predicting the shares of the classes is 0.6" in message
    assert "Training stopped because the training loss did not improve by tol=0.0001" in message


def test_forty_layers():
    message = message_of(MLPClassifier((20,) * 40, random_state=0), X, BORDER)
    assert "Its outputs are nearly the same for all rows" in message
    assert message.endswith("40 hidden layers of relu units are hard to train: fewer layers help.")


def test_a_learning_rate_that_is_too_small():
    model = MLPRegressor(hidden_layer_sizes=(100,), learning_rate_init=1e-6, random_state=0)
    message = message_of(model, X, Y)
    assert "The training loss was still falling, by" in message
    assert "a larger learning_rate_init than 1e-06 or more epochs (max_iter=200) helps" in message
    assert "the mean of y" in message


def test_tiny_targets_and_tiny_inputs():
    tiny = message_of(MLPRegressor(hidden_layer_sizes=(20,), random_state=0), X, 1e-6 * Y)
    assert tiny.endswith("y has values of the order of 4e-06: y_scale='standard' helps.")
    tiny = message_of(MLPRegressor(hidden_layer_sizes=(20,), random_state=0), 1e-6 * X, Y)
    assert (
        "X has values of the order of 1e-06 in all columns: standardizing X (input_scale='standard'"
        in tiny
    )


@pytest.mark.parametrize("early_stopping", [False, True])
def test_targets_whose_squares_are_0(early_stopping):
    model = MLPRegressor(
        hidden_layer_sizes=(5,), max_iter=5, random_state=0, early_stopping=early_stopping
    )
    message = message_of(model, X, Y * 1e-300)
    assert numbers_of(message)[1] == 0
    assert message.endswith(" y has values of the order of 4e-300: y_scale='standard' helps.")
    assert said(lambda: model.fit(X, np.full(len(X), 1e-300))) == []
    weight = (np.arange(len(X)) % 2).astype(float)
    y = np.where(weight, 3.0, Y)  # constant in the rows that count
    assert said(lambda: model.fit(X, y, sample_weight=weight)) == []


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_weights_that_alpha_outweighs_are_the_only_cause(kind):
    model = kind(hidden_layer_sizes=(8,), max_iter=200, random_state=0)
    rows, y = X[:200], (BORDER if kind is MLPClassifier else NOISE)[:200]
    weight = np.full(200, 1e-9)
    message = message_of(model, rows, y, sample_weight=weight)
    assert message.partition(". ")[2] == (
        "The weights of the rows sum to 2e-07, so alpha=0.0001 outweighs them: weights with a mean "
        "of 1, or a smaller alpha, help."
    )
    model.set_params(alpha=0.0)
    assert model.fit(rows, y, weight).score(rows, y) == pytest.approx(
        model.fit(rows, y).score(rows, y), abs=0.01
    )
    (message,) = said(lambda: untrained(kind).fit(rows, y, np.full(200, 1e-3)))
    assert "outweighs" not in message
    message = message_of(model.set_params(alpha=100.0), rows, y, sample_weight=np.full(200, 1.1))
    assert "weights" not in message


def test_a_rare_class_that_is_never_predicted():
    """The parameters that are kept are those of the first epoch, whose loss is not the last one."""
    rng = np.random.RandomState(1)
    rare = np.where(rng.random_sample(6000) < 0.12, "yes", "no")
    rows = rng.standard_normal((6000, 10)) + 0.15 * (rare == "yes")[:, None]
    model = MLPClassifier(early_stopping=True, random_state=0)
    message = message_of(model, rows, rare)
    assert (model.predict(rows)[rare == "yes"] == "no").mean() > 0.98
    assert "its validation loss is" in message and numbers_of(message)[0] > model.loss_
    assert "Class 'yes' (70 of 600 rows) is never predicted: class_weight='balanced'" in message


@pytest.mark.parametrize("output", ["logistic", "tanh"])
def test_targets_that_outputs_cannot_have(output):
    net = Network([5, 10, 1], "relu", output=output, loss="squared_error", random_state=0)
    (message,) = said(lambda: net.fit(X, 3.0 + 3 * (X[:, :1] > 0)))
    assert f"y has values from 3 to 6, but outputs of '{output}' are between" in message


def test_dead_units_are_named_with_their_layer():
    net = Network([5, 4, 3, 1], "relu", output="identity", loss="squared_error", random_state=0)
    net.biases[1][:] = -100
    (message,) = said(lambda: net.fit(X, Y[:, None], learning_rate_init=1e-6, max_iter=3))
    assert "100% of the units of hidden layer 2 are dead" in message


def test_remedies_of_a_table_are_its_parameters():
    model = TabularClassifier(n_estimators=1, n_epochs=10, random_state=0)
    with pytest.warns(UselessModelWarning) as caught:
        model.fit(X[:300], (1000 + 300 * X[:300, 0]).astype(int).astype(str))
    (message,) = [str(one.message) for one in caught]
    print(message)
    assert "nearly the same for all rows" in message and "a larger learning_rate_init" in message
    assert "standardized" not in message and "activation" not in message


def test_causes_have_one_order():
    net = Network(
        [5] + [4] * 12 + [1], "relu", output="logistic", loss="squared_error", random_state=0
    )
    net.biases[1][:] = -1e6
    targets = 3 + 3.0 * (X[:, :1] > 0)
    (message,) = said(
        lambda: net.fit(1e3 * X, targets, tol=1.0, max_iter=50, learning_rate_init=1e-4)
    )
    parts = [
        "Its outputs are",
        "still falling",
        "Training stopped",
        "y has values",
        "X has values",
        "hidden layers of",
    ]
    positions = [message.index(part) for part in parts]
    assert positions == sorted(positions)


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
def test_tables_without_signal(kind):
    y = (NOISE[:300] > 0).astype(int) if kind is TabularClassifier else NOISE[:300]
    message = message_of(kind(n_estimators=4, random_state=0), X[:300], y)
    assert "its validation loss is" in message
    assert said(lambda: kind(n_estimators=4, random_state=0).fit(X[:300], BORDER[:300])) == []


def test_streams_are_compared_with_all_their_rows():
    """The first block has one class only."""
    order = np.argsort(BORDER, kind="stable")
    blocks = [(X[rows], BORDER[rows]) for rows in np.array_split(order, 10)]
    model = MLPClassifier(
        (20, 20), activation="logistic", random_state=0, max_iter=2, learning_rate_init=1e-6
    )
    (message,) = said(lambda: model.fit_batches(blocks, classes=[0, 1]))
    share = BORDER.mean()
    np.testing.assert_allclose(
        numbers_of(message)[1], -share * np.log(share) - (1 - share) * np.log(1 - share), rtol=0.02
    )
    useful = MLPRegressor(random_state=0, max_iter=20)
    assert said(lambda: useful.fit_batches([(X[:500], Y[:500]), (X[500:], Y[500:])])) == []


def test_streams_of_standardized_targets_are_compared_in_units_of_y():
    y = 1000 * NOISE + 5000
    model = untrained(MLPRegressor, y_scale="standard")
    (message,) = said(lambda: model.fit_batches([(X[:500], y[:500]), (X[500:], y[500:])]))
    np.testing.assert_allclose(numbers_of(message)[1], y.var() / 2, rtol=0.1)


def test_a_trainer_and_many_models():
    net = Network([5, 4, 1], "relu", output="identity", loss="squared_error", random_state=0)
    trainer = Trainer(net, learning_rate_init=1e-9, max_iter=3, random_state=0)
    assert said(lambda: [next(trainer.epochs(X, Y[:, None]))]) == []  # the training is not finished
    assert len(said(lambda: trainer.run(X, Y[:, None]))) == 1
    (message,) = said(
        lambda: fit_many([untrained(MLPRegressor), untrained(MLPRegressor)], X, NOISE)
    )
    assert message.endswith("(models[0], models[1])")


def test_lbfgs():
    assert (
        said(
            lambda: MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", random_state=0).fit(X, Y)
        )
        == []
    )
    message = message_of(
        MLPRegressor(hidden_layer_sizes=(5,), solver="lbfgs", max_iter=1, random_state=0), X, NOISE
    )
    assert "max_iter=1 iterations" in message


def test_the_category_is_no_convergence_warning():
    assert not issubclass(UselessModelWarning, ConvergenceWarning)
    with pytest.warns(
        UselessModelWarning, match="^The model is not clearly better than a constant"
    ):
        untrained(MLPRegressor).fit(X, NOISE)


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_constant_columns_are_the_only_cause(kind):
    y = BORDER if kind._estimator_type == "classifier" else Y
    message = message_of(kind(random_state=0, max_iter=20), np.ones((1000, 2)), y)
    assert message.endswith(". All columns of X are constant: they say nothing about y.")


@pytest.mark.parametrize("kind", [TabularClassifier, TabularRegressor])
@pytest.mark.parametrize("column", [[1.0] * 1000, [f"k{i % 250}" for i in range(1000)]])
def test_columns_of_a_table_that_no_network_uses_are_the_only_cause(kind, column):
    X = np.array(column, object)[:, np.newaxis]
    y = np.repeat([0, 1, 0, 1], 250)  # as often 0 as 1 beside each category
    message = message_of(kind(random_state=0, n_epochs=3), X, y)
    assert message.endswith(
        ". No column of X says anything about y: each is constant, or has categories on which y does not depend."
    )


def test_constant_sparse_columns_are_named():
    sparse = package("scipy.sparse").csr_matrix(np.tile([0.0, 3.0], (5000, 1)))
    message = message_of(untrained(MLPRegressor), sparse, np.resize(Y, 5000))
    assert message.endswith("All columns of X are constant: they say nothing about y.")
    sparse.data[-1] = 4.0
    message = message_of(untrained(MLPRegressor), sparse, np.resize(Y, 5000))
    assert "All columns" not in message


@pytest.mark.parametrize(
    "model",
    [
        MLPRegressor(hidden_layer_sizes=(20,), max_iter=30, random_state=0),
        MLPRegressor(hidden_layer_sizes=(20,), max_iter=30, y_scale="standard", random_state=0),
        TabularRegressor(n_estimators=2, n_epochs=10, random_state=0),
    ],
    ids=["network", "standardized", "table"],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_far_target_is_the_only_cause(model, weighted):
    y = Y.copy()
    y[7] = 1e6
    weights = np.ones(1000)
    if weighted:
        y[8] = 1e9
        weights[8] = 0
    low, high = np.quantile(y[weights > 0], [0.25, 0.75])
    message = message_of(model, X, y, sample_weight=weights)
    assert (
        message.split(" is ", 2)[2]
        .partition(". ")[2]
        .startswith(
            f"y has values far from the others, such as 1e+06, but half of y is from {low:.4g} to "
            f"{high:.4g}: a squared error depends on the far ones alone. Leave out their rows"
        )
    )
    assert "helps." in message and "y_scale" not in message and "n_epochs" not in message


def test_targets_of_all_sizes_are_not_called_far():
    for y in (np.exp(2 * NOISE), NOISE, np.where(np.arange(1000) % 200, 0.0, 1.0)):
        assert "far from the others" not in message_of(untrained(MLPRegressor), X, y)


# The numbers


@pytest.mark.parametrize("weighted", [False, True])
def test_loss_of_the_constant_agrees_with_formulas(weighted):
    """The message has three digits."""
    weight = np.linspace(0.1, 2, 1000) if weighted else None

    def constant(model, y):
        return numbers_of(message_of(model, 1e-3 * X, y, sample_weight=weight))[1]

    labels = np.arange(1000) % 3 % 2 + np.arange(1000) % 2
    shares = np.bincount(labels, weight) / (1000 if weight is None else weight.sum())
    np.testing.assert_allclose(
        constant(untrained(MLPClassifier), labels), -(shares * np.log(shares)).sum(), rtol=5e-3
    )

    y = np.stack([Y, 3 * NOISE], axis=1)
    mean = np.average(y, axis=0, weights=weight)
    squares = np.average((y - mean) ** 2, axis=0, weights=weight).mean() / 2
    np.testing.assert_allclose(constant(untrained(MLPRegressor), y), squares, rtol=5e-3)

    skewed = np.exp(2 * NOISE)
    found = constant(untrained(MLPRegressor, loss="absolute_error"), skewed)
    values = np.linspace(0.5, 2, 301)
    losses = [np.average(np.abs(skewed - value), weights=weight) for value in values]
    np.testing.assert_allclose(found, min(losses), rtol=5e-3)


def test_validation_rows_are_compared_if_there_are_any():
    own = 5 * Y[:200] + 100
    message = message_of(untrained(MLPRegressor), X, Y, X_val=X[:200], y_val=own)
    loss, constant = numbers_of(message)
    np.testing.assert_allclose(constant, own.var() / 2, rtol=5e-3)
    assert loss > 4000


VERY_RARE = np.isin(np.arange(1000), (3, 500)).astype(int)


@pytest.mark.parametrize("names", [np.array([0, 1]), np.array(["fine", "fraud"])])
def test_held_out_rows_of_one_class(names):
    """Their accuracy is perfect from the first epoch on, which is kept."""
    model = MLPClassifier(early_stopping=True, random_state=0)
    message = message_of(model, X, names[VERY_RARE])
    loss, constant = numbers_of(message)
    p = model.predict_proba(X)[np.arange(1000), VERY_RARE]
    np.testing.assert_allclose(loss, -np.log(p).mean(), rtol=5e-3)
    shares = np.array([0.998, 0.002])
    np.testing.assert_allclose(constant, focal(shares, shares, 0), rtol=5e-3)
    lacked = repr(names.tolist()[1])
    assert f"its overall loss is {loss:.3g}, that of predicting the shares" in message
    assert message.endswith(
        f"The validation rows lack class {lacked} (2 of 1000 rows), so the losses are those of all "
        "rows: other ones (X_val), or early_stopping=False, help. The validation accuracy, 1, is "
        f"that of always class {names.tolist()[0]!r}: scoring='loss' trains on."
    )


def test_an_accuracy_that_is_that_of_the_largest_class_stops_a_fit_that_the_loss_does_not():
    ordered = np.argsort(X[:, 0] + 0.5 * X[:, 1])
    rare = np.full(1000, "fine")
    rare[ordered[-20:]] = "fraud"
    model = MLPClassifier(early_stopping=True, random_state=0)
    message = message_of(model, X, rare)
    assert model.best_validation_score_ == 0.98
    assert message.endswith(
        " The validation accuracy, 0.98, is that of always class 'fine': scoring='loss' trains on."
    )
    assert "a smaller tol" not in message  # no epoch has another accuracy
    by_loss = MLPClassifier(early_stopping=True, scoring="loss", random_state=0)
    assert said(lambda: by_loss.fit(X, rare)) == []
    true = np.arange(1000), np.searchsorted(model.classes_, rare)
    plateau, trained = (-np.log(one.predict_proba(X)[true]).mean() for one in (model, by_loss))
    assert trained < plateau / 4


def test_the_accuracy_of_an_epoch_before_training_was_resumed_is_not_compared():
    model = untrained(MLPClassifier, early_stopping=True)
    model.fit(X, NOISE > 1.2)
    model.max_iter = 4
    (message,) = said(lambda: model.fit(X, NOISE > 1.2, resume=True))
    assert model.best_validation_score_ != pytest.approx(0.88, abs=0.03)
    assert "validation accuracy" not in message


@pytest.mark.parametrize(
    "stop", [{"scoring": "loss"}, {"early_stopping": False}, {"scoring": lambda net, X, y: 0.98}]
)
def test_nothing_is_said_of_an_accuracy_that_does_not_choose_the_epoch(stop):
    rare = np.where(np.arange(1000) % 50, "fine", "fraud")
    model = MLPClassifier(**{"early_stopping": True, "max_iter": 1, "random_state": 0, **stop})
    assert "scoring='loss'" not in message_of(model, X, rare)


def test_nothing_is_said_of_an_accuracy_that_is_not_that_of_the_largest_class():
    model = MLPClassifier(early_stopping=True, max_iter=20, random_state=0)
    message = message_of(model, X, np.where(NOISE > 0, "yes", "no"))
    assert model.best_validation_score_ != 0.5 and "scoring='loss'" not in message


@pytest.mark.parametrize("kind", [MLPClassifier, TabularClassifier])
def test_own_validation_rows_of_one_class(kind):
    three = np.digitize(X[:, 0], (-1, 1))
    own = {"X_val": X[three == 1][:50], "y_val": np.ones(50, int)}
    epochs = {"n_epochs": 1} if kind is TabularClassifier else {"max_iter": 1}
    still = {"learning_rate_init": 1e-9, "early_stopping": True, **epochs}
    message = message_of(kind(**still, random_state=0), X, three, **own)
    n_rows = 1050 if kind is TabularClassifier else 1000  # a table's validation rows are among all
    n_lacked = np.count_nonzero(three != 1)
    most, least = np.argsort([-(three == 0).sum(), 0, -(three == 2).sum()])[:2]
    assert (
        f"The validation rows lack classes {most}, {least} ({n_lacked} of {n_rows} rows)" in message
    )
    loss, constant = numbers_of(message)
    assert loss > 0.9 and constant > 0.6
    useful = kind(random_state=0, early_stopping=True)
    assert said(lambda: useful.fit(X, three, **own)) == []


def test_a_first_epoch_that_is_kept_is_judged_and_not_the_last_one():
    """The labels of all validation rows are wrong, so that the first epoch is best for them."""
    y = (X[:, 0] > 0).astype(int)
    rows = X[y == 1][:60]
    model = MLPClassifier(
        (8,),
        max_iter=30,
        learning_rate_init=0.01,
        random_state=0,
        early_stopping=True,
        scoring="loss",
        n_iter_no_change=40,
    )
    message = message_of(model, X, y, X_val=rows, y_val=np.zeros(60, int))
    assert numbers_of(message)[0] > 0.7 > 0.1 > model.loss_curve_[-1]


def test_validation_rows_with_equal_numbers():
    y = np.where(X[:, 0] > 0, Y, 0)
    own = {"X_val": X[y == 0][:50], "y_val": np.zeros(50)}
    message = message_of(untrained(MLPRegressor, early_stopping=True), X, y, **own)
    assert numbers_of(message)[1] == pytest.approx(y.var() / 2, rel=5e-3)
    assert "All validation rows have the same y, so the losses are those of the training" in message
    recorded = message_of(untrained(MLPRegressor), X, y, **own)
    assert "the training rows. Training ended after 2 epochs" in recorded
    assert "early_stopping" not in recorded


# What must not be said


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_constant_targets(kind):
    assert said(lambda: untrained(kind).fit(np.ones((10, 2)), np.ones(10))) == []
    assert (
        said(lambda: untrained(kind).fit(X[:50], np.full(50, 0.1 if kind is MLPRegressor else 1)))
        == []
    )


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor])
def test_single_calls(kind):
    y = BORDER if kind is MLPClassifier else Y
    classes = {"classes": [0, 1]} if kind is MLPClassifier else {}
    model = kind(random_state=0)
    assert said(lambda: model.partial_fit(X[:100], y[:100], **classes)) == []
    model = kind(warm_start=True, max_iter=1, learning_rate_init=1e-6, random_state=0)
    assert said(lambda: [model.fit(X, y) for _ in range(3)]) == []


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor])
def test_the_first_fit_of_a_warm_start(kind):
    y = BORDER if kind._estimator_type == "classifier" else Y
    epochs = "n_epochs" if kind.__name__.startswith("Tabular") else "max_iter"
    parameters = {"warm_start": True, "learning_rate_init": 1e-9, "random_state": 0}
    assert said(lambda: kind(**parameters, **{epochs: 4}).fit(X, y)) == []
    model = kind(**parameters, **{epochs: 5})
    assert len(said(lambda: model.fit(X, y))) == 1
    assert said(lambda: model.fit(X, y)) == []  # it has said so


SCALED = {
    "y_scale": "standard",
    "input_scale": "standard",
    "learning_rate_init": 0.01,
    "random_state": 0,
}


@pytest.mark.parametrize("scale", [{}, SCALED], ids=["as it is", "scaled"])
@pytest.mark.parametrize(
    ("rows", "targets"), [(X, Y + 1000), (X + 1000, Y), (X, -Y)], ids=["y + 1000", "X + 1000", "-y"]
)
def test_a_warm_start_on_rows_that_moved(rows, targets, scale):
    model = MLPRegressor(hidden_layer_sizes=(20,), warm_start=True, max_iter=60, **scale)
    assert said(lambda: model.fit(X, Y)) == []
    model.set_params(max_iter=1)
    assert said(lambda: model.fit(X, Y)) == []
    (message,) = said(lambda: model.fit(rows, targets))
    assert model.score(rows, targets) < 0.02
    assert "warm_start=True continued the model of an earlier fit" in message
    assert said(lambda: model.fit(rows, targets)) == []  # it has said so
    model.set_params(max_iter=200)
    assert said(lambda: model.fit(X, Y)) == []
    assert len(said(lambda: model.set_params(max_iter=1).fit(rows, targets))) == 1


@pytest.mark.parametrize("kind", [MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor])
def test_each_warm_start_on_rows_that_moved_again(kind):
    """Fits of one epoch on the rows of the last warning say nothing, however many they are."""
    is_classifier = kind._estimator_type == "classifier"
    epochs = "n_epochs" if kind.__name__.startswith("Tabular") else "max_iter"
    model = kind(warm_start=True, random_state=0, learning_rate_init=0.01, **{epochs: 40})
    y = (X[:, 0] > 0).astype(int) if is_classifier else Y
    others = [1 - y, (X[:, 0] < 0.1).astype(int)] if is_classifier else [-Y, -2 * Y]
    assert said(lambda: model.fit(X, y)) == []
    model.set_params(learning_rate_init=1e-9, **{epochs: 1})
    for other in others:
        assert len(said(lambda other=other: model.fit(X, other))) == 1
        assert said(lambda other=other: [model.fit(X, other) for _ in range(3)]) == []
    assert said(lambda: model.fit(X, y)) == []
    assert len(said(lambda: model.fit(X, others[1]))) == 1


def test_a_warm_start_on_other_rows_before_the_model_was_useful():
    """It has not said that the model is useless, because single epochs need not be enough."""
    model = MLPRegressor(warm_start=True, max_iter=1, learning_rate_init=1e-6, random_state=0)
    parts = [slice(k, k + 100) for k in range(0, 1000, 100)]
    assert said(lambda: [model.fit(X[part], Y[part]) for part in parts]) == []


def test_a_warm_start_of_a_weak_model_on_few_other_rows():
    """The target is mostly noise, and a network that learns an epoch more on 60 rows has learned theirs."""
    y = 0.5 * X[:, 0] + NOISE
    model = TabularRegressor(
        n_estimators=2, learning_rate_init=0.005, random_state=0, warm_start=True
    )
    assert said(lambda: model.fit(X[:600], y[:600])) == []
    model.set_params(n_epochs=1)
    for first in range(600, 1000, 60):
        rows = slice(first, first + 60)
        assert said(lambda rows=rows: model.fit(X[rows], y[rows])) == []


def test_a_warm_start_of_a_weak_network_on_few_other_rows():
    """On 30 rows a weak network seems to be no better than a constant by chance, which proves nothing."""
    y = 0.5 * X[:, 0] + NOISE
    model = MLPRegressor(
        hidden_layer_sizes=(8,),
        max_iter=40,
        learning_rate_init=0.01,
        random_state=0,
        warm_start=True,
    )
    assert said(lambda: model.fit(X[:600], y[:600])) == []
    model.set_params(max_iter=1, learning_rate_init=0.001)
    for first in range(600, 960, 30):
        rows = slice(first, first + 30)
        assert said(lambda rows=rows: model.fit(X[rows], y[rows])) == []


def test_a_warm_start_on_columns_that_make_the_network_a_constant():
    model = MLPRegressor(hidden_layer_sizes=(20,), warm_start=True, random_state=0, max_iter=60)
    assert said(lambda: model.fit(X, Y)) == []
    same = np.zeros((1000, 5))
    (message,) = said(lambda: model.fit(same, Y))
    assert "All columns of X are constant" in message


def test_a_warm_start_of_a_classifier_on_labels_that_are_exchanged():
    model = MLPClassifier((20,), random_state=0, warm_start=True, learning_rate_init=0.01).fit(
        X, BORDER
    )
    model.set_params(max_iter=1)
    assert said(lambda: model.fit(X, BORDER)) == []
    assert len(said(lambda: model.fit(X, 1 - BORDER))) == 1


@pytest.mark.parametrize("unit", [1e-3, 1, 100])
def test_gamma_is_compared_with_what_a_perfect_model_has(unit):
    """The loss of gamma has the logarithm of the unit of y in it, and is negative in a large unit."""
    random = np.random.RandomState(0)
    y = unit * random.gamma(2, np.exp(0.3 * X[:, 0]))
    fast = {"max_iter": 40, "learning_rate_init": 0.02, "batch_size": 50, "random_state": 0}
    assert said(lambda: MLPRegressor("gamma", (16,), **fast).fit(X, y)) == []
    loss, constant = numbers_of(message_of(untrained(MLPRegressor, loss="gamma"), X, y))
    assert loss > constant
    useless = MLPRegressor("gamma", (), **fast, early_stopping=True)
    assert said(lambda: useless.fit(X, unit * random.gamma(2, 1, 1000)))


def test_a_useful_model():
    frame = package("pandas").DataFrame(X)
    for model, y in [
        (MLPRegressor(hidden_layer_sizes=(20,), random_state=0), Y),
        (MLPRegressor(hidden_layer_sizes=(20,), early_stopping=True, random_state=0), 1e3 + Y),
        (MLPClassifier((20,), random_state=0), BORDER),
        (TabularRegressor(n_estimators=2, random_state=0), Y),
    ]:
        if model.get_params().get("y_scale", 0) is None:
            model.set_params(y_scale="standard")
        assert said(lambda model=model, y=y: model.fit(frame, y)) == []


def test_overconfident_probabilities_with_a_high_accuracy():
    """The loss is worse than that of a constant, but the classes are right."""
    net = Network([5, 1], output="logistic", loss="log_loss", random_state=0)
    net.weights[0][:] = [[300], [0], [0], [0], [0]]
    flipped = (X[:, 0] > 0) ^ (np.arange(1000) % 10 == 0)
    assert said(lambda: net.fit(X, flipped[:, None], max_iter=1, learning_rate_init=1e-9)) == []


def test_inputs_that_are_small_but_learned():
    """The warning about an input_scale does not predict how training goes."""
    model = MLPRegressor(
        hidden_layer_sizes=(20,), input_scale=1e-2, learning_rate_init=0.05, random_state=0
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, Y)
    assert not any("hardly make progress" in str(one.message) for one in caught)


# What is not said


@pytest.mark.parametrize(
    "fit", [lambda model: model.fit(X, NOISE), lambda model: fit_many([model], X, NOISE)]
)
def test_filters_decide_about_the_warning(fit):
    """Only a filter for all warnings of the class lets a fit leave the comparison out."""
    for filters, shown in [
        ([{"action": "ignore"}], 0),
        ([{"action": "ignore", "category": UselessModelWarning}], 0),
        ([{"action": "ignore", "message": "another text"}], 1),
        ([{"action": "ignore", "module": "another_module"}], 1),
        ([{"action": "ignore"}, {"action": "always", "category": UselessModelWarning}], 1),
    ]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for one in filters:
                warnings.filterwarnings(**one)
            fit(untrained(MLPRegressor))
        assert sum(issubclass(one.category, UselessModelWarning) for one in caught) == shown, (
            filters
        )


# Losses whose best constant answer is neither the mean nor the shares of the classes


SKEWED = np.exp(2 * NOISE)
RARE = (np.arange(1000) % 10 == 0).astype(int)
THREE = np.where(np.arange(1000) % 10 == 0, "a", np.where(np.arange(1000) % 3 == 0, "b", "c"))


def focal(shares, probabilities, focus):
    return -(shares * (1 - probabilities) ** focus * np.log(probabilities)).sum(axis=-1)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("limit", [0.05, 1.0, 20.0])
def test_the_constant_of_huber_is_the_best_one(limit, weighted):
    weight = np.linspace(0.1, 2, 1000) if weighted else None
    message = message_of(
        untrained(MLPRegressor, loss="huber", loss_parameter=limit), X, SKEWED, sample_weight=weight
    )
    assert "that of predicting the best constant is" in message
    rest = np.abs(SKEWED[:, None] - np.linspace(0, 10, 2001))
    losses = np.where(rest <= limit, rest**2 / 2, limit * (rest - limit / 2))
    best = np.average(losses, axis=0, weights=weight).min()
    np.testing.assert_allclose(numbers_of(message)[1], best, rtol=6e-3)


@pytest.mark.parametrize("focus", [0.5, 2.0, 5.0])
def test_the_constant_of_focal_is_the_best_one(focus):
    parameters = {"loss": "focal", "loss_parameter": focus}
    message = message_of(untrained(MLPClassifier, **parameters), 1e-3 * X, RARE)
    assert "that of predicting the best constant probabilities is" in message
    p = np.linspace(1e-4, 1 - 1e-4, 20001)
    best = focal(np.array([0.9, 0.1]), np.stack([1 - p, p], axis=1), focus).min()
    np.testing.assert_allclose(numbers_of(message)[1], best, rtol=6e-3)

    message = message_of(untrained(MLPClassifier, **parameters), 1e-3 * X, THREE)
    grid = np.linspace(0.004, 0.992, 248)
    one, two = (axis.ravel() for axis in np.meshgrid(grid, grid))
    triples = np.stack([one, two, 1 - one - two], axis=1)[one + two < 0.996]
    shares = np.unique(THREE, return_counts=True)[1] / 1000
    np.testing.assert_allclose(
        numbers_of(message)[1], focal(shares, triples, focus).min(), rtol=8e-3
    )


@pytest.mark.parametrize("y", [RARE, THREE])
def test_the_constant_of_label_smoothing_has_the_smoothed_shares(y):
    model = untrained(MLPClassifier, loss="label_smoothing", loss_parameter=0.2)
    shares = np.unique(y, return_counts=True)[1] / 1000
    smoothed = 0.8 * shares + 0.2 / len(shares)
    found = numbers_of(message_of(model, 1e-3 * X, y))[1]
    np.testing.assert_allclose(found, -(smoothed * np.log(smoothed)).sum(), rtol=6e-3)


def test_labels_of_focal_have_a_constant_each():
    bits = np.stack([RARE, np.arange(1000) % 2, np.arange(1000) % 3 == 0], axis=1)
    message = message_of(untrained(MLPClassifier, loss="focal"), 1e-3 * X, bits)
    p = np.linspace(1e-4, 1 - 1e-4, 20001)
    each = [
        focal(np.array([1 - s, s]), np.stack([1 - p, p], 1), 2.0).min() for s in bits.mean(axis=0)
    ]
    np.testing.assert_allclose(numbers_of(message)[1], sum(each), rtol=6e-3)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_huber_and_focal_without_signal(early_stopping):
    options = {"early_stopping": early_stopping, "random_state": 0, "max_iter": 5}
    rows = np.random.RandomState(5).standard_normal((4000, 5))
    noise = np.random.RandomState(6).standard_normal(4000)
    assert len(said(lambda: MLPRegressor("huber", **options).fit(rows, np.exp(noise)))) == 1
    assert (
        len(said(lambda: MLPClassifier(loss="focal", **options).fit(rows, (noise > 1).astype(int))))
        == 1
    )
    assert (
        len(
            said(
                lambda: MLPClassifier(loss="focal", **options).fit(
                    rows, np.digitize(noise, [-1, 1])
                )
            )
        )
        == 1
    )
    own = {"X_val": rows[:500], "y_val": np.exp(noise[:500])}
    assert (
        len(
            said(
                lambda: MLPRegressor("huber", **options).fit(rows[500:], np.exp(noise[500:]), **own)
            )
        )
        == 1
    )


@pytest.mark.parametrize("early_stopping", [False, True])
def test_huber_and_focal_with_signal(early_stopping):
    options = {"early_stopping": early_stopping, "random_state": 0}
    assert said(lambda: MLPRegressor("huber", **options).fit(X, Y)) == []
    far = Y.copy()
    far[::100] = 1e9
    assert said(lambda: MLPRegressor("huber", **options).fit(X, far)) == []
    for smooth in (
        {"loss": "focal"},
        {"loss": "label_smoothing"},
        {"loss": "focal", "loss_parameter": 5.0},
    ):
        model = MLPClassifier(**smooth, **options)
        for y in (BORDER, (X[:, 0] > 1.3).astype(int)):
            model.fit(X, y)  # a warning is an error


@pytest.mark.parametrize("loss", ["focal", "label_smoothing"])
def test_streams_of_variants_of_the_log_loss(loss):
    """Their rows are not read again, so the loss of training is compared with the constant for the same loss."""
    rare = (X[:, 0] > 1.5).astype(int)
    blocks = [(X[rows], rare[rows]) for rows in np.array_split(np.arange(1000), 4)]
    options = {"loss": loss, "random_state": 0, "learning_rate_init": 0.01}
    if loss == "label_smoothing":
        options["loss_parameter"] = 0.4
    assert (
        said(lambda: MLPClassifier(**options, max_iter=40).fit_batches(blocks, classes=[0, 1]))
        == []
    )
    useless = MLPClassifier(**{**options, "learning_rate_init": 1e-9}, max_iter=2)
    assert len(said(lambda: useless.fit_batches(blocks, classes=[0, 1]))) == 1
