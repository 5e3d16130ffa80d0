"""All rows, targets and weights are compared: between workers, and when a fit is resumed."""

from pathlib import Path

import numpy as np
import pytest
from helpers import labels, uniform
from optional import package
from worker_cases import digest, in_threads

import cmlp
from cmlp import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*(converged yet|chunks of 128|largest input times|X_val, column 0)"
)

N = 2500  # more than two blocks of rows
X, Y, WEIGHT = abs(uniform(0, N, 6)), labels(1, N, 3), labels(2, N, 3) + 0.5
HELD = {"X_val": X[:1300] + 1, "y_val": Y[:1300], "sample_weight_val": WEIGHT[:1300]}
DATA = Path(__file__).parents[1] / "files/data"


def model(kind=MLPClassifier, **parameters):
    return kind(
        hidden_layer_sizes=(4,), **{"max_iter": 1, "random_state": 0, "n_threads": 1, **parameters}
    )


def as_csr(rows):
    package("scipy")
    from scipy import sparse

    return sparse.csr_array(np.where(rows > 0.5, rows, 0))


def as_frame(rows):
    return package("pandas").DataFrame(rows, columns=list("abcdef"))


def as_map(rows, path):
    np.save(path, rows)
    return np.load(path, mmap_mode="r")


FORMS = {
    "float64": lambda rows, path: rows,
    "float32": lambda rows, path: rows.astype(np.float32),
    "bytes": lambda rows, path: (rows * 200).astype(np.uint8),
    "bytes, eight columns": lambda rows, path: np.pad(
        (rows * 200).astype(np.uint8), ((0, 0), (0, 2))
    ),
    "columns": lambda rows, path: np.asfortranarray(rows),
    "every second row": lambda rows, path: np.repeat(rows, 2, axis=0)[::2],
    "every second column": lambda rows, path: np.repeat(rows, 2, axis=1)[:, ::2],
    "map": lambda rows, path: as_map(rows, path),
    "frame": lambda rows, path: as_frame(rows),
    "sparse": lambda rows, path: as_csr(rows),
    "list": lambda rows, path: rows.tolist(),
}


def changed(array, *place):
    array = array.copy()
    array[place] += 1
    return array


def messages(size, work):
    """Return the message of the ValueError that every worker raises."""
    found = in_threads(size, work)
    assert [type(error) for error in found] == [ValueError] * size, found
    return [str(error) for error in found]


@pytest.mark.parametrize("size", [2, 3])
@pytest.mark.parametrize("form", FORMS)
def test_one_other_value_of_X_on_a_worker_is_found(form, size, tmp_path):
    """The rows are made in one thread: CPython 3.11 cannot read the headers of several npy files at once."""
    same = [FORMS[form](X, tmp_path / f"{rank}.npy") for rank in range(size - 1)]
    for row in (0, 1023, 1024, 2130, N - 1):
        rows = [*same, FORMS[form](changed(X, row, row % 6), tmp_path / "changed.npy")]

        def fit(comm, rows=rows):
            return cmlp.distributed.fit(model(), rows[comm.rank], Y, comm=comm)

        text = f"All workers must have the same data, but row {row} of X on worker {size - 1} differs from that on "
        assert messages(size, fit) == [text + "worker 0."] * size


def relabelled(y, row):
    return np.where(np.arange(len(y)) == row, (y + 1) % 3, y)


