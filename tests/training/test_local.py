"""Processes with own rows: ``distributed.fit(..., local=True)`` is bit-identical to ``fit(..., shards=[...])``."""

import re

import numpy as np
import pytest
from helpers import labels, uniform
from worker_cases import digest, in_threads

import cmlp
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore:.*(converged yet|chunks of 128)")

SIZES = (300, 140, 470, 260)
STARTS = np.cumsum((0, *SIZES))
X, Y = uniform(0, sum(SIZES), 5), labels(1, sum(SIZES), 3)
WEIGHT = labels(2, sum(SIZES), 3).astype(float)
KEPT = {
    "max_iter": 3,
    "tol": 0,
    "n_iter_no_change": 99,
    "random_state": 0,
    "batch_size": 512,
    "n_threads": 1,
}


def model(kind=MLPClassifier, **parameters):
    return kind(hidden_layer_sizes=(6,), **{**KEPT, **parameters})


def own(comm, array):
    """Return the rows of a worker, which has as many shards as every other one."""
    per_worker = len(SIZES) // comm.size
    begin, end = STARTS[[comm.rank * per_worker, (comm.rank + 1) * per_worker]]
    return None if array is None else array[begin:end]


def own_sizes(comm):
    per_worker = len(SIZES) // comm.size
    return SIZES[comm.rank * per_worker : (comm.rank + 1) * per_worker]


def fit_local(comm, estimator, X=X, y=Y, weight=None, **arguments):
    """Fit on the rows of a worker."""
    shards = own_sizes(comm)
    data = [own(comm, array) for array in (X, y, weight)]
    return cmlp.distributed.fit(estimator, *data, comm=comm, local=True, shards=shards, **arguments)


CASES = {
    "plain": ({}, X, Y, None),
    "weights, dropout": ({"dropout": 0.3, "solver": "sgd"}, X, Y, WEIGHT),
    "balanced": ({"class_weight": "balanced"}, X, Y, None),
    "texts of several lengths": ({}, X, np.array(["a", "bcd", "ef"])[np.sort(Y)], None),
    "texts as objects": ({}, X, np.array(["a", "bcd", "ef"], object)[Y], None),
    "bytes": ({"input_scale": 1 / 255}, (X * 255).astype(np.uint8), Y, None),
    "columns": ({}, np.asfortranarray(X.astype(np.float32)), Y, None),
    "every second row": ({}, np.repeat(X, 2, axis=0)[::2], Y, None),
    "several outputs": ({}, X, np.eye(3, dtype=int)[Y] | (np.arange(3) == 0), WEIGHT),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [1, 2, 4])
def test_own_rows_give_the_bits_of_all_rows_in_shards(case, size):
    parameters, rows, y, weight = CASES[case]
    expected = digest(model(**parameters).fit(rows, y, weight, shards=SIZES))
    found = in_threads(
        size, lambda comm: digest(fit_local(comm, model(**parameters), rows, y, weight))
    )
    assert found == [expected] * size


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (["a", "bcd", "ef"], np.array(["a", "bcd", "ef"])),
        (["a", "a\0", "\ud800"], np.array(["a", "a\0", "\ud800"], object)),
    ],
)
def test_labels_of_any_kind_give_the_classes_of_one_process(labels, classes):
    y = np.array(labels, classes.dtype)[Y]
    expected = model().fit(X, y, shards=SIZES)
    for other in in_threads(2, lambda comm: fit_local(comm, model(), y=y)):
        assert other.classes_.dtype == expected.classes_.dtype == classes.dtype
        assert other.classes_.tolist() == classes.tolist()
        assert digest(other) == digest(expected)


@pytest.mark.parametrize("y", [(Y / 4).astype(object), np.frombuffer((Y / 4).tobytes())])
def test_targets_of_a_regressor_may_be_objects_or_read_only(y):
    expected = digest(model(MLPRegressor).fit(X, y, shards=SIZES))
    assert (
        in_threads(2, lambda comm: digest(fit_local(comm, model(MLPRegressor), y=y)))
        == [expected] * 2
    )


@pytest.mark.parametrize("y_scale", ["standard", "robust"])
def test_regressor_scales_the_targets_of_all_workers(y_scale):
    y = 1000 * X[:, 0] + np.arange(len(X))
    expected = digest(model(MLPRegressor, y_scale=y_scale).fit(X, y, shards=SIZES))
    found = in_threads(
        4, lambda comm: digest(fit_local(comm, model(MLPRegressor, y_scale=y_scale), y=y))
    )
    assert found == [expected] * 4


def test_a_class_may_be_on_one_worker_only():
    y = np.where(np.arange(len(X)) < 100, 2, Y % 2)
    expected = model().fit(X, y, shards=SIZES)
    models = in_threads(4, lambda comm: fit_local(comm, model(), y=y))
    assert [digest(other) for other in models] == [digest(expected)] * 4
    assert [other.classes_.tolist() for other in models] == [[0, 1, 2]] * 4


