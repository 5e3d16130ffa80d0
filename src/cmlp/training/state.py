"""The training state: everything that training modifies.

`cmlp.Trainer` pauses and resumes a training by keeping, or pickling, its `TrainingState`. The results have the same
bits as without the pause. The other arguments of the loop (network, data, settings) are constant.
"""

from __future__ import annotations

import math
from copy import deepcopy
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np

from cmlp import _core
from cmlp.blocks import block_copy, loaded_block
from cmlp.pickles import PICKLE_VERSION, check_version
from cmlp.training.history import History
from cmlp.training.random import is_storable, stored_generator
from cmlp.training.schedules import SCHEDULES, Schedule
from cmlp.training.target_scale import scale_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from numpy.typing import NDArray

    from cmlp.inputs.checksums import Digests
    from cmlp.training.random import Generator
    from cmlp.training.target_scale import TargetScale


NO_SUMS = np.array([0.0, 0.0, 0.0, math.nan])  # `TrainingState.sums` before the first batch of an epoch
NO_SUMS.flags.writeable = False


def check_params(params: NDArray[Any], net: _core.Net) -> None:
    """Raise ValueError unless a parameter block has the network's size and dtype."""
    if params.shape != (net.n_params,) or params.dtype != net.dtype:
        raise ValueError(
            f"The parameters must be {net.n_params} values of dtype {net.dtype}, got an array of shape "
            f"{params.shape} and dtype {params.dtype}."
        )


