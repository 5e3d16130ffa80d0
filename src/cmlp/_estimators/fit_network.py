"""Fitting a network: `NetworkFit` prepares the training run of a call, and makes the fitted model of its state.

Programs that only predict never import this module.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import StoredRows, stored_rows
from cmlp._data.scale import warn_of_scale
from cmlp._estimators.calls import PARTIAL_FIT
from cmlp._estimators.fit import Exclusively, PreparedFit, store, train_followed
from cmlp._estimators.fitted import NETWORK, Fitted, can_assemble, copy_with, fitted_of
from cmlp._estimators.from_arrays import assemble
from cmlp._estimators.request import FitRequest
from cmlp._estimators.resuming import parameters_to_keep
from cmlp._estimators.targets import learn_encoding
from cmlp._estimators.trainer import Trainer
from cmlp._process.signals import immediate_signals
from cmlp._train.job import Data, TrainingJob, Validation, naming_validation, require_complete
from cmlp._train.observer import callbacks_of
from cmlp._train.same_data import check_same_data
from cmlp._train.split import checked_shards
from cmlp._train.state import TrainingState
from cmlp._train.training_options import check_scoring
from cmlp._train.training_run import begin, make_run
from cmlp._train.validation import UserScore
from cmlp.exceptions import InvalidParameterError, Message, add_hint, message_of, optional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.checks import Opened, Rows
    from cmlp._data.labels import Labels
    from cmlp._data.scale import InputScale
    from cmlp._estimators.estimator import Estimator
    from cmlp._estimators.sources import Arrays, RowSource
    from cmlp._estimators.targets import Encoded, NetworkTargetEncoding
    from cmlp._train.engine import Engine
    from cmlp._train.observer import Observer
    from cmlp._train.split import Shards
    from cmlp._train.training_run import TrainingRun


def fit_network(
    estimator: Estimator,
    source: Arrays,
    validation: tuple[Any, Any, Any] = (None, None, None),
    *,
    resume: bool = False,
    shards: Shards | None = None,
    observers: Sequence[Observer] = (),
) -> None:
    """Train a new model, or with `warm_start` or `resume` the previous one, and store it at the end."""
    with Exclusively(estimator), immediate_signals():
        request = FitRequest.of(estimator, validation, resume=resume, shards=shards)
        with estimator._observers(*source.given) as own:
            train_followed(prepare_network(request, source), [*own, *observers])


class NetworkFit(PreparedFit):
    """A call whose rows are open, with the run that trains the network, and the classes."""

    request: FitRequest

    def __init__(self, request: FitRequest, source: RowSource, labels: Labels | None, run: TrainingRun) -> None:
        self.request, self.source, self.labels, self.run = request, source, labels, run
        self.runs = [run]

    @property
    def can_resume(self) -> bool:
        """Whether `resume` can continue an interrupted call."""
        return self.run.has_epochs

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C."""
        return bool(self.request.options.warm_start or self.run.state.epoch)

    def remember_for_resume(self) -> None:
        """Keep what must not change before the fit is resumed; raises ValueError if the data of this one have."""
        if self.run.has_epochs:
            check_same_data(self.run.job)
            self.remember_parameters()

    def remember_parameters(self) -> None:
        """Keep the parameters that must not change before the fit is resumed; begin the provenance."""
        request = self.request
        self.run.state.parameters = {**parameters_to_keep(request.estimator), **self.source.fixed_for_resume}
        if request.options.provenance:
            from cmlp._estimators.provenance import is_recorded, provenance_of_network  # few programs need it

            if is_recorded(request):
                self.provenance_now = provenance_of_network(request, self.source, self.run.job, self.labels)

    def attach(self, observers: Sequence[Observer]) -> None:
        """Let the user's callbacks and the observers follow the training."""
        job, state = self.run.job, self.run.state
        callbacks = callbacks_of(job.options.callbacks, job.options.verbose)
        if callbacks:
            from cmlp._estimators.network import Network  # few programs need it

            network = Network._assembled(job.net, state.params, job.data.input_scale, job.n_threads)
            Trainer._of(network, self.run, lambda: self._copy(state.best_so_far()))._attach(callbacks, self.run)
        for observer in observers:
            observer.attach(state, lambda: self.fitted_from(state.best_so_far()), self.provenance_now)
            self.run.observers.append(observer)

    def train(self) -> None:
        """Train the network."""
        self.run.run()

    def fitted(self) -> Fitted:
        """Return what the fit leaves, when training has ended or was interrupted."""
        state = self.run.state
        return self.fitted_from(state.resumable() if self.can_resume else state.without_rows())

    def fitted_from(self, state: TrainingState, *, with_names: bool = True) -> Fitted:
        """Return what the fit would leave with a state of its run. Its parameters predict y itself.

        The model shares the block of parameters with the state, unless y is standardized. A score is computed from
        converted rows, which have no names of columns.
        """
        net, data = self.run.job.net, self.run.job.data
        return Fitted.of_network(
            net,
            state.in_units_of_y(net),
            self.labels,
            input_scale=data.input_scale,
            names=data.names if with_names else None,
            scale_name=self.request.scale_name,
            provenance=self.provenance_now(),
        )

    def model_to_score(self) -> Any:
        """Return a copy of the estimator with the present parameters, for a score of the user."""
        return self._copy(self.run.state.without_rows(), with_names=False)

    def _copy(self, state: TrainingState, *, with_names: bool = True) -> Any:
        return copy_with(self.request.estimator, self.fitted_from(state, with_names=with_names))


