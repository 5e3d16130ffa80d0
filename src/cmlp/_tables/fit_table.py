"""Fitting a table: `TableFit` is a call that trains its networks.

Programs that only predict never import this module.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import block_copy
from cmlp._data.checks import as_targets
from cmlp._data.checksums import block_checksums, hash_of_text, stored_dtype
from cmlp._data.encoded_rows import EncodedRows
from cmlp._data.groups import as_groups, require_other_groups
from cmlp._data.input_frame import InputFrame, frame_of, with_dates
from cmlp._data.row_labels import warn_of_other_order
from cmlp._data.spelling import warn_of_spellings
from cmlp._data.weights import as_weights, weights_of_rows
from cmlp._fit.fit import Fit, fix_seed
from cmlp._fit.result import Result, result_of, untrained_states
from cmlp._fit.resuming import hyperparameters_to_keep, resumed_state, table_to_resume
from cmlp._model.calibration import HELD_OUT, frequent_limits
from cmlp._model.model import TableModel, TrainedNet, combination_of, mean_outputs
from cmlp._model.outside import warn_of_moved_rows
from cmlp._model.probabilities import (
    HeldOutScores,
    Scores,
    networks_as_trained,
    no_map,
    scores_of_inputs,
)
from cmlp._model.summary import Summary, kept_rows, values_at_ranks
from cmlp._parameters.architecture import init_activations
from cmlp._parameters.entries import PARAMETERS
from cmlp._parameters.options import TableOptions
from cmlp._process.time_limit import end_of
from cmlp._process.warnings import Notices
from cmlp._tables.bag import (
    ACTIVATION,
    FEWEST_ROWS_TO_HOLD_OUT,
    folds_of,
    folds_of_groups,
    gets_bins,
    number_of_folds,
    options_of_member,
)
from cmlp._tables.calibrate import measured
from cmlp._tables.date_formats import forms_of_columns
from cmlp._tables.doubtful_columns import warn_of_inputs, warn_of_no_values
from cmlp._tables.held_out import warn_if_bag_is_useless
from cmlp._tables.importances import importances_of
from cmlp._tables.later_rows import warn_of_ascending_dates, warn_of_one_class
from cmlp._tables.learn_columns import learn_columns, learn_inputs
from cmlp._tables.learn_statistics import (
    replace_training_statistics,
    with_new_statistics,
    with_statistics,
)
from cmlp._tables.monotone import (
    begin_with_signs,
    cut_to_signs,
    signs_of_columns,
    signs_of_params,
)
from cmlp._tables.repeated_rows import (
    warn_of_groups_in_inputs,
    warn_of_repeated_rows,
)
from cmlp._tables.splits import SplitTarget
from cmlp._tables.targets import learn_table_encoding
from cmlp._tables.train_bag import train_members
from cmlp._train.callbacks import Callbacks, callbacks_of
from cmlp._train.data import data_in_memory
from cmlp._train.diagnosis import judged_rows
from cmlp._train.initial_params import initial_params
from cmlp._train.objective import has_validation_rows, naming_validation
from cmlp._train.prepare import draw_dropout_seed, make_training
from cmlp._train.random import draw_seed, random_state
from cmlp._train.state import History, TrainingState
from cmlp.exceptions import InvalidParameterError, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from numpy.typing import ArrayLike, NDArray

    from cmlp._data.groups import Groups
    from cmlp._fit.fit import EstimatorToFit
    from cmlp._fit.result import Provenance, ProvenanceNow
    from cmlp._model.calibration import Calibration
    from cmlp._model.summary import Accuracy, Background
    from cmlp._model.table_columns import TableColumns
    from cmlp._model.unusual_rows import Gaps
    from cmlp._parameters.options import TrainingOptions
    from cmlp._tables.targets import CountedTargets, TableEncoding
    from cmlp._train.split import Split
    from cmlp._train.training import Training

_FEWEST_ROWS_TO_FIT = 2  # that fit accepts
_OTHER_DATA = (
    "resume=True continues a fit on other data. Pass the same X, y, groups and validation data, with "
    "the same names of columns, categories and labels."
)
_KEPT_COLUMNS = (
    " warm_start=True keeps the categories, ranges and bins of the earlier fit: fit with "
    "warm_start=False to learn those of these rows."
)


class TableRows(NamedTuple):
    """The rows of a fit that count: those to train on, then those of the user's validation data, if there are any."""

    raw: NDArray[np.float64]  # columns
    targets: NDArray[Any]
    truth: NDArray[Any]  # as `scores_of` compares it with outputs
    weight: NDArray[np.float64] | None
    n_training: int

    @property
    def parts(self) -> list[slice]:
        """The training rows, and the validation rows if there are any."""
        n, n_rows = self.n_training, len(self.raw)
        if n == n_rows:
            return [slice(0, n)]
        return [slice(0, n), slice(n, n_rows)]

    @property
    def to_train_on(self) -> tuple[NDArray[np.float64], NDArray[np.float64] | None]:
        """The columns and the weights of the training rows."""
        n = self.n_training
        return self.raw[:n], weights_of_rows(self.weight, slice(n))


