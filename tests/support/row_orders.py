"""The orders in which fits read their rows, seen by a loss that is called with the targets of every batch."""

import numpy as np

from cmlp import MLPRegressor, Network, Trainer

PARAMETERS = {"max_iter": 1, "random_state": 0, "tol": 0, "n_iter_no_change": 10**9}


class Rows:
    """A loss that records the targets, which are the indices of the rows, of every batch."""

    def __init__(self):
        self.batches = []

    def __call__(self, y, output):
        self.batches.append(y.ravel().astype(np.int64))
        return np.zeros(len(y)), np.zeros_like(output)

    @property
    def order(self):
        return np.concatenate(self.batches)


def order_of(n_rows, fit_arguments=None, **parameters):
    """Return the order in which an estimator reads its rows, of all its epochs."""
    rows = Rows()
    model = MLPRegressor(
        rows, **{**PARAMETERS, "hidden_layer_sizes": (), "n_threads": 1, **parameters}
    )
    model.fit(np.zeros((n_rows, 1)), np.arange(float(n_rows)), **(fit_arguments or {}))
    return rows.order


def order_of_trainer(n_rows, n_batches=None, **parameters):
    """Return the order in which a trainer reads its rows, with a pause after every `n_batches` batches."""
    rows = Rows()
    net = Network(
        [1, 1, 1], output="identity", loss=rows, dtype="float64", random_state=0, n_threads=1
    )
    trainer = Trainer(net, **{**PARAMETERS, **parameters})
    while not trainer.finished:
        trainer.run(
            np.zeros((n_rows, 1)), np.arange(float(n_rows)).reshape(-1, 1), n_batches=n_batches
        )
    return rows.order
