"""The object in which sparse rows reach the bridge."""

import numpy as np
import pytest
import scipy.sparse as sparse

from cmlp import Network
from cmlp._data.arrays import CSR


def test_elements_can_be_indexed():
    rng = np.random.RandomState(0)
    X = rng.standard_normal((90, 300)) * (rng.random_sample((90, 300)) < 0.05)
    given = sparse.csr_array(X)
    read = CSR(given.data, given.indices, given.indptr, given.shape)
    assert all(read[i, j] == X[i, j] for i in range(0, 90, 7) for j in range(300))


@pytest.mark.parametrize(
    ("indices", "indptr"),
    [
        (np.zeros(2, np.int64), np.zeros(3, np.int32)),
        (np.zeros(2, np.int32), np.zeros(3, np.int64)),
        (np.zeros(4, np.int32)[::2], np.zeros(3, np.int32)),
        (np.zeros(2, np.int32), np.zeros(2, np.int32)),
        (np.zeros(2, np.float32), np.zeros(3, np.float32)),
        (np.zeros(2, ">i4"), np.zeros(3, ">i4")),
        (None, None),
        ([0, 0], [0, 1, 2]),
    ],
)
def test_rows_that_were_not_made_by_as_csr_are_checked(indices, indptr):
    """The bridge trusts no object of the class `CSR`."""
    with pytest.raises(ValueError):
        Network((3, 2)).forward(CSR(np.ones(2), indices, indptr, (2, 3)))
    for data in (None, np.ones((2, 1)), np.ones(2, object), np.ones(4)[::2]):
        with pytest.raises(ValueError, match=r"X\.data"):
            Network((3, 2)).forward(
                CSR(data, np.zeros(2, np.int32), np.arange(3, dtype=np.int32), (2, 3))
            )
