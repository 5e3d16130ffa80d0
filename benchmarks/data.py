"""Rows that every peer gets alike.

A case's ``kind`` says which: "pictures" are MNIST if it is there, else random pixels as sparse as
ink; "dense" pixels are random and none is 0, so that nothing can be skipped; "csr" rows are
SciPy's, with few values; "csr as dense" the same rows as an array.
"""

import functools

import numpy as np


@functools.cache
def pictures(n):
    """n pictures of 784 uint8, their classes, and where they come from."""
    from cmlp.datasets import load_mnist

    try:
        data = load_mnist()
    except FileNotFoundError:
        X, y = dense(n)
        X[np.random.RandomState(1).random_sample(X.shape) < 0.8] = 0
        return X, y, "random pixels, 19 % not 0"
    return data.X_train[:n].copy(), data.y_train[:n].copy(), "MNIST"


def dense(n):
    """n rows of 784 uint8 from 1 to 255, and classes."""
    rng = np.random.RandomState(0)
    return rng.randint(1, 256, (n, 784), np.uint8), rng.randint(0, 10, n)


def csr(n, columns, density):
    """Random rows as SciPy's CSR, float32, all of them with equally many values, and their classes."""
    import scipy.sparse

    rng = np.random.RandomState(0)
    stored = int(columns * density)
    # A value in a random place of each of `stored` parts of the row: sorted, and quick to draw.
    begins = np.arange(stored) * columns // stored
    widths = np.diff(begins, append=columns)
    indices = (begins + rng.random_sample((n, stored)) * widths).astype(np.int32)
    values = rng.random_sample(n * stored).astype(np.float32)
    indptr = np.arange(n + 1, dtype=np.int32) * stored
    X = scipy.sparse.csr_array((values, indices.ravel(), indptr), shape=(n, columns))
    return X, rng.randint(0, 10, n)


def laid_out(X, layout):
    """The same rows with a gap behind each value ("gaps"), or column by column ("columns")."""
    if layout == "gaps":
        wide = np.zeros((len(X), 2 * X.shape[1]), X.dtype)
        wide[:, ::2] = X
        return wide[:, ::2]
    return np.asfortranarray(X) if layout == "columns" else X


def rows(case):
    """Rows and classes of a case: bytes for the dtype "uint8", else pixels between 0 and 1."""
    kind, n = case.get("kind", "pictures"), case["rows"]
    if kind.startswith("csr"):
        X, y = csr(n, case["sizes"][0], case["density"])
        return (X.toarray() if kind == "csr as dense" else X), y
    X, y = dense(n) if kind == "dense" else pictures(n)[:2]
    dtype = np.dtype(case.get("dtype", "float32"))
    return laid_out(X if dtype == np.uint8 else X / dtype.type(255), case.get("layout")), y
