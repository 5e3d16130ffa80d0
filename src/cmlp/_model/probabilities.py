"""Sharp and calibrated probabilities: the scores of classes, the sums of the output layer, get slopes and shifts.

`fit` gives all scores one slope, and `calibrate` gives those of each class a slope and a shift beside it. They become a
part of the weights and biases of the output layer. So every file and every export has these probabilities, and no
reader needs to know of them. One slope is temperature scaling of each network before the mean (Guo and others, "On
calibration of modern neural networks", 2017), and a slope and a shift are Platt scaling with two classes (Platt,
"Probabilistic outputs for support vector machines", 2000) and vector scaling with more of them.
"""

from __future__ import annotations

import math
from numbers import Real
from typing import TYPE_CHECKING, NamedTuple, TypeGuard

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy, output_layer
from cmlp._data.losses import FOR_PREDICTION, traits_of
from cmlp._model.model import TableModel, TrainedNet, mean_outputs, outputs_of_table
from cmlp.exceptions import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from cmlp._data.array_types import AnyArray, Floats, NDArray
    from cmlp._data.groups import Groups
    from cmlp._data.labels import Labels
    from cmlp._model.table_columns import TableColumns

MOST_CLASSES = 16  # with more of them, all scores get one slope and no shift
_PRIOR = 20.0  # rows of each class with the probabilities of the model as it is, which count beside the others
_LEFT = 0.5  # part of the label smoothing that these keep; 0 and 1 had a larger log loss on tables with rare classes
_STIFFNESS = 0.1  # inverse variance of the normal prior of slopes and shifts
_SLOPES = (0.05, 20.0)
_MOST_STEPS, _MOST_HALVINGS = 50, 30
_LONGEST = 1.0  # of a step, in each slope and shift
_ENOUGH = 1e-9
_ABOVE_ALL = float(np.nextafter(1, 2))  # a threshold that no probability reaches
_LEAST = 1e-30  # a probability whose logarithm is computed
_BLOCK = 2048  # rows of which scores and derivatives are computed at a time
_MOST_SCORES = 2**20  # of rows that determine the slope of `fit`, which bounds its time
_SEED = 0  # of the choice of these rows
# Platt's targets: of n rows, the share 1 / (n + 2) is wrong. Those of each class, of whose k rows the share 1 / (k + 2)
# is wrong, had a larger log loss on tables with many classes.
_WRONG, _MORE = 1, 2
_LEAST_GAIN = 1.5  # standard errors of the mean gain of the rows, from which on there is a slope


class Scores(NamedTuple):
    """The scores of rows by the networks that judge them.

    Attributes
    ----------
    z : ndarray of float64, shape (n_networks, n_rows, n_outputs)
    truth : ndarray of int64, shape (n_rows, n_labels)
        The index of the class; for several labels of a row 0 or 1 for each.
    weight : ndarray of float64, shape (n_rows,)
    """

    z: NDArray[np.float64]
    truth: NDArray[np.int64]
    weight: NDArray[np.float64]

    def take(self, row_index: slice | NDArray[np.bool_]) -> Scores:
        """Return the scores of some of the rows."""
        return Scores(self.z[:, row_index], self.truth[row_index], self.weight[row_index])


class ProbabilityMap(NamedTuple):
    """The slope and the shift of each output's score."""

    slopes: NDArray[np.float64]
    shifts: NDArray[np.float64]

    def probabilities(self, part: Scores, model: TableModel) -> NDArray[np.float64]:
        """Return the mean probabilities of a part's networks with this map, as `predict_proba` returns them."""
        outputs = _outputs(part.z, self.slopes, self.shifts, model.net.activations[-1])
        return mean_outputs(outputs, None, model.combination.rule)


# The map that changes nothing, of one score.
AS_FITTED = ProbabilityMap(np.ones(1), np.zeros(1))


class HeldOutScores(NamedTuple):
    """The scores of the rows that the networks held out in fit, in a part for all networks with the same rows.

    They are those of the networks as fit has left them, with its slope. `map` is that by which `calibrate` has changed
    the model's. `groups` are those of the rows.
    """

    parts: tuple[Scores, ...]
    map: ProbabilityMap = AS_FITTED
    groups: Groups | None = None


