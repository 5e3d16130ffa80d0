"""The state of a training: all that changes while it runs.

To stop a training and to continue it later, in this process or in another one, is to pickle its `TrainingState`, to
load it, and to run the loop on it: the results are the same to the last bit. Everything else that the loop needs
(network, data, settings) is constant and given again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from cmlp import _core
from cmlp.inputs.blocks import loaded_block
from cmlp.training.history import History
from cmlp.training.random import stored_generator
from cmlp.training.schedules import SCHEDULES, Schedule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from cmlp.training.random import Draws

# Of the pickles that this package writes: changes whenever a field does.
PICKLE_VERSION = 1


def check_version(fields: Mapping[str, object], what: str) -> None:
    """Raise ValueError unless a pickle was written by this version of the format."""
    if fields.get("version") != PICKLE_VERSION:
        raise ValueError(
            f"This {what} was pickled by another version of cmlp and cannot be loaded: train it again, or unpickle it "
            "with the version that wrote it."
        )


def check_params(params: NDArray[Any], net: _core.Net) -> None:
    """Raise ValueError unless a parameter block has the network's size and dtype."""
    if params.shape != (net.n_params,) or params.dtype != net.dtype:
        raise ValueError(
            f"The parameters must be {net.n_params} values of dtype {net.dtype}, got an array of shape "
            f"{params.shape} and dtype {params.dtype}."
        )


class TrainingState:
    """What a training reads and changes.

    Attributes
    ----------
    params : ndarray of shape (n_params,)
        The flat parameter block.
    optimizer : cmlp._core.Optimizer
        Hyperparameters, the learning rate in use, moments, counters.
    schedule : Schedule
    schedule_epoch : int
        Epochs of the schedule that are done; with partial_fit those of earlier calls count too.
    generator : RandomState, cmlp._core.Random or None
        Draws the order of the rows; None when training is over. A pickle holds the state of its MT19937, so the loaded
        generator is one of its own.
    order : ndarray of int64 or None
        The training rows in the order of the current epoch; None: as they stand.
    epoch : int
        Epochs done in this call.
    batch : int or None
        Batches done of an epoch that was interrupted, in the order that was drawn for it; None between two epochs.
    history : History
    best : ndarray or None
        The best parameters so far, with early stopping.
    stopped : bool
        Whether the stopping rule has ended training.
    """

    def __init__(
        self,
        params: NDArray[Any],
        optimizer: _core.Optimizer,
        schedule: Schedule,
        history: History,
        generator: Draws | None = None,
        order: NDArray[np.int64] | None = None,
        schedule_epoch: int = 0,
    ) -> None:
        self.params, self.optimizer, self.schedule = params, optimizer, schedule
        self.history, self.generator, self.order = history, generator, order
        self.schedule_epoch = schedule_epoch
        self.epoch = 0
        self.batch: int | None = None
        self.best: NDArray[Any] | None = None
        self.stopped = False

    def check(self, net: _core.Net) -> None:
        """Raise ValueError unless parameters and optimizer belong to a network of this size and dtype."""
        check_params(self.params, net)
        if self.best is not None:
            check_params(self.best, net)
        self.optimizer.check(net)

    def finished(self) -> TrainingState:
        """Return what is kept when a call is over: without row order and generator, with the parameters to keep.

        These are, with early stopping, the best of this call. As in scikit-learn, a warm start that finds nothing
        better than the calls before it keeps the parameters it ended with.
        """
        params = self.params if self.best is None else self.best
        kept = TrainingState(params, self.optimizer, self.schedule, self.history, schedule_epoch=self.schedule_epoch)
        kept.epoch, kept.batch, kept.stopped = self.epoch, self.batch, self.stopped
        return kept

    def __getstate__(self) -> dict[str, Any]:
        generator = None if self.generator is None else stored_generator(self.generator)
        schedule = {"name": self.schedule.name, **vars(self.schedule)}
        fields = {**vars(self), "generator": generator, "schedule": schedule, "history": self.history.fields()}
        return {"version": PICKLE_VERSION, **fields}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, "training state")
        try:
            self._load(fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"The training state is damaged: {error!r}") from error

    def _load(self, fields: Mapping[str, Any]) -> None:
        self.params = loaded_block(native(fields["params"], (np.float32, np.float64), "params"))
        self.best = fields["best"]
        if self.best is not None:
            self.best = loaded_block(native(self.best, (np.float32, np.float64), "best"))
        self.order = fields["order"]
        if self.order is not None:
            self.order = native(self.order, (np.int64,), "order")
        schedule = dict(fields["schedule"])
        self.schedule = SCHEDULES[schedule.pop("name")](**schedule)
        self.history = History.from_fields(fields["history"])
        for name, kind in _KINDS.items():
            if not isinstance(fields[name], kind):
                raise ValueError(f"The training state is damaged: {name} is {fields[name]!r}.")
            setattr(self, name, fields[name])


_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "optimizer": _core.Optimizer,
    "generator": (_core.Random, type(None)),
    "schedule_epoch": int,
    "epoch": int,
    "batch": (int, type(None)),
    "stopped": bool,
}


def native(block: object, dtypes: tuple[type, ...], name: str) -> NDArray[Any]:
    """Return a loaded one-dimensional array in native byte order; ValueError if it has another type.

    Arrays of the right type are returned as they are: they may be memory that processes share.
    """
    wanted = tuple(map(np.dtype, dtypes))
    if not isinstance(block, np.ndarray) or block.ndim != 1 or block.dtype.newbyteorder("=") not in wanted:
        given = f"{block.ndim}-D of dtype {block.dtype}" if isinstance(block, np.ndarray) else type(block).__name__
        names = " or ".join(map(str, wanted))
        raise ValueError(f"The training state is damaged: {name} must be a 1-D array of {names}, got {given}.")
    return block if block.dtype.isnative else block.astype(block.dtype.newbyteorder("="))