def test_all_rows_of_a_worker_are_one_shard_unless_it_says_otherwise():
    expected = digest(model().fit(X, Y, shards=(440, 730)))
    found = in_threads(
        2,
        lambda comm: digest(
            cmlp.distributed.fit(model(), own(comm, X), own(comm, Y), comm=comm, local=True)
        ),
    )
    assert found == [expected] * 2


def test_early_stopping_uses_the_validation_rows_of_all():
    held = {"X_val": X[:100], "y_val": Y[:100]}
    expected = model(early_stopping=True).fit(X, Y, shards=SIZES, **held)
    models = in_threads(2, lambda comm: fit_local(comm, model(early_stopping=True), **held))
    assert [digest(other) for other in models] == [digest(expected)] * 2


def test_training_resumes_with_another_number_of_workers(tmp_path):
    whole = digest(model(max_iter=6).fit(X, Y, shards=SIZES))

    def half(comm):
        path = tmp_path / f"{comm.rank}.cmlp"
        fit_local(comm, model()).save(path, include_training_state=True)

    in_threads(2, half)
    resumed = [cmlp.load(tmp_path / "0.cmlp").set_params(max_iter=6) for _ in range(4)]
    found = in_threads(4, lambda comm: digest(fit_local(comm, resumed[comm.rank], resume=True)))
    assert found == [whole] * 4


@pytest.mark.parametrize("begins", ["local", "shards"])
def test_training_resumes_on_one_process_and_back(begins):
    whole = digest(model(max_iter=6).fit(X, Y, shards=SIZES))

    def fit(comm):
        half = fit_local(comm, model()) if begins == "local" else model().fit(X, Y, shards=SIZES)
        half.set_params(max_iter=6)
        if begins == "local":
            return digest(half.fit(X, Y, shards=SIZES, resume=True))
        return digest(fit_local(comm, half, resume=True))

    assert in_threads(2, fit) == [whole] * 2


def test_training_does_not_resume_with_other_rows():
    def fit(comm):
        half = fit_local(comm, model()).set_params(max_iter=6)
        return fit_local(comm, half, X + (comm.rank == 1), resume=True)

    assert all(
        "The data differ from those with which the training began" in text
        for text in failing(2, fit)
    )


def test_data_frames_keep_their_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcde"))
    models = in_threads(2, lambda comm: fit_local(comm, model(), frame))
    assert [list(other.feature_names_in_) for other in models] == [list("abcde")] * 2


def failing(size, work, kind=ValueError):
    """Return the message that all workers raise."""
    results = in_threads(size, work)
    assert all(isinstance(result, Exception) for result in results), results
    assert any(isinstance(result, kind) for result in results), results
    return [str(result) for result in results]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda X, y, w: (X[:, 1:], y, w),
            "the same number of features, got 5 on worker 0 and 4 on worker 1",
        ),
        (
            lambda X, y, w: (X.astype(np.float32), y, w),
            "the same dtype of X, got float64 .* and float32",
        ),
        (
            lambda X, y, w: (X, y.astype(str), w),
            "the same kind of labels in y, got numbers on worker 0 and text on",
        ),
        (
            lambda X, y, w: (X, np.eye(3)[y], w),
            r"the same number of outputs in y, got \(\) on .* and \(3,\) on",
        ),
        (
            lambda X, y, w: (X, y, None),
            "the same kind of sample_weight, got one per row on worker 0 and None on",
        ),
        (lambda X, y, w: (X[:0], y[:0], w[:0]), r"Found array with 0 sample\(s\)"),
        (
            lambda X, y, w: (X[:100], y[:100], w[:100]),
            r"takes 256 rows of each shard, but shards\[1\] has 100",
        ),
        (
            lambda X, y, w: (X, y[1:], w),
            "Found input variables with inconsistent numbers of samples",
        ),
        (
            lambda X, y, w: (X, y.astype(object), w),
            "All labels are of type int, but the array is of dtype object",
        ),
        (lambda X, y, w: (X, y, -w), "Negative values in data passed to `sample_weight`"),
    ],
)
def test_rows_that_do_not_fit_together_raise_an_error_on_all(change, message):
    def fit(comm):
        arrays = own(comm, X), own(comm, Y), own(comm, WEIGHT)
        cmlp.distributed.fit(
            model(), *(change(*arrays) if comm.rank else arrays), comm=comm, local=True
        )

    assert all(re.search(message, text) for text in failing(2, fit))