# Data with one other value, and its row.
CHANGES = {
    "y": ((X, relabelled(Y, 1777), WEIGHT, HELD), 1777),
    "sample_weight": ((X, Y, changed(WEIGHT, 1777), HELD), 1777),
    "X_val": ((X, Y, WEIGHT, {**HELD, "X_val": changed(HELD["X_val"], 1111, 5)}), 1111),
    "y_val": ((X, Y, WEIGHT, {**HELD, "y_val": relabelled(HELD["y_val"], 5)}), 5),
    "sample_weight_val": (
        (X, Y, WEIGHT, {**HELD, "sample_weight_val": changed(WEIGHT[:1300], 1299)}),
        1299,
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_one_other_target_or_weight_on_a_worker_is_found(name):
    other, row = CHANGES[name]

    def fit(comm):
        rows, y, weight, held = other if comm.rank == 1 else (X, Y, WEIGHT, HELD)
        return cmlp.distributed.fit(model(), rows, y, weight, **held, comm=comm)

    text = f"All workers must have the same data, but row {row} of {name} on worker 1 differs from that on worker 0."
    assert messages(3, fit) == [text] * 3


def test_one_other_target_of_a_regressor_on_a_worker_is_found():
    def fit(comm):
        y = X[:, :2] if comm.rank == 0 else changed(X[:, :2], 2047, 1)
        return cmlp.distributed.fit(model(MLPRegressor, y_scale="standard"), X, y, comm=comm)

    assert "row 2047 of y on worker 1 differs from that on worker 0" in messages(2, fit)[0]


def test_worker_0_may_be_the_other_one():
    def fit(comm):
        return cmlp.distributed.fit(model(), X if comm.rank else changed(X, 42, 0), Y, comm=comm)

    assert "row 42 of X on worker 1 differs from that on worker 0" in messages(3, fit)[0]


def test_weights_or_another_dtype_on_one_worker_are_named():
    def weighted(comm):
        return cmlp.distributed.fit(model(), X, Y, WEIGHT if comm.rank else None, comm=comm)

    def single(comm):
        return cmlp.distributed.fit(
            model(dtype="float32"), X.astype(np.float32) if comm.rank else X, Y, comm=comm
        )

    assert "the same arrays, got X of float64 (2500, 6), y of" in messages(2, weighted)[0]
    assert (
        "y of" in messages(2, single)[0]
        and "worker 0 and X of float32 (2500, 6)" in messages(2, single)[0]
    )


OTHER_ROWS = {
    "one value": lambda rows: changed(rows, 1500, 3),
    "rows exchanged": lambda rows: rows[[*range(100), 101, 100, *range(102, N)]],
    "columns exchanged": lambda rows: rows[:, [1, 0, 2, 3, 4, 5]],
    "a smaller sum of two columns": lambda rows: rows + np.array([1e-9, -1e-9, 0, 0, 0, 0]),
    "one bit": lambda rows: np.where(np.arange(N)[:, None] == 7, np.nextafter(rows, 9), rows),
    "rounded": lambda rows: rows.astype(np.float32),
}


@pytest.mark.parametrize("other", OTHER_ROWS)
def test_resume_finds_other_rows(other):
    fitted = model().fit(X, Y)
    with pytest.raises(
        ValueError, match=r"data differ from those with which the training began: .* of X or y\."
    ):
        fitted.set_params(max_iter=2).fit(OTHER_ROWS[other](X), Y, resume=True)


@pytest.mark.parametrize("form", FORMS)
def test_resume_finds_any_other_value_and_names_its_block(form, tmp_path):
    fitted = model().fit(FORMS[form](X, tmp_path / "X.npy"), Y)
    fitted.set_params(max_iter=2)
    for row, block in (
        (0, "0 to 1023"),
        (1023, "0 to 1023"),
        (1030, "1024 to 2047"),
        (N - 1, "2048 to 3071"),
    ):
        with pytest.raises(
            ValueError, match=f"a difference is among the rows from {block} of X or y"
        ):
            fitted.fit(
                FORMS[form](changed(X, row, row % 6), tmp_path / "other.npy"), Y, resume=True
            )
    assert fitted.fit(FORMS[form](X, tmp_path / "X.npy"), Y, resume=True).n_iter_ == 2


@pytest.mark.parametrize("name", CHANGES)
def test_resume_finds_any_other_target_or_weight(name):
    fitted = model().fit(X, Y, WEIGHT, **HELD).set_params(max_iter=2)
    rows, y, weight, held = CHANGES[name][0]
    with pytest.raises(
        ValueError, match=rf"data differ .* among the rows from \d+ to \d+ of .*{name}"
    ):
        fitted.fit(rows, y, weight, **held, resume=True)
    assert fitted.fit(X, Y, WEIGHT, **HELD, resume=True).n_iter_ == 2


@pytest.mark.parametrize(
    "order",
    [(0, 2, 1), (1, 0, 2), (2, 1, 0), (1, 2, 0)],
    ids=lambda order: "".join(map(str, order)),
)
def test_resume_finds_columns_targets_and_weights_in_each_others_place(order):
    given = X[:, 0], X[:, 1], X[:, 2] + 0.5

    def rows(order):
        x, y, weight = (given[k] for k in order)
        return x.reshape(-1, 1), y, weight

    fitted = model(MLPRegressor).fit(*rows((0, 1, 2))).set_params(max_iter=2)
    with pytest.raises(ValueError, match=r"data differ .* among the rows from 0 to 1023"):
        fitted.fit(*rows(order), resume=True)
    assert fitted.fit(*rows((0, 1, 2)), resume=True).n_iter_ == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (lambda rows: rows, lambda rows: np.asfortranarray(rows)),
        (lambda rows: rows, lambda rows: rows.tolist()),
        (lambda rows: rows.astype(np.uint8), lambda rows: rows.astype(np.float32)),
        (lambda rows: rows, lambda rows: rows.astype(np.uint8)),
        (lambda rows: rows.astype(np.float32), lambda rows: rows.astype(">f8")),
        (lambda rows: as_csr(rows), lambda rows: as_csr(rows).tocsc()),
        (
            lambda rows: as_csr(rows),
            lambda rows: with_long_indices(as_csr(rows.astype(np.float32))),
        ),
    ],
)
def test_equal_values_of_another_form_or_dtype_resume(before, after):
    whole = np.floor(X * 200)
    fitted = model().fit(before(whole), Y).set_params(max_iter=2)
    expected = digest(model(max_iter=2).fit(before(whole), Y))
    assert digest(fitted.fit(after(whole), Y, resume=True)) == expected


