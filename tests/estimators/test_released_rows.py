"""When fit returns, the rows that it made for the core are released at once, not when Python next looks for cycles."""

import gc
import weakref

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
STREAMED = {
    "batches": MLPClassifier((8,), max_iter=3),
    "in order": MLPClassifier((8,), max_iter=3, shuffle=False),
    "standard": MLPClassifier((8,), max_iter=3, input_scale="standard"),
    "provenance": MLPClassifier((8,), max_iter=3, provenance=True),
    "verbose": MLPClassifier((8,), max_iter=3, verbose=True),
    "numbers": MLPRegressor(hidden_layer_sizes=(8,), max_iter=3, y_scale="standard"),
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


@pytest.fixture
def no_collector():
    """Nothing looks for cycles."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


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


@pytest.mark.filterwarnings("ignore")
@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("name", STREAMED)
def test_rows_of_a_stream_are_released_when_the_fit_ends(name):
    model = STREAMED[name]
    rows = []

    def blocks():
        for seed in range(3):
            X = np.random.RandomState(seed).rand(100, 4).astype(np.float32)
            y = (X[:, 0] > 0.5).astype(float)
            rows.extend(map(weakref.ref, (X, y)))
            yield X, y

    model.fit_batches(blocks, **({"classes": [0, 1]} if isinstance(model, MLPClassifier) else {}))
    assert len(rows) >= 3 * 2 * model.n_iter_
    assert sum(row() is not None for row in rows) == 0
    assert cycles_of_cmlp() == []
