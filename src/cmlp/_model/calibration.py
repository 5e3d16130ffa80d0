"""Conformal calibration of a table's model: scores of rows outside the training, and how far intervals reach.

Split conformal prediction: Vovk, Gammerman, Shafer, "Algorithmic learning in a random world", 2005; Papadopoulos and
others, "Inductive confidence machines for regression", 2002. Quantiles: Romano, Patterson, Candès, "Conformalized
quantile regression", 2019. Sets of classes: Sadinle, Lei, Wasserman, "Least ambiguous set-valued classifiers with
bounded error levels", 2019.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cmlp._process.warnings import warn

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from cmlp._bridge import _core

ABSOLUTE_ERROR, QUANTILES, PROBABILITY = "absolute_error", "quantiles", "probability"
KINDS = (ABSOLUTE_ERROR, QUANTILES, PROBABILITY)
HELD_OUT, CALIBRATION = "held_out", "calibration"
ROWS = (HELD_OUT, CALIBRATION)
MOST_SCORES = 9_999  # that are kept: 80 kB of a file
_ROUNDING = 1e-9  # of (n + 1) * coverage, which must not add a rank


class Calibration(NamedTuple):
    """The scores of rows that a model was not trained on.

    Attributes
    ----------
    kind : {"absolute_error", "quantiles", "probability"}
        The score of a row: ``|y - prediction|``; by how much y is outside the predicted quantiles, negative inside;
        1 minus the probability of the right class, or of the right answer for a label. `scores_of` rounds them so that
        the interval or the set of each margin contains every row whose score is at most this margin.
    rows : {"held_out", "calibration"}
        "held_out": each row was judged by the networks that held it out, and helped to choose their epochs.
        "calibration": rows of `calibrate`, judged by the model.
    scores : ndarray of float64, shape (n_answers, n_scores)
        Ascending in each row. Each target has its row, and each label if a row of the table can have several.
    """

    kind: str
    rows: str
    scores: NDArray[np.float64]

    def margins(self, coverage: float) -> NDArray[np.float64]:
        """Return the scores of rank ``ceil((n + 1) * coverage)``; infinity, with a warning, if n is too small."""
        n_answers, n = self.scores.shape
        rank = max(1, math.ceil(coverage * (n + 1) - _ROUNDING))
        if rank <= n:
            return self.scores[:, rank - 1]
        needed = math.ceil(coverage / (1 - coverage) - _ROUNDING)
        what = "sets have all classes" if self.kind == PROBABILITY else "intervals are infinite"
        warn(f"coverage={coverage} needs at least {needed} scores, but the model has {n}: {what}.")
        return np.full(n_answers, math.inf)

    def intervals(self, outputs: NDArray[np.float64], coverage: float) -> NDArray[np.float64]:
        """Return the lower and upper ends for the outputs of a regressor, of shape (n_rows, [n_targets,] 2)."""
        margins = self.margins(coverage)
        low, high = _ends(self.kind, outputs)
        low, high = low - margins, high + margins
        crossed = low > high  # a negative margin: the point between both ends covers more than nothing
        low[crossed] = high[crossed] = (low[crossed] + high[crossed]) / 2
        ends = np.stack([low, high], axis=-1)
        return ends if len(margins) > 1 else ends[:, 0]

    def sets(self, probabilities: NDArray[np.float64], coverage: float) -> NDArray[np.bool_]:
        """Return which classes are in the set of each row; the most probable class always is.

        If a row can have several labels, the shape is (n_rows, n_labels, 2), and the classes of each are no and yes.
        """
        margins = self.margins(coverage)
        if len(margins) > 1:
            probabilities, margins = np.stack([1 - probabilities, probabilities], axis=-1), margins[:, None]
        found: NDArray[np.bool_] = 1 - probabilities <= margins
        np.put_along_axis(found, probabilities.argmax(axis=-1)[..., None], True, axis=-1)
        return found


def n_answers(net: _core.Net) -> int:
    """Return the number of targets, or of labels that a row can have, of a table's model with such networks; or 1."""
    is_one = isinstance(net.loss_parameter, tuple) or net.activations[-1] == "softmax"
    return 1 if is_one else int(net.n_out)


def checked_calibration(kind: object, rows: object, scores: NDArray[np.float64], n: int) -> Calibration:
    """Return the calibration of a file or a pickle for `n` answers; raises ValueError if it is invalid."""
    if kind not in KINDS or rows not in ROWS or scores.ndim != 2 or len(scores) != n or not scores.size:
        raise ValueError("the calibration is invalid")
    if np.isnan(scores).any() or (scores[:, 1:] < scores[:, :-1]).any():
        raise ValueError("the scores of the calibration do not ascend")
    return Calibration(str(kind), str(rows), scores)


def kind_of_scores(net: _core.Net, *, has_classes: bool) -> str:
    """Return the kind of score of a model with such networks."""
    if has_classes:
        return PROBABILITY
    return QUANTILES if isinstance(net.loss_parameter, tuple) else ABSOLUTE_ERROR


def scores_of(kind: str, outputs: NDArray[np.float64], y: NDArray[Any]) -> NDArray[np.float64]:
    """Return the scores of rows, of shape (n_answers, n_rows).

    y has a column of numbers for each target, or the index of each row's class, which is -1 for an unknown class, or a
    bool for each label that a row can have.
    """
    if kind == PROBABILITY and y.ndim == 1:
        return np.where(y < 0, np.inf, 1 - outputs[np.arange(len(y)), y])[None]
    if kind == PROBABILITY:
        return (1 - np.where(y, outputs, 1 - outputs)).T
    low, high = _ends(kind, outputs)
    below, above = low - y, y - high
    # Rounding can make a difference too small for its end to reach y. The next larger number is then large enough.
    below = np.where(low - below > y, np.nextafter(below, np.inf), below)
    above = np.where(high + above < y, np.nextafter(above, np.inf), above)
    scores: NDArray[np.float64] = np.maximum(below, above).T
    return scores


def _ends(kind: str, outputs: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the outputs at which the intervals of each target begin and end, before a margin is added."""
    return (outputs[:, :1], outputs[:, -1:]) if kind == QUANTILES else (outputs, outputs)


def calibrated(kind: str, rows: str, scores: NDArray[np.float64], weight: NDArray[np.float64] | None) -> Calibration:
    """Return the calibration with these scores, of shape (n_answers, n_rows)."""
    return Calibration(kind, rows, np.stack([_kept(each, weight) for each in scores]))


def _kept(scores: NDArray[np.float64], weight: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """Return the sorted scores of one answer, of which at most `MOST_SCORES` are kept.

    Score i of m kept ones is the smallest one whose cumulative weight is at least i / m of all: for equal weights, its
    rank among all is then never too small for a coverage. m is Kish's effective number of rows at most.
    """
    order = np.argsort(scores, kind="stable")
    n = len(scores)
    if weight is None:
        m = min(n, MOST_SCORES)
        ranks = -(-np.arange(1, m + 1) * n // m)
    else:
        m = max(1, min(int(weight.sum() ** 2 / (weight**2).sum() + _ROUNDING), MOST_SCORES))
        summed = np.cumsum(weight[order])
        levels = np.arange(1, m + 1) / m * summed[-1] * (1 - 1e-12)
        ranks = 1 + np.minimum(np.searchsorted(summed, levels), n - 1)
    return scores[order][ranks - 1]