@dataclass(eq=False)
class TableFit(Fit):
    """A call that trains the networks of a table."""

    is_of_table = True

    options: TableOptions
    given: tuple[Any, Any, Any] = field(kw_only=True)  # X, y and weights of the training rows
    groups: tuple[Any, Any] = field(kw_only=True)  # of the rows of training and validation
    repeated: TableColumns | None = None  # the columns of a fit that the call repeats
    # Once it is prepared, also these:
    trainings: list[Training] = field(default_factory=list, init=False)
    encoding: TableEncoding = field(init=False)
    columns: TableColumns = field(init=False)
    # Of the columns with which the answers can only rise or fall; None without such.
    column_signs: NDArray[np.int8] | None = field(default=None, init=False)
    # Of the validation rows if there are some, or else of those of training.
    row_groups: Groups | None = field(default=None, init=False)
    training_groups: Groups | None = field(default=None, init=False)
    rows: TableRows = field(init=False)
    # The training rows without what is not kept of columns that no network uses.
    raw_to_keep: NDArray[np.float64] = field(init=False)
    # Of the members with and without bins.
    inputs: dict[bool, NDArray[np.float32]] = field(init=False)
    # Of the training rows: the statistics of a row are learned without its fold.
    folds: NDArray[np.uint8] = field(init=False)
    until: float = field(init=False)
    values: NDArray[np.float64] = field(init=False)  # of the columns, for the summary of the model
    background: Background | None = field(default=None, init=False)

    @classmethod
    def from_estimator(
        cls,
        estimator: EstimatorToFit,
        training: tuple[Any, Any, Any],
        validation: tuple[Any, Any, Any],
        groups: tuple[Any, Any],
        *,
        resume: bool,
        repeated: TableColumns | None = None,
    ) -> Self:
        """Check the parameters of an estimator, and find the fit that the call continues.

        `training` are X, y and weights; `groups` are those of the rows of training and validation; `repeated` are the
        columns of a fit that the call repeats.
        """
        options = fix_seed(estimator, TableOptions.of(estimator))
        PARAMETERS.warn_of_unused(estimator._parameter_owner, estimator._parameters())
        previous = None
        if resume:
            previous = table_to_resume(estimator)
        elif options.warm_start:
            previous = result_of(estimator)
        return cls(
            estimator,
            options,
            previous,
            validation,
            resume,
            given=training,
            groups=groups,
            repeated=repeated,
        )

    def prepare(self) -> Self:
        """Open the rows, learn their columns, and make the trainings of all networks; the estimator does not change.

        The trainings are those of the fit that is resumed, of a warm start, or new.

        Random numbers are drawn in this order: the seed of the rows for explanations, the folds, the seeds of networks.
        """
        options, resumed = self.options, self.resumed
        self.until = end_of(options.max_time)
        earlier = self.repeated
        if resumed is not None:
            earlier = resumed.model.columns
        self._learn_columns(self._open(), earlier)
        rows, columns = self.rows, self.columns
        self.column_signs = signs_of_columns(options.monotonic_cst, columns, self.encoding)
        kinds = {gets_bins(columns, k) for k in range(min(options.n_estimators, 2))}
        self.inputs = {bins: columns.encode(rows.raw, bins=bins) for bins in kinds}
        checksum = self._checksum()
        if resumed is not None:
            if checksum != resumed.state.checksum:
                raise ValueError(_OTHER_DATA)
            self.background = resumed.model.background
            self._use_folds(self._folds_to_resume(resumed))
            self.trainings = [
                self._resumed_training(k, state) for k, state in enumerate(resumed.states)
            ]
        else:
            generator = _generator(options.random_state)
            seed = draw_seed(generator.copy())  # of rows whose choice changes no other number
            self.background = kept_rows(
                self.raw_to_keep, rows.to_train_on[1], options.keep_background, seed
            )
            self.trainings = self._new_trainings(generator)
        for training in self.trainings:
            training.state.kept_hyperparameters = hyperparameters_to_keep(self.estimator)
            training.state.checksum = checksum
        self.values = values_at_ranks(self.raw_to_keep, rows.to_train_on[1])
        return self

    def _open(self) -> list[tuple[InputFrame, CountedTargets]]:
        """Learn what y means. Return the columns of X, and of X_val if there is one, with the targets that count."""
        X, y, weight = self.given
        X_val, y_val, weight_val = self.validation
        groups, groups_val = self.groups
        warn_of_other_order(X=X, y=y, sample_weight=weight, groups=groups)
        frame = frame_of(X, self.class_name)
        val_frame = None
        if has_validation_rows(X_val, y_val, weight_val):
            warn_of_other_order(
                X_val=X_val, y_val=y_val, sample_weight_val=weight_val, groups_val=groups_val
            )
            if not self.options.early_stopping:
                raise InvalidParameterError(
                    "early_stopping=False uses no validation data: leave out X_val and y_val.",
                    parameter="early_stopping",
                    value=False,
                )
            val_frame = _validation_frame(X_val, self.class_name)
        _require_rows(frame, self.class_name)
        weights = as_weights(weight, frame.n_rows)
        self.encoding, targets = learn_table_encoding(self, y, weights, frame.n_rows)
        opened = [(frame, targets)]
        if val_frame is not None:
            with naming_validation():
                array = as_targets(
                    y_val, val_frame.n_rows, self.class_name, labels=self.is_classifier
                )
                opened.append(
                    (
                        val_frame,
                        self.encoding.targets(array, as_weights(weight_val, val_frame.n_rows)),
                    )
                )
            self._warn_of_one_class(*(part.values for _, part in opened))
        self._open_groups(opened)
        if len(targets.rows) < _FEWEST_ROWS_TO_FIT:
            raise ValueError(
                f"sample_weight must be positive for at least {_FEWEST_ROWS_TO_FIT} rows, got "
                f"{len(targets.rows)} (weights below 1e-30 of the largest count as 0, and "
                "class_weight multiplies them)."
            )
        return opened

    def _warn_of_one_class(self, values: NDArray[Any], values_val: NDArray[Any]) -> None:
        labels = self.encoding.labels
        classes, classes_val = map(self.encoding.strata, (values, values_val))
        if labels is not None and classes is not None and classes_val is not None:
            warn_of_one_class(labels, classes, classes_val)

    def _open_groups(self, opened: Sequence[tuple[InputFrame, CountedTargets]]) -> None:
        """Read the groups of the rows that count.

        Raises ValueError for groups that nothing would use.
        """
        given, given_val = self.groups
        (frame, targets), *validation_parts = opened
        groups = as_groups(given, frame.n_rows)
        if groups is not None:
            if not self.options.early_stopping:
                raise InvalidParameterError(
                    "early_stopping=False holds out no rows: leave out groups.",
                    parameter="early_stopping",
                    value=False,
                )
            groups = groups.take(targets.rows)
            whose = "groups" if groups.column is None else f"column {groups.column!r}"
            warn_of_spellings(groups.values, whose, "groups")
        self.training_groups = groups
        if not validation_parts:
            if given_val is not None:
                raise ValueError("groups_val must be passed with X_val and y_val, got X_val=None.")
            self.row_groups = groups
            return
        for val_frame, validation in validation_parts:
            groups_val = as_groups(given_val, val_frame.n_rows, "groups_val")
            if groups_val is not None:
                groups_val = groups_val.take(validation.rows)
            if groups is not None:
                if groups_val is None:
                    raise ValueError(
                        "groups_val must be passed with groups and X_val, got groups_val=None: fit "
                        "holds out no groups then, and measures errors on X_val."
                    )
                require_other_groups(groups, groups_val)
            self.row_groups = groups_val

    def _learn_columns(
        self,
        opened: Sequence[tuple[InputFrame, CountedTargets]],
        earlier: TableColumns | None,
    ) -> None:
        """Learn the columns, which a warm start keeps, and read the rows.

        `earlier` are the columns of an equal fit, which is resumed or repeated.
        """
        model, options = self.warm_model, self.options
        if model is not None:
            self.columns = model.columns
            self.rows = self._read(model.columns, opened, Notices(_KEPT_COLUMNS), model.gaps)
            raw, weight = self.rows.to_train_on
            warn_of_moved_rows(model, raw, _KEPT_COLUMNS)
            self.columns = with_new_statistics(model.columns, raw, self._averages, weight)
            self.raw_to_keep = self.columns.without_unused_numbers(raw)
            return
        (frame, targets), *others = opened
        categorical = options.categorical_features
        forms = forms_of_columns(options.date_formats, frame, targets.rows)
        if forms:
            frame = with_dates(frame, forms)
        known = learn_columns(
            frame, categorical, self.class_name, targets.rows, targets.weight, forms
        )
        self.rows = self._read(known, [(frame, targets), *others])
        n = self.rows.n_training
        warn_of_no_values(self.rows.raw[:n], known.codes, frame.label)
        warn_of_inputs(
            known,
            self.rows.raw[:n],
            self.rows.truth[:n],
            frame.label,
            has_classes=self.is_classifier,
        )
        raw, weight = self.rows.to_train_on
        if self.training_groups is not None:
            warn_of_groups_in_inputs(frame, known, raw, targets.rows, self.training_groups)
        elif self.row_groups is None and len(opened) == 1 and earlier is None:
            warn_of_repeated_rows(frame, known, raw, targets.rows)
            if self._holds_out:
                warn_of_ascending_dates(frame, known, raw, self._averages())
        columns = learn_inputs(
            known,
            raw,
            SplitTarget(self.encoding.to_split(targets.values), targets.weight),
            options.n_threads,
            date_parts=options.date_parts,
            until=self.until,
            earlier=earlier,
        )
        learned = with_statistics(columns, raw, self._averages, weight)
        self.columns = learned.without_unused_values()
        self.raw_to_keep = self.columns.without_unused_numbers(raw, learned.codes)

    def _averages(self) -> NDArray[Any]:
        """Return the targets of the training rows of which statistics are means."""
        return self.encoding.to_average(self.rows.targets[self.rows.parts[0]])

    def _folds_to_resume(self, resumed: Result[TableModel]) -> NDArray[np.uint8]:
        """Return the folds of the fit that is resumed."""
        folds = resumed.folds
        if folds is None or len(folds) != self.rows.n_training:
            raise ValueError(_OTHER_DATA)
        return folds

    def _use_folds(self, folds: NDArray[np.integer]) -> None:
        """Learn the statistics of each training row without its fold, and keep the folds."""
        self.folds = folds.astype(np.uint8)
        raw, weight = self.rows.to_train_on
        replace_training_statistics(self.inputs, self.columns, raw, folds, self._averages, weight)

    def _read(
        self,
        columns: TableColumns,
        opened: Sequence[tuple[InputFrame, CountedTargets]],
        notices: Notices | None = None,
        gaps: Gaps | None = None,
    ) -> TableRows:
        """Return the rows that count, of training and validation.

        With `notices`, the columns and the gaps are those of an earlier fit, and there are warnings of what these rows
        have besides.
        """
        (frame, targets), *validation_parts = opened
        raw = columns.read(frame, self.class_name, notices, gaps, in_fit=True)
        if len(targets.rows) < len(raw):
            raw = raw[targets.rows]
        rows = TableRows(raw, targets.values, targets.truth, targets.weight, len(raw))
        for val_frame, validation in validation_parts:
            with naming_validation():
                val_raw = columns.read(val_frame, self.class_name, Notices(), gaps)[validation.rows]
            weight = targets.weight
            if weight is not None or validation.weight is not None:
                parts = [(weight, len(raw)), (validation.weight, len(val_raw))]
                weight = np.concatenate(
                    [np.ones(n) if weights is None else weights for weights, n in parts]
                )
            rows = TableRows(
                np.concatenate([raw, val_raw]),
                np.concatenate([targets.values, validation.values]),
                np.concatenate([targets.truth, validation.truth]),
                weight,
                len(raw),
            )
        return rows

    # The members of the bag

    def inputs_of(self, k: int) -> NDArray[np.float32]:
        """Return the encoded rows as member k reads them."""
        return self.inputs[gets_bins(self.columns, k)]

    def _outputs(self, k: int, network: TrainedNet, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the outputs of member k for some rows."""
        return network.net.forward(network.params, self.inputs_of(k)[rows], n_threads=1).astype(
            np.float64
        )

    def trained_nets(self) -> list[TrainedNet]:
        """Return the networks with copies of their best parameters so far."""
        return [
            TrainedNet(training.net, block_copy(training.state.best_or_present_params))
            for training in self.trainings
        ]

    def net(self, k: int) -> _core.Net:
        """Return the network of member k."""
        options, encoding = self.options, self.encoding
        hidden = options.hidden_layer_sizes
        sizes = (self.inputs_of(k).shape[1], *hidden, encoding.n_outputs)
        activations = (*[ACTIVATION] * len(hidden), encoding.output)
        return _core.Net(sizes, activations, options.loss, np.float32, None, options.loss_parameter)

    def _new_trainings(self, rng: _core.Random) -> list[Training]:
        """Return the trainings of all members, with new parameters or those of the members of the previous model."""
        rows, previous = self.rows, None
        if self.previous is not None:
            previous = networks_as_trained(self.previous.model)
            self._require_same(previous)
        classes = self.encoding.strata(rows.targets[rows.parts[0]])
        own_rng, groups = rng.copy(), self.training_groups
        if self.row_groups is None or not self._holds_out:
            folds = folds_of(rows.n_training, classes, rng)
        else:
            self._require_groups(self.row_groups, classes)
            folds = folds_of_groups(self.row_groups, classes, self._n_folds, rng)
        if groups is None or self._holds_out:
            self._use_folds(folds)
        else:
            # The statistics of a row must not know the targets of its group.
            n_folds = number_of_folds(groups, self.options.n_estimators)
            self._use_folds(folds_of_groups(groups, classes, n_folds, own_rng))
        seeds = [draw_seed(rng) for _ in range(self.options.n_estimators)]
        trainings = [self._new_training(k, folds, seed) for k, seed in enumerate(seeds)]
        if previous is not None:
            for training, network in zip(trainings, previous, strict=True):
                training.state.params[:] = network.params
                if training.signs is not None:
                    cut_to_signs(training.state.params, training.signs)
        return trainings

    def _require_groups(self, groups: Groups, classes: NDArray[Any] | None) -> None:
        """Raise ValueError if networks cannot hold out groups whose classes others have, too."""
        if groups.group_count.n < 2:
            raise ValueError(
                "groups must have at least 2 groups, of which networks hold out some, got 1 "
                f"group: {shown(groups.values[0])}."
            )
        labels = self.encoding.labels
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

    def _require_same(self, previous: Sequence[TrainedNet]) -> None:
        """Raise ValueError if the members of a previous model are not those of a bag like this one."""
        earlier = previous[0].net
        net = self.net(0)
        n = self.options.n_estimators
        if n != len(previous):
            raise InvalidParameterError(
                f"warm_start=True needs n_estimators={len(previous)!r}, as the model has, got {n}.",
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

    def _new_training(self, k: int, folds: NDArray[np.int64], seed: int) -> Training:
        """Return the training of member k, before its first epoch."""
        net = self.net(k)
        generator = _core.Random(seed)
        params = initial_params(
            net, generator, init_activations([ACTIVATION] * len(net.sizes[1:-1]), ACTIVATION)
        )
        signs = self._signs(net)
        if signs is not None:
            begin_with_signs(net, params, signs)
        split = order, validation = self._split(k, folds)
        options = options_of_member(self.options, len(order), has_validation=validation is not None)
        # A second generator draws the seed of dropout, so that the order of the rows is the same
        # without dropout.
        state = TrainingState(params, History(), _core.Random(seed))
        draw_dropout_seed(state, options, len(net.sizes) - 1)
        state.generator = generator
        return self._training(k, net, options, state, split)

    def _signs(self, net: _core.Net) -> NDArray[np.int8] | None:
        """Return the signs that the parameters of a network keep; None if they keep none."""
        if self.column_signs is None:
            return None
        return signs_of_params(net, self.columns, self.column_signs)

    def _resumed_training(self, k: int, state: TrainingState) -> Training:
        """Return the training of member k, from a state of it."""
        net = self.net(k)
        if state.params.shape != (net.n_params,) or state.n_rows != len(self.rows.raw):
            raise ValueError(_OTHER_DATA)
        split = order, validation = self._split(k, self.folds)
        options = options_of_member(self.options, len(order), has_validation=validation is not None)
        return self._training(k, net, options, resumed_state(state, options), split)

    def _training(
        self,
        k: int,
        net: _core.Net,
        options: TrainingOptions,
        state: TrainingState,
        split: Split,
    ) -> Training:
        rows, labels = self.rows, self.encoding.labels
        classes = None
        if labels is not None and labels.kind in ("binary", "multiclass"):
            classes = labels.classes
        encoded = EncodedRows(self.inputs_of(k), rows.targets, rows.weight)
        data = data_in_memory(encoded, options, input_scale=1.0, split=split, stratum_names=classes)
        if labels is None:
            in_units_of_y = data.replace(rows=encoded._replace(targets=rows.truth))
            data = data.replace(in_units_of_y=in_units_of_y)
        return make_training(
            net,
            self.encoding.objective(),
            data,
            options,
            state,
            n_threads=1,
            signs=self._signs(net),
        )

    @property
    def _holds_out(self) -> bool:
        """Whether each network holds out some of the training rows."""
        n = self.rows.n_training
        has_own = n < len(self.rows.raw)
        return not has_own and n >= FEWEST_ROWS_TO_HOLD_OUT and self.options.early_stopping

    @property
    def _n_folds(self) -> int:
        """The number of folds of the training rows, of which a network holds out one."""
        return number_of_folds(self.row_groups, self.options.n_estimators)

    def _split(self, k: int, folds: NDArray[np.integer]) -> Split:
        """Return the training and the validation rows of member k."""
        n, n_rows = self.rows.n_training, len(self.rows.raw)
        if n < n_rows:
            return np.arange(n), np.arange(n, n_rows)
        if not self._holds_out:
            return np.arange(n), None
        held_out = folds == k % self._n_folds
        return np.flatnonzero(~held_out), np.flatnonzero(held_out)

    # Training

    @property
    def has_trained(self) -> bool:
        """Whether there is a model to store after Ctrl-C: each network has completed an epoch."""
        return all(training.state.epoch for training in self.trainings)

    def begin_provenance(self) -> ProvenanceNow:
        """Begin the record of the fit."""
        from cmlp._fit.provenance import begin_table_record, texts_of  # few programs need it

        rows, arrays = self.rows, {}
        for suffix, part in zip(("", "_val"), rows.parts, strict=False):
            named = {"X": rows.raw, "y": rows.targets, "sample_weight": rows.weight}
            arrays.update(
                {name + suffix: array[part] for name, array in named.items() if array is not None}
            )
        # The names of groups decide nothing.
        if self.training_groups is not None:
            arrays["groups"] = self.training_groups.codes
        if self.row_groups is not None and len(rows.parts) > 1:
            arrays["groups_val"] = self.row_groups.codes
        texts = texts_of(
            self.class_name, self.encoding.labels, self.columns.names, self.columns.categories
        )
        return begin_table_record(self, arrays, texts)

    def follow(
        self, callback_of_each_network: Sequence[Any], provenance_now: ProvenanceNow
    ) -> Callable[[], None]:
        """Let the user's callbacks follow, which get all networks, and the one of each network; return what trains."""
        options = self.options
        if callback_of_each_network:
            for training, callback in zip(self.trainings, callback_of_each_network, strict=True):
                trainer = self.estimator._trainer(self, [training], provenance_now)
                trainer._add_callbacks_to(training, [callback])
        callbacks = None
        of_user = callbacks_of(options.callbacks, options.verbose)
        if of_user:
            trainer = self.estimator._trainer(self, self.trainings, provenance_now)
            callbacks = Callbacks(trainer.state)
            callbacks.add(of_user, trainer)
            if callbacks.intervals:
                interval = min(callbacks.intervals)
                raise InvalidParameterError(
                    f"every_batches of a callback must be None for {self.class_name}, which calls "
                    f"callbacks after epochs of all networks, got {interval}.",
                    parameter="every_batches",
                    value=interval,
                )
        # The fit itself does not keep the callbacks, which have a trainer that keeps the fit.
        return partial(
            train_members,
            self.trainings,
            options.n_threads,
            self.until,
            verbose=options.verbose not in (False, "bar"),
            callbacks=callbacks,
        )

    def warn_if_useless(self, *, warns: bool, needs_proof: bool, note: str) -> bool:
        """Warn if the networks are hardly better than a constant; return whether they are not."""
        groups = [[self.trainings[k] for k in members] for _, members in self._held_out_rows()]
        return warn_if_bag_is_useless(
            groups or [self.trainings], warns=warns, needs_proof=needs_proof, note=note
        )

    def digest_of_rows(self) -> bytes:
        """Return the checksums of the rows that count, without what was learned from them."""
        rows = self.rows
        arrays = [
            np.where(np.isnan(rows.raw), np.nan, rows.raw),
            rows.targets,
        ]  # NaN has many forms
        if rows.weight is not None:
            arrays.append(rows.weight)
        return block_checksums(arrays, [stored_dtype(array) for array in arrays]).tobytes()

    def _checksum(self) -> int:
        """Return a checksum of the data and of what fit has learned before training."""
        columns, labels, scale = self.columns, self.encoding.labels, self.encoding.answer_scale
        learned = [
            None if columns.names is None else list(columns.names),
            columns.categories,
            columns.dates,
            None if labels is None else (labels.classes.dtype.str, labels.classes.tolist()),
            None if scale is None else tuple(scale),
            len(self.rows.raw) - self.rows.n_training,
            columns.numbers.tobytes(),
            columns.statistics.tobytes(),
            *[
                groups and groups.codes.tobytes()
                for groups in (self.row_groups, self.training_groups)
            ],
            self.digest_of_rows(),
        ]
        return int(hash_of_text(repr(learned)), 16)

    def result(self, provenance: Provenance | None) -> Result[TableModel]:
        """Return what the fit leaves, when training has ended or was interrupted; then with what `resume` needs."""
        result = self.snapshot(provenance)
        if all(training.state.epoch >= training.options.max_iter for training in self.trainings):
            return result
        states = tuple(training.state.resumable() for training in self.trainings)
        return result._replace(states=states, folds=self.folds)

    def snapshot(self, provenance: Provenance | None) -> Result[TableModel]:
        """Return what the fit would leave now, without what `resume` needs."""
        encoding, networks = self.encoding, self.trained_nets()
        calibration, accuracy = self._measured_on_held_out(networks)
        model = TableModel(
            self.estimator._estimator_type,
            networks,
            labels=encoding.labels,
            columns=self.columns,
            answer_scale=encoding.answer_scale,
            calibration=calibration,
            class_weights=encoding.weights_of_labels,
            background=self.background,
            summary=Summary(self.values, accuracy, importances=self._importances(networks)),
        )
        states = untrained_states(networks)
        for state, training in zip(states, self.trainings, strict=True):
            state.history = training.state.history
        return Result(model, states, provenance, held_out=self._held_out_scores(networks))

    # What the rows that networks held out tell

    def _held_out_rows(self) -> list[tuple[NDArray[np.int64], list[int]]]:
        """Return each set of held-out rows with the members that held out these; none if no rows were held out."""
        # Member k holds out the set k % n_sets.
        n_sets = self._n_folds if len(self.rows.parts) == 1 else 1
        sets = [training.state.held_out_rows for training in self.trainings[:n_sets]]
        return [
            (rows, list(range(k, len(self.trainings), n_sets)))
            for k, rows in enumerate(sets)
            if rows is not None
        ]

    def _judged_parts(self) -> list[tuple[NDArray[np.int64], list[int]]]:
        """Return the sets of held-out rows, each of which learns from the others.

        Of groups there are at least two.
        """
        parts = self._held_out_rows()
        if len(parts) != 1 or self.row_groups is None:
            return parts
        ((rows, members),) = parts
        is_second = self._groups_of(rows).codes % 2 == 1
        halves = rows[~is_second], rows[is_second]
        return [(half, members) for half in halves if len(half)]

    def _groups_of(self, rows: NDArray[np.int64]) -> Groups:
        """Return the groups of held-out rows."""
        assert self.row_groups is not None
        return self.row_groups.take(rows - self.rows.parts[-1].start)

    def _measured_on_held_out(
        self, networks: Sequence[TrainedNet]
    ) -> tuple[Calibration | None, Accuracy | None]:
        """Return scores and accuracy on held-out rows, each by the networks that held it out; None without such."""
        parts = self._judged_parts()
        if not parts:
            return None, None
        scale, net, labels = self.encoding.answer_scale, networks[0].net, self.encoding.labels
        rule = combination_of(self.estimator._estimator_type, net, labels, is_table=True).rule
        rows = np.concatenate([held for held, _ in parts])
        outputs = []
        for held, members in parts:
            each = [self._outputs(k, networks[k], held) for k in members]
            outputs.append(mean_outputs(each, scale, rule))
        part = None
        if self.options.interval_width == "adaptive":
            part = np.repeat(np.arange(len(parts)), [len(held) for held, _ in parts])
        weight, count = weights_of_rows(self.rows.weight, rows), None
        if self.row_groups is not None:
            groups = self._groups_of(rows)
            weight, count = groups.equal_weights(weight), groups.group_count
        return measured(
            net,
            HELD_OUT,
            np.concatenate(outputs),
            self.rows.truth[rows],
            weight,
            labels,
            part=part,
            limits=self._frequent_limits(),
            groups=count,
        )

    def _importances(self, networks: Sequence[TrainedNet]) -> NDArray[np.float64]:
        """Return how much each column matters for the networks."""
        judged = []
        for training in self.trainings:
            rows, order, _ = judged_rows(training)
            if self.row_groups is not None and order is not None:
                groups = self._groups_of(order)
                rows = rows._replace(weight=groups.equal_weights(rows.weight))
            judged.append((rows, order))
        return importances_of(self.columns, networks, judged)

    def _frequent_limits(self) -> NDArray[np.float64] | None:
        """Return the limits of frequent targets, which intervals of several quantiles reach; None without such."""
        scale, rows = self.encoding.answer_scale, self.rows
        if scale is None or not isinstance(self.options.loss_parameter, tuple):
            return None
        return frequent_limits(
            rows.truth[: rows.n_training, 0], rows.to_train_on[1], scale.scale[0]
        )

    def _held_out_scores(self, networks: Sequence[TrainedNet]) -> HeldOutScores | None:
        """Return the scores of held-out rows by the networks that held them out; None without such rows or classes.

        The weights of the rows are those before class weights multiplied them: they say how many rows a row stands for.
        """
        if self.encoding.labels is None:
            return None
        parts, class_weights = [], self.encoding.weights_of_labels
        judged, count = self._judged_parts(), None
        for rows, members in judged:
            z = [scores_of_inputs(networks[k], self.inputs_of(k)[rows]) for k in members]
            weight = np.ones(len(rows)) if self.rows.weight is None else self.rows.weight[rows]
            truth = self.rows.targets[rows].reshape(len(rows), -1).astype(np.int64)
            for label, of_classes in enumerate([] if class_weights is None else class_weights):
                weight = weight / of_classes[truth[:, label]]
            if self.row_groups is not None:
                weight = self._groups_of(rows).equal_weights(weight)
            parts.append(Scores(np.stack(z), truth, weight))
        if not parts:
            return None
        if self.row_groups is not None:
            count = self._groups_of(np.concatenate([rows for rows, _ in judged])).group_count
        return HeldOutScores(tuple(parts), no_map(networks[0].net), count)


def _generator(seed: int | np.random.RandomState | None) -> _core.Random:
    """Return a generator of the core for the user's `random_state`."""
    rng = random_state(seed)
    if isinstance(rng, _core.Random):
        return rng
    return _core.Random(draw_seed(rng))


def _require_rows(frame: InputFrame, class_name: str) -> None:
    """Raise ValueError if there are too few rows."""
    shape = frame.n_rows, len(frame.columns)
    if frame.n_rows < _FEWEST_ROWS_TO_FIT:
        raise ValueError(
            f"Found array with {frame.n_rows} sample(s) (shape={shape}) while a minimum of "
            f"{_FEWEST_ROWS_TO_FIT} is required by {class_name}."
        )


def _validation_frame(X_val: ArrayLike | None, class_name: str) -> InputFrame:
    """Return the columns of the validation data."""
    with naming_validation():
        frame = frame_of(X_val, class_name)
    if not frame.n_rows:
        raise ValueError("X_val must have at least one row.")
    return frame
