"""Class labels: encode labels as targets of the network, decode outputs to labels. There are four kinds.

``binary``
    At most two classes, one logistic output; the target is 1 for the second class.
``multiclass``
    One output per class; targets are class indices, never a one-hot matrix.
``multilabel``
    A 0/1 matrix, one logistic output per column.
``ordered``
    At least three classes in ascending order, and a logistic output for each but the last: whether
    the class is above this one. Two ordered classes are binary.

Every function runs in linear time, or in O(n log n) if it has to sort the labels. A million classes
take a few seconds.

Another thread may write to the caller's arrays at any time. Labels are therefore copied (`as_labels`) before they are
checked, and the checked copy is the one that is used.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from cmlp._data.array_types import AnyArray, ArrayLike, Floats, NDArray
from cmlp._data.arrays import EXACT, in_64_bits, is_missing, rectangular
from cmlp._data.spelling import matching_change, warn_of_spellings
from cmlp._data.target_types import target_remedy
from cmlp._process.warnings import warn, warn_of_data
from cmlp.exceptions import InvalidParameterError, LabelsWarning, short_repr

# A classifier warns if its classes are more different floats than this: they are probably numbers
# to predict.
_MOST_LABELS = 30  # more distinct whole numbers are no labels of a table
_FEWEST_LABELS = 2  # with a row each; more numbers that all differ are no labels
_MOST_FLOATS = 50
FLOATS = (
    f"y has more than {_MOST_FLOATS} different floats, and each of them is a class. To predict "
    "numbers, use a regressor: MLPRegressor or TabularRegressor. If they are classes, pass them as "
    "integers: y.astype(int)."
)
# Types of labels that an array of objects may hold, by the name of the type to which it is
# converted.
_TYPES = {
    "bool": (bool, np.bool_),
    "int": (int, np.integer),
    "float": (int, np.integer, float, np.floating),
}
_HALF = 0.5
MOST_RANKS = 256  # ordered classes; the core has the same limit
# In fewer rows, several labels can be exactly one in each row by chance.
_FEWEST_ROWS = 10
_ONE_HOT = (
    "Each row of y has exactly one 1, but the columns are trained as independent labels, of which "
    "a row can have any number. For classes, pass one label per row: y.argmax(axis=1), or of a "
    "data frame y.idxmax(axis=1), which keeps the names of the columns."
)


def as_class_indices(value: ArrayLike, n_classes: int, output: str) -> NDArray[np.int32]:
    """Return class indices as an int32 array, checked against the number of classes.

    The result is always a copy, which other threads cannot change: the core does not check the
    indices again.

    A network with one output that is not a softmax has no classes, so a flat array raises ValueError: the caller
    probably means a column of numbers.
    """
    copy = np.array(value).reshape(-1)
    if n_classes == 1 and output != "softmax":
        raise ValueError(
            f"y must have shape (n, 1) for the one output, got {copy.shape}. Reshape it: "
            "y.reshape(-1, 1)."
        )
    if copy.dtype.kind not in "bui" and len(copy):
        raise TypeError(
            f"y must be class indices (integers) or of shape (n, {n_classes}), got dtype "
            f"{copy.dtype}"
        )
    if len(copy) and not (0 <= copy.min() and copy.max() < n_classes):
        raise ValueError(
            f"y must be class indices from 0 to {n_classes - 1}, got {copy.min()} to {copy.max()}"
        )
    return copy.astype(np.int32, copy=False)


def as_labels(value: ArrayLike, name: str) -> AnyArray:
    """Return labels as an array: always a copy, which other threads cannot change.

    NumPy's StringDType becomes object. Text in an array of objects is not converted to a fixed width: such an array
    would have the width of the longest label in every row, and would drop NUL characters at the end of a label.
    """
    array = rectangular(value, name)
    labels = np.array(array, object if array.dtype.kind == "T" else None)
    _require_unicode(labels, name)
    if (
        labels.dtype.kind == "f"
        and isinstance(value, (list, tuple))
        and (np.abs(labels) >= EXACT).any()
    ):
        return _integers_of(value, labels)
    return labels


def _integers_of(value: Any, labels: AnyArray) -> AnyArray:
    """Return large labels of a list as integers if all of them are: NumPy has made doubles of them, which are rounded.

    If no type of 64 bits holds them all, they are returned as objects, which are refused.
    """
    entries = np.array(value, object)
    if all(isinstance(label, (int, np.integer)) for label in entries.flat):
        return in_64_bits(entries)
    return labels


def _require_unicode(labels: AnyArray, name: str) -> None:
    """Raise ValueError if the memory of a text array holds a number that is not a Unicode code point.

    Python raises SystemError if it makes a string of such memory.
    """
    if labels.dtype.kind != "U" or not labels.size or not labels.itemsize:
        return
    codes = np.ascontiguousarray(labels).view(
        np.dtype(np.uint32).newbyteorder(labels.dtype.byteorder)
    )
    if codes.max() > sys.maxunicode:
        raise ValueError(f"{name} must contain valid text, got the code point {codes.max():#x}")


def kind_of_labels(y: AnyArray, name: str = "y") -> str:
    """Return "multiclass" for a column of finite labels, "multilabel" for a 0/1 matrix; raises an error for others.

    `name` is what messages call the labels if they are not those of rows.
    """
    if y.dtype.kind == "S" or (y.dtype.kind == "O" and y.size and isinstance(y.flat[0], bytes)):
        raise InvalidParameterError(
            "Support for labels represented as bytes is not supported. "
            "Convert the labels to a string or integer format."
        )
    if y.dtype.kind == "V":
        raise ValueError(f"Unknown label type: unknown. Labels cannot have dtype {y.dtype}.")
    if y.dtype.kind in "mM":
        remedy = target_remedy(y.dtype.type)
        raise ValueError(
            f"Unknown label type: unknown. Labels cannot have dtype {y.dtype}. {remedy}"
        )
    if y.dtype.kind == "O" and not all(isinstance(label, str) for label in y.flat):
        _require_labels(y, name)
        raise ValueError(f"Unknown label type: unknown. {_why_unknown(y, name)}")
    if y.dtype.kind == "f" and (y != np.trunc(y)).any():
        raise ValueError(
            "Unknown label type: continuous. Maybe you are trying to fit a classifier, which "
            "expects discrete classes on a regression target with continuous values. For numbers "
            "use a regressor; pass classes as integers or text."
        )
    if y.ndim == 2:
        _require_bits(y)
        return "multilabel"
    return "multiclass"


def _require_labels(y: AnyArray, name: str) -> None:
    """Raise ValueError if a label is missing."""
    for place, label in np.ndenumerate(y):
        if is_missing(label):
            if name != "y":
                raise ValueError(f"Entry {place[0]} of {name} is no label, but {label!r}.")
            raise ValueError(
                f"Row {place[0]} has no label ({label!r}): leave out the rows without a label."
            )


def _why_unknown(y: AnyArray, name: str) -> str:
    """Return what is wrong with labels in an array of objects that are not all text, and what helps."""
    entries = list(np.ndenumerate(y))
    labels = [label for _, label in entries]
    names = (
        dtype
        for dtype, types in _TYPES.items()
        if all(isinstance(label, types) for label in labels)
    )
    dtype = next(names, None)
    if dtype == "int" and in_64_bits(y).dtype.kind == "O":
        low, high = min(labels), max(labels)
        shown = short_repr(low if low < np.iinfo(np.int64).min else high)
        return (
            f"No type of 64 bits has all integers, such as {shown}: convert them to text, with "
            "astype(str)."
        )
    if dtype is not None:
        return (
            f"All labels are of type {dtype}, but the array is of dtype object: convert it, with "
            f"astype({dtype})."
        )
    first = next(label for label in labels if not isinstance(label, str))
    found = short_repr(first)
    for place, label in entries:
        if type(label) is not type(first):
            where = "row" if name == "y" else "entry"
            found += (
                f" and, in {where} {place[0]}, {short_repr(label)}: convert all of them to text"
            )
            break
    what = "Labels" if name == "y" else f"The labels of {name}"
    remedy = target_remedy(type(first))
    return (
        f"{what} must be all strings, all integers or all booleans, got {found}. {remedy}".rstrip()
    )


def _require_bits(y: AnyArray) -> None:
    """Raise ValueError unless a matrix has several columns that contain only 0 and 1."""
    numeric = y.dtype.kind in "biuf" and y.shape[1] > 1
    if numeric and ((y == 0) | (y == 1)).all():
        return
    values = np.unique(y) if numeric else y
    if numeric and len(values) <= 2:
        raise ValueError(
            "y must contain only 0 and 1 if it has several columns, got the values "
            f"{values.tolist()}."
        )
    raise ValueError(
        "Multioutput target data is not supported with label binarization. For several columns of "
        "classes, fit a classifier for each column, as sklearn.multioutput.MultiOutputClassifier "
        "does."
    )


class Labels:
    """The classes of a classifier: encodes labels as targets and decodes outputs to labels.

    The classes are sorted labels, or, if a row can have any number of labels, the numbers of the columns, or labels in
    the order that they have.
    """

    def __init__(
        self, classes: AnyArray, *, is_multilabel: bool = False, is_ordered: bool = False
    ) -> None:
        self.classes = classes
        if is_multilabel:
            self.kind = "multilabel"
        elif len(classes) <= 2:
            self.kind = "binary"
        elif is_ordered:
            self.kind = "ordered"
        else:
            self.kind = "multiclass"
        # The indices that sort the labels, if they are not sorted.
        self._sorter: NDArray[np.intp] | None = None
        if is_ordered and not is_sorted(classes):
            self._sorter = np.argsort(classes, kind="stable")
        if is_multilabel and (
            classes.dtype.kind in "OU" or not np.array_equal(classes, np.arange(len(classes)))
        ):
            raise ValueError(
                "The classes of multilabel targets must be the column numbers 0 to "
                f"{len(classes) - 1}, got {short_repr(classes.tolist())}."
            )
        # Of ordered classes, each output tells the classes below from those above.
        self.is_cumulative = self.kind in ("binary", "ordered")
        self.n_outputs = max(len(classes) - self.is_cumulative, 1)
        # Of a row: each label is an answer of its own if it can have several.
        self.n_answers = len(classes) if is_multilabel else 1

    @property
    def is_ordered(self) -> bool:
        """Whether the classes have an order that decides something: two sorted ones are as any others."""
        return self.kind == "ordered" or self._sorter is not None

    def encode(self, y: AnyArray) -> AnyArray:
        """Return targets for the network; raises ValueError if y has labels that are not in `classes`.

        They are int32 class indices (multiclass), a uint8 column (binary) or a bool matrix (multilabel, ordered).
        """
        kind = kind_of_labels(y)
        if self.kind == "multilabel":
            if kind != "multilabel" or y.shape[1] != len(self.classes):
                raise ValueError(
                    f"y must have {len(self.classes)} columns of labels, as in fit, got an array "
                    f"of shape {y.shape}."
                )
            targets: NDArray[np.bool_] = y != 0
            return targets
        if kind == "multilabel":
            raise ValueError(
                f"y must have one label per row, as in fit, got an array of shape {y.shape}."
            )
        return self.targets(self._indices(y))

    def targets(self, indices: AnyArray) -> AnyArray:
        """Return class indices in the form that the core reads.

        The result is always a copy, which other threads cannot change: the core does not check the indices again.
        """
        if self.kind == "binary":
            return indices.astype(np.uint8).reshape(-1, 1)
        if self.kind == "ordered":
            above: NDArray[np.bool_] = indices[:, None] > np.arange(self.n_outputs)
            return above
        return indices.astype(np.int32)

    def indices(self, targets: AnyArray) -> AnyArray:
        """Return the class indices of targets that `targets` has returned."""
        if self.kind == "ordered":
            return np.asarray(np.count_nonzero(targets, axis=1), np.intp)
        return targets.reshape(-1)

    def _are_indices(self, y: AnyArray) -> bool:
        """Return whether the classes are 0, 1, 2, ... and y contains only these."""
        if self._sorter is not None:
            return False
        whole = y.dtype.kind in "iu" and self.classes.dtype.kind in "iu"
        n = len(self.classes)
        numbered = whole and self.classes[0] == 0 and self.classes[-1] == n - 1
        return bool(numbered and y.min() >= 0 and y.max() < n)

    def _indices(self, y: AnyArray) -> AnyArray:
        """Return the position of each label in `classes`: integers, perhaps in y itself."""
        if not len(y):
            return y.astype(np.intp)
        if self._are_indices(y):
            return y
        seen, indices = distinct(y)
        if not mixes_text(y, self.classes):
            # Text is truncated to the width of the classes. Truncated labels differ from every
            # class, as checked below.
            wanted = seen.astype(self.classes.dtype) if self.classes.dtype.kind in "OU" else seen
            positions = np.searchsorted(self.classes, wanted, sorter=self._sorter)
            # Labels beyond the last class get position 0. They differ from that class too, so the
            # check below fails.
            positions[positions == len(self.classes)] = 0
            if self._sorter is not None:
                positions = self._sorter[positions]
            if (self.classes[positions] == seen).all():
                return positions[indices]
        known = set(self.classes.tolist())
        unknown = [label for label in seen.tolist() if label not in known]
        raise ValueError(
            f"`y` has classes not in `self.classes_`. `self.classes_` has {self.classes}. 'y' has "
            f"{seen}.{matching_change(unknown, known)}"
        )

    def warn_of_unknown(self, y: AnyArray, n_rows: int) -> None:
        """Warn if labels that are predicted wrong, in some of `n_rows` rows, are not among the classes."""
        is_unknown = ~np.isin(y, self.classes)
        if not is_unknown.any():
            return
        unknown = distinct(y[is_unknown])[0].tolist()
        known = self.classes.tolist()
        warn(
            f"y has labels that fit did not have in {np.count_nonzero(is_unknown):,} of {n_rows:,} "
            f"rows, which count as wrong: {short_repr(unknown)}; fit knows {short_repr(known)}."
            f"{matching_change(unknown, known)}"
        )

    def decode(self, outputs: Floats) -> AnyArray:
        """Return the predicted labels for a batch of outputs; for multilabel targets a 0/1 matrix."""
        if self.kind == "multilabel":
            return (outputs > 0.5).astype(np.int64)
        if self.kind == "multiclass":
            labels: AnyArray = self.classes[outputs.argmax(axis=1)]
            return labels
        if len(self.classes) == 1:
            return np.repeat(self.classes, len(outputs))
        return self.classes[(outputs[:, 0] > 0.5).astype(np.intp)]

    def correct(self, outputs: Floats, targets: AnyArray) -> NDArray[np.bool_]:
        """Return a mask of the correctly predicted rows. A multilabel row must be correct in all columns."""
        if self.kind == "multiclass":
            right: NDArray[np.bool_] = outputs.argmax(axis=1) == targets
        elif len(self.classes) == 1:
            right = np.ones(len(outputs), dtype=bool)
        else:
            right = ((outputs > 0.5) == (targets != 0)).all(axis=1)
        return right

    def encode_all(self, y: AnyArray) -> AnyArray:
        """Return targets for a warm start; raises ValueError if y does not have exactly the fitted classes."""
        if self.kind == "multilabel" or kind_of_labels(y) == "multilabel":
            return self.encode(y)
        seen = distinct(y)[0]
        if not np.array_equal(seen, self.classes):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous "
                f"call to fit. Previously got {self.classes}, `y` has {seen}"
            )
        return self.encode(y)


def mixes_text(one: AnyArray, other: AnyArray) -> bool:
    """Return whether one array holds text and the other does not."""
    return (one.dtype.kind in "OUT") != (other.dtype.kind in "OUT")


def are_probably_numbers(n_different: int, n_rows: int) -> bool:
    """Return whether this many different whole numbers are probably numbers to predict, not labels of a table."""
    return n_different > _MOST_LABELS or (n_different == n_rows and n_rows > _FEWEST_LABELS)


def learn_labels(y: AnyArray, *, warns_of_spellings: bool = True) -> tuple[Labels, AnyArray]:
    """Return the classes of y, labels as `as_labels` returns them, and y as targets."""
    if kind_of_labels(y) == "multilabel":
        targets: NDArray[np.bool_] = y != 0
        if len(y) >= _FEWEST_ROWS and (targets.sum(axis=1) == 1).all():
            warn_of_data(_ONE_HOT, LabelsWarning)
        return Labels(np.arange(y.shape[1]), is_multilabel=True), targets
    classes, indices = distinct(y)
    if y.dtype.kind == "f" and len(classes) > _MOST_FLOATS:
        warn_of_data(FLOATS, LabelsWarning)
    if warns_of_spellings and classes.dtype.kind in "OU":
        warn_of_spellings(classes.tolist(), "y", "classes")
    labels = Labels(classes)
    return labels, labels.targets(indices)


def labels_of(classes: ArrayLike) -> Labels:
    """Return `Labels` for the list of all classes that the first partial_fit receives."""
    classes = as_labels(classes, "classes")
    if classes.ndim != 1 or classes.size == 0:
        raise ValueError(f"classes must be a list of labels, got the shape {classes.shape}.")
    kind_of_labels(classes, "classes")
    return Labels(distinct(classes)[0])


def distinct(y: AnyArray) -> tuple[AnyArray, NDArray[np.intp]]:
    """Return the sorted distinct labels, and for each row the index of its label among them.

    Integers from 0 up to about the number of rows are counted in linear time. Other labels are sorted. `y` must be a
    copy that no other thread can change: a larger integer written after the check would be counted outside the array.
    """
    dtype = y.dtype
    if dtype.kind in "iu" and y.min() >= 0 and y.max() < max(1024, y.size):
        y = y.astype(np.intp, copy=False)
        present = np.bincount(y) > 0
        classes = np.flatnonzero(present).astype(dtype)
        if len(classes) == len(present):
            return classes, y
        return classes, (np.cumsum(present) - 1)[y]
    if dtype.kind == "O":
        return _distinct_objects(y)
    classes, indices = np.unique(y, return_inverse=True)
    if dtype.kind == "U":
        classes = np.array(classes.tolist(), "U")  # as wide as the longest label
    return classes, indices


def _distinct_objects(y: AnyArray) -> tuple[AnyArray, NDArray[np.intp]]:
    texts = y.tolist()
    classes = np.array(sorted(set(texts)), object)
    positions = {text: index for index, text in enumerate(classes)}
    return classes, np.fromiter(map(positions.__getitem__, texts), np.intp, len(texts))


def is_sorted(classes: AnyArray) -> bool:
    """Return whether labels ascend, without equal ones."""
    return bool((classes[1:] > classes[:-1]).all())


def ordered_probabilities(above: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the probability of each ordered class from those that the class is above each but the last.

    The networks learn each of these alone, so one can be larger than the one before it: it is then that one.
    """
    least = np.minimum.accumulate(above, axis=1)
    ends = np.ones((len(above), 1)), np.zeros((len(above), 1))
    probabilities: NDArray[np.float64] = np.concatenate((ends[0], least), 1)
    probabilities -= np.concatenate((least, ends[1]), 1)
    return probabilities


def medians(probabilities: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the index of the last of ordered classes that, with those above it, has more than half of a row's sum.

    The probabilities are added from the last class on, as every export does.
    """
    sums = np.add.accumulate(probabilities[:, ::-1], axis=1)
    return np.asarray(np.count_nonzero(sums > _HALF, axis=1) - 1, np.intp)


def normalized(outputs: Floats) -> Floats:
    """Return each row divided by its sum; equal probabilities if all outputs of a row are 0.

    The sum is added from left to right. The order of NumPy's sum depends on the number of outputs.
    """
    sums = np.add.accumulate(outputs, axis=1)[:, -1:]
    all_zero = sums == 0
    outputs += all_zero
    probabilities: Floats = outputs / np.where(all_zero, outputs.dtype.type(outputs.shape[1]), sums)
    return probabilities
