"""The trainings of the networks of a bag: `new_trainings` and `resumed_trainings` make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp._bridge import _core
from cmlp._data.encoded_rows import EncodedRows
from cmlp._fit.resuming import resumed_state
from cmlp._parameters.architecture import init_activations
from cmlp._tables.bag import (
    ACTIVATION,
    folds_of,
    folds_of_copies,
    folds_of_groups,
    number_of_folds,
    options_of_member,
)
from cmlp._tables.monotone import begin_with_signs, cut_to_signs, signs_of_params
from cmlp._train.data import Data
from cmlp._train.initial_params import initial_params
from cmlp._train.order import order_of
from cmlp._train.prepare import draw_dropout_seed, make_training
from cmlp._train.random import draw_seed
from cmlp._train.split import Strata
from cmlp._train.state import History, TrainingState
from cmlp.exceptions import InvalidParameterError, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._data.groups import Groups
    from cmlp._model.model import TrainedNet
    from cmlp._parameters.options import TableOptions, TrainingOptions
    from cmlp._tables.prepared_table import PreparedTable
    from cmlp._train.split import Split
    from cmlp._train.training import Training

OTHER_DATA = (
    "resume=True continues a fit on other data. Pass the same X, y, groups, time and validation "
    "data, with the same names of columns, categories and labels."
)


def new_trainings(
    table: PreparedTable,
    options: TableOptions,
    previous: Sequence[TrainedNet] | None,
    rng: _core.Random,
) -> list[Training]:
    """Draw the folds, and return the trainings of all networks, with new parameters or those of the previous model.

    Random numbers are drawn in this order: the folds, the seeds of networks.
    """
    if previous is not None:
        _require_same(_net(table, options, 0), options.n_estimators, previous)
    folds = _draw_folds(table, options, rng)
    seeds = [draw_seed(rng) for _ in range(options.n_estimators)]
    trainings = [_new_training(table, options, k, folds, seed) for k, seed in enumerate(seeds)]
    if previous is not None:
        for training, network in zip(trainings, previous, strict=True):
            training.state.params[:] = network.params
            if training.signs is not None:
                cut_to_signs(training.state.params, training.signs)
    return trainings


def resumed_trainings(
    table: PreparedTable,
    options: TableOptions,
    folds: NDArray[np.uint8] | None,
    states: Sequence[TrainingState],
) -> list[Training]:
    """Return the trainings of all networks, from states and folds of a fit; ValueError if they are of other rows."""
    if folds is None or len(folds) != table.n_training:
        raise ValueError(OTHER_DATA)
    table.use_folds(folds)
    return [_resumed_training(table, options, k, state) for k, state in enumerate(states)]


def _draw_folds(
    table: PreparedTable, options: TableOptions, rng: _core.Random
) -> NDArray[np.int64]:
    """Draw the folds of which networks hold out one, and those without which statistics of rows are learned."""
    classes, groups = table.classes, table.training_groups
    own_rng = rng.copy()
    if table.n_folds and groups is not None:
        _require_groups(table, groups, classes)
        folds = folds_of_groups(groups, classes, table.n_folds, rng)
    elif table.copies is not None:
        folds = folds_of_copies(table.copies, classes, rng)
    else:
        folds = folds_of(table.n_training, classes, rng)
    if groups is None or table.n_folds:
        table.use_folds(folds)
    else:
        # The statistics of a row must not know the targets of its group.
        n_folds = number_of_folds(groups, options.n_estimators)
        table.use_folds(folds_of_groups(groups, classes, n_folds, own_rng))
    return folds


def _require_groups(
    table: PreparedTable, groups: Groups, classes: NDArray[np.int64] | None
) -> None:
    """Raise ValueError if networks cannot hold out groups whose classes others have, too."""
    if groups.group_count.n < 2:
        raise ValueError(
            "groups must have at least 2 groups, of which networks hold out some, got 1 "
            f"group: {shown(groups.values[0])}."
        )
    labels = table.encoding.labels
    if classes is None or labels is None:
        return
    pairs = np.unique(np.stack([classes, groups.codes], axis=1), axis=0)
    alone = np.flatnonzero(np.bincount(pairs[:, 0]) == 1)
    if len(alone):
        group = pairs[pairs[:, 0] == alone[0], 1][0]
        raise ValueError(
            f"groups must have each class in at least 2 groups, got class "
            f"{shown(labels.classes.tolist()[alone[0]])} in {shown(groups.values[group])} "
            "only: the networks that hold out this group cannot learn the class."
        )


def _require_same(net: _core.Net, n_estimators: int, previous: Sequence[TrainedNet]) -> None:
    """Raise ValueError if the networks of a previous model are not those of a bag with this first one."""
    earlier = previous[0].net
    if n_estimators != len(previous):
        raise InvalidParameterError(
            f"warm_start=True needs n_estimators={len(previous)!r}, as the model has, got "
            f"{n_estimators}.",
            parameter="warm_start",
            value=True,
        )
    if earlier.sizes[1:] != net.sizes[1:]:
        raise InvalidParameterError(
            f"warm_start=True needs hidden_layer_sizes={earlier.sizes[1:-1]!r} and "
            f"{earlier.sizes[-1]} outputs, as the model has, got {net.sizes[1:-1]} and "
            f"{net.sizes[-1]}.",
            parameter="warm_start",
            value=True,
        )


def _net(table: PreparedTable, options: TableOptions, k: int) -> _core.Net:
    """Return the network of member k."""
    hidden = options.hidden_layer_sizes
    sizes = (table.inputs_of(k).shape[1], *hidden, table.encoding.n_outputs)
    activations = (*[ACTIVATION] * len(hidden), table.encoding.output)
    return _core.Net(sizes, activations, options.loss, np.float32, None, options.loss_parameter)


def _new_training(
    table: PreparedTable, options: TableOptions, k: int, folds: NDArray[np.int64], seed: int
) -> Training:
    """Return the training of member k, before its first epoch."""
    net = _net(table, options, k)
    generator = _core.Random(seed)
    params = initial_params(
        net, generator, init_activations([ACTIVATION] * len(net.sizes[1:-1]), ACTIVATION)
    )
    signs = _signs(table, net)
    if signs is not None:
        begin_with_signs(net, params, signs)
    split = order, validation = table.split(k, folds)
    training_options = options_of_member(options, len(order), has_validation=validation is not None)
    # A second generator draws the seed of dropout, so that the order of the rows is the same
    # without dropout.
    state = TrainingState(params, History(), _core.Random(seed))
    draw_dropout_seed(state, training_options, len(net.sizes) - 1)
    state.generator = generator
    return _training(table, net, training_options, k, state, split, signs)


def _resumed_training(
    table: PreparedTable, options: TableOptions, k: int, state: TrainingState
) -> Training:
    """Return the training of member k, from a state of it."""
    net = _net(table, options, k)
    if state.params.shape != (net.n_params,) or state.n_rows != len(table.raw):
        raise ValueError(OTHER_DATA)
    split = order, validation = table.split(k, table.folds)
    training_options = options_of_member(options, len(order), has_validation=validation is not None)
    state = resumed_state(state, training_options)
    return _training(table, net, training_options, k, state, split, _signs(table, net))


def _training(
    table: PreparedTable,
    net: _core.Net,
    options: TrainingOptions,
    k: int,
    state: TrainingState,
    split: Split,
    signs: NDArray[np.int8] | None,
) -> Training:
    labels = table.encoding.labels
    classes = None
    if labels is not None and labels.kind in ("binary", "multiclass"):
        classes = labels.classes
    encoded = EncodedRows(table.inputs_of(k), table.targets, table.weight)
    in_units_of_y = None if labels is not None else encoded._replace(targets=table.truth)
    data = Data(
        encoded,
        order_of(options),
        split=split,
        strata=Strata(names=classes),
        in_units_of_y=None if in_units_of_y is None else (in_units_of_y, None),
    )
    return make_training(
        net,
        table.encoding.objective(),
        data,
        options,
        state,
        n_threads=1,
        signs=signs,
    )


def _signs(table: PreparedTable, net: _core.Net) -> NDArray[np.int8] | None:
    """Return the signs that the parameters of a network keep; None if they keep none."""
    if table.column_signs is None:
        return None
    return signs_of_params(net, table.columns, table.column_signs)
