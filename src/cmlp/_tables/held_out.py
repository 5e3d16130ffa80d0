"""What the rows that networks held out tell: intervals, scores, importances, and if the model is useless.

Without such rows, the training rows tell the last two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.arrays import CSR, taken
from cmlp._data.weights import weights_of_rows
from cmlp._model.calibration import HELD_OUT, Calibration, frequent_limits
from cmlp._model.model import TrainedNet, mean_outputs, rule_of
from cmlp._model.other_targets import known_errors, target_differences, warn_of_targets
from cmlp._model.probabilities import HeldOutScores, Scores, scores_of_inputs
from cmlp._model.summary import Accuracy, accuracy_of, answers_of
from cmlp._parameters.options import TableOptions
from cmlp._tables.calibrate import measured
from cmlp._tables.importances import importances_of
from cmlp._tables.prepared_table import PreparedTable
from cmlp._train.constant_answer import constant_costs, least_cost, loss_of_outputs
from cmlp._train.diagnosis import (
    VALIDATION,
    WarnIf,
    advice_for,
    can_be_beaten,
    is_better_by_outputs,
    is_proven,
    judged_rows,
    lacking_of,
    limit_of,
    rows_without_lack,
    warn_of_useless,
)
from cmlp._train.training import Training

_ROWS_TO_MEASURE = 1000  # of training, for errors to compare with


def held_out_rows(
    table: PreparedTable, trainings: Sequence[Training]
) -> list[tuple[NDArray[np.int64], list[int]]]:
    """Return each set of held-out rows with the members that held out these; none if no rows were held out."""
    # Member k holds out the set k % n_sets.
    n_sets = table.n_folds or 1
    sets = [training.state.held_out_index for training in trainings[:n_sets]]
    return [
        (rows, list(range(k, len(trainings), n_sets)))
        for k, rows in enumerate(sets)
        if rows is not None
    ]


def _judged_parts(
    table: PreparedTable, trainings: Sequence[Training]
) -> list[tuple[NDArray[np.int64], list[int]]]:
    """Return the sets of held-out rows, each of which learns from the others.

    Of groups there are at least two.
    """
    parts = held_out_rows(table, trainings)
    if len(parts) != 1 or table.groups is None:
        return parts
    ((row_index, members),) = parts
    is_second = table.groups_of(row_index).codes % 2 == 1
    halves = row_index[~is_second], row_index[is_second]
    return [(half, members) for half in halves if len(half)]


def measured_errors(
    table: PreparedTable,
    options: TableOptions,
    trainings: Sequence[Training],
    networks: Sequence[TrainedNet],
) -> tuple[Calibration | None, Accuracy | None]:
    """Return scores and accuracy on held-out rows, each by the networks that held it out; None without such."""
    parts = _judged_parts(table, trainings)
    if not parts:
        return None, None
    net, labels = networks[0].net, table.encoding.labels
    rows = np.concatenate([held for held, _ in parts])
    outputs = [_mean_outputs(table, networks, held, members) for held, members in parts]
    part = None
    if options.interval_width == "adaptive":
        part = np.repeat(np.arange(len(parts)), [len(held) for held, _ in parts])
    weight, groups = weights_of_rows(table.weight, rows), None
    if table.groups is not None:
        groups = table.groups_of(rows)
        weight = groups.equal_weights(weight)
    limits, scale = None, table.encoding.answer_scale
    if scale is not None:
        # Intervals end at frequent targets.
        truth = table.truth[: table.n_training]
        limits = frequent_limits(truth, table.to_train_on[1], scale.scale)
    return measured(
        net,
        HELD_OUT,
        np.concatenate(outputs),
        table.truth[rows],
        weight,
        labels,
        part=part,
        limits=limits,
        groups=groups,
    )


def measured_importances(
    table: PreparedTable, trainings: Sequence[Training], networks: Sequence[TrainedNet]
) -> NDArray[np.float64]:
    """Return how much each column matters for the networks."""
    judged = []
    for training in trainings:
        rows, order, _ = judged_rows(training)
        if table.groups is not None and order is not None:
            groups = table.groups_of(order)
            rows = rows._replace(weight=groups.equal_weights(rows.weight))
        judged.append((rows, order))
    return importances_of(table.columns, networks, judged)


def held_out_scores(
    table: PreparedTable, trainings: Sequence[Training], networks: Sequence[TrainedNet]
) -> HeldOutScores | None:
    """Return the scores of held-out rows by the networks that held them out; None without such rows or classes.

    The weights of the rows are those before class weights multiplied them: they say how many rows a row stands for.
    """
    if table.encoding.labels is None:
        return None
    parts, class_weights = [], table.encoding.weights_of_labels
    judged, groups = _judged_parts(table, trainings), None
    for row_index, members in judged:
        z = [scores_of_inputs(networks[k], table.inputs_of(k)[row_index]) for k in members]
        weight = np.ones(len(row_index)) if table.weight is None else table.weight[row_index]
        truth = table.targets[row_index].reshape(len(row_index), -1).astype(np.int64)
        for label, of_classes in enumerate([] if class_weights is None else class_weights):
            weight = weight / of_classes[truth[:, label]]
        if table.groups is not None:
            weight = table.groups_of(row_index).equal_weights(weight)
        parts.append(Scores(np.stack(z), truth, weight))
    if not parts:
        return None
    if table.groups is not None:
        groups = table.groups_of(np.concatenate([rows for rows, _ in judged]))
    return HeldOutScores(tuple(parts), groups=groups)


def _mean_outputs(
    table: PreparedTable,
    networks: Sequence[TrainedNet],
    row_index: slice | NDArray[np.int64],
    members: Iterable[int],
) -> NDArray[np.float64]:
    """Return the outputs of some rows by some members, as the model combines them."""
    labels, scale = table.encoding.labels, table.encoding.answer_scale
    rule = rule_of(networks[0].net, labels, is_table=True)
    each = [_outputs(networks[k], table.inputs_of(k)[row_index]) for k in members]
    return mean_outputs(each, scale, rule)


def _outputs(network: TrainedNet, inputs: AnyArray | CSR) -> NDArray[np.float64]:
    """Return the outputs of a network for rows."""
    return network.net.forward(network.params, inputs, n_threads=1).astype(np.float64)


def warn_of_validation_targets(
    table: PreparedTable, trainings: Sequence[Training], *, inputs_differ: bool
) -> bool:
    """Warn of validation rows whose y fits the networks far worse than that of training rows; return whether it does.

    Some training rows say how large errors are.
    """
    training, validation = table.parts
    some = _core.Random(0).permutation(training.stop)[:_ROWS_TO_MEASURE]
    encoding, net = table.encoding, trainings[0].net
    networks = [TrainedNet(one.net, one.state.best_or_present_params) for one in trainings]
    members = range(len(networks))
    measured_on = accuracy_of(
        net,
        HELD_OUT,
        _mean_outputs(table, networks, some, members),
        table.truth[some],
        None,
        encoding.labels,
    )
    if measured_on is None:
        return False
    found = target_differences(
        known_errors("training", measured_on, encoding.labels),
        encoding.answer_scale,
        encoding.labels,
        answers_of(net, _mean_outputs(table, networks, validation, members), encoding.labels),
        table.truth[validation],
        table.raw[validation],
        inputs_differ=inputs_differ,
    )
    warn_of_targets(found, "y_val")
    return bool(found)


def warn_if_bag_is_useless(
    groups: Sequence[Sequence[Training]],
    warn_if: WarnIf,
    *,
    cause: str,
    shifted: Callable[[], str],
) -> bool:
    """Warn unless the networks, or else their mean, are clearly better than the best constant answer.

    Returns whether they are shown not to be. The parameters are those of `warn_if_useless`; `shifted` returns a
    sentence if X and y are shifted by a row.

    The validation losses of the kept epochs decide if they are clearly better; otherwise the held-out rows are read
    again, each by the networks that held it out: a group. Without held-out rows, these are the training rows.
    """
    trainings = [training for group in groups for training in group]
    if any(training.state.history.loss is None for training in trainings) or (
        trainings[0].objective.score_of_outputs is None and all(map(_is_useful, trainings))
    ):
        return False
    parts = [judged_rows(group[0]) for group in groups]
    first, order, kind = parts[0]
    weights = [rows.weight for rows, _, _ in parts if rows.weight is not None]
    every = first._replace(
        targets=np.concatenate([rows.targets for rows, _, _ in parts]),
        weight=np.concatenate(weights) if weights else None,
    )
    net = trainings[0].net
    lacking = lacking_of(trainings[0], every)
    if lacking:
        first, order, kind = rows_without_lack(trainings[0])
        every, outputs = first, _outputs_of_bag(trainings)
    else:
        outputs = np.concatenate(
            [
                _outputs_of_bag(group, order_of_group)
                for group, (_, order_of_group, _) in zip(groups, parts, strict=True)
            ]
        )
    loss = loss_of_outputs(net, outputs, every.targets, every.weight)
    constant = constant_costs(net, every.targets, every.weight)[1]
    # The best epoch of each network was chosen by its own rows, so chance depends on their number.
    least = least_cost(net, every.targets, every.weight)
    limit = limit_of(net, first, kind, constant, least=least)
    is_useful = (
        loss < limit
        or not can_be_beaten(constant, least, every)
        or is_better_by_outputs(net, outputs, every, kind)
    )
    if is_useful or (
        warn_if == "proven" and not is_proven(net, outputs, every, loss, constant, least)
    ):
        return False
    if warn_if != "never":
        advice = advice_for(
            groups[0][0],
            first,
            order,
            lacking=lacking,
            cause=cause,
            is_of_table=True,
            shifted=shifted(),
        )
        warn_of_useless(net, every, kind, loss, constant, advice, warn_if)
    return True


def _is_useful(training: Training) -> bool:
    """Return whether the losses that were computed in training show that a network is clearly better."""
    net, history = training.net, training.state.history
    rows, _, kind = judged_rows(training)
    score, loss = history.best_validation_score, history.loss
    cost, plain_cost = constant_costs(net, rows.targets, rows.weight)
    least = least_cost(net, rows.targets, rows.weight)
    if kind == VALIDATION and score is not None:
        return -score < limit_of(net, rows, kind, plain_cost, least=least)
    return loss is not None and loss < limit_of(net, rows, kind, cost, plain_cost, least)


def _outputs_of_bag(
    trainings: Sequence[Training], row_index: NDArray[np.int64] | None = None
) -> NDArray[np.float64]:
    """Return the mean outputs of training runs for some rows, or for all."""
    found = []
    for training in trainings:
        inputs = training.data.rows.X
        if row_index is not None:
            inputs = taken(inputs, row_index)
        network = TrainedNet(training.net, training.state.best_or_present_params)
        found.append(_outputs(network, inputs))
    return np.asarray(np.mean(found, axis=0))
