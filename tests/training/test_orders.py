"""Positions of an epoch: an order knows no rows."""

import numpy as np
import pytest
from orders import ORDERS, calls_of_epoch

N_ROWS, BATCH = 100, 9


@pytest.mark.parametrize("name", ORDERS)
def test_an_epoch_reads_each_row_once(name):
    """Of shards only those of full batches."""
    calls, is_last = calls_of_epoch(name, N_ROWS, BATCH)
    positions = np.concatenate(calls)
    assert is_last and len(np.unique(positions)) == len(positions)
    if name == "shards":
        batches = np.searchsorted((20, 50), positions, "right").reshape(-1, 3, 3)
        assert len(batches) == 6 and (batches == np.arange(3)[:, np.newaxis]).all()
    else:
        assert len(positions) == N_ROWS
        assert (name == "as given") == bool((np.diff(positions) == 1).all())


@pytest.mark.parametrize("name", ORDERS)
def test_a_part_of_an_epoch_is_that_of_the_whole(name):
    whole = np.concatenate(calls_of_epoch(name, N_ROWS, BATCH)[0])
    for first, end in [(0, 2), (2, 5), (5, None), (1, 2)]:
        calls, is_last = calls_of_epoch(name, N_ROWS, BATCH, first, end)
        stop = None if end is None else BATCH * end
        assert np.array_equal(np.concatenate(calls), whole[BATCH * first : stop])
        assert is_last == (end is None)