def with_long_indices(rows):
    rows.indices, rows.indptr = rows.indices.astype(np.int64), rows.indptr.astype(np.int64)
    return rows


@pytest.mark.parametrize("row", [0, 1024, 1700])
def test_resume_on_workers_with_their_own_rows_finds_another_value(row, tmp_path):
    whole = model(batch_size=256).fit(X, Y, shards=(700, 1800)).set_params(max_iter=2)

    def resume(comm, rows=X):
        own = slice(0, 700) if comm.rank == 0 else slice(700, N)
        twin = cmlp.load(tmp_path / "model.cmlp")
        return digest(
            cmlp.distributed.fit(
                twin.set_params(max_iter=2), rows[own], Y[own], comm=comm, local=True, resume=True
            )
        )

    whole.save(tmp_path / "model.cmlp", include_training_state=True)
    found = in_threads(2, lambda comm: resume(comm, changed(X, row, 2)))
    assert all(
        "data differ from those with which the training began" in str(error) for error in found
    )
    expected = digest(whole.fit(X, Y, shards=(700, 1800), resume=True))
    assert in_threads(2, resume) == [expected] * 2


def test_other_shards_do_not_resume():
    fitted = model(batch_size=256).fit(X, Y, shards=(700, 1800)).set_params(max_iter=2)
    for shards in ((800, 1700), None):
        with pytest.raises(
            ValueError, match=r"data differ from those with which the training began: .*shards"
        ):
            fitted.fit(X, Y, shards=shards, resume=True)


def stored(name):
    """Return a stored fit of two epochs, and its data."""
    fitted = cmlp.load(DATA / f"v1_classifier_{name}.cmlp").set_params(max_iter=3)
    return fitted, uniform(0, 90, 5), labels(1, 90, 3), labels(2, 90, 3) + 0.5


@pytest.mark.parametrize("name", ["sample", "rows"])
def test_stored_fit_of_an_earlier_version_resumes(name):
    """An early file has a checksum of a sample of the rows: nothing else can be compared, until it is saved again."""
    fitted, rows, y, weight = stored(name)
    parameters = {"random_state": 1, "solver": "sgd", "batch_size": 30, "max_iter": 3}
    expected = digest(MLPClassifier((3,), **parameters).fit(rows, y, weight))
    for row in (0, 89) if name == "sample" else range(90):
        with pytest.raises(
            ValueError, match="data differ from those with which the training began"
        ):
            fitted.fit(changed(rows, row, 1), y, weight, resume=True)
    assert digest(fitted.fit(rows, y, weight, resume=True)) == expected
    with pytest.raises(
        ValueError, match="a difference is among the rows from 0 to 1023 of X or y or sample_weight"
    ):
        fitted.fit(changed(rows, 1, 1), y, weight, resume=True)


def test_stored_fit_of_an_earlier_version_resumes_on_workers():
    def resume(comm):
        fitted, rows, y, weight = stored("sample")
        return digest(cmlp.distributed.fit(fitted, rows, y, weight, resume=True, comm=comm))

    fitted, rows, y, weight = stored("sample")
    expected = digest(fitted.fit(rows, y, weight, resume=True))
    assert in_threads(2, resume) == [expected] * 2
