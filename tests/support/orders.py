"""The orders in which an epoch reads rows, without rows."""

import numpy as np

from cmlp._train.order import BlockOrder, ShardOrder, WholeOrder
from cmlp._train.random import generator_of
from cmlp._train.state import History, TrainingState

ORDERS = {
    "as given": WholeOrder(shuffle=False),
    "whole": WholeOrder(),
    "blocks": BlockOrder(block_size=7),
    "shards": ShardOrder(shards=(20, 30, 50), share=3),
}


def calls_of_epoch(name, n_rows, batch_size, first=0, end=None):
    """Return the positions that an epoch passes to the core in each call, and whether the epoch ends with the last."""
    order, state = ORDERS[name], TrainingState(np.zeros(1), History(), generator_of(0))
    order.begin_epoch(state, n_rows)
    calls = list(order.positions(state, n_rows, batch_size, first, end))
    assert not any(is_last for _, is_last in calls[:-1])
    every = np.arange(n_rows)
    return [every if rows is None else rows for rows, _ in calls], calls[-1][1]