@pytest.mark.parametrize("counts", [(1, 3), (3, 1), (1, 2, 1), (2, 1, 1)])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weights"])
def test_processes_may_have_unequal_numbers_of_shards(counts, weight):
    expected = digest(model(input_scale="standard", dropout=0.2).fit(X, Y, weight, shards=SIZES))

    def fit(comm):
        first = sum(counts[: comm.rank])
        last = first + counts[comm.rank]
        rows = slice(STARTS[first], STARTS[last])
        data = [None if array is None else array[rows] for array in (X, Y, weight)]
        estimator = model(input_scale="standard", dropout=0.2)
        return digest(
            cmlp.distributed.fit(estimator, *data, comm=comm, local=True, shards=SIZES[first:last])
        )

    assert in_threads(len(counts), fit) == [expected] * len(counts)


@pytest.mark.parametrize("weight", [None, WEIGHT * (np.arange(len(X)) > 350)], ids=["", "weights"])
@pytest.mark.parametrize("name", ["standard", "minmax"])
@pytest.mark.parametrize("size", [1, 2, 4])
def test_workers_learn_the_scale_of_the_inputs_from_all_rows(size, name, weight):
    rows = X * [1e3, 1, 1e-300, 1e200, 0] + [1e6, 0, 0, 0, 3]
    expected = model(input_scale=name).fit(rows, Y, weight, shards=SIZES)
    models = in_threads(
        size, lambda comm: fit_local(comm, model(input_scale=name), rows, Y, weight)
    )
    for other in models:
        assert other.input_scale_[0].tobytes() == expected.input_scale_[0].tobytes()
        assert other.input_scale_[1].tobytes() == expected.input_scale_[1].tobytes()
        assert digest(other) == digest(expected)


def test_workers_that_disagree_about_the_scale_raise_one_error():
    def fit(comm):
        return fit_local(comm, model(input_scale="standard" if comm.rank else 1.0))

    texts = failing(2, fit)
    assert (
        texts
        == [
            "All workers must have the same input_scale, got None on worker 0 and standard on worker 1."
        ]
        * 2
    )


def test_worker_that_fails_before_the_scale_is_learned_ends_all():
    def fit(comm):
        estimator = model(input_scale="standard", batch_size=512 if comm.rank else 500)
        return fit_local(comm, estimator)

    texts = failing(2, fit)
    assert all("batch_size must be a multiple of 512" in text for text in texts)


def test_parameters_that_need_all_rows_are_refused():
    texts = failing(2, lambda comm: fit_local(comm, model(input_scale="robust")))
    assert all("input_scale='robust' needs all rows for the quartiles" in text for text in texts)
    texts = failing(2, lambda comm: fit_local(comm, model(early_stopping=True)))
    assert all("pass X_val and y_val" in text for text in texts)


def test_local_needs_a_communicator_and_dense_rows():
    with pytest.raises(ValueError, match="local=True needs comm, the communicator"):
        cmlp.distributed.fit(model(), X, Y, local=True)
    sparse = pytest.importorskip("scipy.sparse")
    texts = failing(2, lambda comm: fit_local(comm, model(), sparse.csr_array(X)))
    assert all("local=True needs dense rows, got a sparse X." in text for text in texts)


def test_all_workers_name_the_row_of_a_value_that_is_not_finite():
    bad = X.copy()
    bad[950:, 3] = np.nan  # of the last shard: some of its rows are in the first epoch

    def fit(comm):
        return fit_local(comm, model(), bad)

    texts = failing(4, fit, cmlp.exceptions.NonFiniteInputError)
    assert len(set(texts)) == 1 and re.search(r"row (9[5-9]\d|1\d\d\d), column 3", texts[0])


def test_error_names_the_column_of_a_data_frame():
    pandas = pytest.importorskip("pandas")
    bad = X.copy()
    bad[100, 3] = np.inf
    frame = pandas.DataFrame(bad, columns=list("abcde"))
    texts = failing(
        2, lambda comm: fit_local(comm, model(), frame), cmlp.exceptions.NonFiniteInputError
    )
    assert texts == ["Input X contains NaN or infinity at row 100, column 'd'."] * 2


@pytest.mark.parametrize("whose", [0, 1])
def test_workers_that_disagree_about_local_raise_one_error(whose):
    def fit(comm):
        return cmlp.distributed.fit(
            model(), own(comm, X), own(comm, Y), comm=comm, local=comm.rank == whose
        )

    texts = failing(2, fit)
    assert (
        texts
        == [
            f"All workers must have the same local, got {not whose} on worker 0 and {bool(whose)} on worker 1."
        ]
        * 2
    )


def test_local_that_has_no_truth_value_raises_on_all():
    texts = failing(
        2,
        lambda comm: cmlp.distributed.fit(
            model(), X, Y, comm=comm, local=np.ones(2) if comm.rank else True
        ),
    )
    assert all("truth value" in text for text in texts)
