"""The learning-rate range test: train with rising learning rates, and watch the loss of each batch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from cmlp.exceptions import DivergenceError, NonFiniteInputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from cmlp.training.engine import Batches
    from cmlp.training.feed import Piece

# Weight of the former losses in the smoothed loss.
SMOOTHING = 0.9
# The test ends when the smoothed loss is larger than this multiple of the smallest one.
LARGEST_RISE = 4.0


def range_test(engine: Batches, rates: NDArray[np.float64]) -> tuple[list[float], list[float]]:
    """Train one batch with each learning rate; return the loss of each batch before its step, and the smoothed losses.

    The smoothed loss after k batches is the average with weights proportional to ``SMOOTHING ** (k - i)`` for batch i.
    The test ends early if training diverges. The engine is that of a new training, whose state changes.
    """
    losses: list[float] = []
    smoothed: list[float] = []
    total = 0.0
    for step, (rate, batch) in enumerate(zip(rates.tolist(), _batches(engine), strict=False)):
        try:
            loss = _batch_loss(engine, batch, rate)
        except DivergenceError:
            break
        if not math.isfinite(loss):
            break
        total = SMOOTHING * total + (1 - SMOOTHING) * loss
        losses.append(loss)
        smoothed.append(total / (1 - SMOOTHING ** (step + 1)))
        if smoothed[-1] > LARGEST_RISE * min(smoothed):
            break
    return losses, smoothed


def _batches(engine: Batches) -> Iterator[Piece]:
    """Yield the batches of one epoch after the other. As in a fit, batches without weight are skipped."""
    while True:
        engine.feed.begin_epoch(engine.fit.state)
        for batch in range(engine.n_batches):
            piece = next(engine.feed.pieces(engine.fit.state, engine.batch_size, batch, batch + 1))
            if piece.has_weight:
                yield piece


def _batch_loss(engine: Batches, piece: Piece, rate: float) -> float:
    """Train one batch, and return its loss before the step."""
    net, task, state = engine.fit.net, engine.fit.task, engine.fit.state
    optimizer, _ = state.stepping()
    optimizer.learning_rate = rate
    try:
        cost, penalty, _, _ = net.train_epoch(
            state.params,
            piece.X,
            piece.targets,
            optimizer,
            batch_size=engine.batch_size,
            order=piece.order,
            sample_weight=piece.weight,
            dropout_row=piece.first_row,
            **engine.keywords,
        )
    except NonFiniteInputError as error:
        raise engine.feed.first_error(error, net.dtype) from None
    return (cost * task.report_scale + penalty) * task.unit
