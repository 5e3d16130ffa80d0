"""`Trainer`: trains a network epoch by epoch, can be paused, pickled and resumed."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from copy import deepcopy
from typing import Any, Self

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import PICKLE_VERSION, check_version
from cmlp._data.array_types import AnyArray, ArrayLike, GivenRows
from cmlp._data.arrays import rectangular
from cmlp._data.checks import as_rows, check_width, require_samples
from cmlp._data.encoded_rows import EncodedRows
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.weights import as_weights
from cmlp._fit.recipe import NOW, checked_recipe, require_this_recipe
from cmlp._fit.targets import TrainerEncoding
from cmlp._model.model import NetworkModel, network_model_of
from cmlp._model.other_rows import warn_of_validation_inputs
from cmlp._model.results import TrainedEpoch
from cmlp._parameters.constraints import COUNT, argument
from cmlp._parameters.entries import PARAMETERS
from cmlp._parameters.name_hints import hinted
from cmlp._parameters.options import TrainingOptions, check_scoring
from cmlp._train.callbacks import callbacks_of
from cmlp._train.data import Data
from cmlp._train.diagnosis import warn_if_useless
from cmlp._train.objective import has_validation_rows, naming_validation
from cmlp._train.order import order_of
from cmlp._train.prepare import draw_dropout_seed, make_training
from cmlp._train.random import checked_generator
from cmlp._train.same_data import keep_or_compare_sample
from cmlp._train.state import EpochNumbers, History, TrainingState
from cmlp._train.training import Training
from cmlp._train.user_score import UserScore
from cmlp.exceptions import InvalidParameterError, shown


class Trainer:
    """Train a network: solver, learning-rate schedule, regularization, early stopping.

    The trainer changes the network's parameters in place. It keeps its state (moments of the
    optimizer, random generator, order of the rows, loss curve) between calls, so training that was
    interrupted, paused or pickled continues as if it had never stopped, bit for bit. `Network.fit`
    is the short form for training in one call. The estimators' `fit` runs the same loop, and passes
    a trainer to its callbacks.

    Parameters
    ----------
    network : Network
        The network to train.
    solver : {"adam", "adamw", "lbfgs", "sgd"}, default="adam"
        As for `MLPClassifier`; "adamw" is Adam with decoupled weight decay (Loshchilov and Hutter
        2019).
    alpha : float or sequence of float, default=0.0001
        Strength of the L2 penalty, ``alpha / 2 * sum(w ** 2)``, divided by the batch size. One
        number for all layers after the input, or one for each.
    batch_size : int or "auto", default="auto"
        Number of rows per update; "auto" is the smaller of 200 and the number of rows.
    learning_rate : {"constant", "invscaling", "adaptive", "one_cycle", "cosine"} or callable, default="constant"
        The learning-rate schedule, as for `MLPClassifier`.
    learning_rate_init : float, default=0.001
        The initial learning rate; with "one_cycle" the largest one.
    power_t : float, default=0.5
        Exponent for "invscaling".
    max_iter : int, default=200
        Maximum number of epochs, or of iterations for "lbfgs".
    shuffle : bool or "blocks", default=True
        Whether to shuffle the rows before each epoch. "blocks" is for a memory-mapped file that is
        larger than memory: it shuffles the order of blocks of `block_size` rows, and then the rows
        of 8 blocks at a time, so that the file is read in long stretches and only the order of 8
        blocks is held.
    random_state : None, int or RandomState, default=None
        Seed or generator for the validation split, the order of the rows and dropout. To train like
        an estimator, use one RandomState here and for the network's initial parameters.
    tol : float, default=0.0001
        Minimum improvement of the loss (of the score, with `early_stopping`) for an epoch to count
        as an improvement. "lbfgs" stops when every entry of the gradient is at most `tol`.
    verbose : bool, int or "bar", default=False
        Whether to print a line per epoch; n for a line after the first and every n-th epoch, "bar"
        for a progress bar (needs tqdm).
    momentum : float, default=0.9
        Momentum for ``solver="sgd"``.
    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum.
    early_stopping : bool, default=False
        Whether to hold out validation rows, to stop when the score on them stops improving, and to
        keep the best parameters. See `scoring` for the score. With ``X_val`` of `run`, no rows are
        held out.
    validation_fraction : float, default=0.1
        Fraction of the rows to use for validation. For one column of zeros and ones and a loss of
        probabilities, the split is stratified.
    beta_1 : float, default=0.9
        Decay rate of Adam's estimates of the mean.
    beta_2 : float, default=0.999
        Decay rate of Adam's estimates of the square.
    epsilon : float, default=1e-08
        Added to the denominator of Adam's step.
    n_iter_no_change : int or inf, default=10
        Training stops after more than this many consecutive epochs without improvement. With inf,
        training always takes `max_iter` epochs; with ``tol=0`` too, it issues no
        ConvergenceWarning.
    max_fun : int, default=15000
        Maximum number of loss evaluations for "lbfgs"; the limit is checked after each iteration.
    weight_decay : float, default=0.0
        Weight decay for the solver "adamw", not negative. Before each step,
        ``learning_rate * weight_decay`` times the weight is subtracted from every weight, but not
        from the biases (Loshchilov and Hutter 2019).
    max_grad_norm : float or None, default=None
        If the norm of a step's gradient (with the penalty) is larger, the gradient is scaled to
        this norm. None means no clipping.
    dropout : float or sequence of float, default=0.0
        Dropout rate, at least 0 and below 1. One number for all hidden layers, or one for each (see
        `Network.cost`).
    warmup : float, default=0.0
        Number of batches at the start in which the learning rate rises, or if below 1 their
        fraction of all batches, as for `MLPClassifier`.
    max_time : float or None, default=None
        Time limit in seconds for a call of `run` or `epochs`. Training stops after the last
        complete batch, and the next call continues.
    scoring : None, str or callable, default=None
        Score of the validation rows; higher is better. None means the accuracy ("accuracy") for
        class indices and for losses of probabilities, otherwise the coefficient of determination
        ("r2"). "loss" means minus the validation loss. A callable has the arguments
        ``(network, X, y)``, and ``sample_weight`` if the rows have weights.
    callbacks : list of object or None, default=None
        Objects with methods ``on_fit_begin(trainer)``, ``on_batches_end(trainer)``,
        ``on_epoch_end(trainer)`` or ``on_fit_end(trainer)``, see `cmlp.callbacks`.
    block_size : int, default=1024
        Rows per block for ``shuffle="blocks"``.

    Attributes
    ----------
    network : Network
        The argument, or the network of the estimator that is trained. The trainer of a table has
        none, because it has several, whose inputs are encoded rows: see `networks`.
    networks : tuple of Network
        All networks that are trained; one but for a table.
    state : TrainingState
        Everything that training changes. ``state.epoch`` is the number of complete epochs,
        ``state.batch`` that of the complete batches of the present epoch, and ``state.params`` are
        the parameters. Of the networks of a table, it is the state of the one with the most epochs.

    Notes
    -----
    Callbacks of an estimator for tables get a trainer of all its networks. Its losses, scores, learning rates, norms
    and seconds are means over the networks that have trained an epoch, and `stop` ends all of them.

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

    @hinted
    def __init__(
        self,
        network: object,
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
        tol: float = 0.0001,
        verbose: bool | int | str = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-08,
        n_iter_no_change: float = 10,
        max_fun: int = 15000,
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
        dropout: float | Sequence[float] = 0.0,
        warmup: float = 0.0,
        max_time: float | None = None,
        scoring: str | Callable[..., float] | None = None,
        callbacks: Sequence[object] | None = None,
        block_size: int = 1024,
    ) -> None:
        given = {
            name: value for name, value in locals().items() if name in PARAMETERS.names("Trainer")
        }
        trained = network_model_of(network)
        options = _options(given, trained)
        PARAMETERS.warn_of_unused("Trainer", given)
        state = TrainingState(trained.params, History(), checked_generator(random_state))
        draw_dropout_seed(state, options, len(trained.net.sizes) - 1)
        self._set_up([network], [(options, state)])

    def _set_up(
        self, networks: Iterable[Any], trained: Iterable[tuple[TrainingOptions, TrainingState]]
    ) -> None:
        self.networks = tuple(networks)
        self._members = tuple(trained)  # the options and the state of each network
        longest = max(self._members, key=lambda one: one[0].max_iter)
        self._options, self.state = longest
        self._recipe: str | None = NOW

    @property
    def network(self) -> Any:  # a Network, whose module imports this one
        """The network that is trained; AttributeError for a table, which has several."""
        return self.networks[0]

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

        If training has been interrupted or paused, it continues, also in the middle of an epoch.
        The data must then be the same as before; a checksum of a sample of them is compared. A
        finished training does not continue.

        Parameters
        ----------
        X : array-like or sparse container of shape (n, n_inputs)
        y : array-like of shape (n,) or (n, n_outputs)
            Targets, as for `Network.cost`.
        sample_weight : None, float or array-like of shape (n,), default=None
            Weights of the rows, not negative.
        X_val, y_val, sample_weight_val
            Validation rows of your own, in the form of X, y and `sample_weight`;
            `validation_fraction` is then ignored. Their loss and score are recorded after each
            epoch, also with ``early_stopping=False``.
        n_batches : int or None, default=None
            If not None, pause after this number of batches. Callbacks are called as without it:
            `on_fit_begin` and `on_fit_end` in each call.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an argument is invalid. `DivergenceError` and `NonFiniteInputError`, which are
            subclasses, if training diverges or X contains NaN or infinity. The parameters are then
            those after the last complete batch, and need not be finite if training diverged.
        KeyboardInterrupt
            On Ctrl-C; the parameters are those after the last complete batch, and `run` continues
            from there.
        """
        if n_batches is not None and not self._options.has_epochs:
            raise InvalidParameterError(
                "n_batches must be None with solver='lbfgs', which has no batches, got "
                f"{shown(n_batches)}.",
                parameter="n_batches",
                value=n_batches,
            )
        training = self._training_on(X, y, sample_weight, (X_val, y_val, sample_weight_val))
        count = None if n_batches is None else argument("n_batches", n_batches, COUNT)
        if count is None:
            training.train()
        elif not training.run_batches(count):
            return self
        warn_if_useless(training)
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

        Between two epochs, the network can be used. Leaving the loop pauses training, and another
        call of `epochs` or `run` continues it. `stop` ends it.

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
        if not self._options.has_epochs:
            raise InvalidParameterError(
                "solver='lbfgs' has no epochs: use run.", parameter="solver", value="lbfgs"
            )
        training = self._training_on(X, y, sample_weight, (X_val, y_val, sample_weight_val))
        return self._reports(training)

    def _reports(self, training: Training) -> Iterator[TrainedEpoch]:
        with closing(training.epochs()) as epochs:
            for _ in epochs:
                yield self.last_epoch
        warn_if_useless(training)

    def stop(self) -> None:
        """End training after the current epoch: `run` and `epochs` then restore the best parameters and return."""
        for _, state in self._members:
            state.stopped = True

    @property
    def finished(self) -> bool:
        """Whether training has ended, so that `run` and `epochs` do not continue."""
        return all(
            state.stopped or state.epoch >= options.max_iter for options, state in self._members
        )

    @property
    def max_iter(self) -> int:
        """The parameter of this name; of a table, the largest number of epochs of a network."""
        return self._options.max_iter

    @property
    def last_epoch(self) -> TrainedEpoch:
        """The numbers of the last complete epoch (for "lbfgs": of the last iteration); ValueError if there is none."""
        epoch = self.state.epoch
        return _mean_epoch([_last_epoch(*one) for one in self._members if one[1].epoch == epoch])

    @property
    def history(self) -> dict[str, list[float]]:
        """A list with a number per epoch for each quantity, as `MLPClassifier.history_`."""
        tables = [state.history.table() for _, state in self._members]
        return {
            name: _mean_curve([table[name] for table in tables if name in table])
            for name in tables[0]
        }

    def snapshot(self) -> Any:  # a Network or an estimator, whose modules import this one
        """Return a copy of the model as it is now: of the network, or for an estimator's training of the estimator.

        The copy of an estimator is fitted, with early stopping with the best parameters so far. The training of the
        copy can be resumed, unless it is the copy of a table.
        """
        return deepcopy(self.network)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write `snapshot` to a model file; that of an estimator of one network includes the training state.

        Raises
        ------
        OSError, TypeError, ValueError
            As for `Network.save` and `MLPClassifier.save`.
        """
        self.snapshot().save(path)

    @property
    def loss_curve(self) -> list[float]:
        """The loss of every epoch."""
        return _mean_curve([list(state.history.loss_curve) for _, state in self._members])

    @property
    def validation_scores(self) -> list[float] | None:
        """The validation score of every epoch; None without validation rows."""
        curves = [state.history.validation_scores for _, state in self._members]
        known = [list(curve) for curve in curves if curve is not None]
        return _mean_curve(known) if known else None

    def __repr__(self) -> str:
        epochs = f"{self.state.epoch} of at most {self._options.max_iter} epochs"
        return f"Trainer({self._networks_shown()}, solver={self._options.solver!r}: {epochs})"

    def _networks_shown(self) -> str:
        return repr(self.network)

    def __getstate__(self) -> dict[str, Any]:
        from cmlp._train.state_file import pickled_state

        self.state.settle()  # a second Ctrl-C can have ended what `run` does after the first
        return {
            "version": PICKLE_VERSION,
            "recipe": self._recipe,
            "network": self.network,
            "options": self._options.of_trainer(),
            "state": pickled_state(self.state, network_model_of(self.network).params),
        }

    def __setstate__(self, fields: dict[str, Any]) -> None:
        check_version(fields, "trainer")
        from cmlp._train.state_file import unpickled_state

        network = fields["network"]
        trained = network_model_of(network)
        # A pickle of an earlier version lacks the parameters that are newer.
        options = _options({**PARAMETERS.defaults("Trainer"), **fields["options"]}, trained)
        self._set_up([network], [(options, unpickled_state(fields["state"], *trained.first))])
        self._recipe = checked_recipe(fields["recipe"])

    def _training_on(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None,
        validation: GivenRows,
    ) -> Training:
        """Validate the arguments of a call, and return the training on them."""
        require_this_recipe(self._recipe, "run")
        options = self._options
        trained = network_model_of(self.network)
        warn_of_other_order(X=X, y=y, sample_weight=sample_weight)
        user_y = rectangular(y, "y")
        encoding = TrainerEncoding(trained.net, user_y)
        objective = encoding.objective()
        rows = self._encoded_rows(trained.net, X, user_y, sample_weight, encoding)
        encoded_validation = None
        if has_validation_rows(*validation):
            PARAMETERS.warn_of_unused("Trainer", {**options.of_trainer(), "X_val": True}, "X_val")
            X_val, y_val, weight_val = validation
            warn_of_other_order(X_val=X_val, y_val=y_val, sample_weight_val=weight_val)
            with naming_validation():
                user_y = rectangular(y_val, "y")
                encoded_validation = self._encoded_rows(
                    trained.net, X_val, user_y, weight_val, encoding
                )
            if not self.state.epoch:
                warn_of_validation_inputs(rows, encoded_validation)
        check_scoring(options, encoded_validation is not None)
        data = Data(
            rows,
            order_of(options),
            input_scale=trained.input_scale,
            strata=encoding.strata(rows.targets),
            validation=encoded_validation,
        )
        if callable(options.scoring):
            user_score = UserScore(options.scoring, lambda _: self.network, user_y)
            objective = objective._replace(user_score=user_score)
        elif options.scoring not in (None, "loss", objective.score_name):
            expected = (
                f"None, 'loss', {objective.score_name!r} or a callable for this network and y"
            )
            raise InvalidParameterError(
                f"scoring must be {expected}, got {shown(options.scoring)}.",
                parameter="scoring",
                value=options.scoring,
                expected=expected,
            )
        training = make_training(
            trained.net,
            objective,
            data,
            options,
            self.state,
            n_threads=self.network.n_threads,
        )
        self._add_callbacks_to(training, callbacks_of(options.callbacks, options.verbose))
        if options.has_epochs:
            keep_or_compare_sample(training)
        return training

    def _encoded_rows(
        self,
        net: _core.Net,
        X: ArrayLike,
        y: AnyArray,
        weight: ArrayLike | None,
        encoding: TrainerEncoding,
    ) -> EncodedRows:
        """Return rows of training or validation, checked and encoded."""
        class_name = type(self.network).__name__
        rows, _ = as_rows(X, class_name)
        require_samples(rows, class_name)
        check_width(rows.shape[1], net.n_in, class_name)
        values = encoding.values(y)
        if len(values) != len(rows):
            counts = [len(rows), len(values)]
            raise ValueError(
                f"Found input variables with inconsistent numbers of samples: {counts}"
            )
        return EncodedRows(rows, values, as_weights(weight, len(rows)))

    def _add_callbacks_to(self, training: Training, callbacks: Sequence[Any]) -> None:
        """Let a training run call callbacks with this trainer."""
        training.callbacks.add(callbacks, self)
        if training.callbacks.intervals and not training.options.has_epochs:
            interval = min(training.callbacks.intervals)
            raise InvalidParameterError(
                "every_batches of a callback must be None with solver='lbfgs', which has no "
                f"batches, got {interval}.",
                parameter="every_batches",
                value=interval,
            )


