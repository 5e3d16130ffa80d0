"""`TrainedModel`: one trained model, as one value: a `NetworkModel`, or the `TableModel` of a table.

Estimators and networks hold it; predictions, files, exports, pages, plots and `cmlp info` read it. A `Network` gives
the simplest one; the fullest is that of an estimator for tables: several networks behind the columns of a table.
"""

from __future__ import annotations

import operator
from functools import cached_property
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Literal,
    NamedTuple,
    NoReturn,
    Self,
    SupportsIndex,
    TypeAlias,
    cast,
)

import numpy as np

from cmlp._bridge import _core
from cmlp._bridge.blocks import loaded_block
from cmlp._data.activations import traits_of_activation
from cmlp._data.arrays import rectangular
from cmlp._data.checks import first_non_finite_error
from cmlp._data.columns import CellFormat, texts_of_names
from cmlp._data.labels import Labels, medians, normalized, ordered_probabilities
from cmlp._data.losses import traits_of
from cmlp._process.warnings import Notices
from cmlp.exceptions import InvalidParameterError, NonFiniteInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from cmlp._data.array_types import AnyArray, ArrayLike, DTypeLike, Floats, NDArray
    from cmlp._data.input_frame import InputFrame
    from cmlp._data.scale import InputScale
    from cmlp._model.calibration import Calibration
    from cmlp._model.findings import Report
    from cmlp._model.other_rows import TrainingNumbers
    from cmlp._model.summary import Background, Summary
    from cmlp._model.table_columns import TableColumns
    from cmlp._model.unusual_rows import Gaps

    Write = Callable[[memoryview], object]


# Names of the public classes, which ONNX files contain.
CLASS_NAMES = {"network": "Network", "classifier": "MLPClassifier", "regressor": "MLPRegressor"}
TABLE_CLASS_NAMES = {"classifier": "TabularClassifier", "regressor": "TabularRegressor"}

Rule: TypeAlias = Literal["plain", "binary", "normalized", "cumulative"]
Answer: TypeAlias = Literal["", "largest", "threshold", "median"]

_TOLERANCE = 1e-7  # of weighted sums, if the input scale becomes a part of the weights


class TrainedNet(NamedTuple):
    """A network with its parameter block, which is the model's own, not a copy."""

    net: _core.Net
    params: Floats

    @property
    def weights(self) -> list[Floats]:
        """Weights of each layer, of shape (n_in, n_out): views of `params`."""
        return self.net.views(self.params)[0]

    @property
    def biases(self) -> list[Floats]:
        """Biases of each layer, of shape (n_out,): views of `params`."""
        return self.net.views(self.params)[1]

    @property
    def layers(self) -> list[tuple[Floats, Floats, str, float]]:
        """The weights (n_in, n_out), biases, activation and activation parameter of each layer."""
        net = self.net
        return list(
            zip(self.weights, self.biases, net.activations, net.activation_parameters, strict=True)
        )

    @property
    def sorts(self) -> bool:
        """Whether the outputs are several quantiles, which are sorted so that they never cross."""
        return isinstance(self.net.loss_parameter, tuple)

    def astype(self, dtype: DTypeLike) -> TrainedNet:
        """Return the network in another type; parameters that it cannot hold become infinite."""
        net = self.net
        converted = _core.Net(
            net.sizes,
            net.activations,
            net.loss,
            dtype,
            net.activation_parameters,
            net.loss_parameter,
        )
        with np.errstate(over="ignore"):
            return TrainedNet(converted, self.params.astype(dtype))

    def bounds(
        self, corners: tuple[Floats, Floats], scale: float | InputScale
    ) -> tuple[Floats, Floats]:
        """Return what the outputs can be for every input in a box, to the bit; `Network.bounds` documents it."""
        net, (lower, upper) = self.net, corners
        for name, corner in (("lower", lower), ("upper", upper)):
            if corner.ndim != 2 or corner.shape[1] != net.n_in:
                raise ValueError(f"{name} must have the shape (n, {net.n_in}), got {corner.shape}.")
        if lower.shape != upper.shape:
            raise ValueError(
                f"lower and upper must have the same shape, got {lower.shape} and {upper.shape}."
            )
        above = lower > upper
        if above.any():
            row, column = np.argwhere(above)[0]
            raise ValueError(
                f"lower must be at most upper, got {lower[row, column]} and {upper[row, column]} "
                f"at row {row}, column {column}."
            )
        inexact = [name for name in net.activations if not traits_of_activation(name).is_exact]
        if net.dtype == np.float64 and inexact:
            raise ValueError(
                "bounds of a float64 network need identity, relu or leaky_relu, got "
                f"{inexact[0]!r}: use float32."
            )
        try:
            lows, highs = net.bounds(self.params, lower, upper, scale=scale)
        except NonFiniteInputError as error:
            for name, corner in (("lower", lower), ("upper", upper)):
                found = first_non_finite_error(error, corner, scale, net.dtype, None, name)
                if found is not error:
                    raise found from None
            raise
        if self.sorts:
            return np.sort(lows[-1], axis=1), np.sort(highs[-1], axis=1)
        return lows[-1], highs[-1]


