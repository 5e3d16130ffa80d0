"""`Trainer`: trains a network epoch by epoch, can be paused, pickled and resumed."""

from __future__ import annotations

import math
from contextlib import closing
from copy import deepcopy
from typing import TYPE_CHECKING

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import PICKLE_VERSION, check_version
from cmlp._data.arrays import rectangular
from cmlp._data.checks import as_rows, check_width, require_samples
from cmlp._data.encoded_rows import EncodedRows
from cmlp._data.weights import as_weights
from cmlp._estimators.fitted import copy_with
from cmlp._estimators.targets import TrainerEncoding
from cmlp._model.model import NetworkModel, network_model_of
from cmlp._model.results import TrainedEpoch
from cmlp._process.signals import DeferredSignals
from cmlp._train.callbacks import callbacks_of
from cmlp._train.constraints import COUNT, argument
from cmlp._train.docstrings import documented
from cmlp._train.engine import Engine
from cmlp._train.job import (
    Data,
    TrainingJob,
    naming_validation,
    require_complete,
)
from cmlp._train.other_names import hinting
from cmlp._train.parameters import PARAMETERS
from cmlp._train.random import random_state as generator_of
from cmlp._train.same_data import keep_or_compare_sample
from cmlp._train.state import EpochNumbers, History, TrainingState, Weights
from cmlp._train.training_options import check_scoring, options_of
from cmlp._train.training_run import make_run
from cmlp._train.validation import UserScore
from cmlp.exceptions import InvalidParameterError, shown

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import Any, Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._estimators.fit import Fit
    from cmlp._estimators.fitted import ProvenanceNow
    from cmlp._train.training_options import TrainingOptions
    from cmlp._train.training_run import TrainingRun


