"""`ModelDocument`: what a model consists of, for the parts of the package that know no class of models.

Files, exports, pages, plots and `cmlp info` take it and nothing else. A `Network` is the simplest document; the fullest
is an estimator for tables: several networks behind an encoder of columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp._data.labels import normalized
from cmlp._data.stored import Cells

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import TypeAlias

    from numpy.typing import DTypeLike, NDArray

    from cmlp._data.labels import Labels
    from cmlp._data.scale import InputScale
    from cmlp._model.calibration import Calibration
    from cmlp._model.shapley import Background
    from cmlp._model.summary import Summary

    Target: TypeAlias = Sequence[float] | Sequence[Sequence[float]]


# Names of the public classes, which model files and ONNX files contain.
CLASS_NAMES = {"network": "Network", "classifier": "MLPClassifier", "regressor": "MLPRegressor"}
TABLE_CLASS_NAMES = {"classifier": "TabularClassifier", "regressor": "TabularRegressor"}

_TOLERANCE = 1e-7  # of weighted sums, if the input scale becomes a part of the weights


class TrainedNet(NamedTuple):
    """A network with its parameter block, which is the model's own, not a copy."""

    net: _core.Net
    params: NDArray[Any]

    @property
    def weights(self) -> list[NDArray[Any]]:
        """Weights of each layer, of shape (n_in, n_out): views of `params`."""
        return self.net.views(self.params)[0]

    @property
    def biases(self) -> list[NDArray[Any]]:
        """Biases of each layer, of shape (n_out,): views of `params`."""
        return self.net.views(self.params)[1]

    @property
    def layers(self) -> list[tuple[NDArray[Any], NDArray[Any], str, float]]:
        """The weights (n_in, n_out), biases, activation and activation parameter of each layer."""
        net = self.net
        return list(zip(self.weights, self.biases, net.activations, net.activation_parameters, strict=True))

    @property
    def sorts(self) -> bool:
        """Whether the outputs are several quantiles, which are sorted so that they never cross."""
        return isinstance(self.net.loss_parameter, tuple)

    def astype(self, dtype: DTypeLike) -> TrainedNet:
        """Return the network in another type; parameters that it cannot hold become infinite."""
        net = self.net
        converted = _core.Net(
            net.sizes, net.activations, net.loss, dtype, net.activation_parameters, net.loss_parameter
        )
        with np.errstate(over="ignore"):
            return TrainedNet(converted, self.params.astype(dtype))


class Column(NamedTuple):
    """A column of a table: with robust scaling and piecewise-linear encoding, or with codes from 0 to n - 1."""

    kind: str  # "number", "category" or "unused"
    n: int  # number of edges or categories
    missing: bool  # whether an input says that a number is missing
    centre: float = 0.0
    scale: float = 1.0
    edges: NDArray[np.float64] = np.empty(0)  # of the bins of a number, ascending; empty for other columns
    categories: Sequence[object] | None = None  # in the order of their codes; None for numbers


UNUSED = Column("unused", 0, False)


class TableColumns:
    """The columns of a table, with the encoder of the core: iterates over each `Column`.

    It has kind, number of edges or categories, and whether missing numbers have an input, of each column; centre, scale
    and edges of each column of numbers, in one vector; the categories of each column in the order of their codes, None
    for numbers.
    """

    def __init__(
        self,
        kinds: Sequence[tuple[str, int, bool]],
        numbers: NDArray[np.float64],
        categories: Sequence[Sequence[object] | None],
    ) -> None:
        self.kinds, self.numbers, self.categories = kinds, numbers, categories
        self.core = _core.Columns(kinds, numbers)

    @classmethod
    def of(cls, columns: Sequence[Column], codes: Sequence[Mapping[Any, int] | None]) -> TableColumns:
        """Return the columns with the codes of their categories, None for numbers."""
        numbers = [np.array([one.centre, one.scale, *one.edges]) for one in columns if one.kind == "number"]
        return cls(
            [one[:3] for one in columns],
            np.concatenate([np.empty(0), *numbers]),
            [None if known is None else sorted(known, key=known.__getitem__) for known in codes],
        )

    def __reduce__(self) -> tuple[object, ...]:
        return TableColumns, (self.kinds, self.numbers, self.categories)

    def __len__(self) -> int:
        return len(self.kinds)

    def __iter__(self) -> Iterator[Column]:
        at = 0
        for (kind, n, missing), categories in zip(self.kinds, self.categories, strict=True):
            centre, scale, edges = 0.0, 1.0, self.numbers[:0]
            if kind == "number":
                centre, scale = self.numbers[at : at + 2].tolist()
                edges = self.numbers[at + 2 : at + 2 + n]
                at += 2 + n
            yield Column(kind, n, missing, centre, scale, edges, categories)