class Combination(NamedTuple):
    """How the outputs of the networks become those of the model.

    With a table, the mean over the networks comes first: of probabilities, or of numbers within the
    range of the targets. Several quantiles are sorted before, by each network.

    Attributes
    ----------
    n : int
        Number of outputs of the model.
    rule : Rule
        "binary": the probabilities of both classes from one output. "normalized": each row is
        divided by its sum. A network needs that if each class has a logistic output; a table,
        because softmax in float32 sums to 1 only within 1e-7. "cumulative": those of ordered
        classes from the outputs, each of which is the probability of the classes above one of them,
        see `ordered_probabilities`.
    answer : Answer
        How the class follows from the outputs: the largest of the first `n_classes`, or whether the
        only output is above 0.5, or the median of the probabilities of ordered classes, see
        `medians`. "" if there are no classes, or a row can have several labels.
    n_classes : int
    """

    n: int
    rule: Rule = "plain"
    answer: Answer = ""
    n_classes: int = 0


def network_parameters(net: _core.Net) -> dict[str, Any]:
    """Return the parameters of an estimator's constructor that a network determines."""
    hidden, numbers = net.activations[:-1], list(net.activation_parameters[:-1])
    p = net.loss_parameter
    parameter = "quantile" if traits_of(net.loss).predicts_quantiles else "loss_parameter"
    return {
        "hidden_layer_sizes": net.sizes[1:-1],
        "activation": hidden[0] if len(set(hidden)) == 1 else list(hidden) or "relu",
        "loss": net.loss,
        **({parameter: list(p) if isinstance(p, tuple) else p} if p else {}),
        "activation_parameter": numbers if any(numbers) else None,
        "dtype": net.dtype.name,
    }


class AnswerScale(NamedTuple):
    """What predictions of a table's regressor need, with a number for each target.

    Attributes
    ----------
    centre, scale : tuple of float
        The networks predict ``(y - centre) / scale``.
    low, high : tuple of float
        The lowest and the highest scaled value in fit, moved inward by as many roundings as keep
        every prediction within the values of fit.
    names : sequence of str or None
        Names of several targets.
    """

    centre: tuple[float, ...]
    scale: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    names: Sequence[str] | None = None

    @property
    def numbers(self) -> tuple[tuple[float, ...], ...]:
        """Centre, scale, low and high."""
        return self[:4]


class Tensors(tuple["Floats", ...]):
    """A tuple of views of the parameter block. Assigning to an entry copies the values into the block."""

    __slots__ = ()

    def __setitem__(self, index: SupportsIndex | slice, value: Any) -> None:
        if isinstance(index, slice):
            raise TypeError("Assigning to a slice is not supported; assign to one entry at a time.")
        view, name = self[index], f"entry {operator.index(index)}"
        array = rectangular(value, name)
        if array.dtype.kind not in "buif":
            raise TypeError(f"{name} must be an array of real numbers, got dtype {array.dtype}.")
        if array.shape != view.shape:
            raise ValueError(f"{name} must have the shape {view.shape}, got {array.shape}.")
        view[...] = array

    def copy(self) -> list[Floats]:
        """Return the views as a list, as the method of a list does."""
        return list(self)

    def __getattr__(self, name: str) -> NoReturn:
        hint = ""
        if hasattr(list, name):
            hint = (
                ": its entries are views of the model's parameters. To change the parameters, "
                "assign an array to an entry, for example model.coefs_[0] = array, or a list of "
                "arrays to the attribute."
            )
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}{hint}")


