"""When fit returns, the rows that it made for the core are released at once, not when Python next looks for cycles."""

import gc

import numpy as np
import pytest

from cmlp import MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor

MODELS = {
    "batches": MLPClassifier((8,), max_iter=3),
    "validation": MLPClassifier((8,), max_iter=3, early_stopping=True),
    "lbfgs": MLPClassifier((8,), solver="lbfgs", max_iter=3),
    "numbers": MLPRegressor(hidden_layer_sizes=(8,), max_iter=3),
    "table": TabularClassifier(n_estimators=2, n_epochs=3),
    "table of numbers": TabularRegressor(n_estimators=2, n_epochs=3),
}


def cycles_of_cmlp():
    """Collect cycles, and return the types of those objects that are arrays or belong to cmlp."""
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        kinds = [type(found) for found in gc.garbage]
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
    return [
        kind.__qualname__
        for kind in kinds
        if kind.__module__.partition(".")[0] in ("cmlp", "numpy")
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", MODELS)
def test_a_fit_leaves_no_cycle(name):
    model = MODELS[name]
    X = np.random.RandomState(0).rand(300, 4)
    y = (X[:, 0] > 0.5).astype(int)
    model.fit(X, y)
    gc.collect()
    model.fit(X, y)
    assert cycles_of_cmlp() == []
