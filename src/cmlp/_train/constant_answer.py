"""The best constant answer for some targets, and its loss: with it, every trained model is compared."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.losses import traits_of
from cmlp._data.weights import weights_of_rows

Weight = NDArray[np.float64] | None
Finder = Callable[[AnyArray, Weight, _core.Net], NDArray[np.float64]]

MEDIAN = 0.5
_LARGEST_SUM = 700.0  # whose exponential is finite
_ROWS_AT_A_TIME = 100_000  # of class indices
_MOST_STEPS = 100  # of a search, which nearly always ends after ten
_ACCURACY = 1e-7  # of a search, as a part of the range of the targets or of a derivative
_LARGEST_LOGIT, _LOGIT_STEP = 25.0, 0.01  # of the probabilities at which the focal loss is computed


def constant_costs(net: _core.Net, targets: AnyArray, weight: Weight) -> tuple[float, float]:
    """Return the core's cost and plain cost of the best constant answer for each output; not finite if too large.

    The answer is the best one for the cost, that of training without penalty. The plain cost is without what the loss
    adds for training: for variants of the log loss, the log loss of the shares of the classes.
    """
    if weight is not None and not weight.all():
        targets, weight = targets[weight > 0], weight[weight > 0]
    traits = traits_of(net.loss)
    with np.errstate(over="ignore", invalid="ignore"):
        if traits.has_probabilities:
            return _loss_of_shares(net, _shares(net, targets, weight))
        answer = best_numbers(net, targets, weight)
        if traits.is_squared and targets.ndim > 1:
            loss = _squared_error(targets, weight, answer)
        else:
            loss = loss_of_outputs(
                net, np.broadcast_to(answer, (len(targets), net.n_out)), targets, weight
            )
    return loss, loss


def least_cost(net: _core.Net, targets: AnyArray, weight: Weight) -> float:
    """Return the core's cost of outputs that equal the targets; 0 also for a loss that cannot be less than 0."""
    if not traits_of(net.loss).depends_on_unit:
        return 0.0
    return loss_of_outputs(net, targets, targets, weight)


def loss_of_outputs(net: _core.Net, outputs: AnyArray, targets: AnyArray, weight: Weight) -> float:
    """Return the core's plain cost of given outputs, by a network whose layer changes nothing."""
    if traits_of(net.loss).has_probabilities or net.activations[-1] == "exp":
        activation = net.activations[-1]
    else:
        activation = "identity"
    with np.errstate(all="ignore"):
        sums = {"identity": outputs, "logistic": np.log(outputs / (1 - outputs))}.get(
            activation, np.log(outputs)
        )
    sums = np.nan_to_num(
        np.asarray(sums, np.float64), nan=0.0, posinf=_LARGEST_SUM, neginf=-_LARGEST_SUM
    )
    sizes = net.n_out, net.n_out
    unchanged = _core.shared_net(
        sizes, (activation,), net.loss, np.float64, (0.0,), net.loss_parameter
    )
    params = np.concatenate([np.eye(net.n_out).ravel(), np.zeros(net.n_out)])
    return float(unchanged.cost_and_plain_cost(params, sums, targets, sample_weight=weight)[1])


# --------------------------------------------------------------------------------------------------------- numbers


def best_numbers(net: _core.Net, targets: AnyArray, weight: Weight) -> NDArray[np.float64]:
    """Return the best constant answer for each output, for a loss that is no variant of the log loss."""
    if targets.ndim == 1:
        return _shares(net, targets, weight)
    return _FINDERS[traits_of(net.loss).best_constant](targets, weight, net)


def robust_errors(
    net: _core.Net, targets: NDArray[np.float64], answer: AnyArray
) -> NDArray[np.float64]:
    """Return the cost of each row, for a loss for which far targets count little."""
    rest = targets - answer
    costs: NDArray[np.float64]
    if traits_of(net.loss).best_constant == "huber location":
        assert isinstance(net.loss_parameter, float)
        far = np.abs(rest)
        near = np.minimum(far, net.loss_parameter)
        costs = near * (far - near / 2)
    else:
        levels = levels_of(net)
        costs = np.maximum(levels * rest, (levels - 1) * rest)
    summed: NDArray[np.float64] = costs.sum(axis=1)
    return summed


def mean_of(values: AnyArray, weight: Weight) -> float:
    """Return the weighted mean of numbers."""
    if weight is not None:
        return float(weight @ values / weight.sum())
    return float(values.sum(dtype=np.float64) / len(values))


def quantiles_of(y: AnyArray, levels: AnyArray, weight: Weight) -> NDArray[np.float64]:
    """Return the quantile of each column at its level."""
    order = y.argsort(axis=0, kind="stable")
    sums = np.cumsum(np.ones(y.shape) if weight is None else weight[order], axis=0)
    first = (sums < levels * sums[-1]).sum(axis=0)
    columns = np.arange(y.shape[1])
    quantiles: NDArray[np.float64] = y[order[first, columns], columns].astype(np.float64)
    return quantiles


def levels_of(net: _core.Net) -> NDArray[np.float64]:
    """Return the level of the quantile that each output predicts; the median's for a loss without levels."""
    levels = net.loss_parameter if traits_of(net.loss).predicts_quantiles else MEDIAN
    return np.broadcast_to(np.asarray(levels, np.float64), net.n_out)


def _means(targets: AnyArray, weight: Weight, net: _core.Net) -> NDArray[np.float64]:
    return np.array([mean_of(column, weight) for column in targets.T])


def _quantiles(targets: AnyArray, weight: Weight, net: _core.Net) -> NDArray[np.float64]:
    return quantiles_of(targets, levels_of(net), weight)


