"""Data sets that all peers share.

The ``kind`` of a case selects the rows: "images" are MNIST if available, otherwise random pixels with as many zeros;
"dense" pixels are random and never 0, so that no work can be skipped; "csr" rows are SciPy matrices with few nonzeros;
"csr as dense" are the same rows as an array; "table" rows are random normal numbers, as many as the first layer has.
"""

import functools

import numpy as np


@functools.cache
def images(n):
    """Return n images of 784 uint8, their classes, and their source."""
    from cmlp.datasets import load_mnist

    try:
        data = load_mnist()
    except FileNotFoundError:
        X, y = dense(n)
        X[np.random.RandomState(1).random_sample(X.shape) < 0.8] = 0
        return X, y, "random pixels, 19 % not 0"
    return data.X_train[:n].copy(), data.y_train[:n].copy(), "MNIST"


def dense(n):
    """Return n rows of 784 uint8 from 1 to 255, and classes."""
    rng = np.random.RandomState(0)
    return rng.randint(1, 256, (n, 784), np.uint8), rng.randint(0, 10, n)


def csr(n, columns, density):
    """Return random float32 rows as a SciPy CSR matrix, all with the same number of nonzeros, and their classes."""
    import scipy.sparse

    rng = np.random.RandomState(0)
    stored = int(columns * density)
    # One nonzero at a random position in each of `stored` sections of the row, so that the indices
    # are sorted.
    begins = np.arange(stored) * columns // stored
    widths = np.diff(begins, append=columns)
    indices = (begins + rng.random_sample((n, stored)) * widths).astype(np.int32)
    values = rng.random_sample(n * stored).astype(np.float32)
    indptr = np.arange(n + 1, dtype=np.int32) * stored
    X = scipy.sparse.csr_array((values, indices.ravel(), indptr), shape=(n, columns))
    return X, rng.randint(0, 10, n)


def laid_out(X, layout):
    """Return the rows with a gap after each value ("gaps"), or in column-major order ("columns")."""
    if layout == "gaps":
        wide = np.zeros((len(X), 2 * X.shape[1]), X.dtype)
        wide[:, ::2] = X
        return wide[:, ::2]
    return np.asfortranarray(X) if layout == "columns" else X


def rows(case):
    """Return the rows and classes of a case: bytes for dtype "uint8", otherwise pixels between 0 and 1."""
    kind, n = case.get("kind", "images"), case["rows"]
    if kind.startswith("csr"):
        X, y = csr(n, case["sizes"][0], case["density"])
        return (X.toarray() if kind == "csr as dense" else X), y
    if kind == "table":
        rng = np.random.RandomState(0)
        columns, classes = case["sizes"][0], case["sizes"][-1]
        return rng.standard_normal((n, columns)).astype(np.float32), rng.randint(0, classes, n)
    X, y = dense(n) if kind == "dense" else images(n)[:2]
    dtype = np.dtype(case.get("dtype", "float32"))
    return laid_out(X if dtype == np.uint8 else X / dtype.type(255), case.get("layout")), y