class _Model:
    """What both kinds of a `TrainedModel` have: everything that a prediction depends on.

    A field is declared once, with its default; `cmlp._model.description` says how it is stored.
    Fields never change, see `replace`. The blocks of parameters are the model's own and can be
    written to, so nothing may be cached from their values.
    """

    kind: str  # what the outputs mean: "network", "classifier" or "regressor"
    # They differ in the number of inputs at most. The blocks are used without a copy.
    networks: tuple[TrainedNet, ...]
    # Of a classifier; `class_labels` for readers who know that it is one.
    labels: Labels | None = None
    cell_format: CellFormat = CellFormat()  # how the cells of files of text are read
    _fields: ClassVar[tuple[str, ...]] = tuple(__annotations__)

    # What follows from the fields:
    # Of the columns in fit; those of a table can be of any hashable type.
    names: tuple[Any, ...] | None
    feature_names: AnyArray | None  # if all are text; otherwise exports number the columns
    n_inputs: int  # number of values of a row, before they are encoded
    net: _core.Net  # the first network; all have the same layers after the input

    _class_names: ClassVar[Mapping[str, str]]
    _is_table: ClassVar[bool] = False

    def __init__(
        self,
        kind: str,
        networks: Sequence[tuple[_core.Net, Floats]],
        names: tuple[Any, ...] | None,
        n_inputs: int,
        **fields: Any,
    ) -> None:
        for name in fields:
            if name not in self._fields:
                raise TypeError(f"{type(self).__name__} has no field {name!r}")
        self._store(kind=kind, networks=tuple(TrainedNet(*one) for one in networks), **fields)
        self._store(
            names=names,
            feature_names=texts_of_names(names),
            n_inputs=n_inputs,
            net=self.networks[0].net,
        )

    def _store(self, **values: object) -> None:
        vars(self).update(values)

    def __reduce__(self) -> tuple[object, ...]:
        """Return how copies are made: from the fields, of which the others follow. A copy counts its own warnings."""
        fields = {name: getattr(self, name) for name in self._fields if name != "notices"}
        return _with_fields, (type(self), fields)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{name} of a TrainedModel cannot be assigned: use replace.")

    def replace(self, **changes: Any) -> Self:
        """Return a model with other values of some fields. It shares the blocks of parameters."""
        return type(self)(**{name: getattr(self, name) for name in self._fields} | changes)

    @property
    def first(self) -> TrainedNet:
        """The first network, and the only one without a table. All have the same layers after the input."""
        return self.networks[0]

    @property
    def class_name(self) -> str:
        """Name of the public class; for an instance of a subclass, that of the parent class."""
        return self._class_names[self.kind]

    @cached_property
    def combination(self) -> Combination:
        """How the outputs of the networks become those of the model."""
        return combination_of(self.kind, self.net, self.labels, is_table=self._is_table)

    @property
    def class_labels(self) -> Labels:
        """The labels of a classifier."""
        if self.labels is None:
            raise TypeError(f"a {self.kind} has no labels")
        return self.labels

    def _stored_values(self) -> dict[str, Any]:
        """Return the kind, labels, names of columns and format of cells, as the core writes them to a file."""
        from cmlp._data.json_texts import storable_labels

        cells, names = self.cell_format, self.names
        return {
            "kind": kind_of_file(self.kind, self.labels),
            "labels": None if self.labels is None else storable_labels(self.labels.classes)[0],
            "names": None if names is None else [str(name) for name in names],
            "cells": None if cells == CellFormat() else tuple(cells),
        }

    def used_columns(self) -> NDArray[np.bool_]:
        """Return whether any weight of the first layer of a network reads each column."""
        used = np.zeros(self.n_inputs, bool)
        for trained in self.networks:
            inputs = np.concatenate([[0], np.cumsum(trained.weights[0].any(axis=1))])
            used |= np.diff(inputs[self._begins(trained.net)]) > 0
        return used

    def _begins(self, net: _core.Net) -> NDArray[np.int64]:
        """Return the number of the first input of each column, and at the end the number of inputs of a network."""
        return np.arange(net.n_in + 1)

    def with_names(self, names: Iterable[Any] | None) -> Self:
        """Return the model with other names of the columns."""
        return self.replace(names=names)

    @property
    def parameter_hash(self) -> str:
        """SHA-256 of the weights and biases of all networks, little-endian, in hexadecimal digits."""
        from hashlib import sha256

        found = sha256()
        for _, params in self.networks:
            found.update(params.astype(params.dtype.newbyteorder("<"), copy=False).tobytes())
        return found.hexdigest()

    def astype(self, dtype: DTypeLike) -> Self:
        """Return the model with networks in another type; parameters that it cannot hold become infinite."""
        return self.replace(networks=[trained.astype(dtype) for trained in self.networks])


