"""Labels, categories, names, kinds, the cell format and the calibration in the tensors of a file."""

import json

import numpy as np
import pytest

from cmlp._data.json_texts import Head, Metadata
from cmlp._model.stored_values import (
    load_calibration_kind,
    load_categories,
    load_cell_format,
    load_classes,
    load_kinds,
    load_texts,
)
from cmlp.exceptions import ModelFormatError

TYPES = {"uint8": "U8", "int32": "I32", "int64": "I64", "float64": "F64"}


def metadata_of(strings=(), **arrays):
    """Return the metadata of a file with these arrays; `__` in a keyword is a dot."""
    head, data = {"__metadata__": {"cmlp": "1", **dict(strings)}}, b""
    for name, values in arrays.items():
        content = np.asarray(values)
        head[name.replace("__", ".")] = {
            "dtype": TYPES[content.dtype.name],
            "shape": list(content.shape),
            "data_offsets": [len(data), len(data) + content.nbytes],
        }
        data += content.astype(content.dtype.newbyteorder("<")).tobytes()
    return Metadata(Head(json.dumps(head, separators=(",", ":"))), memoryview(data), 0)


def bytes_of(text):
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def ends(*texts):
    return np.cumsum([len(bytes_of(text)) for text in texts], dtype=np.int64)


@pytest.mark.parametrize("texts", [["cat", "cow"], ["", ""], ["ä", "", "\ud800b"]])
def test_texts_are_between_their_ends(texts):
    joined = {"names__text": bytes_of("".join(texts))} if any(texts) else {}
    assert load_texts(metadata_of(names__ends=ends(*texts), **joined), "names") == texts


def test_texts_that_are_not_there_are_none():
    empty = metadata_of()
    assert load_texts(empty, "names") is load_classes(empty) is load_kinds(empty) is None
    assert load_cell_format(empty) is load_calibration_kind(empty) is None
    assert load_categories(empty, 2) == [None, None]


@pytest.mark.parametrize(
    ("kind", "values", "dtype", "stored", "name"),
    [
        (1, ["cat", "cow"], "<U3", {}, None),
        (1, ["cat", "cow"], object, {}, "object"),
        (1, ["a\0", "b"], object, {}, None),  # U would lose the NUL
        (2, [0.5, 2.5], np.float64, {"labels__number": [0.5, 2.5]}, None),
        (2, [0.5, 2.5], np.float16, {"labels__number": [0.5, 2.5]}, "float16"),
        (3, [-1, 2**62], np.int64, {"labels__integer": [-1, 2**62]}, None),
        (3, [1, 2], np.int8, {"labels__integer": [1, 2]}, "int8"),
        (4, [False, True], np.bool_, {"labels__integer": [0, 1]}, None),
        (5, [3, 2**64 - 1], np.uint64, {}, None),
    ],
)
def test_labels_have_their_type(kind, values, dtype, stored, name):
    texts = [*map(str, values)]
    classes = load_classes(
        metadata_of(
            {"kind": "classifier"} | ({} if name is None else {"labels_dtype": name}),
            labels__ends=ends(*texts),
            labels__type=np.array([kind], np.uint8),
            labels__text=bytes_of("".join(texts)),
            **stored,
        )
    )
    assert classes.tolist() == values
    assert classes.dtype == dtype


def test_labels_of_which_a_row_can_have_several_are_numbers_of_columns():
    stored = metadata_of(
        {"kind": "multilabel"},
        labels__ends=ends("0", "1"),
        labels__type=np.array([3], np.uint8),
        labels__text=bytes_of("01"),
        labels__integer=[0, 1],
    )
    assert load_classes(stored).tolist() == [0, 1]


@pytest.mark.parametrize("name", ["V999999999", "int8", "S3", "datetime64"])
def test_labels_that_do_not_fit_their_type_are_refused(name):
    stored = metadata_of(
        {"kind": "classifier", "labels_dtype": name},
        labels__ends=ends("1", "300"),
        labels__type=np.array([3], np.uint8),
        labels__text=bytes_of("1300"),
        labels__integer=[1, 300],
    )
    with pytest.raises(ModelFormatError, match="the labels"):
        load_classes(stored)


def test_categories_have_their_types():
    stored = metadata_of(
        categories__counts=[3, 0, 2, 4],
        categories__ends=[1, 1, 2, 2, 2, 2, 2, 22, 22],
        categories__integer=[1, 0, 0, 0, 0, -7],
        categories__number=[0, 2.5, 0, 0, 0, 0],
        categories__text=bytes_of("ba" + "-9223372036854775809"),
        categories__type=np.array([1, 0, 1, 3, 2, 4, 1, 5, 3], np.uint8),
    )
    categories = load_categories(stored, 4)
    assert repr(categories) == repr(
        [["b", None, "a"], None, [1, 2.5], [False, "", -(2**63) - 1, -7]]
    )


def test_categories_need_no_texts():
    stored = metadata_of(
        categories__counts=[2],
        categories__integer=[5, 6],
        categories__type=np.array([3, 3], np.uint8),
    )
    assert load_categories(stored, 1) == [[5, 6]]


def test_kinds_and_the_cell_format_have_their_names():
    assert load_kinds(metadata_of(columns__kinds=np.array([1, 8], np.uint8))) == [
        "number",
        "ordered",
    ]
    form = np.frombuffer(b",.", np.uint8)
    stored = metadata_of(cells__form=form, cells__ends=ends("-", "?"), cells__text=bytes_of("-?"))
    assert load_cell_format(stored) == {
        "decimal": ",",
        "thousands": ".",
        "missing": ["-", "?"],
        "has_own_words": False,
        "of_spreadsheets": False,
    }
    stored = metadata_of(cells__form=np.frombuffer(b".\0", np.uint8))
    assert load_cell_format(stored) == {
        "decimal": ".",
        "thousands": "",
        "missing": [],
        "has_own_words": False,
        "of_spreadsheets": False,
    }
    for rules in range(1, 4):
        stored = metadata_of(cells__form=np.array([46, 0, rules], np.uint8))
        found = load_cell_format(stored)
        assert (found["has_own_words"], found["of_spreadsheets"]) == (rules % 2 == 1, rules > 1)


def test_an_unknown_calibration_is_none():
    def stored(kind, rows):
        return metadata_of(calibration__kind=np.array([kind, rows], np.int32))

    assert load_calibration_kind(stored(2, 1)) == {"kind": "scaled_error", "rows": "held_out"}
    assert load_calibration_kind(stored(4, 2)) == {"kind": "probability", "rows": "calibration"}
    assert load_calibration_kind(stored(5, 1)) is load_calibration_kind(stored(0, 1)) is None