class Combination(NamedTuple):
    """How the outputs of the networks become those of the model.

    With a table, the mean over the networks comes first: of probabilities, or of numbers within the range of the
    targets. Several quantiles are sorted before, by each network.

    Attributes
    ----------
    n : int
        Number of outputs of the model.
    rule : {"plain", "binary", "normalized"}
        "binary": the probabilities of both classes from one output. "normalized": each row is divided by its sum.
    answer : {"", "largest", "threshold"}
        How the class follows from the outputs: the largest of the first `n_classes`, or whether the only output is
        above 0.5. "" if there are no classes, or a row can have several labels.
    n_classes : int
    """

    n: int
    rule: str = "plain"
    answer: str = ""
    n_classes: int = 0


def network_parameters(net: _core.Net) -> dict[str, Any]:
    """Return the parameters of an estimator's constructor that a network determines."""
    hidden, numbers = net.activations[:-1], list(net.activation_parameters[:-1])
    p, parameter = net.loss_parameter, "quantile" if net.loss == "quantile" else "loss_parameter"
    return {
        "hidden_layer_sizes": net.sizes[1:-1],
        "activation": hidden[0] if len(set(hidden)) == 1 else list(hidden) or "relu",
        "loss": net.loss,
        **({parameter: list(p) if isinstance(p, tuple) else p} if p else {}),
        "activation_parameter": numbers if any(numbers) else None,
        "dtype": net.dtype.name,
    }


