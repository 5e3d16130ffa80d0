"""The training runs of the networks of a bag: `new_trainings` and `resumed_trainings` make them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cmlp._bridge import _core
from cmlp._data.array_types import NDArray
from cmlp._data.encoded_rows import EncodedRows
from cmlp._fit.resuming import resumed_state
from cmlp._model.model import TrainedNet
from cmlp._parameters.architecture import init_activations
from cmlp._parameters.options import TableOptions, TrainingOptions
from cmlp._tables.bag import ACTIVATION, options_of_member
from cmlp._tables.monotone import begin_with_signs, cut_to_signs, signs_of_params
from cmlp._tables.prepared_table import OTHER_DATA, PreparedTable
from cmlp._train.data import Data
from cmlp._train.initial_params import initial_params
from cmlp._train.order import order_of
from cmlp._train.prepare import draw_dropout_seed, make_training
from cmlp._train.state import History, TrainingState
from cmlp._train.training import Training


def new_trainings(
    table: PreparedTable, options: TableOptions, previous: Sequence[TrainedNet] | None
) -> list[Training]:
    """Return the training runs of all networks, with new parameters or those of the previous model."""
    trainings = [_training(table, options, k, seed=seed) for k, seed in enumerate(table.seeds)]
    if previous is not None:
        for training, network in zip(trainings, previous, strict=True):
            training.state.params[:] = network.params
            if training.signs is not None:
                cut_to_signs(training.state.params, training.signs)
    return trainings


def resumed_trainings(
    table: PreparedTable, options: TableOptions, states: Sequence[TrainingState]
) -> list[Training]:
    """Return the training runs of all networks, from states of a fit; ValueError if they are of other rows."""
    return [_training(table, options, k, state=state) for k, state in enumerate(states)]


def _net(table: PreparedTable, options: TableOptions, k: int) -> _core.Net:
    """Return the network of member k."""
    hidden = options.hidden_layer_sizes
    sizes = (table.inputs_of(k).shape[1], *hidden, table.encoding.n_outputs)
    activations = (*[ACTIVATION] * len(hidden), table.encoding.output)
    return _core.Net(sizes, activations, options.loss, np.float32, None, options.loss_parameter)


def _training(
    table: PreparedTable,
    options: TableOptions,
    k: int,
    *,
    seed: int = 0,
    state: TrainingState | None = None,
) -> Training:
    """Return the training of member k: from a state of it, or before its first epoch, with a seed of its own."""
    net = _net(table, options, k)
    signs = None
    if table.column_signs is not None:
        signs = signs_of_params(net, table.columns, table.column_signs)
    split = order, validation = table.split(k)
    of_member = options_of_member(options, len(order), has_validation=validation is not None)
    if state is None:
        state = _new_state(net, of_member, signs, seed)
    elif state.params.shape != (net.n_params,) or state.n_rows != len(table.raw):
        raise ValueError(OTHER_DATA)
    else:
        state = resumed_state(state, of_member)
    labels, classes = table.encoding.labels, None
    if labels is not None and labels.kind in ("binary", "multiclass"):
        classes = labels.classes
    encoded = EncodedRows(table.inputs_of(k), table.targets, table.weight)
    data = Data(
        encoded,
        order_of(of_member),
        classes=classes,
        split=split,
        in_units_of_y=(encoded._replace(targets=table.truth), None) if labels is None else None,
    )
    objective = table.encoding.objective()
    return make_training(net, objective, data, of_member, state, n_threads=1, signs=signs)


def _new_state(
    net: _core.Net, options: TrainingOptions, signs: NDArray[np.int8] | None, seed: int
) -> TrainingState:
    """Return the state of a network before its first epoch, whose parameters keep the signs."""
    generator = _core.Random(seed)
    params = initial_params(
        net, generator, init_activations([ACTIVATION] * len(net.sizes[1:-1]), ACTIVATION)
    )
    if signs is not None:
        begin_with_signs(net, params, signs)
    # A second generator draws the seed of dropout, so that the order of the rows is the same
    # without dropout.
    state = TrainingState(params, History(), _core.Random(seed))
    draw_dropout_seed(state, options, len(net.sizes) - 1)
    state.generator = generator
    return state
