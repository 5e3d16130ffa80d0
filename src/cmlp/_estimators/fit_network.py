"""Fitting a network: `prepare_network` makes the training run of a call, `NetworkFit` the fitted model of its state.

Programs that only predict never import this module.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._data.arrays import StoredRows, stored_rows
from cmlp._data.scale import warn_of_scale
from cmlp._estimators.fit import PreparedFit, locked, store, train_and_store
from cmlp._estimators.fitted import NETWORK, Fitted, can_assemble, copy_with, fitted_of
from cmlp._estimators.from_arrays import assemble
from cmlp._estimators.kinds_of_call import PARTIAL_FIT
from cmlp._estimators.request import FitRequest
from cmlp._estimators.resuming import parameters_to_keep
from cmlp._estimators.sources import StreamHashes
from cmlp._estimators.targets import learn_encoding
from cmlp._estimators.trainer import Trainer
from cmlp._process.signals import DeferredSignals
from cmlp._train.job import Data, TrainingJob, Validation, naming_validation, require_complete
from cmlp._train.observer import callbacks_of
from cmlp._train.same_data import keep_or_compare
from cmlp._train.split import checked_shards
from cmlp._train.state import TrainingState
from cmlp._train.training_options import check_scoring
from cmlp._train.training_run import make_run
from cmlp._train.validation import UserScore
from cmlp.exceptions import InvalidParameterError, Message, add_hint, message_of, optional

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.checks import Opened, Rows
    from cmlp._data.labels import Labels
    from cmlp._estimators.estimator import Estimator
    from cmlp._estimators.provenance import Provenance, ProvenanceNow
    from cmlp._estimators.request import Start
    from cmlp._estimators.sources import Arrays, RowSource
    from cmlp._estimators.targets import NetworkTargetEncoding
    from cmlp._train.engine import Engine
    from cmlp._train.observer import Observer
    from cmlp._train.split import Shards
    from cmlp._train.training_run import TrainingRun


@locked
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
    request = FitRequest.of(estimator, validation, resume=resume, shards=shards)
    with estimator._observers(*source.given) as own:
        train_network(request, source, [*own, *observers])


def train_network(request: FitRequest, source: RowSource, observers: Sequence[Observer]) -> None:
    """Train on the rows of a source, and store the model; ValueError if the call resumes a fit on other data."""
    fit = prepare_network(request, source)
    if fit.run.has_epochs:
        keep_or_compare(fit.run.job)
    train_and_store(fit, observers)


@dataclass(eq=False)
class NetworkFit(PreparedFit):
    """A call whose rows are open, with the run that trains the network."""

    request: FitRequest
    source: RowSource
    labels: Labels | None
    runs: list[TrainingRun]  # one

    @property
    def run(self) -> TrainingRun:
        """The run that trains the network."""
        return self.runs[0]

    @property
    def can_resume(self) -> bool:
        """Whether `resume` can continue an interrupted call."""
        return self.run.has_epochs

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C."""
        return bool(self.request.options.warm_start or self.run.state.epoch)

    def begin_provenance(self) -> ProvenanceNow:
        """Begin the record of the fit; a source that reads blocks collects their hashes."""
        from cmlp._estimators.provenance import begin_network_record  # few programs need it

        if not self.source.is_whole:
            self.source.hashes = StreamHashes(self.run.job)
        return begin_network_record(self.request, self.source, self.run.job, self.labels)

    def train(self, observers: Sequence[Observer], provenance_now: ProvenanceNow) -> None:
        """Train the network, which the user's callbacks and the observers follow."""
        estimator, run = self.request.estimator, self.run
        job, state = run.job, run.state
        if self.can_resume:
            state.resume_check.parameters = {**parameters_to_keep(estimator), **self.source.fixed_for_resume}
        snapshot: Callable[[], Fitted] = lambda: self.fitted_from(state.best_so_far(), provenance_now())  # noqa: E731
        callbacks = callbacks_of(job.options.callbacks, job.options.verbose)
        if callbacks:
            from cmlp._estimators.network import Network  # few programs need it

            network = Network._assembled(job.net, state.params, job.data.input_scale, job.n_threads)
            Trainer._of(network, run, lambda: copy_with(estimator, snapshot()))._attach(callbacks, run)
        for observer in observers:
            observer.attach(state, snapshot, provenance_now)
            run.observers.append(observer)
        run.train()

    def judge(self) -> None:
        """Warn if the network is hardly better than a constant."""
        self.run.judge()

    def fitted(self, provenance: Provenance | None) -> Fitted:
        """Return what the fit leaves, when training has ended or was interrupted."""
        state = self.run.state
        return self.fitted_from(state.resumable() if self.can_resume else state.without_rows(), provenance)

    def fitted_from(self, state: TrainingState, provenance: Provenance | None = None) -> Fitted:
        """Return what the fit would leave with a state of its run. Its parameters predict y itself.

        The model shares the block of parameters with the state, unless y is standardized.
        """
        return _fitted_of_job(self.request, self.labels, self.run.job, state, self.run.job.data.names, provenance)


