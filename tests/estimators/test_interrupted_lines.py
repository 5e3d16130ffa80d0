"""Ctrl-C before every line of a fit: resuming is bit-identical to a fit that was not interrupted."""

import pickle

import numpy as np
import pytest
from estimator_cases import blobs, flat, interrupted_in_line, small
from internals import state_of

from cmlp import MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer")

X, Y = blobs()  # 12 batches of 10 rows: enough for a gradient norm
TARGETS = X[:, 0] * 1e3 + 5e3
SGD = {"solver": "sgd", "learning_rate_init": 0.05}
HELD = {"X_val": X[::3] + 0.1, "y_val": Y[::3]}


def classifier(**parameters):
    return small(**{"batch_size": 10, "max_iter": 2, **parameters})


def regressor():
    return MLPRegressor(
        hidden_layer_sizes=(5,), batch_size=10, max_iter=2, y_scale="standard", random_state=0
    )


def fitted(model, **arguments):
    return model.fit(X, TARGETS if isinstance(model, MLPRegressor) else Y, **arguments)


def fitted_with_validation(model, **arguments):
    return fitted(model, **HELD, **arguments)


def fitted_by_blocks(model, **arguments):
    source = [(X[i : i + 65], Y[i : i + 65]) for i in range(0, len(X), 65)]
    return model.fit_batches(source, classes=[0, 1, 2], n_rows=len(X), **arguments)


ADAPTIVE = {**SGD, "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1, "max_iter": 3}
CASES = {"invscaling": (lambda: classifier(**SGD, learning_rate="invscaling"), fitted)}
SLOW = {
    "own validation rows": (lambda: classifier(scoring="loss"), fitted_with_validation),
    "adaptive": (lambda: classifier(**ADAPTIVE), fitted),
    "several epochs at once": (classifier, fitted),
    "early stopping": (lambda: classifier(early_stopping=True, tol=1.0), fitted),
    "standardized targets": (regressor, fitted),
    "blocks": (lambda: classifier(learning_rate="cosine"), fitted_by_blocks),
}


def outcome(model):
    state = state_of(model)
    table = {name: values for name, values in model.history_.items() if name != "seconds"}
    counters = model.n_iter_, model.t_, model.best_loss_, state.optimizer.learning_rate
    return flat(model).tobytes(), state.optimizer.state.tobytes(), repr(table), counters


N_PARTS = 8


@pytest.mark.sampled(4)
@pytest.mark.parametrize("part", range(N_PARTS))
@pytest.mark.parametrize(
    ("make", "fit"),
    [*CASES.values(), *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW.values())],
    ids=[*CASES, *SLOW],
)
def test_fit_continues_after_ctrl_c_in_any_line(make, fit, part):
    """A part has every eighth line."""
    model = fit(make())
    whole, began, step = outcome(model), 0, part + 1 - N_PARTS
    assert np.isfinite(model.history_["gradient_norm"]).all()
    while True:
        model = make()
        step += N_PARTS
        if not interrupted_in_line(step, lambda run=model: fit(run), "cmlp.", "cmlp._train."):
            break
        if not began and "_result" not in vars(model) and "_interrupted" not in vars(model):
            continue  # before the training began
        began = began or step
        assert outcome(fit(pickle.loads(pickle.dumps(model)), resume=True)) == whole, f"line {step}"
    assert 0 < began < step - 100