def _last_epoch(options: TrainingOptions, state: TrainingState) -> TrainedEpoch:
    """Return the numbers of the last epoch of a network; ValueError if there is none."""
    history = state.history
    if history.loss is None:
        raise ValueError("No epoch is complete.")
    numbers = EpochNumbers(*history.records.last() if len(history.records) else ())
    rate = options.learning_rate_init if state.optimizer is None else state.optimizer.learning_rate
    known = {name: value for name, value in numbers._asdict().items() if not math.isnan(value)}
    score, validation_loss = known.get("validation_score"), known.get("validation_loss")
    norm, seconds = known.get("gradient_norm"), numbers.seconds or math.nan
    return TrainedEpoch(state.epoch, history.loss, score, rate, validation_loss, norm, seconds)


def _mean_epoch(epochs: Sequence[TrainedEpoch]) -> TrainedEpoch:
    """Return the means over networks."""
    first = epochs[0]
    if len(epochs) == 1:
        return first
    known = [
        name for name, value in first._asdict().items() if value is not None and name != "number"
    ]
    means: dict[str, Any] = {
        name: float(np.mean([getattr(epoch, name) for epoch in epochs])) for name in known
    }
    return first._replace(**means)


def _mean_curve(curves: Sequence[list[float]]) -> list[float]:
    """Return the mean of each epoch over the networks that have trained it."""
    if len(curves) == 1:
        return curves[0]
    n_epochs = max(map(len, curves))
    return [
        float(np.mean([curve[k] for curve in curves if k < len(curve)])) for k in range(n_epochs)
    ]


def _options(parameters: Mapping[str, object], trained: NetworkModel) -> TrainingOptions:
    """Return the options of a trainer; raises ValueError if a parameter is invalid or parameters contradict."""
    return TrainingOptions.from_checked(
        PARAMETERS.checked("Trainer", parameters, "Trainer"), len(trained.net.sizes) - 1
    )