class TrainingState:
    """The mutable state of a training.

    Attributes
    ----------
    params : ndarray of shape (n_params,)
        The flat parameter block.
    optimizer : cmlp._core.Optimizer or None
        Hyperparameters, current learning rate, moments, number of steps. None before the first epoch, for example after
        loading parameters: the training makes it from its settings. The solver "lbfgs" has no optimizer.
    schedule : Schedule or None
        None if `optimizer` is None.
    schedule_epoch : int
        Number of completed epochs of the schedule; with partial_fit, epochs of earlier calls are included.
    generator : RandomState, cmlp._core.Random or None
        Shuffles the rows; None after training. A pickle contains the MT19937 state; the loaded generator is
        independent of the original one.
    n_rows : int or None
        Number of rows of X, training and validation; None before the first epoch, 0 during the first pass over a source
        of unknown length.
    validation : ndarray of int64 or None
        The validation rows; None without early stopping.
    order : ndarray of int64 or None
        The training rows in the order of the current epoch; None for the original order.
    shuffle_seed : int
        Seed of the current epoch's order if it is shuffled piece by piece, from 0 to ``2**32 - 1``.
    dropout_seed : int
        Seed of dropout, from 0 to ``2**32 - 1``.
    epoch : int
        Number of completed epochs in this call.
    batch : int or None
        Number of completed batches of an interrupted epoch; None between two epochs.
    sums : ndarray of float64 of shape (4,)
        Sums of cost and penalty and number of rows of the completed batches of the epoch, and the gradient norm of its
        last batch; NaN before that batch, or if the norm is not computed.
    seconds : float
        Duration of the completed pieces of an interrupted epoch; NaN if they were trained before pickling.
    history : History
    best : ndarray or None
        The best parameters so far; None without early stopping.
    last : ndarray or None
        The parameters after the last batch, if `params` holds the best ones instead.
    target_scale : TargetScale or None
        The scale of the targets, if training standardizes them.
    folded : bool
        Whether the outputs of `params` have y's unit although training standardizes the targets, as before and after
        training.
    stopped : bool
        Whether the stopping rule, the minimizer or a callback has ended training.
    checksum : int or None
        Checksum of a sample of the data, or of the first row of a source of blocks: see `cmlp.training.task.Data`.
    digests : dict or None
        Checksums of all rows, if they are in arrays: see `cmlp.training.same_data`. If both are None, the training
        cannot be resumed.
    parameters : dict or None
        The parameters of an estimator that must not change before training is resumed.
    """

    def __init__(
        self,
        params: NDArray[Any],
        history: History,
        generator: Generator | None = None,
        optimizer: _core.Optimizer | None = None,
        schedule: Schedule | None = None,
        schedule_epoch: int = 0,
    ) -> None:
        self.params, self.optimizer, self.schedule = params, optimizer, schedule
        self.history, self.generator = history, generator
        self.schedule_epoch = schedule_epoch
        self.n_rows: int | None = None
        self.validation: NDArray[np.int64] | None = None
        self.order: NDArray[np.int64] | None = None
        self.shuffle_seed = 0
        self.dropout_seed = 0
        self.epoch = 0
        self.batch: int | None = None
        self.sums: NDArray[np.float64] = NO_SUMS.copy()
        self.seconds = 0.0
        self.best: NDArray[Any] | None = None
        self.last: NDArray[Any] | None = None
        self.target_scale: TargetScale | None = None
        self.folded = False
        self.stopped = False
        self.checksum: int | None = None
        self.digests: Digests | None = None
        self.parameters: dict[str, Any] | None = None

    def check(self, net: _core.Net) -> None:
        """Raise ValueError unless parameters and optimizer match the network's size and dtype."""
        check_params(self.params, net)
        for block in (self.best, self.last):
            if block is not None:
                check_params(block, net)
        if self.optimizer is not None:
            self.optimizer.check(net)
        if self.target_scale is not None:
            self.target_scale.check(net)

    def stepping(self) -> tuple[_core.Optimizer, Schedule]:
        """Return the optimizer and the schedule of a training that has them."""
        assert self.optimizer is not None and self.schedule is not None
        return self.optimizer, self.schedule

    def digest(self) -> int:
        """Return a checksum of what all workers must have computed alike."""
        history, scores = self.history, self.history.validation_scores
        found = None if not scores else scores.last(), history.stale
        numbers = (self.epoch, self.batch, self.stepping()[0].learning_rate, *found)
        return crc32(repr(numbers).encode(), crc32(self.params))

    def fold(self, net: _core.Net) -> None:
        """If training standardizes the targets, let the parameters predict y itself: those of a new block."""
        if self.target_scale is not None and not self.folded:
            params = block_copy(self.params)  # so that Ctrl-C does not leave a block that is folded in part
            scale = self.target_scale.folded(net, params)
            self.params, self.target_scale, self.folded = params, scale, True

    def unfold(self, net: _core.Net) -> None:
        """If the parameters predict y itself, let them predict standardized targets."""
        if self.target_scale is not None and self.folded:
            self.target_scale, self.folded = self.target_scale.unfolded(net, self.params), False

    def restore_best(self) -> None:
        """With early stopping, replace the parameters by the best ones of this call.

        If no epoch of this call (a warm start) is better than those of earlier calls, the last ones stay, as in
        scikit-learn.
        """
        if self.best is not None:
            if self.last is None:
                self.last = block_copy(self.params)
            self.params[:], self.best = self.best, None

    def restore_last(self) -> None:
        """Undo `restore_best`, to continue training."""
        if self.last is not None:
            if self.best is None:
                self.best = block_copy(self.params)
            self.params[:], self.last = self.last, None

    def shared(self) -> TrainingState:
        """Return a state with the same objects as attributes."""
        twin = TrainingState.__new__(TrainingState)
        vars(twin).update(vars(self))
        return twin

    def finished(self) -> TrainingState:
        """Return the state to keep after a call that cannot be resumed: without rows and generator."""
        kept = TrainingState(self.params, self.history, None, self.optimizer, self.schedule, self.schedule_epoch)
        kept.epoch, kept.batch, kept.stopped = self.epoch, self.batch, self.stopped
        kept.target_scale, kept.folded = self.target_scale, self.folded
        return kept

    def resumable(self) -> TrainingState:
        """Return the state to keep after a call that can be resumed, with a copy of the random generator."""
        kept, generator = self.shared(), self.generator
        if generator is not None and not is_storable(generator):
            return self.finished()
        kept.generator = None if generator is None else stored_generator(generator)
        return kept

    def copy(self) -> TrainingState:
        """Return an independent copy, from which training can continue."""
        twin = self.shared()
        twin.params, twin.history, twin.sums = block_copy(self.params), self.history.copy(), self.sums.copy()
        twin.optimizer = deepcopy(self.optimizer)
        twin.order = None if self.order is None else self.order.copy()  # training shuffles it in place
        twin.best, twin.last = (None if block is None else block_copy(block) for block in (self.best, self.last))
        return twin

    def __getstate__(self) -> dict[str, Any]:
        generator = None if self.generator is None else stored_generator(self.generator)
        schedule = None if self.schedule is None else {"name": self.schedule.name, **vars(self.schedule)}
        scale = None if self.target_scale is None else self.target_scale._asdict()
        fields = {**vars(self), "generator": generator, "schedule": schedule, "target_scale": scale}
        fields["history"] = self.history.without_seconds().fields()
        fields["seconds"] = 0.0 if self.batch is None else math.nan
        return {"version": PICKLE_VERSION, **fields}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, "training state")
        try:
            self._load(fields)
        except (KeyError, TypeError) as error:
            raise ValueError(f"The training state is damaged: {error!r}") from error

    def _load(self, fields: Mapping[str, Any]) -> None:
        self.params = loaded_block(native(fields["params"], _FLOATS, "params"))
        for name in ("best", "last"):
            block = fields[name]
            setattr(self, name, None if block is None else loaded_block(native(block, _FLOATS, name)))
        self.sums = np.array(native(fields["sums"], (np.float64,), "sums"))
        if self.sums.shape != NO_SUMS.shape:
            raise ValueError(f"The training state is damaged: sums has the shape {self.sums.shape}.")
        for name in ("order", "validation"):
            rows = fields[name]
            # A copy, because training shuffles the order in place, and the pickle's memory may be shared.
            setattr(self, name, None if rows is None else np.array(native(rows, (np.int64,), name)))
        schedule = None if fields["schedule"] is None else dict(fields["schedule"])
        self.schedule = None if schedule is None else SCHEDULES[schedule.pop("name")](**schedule)
        self.history = History.from_fields(fields["history"])
        self.target_scale = scale_of(fields["target_scale"])
        for name, kind in _KINDS.items():
            if not isinstance(fields[name], kind):
                raise ValueError(f"The training state is damaged: {name} is {fields[name]!r}.")
            setattr(self, name, fields[name])
        if (self.optimizer is None) != (self.schedule is None):
            raise ValueError(
                f"The training state is damaged: optimizer is {self.optimizer}, but schedule is {self.schedule}."
            )


