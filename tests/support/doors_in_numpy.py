"""What side doors of the page compute, in NumPy: the rule by hand, the neuron by hand, the chain, edges."""

from itertools import product

import numpy as np

from cmlp import Network

SIDE = 28

# ------------------------------------------------------------------------------------------- #read, a rule by hand

_DARK, _INK = 100, 0.4 * 255


def loops(image):
    """Return the mean rows of the regions of ground that ink encloses, for an image of 784 pixels.

    The darkness outside flows in from the border; what stays dry is a loop. Regions of up to 3 pixels are gaps.
    """
    ground = image.reshape(SIDE, SIDE) < _DARK
    outside = np.zeros((SIDE, SIDE), bool)
    outside[0] = ground[0]
    ground = ground & ~_flooded(outside, ground)
    found = []
    while ground.any() and len(found) < 3:
        seed = np.zeros((SIDE, SIDE), bool)
        seed[tuple(np.argwhere(ground)[0])] = True
        region = _flooded(seed, ground)
        ground &= ~region
        if region.sum() > 3:
            found.append(float(np.nonzero(region)[0].mean()))
    return found


def _flooded(wet, ground):
    while True:
        grown = wet.copy()
        grown[1:] |= wet[:-1]
        grown[:-1] |= wet[1:]
        grown[:, 1:] |= wet[:, :-1]
        grown[:, :-1] |= wet[:, 1:]
        grown &= ground
        if (grown == wet).all():
            return wet
        wet = grown


def rule(image):
    """Return the digit that the rule sees in an image of 784 pixels."""
    ink = image.reshape(SIDE, SIDE) > _INK
    rows, columns = np.nonzero(ink)
    if not len(rows):
        return 1
    top, bottom = int(rows.min()), int(rows.max())
    holes = loops(image)
    if len(holes) >= 2:
        return 8
    if holes:
        height = (holes[0] - top) / max(bottom - top, 1)
        return 9 if height < 0.42 else 6 if height > 0.58 else 0
    if np.ptp(columns) < 8:
        return 1
    return _by_strokes(ink, top, bottom)


def _by_strokes(ink, top, bottom):
    """Tell 2, 3, 4, 5 and 7 apart by where the ink is."""
    third = (bottom - top) / 3
    left = ink[:, :14]
    upper_left = left[int(top + third * 0.5) : int(top + third * 1.5)].sum()
    lower_left = left[int(bottom - third * 1.5) : int(bottom - third * 0.5)].sum()
    top_width = ink[top : top + 4].sum(axis=1).max()
    if upper_left > 8 and lower_left < 8:
        return 5 if top_width > 7 else 4
    if ink[bottom - 3 : bottom + 1].sum(axis=1).max() > 8:
        return 2
    return 7 if top_width > 8 and lower_left < 8 else 3


# ------------------------------------------------------------------------------------------ #edge, a neuron by hand


def bar_weights(top, around):
    """Return 1 in 3 rows of 8 pixels from row `top` on, and `around` in 2 rows above and below."""
    weights = np.zeros((SIDE, SIDE))
    weights[top - 2 : top + 5, 10:18] = around
    weights[top : top + 3, 10:18] = 1
    return weights.ravel()


# -------------------------------------------------------------------------------------- #chain, four neurons in a row


def chain(nudge):
    """Turn the last weight by `nudge`; return how the cost changes, and the three slopes before it."""
    network = Network(
        [1, 1, 1, 1], "logistic", output="logistic", loss="squared_error", dtype="float64"
    )
    network.params = 1.5, -0.5, -1.0, 0.6, 1.2, 0.1
    _, _, behind, a = (float(layer[0, 0]) for layer in network.activations([[0.8]]))
    cost = network.cost([[0.8]], [[1.0]])
    network.params[4] += nudge
    return network.cost([[0.8]], [[1.0]]) - cost, [behind, a * (1 - a), 2 * (a - 1)]


# ----------------------------------------------------------------------------------------------- #inside, the edges

_MARGIN = 3


def explained(weights, used):
    """Return the share of each neuron's weights (as squares) that its best edge explains, from 0 to 1.

    An edge is three strips side by side, as in `bar_weights`, in one of 8 directions. Each strip has the value that
    fits best, and the sum over all of them is 0.
    """
    row, column = np.mgrid[:SIDE, :SIDE]
    total, best = (weights[used] ** 2).sum(axis=0), np.zeros(weights.shape[1])
    for angle, top, left in product(
        np.arange(8) * np.pi / 8, *[range(_MARGIN, SIDE - _MARGIN)] * 2
    ):
        along = (column - left) * np.cos(angle) + (row - top) * np.sin(angle)
        across = (row - top) * np.cos(angle) - (column - left) * np.sin(angle)
        inside = (
            used.reshape(SIDE, SIDE) & (along > -4.001) & (along < 3.999) & (abs(across) < 3.499)
        )
        squares = -_squares(weights[inside.ravel()])
        for strip in (abs(across) < 1.499, across >= 1.499, across <= -1.499):
            squares = squares + _squares(weights[(inside & strip).ravel()])
        best = np.maximum(best, squares / total)
    return best


def _squares(weights):
    """Return the sum of squares that the mean of each column explains."""
    return weights.sum(axis=0, dtype=float) ** 2 / max(1, len(weights))
