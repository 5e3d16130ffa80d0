"""Rows that every peer gets alike: MNIST if it is there, else random pixels as sparse as ink."""

import functools

import numpy as np


@functools.cache
def pixels(n):
    """n pictures of 784 uint8, their classes, and where they come from."""
    from cmlp.datasets import load_mnist

    try:
        data = load_mnist()
    except FileNotFoundError:
        rng = np.random.RandomState(0)
        X = rng.randint(1, 256, (n, 784)).astype(np.uint8)
        X[rng.random_sample(X.shape) < 0.8] = 0
        return X, rng.randint(0, 10, n).astype(np.int64), "random pixels, 19 % not 0"
    return data.X_train[:n].copy(), data.y_train[:n].copy(), "MNIST"


def rows(n):
    """The same pictures as float32 between 0 and 1."""
    X, y, _ = pixels(n)
    return X / np.float32(255), y


def sparse_rows(n, columns, density):
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