def prepare_network(
    request: FitRequest,
    source: RowSource,
    engine: Callable[[TrainingJob], Engine] | None = None,
    *,
    warns_if_useless: bool = True,
) -> NetworkFit:
    """Open the source, and make the training run of a call; the estimator does not change.

    The engine is that of the source unless another one is passed. `warns_if_useless` is whether to warn of a useless
    model.

    Random numbers are drawn in this order: initial weights, dropout seed, and by `begin` the split.
    """
    options = request.options
    opened = source.open(request.door())
    dtype = request.dtype(opened.rows.auto_dtype)
    scale = _input_scale(request, opened.rows)
    encoding, encoded = learn_encoding(request, opened, is_complete=source.is_whole)
    net = request.network(opened.rows.X.shape[1], encoding.n_outputs, encoding.output, dtype)
    state = request.begun_state(net)
    data, y_to_score = _data(request, opened, encoding, encoded, scale)
    objective = encoding.objective()
    function = _scoring_function(options.scoring, objective.score_name)
    if function is not None:
        scorer = UserScore(function, lambda: fit.model_to_score(), data, y_to_score, state)
        objective = objective._replace(scorer=scorer)
    job = TrainingJob(
        net,
        objective,
        data,
        options,
        state,
        options.n_threads,
        reads_again=not source.is_whole,
        warns_if_useless=warns_if_useless and not options.warm_start,
    )
    n_rows, data = source.learn(job, encoding)
    job = job._replace(data=data)
    begin(job, n_rows)
    run = make_run(job, engine or source.engine)
    fit = NetworkFit(request, source, encoding.labels, run)
    return fit


def _input_scale(request: FitRequest, rows: Rows) -> float | InputScale | str:
    """Return the scale of the inputs, or the name of one to learn, and warn of one that does not fit the rows."""
    scale = request.input_scale(rows.X.shape[1])
    if isinstance(scale, str) and isinstance(rows.X, StoredRows):
        problem = "<input_scale=> is learned from all rows, which no process has with local=True."
        raise InvalidParameterError(problem, input_scale=scale)
    if isinstance(scale, float) and (request.previous is None or not request.call.is_incremental):
        warn_of_scale(stored_rows(rows.X), scale)
    return scale


def _data(
    request: FitRequest,
    opened: Opened,
    encoding: NetworkTargetEncoding,
    encoded: Encoded,
    scale: float | InputScale | str,
) -> tuple[Data, NDArray[Any]]:
    """Return the rows of the call with its own validation rows, and the y that a score of the user gets."""
    rows, previous, options = opened.rows, request.previous, request.options
    names = rows.names if previous is None else previous.model.feature_names
    validation, y_to_score = None, opened.y
    if require_complete(*request.validation):
        with naming_validation():
            own = request.door()._replace(width=rows.X.shape[1], names=names).open(*request.validation)
            validation, y_to_score = Validation(own.rows.X, *encoding.encode(own.y, own.weight)), own.y
    if not request.call.is_incremental:
        check_scoring(options, validation is not None)
    shards = None
    if request.shards is not None:
        shards = checked_shards(request.shards, len(rows.X), options, validation is not None)
    data = Data(
        rows.X,
        encoded.values,
        encoded.weight,
        scale,
        names,
        validation,
        shards=shards,
        groups=encoding.groups(encoded.values),
        group_names=None if encoding.labels is None else encoding.labels.classes,
    )
    return data, y_to_score


def _scoring_function(scoring: str | Callable[..., Any] | None, default: str) -> Callable[..., Any] | None:
    """Return the function for the parameter `scoring`; None for the estimator's own score and for "loss"."""
    if scoring is None or scoring in ("loss", default):
        return None
    if not isinstance(scoring, str):
        return scoring
    needs = Message(
        "<scoring=> needs scikit-learn; otherwise it must be None, 'loss', {!r} or callable.", default, scoring=scoring
    )
    return optional("sklearn.metrics", needs).get_scorer(scoring)  # type: ignore[no-any-return]


def partial_fit(estimator: Estimator, source: Arrays, classes: ArrayLike | None) -> None:
    """Train one epoch on the given rows, starting from the current model, and store the result at the end."""
    with Exclusively(estimator):
        with immediate_signals():
            request = FitRequest.of(estimator, call=PARTIAL_FIT, classes=classes)
            if request.previous is None and can_assemble(estimator):
                assemble(estimator)
                request = replace(request, previous=fitted_of(estimator))
            previous = request.previous
            with _naming_classes(request, source):
                fit = prepare_network(request, source)
            run = fit.run
            assert run.has_epochs  # the method does not exist with solver="lbfgs"
        run.train_epoch()  # which ends no training
        fitted = fit.fitted_from(run.state.without_rows())
        network = vars(estimator).get(NETWORK)
        store(estimator, fitted)
        if network is not None and previous is not None and network.params is previous.model.params:
            network._share(fitted.model.net, fitted.model.params)


@contextmanager
def _naming_classes(request: FitRequest, source: Arrays) -> Iterator[None]:
    """Add to an error that `classes` has a name, if they were passed as the third argument: that is `sample_weight`."""
    try:
        yield
    except ValueError as error:
        weight = source.given[2]
        previous = request.previous
        named = {setting.name for setting in message_of(error).settings}
        if not request.is_classifier or request.classes is not None or weight is None:
            raise
        if named.isdisjoint({"sample_weight", "classes"}):
            raise
        if previous is None or np.array_equal(weight, previous.model.class_labels.classes):
            hint = "The third argument of partial_fit is sample_weight: pass the classes as classes=[...]."
            add_hint(error, hint)
        raise
