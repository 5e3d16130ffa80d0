"""The one-cycle learning rate: from near 0 up to a peak and down to near 0 again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Share of the batches during which the rate rises.
RISING_SHARE = 0.3


def one_cycle_rates(peak: float, *, epoch: int, n_epochs: int, n_batches: int) -> NDArray[np.float64]:
    """Rates of one epoch's batches.

    The batches of all epochs are counted through, b = 0 to N - 1. Batch b has the rate at its
    middle, b + 1/2, of a ramp that rises linearly from 0 to the peak at 0.3 N and falls linearly
    to 0 at N: no batch is trained on with a rate of 0. With m = 0.3 * N:

        (b + 1/2) / m * peak                where b + 1/2 < m
        (N - (b + 1/2)) / (N - m) * peak    elsewhere

    Each operation is one of double precision, rounded: the same bits everywhere.

    Parameters
    ----------
    peak : float
        The largest rate.
    epoch : int
        Which epoch, from 0.
    n_epochs : int
        Epochs in all.
    n_batches : int
        Batches of this epoch, as if all epochs had so many.

    Returns
    -------
    ndarray of float64, shape (n_batches,)

    Notes
    -----
    Smith and Topin, "Super-convergence: very fast training of neural networks using large
    learning rates", 2018. As in most implementations the rising part is the shorter one, and the
    momentum stays as it is.
    """
    total = float(n_epochs) * float(n_batches)
    middles = float(epoch) * float(n_batches) + np.arange(n_batches, dtype=np.float64) + 0.5
    rising = RISING_SHARE * total
    ramp = np.where(middles < rising, middles / rising, (total - middles) / (total - rising))
    return ramp * float(peak)
