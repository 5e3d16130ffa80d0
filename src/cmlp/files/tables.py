"""Write fitted estimators for tables to model files, and read their content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from cmlp import _core
from cmlp.files.texts import (
    dump_categories,
    dump_column_names,
    dump_labels,
    dump_names,
    dump_parameters,
    load_categories,
    load_column_names,
    load_labels,
    load_names,
    load_parameters,
    refuse,
)
from cmlp.inputs.frames import texts_of_names

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from cmlp.files.reader import TableFile
    from cmlp.inputs.labels import Labels

TABLE_CLASSES = ("TabularClassifier", "TabularRegressor")
MOST_NETS = 1024  # CMLP_MAX_NETS


class TableContent(NamedTuple):
    """What an estimator for tables consists of.

    Attributes
    ----------
    class_name : {"TabularClassifier", "TabularRegressor"}
    nets : list of (cmlp._core.Net, ndarray of shape (n_params,))
    columns : list of (str, int, bool)
        Kind, number of edges or categories, and whether missing numbers have an input, of each column.
    numbers : ndarray of float64
        Centre, scale and edges of each column of numbers.
    categories : list of list or None
        The categories of each column in the order of their codes; None for a column of numbers.
    target : sequence of 4 floats or None
        Centre, scale, lowest and highest scaled value of the targets; None for a classifier.
    labels : cmlp.inputs.labels.Labels or None
    names : list or None
        The names of the columns, of any type.
    parameters : dict of str to object
        Parameters of the constructor.
    """

    class_name: str
    nets: Sequence[tuple[_core.Net, NDArray[Any]]]
    columns: Sequence[tuple[str, int, bool]]
    numbers: NDArray[Any]
    categories: Sequence[Sequence[object] | None]
    target: Sequence[float] | None
    labels: Labels | None
    names: list[Any] | None
    parameters: Mapping[str, Any]

    @property
    def feature_names(self) -> NDArray[Any] | None:
        """The names of the columns if all are text; otherwise exports number them."""
        return texts_of_names(self.names)


def write_table(path: str | os.PathLike[str], content: TableContent) -> None:
    """Write an estimator for tables to a model file; see `TabularClassifier.save`."""
    from cmlp.files.atomic import write_atomically

    if len(content.nets) > MOST_NETS:
        raise ValueError(f"a model file can contain at most {MOST_NETS} networks, got {len(content.nets)}.")
    owner = content.class_name
    strings = {
        "categories": dump_categories(content.categories, owner),
        "class": owner,
        "parameters": dump_parameters(content.parameters, owner),
    }
    if content.labels is not None:
        strings["classes"] = dump_labels(content.labels)
    if content.feature_names is not None:
        strings["feature_names"] = dump_names(content.feature_names)
    elif content.names is not None:
        strings["column_names"] = dump_column_names(content.names, owner)
    columns = _core.Columns(content.columns, content.numbers)

    def produce(write: Any) -> None:
        _core.write_table(columns, content.nets, content.target, strings=strings, arrays={}, write=write)

    write_atomically(path, produce)


def table_content(file: TableFile) -> TableContent:
    """Return the content of a file, checked for what the classes of this package need."""
    name, net = file.strings.get("class"), file.nets[0][0]
    if name not in TABLE_CLASSES:
        raise refuse(f"the class {name!r} of a table is unknown")
    if net.dtype != np.float32:
        raise refuse(f"the networks of a table are of dtype float32, not {net.dtype}")
    is_classifier = name == "TabularClassifier"
    for key in ("categories", "parameters", *(("classes",) if is_classifier else ())):
        if key not in file.strings:
            raise refuse(f"{key!r} is missing")
    labels = _labels(file, net) if is_classifier else None
    if (file.target is None) != is_classifier or not (is_classifier or _is_regressor(net)):
        raise refuse(f"the outputs are not those of a {name}")
    target = None if file.target is None else _target(file.target)
    categories = load_categories(file.strings["categories"])
    return TableContent(
        name,
        file.nets,
        file.columns,
        file.numbers,
        categories,
        target,
        labels,
        _names(file),
        load_parameters(file.strings["parameters"]),
    )


def _names(file: TableFile) -> list[Any] | None:
    if "column_names" in file.strings:
        return load_column_names(file.strings["column_names"], len(file.columns))
    if "feature_names" in file.strings:
        return list(load_names(file.strings["feature_names"], len(file.columns)))
    return None


def _is_regressor(net: _core.Net) -> bool:
    """Return whether the outputs are one number or one for each quantile."""
    return net.activations[-1] == "identity" and (net.n_out == 1 or isinstance(net.loss_parameter, tuple))


def _labels(file: TableFile, net: _core.Net) -> Labels:
    labels = load_labels(file.strings["classes"], net.sizes[-1])
    if labels.kind == "multilabel" or len(labels.classes) < 2 or net.activations[-1] not in ("logistic", "softmax"):
        raise refuse("'classes' are not those of a TabularClassifier")
    if net.activations[-1] == "logistic" and net.sizes[-1] != 1:
        raise refuse("a TabularClassifier of several outputs has softmax outputs")
    return labels


def _target(numbers: NDArray[Any]) -> tuple[float, ...]:
    _, scale, low, high = numbers
    if not np.isfinite(numbers).all() or not scale > 0 or not low <= high:
        raise refuse("the scale or the range of the target is invalid")
    return tuple(map(float, numbers))
