"""Labels: recognizing the kind of targets, encoding labels as targets, decoding outputs to labels."""

import re
import tracemalloc

import numpy as np
import pytest
from helpers import peak_memory
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils.multiclass import type_of_target

# Types of encoded targets, and the memory that a million classes take, do not show in a fitted
# model.
from cmlp._data.labels import (
    Labels,
    as_labels,
    kind_of_labels,
    labels_of,
    learn_labels,
    medians,
    ordered_probabilities,
)

ONE_LABEL_PER_ROW = {
    "small ints": np.array([0, 2, 1, 2, 0, 1]),
    "ints with gaps": np.array([7, 0, 900, 7, 0, 900]),
    "negative ints": np.array([-1, 1, -1, 5]),
    "large ints": np.array([10**12, 3, 10**12, 4]),
    "int32": np.array([3, 1, 2], dtype=np.int32),
    "uint8": np.array([250, 3, 250, 9], dtype=np.uint8),
    "uint64": np.array([1, 0, 2], dtype=np.uint64),
    "two ints": np.array([4, 9, 9, 4]),
    "one int": np.array([6, 6, 6]),
    "bools": np.array([True, False, True]),
    "whole floats": np.array([1.0, -2.0, 0.0, 1.0]),
    "float32": np.array([1, 2, 1], dtype=np.float32),
    "text": np.array(["b", "c", "a", "b"]),
    "wide text": np.array(["no", "yes", "no"], dtype="U20"),
    "objects": np.array(["spam", "egg", "ham"], dtype=object),
}


@pytest.mark.parametrize("y", ONE_LABEL_PER_ROW.values(), ids=ONE_LABEL_PER_ROW.keys())
def test_classes_and_targets_match_scikit_learn(y):
    binarizer = LabelBinarizer().fit(y)
    one_hot = binarizer.transform(y)
    labels, targets = learn_labels(y)
    np.testing.assert_array_equal(labels.classes, binarizer.classes_)
    assert labels.classes.dtype == (y.dtype if y.dtype == object else binarizer.classes_.dtype)
    assert labels.kind == type_of_target(y)
    if labels.kind == "binary":
        assert targets.dtype == np.uint8
        np.testing.assert_array_equal(targets, one_hot)
    else:
        assert targets.dtype == np.int32
        np.testing.assert_array_equal(targets, one_hot.argmax(axis=1))


@pytest.mark.parametrize("y", ONE_LABEL_PER_ROW.values(), ids=ONE_LABEL_PER_ROW.keys())
def test_decoding_encoded_labels_returns_the_labels(y):
    labels, targets = learn_labels(y)
    outputs = targets if labels.kind == "binary" else np.eye(len(labels.classes))[targets]
    np.testing.assert_array_equal(labels.decode(outputs), y)
    np.testing.assert_array_equal(labels.encode(y), targets)
    assert labels.correct(outputs, targets).all()


@pytest.mark.parametrize(
    "y", [[2**63 + 1, 2**63 + 2, 0], [2**63 - 1, 2**63 - 2, -1], [2**60, 2**60 + 1, 3]]
)
def test_large_integers_of_lists_stay_integers(y):
    labels, _ = learn_labels(as_labels(y, "y"))
    assert labels.classes.tolist() == sorted(y)
    assert as_labels([2.0**60, 1.0], "y").tolist() == [2.0**60, 1.0]


@pytest.mark.parametrize("y", [[2**63 + 1, 2**63 + 2, -1], [2**64, 2**64 + 1], [-(2**63) - 1, 0]])
def test_integers_that_no_type_has_are_refused_with_a_remedy(y):
    for given in (y, np.array(y, object)):
        with pytest.raises(
            ValueError, match=r"has all integers, such as -?\d+: convert them to text"
        ):
            kind_of_labels(as_labels(given, "y"))
    as_text = np.array(y, object).astype(str)
    assert learn_labels(as_labels(as_text, "y"))[0].classes.tolist() == sorted(map(str, y))


