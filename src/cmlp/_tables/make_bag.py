"""The trainings of the networks of a bag: `new_trainings` and `resumed_trainings` make them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp._bridge import _core
from cmlp._data.encoded_rows import EncodedRows
from cmlp._fit.resuming import resumed_state
from cmlp._parameters.architecture import init_activations
from cmlp._tables.bag import ACTIVATION, options_of_member
from cmlp._tables.monotone import begin_with_signs, cut_to_signs, signs_of_params
from cmlp._tables.prepared_table import OTHER_DATA
from cmlp._train.data import Data
from cmlp._train.initial_params import initial_params
from cmlp._train.order import order_of
from cmlp._train.prepare import draw_dropout_seed, make_training
from cmlp._train.split import Strata
from cmlp._train.state import History, TrainingState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from cmlp._model.model import TrainedNet
    from cmlp._parameters.options import TableOptions, TrainingOptions
    from cmlp._tables.prepared_table import PreparedTable
    from cmlp._train.split import Split
    from cmlp._train.training import Training


def new_trainings(
    table: PreparedTable, options: TableOptions, previous: Sequence[TrainedNet] | None
) -> list[Training]:
    """Return the trainings of all networks, with new parameters or those of the previous model."""
    trainings = [_new_training(table, options, k, seed) for k, seed in enumerate(table.seeds)]
    if previous is not None:
        for training, network in zip(trainings, previous, strict=True):
            training.state.params[:] = network.params
            if training.signs is not None:
                cut_to_signs(training.state.params, training.signs)
    return trainings


def resumed_trainings(
    table: PreparedTable, options: TableOptions, states: Sequence[TrainingState]
) -> list[Training]:
    """Return the trainings of all networks, from states of a fit; ValueError if they are of other rows."""
    return [_resumed_training(table, options, k, state) for k, state in enumerate(states)]


def _net(table: PreparedTable, options: TableOptions, k: int) -> _core.Net:
    """Return the network of member k."""
    hidden = options.hidden_layer_sizes
    sizes = (table.inputs_of(k).shape[1], *hidden, table.encoding.n_outputs)
    activations = (*[ACTIVATION] * len(hidden), table.encoding.output)
    return _core.Net(sizes, activations, options.loss, np.float32, None, options.loss_parameter)


def _new_training(table: PreparedTable, options: TableOptions, k: int, seed: int) -> Training:
    """Return the training of member k, before its first epoch."""
    net = _net(table, options, k)
    generator = _core.Random(seed)
    params = initial_params(
        net, generator, init_activations([ACTIVATION] * len(net.sizes[1:-1]), ACTIVATION)
    )
    signs = _signs(table, net)
    if signs is not None:
        begin_with_signs(net, params, signs)
    split = order, validation = table.split(k)
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
    split = order, validation = table.split(k)
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