class ModelDocument:
    """What a trained model consists of.

    Parameters
    ----------
    networks : sequence of (cmlp._core.Net, ndarray of shape (n_params,))
        They differ in the number of inputs at most.
    kind : {"network", "classifier", "regressor"}, default="network"
        What the outputs mean.
    input_scale : float or InputScale, default=1.0
        Factor by which every input is multiplied, or a shift and a factor for each input.
    labels : Labels or None
        The classes of a classifier.
    names : sequence or None
        The names of the columns in fit; those of a table can be of any type.
    columns : TableColumns or None
        The encoder of a table. Networks that see no bins have fewer inputs.
    parameters : dict of str to object
        The parameters of an estimator's constructor.
    """

    provenance: dict[str, Any] | None = None  # how `cmlp.verify` can train the model again, if fit has recorded it
    cells: Cells = Cells()  # how the cells of files of text are read
    # Of a table:
    column_kinds: Sequence[str] = ()  # what each column holds; empty if all are numbers or categories
    target: Target | None = None  # centre, scale, lowest and highest scaled value of a regressor's targets
    target_names: Sequence[str] | None = None  # of several targets
    calibration: Calibration | None = None  # the scores from which intervals or sets follow
    background: Background | None = None  # training rows that were kept for explanations
    summary: Summary | None = None  # of the training rows, for pages: no answer depends on it

    def __init__(
        self,
        networks: Sequence[tuple[_core.Net, NDArray[Any]]],
        kind: str = "network",
        *,
        input_scale: float | InputScale = 1.0,
        labels: Labels | None = None,
        names: Sequence[Any] | NDArray[Any] | None = None,
        columns: TableColumns | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self.networks = [TrainedNet(*one) for one in networks]
        self.kind, self.input_scale, self.labels, self.names = kind, input_scale, labels, names
        self.columns, self.parameters = columns, {} if parameters is None else parameters

    @property
    def first(self) -> TrainedNet:
        """The first network, and the only one without a table. All have the same layers after the input."""
        return self.networks[0]

    @property
    def net(self) -> _core.Net:
        """The description of the first network."""
        return self.networks[0].net

    @property
    def params(self) -> NDArray[Any]:
        """The parameter block of the first network."""
        return self.networks[0].params

    @property
    def class_name(self) -> str:
        """Name of the public class; for an instance of a subclass, that of the parent class."""
        return (CLASS_NAMES if self.columns is None else TABLE_CLASS_NAMES)[self.kind]

    @property
    def feature_names(self) -> NDArray[Any] | None:
        """The names of the columns if all are text; otherwise exports number them."""
        if self.names is None or not all(isinstance(name, str) for name in self.names):
            return None
        return np.array(self.names, object)

    @property
    def n_inputs(self) -> int:
        """Number of values of a row, before they are encoded."""
        return self.net.n_in if self.columns is None else len(self.columns)

    @property
    def combination(self) -> Combination:
        """How the networks' outputs become what `predict_proba`, `predict` of a regressor or `forward` returns."""
        n, output, labels = self.net.n_out, self.net.activations[-1], self.labels
        if labels is None:
            if self.kind != "network" or output not in ("softmax", "logistic"):
                return Combination(n)
            return Combination(n, "plain", "threshold" if (n, output) == (1, "logistic") else "largest", n)
        if labels.kind == "multilabel":
            return Combination(n)
        if labels.kind == "binary":
            return Combination(2, "binary", "largest", len(labels.classes))
        normalizes = output == "logistic" and self.net.loss != "log_loss"
        return Combination(n, "normalized" if normalizes else "plain", "largest", n)

    def predict(self, rows: NDArray[Any], n_threads: int | None = None) -> NDArray[Any]:
        """Return the outputs of the model for rows of numbers, or for raw rows of a table."""
        if self.columns is not None:
            return mean_outputs(outputs_of_table(self.networks, self.columns.core, rows, n_threads), self.target)
        outputs = self.net.forward(self.params, rows, scale=self.input_scale, n_threads=n_threads)
        rule = self.combination.rule
        if rule == "binary":
            return both_classes(outputs)
        return normalized(outputs) if rule == "normalized" else outputs

    def astype(self, dtype: DTypeLike) -> ModelDocument:
        """Return the document with networks in another type; parameters that it cannot hold become infinite."""
        twin = ModelDocument.__new__(ModelDocument)
        vars(twin).update(vars(self), networks=[one.astype(dtype) for one in self.networks])
        return twin

    def unscaled(self) -> ModelDocument:
        """Return a document in float64 with the input scale in the weights and biases of the first layer.

        The weighted sums for raw inputs agree to about 1e-7. Raises ValueError if they cannot: a shift is so large that
        too few digits of its differences from the inputs would be left.
        """
        scale, document = self.input_scale, self.astype(np.float64)
        shift, factor = map(np.atleast_1d, scale if isinstance(scale, tuple) else (0.0, scale))
        weights, biases = document.first.weights[0], document.first.biases[0]
        with np.errstate(over="ignore", invalid="ignore"):
            weights *= factor[:, None]
            moved = shift[:, None] * weights
            biases -= moved.sum(axis=0)
            sizes = np.abs(moved)
        if not np.isfinite(document.params).all():
            name = "input_scale" if isinstance(scale, tuple) else f"input_scale={scale!r}"
            raise ValueError(f"The weights cannot have {name} as a part of them: they would not be finite.")
        if sizes.sum(axis=0).max() * np.finfo(np.float64).eps > _TOLERANCE:
            column = int(sizes.sum(axis=1).argmax())
            raise ValueError(
                f"input_scale has the shift {shift[column]:g} for column {column}, which is too large to become a part "
                "of the weights and biases, even in float64: subtract a constant from this column before fit."
            )
        document.input_scale = 1.0
        return document


def outputs_of_table(
    networks: Sequence[tuple[_core.Net, NDArray[Any]]],
    columns: _core.Columns,
    raw: NDArray[np.float64],
    n_threads: int | None = None,
) -> list[NDArray[np.float64]]:
    """Return the outputs of each network for raw rows of a table, of shape (n_rows, n_outputs), as doubles."""
    inputs: dict[int, NDArray[np.float32]] = {}
    found, wide = [], columns.width(True)
    for net, params in networks:
        if net.n_in not in inputs:
            known = inputs.get(wide)
            bins = net.n_in == wide
            inputs[net.n_in] = columns.encode(raw, bins=bins) if known is None else columns.without_bins(known)
        found.append(net.forward(params, inputs[net.n_in], n_threads=n_threads).astype(np.float64))
    return found


def mean_outputs(found: Sequence[NDArray[np.float64]], target: Target | None) -> NDArray[np.float64]:
    """Return the outputs of a table's model from those of its networks; `target` as for `TableColumns`."""
    if target is None:
        mean: NDArray[np.float64] = sum(found[1:], start=found[0]) / len(found)
        return both_classes(mean) if mean.shape[1] == 1 else mean
    centre, spread, low, high = np.asarray(target)
    limited = [np.minimum(np.maximum(one, low), high) for one in found]
    numbers: NDArray[np.float64] = sum(limited[1:], start=limited[0]) / len(limited) * spread + centre
    return numbers


def both_classes(second: NDArray[Any]) -> NDArray[Any]:
    """Return the probabilities of both classes from a column with those of the second class."""
    return np.concatenate([1 - second, second], axis=1)


def document_of(model: Any, *, tables: bool = True) -> ModelDocument:
    """Return the document of a network or a fitted estimator, but without `tables` not of an estimator for tables."""
    read = getattr(model, "_document", None)
    if read is not None:
        document: ModelDocument = read()
        if tables or document.columns is None:
            return document
    needed = "A Network or an estimator of cmlp" if tables else "A Network, an MLPClassifier or an MLPRegressor"
    raise TypeError(f"{needed} is needed, got {type(model).__name__}.")