@pytest.mark.parametrize(
    "y, message",
    [
        (
            [0, 1, 2],
            "All labels are of type int, but the array is of dtype object: convert it, with astype(int).",
        ),
        ([np.int64(0), 1], "All labels are of type int, but"),
        ([True, np.False_], "with astype(bool)"),
        ([1, 2.0], "with astype(float)"),
        (
            [0, 1, "a"],
            "all integers or all booleans, got 0 and, in row 2, 'a': convert all of them to text",
        ),
        (["a", "b", 3], "got 3 and, in row 0, 'a'"),
        ([{"a": 1}, {"a": 2}], "all integers or all booleans, got {'a': 1}."),
    ],
)
def test_objects_that_are_no_labels_say_what_they_are(y, message):
    with pytest.raises(ValueError, match=re.escape(message)) as raised:
        kind_of_labels(as_labels(np.array(y, object), "y"))
    assert str(raised.value).startswith("Unknown label type: unknown. ")
    assert ("astype(str)" in message) <= ("a" in y)


@pytest.mark.parametrize(
    "y, message",
    [
        (["a", "b", None], "Row 2 has no label (None): leave out the rows without a label."),
        (["a", np.nan, "b", None], "Row 1 has no label (nan)"),
        ([0, 1, None], "Row 2 has no label (None)"),
    ],
)
def test_the_first_row_without_a_label_is_named(y, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        kind_of_labels(as_labels(np.array(y, object), "y"))


def test_multilabel_targets_are_boolean_matrices():
    y = np.array([[0, 1, 1], [1, 0, 0]])
    labels, targets = learn_labels(y)
    assert labels.kind == "multilabel" and labels.n_outputs == 3
    np.testing.assert_array_equal(labels.classes, [0, 1, 2])
    np.testing.assert_array_equal(targets, y == 1)
    np.testing.assert_array_equal(labels.decode(np.array([[0.2, 0.8, 0.6]])), [[0, 1, 1]])
    right = labels.correct(np.array([[0.1, 0.9, 0.9], [0.9, 0.9, 0.1]]), targets)
    np.testing.assert_array_equal(right, [True, False])


def test_binary_output_of_one_half_decodes_to_the_first_class():
    labels, _ = learn_labels(np.array(["no", "yes"]))
    np.testing.assert_array_equal(labels.decode(np.array([[0.5], [0.51]])), ["no", "yes"])


def test_single_class_is_decoded_from_any_output():
    labels, targets = learn_labels(np.array(["only", "only"]))
    outputs = np.array([[0.1], [0.9]])
    np.testing.assert_array_equal(labels.decode(outputs), ["only", "only"])
    assert labels.correct(outputs, targets).all()


def test_equal_outputs_decode_to_the_first_class():
    labels, _ = learn_labels(np.array([0, 1, 2]))
    assert labels.decode(np.array([[0.2, 0.4, 0.4]])) == [1]


@pytest.mark.parametrize(
    "y, error, message",
    [
        (
            np.array([0.5, 1.0]),
            ValueError,
            "Unknown label type: continuous.* For numbers use a regressor",
        ),
        (
            np.array([[0, 1], [2, 1]]),
            ValueError,
            r"Multioutput target data .* as sklearn\.multioutput\.MultiOutputClassifier does\.",
        ),
        (np.array([[0.5, 1.0], [0.0, 1.0]]), ValueError, "Unknown label type: continuous"),
        (np.array([1, "a", None], dtype=object), ValueError, "Row 2 has no label"),
        (np.array([1, "a"], dtype=object), ValueError, "Unknown label type: unknown"),
        (np.array([b"a", b"b"]), TypeError, "represented as bytes"),
        (np.array([b"a", b"b"], dtype=object), TypeError, "represented as bytes"),
    ],
)
def test_targets_that_are_not_labels_raise(y, error, message):
    with pytest.raises(error, match=message):
        kind_of_labels(y)


@pytest.mark.parametrize(
    "classes, y",
    [
        ([0, 1, 2], np.array([0, 3])),
        ([0, 1, 2], np.array([-1, 1])),
        ([0, 2], np.array([0, 1])),
        (["a", "b"], np.array(["c"])),
        ([0, 1], np.array(["0", "1"])),
        (["0", "1"], np.array([0, 1])),
        # NumPy would convert 12 to text and find it.
        ([str(label) for label in range(40)], np.array([12])),
    ],
)
def test_unknown_labels_raise(classes, y):
    with pytest.raises(ValueError, match=r"`y` has classes not in `self\.classes_`"):
        labels_of(classes).encode(y)


@pytest.mark.parametrize("order", ["<", ">"])
def test_text_that_is_not_unicode_raises(order):
    """Such memory comes from a view of numbers, or from another thread that writes to the labels."""
    y = np.array([0x61, 0x10FFFF, 0x110000, 0xFFFFFFFF], f"{order}u4").view(f"{order}U1")
    assert as_labels(y[:2], "y").tolist() == ["a", "\U0010ffff"]
    with pytest.raises(
        ValueError, match="y must contain valid text, got the code point 0xffffffff"
    ):
        as_labels(y, "y")


def test_single_labels_and_multilabels_cannot_be_mixed():
    one = labels_of([0, 1])
    with pytest.raises(ValueError, match="y must have one label per row"):
        one.encode(np.array([[0, 1], [1, 1]]))
    many = Labels(np.arange(3), is_multilabel=True)
    with pytest.raises(ValueError, match="y must have 3 columns of labels"):
        many.encode(np.array([0, 1]))
    with pytest.raises(ValueError, match="y must have 3 columns of labels"):
        many.encode(np.array([[0, 1], [1, 1]]))


@pytest.mark.parametrize("values", [(-1, 1), (0, 5), (2, 2)])
def test_multilabel_targets_other_than_0_and_1_raise(values):
    y = np.array([[values[0], values[1]], [values[1], values[1]]])
    with pytest.raises(
        ValueError,
        match=r"y must contain only 0 and 1 if it has several columns, got the values \[",
    ):
        learn_labels(y)
    with pytest.raises(ValueError, match="y must contain only 0 and 1"):
        Labels(np.arange(2), is_multilabel=True).encode(y)


def test_classes_of_multilabel_targets_must_be_the_column_numbers():
    """A model file cannot contain other classes: saving would succeed, but not loading."""
    for classes in (["a", "b", "c"], [1, 2, 3], [0.5, 1, 2]):
        with pytest.raises(ValueError, match="must be the column numbers 0 to 2, got"):
            Labels(np.array(classes), is_multilabel=True)


def test_text_objects_that_differ_in_a_trailing_nul_are_different_labels():
    y = np.array(["a\0", "a", "b", "a"], object)
    labels, targets = learn_labels(y)
    assert labels.classes.tolist() == ["a", "a\0", "b"]
    np.testing.assert_array_equal(targets, [1, 0, 2, 0])
    np.testing.assert_array_equal(labels.encode(y), targets)
    np.testing.assert_array_equal(labels.encode_all(y), targets)


@pytest.mark.parametrize(
    "fitted", [np.array(["a", "bc"]), np.array(["a", "bc"], object)], ids=["U", "object"]
)
@pytest.mark.parametrize("dtype", ["U9", object])
def test_text_of_both_dtypes_matches_the_same_classes(fitted, dtype):
    labels = labels_of(fitted)
    np.testing.assert_array_equal(labels.encode(np.array(["bc", "a"], dtype)), [[1], [0]])
    for unknown in ("bcd", "a b", ""):
        with pytest.raises(ValueError, match="classes not in"):
            labels.encode(np.array(["a", unknown], dtype))


def test_trailing_nul_does_not_match_a_class_of_fixed_width():
    with pytest.raises(ValueError, match="classes not in"):
        labels_of(np.array(["a", "b"])).encode(np.array(["a\0", "b"], object))


def test_one_long_label_does_not_widen_all_rows():
    """A copy of fixed width would take 4.8 GB: 20,000 rows of 60,000 characters."""
    y = np.array(["no", "yes"], object)[np.arange(20_000) % 2]
    y[7] = "x" * 60_000
    assert peak_memory(lambda: learn_labels(y)[0].encode(y)) < 10e6


def test_targets_do_not_share_memory_with_the_labels():
    y = np.arange(10, dtype=np.int32).repeat(5)
    _, targets = learn_labels(y)
    assert not np.shares_memory(targets, y)


def test_50000_classes_need_no_one_hot_matrix():
    y = np.arange(50_000).repeat(2)
    labels, targets = learn_labels(y)
    assert labels.n_outputs == 50_000
    assert targets.nbytes == 4 * len(y)


MANY = 10**6


@pytest.mark.parametrize(
    "classes", [np.arange(100_000), np.arange(100_000) * 3 - 1, np.arange(100_000) * 0.5 // 0.5]
)
def test_few_labels_of_many_classes_are_encoded_without_touching_all_classes(classes):
    """Each partial_fit encodes its labels: a sort of all classes at each call would take seconds."""
    labels = Labels(classes)
    chosen = np.array([7, 99_999, 0, 7])
    tracemalloc.start()
    try:
        targets = labels.encode(classes[chosen])
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(targets, chosen)
    assert peak < 100_000
    with pytest.raises(ValueError, match="classes not in"):
        labels.encode(np.array([0, 10**9]))


@pytest.mark.parametrize("step", [1, 3])
def test_a_million_classes_are_learned_encoded_and_decoded(step):
    y = np.random.RandomState(0).permutation(MANY) * step
    labels, targets = learn_labels(y)
    np.testing.assert_array_equal(labels.classes, np.arange(MANY) * step)
    np.testing.assert_array_equal(targets * step, y)
    np.testing.assert_array_equal(labels.encode_all(y), targets)
    np.testing.assert_array_equal(labels_of(y).classes, labels.classes)


@pytest.mark.parametrize(
    "above, probabilities, median",
    [
        ([0.75, 0.25], [0.25, 0.5, 0.25], 1),
        ([0.25, 0.5], [0.75, 0.0, 0.25], 0),  # the second answer cannot be above the first
        ([0.5, 0.5, 0.5], [0.5, 0.0, 0.0, 0.5], 0),  # half is not more than half
        ([1.0, 1.0, 0.625], [0.0, 0.0, 0.375, 0.625], 3),
        ([0.625], [0.375, 0.625], 1),
    ],
)
def test_ordered_probabilities_and_medians_have_known_values(above, probabilities, median):
    found = ordered_probabilities(np.array([above, above]))
    assert found.tolist() == [probabilities] * 2
    assert medians(found).tolist() == [median] * 2


def test_ordered_probabilities_are_a_distribution():
    above = np.random.RandomState(0).random_sample((500, 6))
    found = ordered_probabilities(above)
    assert (found >= 0).all() and np.abs(found.sum(axis=1) - 1).max() < 1e-14
    expected = np.abs(np.arange(7)[:, None] - np.arange(7))
    costs = found @ expected
    assert (costs[np.arange(500), medians(found)] <= costs.min(axis=1) + 1e-12).all()


def test_labels_of_three_ordered_classes():
    labels = Labels(np.array(["low", "middle", "high"]), is_ordered=True)
    assert labels.kind == "ordered" and labels.n_outputs == 2 and labels.is_ordered
    targets = labels.encode(np.array(["high", "low", "middle"]))
    assert targets.tolist() == [[True, True], [False, False], [True, False]]
    assert labels.indices(targets).tolist() == [2, 0, 1]
    with pytest.raises(ValueError, match="has classes not in"):
        labels.encode(np.array(["zero"]))