@documented("Trainer")
class Trainer:
    """Train a network: solver, learning-rate schedule, regularization, early stopping.

    The trainer changes the network's parameters in place. It keeps its state (moments of the optimizer, random
    generator, order of the rows, loss curve) between calls, so training that was interrupted, paused or pickled
    continues as if it had never stopped, bit for bit. `Network.fit` is the short form for training in one call.
    The estimators' `fit` runs the same loop, and passes a trainer to its callbacks.

    Parameters
    ----------
    network : Network
        The network to train.
    <parameters>

    Attributes
    ----------
    network : Network
        The argument.
    state : TrainingState
        Everything that training changes. ``state.epoch`` is the number of complete epochs, ``state.batch`` that of
        the complete batches of the present epoch, and ``state.params`` are the parameters.

    Raises
    ------
    ValueError
        If a parameter is invalid, or if parameters contradict each other.

    Examples
    --------
    >>> from cmlp import Network, Trainer
    >>> X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]], [0, 0, 1, 1]
    >>> net = Network([2, 8, 2], "tanh", random_state=0)
    >>> trainer = Trainer(net, learning_rate_init=0.1, n_iter_no_change=50, random_state=0)
    >>> for epoch in trainer.epochs(X, y):
    ...     if epoch.loss < 0.1:
    ...         break
    >>> net.forward(X).argmax(axis=1)
    array([0, 0, 1, 1])
    """

    __module__ = "cmlp"

    @hinting
    def __init__(
        self,
        network: Any,
        *,
        solver: str = "adam",
        alpha: float | Sequence[float] = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | Callable[[int, int], float] = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool | str = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int | str = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
        dropout: float | Sequence[float] = 0.0,
        warmup: float = 0.0,
        max_time: float | None = None,
        scoring: str | Callable[..., float] | None = None,
        callbacks: Sequence[Any] | None = None,
        block_size: int = 1024,
    ) -> None:
        given = {name: value for name, value in locals().items() if name not in ("self", "network")}
        trained = network_model_of(network)
        options = _options(given, trained)
        PARAMETERS.warn_of_unused("Trainer", given)
        state = TrainingState(Weights(trained.params), History(), generator_of(random_state))
        options.draw_dropout_seed(state, len(trained.net.sizes) - 1)
        self._set_up(network, trained, network.n_threads, options, state)

    def _set_up(
        self, network: Any, trained: NetworkModel, n_threads: int | None, options: TrainingOptions, state: TrainingState
    ) -> None:
        self.network = network
        self.state = state
        self._content = trained
        self._n_threads = n_threads
        self._options = options
        self._fit: Fit[Any] | None = None  # of the estimator that is trained
        self._provenance_now: ProvenanceNow = lambda: None

    @classmethod
    def _of(cls, network: Any, fit: Fit[Any], run: TrainingRun, provenance_now: ProvenanceNow) -> Self:
        """Return what the callbacks of an estimator's training get: the trainer of a run of a call of fit."""
        job, trainer = run.job, cls.__new__(cls)
        trainer._set_up(network, network_model_of(network), job.n_threads, job.options, job.state)
        trainer._fit, trainer._provenance_now = fit, provenance_now
        return trainer

    def run(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        n_batches: int | None = None,
    ) -> Self:
        """Train until training is finished: until it stops improving, or for `max_iter` epochs or `max_time` seconds.

        If training has been interrupted or paused, it continues, also in the middle of an epoch. The data must then be
        the same as before; a checksum of a sample of them is compared. A finished training does not continue.

        Parameters
        ----------
        X : array-like or sparse container of shape (n, n_inputs)
        y : array-like of shape (n,) or (n, n_outputs)
            Targets, as for `Network.cost`.
        sample_weight : None, float or array-like of shape (n,), default=None
            Weights of the rows, not negative.
        X_val, y_val, sample_weight_val
            Validation rows of your own, in the form of X, y and `sample_weight`; `validation_fraction` is then ignored.
            Their loss and score are recorded after each epoch, also with ``early_stopping=False``.
        n_batches : int or None, default=None
            If not None, pause after this number of batches. Callbacks are called as without it: `on_fit_begin` and
            `on_fit_end` in each call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an argument is invalid. `DivergenceError` and `NonFiniteInputError`, which are subclasses, if training
            diverges or X contains NaN or infinity. The parameters are then those after the last complete batch, and
            need not be finite if training diverged.
        KeyboardInterrupt
            On Ctrl-C; the parameters are those after the last complete batch, and `run` continues from there.
        """
        if n_batches is not None and self._options.solver == "lbfgs":
            raise InvalidParameterError(
                f"n_batches must be None with solver='lbfgs', which has no batches, got {shown(n_batches)}.",
                parameter="n_batches",
                value=n_batches,
            )
        run = self._run_on(X, y, sample_weight, (X_val, y_val, sample_weight_val))
        count = None if n_batches is None else argument("n_batches", n_batches, COUNT)
        _core.run_deferred(DeferredSignals(), _train, run, count)
        return self

    def epochs(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Iterator[TrainedEpoch]:
        """Return an iterator that trains one epoch at a time, for ``for epoch in trainer.epochs(X, y)``.

        Between two epochs, the network can be used. Leaving the loop pauses training, and another call of `epochs` or
        `run` continues it. `stop` ends it.

        Parameters
        ----------
        X, y, sample_weight, X_val, y_val, sample_weight_val
            As for `run`.

        Yields
        ------
        TrainedEpoch

        Raises
        ------
        ValueError, KeyboardInterrupt
            As for `run`; ValueError also for the solver "lbfgs", which has no epochs.
        """
        if self._options.solver == "lbfgs":
            raise InvalidParameterError("solver='lbfgs' has no epochs: use run.", parameter="solver", value="lbfgs")
        return self._reports(self._run_on(X, y, sample_weight, (X_val, y_val, sample_weight_val)))

    def _reports(self, run: TrainingRun) -> Iterator[TrainedEpoch]:
        assert run.has_epochs
        with closing(run.epochs()) as epochs:
            while True:
                # Signals are not deferred while the caller's code runs, between two epochs.
                if not _core.run_deferred(DeferredSignals(), _train_epoch, run, epochs):
                    return
                yield self.last_epoch

    def stop(self) -> None:
        """End training after the current epoch: `run` and `epochs` then restore the best parameters and return."""
        self.state.stopped = True

    @property
    def finished(self) -> bool:
        """Whether training has ended, so that `run` and `epochs` do not continue."""
        return self.state.stopped or self.state.epoch >= self._options.max_iter

    @property
    def max_iter(self) -> int:
        """The parameter of this name."""
        return self._options.max_iter

    @property
    def last_epoch(self) -> TrainedEpoch:
        """The numbers of the last complete epoch (for "lbfgs": of the last iteration); ValueError if there is none."""
        state, history = self.state, self.state.history
        if history.loss is None:
            raise ValueError("No epoch is complete.")
        numbers = EpochNumbers(*history.records.last() if len(history.records) else ())
        rate = self._options.learning_rate_init if state.optimizer is None else state.optimizer.learning_rate
        known = {name: value for name, value in numbers._asdict().items() if not math.isnan(value)}
        score, validation_loss = known.get("validation_score"), known.get("validation_loss")
        norm, seconds = known.get("gradient_norm"), numbers.seconds or math.nan
        return TrainedEpoch(state.epoch, history.loss, score, rate, validation_loss, norm, seconds)

    @property
    def history(self) -> dict[str, list[float]]:
        """A list with a number per epoch for each quantity, as `MLPClassifier.history_`."""
        return self.state.history.table()

    def snapshot(self) -> Any:
        """Return a copy of the model as it is now: of the network, or for an estimator's training of the estimator.

        The copy of an estimator is fitted, with early stopping with the best parameters so far, and its training can be
        resumed.
        """
        if self._fit is None:
            return deepcopy(self.network)
        return copy_with(self._fit.estimator, self._fitted_now())

    def _fitted_now(self) -> Any:
        """Return what the call of fit would leave now, with early stopping with the best parameters so far."""
        assert self._fit is not None
        return self._fit.fitted_now(self._provenance_now())

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `snapshot` to a model file; that of an estimator includes the training state.

        Raises
        ------
        OSError, TypeError, ValueError
            As for `Network.save` and `MLPClassifier.save`.
        """
        model = self.snapshot()
        if self._fit is None:
            model.save(path)
        else:
            model.save(path, include_training_state=True)

    @property
    def loss_curve(self) -> list[float]:
        """The loss of every epoch."""
        return list(self.state.history.loss_curve)

    @property
    def validation_scores(self) -> list[float] | None:
        """The validation score of every epoch; None without validation rows."""
        scores = self.state.history.validation_scores
        return None if scores is None else list(scores)

    def __repr__(self) -> str:
        epochs = f"{self.state.epoch} of at most {self._options.max_iter} epochs"
        return f"Trainer({self.network!r}, solver={self._options.solver!r}: {epochs})"

    def __getstate__(self) -> dict[str, Any]:
        options = self._options.of_trainer()
        return {"version": PICKLE_VERSION, "network": self.network, "options": options, "state": self.state}

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, "trainer")
        network = fields["network"]
        state = fields["state"]
        trained = network_model_of(network)
        options = _options(fields["options"], trained)
        if not isinstance(state, TrainingState):
            raise ValueError(f"The pickled trainer is damaged: state is {state!r}.")
        state.weights.params = trained.params  # one block: pickle may have made a copy for each of the two objects
        state.check(trained.net)
        self._set_up(network, trained, network.n_threads, options, state)

    def _run_on(
        self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None, given: tuple[Any, Any, Any]
    ) -> TrainingRun:
        """Validate the arguments of a call, and return the training run on them."""
        options = self._options
        trained = self._content
        user_y = rectangular(y, "y")
        encoding = TrainerEncoding(trained.net, user_y)
        objective = encoding.objective()
        rows = self._encoded_rows(X, user_y, sample_weight, encoding)
        validation = None
        if require_complete(*given):
            PARAMETERS.warn_of_unused("Trainer", {**options.of_trainer(), "X_val": True}, "X_val")
            X_val, y_val, weight_val = given
            with naming_validation():
                user_y = rectangular(y_val, "y")
                validation = self._encoded_rows(X_val, user_y, weight_val, encoding)
        check_scoring(options, validation is not None)
        groups = encoding.groups(rows.targets)
        data = Data(rows, trained.input_scale, validation=validation, groups=groups)
        if callable(options.scoring):
            scorer = UserScore(options.scoring, lambda _: self.network, user_y)
            objective = objective._replace(scorer=scorer)
        elif options.scoring not in (None, "loss", objective.score_name):
            expected = f"None, 'loss', {objective.score_name!r} or a callable for this network and y"
            raise InvalidParameterError(
                f"scoring must be {expected}, got {shown(options.scoring)}.",
                parameter="scoring",
                value=options.scoring,
                expected=expected,
            )
        job = TrainingJob(trained.net, objective, data, options, self.state, self._n_threads)
        run = make_run(job, rows.n_rows, Engine)
        self._follow(callbacks_of(options.callbacks, options.verbose), run)
        if run.has_epochs:
            keep_or_compare_sample(run.job)
        return run

    def _encoded_rows(
        self, X: ArrayLike, y: NDArray[Any], weight: ArrayLike | None, encoding: TrainerEncoding
    ) -> EncodedRows:
        """Return rows of training or validation, checked and encoded."""
        net = self._content.net
        class_name = type(self.network).__name__
        rows, _ = as_rows(X, class_name)
        require_samples(rows, class_name)
        check_width(rows.shape[1], net.n_in, class_name)
        values = encoding.values(y)
        if len(values) != len(rows):
            counts = [len(rows), len(values)]
            raise ValueError(f"Found input variables with inconsistent numbers of samples: {counts}")
        return EncodedRows(rows, values, as_weights(weight, len(rows)))

    def _follow(self, callbacks: Sequence[Any], run: TrainingRun) -> None:
        """Call callbacks with this trainer."""
        run.callbacks.add(callbacks, self)
        if run.callbacks.intervals and not run.has_epochs:
            interval = min(run.callbacks.intervals)
            raise InvalidParameterError(
                f"every_batches of a callback must be None with solver='lbfgs', which has no batches, got {interval}.",
                parameter="every_batches",
                value=interval,
            )


def _train(run: TrainingRun, n_batches: int | None) -> None:
    """Train until training is finished, or for a number of batches."""
    if n_batches is None or not run.has_epochs:
        run.train()
    elif not run.run_batches(n_batches):
        return
    run.judge()


def _train_epoch(run: TrainingRun, epochs: Iterator[None]) -> bool:
    """Train an epoch; return False if training has ended."""
    has_trained = next(epochs, run) is not run
    if not has_trained:
        run.judge()
    return has_trained


def _options(parameters: Mapping[str, object], trained: NetworkModel) -> TrainingOptions:
    """Return the options of a trainer; raises ValueError if a parameter is invalid or parameters contradict."""
    return options_of(PARAMETERS.checked("Trainer", parameters, "Trainer"), len(trained.net.sizes) - 1)