# ------------------------------------------------------------------------------------------------ scores and networks


def _score_net(net: _core.Net) -> _core.Net:
    """Return a network with the same layers whose outputs are the scores."""
    parameters = (*net.activation_parameters[:-1], 0.0)
    return _core.Net(
        net.sizes, (*net.activations[:-1], "identity"), FOR_PREDICTION, net.dtype, parameters
    )


def scores_of_inputs(trained: TrainedNet, inputs: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the scores of encoded rows by a network."""
    return _score_net(trained.net).forward(trained.params, inputs, n_threads=1).astype(np.float64)


def scores_of_rows(
    networks: Sequence[TrainedNet], columns: TableColumns, raw: NDArray[np.float64]
) -> AnyArray:
    """Return the scores of raw rows by all networks."""
    nets = [(_score_net(net), params) for net, params in networks]
    blocks = [
        np.stack(outputs_of_table(nets, columns, raw[k : k + _BLOCK]))
        for k in range(0, len(raw), _BLOCK)
    ]
    return np.concatenate(blocks, axis=1)


def networks_as_trained(model: TableModel) -> Sequence[TrainedNet]:
    """Return the networks as training has left them, in blocks of their own if those of the model have slopes."""
    if model.fitted_outputs is None:
        return model.networks
    copies = _copies(model.networks)
    for (net, params), layer in zip(copies, model.fitted_outputs, strict=True):
        output_layer(net, params)[0][...] = layer
    return copies


def networks_of_fit(model: TableModel) -> Sequence[TrainedNet]:
    """Return the networks as fit has left them, with its slope."""
    return with_slope(networks_as_trained(model), model.slope)


def are_calibrated(model: TableModel) -> bool:
    """Return whether `calibrate` has changed the probabilities that fit has left."""
    pairs = zip(model.networks, networks_of_fit(model), strict=True)
    return not all(np.array_equal(one.params, other.params) for one, other in pairs)


def with_slope(networks: Sequence[TrainedNet], slope: float | None) -> Sequence[TrainedNet]:
    """Return networks whose scores have a slope, in blocks of their own; the same if there is none."""
    if slope is None:
        return networks
    n = networks[0].net.n_out
    return _mapped(networks, ProbabilityMap(np.full(n, slope), np.zeros(n)))


def scores_with_slope(held_out: HeldOutScores, slope: float | None) -> HeldOutScores:
    """Return the scores of held-out rows by networks with a slope; the same if there is none."""
    if slope is None:
        return held_out
    parts = [Scores(z * slope, truth, weight) for z, truth, weight in held_out.parts]
    return HeldOutScores(tuple(parts), held_out.map, held_out.groups)


def output_layers(networks: Sequence[TrainedNet]) -> tuple[Floats, ...]:
    """Return copies of the weights and biases of the output layers."""
    return tuple(output_layer(net, params)[0].copy() for net, params in networks)


def _mapped(networks: Sequence[TrainedNet], changes: ProbabilityMap) -> list[TrainedNet]:
    """Return networks whose scores have slopes and shifts."""
    copies = _copies(networks)
    for trained in copies:
        weights, biases = trained.weights[-1], trained.biases[-1]
        weights[...] = weights * changes.slopes
        biases[...] = biases * changes.slopes + changes.shifts
    return copies


def with_map(model: TableModel, changes: ProbabilityMap) -> TableModel:
    """Return the model with these slopes and shifts beside the slope of fit, instead of those that it had."""
    copies = _mapped(networks_of_fit(model), changes)
    outputs = output_layers(networks_as_trained(model))
    summary = None if model.summary is None else model.summary._replace(found=None)
    threshold = _threshold_of_weights(model)
    return model.replace(
        networks=copies, fitted_outputs=outputs, threshold=threshold, summary=summary
    )


def _threshold_of_weights(model: TableModel) -> float | None:
    """Return the threshold at which true probabilities of two classes decide as the weighted ones of fit do."""
    if model.class_weights is None or model.class_labels.kind != "binary":
        return None
    first, second = map(float, model.class_weights[0])
    return first / (first + second)


def _copies(networks: Sequence[TrainedNet]) -> list[TrainedNet]:
    return [TrainedNet(net, block_copy(params)) for net, params in networks]


def check_outputs(
    layers: Sequence[Floats], net: _core.Net, n_nets: int, labels: Labels | None
) -> None:
    """Raise ValueError if output layers, of a file or a pickle, are not those of such networks."""
    shape = ((net.sizes[-2] + 1) * net.n_out,)
    fits = all(
        layer.shape == shape and layer.dtype == np.float32 and np.isfinite(layer).all()
        for layer in layers
    )
    if labels is None or len(layers) != n_nets or not fits:
        raise ValueError("the output layers without slopes do not fit the networks")


def checked_slope(slopes: NDArray[np.float64], layers: Sequence[Floats] | None) -> float:
    """Return the slope of a file or a pickle; raises ValueError if it is invalid, or no output layers are stored."""
    if slopes.shape != (1,) or not 1 < slopes[0] <= _SLOPES[1] or layers is None:
        raise ValueError("the slope of the scores is invalid")
    return float(slopes[0])


def checked_class_weights(
    weights: NDArray[np.float64], net: _core.Net, labels: Labels | None
) -> NDArray[np.float64]:
    """Return the class weights of a file or a pickle; raises ValueError if they are not those of such labels."""
    shape = (net.n_out, 2) if net.activations[-1] == "logistic" else (1, net.n_out)
    if labels is None or weights.shape != shape or not ((weights >= 0) & (weights <= 1)).all():
        raise ValueError("the class weights do not fit the labels")
    if not (weights > 0).any(axis=1).all():
        raise ValueError("all class weights of a label are 0")
    return weights


# ------------------------------------------------------------------------------------------------------- the threshold


def checked_threshold(value: object, labels: Labels | None) -> float | None:
    """Return a threshold; raises ValueError if it is not a number from 0 to 1, or the classes are not two.

    It can be the next number above 1, too: then each row is of the first class, whatever its probability.
    """
    if value is None:
        return None
    if labels is None or labels.kind != "binary" or len(labels.classes) != 2:
        raise ValueError("A threshold needs a classifier of two classes.")
    if not is_number(value) or not 0 <= value <= _ABOVE_ALL:
        raise ValueError(f"threshold must be a number from 0 to 1 or None, got {shown(value)}.")
    return float(value)


def require_goal(recall: float | None, costs: tuple[float, float] | None) -> None:
    """Raise ValueError unless exactly one goal of a threshold is given, and valid."""
    if (recall is None) == (costs is None):
        raise ValueError("choose_threshold needs either recall or costs.")
    if recall is not None and not (is_number(recall) and 0 < recall <= 1):
        raise ValueError(f"recall must be a number above 0 and at most 1, got {shown(recall)}.")
    if costs is None:
        return
    valid = isinstance(costs, (tuple, list)) and len(costs) == 2 and all(map(is_number, costs))
    if not valid or not all(0 <= cost < np.inf for cost in costs) or max(costs) == 0:
        raise ValueError(
            f"costs must be two finite numbers, not negative and not both 0, got {shown(costs)}."
        )


def is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))


def chosen_threshold(
    p: NDArray[np.float64],
    is_positive: NDArray[np.bool_],
    weight: NDArray[np.float64],
    recall: float | None,
    costs: tuple[float, float] | None,
    *,
    positive: int = 1,
) -> float:
    """Return a threshold for the probability p of the second class: for a recall, or for the costs of both mistakes.

    `positive` is the class to be found: 1 for the second, which is predicted from the threshold on, or 0 for the first,
    which is predicted below it. The threshold is halfway between two rows: an export whose probabilities differ in the
    last digits then predicts the same. It is just above 1 if rows of probability 1 are of the first class, too.
    """
    order = np.argsort(-p if positive else p, kind="stable")
    p, weight, is_positive = p[order], weight[order], is_positive[order]
    right, wrong = np.cumsum(weight * is_positive), np.cumsum(weight * ~is_positive)
    last = np.flatnonzero(np.append(p[1:] != p[:-1], True))  # of the rows with equal probabilities
    if costs is None:
        at = int(np.argmax(right[last] >= (1 - _ENOUGH) * (recall or 0.0) * right[-1]))
    else:
        cost = costs[0] * wrong[last] + costs[1] * (right[-1] - right[last])
        at = int(np.argmin(cost))
        if costs[1] * right[-1] <= cost[at]:  # no row
            return _between(float(p[0]), 1.0) if positive else float(p[0]) / 2
    k = int(last[at])
    if k + 1 == len(p):
        return float(p[k]) if positive else _between(float(p[k]), 1.0)
    return _between(*sorted((float(p[k]), float(p[k + 1]))))


def _between(low: float, high: float) -> float:
    """Return a threshold that is above `low`, and at most `high` unless both are equal: the middle if it can be."""
    if low == high:
        return _ABOVE_ALL
    middle = (low + high) / 2
    return middle if middle > low else high


# ------------------------------------------------------------------------------------------------------------- the map


def learned_map(
    parts: Sequence[Scores], net: _core.Net, class_weights: NDArray[np.float64] | None
) -> ProbabilityMap:
    """Return the map with the smallest log loss of the mean probabilities of each part's networks, which are as `net`.

    Networks that fit has trained with class weights have the probabilities of a world in which each
    class is as much more frequent as it has weight. Their scores first lose the logarithms of the
    weights, and so become those of the world of the rows (Saerens, Latinne, Decaestecker,
    "Adjusting the outputs of a classifier to new a priori probabilities", 2002). The weights of the
    rows must not have the class weights as a factor.

    Rows with the probabilities of the model as it is count beside the others: as many as have `_PRIOR` of the rarest
    class. All arithmetic is that of the core and of NumPy's elementwise operations, in a fixed order, so that the
    result is the same on every platform.
    """
    if class_weights is not None:
        moved = _without_class_weights(class_weights, net)
        found = learned_map([part._replace(z=part.z + moved) for part in parts], net, None)
        return ProbabilityMap(found.slopes, found.slopes * moved + found.shifts)
    n = parts[0].z.shape[2]
    parameter = net.loss_parameter if traits_of(net.loss).smooths_labels else 0.0
    smoothing = 0.0 if isinstance(parameter, tuple) else parameter * (1 - _LEFT)
    if net.activations[-1] == "softmax":
        if n > MOST_CLASSES:
            blocks = _blocks(parts)
            pairs = zip(blocks, _targets_with_prior(blocks, smoothing), strict=True)
            slope = _best_slope([(one.z, target, one.weight) for one, target in pairs], _SLOPES)
            return ProbabilityMap(np.full(n, slope), np.zeros(n))
        return ProbabilityMap(*_learned(parts, range(n), smoothing))
    labels = [_learned([_of_label(part, j) for part in parts], [1], smoothing) for j in range(n)]
    return ProbabilityMap(*np.array([[slopes[1], shifts[1]] for slopes, shifts in labels]).T.copy())


def learned_slope(
    held_out: HeldOutScores, net: _core.Net, class_weights: NDArray[np.float64] | None
) -> float | None:
    """Return the slope of all scores, above 1, with the smallest log loss of held-out rows; None if none has a smaller.

    Label smoothing makes probabilities less certain than they could be, and the mean of networks does so too. The right
    class does not count fully, but by Platt's targets, so that rows without an error do not demand an infinite slope.
    Rows have the class weights as a factor, as in training. A gain that can be chance counts as none. The arithmetic is
    that of `learned_map`.
    """
    parts = [
        (z, truth, _with_class_weights(weight, truth, class_weights))
        for z, truth, weight in _some_of(held_out.parts)
    ]
    weights = np.concatenate([weight for _, _, weight in parts])
    if held_out.groups is None:
        n_rows = _total(weights) ** 2 / _total(weights * weights)  # Kish's effective number
    else:
        n_rows = len(held_out.groups.values)
    wrong = _WRONG / (n_rows + _MORE)
    blocks = []
    for z, truth, weight in parts:
        for k in range(0, len(weight), _BLOCK):
            rows = slice(k, k + _BLOCK)
            for answer, scores in enumerate(_scores_of_answers(z[:, rows], net)):
                target = _shares(truth[rows, answer], scores.shape[2], wrong)
                blocks.append((scores, target, weight[rows]))
    slope = _best_slope(blocks, (1.0, _SLOPES[1]))
    return slope if _is_better(blocks, slope, n_rows) else None


def _is_better(
    blocks: Sequence[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]],
    slope: float,
    n_rows: float,
) -> bool:
    """Return whether the log loss of n independent rows is smaller with a slope, by more than chance."""
    total, mean, square = sum(_total(weight) for _, _, weight in blocks), 0.0, 0.0
    for z, target, weight in blocks:
        gains = np.cumsum(target * (_logarithms(z, slope) - _logarithms(z, 1.0)), axis=1)[:, -1]
        mean += _total(weight * gains) / total
        square += _total(weight * gains * gains) / total
    return mean > _LEAST_GAIN * math.sqrt(max(square - mean * mean, 0.0) / n_rows)


def _logarithms(z: NDArray[np.float64], slope: float) -> NDArray[np.float64]:
    """Return the logarithms of the mean probabilities of scores with a slope."""
    n = z.shape[2]
    mean = _mean(_outputs(z, np.full(n, slope), np.zeros(n), "softmax"))
    return _log(np.maximum(mean, _LEAST))


def _some_of(
    parts: Sequence[Scores],
) -> list[tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]]:
    """Return the parts, or rows of them that are drawn at random if they have more scores than `_MOST_SCORES`."""
    n_scores = sum(z.size for z, _, _ in parts)
    share, rng, some = min(1.0, _MOST_SCORES / n_scores), _core.Random(_SEED), []
    for z, truth, weight in parts:
        if share == 1:
            some.append((z, truth, weight))
            continue
        chosen = np.sort(rng.permutation(len(weight))[: max(1, int(share * len(weight)))])
        some.append((z[:, chosen], truth[chosen], weight[chosen]))
    return some


def _with_class_weights(
    weight: NDArray[np.float64],
    truth: NDArray[np.int64],
    class_weights: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    """Return weights of rows with the class weights as a factor."""
    for label, of_classes in enumerate([] if class_weights is None else class_weights):
        weight = weight * of_classes[truth[:, label]]
    return weight


def _scores_of_answers(z: NDArray[np.float64], net: _core.Net) -> list[NDArray[np.float64]]:
    """Return the scores of the classes of each answer; of a label those of no, which are 0, and of yes."""
    if net.activations[-1] == "softmax":
        return [z]
    return [np.stack([np.zeros_like(one), one], axis=2) for one in np.moveaxis(z, 2, 0)]


def _shares(truth: NDArray[np.int64], n: int, wrong: float) -> NDArray[np.float64]:
    """Return how much each of n classes counts for rows, of which the other classes count `wrong` together."""
    shares = np.full((len(truth), n), wrong / (n - 1))
    shares[np.arange(len(truth)), truth] = 1 - wrong
    return shares


def _without_class_weights(weights: NDArray[np.float64], net: _core.Net) -> NDArray[np.float64]:
    """Return what the score of each output gains when it loses the logarithms of the class weights.

    A label of which one answer has the weight 0, and so had no rows in fit, stays as it is.
    """
    logarithms = _log(np.where((weights > 0).all(axis=1, keepdims=True), weights, 1.0))
    if net.activations[-1] == "logistic":
        differences: NDArray[np.float64] = logarithms[:, 0] - logarithms[:, 1]
        return differences
    # So the result does not depend on the unit of the weights.
    mean = _total(logarithms[0]) / len(logarithms[0])
    from_mean: NDArray[np.float64] = mean - logarithms[0]
    return from_mean


def _of_label(part: Scores, j: int) -> Scores:
    """Return the scores of the answers no, which are 0, and yes."""
    z = part.z[:, :, j]
    return Scores(np.stack([np.zeros_like(z), z], axis=2), part.truth[:, [j]], part.weight)


def _learned(
    parts: Sequence[Scores], free: Sequence[int], smoothing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return slopes and shifts of the classes of one answer, of which those of `free` can change."""
    blocks = _blocks(parts)
    likelihood = _Likelihood(blocks, _targets_with_prior(blocks, smoothing), list(free))
    theta = _maximized(
        likelihood.start, likelihood.value, likelihood.derivatives, likelihood.limited
    )
    return likelihood.slopes_and_shifts(theta)


def _blocks(parts: Sequence[Scores]) -> list[Scores]:
    """Return the parts in blocks of few rows."""
    return [
        part.take(slice(k, k + _BLOCK))
        for part in parts
        for k in range(0, len(part.weight), _BLOCK)
    ]


def _targets_with_prior(blocks: Sequence[Scores], smoothing: float) -> list[NDArray[np.float64]]:
    """Return how much each class counts for the rows of blocks, with the rows of `_PRIOR`."""
    n = blocks[0].z.shape[2]
    counts = [np.bincount(block.truth[:, 0], minlength=n) for block in blocks]
    prior = _PRIOR / (_PRIOR + max(int(np.sum(counts, axis=0).min()), 1))
    targets = []
    for block in blocks:
        p = _mean(_outputs(block.z, np.ones(n), np.zeros(n), "softmax"))
        target = np.maximum(p - smoothing / n, 0.0)
        target *= prior / np.cumsum(target, axis=1)[:, -1:]
        target[np.arange(len(target)), block.truth[:, 0]] += 1 - prior
        targets.append(target)
    return targets


def _best_slope(
    blocks: Sequence[tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]],
    limits: tuple[float, float],
) -> float:
    """Return the slope within limits with the largest likelihood: of scores, targets and weights of blocks of rows."""
    n, total = blocks[0][0].shape[2], sum(_total(weight) for _, _, weight in blocks)
    stiffness = _STIFFNESS / sum(len(weight) for _, _, weight in blocks)
    rows = [(z, target, weight[:, None] / total) for z, target, weight in blocks]

    def value(slope: NDArray[np.float64]) -> float:
        found = -stiffness / 2 * float((slope[0] - 1) ** 2)
        for z, target, weight in rows:
            found += _total(target * weight * _logarithms(z, float(slope[0])))
        return found

    def derivatives(
        slope: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        gradient, curvature = stiffness * (1 - slope), np.full((1, 1), stiffness)
        for z, target, weight in rows:
            each = _outputs(z, np.full(n, slope[0]), np.zeros(n), "softmax")
            mean = np.maximum(_mean(each), _LEAST)
            change = _mean(
                [
                    p * (one - np.cumsum(p * one, axis=1)[:, -1:])
                    for p, one in zip(each, z, strict=True)
                ]
            )
            gradient = gradient + _total(change * target * weight / mean)
            curvature = curvature + _total(change * weight / mean * change)
        return curvature, gradient

    best = _maximized(np.ones(1), value, derivatives, lambda slope: np.clip(slope, *limits))
    return float(best[0])


def _maximized(
    theta: NDArray[np.float64],
    value_of: Callable[[NDArray[np.float64]], float],
    derivatives: Callable[[NDArray[np.float64]], tuple[NDArray[np.float64], NDArray[np.float64]]],
    limited: Callable[[NDArray[np.float64]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Return the parameters with the largest value, from some on: Fisher scoring."""
    value = value_of(theta)
    for _ in range(_MOST_STEPS):
        step = _solved(*derivatives(theta))
        step *= min(1.0, _LONGEST / max(_ENOUGH, float(np.abs(step).max())))
        for _ in range(_MOST_HALVINGS):
            trial = limited(theta + step)
            reached = value_of(trial)
            if reached >= value:
                break
            step /= 2
        else:
            break
        moved, theta, value = float(np.abs(trial - theta).max()), trial, reached
        if moved < _ENOUGH:
            break
    return theta


class _Likelihood:
    """The mean log likelihood of targets as a function of the slopes and shifts of the `free` classes."""

    def __init__(
        self,
        blocks: Sequence[Scores],
        targets: Sequence[NDArray[np.float64]],
        free: list[int],
    ) -> None:
        self.blocks, self.n, self.free = blocks, blocks[0].z.shape[2], free
        self.start = np.repeat([1.0, 0.0], len(free))  # changes nothing
        total = sum(_total(block.weight) for block in blocks)
        self.stiffness = _STIFFNESS / sum(len(block.weight) for block in blocks)
        self.weights = [block.weight[:, None] / total for block in blocks]
        self.targets = [
            target * weight for target, weight in zip(targets, self.weights, strict=True)
        ]

    def limited(self, theta: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return parameters, of which the slopes are first, with slopes in their range."""
        n_slopes = len(self.free)
        return np.concatenate([np.clip(theta[:n_slopes], *_SLOPES), theta[n_slopes:]])

    def slopes_and_shifts(
        self, theta: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the slopes and shifts of all classes."""
        slopes, shifts = np.ones(self.n), np.zeros(self.n)
        slopes[self.free], shifts[self.free] = theta.reshape(2, -1)
        return slopes, shifts

    def value(self, theta: NDArray[np.float64]) -> float:
        """Return the mean log likelihood, and the logarithm of a normal prior around the start."""
        value = -_total((theta - self.start) ** 2) * self.stiffness / 2
        for block, target in zip(self.blocks, self.targets, strict=True):
            mean = _mean(_outputs(block.z, *self.slopes_and_shifts(theta), "softmax"))
            value += _total(target * _log(np.maximum(mean, _LEAST)))
        return value

    def derivatives(
        self, theta: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the expected value of minus the second derivatives, and the gradient."""
        gradient = (self.start - theta) * self.stiffness
        curvature = np.eye(len(theta)) * self.stiffness
        for block, target, weight in zip(self.blocks, self.targets, self.weights, strict=True):
            each = _outputs(block.z, *self.slopes_and_shifts(theta), "softmax")
            mean = np.maximum(_mean(each), _LEAST)
            changes = self._changes(block, each)
            for i, change in enumerate(changes):
                gradient[i] += _total(change * target / mean)
                scaled = change * weight / mean
                for j in range(i + 1):
                    curvature[i, j] += _total(scaled * changes[j])
        return curvature + np.tril(curvature, -1).T, gradient

    def _changes(self, block: Scores, each: list[NDArray[np.float64]]) -> list[NDArray[np.float64]]:
        """Return the derivatives of the mean probabilities with respect to each parameter."""
        of_slopes, of_shifts = [], []
        for k in self.free:
            by_score = []
            for p in each:
                change = -p * p[:, [k]]
                change[:, k] += p[:, k]
                by_score.append(change)
            of_shifts.append(_mean(by_score))
            of_slopes.append(
                _mean([change * z[:, [k]] for change, z in zip(by_score, block.z, strict=True)])
            )
        return [*of_slopes, *of_shifts]


def _outputs(
    z: NDArray[np.float64], slopes: NDArray[np.float64], shifts: NDArray[np.float64], output: str
) -> list[NDArray[np.float64]]:
    """Return the outputs of each network from its scores, by the core's softmax or logistic function."""
    params = np.concatenate([np.diag(slopes).ravel(), shifts])
    layer = _core.shared_net((len(slopes), len(slopes)), (output,), FOR_PREDICTION, np.float64)
    return [layer.forward(params, scores, n_threads=1) for scores in np.ascontiguousarray(z)]


def _mean(arrays: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    mean: NDArray[np.float64] = sum(arrays[1:], start=arrays[0]) / len(arrays)
    return mean


def _log(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return logarithms: log(m 2^k) = k log(2) + 2 artanh((m - 1) / (m + 1)). NumPy's differ between platforms."""
    m, k = np.frexp(x)
    s = (m - 1) / (m + 1)
    square, series = s * s, np.zeros_like(s)
    for i in range(33, 0, -2):
        series = series * square + 1 / i
    logarithm: NDArray[np.float64] = k * 0.6931471805599453 + 2 * s * series
    return logarithm


def _total(values: NDArray[np.float64]) -> float:
    """Return the sum in the order of the elements; NumPy's own order depends on the processor."""
    return float(np.cumsum(values)[-1])


def _solved(matrix: NDArray[np.float64], vector: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve for a step by elimination. The addition to the diagonal keeps it short where the rows say nothing."""
    n = len(vector)
    a, x = matrix + np.eye(n) * (1e-6 * float(np.diag(matrix).max()) + 1e-30), vector.copy()
    for i in range(n):
        factor = a[i + 1 :, i] / a[i, i]
        a[i + 1 :] -= factor[:, None] * a[i]
        x[i + 1 :] -= factor * x[i]
    for i in reversed(range(n)):
        for j in range(i + 1, n):
            x[i] -= a[i, j] * x[j]
        x[i] /= a[i, i]
    return x