class NetworkModel(_Model):
    """The trained model of one network."""

    # By which every input is multiplied, or a shift and a factor for each input.
    input_scale: float | InputScale = 1.0
    _fields = (*_Model._fields, *__annotations__, "names")

    # What follows from the fields:
    params: Floats
    # Returns the labels that outputs of the network mean; only of a classifier.
    labels_of: Callable[[AnyArray], AnyArray]

    _class_names = CLASS_NAMES

    def __init__(
        self,
        kind: str,
        networks: Sequence[tuple[_core.Net, Floats]],
        *,
        names: Iterable[Any] | None = None,
        **fields: Any,
    ) -> None:
        columns = None if names is None else tuple(names)
        super().__init__(kind, networks, columns, networks[0][0].n_in, **fields)
        self._store(
            params=self.first.params,
            labels_of=None if self.labels is None else self.labels.decode,
        )

    @property
    def coefs(self) -> Tensors:
        """Weights of each layer, of shape (n_in, n_out): views of `params`."""
        return self._views[0]

    @property
    def intercepts(self) -> Tensors:
        """Biases of each layer, of shape (n_out,): views of `params`."""
        return self._views[1]

    @cached_property
    def _views(self) -> tuple[Tensors, Tensors]:
        weights, biases = self.net.views(self.params)
        return Tensors(weights), Tensors(biases)

    def outputs_of_few(self, X: ArrayLike, n_threads: int | None = None) -> Floats | None:
        """Return the outputs of the network for few rows in a plain array; None for any other X, also a wrong one."""
        if self.names is not None:
            return None
        return self.net.forward_small(self.params, X, self.input_scale, None, n_threads)

    def outputs(self, rows: AnyArray, n_threads: int | None = None) -> Floats:
        """Return the outputs of the network for converted rows."""
        return self.net.forward(self.params, rows, scale=self.input_scale, n_threads=n_threads)

    def combined(self, outputs: Floats) -> Floats:
        """Return the answers of the model from the outputs of its network."""
        rule = self.combination.rule
        if rule == "plain":
            return outputs
        if rule == "binary":
            return np.concatenate((1 - outputs, outputs), 1)
        return normalized(outputs)

    def predict(self, rows: AnyArray, n_threads: int | None = None) -> Floats:
        """Return the answers of the model for converted rows."""
        return self.combined(self.outputs(rows, n_threads))

    def predict_paths(
        self,
        rows: AnyArray,
        to: AnyArray,
        starts: NDArray[np.int64],
        orders: NDArray[np.int64],
        n_threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Return the answers on paths from `rows` to each row of `to`, in which one column after the other changes.

        Parameters
        ----------
        starts : ndarray of shape (n_paths,)
            The row in which each path begins.
        orders : ndarray of shape (n_paths, n_inputs)
            The columns in the order in which they change.

        Returns
        -------
        ndarray of shape (len(to), n_paths, n_inputs - 1, n_outputs)
            The answers after each change but the last.
        """
        outputs = self.net.forward_paths(
            self.params,
            rows,
            to,
            self._begins(self.net),
            starts,
            orders,
            scale=self.input_scale,
            n_threads=n_threads,
        )
        answers = self.combined(outputs.reshape(-1, self.net.n_out)).astype(np.float64)
        return answers.reshape(len(to), len(starts), self.n_inputs - 1, -1)

    def write(self, write: Write, strings: dict[str, str], arrays: dict[str, AnyArray]) -> None:
        """Write a model file by calls of `write`. The other arguments are what it has besides the model's numbers."""
        _core.write_model(
            self.net,
            self.params,
            scale=self.input_scale,
            **self._stored_values(),
            strings=strings,
            arrays=arrays,
            write=write,
        )

    def unscaled(self) -> Self:
        """Return a model in float64 with the input scale in the weights and biases of the first layer.

        The weighted sums for raw inputs agree to about 1e-7. Raises ValueError if they cannot: a shift is so large that
        too few digits of its differences from the inputs would be left.
        """
        scale, model = self.input_scale, self.astype(np.float64)
        shift, factor = map(np.atleast_1d, scale if isinstance(scale, tuple) else (0.0, scale))
        weights, biases = model.first.weights[0], model.first.biases[0]
        with np.errstate(over="ignore", invalid="ignore"):
            weights *= factor[:, None]
            moved = shift[:, None] * weights
            biases -= moved.sum(axis=0)
            sizes = np.abs(moved)
        if not np.isfinite(model.params).all():
            named = "input_scale" if isinstance(scale, tuple) else f"input_scale={scale!r}"
            raise InvalidParameterError(
                f"The weights cannot have {named} as a part of them: they would not be finite.",
                parameter="input_scale",
                value=scale,
            )
        if sizes.sum(axis=0).max() * np.finfo(np.float64).eps > _TOLERANCE:
            column = int(sizes.sum(axis=1).argmax())
            raise InvalidParameterError(
                f"input_scale has the shift {shift[column]:g} for column {column}, which is too "
                "large to become a part of the weights and biases, even in float64: subtract a "
                "constant from this column before fit.",
                parameter="input_scale",
                value=scale,
            )
        return model.replace(input_scale=1.0)


class TableModel(_Model):
    """The trained model of a table: several networks behind the columns of a table, which encode its rows.

    Networks that see no bins have fewer inputs.
    """

    columns: TableColumns  # what fit has learned of the columns, with their names
    answer_scale: AnswerScale | None = None  # of a regressor
    calibration: Calibration | None = None  # the scores from which intervals or sets follow
    # The weights and biases of each network's output layer as training has left them, if those of
    # the networks have slopes and shifts: probabilities of a classifier that are sharp or
    # calibrated.
    fitted_outputs: tuple[Floats, ...] | None = None
    slope: float | None = None  # of all scores, by which fit has made the probabilities sharp
    # The class weights of fit, at most 1, if they are not all equal, of shape (1, n_classes) or
    # (n_labels, 2): a row of all classes, or for several labels one of the two of each. No answer
    # depends on them; calibrated probabilities are those without them.
    class_weights: NDArray[np.float64] | None = None
    # The probability of the second of two classes from which on a classifier predicts it; None
    # predicts the most probable class.
    threshold: float | None = None
    background: Background | None = None  # training rows that were kept for explanations
    summary: Summary | None = None  # of the training rows, for pages: no answer depends on it
    report: Report | None = None  # the findings of fit: no answer depends on them
    notices: Notices  # counts the warnings about rows to predict, which are issued once
    _fields = (*_Model._fields, *__annotations__)

    _class_names = TABLE_CLASS_NAMES
    _is_table = True

    def __init__(
        self,
        kind: str,
        networks: Sequence[tuple[_core.Net, Floats]],
        *,
        columns: TableColumns,
        **fields: Any,
    ) -> None:
        fields.setdefault("notices", Notices())
        super().__init__(kind, networks, columns.names, len(columns), columns=columns, **fields)

    @cached_property
    def gaps(self) -> Gaps:
        """How often each column was missing in fit."""
        return self.columns.gaps(self.summary)

    @cached_property
    def known_numbers(self) -> TrainingNumbers:
        """What is known of the columns of numbers in fit."""
        from cmlp._model.other_rows import TrainingNumbers  # few rows need it

        return TrainingNumbers.of_summary(self.columns, self.summary)

    def with_names(self, names: Iterable[Any] | None) -> Self:
        """Return the model with other names of the columns."""
        return self.replace(columns=self.columns.with_names(names))

    def read(self, X: ArrayLike | InputFrame, owner: str) -> NDArray[np.float64]:
        """Return the rows of a user as doubles, with warnings if they are not as those of fit."""
        return self.columns.read(X, owner, self.notices, self.gaps)

    def predict(
        self, rows: NDArray[np.float64], n_threads: int | None = None
    ) -> NDArray[np.float64]:
        """Return the answers of the model for rows that `read` has returned."""
        outputs = outputs_of_table(self.networks, self.columns, rows, n_threads)
        return mean_outputs(outputs, self.answer_scale, self.combination.rule)

    def predict_paths(
        self,
        rows: AnyArray,
        to: AnyArray,
        starts: NDArray[np.int64],
        orders: NDArray[np.int64],
        n_threads: int | None = None,
    ) -> NDArray[np.float64]:
        """Return the answers on paths between raw rows, as `NetworkModel.predict_paths`."""
        outputs = []
        first = _encoded(self.networks, self.columns, rows)
        last = _encoded(self.networks, self.columns, to)
        for net, params in self.networks:
            answers = net.forward_paths(
                params,
                first[net.n_in],
                last[net.n_in],
                self._begins(net),
                starts,
                orders,
                n_threads=n_threads,
            )
            outputs.append(answers.reshape(-1, net.n_out).astype(np.float64))
        answers = mean_outputs(outputs, self.answer_scale, self.combination.rule)
        return answers.reshape(len(to), len(starts), self.n_inputs - 1, -1)

    def _begins(self, net: _core.Net) -> NDArray[np.int64]:
        return self.columns.begins(self.columns.has_bins(net))

    def classes(self, probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the index of the class that each row of probabilities predicts; not for several labels of a row."""
        if self.combination.answer == "median":
            return medians(probabilities)
        if self.threshold is None:
            return np.asarray(probabilities.argmax(axis=1))
        return np.asarray(probabilities[:, 1] >= self.threshold, np.intp)

    def labels_of(self, probabilities: NDArray[np.float64]) -> AnyArray:
        """Return the labels that each row of probabilities predicts."""
        labels = self.class_labels
        if labels.kind == "multilabel":
            return labels.decode(probabilities)
        predicted: AnyArray = labels.classes[self.classes(probabilities)]
        return predicted

    def write(self, write: Write, strings: dict[str, str], arrays: dict[str, AnyArray]) -> None:
        """Write a model file, as `NetworkModel.write`."""
        from cmlp._data.json_texts import storable_categories

        target = None if self.answer_scale is None else self.answer_scale.numbers
        _core.write_table(
            self.columns,
            self.networks,
            target,
            self.threshold,
            kinds=self.columns.types,
            formats=self.columns.formats,
            categories=storable_categories(self.columns.listed, self.class_name),
            target_names=None if self.answer_scale is None else self.answer_scale.names,
            calibration=None if self.calibration is None else self.calibration.stored(),
            **self._stored_values(),
            strings=strings,
            arrays=arrays,
            write=write,
        )


# What predicts, and is saved, exported, explained, certified and shown.
TrainedModel = NetworkModel | TableModel


def kind_of_file(kind: str, labels: Labels | None) -> str:
    """Return the kind that a file has of a model: of a classifier also what its labels are."""
    if labels is None:
        return kind
    if labels.kind == "multilabel":
        return "multilabel"
    return "ordered" if labels.is_ordered else kind


def _with_fields(cls: type[_Model], fields: dict[str, Any]) -> _Model:
    """Return a model with these fields, whose blocks are aligned."""
    networks = [(net, loaded_block(params)) for net, params in fields["networks"]]
    return cls(**{**fields, "networks": networks})


_RULES: Mapping[str, Rule] = {"binary": "binary", "ordered": "cumulative"}


def rule_of(net: _core.Net, labels: Labels | None, *, is_table: bool) -> Rule:
    """Return what is done with the networks' outputs, such as "binary"."""
    kind = "" if labels is None else labels.kind
    if kind != "multiclass":
        return _RULES.get(kind, "plain")
    if is_table:
        normalizes = net.activations[-1] == "softmax"
    else:
        normalizes = net.activations[-1] == "logistic" and not traits_of(net.loss).is_log_loss
    return "normalized" if normalizes else "plain"


def combination_of(
    kind: str, net: _core.Net, labels: Labels | None, *, is_table: bool
) -> Combination:
    """Return how the networks' outputs become what `predict_proba`, `predict` of a regressor or `forward` returns."""
    n, output = net.n_out, net.activations[-1]
    if labels is None:
        if kind != "network" or not traits_of_activation(output).is_probability:
            return Combination(n)
        return Combination(
            n, "plain", "threshold" if (n, output) == (1, "logistic") else "largest", n
        )
    if labels.kind == "multilabel":
        return Combination(n)
    rule = rule_of(net, labels, is_table=is_table)
    if rule == "binary":
        return Combination(2, rule, "largest", len(labels.classes))
    if rule == "cumulative":
        return Combination(n + 1, rule, "median", n + 1)
    return Combination(n, rule, "largest", n)


def _encoded(
    networks: Sequence[tuple[_core.Net, Floats]],
    columns: TableColumns,
    raw: NDArray[np.float64],
) -> dict[int, NDArray[np.float32]]:
    """Return raw rows of a table as networks read them, by their number of inputs: with bins, or without."""
    inputs: dict[int, NDArray[np.float32]] = {}
    wide = columns.width(True)
    for net, _ in networks:
        if net.n_in not in inputs:
            if wide in inputs:
                inputs[net.n_in] = columns.without_bins(inputs[wide])
            else:
                inputs[net.n_in] = columns.encode(raw, bins=net.n_in == wide)
    return inputs


def outputs_of_table(
    networks: Sequence[tuple[_core.Net, Floats]],
    columns: TableColumns,
    raw: NDArray[np.float64],
    n_threads: int | None = None,
) -> list[NDArray[np.float64]]:
    """Return the outputs of each network for raw rows of a table, of shape (n_rows, n_outputs), as doubles."""
    inputs = _encoded(networks, columns, raw)
    return [
        net.forward(params, inputs[net.n_in], n_threads=n_threads).astype(np.float64)
        for net, params in networks
    ]


def mean_outputs(
    outputs: Sequence[NDArray[np.float64]], scale: AnswerScale | None, rule: Rule
) -> NDArray[np.float64]:
    """Return the outputs of a table's model from those of its networks, by the rule of its combination."""
    if scale is None:
        mean = mean_probabilities(outputs)
        if rule == "normalized":
            mean /= _sums_of_rows(mean)
        elif rule == "binary":
            return np.concatenate((1 - mean, mean), 1)
        elif rule == "cumulative":
            return ordered_probabilities(mean)
        return mean
    centre, spread, low, high = np.asarray(
        scale.numbers
    ).squeeze()  # numbers for one target, which take less time
    limited = [np.minimum(np.maximum(numbers, low), high) for numbers in outputs]
    return scaled_mean(limited, centre, spread)


def scaled_mean(
    outputs: Sequence[NDArray[np.float64]],
    centre: NDArray[np.float64] | float,
    spread: NDArray[np.float64] | float,
) -> NDArray[np.float64]:
    """Return the mean of limited outputs in the unit of the targets. No step falls where an output rises."""
    answers: NDArray[np.float64] = (
        sum(outputs[1:], start=outputs[0]) / len(outputs) * spread + centre
    )
    return answers


def _sums_of_rows(mean: NDArray[np.float64]) -> NDArray[np.float64] | float:
    """Return the sum of each row from left to right: the order of NumPy's depends on the number of classes."""
    if len(mean) > 1:
        return np.add.accumulate(mean, axis=1)[:, -1:]
    total = 0.0
    for one in mean.ravel().tolist():  # a single row takes less time than by NumPy
        total += one
    return total


def mean_probabilities(outputs: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Return the mean of the networks' probabilities."""
    mean = outputs[0].copy()
    for each in outputs[1:]:
        mean += each  # takes less time than a new array
    mean /= len(outputs)
    return mean


def model_of(owner: object) -> TrainedModel:
    """Return the model of a network or a fitted estimator."""
    if hasattr(owner, "_trained"):
        return cast("TrainedModel", owner._trained())
    raise TypeError(f"A Network or an estimator of cmlp is needed, got {type(owner).__name__}.")


def network_model_of(owner: object) -> NetworkModel:
    """Return the model of a network or a fitted estimator of one network."""
    model = owner._trained() if hasattr(owner, "_trained") else None
    if isinstance(model, NetworkModel):
        return model
    raise TypeError(
        f"A Network, an MLPClassifier or an MLPRegressor is needed, got {type(owner).__name__}."
    )