def prepare_network(
    request: FitRequest,
    source: RowSource,
    engine: Callable[[TrainingJob], Engine] | None = None,
) -> NetworkFit:
    """Open the source, and make the training run of a call; the estimator does not change.

    The source names the engine, unless another one is passed.

    Random numbers are drawn in this order: initial weights, dropout seed, and by `make_run` the split.
    """
    options, shards = request.options, request.shards
    opened = source.open(request.door())
    rows = opened.rows
    start = request.start(rows)
    _check_scale(request, start, rows)
    encoding, encoded = learn_encoding(request, opened, is_complete=source.is_whole)
    net = request.network(rows.X.shape[1], encoding.n_outputs, encoding.output, start.dtype)
    state = request.begun_state(net)
    validation, y_to_score = _validation(request, opened, start.names, encoding)
    if not request.call.is_incremental:
        check_scoring(options, validation is not None)
    data = Data(
        rows.X,
        encoded.values,
        encoded.weight,
        start.input_scale,
        start.names,
        validation,
        shards=None if shards is None else checked_shards(shards, len(rows.X), options, validation is not None),
        groups=encoding.groups(encoded.values),
        group_names=None if encoding.labels is None else encoding.labels.classes,
    )
    objective = encoding.objective()
    scorer = _scorer(request, encoding.labels, objective.score_name, y_to_score)
    if scorer is not None:
        objective = objective._replace(scorer=scorer)
    job = TrainingJob(
        net,
        objective,
        data,
        options,
        state,
        options.n_threads,
        reads_again=not source.is_whole,
    )
    n_rows, moments = source.survey(job, encoding, _learns(start, job))
    run = make_run(job, n_rows, engine or source.engine, input_scale=start.scale_to_learn, moments=moments)
    return NetworkFit(request, source, encoding.labels, [run])


def _learns(start: Start, job: TrainingJob) -> str:
    """Return the parameter with a scale that fit learns, as messages show it; empty if there is none."""
    if start.scale_to_learn is not None:
        return f"input_scale={start.scale_to_learn!r}"
    return "y_scale" if job.objective.y_scale is not None and job.state.weights.target_scale is None else ""


def _check_scale(request: FitRequest, start: Start, rows: Rows) -> None:
    """Warn of a scale of the inputs that does not fit the rows; ValueError if they are too few to learn it."""
    scale, name = start.input_scale, start.scale_to_learn
    if name is None and isinstance(scale, float) and (request.previous is None or not request.call.is_incremental):
        warn_of_scale(stored_rows(rows.X), scale)
    if name is not None and isinstance(rows.X, StoredRows):
        problem = "<input_scale=> is learned from all rows, which no process has with local=True."
        raise InvalidParameterError(problem, input_scale=name)


def _validation(
    request: FitRequest, opened: Opened, names: NDArray[Any] | None, encoding: NetworkTargetEncoding
) -> tuple[Validation | None, NDArray[Any]]:
    """Return the own validation rows of the call, and the y that a score of the user gets."""
    if not require_complete(*request.validation):
        return None, opened.y
    with naming_validation():
        own = request.door()._replace(width=opened.rows.X.shape[1], names=names).open(*request.validation)
        return Validation(own.rows.X, *encoding.encode(own.y, own.weight)), own.y


def _fitted_of_job(
    request: FitRequest,
    labels: Labels | None,
    job: TrainingJob,
    state: TrainingState,
    names: NDArray[Any] | None = None,
    provenance: Provenance | None = None,
) -> Fitted:
    """Return what a fit with this job leaves with a state of it. This changes the state: its parameters predict y."""
    state.weights.use_units_of_y(job.net)
    return Fitted.of_network(
        job.net,
        state,
        labels,
        input_scale=job.data.input_scale,
        names=names,
        scale_name=request.scale_name,
        provenance=provenance,
    )


def _model_to_score(request: FitRequest, labels: Labels | None, job: TrainingJob) -> Any:
    """Return a copy of the estimator with the present parameters, for a score of the user.

    The score is computed from converted rows, which have no names of columns.
    """
    return copy_with(request.estimator, _fitted_of_job(request, labels, job, job.state.without_rows()))


def _scorer(request: FitRequest, labels: Labels | None, own: str, y: NDArray[Any]) -> UserScore | None:
    """Return the score of the user; None for the estimator's `own` score and for "loss"."""
    scoring = request.options.scoring
    if scoring is None or scoring in ("loss", own):
        return None
    if isinstance(scoring, str):
        needs = "<scoring=> needs scikit-learn; otherwise it must be None, 'loss', {!r} or callable."
        scoring = optional("sklearn.metrics", Message(needs, own, scoring=scoring)).get_scorer(scoring)
    return UserScore(scoring, partial(_model_to_score, request, labels), y)


@locked
def partial_fit(estimator: Estimator, source: Arrays, classes: ArrayLike | None) -> None:
    """Train one epoch on the given rows, starting from the current model, and store the result at the end."""
    request = FitRequest.of(estimator, call=PARTIAL_FIT, classes=classes)
    if request.previous is None and can_assemble(estimator):
        assemble(estimator)
        request = replace(request, previous=fitted_of(estimator))
    previous = request.previous
    with _naming_classes(request, source):
        fit = prepare_network(request, source)
    run = fit.run
    assert run.has_epochs  # the method does not exist with solver="lbfgs"
    with DeferredSignals():
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
