"""`cmlp.distributed.fit` with a communicator, and what does not go with it."""

import subprocess
import sys

import numpy as np
import pytest
from worker_cases import digest, fitted, in_threads, model_of

import cmlp

pytestmark = pytest.mark.filterwarnings("ignore:.*(converged yet|chunks of 128)")


def refused(message, *arguments, **keywords):
    model, data = model_of("200")
    with pytest.raises(ValueError, match=message) as caught:
        cmlp.distributed.fit(model, *data, *arguments, **keywords)
    assert not hasattr(model, "classes_")
    return caught.value


class Alone:
    """The communicator of one process."""

    rank, size = 0, 1
    Send = Recv = Bcast = None


def test_a_communicator_of_one_process_gives_the_bits_of_fit():
    assert digest(fitted("weights", Alone())) == digest(fitted("weights"))


def test_model_is_returned_and_gets_the_weights_of_validation_rows():
    _, (X, y, weight) = model_of("weights")
    held = {"X_val": X[:99], "y_val": y[:99], "sample_weight_val": weight[:99]}
    expected = digest(model_of("weights")[0].fit(X, y, weight, **held))
    models = [model_of("weights")[0] for _ in range(2)]
    found = in_threads(
        2,
        lambda comm: (
            cmlp.distributed.fit(models[comm.rank], X, y, weight, comm=comm, **held)
            is models[comm.rank]
        ),
    )
    assert found == [True, True]
    assert [digest(model) for model in models] == [expected] * 2


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        (
            {"comm": Alone(), "client": object()},
            "client must be None with comm, .*either processes or a Dask cluster",
        ),
        ({"local": True}, "local=True needs comm, the communicator of the processes."),
        ({"shards": 2}, "shards needs comm, got 2: on a Dask cluster, .* as fit_batches does"),
    ],
)
def test_arguments_that_exclude_or_need_a_communicator_are_named(keywords, message):
    assert refused(message, **keywords).parameter in keywords


def test_fit_of_an_estimator_knows_no_other_processes():
    model, data = model_of("200")
    for name in ("comm", "local"):
        with pytest.raises(TypeError, match=name):
            model.fit(*data, **{name: None})


def test_a_number_of_shards_cuts_the_rows_equally():
    model, (X, y, _) = model_of("weights")
    model.set_params(batch_size=384)
    expected = digest(model.fit(X, y, shards=(433, 433, 434)))
    assert digest(model.fit(X, y, shards=3)) == expected

    def fit(comm):
        other = model_of("weights")[0].set_params(batch_size=384)
        return digest(cmlp.distributed.fit(other, X, y, comm=comm, shards=np.int64(3)))

    assert in_threads(2, fit) == [expected] * 2


def test_a_number_of_shards_cuts_the_rows_of_each_process():
    model, (X, y, _) = model_of("weights")
    expected = digest(model.set_params(batch_size=512).fit(X, y, shards=4))

    def fit(comm):
        rows = slice(650 * comm.rank, 650 * (comm.rank + 1))
        other = model_of("weights")[0].set_params(batch_size=512)
        return digest(
            cmlp.distributed.fit(other, X[rows], y[rows], comm=comm, local=True, shards=2)
        )

    assert in_threads(2, fit) == [expected] * 2


def test_a_communicator_imports_no_dask():
    program = """
import sys
import cmlp
class Alone:
    rank, size = 0, 1
    Send = Recv = Bcast = None
model = cmlp.MLPRegressor(hidden_layer_sizes=(2,), solver="sgd", max_iter=1, tol=0, n_iter_no_change=float("inf"))
cmlp.distributed.fit(model, [[0.0], [1.0]], [0.0, 1.0], comm=Alone())
print([name for name in sys.modules if name.partition(".")[0] in ("dask", "distributed")])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