_FLOATS = (np.float32, np.float64)
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    "optimizer": (_core.Optimizer, type(None)),
    "generator": (_core.Random, type(None)),
    "schedule_epoch": int,
    "n_rows": (int, type(None)),
    "shuffle_seed": int,
    "dropout_seed": int,
    "epoch": int,
    "batch": (int, type(None)),
    "folded": bool,
    "seconds": float,
    "stopped": bool,
    "checksum": (int, type(None)),
    "digests": (dict, type(None)),
    "parameters": (dict, type(None)),
}


def native(block: object, dtypes: tuple[type, ...], name: str) -> NDArray[Any]:
    """Return an unpickled 1-D array in native byte order; raises ValueError if it has another dtype or shape.

    An array in native byte order is returned without a copy, because its memory may be shared between processes.
    """
    expected = tuple(map(np.dtype, dtypes))
    if not isinstance(block, np.ndarray) or block.ndim != 1 or block.dtype.newbyteorder("=") not in expected:
        given = f"{block.ndim}-D of dtype {block.dtype}" if isinstance(block, np.ndarray) else type(block).__name__
        names = " or ".join(map(str, expected))
        raise ValueError(f"The training state is damaged: {name} must be a 1-D array of {names}, got {given}.")
    return block if block.dtype.isnative else block.astype(block.dtype.newbyteorder("="))