def _huber_locations(targets: AnyArray, weight: Weight, net: _core.Net) -> NDArray[np.float64]:
    assert isinstance(net.loss_parameter, float)
    columns = targets.astype(np.float64)
    begin = quantiles_of(columns, np.full(net.n_out, MEDIAN), weight)
    pairs = zip(columns.T, begin.tolist(), strict=True)
    return np.array(
        [_huber_location(column, weight, net.loss_parameter, median) for column, median in pairs]
    )


def _huber_location(y: NDArray[np.float64], weight: Weight, limit: float, median: float) -> float:
    """Return the number with the smallest Huber loss, whose derivative is linear up to `limit` from a target.

    Newton's method, which is exact as soon as it knows the targets that are near; outside of the range that is known
    to have the number, its middle is tried instead.
    """
    low, high = float(y.min()), float(y.max())
    least = _ACCURACY * (high - low)
    answer = median
    for _ in range(_MOST_STEPS):
        rest = y - answer
        pull = mean_of(np.clip(rest, -limit, limit), weight)
        near = mean_of((np.abs(rest) <= limit).astype(np.float64), weight)
        if pull > 0:
            low = answer
        else:
            high = answer
        step = pull / near if near else math.inf
        following = answer + step if low <= answer + step <= high else (low + high) / 2
        if abs(following - answer) <= least:
            break
        answer = following
    return answer


_FINDERS: dict[str, Finder] = {
    "mean": _means,
    "median": _quantiles,
    "quantile": _quantiles,
    "huber location": _huber_locations,
}


def _squared_error(targets: AnyArray, weight: Weight, answer: NDArray[np.float64]) -> float:
    """Return the weighted mean of the squared distances from an answer."""
    centered = (column - mean for column, mean in zip(targets.T, answer, strict=True))
    total = len(targets) if weight is None else weight.sum()
    return math.fsum(float((d if weight is None else weight * d) @ d / total) for d in centered)


# --------------------------------------------------------------------------------------------------- probabilities


def _shares(net: _core.Net, targets: AnyArray, weight: Weight) -> NDArray[np.float64]:
    """Return the share of each class, or the mean target of each output."""
    if targets.ndim > 1:
        return _means(targets, weight, net)
    shares = np.zeros(net.n_out)
    for first in range(
        0, len(targets), _ROWS_AT_A_TIME
    ):  # bincount copies what is not of the pointer's size
        part = slice(first, first + _ROWS_AT_A_TIME)
        shares += np.bincount(targets[part], weights_of_rows(weight, part), net.n_out)
    mean: NDArray[np.float64] = shares / shares.sum()
    return mean


def _loss_of_shares(net: _core.Net, shares: NDArray[np.float64]) -> tuple[float, float]:
    """Return the costs of the best constant probabilities: the log loss and its variants depend on shares alone."""
    best_constant = traits_of(net.loss).best_constant
    parameter = net.loss_parameter
    is_logistic = net.activations[-1] == "logistic"
    plain = _entropy(_with_rest(shares) if is_logistic else shares)
    if best_constant == "shares":
        return plain, plain
    assert isinstance(parameter, float)
    if best_constant == "smoothed shares":
        smoothed = (1 - parameter) * shares + parameter / (2 if is_logistic else net.n_out)
        return _entropy(_with_rest(smoothed) if is_logistic else smoothed), plain
    assert best_constant == "focused shares"
    if is_logistic:
        distributions = [np.array([share, 1 - share]) for share in shares.tolist()]
    else:
        distributions = [shares]
    return math.fsum(
        _focal_loss(shares_of_one, parameter) for shares_of_one in distributions
    ), plain


def _with_rest(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([shares, 1 - shares])


def _entropy(shares: NDArray[np.float64]) -> float:
    return -math.fsum(share * math.log(share) for share in shares.tolist() if share > 0)


@lru_cache(8)
def _focal_slopes(focus: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the logarithm of ``-f'(p)`` of `_focal_loss`, ascending, and the logit of p."""
    logits = np.arange(_LARGEST_LOGIT, -_LARGEST_LOGIT, -_LOGIT_STEP)
    p, rest = 1 / (1 + np.exp(-logits)), 1 / (1 + np.exp(logits))
    return np.log(focus * p * -np.log(p) * rest ** (focus - 1) + rest**focus) - np.log(p), logits


def _focal_loss(shares: NDArray[np.float64], focus: float) -> float:
    """Return the smallest focal loss of constant probabilities for classes with some shares.

    At the minimum, the derivatives of all classes with a share are equal: of ``share * f(p)`` with the convex function
    ``f(p) = -(1 - p)**focus * log(p)``. Bisection finds the derivative at which the probabilities add up to 1.
    """
    shares = shares[shares > 0]
    if len(shares) < 2:
        return 0.0
    slopes, logits = _focal_slopes(focus)
    sizes = np.log(shares)
    low, high = float(slopes[0] + sizes.min()), float(slopes[-1] + sizes.max())

    def at(slope: float) -> NDArray[np.float64]:
        """Return the probabilities at which the derivatives of all classes have this logarithm."""
        probabilities: NDArray[np.float64] = 1 / (
            1 + np.exp(-np.interp(slope - sizes, slopes, logits))
        )
        return probabilities

    for _ in range(_MOST_STEPS):
        middle = (low + high) / 2
        if at(middle).sum() > 1:
            low = middle
        else:
            high = middle
        if high - low < _ACCURACY:
            break
    answer = at(high)
    answer /= answer.sum()
    return math.fsum((shares * (1 - answer) ** focus * -np.log(answer)).tolist())
