"""Labels, targets and weights that another thread changes while a call checks and uses them.

A call must use the copy that it has checked: it raises ValueError or returns a valid result, whenever the change
happens. A value that changes between check and use could otherwise be an index outside an array.
"""

import sys

import numpy as np
import pytest
from helpers import run_python
from internals import model_of
from scipy.sparse import coo_matrix, csr_matrix

from cmlp import MLPClassifier, Network

# Another thread changes the targets before each bytecode that reads them: whole fits would take too
# long.
from cmlp._data.arrays import as_doubles, as_order, targets_in_range
from cmlp._data.checks import as_targets
from cmlp._data.labels import as_class_indices, labels_of, learn_labels
from cmlp._data.weights import as_weights
from cmlp._export.page.description import Described
from cmlp._export.page.document import Examples

N = 2000
VALID = np.arange(N) % 900
HUGE = 10**12


def changed_at(step, call, change):
    """Call a function and `change` before one bytecode of the modules that read targets.

    Returns whether the function has that many bytecodes, and its result; None if it raises ValueError.
    """
    seen = 0

    def trace(frame, event, _):
        nonlocal seen
        if not frame.f_globals.get("__name__", "").startswith(
            ("cmlp._data", "cmlp._estimators.network", "cmlp._export.page.document")
        ):
            return None
        frame.f_trace_opcodes = True
        if event == "opcode":
            seen += 1
            if seen == step:
                change()
        return trace

    before = sys.gettrace()
    sys._getframe().f_trace_opcodes = (
        True  # settrace of Python 3.12 needs a frame that asks for opcodes
    )
    sys.settrace(trace)
    try:
        result = call()
    except ValueError:
        result = None
    finally:
        sys.settrace(before)
    return seen >= step, result


def every_result(call, change, restore):
    """Return the results of a call for a change at each of its bytecodes; there are results before and after a copy."""
    results, step, happened = [], 1, True
    while happened:
        restore()
        happened, result = changed_at(step, call, change)
        results.append(result)
        step += 1
    assert step > 10
    return [result for result in results if result is not None]


def targets_of(y):
    return learn_labels(as_targets(y, len(y), "test", labels=True))[1]


LABELS = labels_of(np.arange(900))
CALLS = {
    "fit": targets_of,
    "warm start": lambda y: LABELS.encode_all(as_targets(y, len(y), "test", labels=True)),
    "partial_fit": lambda y: LABELS.encode(as_targets(y, len(y), "test", labels=True)),
    "classes": lambda y: np.arange(len(labels_of(y).classes)),
    "Network": lambda y: as_class_indices(y, 900, "softmax"),
    "order": lambda y: as_order(y, 900),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_labels_are_checked_and_used_in_the_same_copy(call):
    y = VALID.copy()

    def change():
        y[:] = HUGE

    results = every_result(lambda: call(y), change, lambda: np.copyto(y, VALID))
    assert results
    assert all(0 <= result.min() and result.max() < 900 for result in results)


SMALL = np.arange(9) % 3
ROWS = np.arange(9.0).reshape(-1, 1) + 1


def explained(y):
    explanation = Network([1, 3], random_state=0).explain_step(ROWS, y)
    return explanation.layers[-1].output_changes.argmax(axis=1)


def of_a_page(y):
    return Examples(READER, (ROWS, y, ROWS, CLASSES[SMALL])).train[1]


CLASSES = np.array([0, 1, 5])  # with a gap, so that the labels have to be counted
READER = Described(model_of(MLPClassifier((1,)).partial_fit(ROWS, CLASSES[SMALL], classes=CLASSES)))


@pytest.mark.parametrize("call, valid", [(explained, SMALL), (of_a_page, CLASSES[SMALL])])
@pytest.mark.parametrize("value", [HUGE, -1])
def test_labels_that_are_read_twice_are_read_from_one_copy(call, valid, value):
    y = valid.copy()

    def change():
        y[:] = value

    results = every_result(lambda: call(y), change, lambda: np.copyto(y, valid))
    assert results
    assert all(np.array_equal(result, SMALL) for result in results)


@pytest.mark.slow
@pytest.mark.parametrize("part", ["indices", "data"])
@pytest.mark.parametrize("kind", [csr_matrix, coo_matrix], ids=["csr", "coo"])
def test_sparse_labels_are_checked_and_used_in_the_same_copy(kind, part):
    y = kind(np.arange(90).reshape(30, 3) % 2)
    array = y.data if part == "data" else y.indices if kind is csr_matrix else y.row
    valid = array.copy()

    def change():
        array[:] = 10**6

    results = every_result(
        lambda: learn_labels(as_targets(y, 30, "test", labels=True))[1],
        change,
        lambda: np.copyto(array, valid),
    )
    assert results and all(result.shape == (30, 3) and result.any() for result in results)


@pytest.mark.parametrize("loss", ["poisson", "gamma"])
def test_targets_of_a_limited_range_are_checked_and_used_in_the_same_copy(loss):
    y = np.ones((20, 1))

    def change():
        y[:] = -1

    results = every_result(lambda: targets_in_range(y, loss), change, lambda: y.fill(1))
    change()
    assert results and all((result > 0).all() for result in results)


@pytest.mark.parametrize(
    "call", [lambda w: as_weights(w, 20), lambda w: as_doubles(w, 20, "w")], ids=["fit", "Network"]
)
def test_weights_are_a_copy(call):
    weights = np.ones(20)
    result = call(weights)
    assert not np.shares_memory(result, weights)


@pytest.mark.slow
def test_labels_changed_by_another_thread_do_not_crash():
    """The other thread alternates valid and huge labels. In most of the calls, the copy is a mixture of both."""
    done = run_python(
        """
import threading, time
import numpy as np
from scipy.sparse import coo_matrix
import cmlp
from internals import model_of

X, y = np.zeros((50_000, 1), np.float32), np.arange(50_000) % 900
valid, changing = y.copy(), True
matrix = coo_matrix((np.ones(50_000, np.int8), (valid.copy(), y % 3)), shape=(50_000, 3), copy=False)
network = cmlp.Network([1, 2, 900])
model, multilabel = (cmlp.MLPClassifier((2,), max_iter=1, batch_size=50_000) for _ in range(2))
model.partial_fit(X[:900], np.arange(900), classes=np.arange(900))
calls = [
    lambda: model.fit(X, y),
    lambda: model.partial_fit(X, y),
    lambda: multilabel.fit(X, matrix),
    lambda: network.gradient(X, y),
    lambda: network.cost(X, y, sample_weight=y),
]

def change():
    while changing:
        for labels in (y, matrix.row):
            labels[:] = 10**9
            labels[:] = valid

thread = threading.Thread(target=change)
thread.start()
try:
    for call in calls:
        end = time.monotonic() + 1
        while time.monotonic() < end:
            try:
                call()
            except ValueError:  # the copy has huge labels
                pass
finally:
    changing = False
    thread.join()
"""
    )
    assert "Traceback" not in done.stderr
