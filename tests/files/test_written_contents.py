"""What the core writes without an error, Python reads: labels, names, cells, categories and calibrations at random.

The other direction needs no test: the loader of Python calls `cmlp_model_init` for every file.
"""

import math
import random

import numpy as np
import pytest
from hostile_files import encoder_of, written, written_table
from internals import model_of

import cmlp
from cmlp import Network
from cmlp.exceptions import ModelFormatError

N_CONTENTS = 1_500  # of networks, and as many of tables
OUTPUTS = {"softmax": "log_loss", "logistic": "log_loss", "identity": "squared_error"}
TEXTS = ["", "a", "b", "ab", "\0", "é", "\ud800", "\udfff", "\ue000", "\U0001f600", "1", "True"]
INTEGERS = [0, 1, 2, 3, -1, -(2**63), 2**63 - 1]
LARGE = [2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**30]
DOUBLES = [0.0, -0.0, 1.0, 0.5, -1.5, 5e-324, 1.7e308, 2.0**63, math.inf, math.nan]
VALUES = [*TEXTS, *INTEGERS, *LARGE, *DOUBLES, False, True, None]
KINDS = ["number", "boolean", "date", "time", "instant", "duration", "category", "ordered"]
SCORES = ["absolute_error", "scaled_error", "quantiles", "probability"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.cmlp"


def one_type(rng):
    return rng.choice([TEXTS, INTEGERS, [*INTEGERS, *LARGE], DOUBLES, [False, True], VALUES])


def random_labels(rng, n_outputs):
    """Return labels, which are often valid, and whether a row can have several; or None."""
    if rng.random() < 0.1:
        return None
    n = rng.choice([n_outputs, n_outputs, n_outputs, 2, rng.randint(1, 3)])
    if rng.random() < 0.2:
        return list(range(n)), True
    labels = [rng.choice(one_type(rng)) for _ in range(n)]
    if rng.random() < 0.8:
        kinds = one_type(rng)
        labels = rng.sample(kinds, min(n, len(kinds)))
    if rng.random() < 0.8 and len({isinstance(label, str) for label in labels}) == 1:
        labels = sorted(label for label in labels if label is not None)
    return (labels, rng.random() < 0.1) if labels else None


def random_texts(rng, n, given=0.5):
    """Return n texts, or None; seldom another number of them."""
    if rng.random() > given:
        return None
    return [rng.choice(TEXTS) for _ in range(n if rng.random() < 0.9 else rng.randint(1, 4))]


def random_cells(rng):
    if rng.random() < 0.5:
        return None
    separators = ".,"
    return (
        rng.choice(".,.,;"),
        rng.choice([*separators, "", " ", "'", "_"]),
        random_texts(rng, rng.randint(0, 3)) or [],
        rng.random() < 0.3,
        rng.random() < 0.3,
    )


def equal(found, expected):
    """Whether values are equal and have equal types; a file has no -0 among categories."""
    plain = [value + 0.0 if type(value) is float else value for value in expected]
    return list(map(repr, found)) == list(map(repr, plain))


def loaded(path, content):
    """Return the model of a file; its bytes are the same each time that it is saved again."""
    path.write_bytes(content)
    cmlp.load(path).save(path)
    saved = path.read_bytes()
    model = cmlp.load(path)
    model.save(path)
    assert path.read_bytes() == saved
    return model


def test_networks_with_random_contents_are_refused_or_loaded(path):
    rng, n_loaded = random.Random(1), 0
    for _ in range(N_CONTENTS):
        output, n_in = rng.choice([*OUTPUTS]), rng.randint(1, 3)
        n_out = rng.randint(2 if output == "softmax" else 1, 3)
        net = Network([n_in, n_out], output=output, loss=OUTPUTS[output], random_state=0)
        labels, names, cells = random_labels(rng, n_out), random_texts(rng, n_in), random_cells(rng)
        is_pair = labels is not None and not labels[1] and len(labels[0]) == 2 == n_out
        is_classifier = labels is not None and not is_pair  # of two labels it has one output
        values, is_multilabel = labels or (None, False)
        usual = "network" if is_pair or labels is None else "classifier"
        try:
            content = written(
                net,
                {},
                kind="multilabel" if is_multilabel else rng.choice([None, usual]),
                labels=values,
                names=names,
                cells=cells,
            )
        except ModelFormatError:
            continue
        n_loaded += 1
        model = loaded(path, content)
        assert isinstance(model, cmlp.MLPClassifier if is_classifier else Network)
        if not is_classifier:
            continue
        assert [*map(repr, model.classes_.tolist())] == [*map(repr, labels[0])]
        assert (model_of(model).labels.kind == "multilabel") == labels[1]
        assert names is None or [*model_of(model).names] == names
        assert cells is None or model_of(model).cell_format == (
            *cells[:2],
            tuple(cells[2]),
            *cells[3:],
        )
    assert n_loaded > N_CONTENTS / 5


def random_column(rng):
    """Return the role and size of a column, its numbers, its kind, and its categories."""
    role = rng.choice(["number", "number", "category", "category", "unused"])
    categories = None
    if role == "category" or rng.random() < 0.3:
        values = rng.choice([TEXTS, TEXTS, INTEGERS, VALUES])
        categories = rng.sample(values, rng.randint(1, 4))
    size = len(categories) if role == "category" else 0
    if rng.random() < 0.1:
        categories = None
    usual = "number" if categories is None else "ordered" if role == "number" else "category"
    kind = usual if rng.random() < 0.7 else rng.choice(KINDS)
    return (role, size, False), [0.0, 1.0] if role == "number" else [], kind, categories


def random_calibration(rng, n_answers):
    if rng.random() < 0.5:
        return None
    n, kind = rng.choice([n_answers, 1]), rng.choice(SCORES)
    scores = np.array(
        [[rng.choice([0.0, 0.5, 0.25, math.inf]) for _ in range(2)] for _ in range(n)]
    )
    if rng.random() < 0.8:
        scores.sort()
    widths = None
    if kind == "scaled_error" or rng.random() < 0.1:
        widths = np.array([[0.0, rng.choice([0.0, 1.0, -1.0])], [1.0, 2.0]] * n)
    return {
        "kind": kind,
        "rows": rng.choice(["held_out", "calibration"]),
        "scores": scores,
        "widths": widths,
        "limits": rng.choice([None, None, np.array([[0.0, 1.0], [5.0, 4.0]] * rng.choice([n, 1]))]),
    }


def test_tables_with_random_contents_are_refused_or_loaded(path):
    rng, n_loaded = random.Random(2), 0
    for _ in range(N_CONTENTS):
        columns = [random_column(rng) for _ in range(rng.randint(1, 3))]
        layout, numbers, kinds, categories = zip(*columns, strict=True)
        numbers = [number for each in numbers for number in each]
        output = rng.choice([*OUTPUTS])
        is_regressor = output == "identity"
        n_out = rng.randint(2 if output == "softmax" else 1, 3)
        width = encoder_of(layout, numbers).width(False)
        net = Network([width, n_out], output=output, loss=OUTPUTS[output], random_state=0)
        labels = random_labels(rng, n_out)
        if not is_regressor and not fits_a_table(labels, output, n_out):
            continue
        names = random_texts(rng, len(columns))
        target_names = random_texts(rng, n_out) if is_regressor and n_out > 1 else None
        calibration = random_calibration(rng, 1 if output == "softmax" else n_out)
        name = "TabularRegressor" if is_regressor else "TabularClassifier"
        if is_regressor:
            labels = None
        try:
            content = written_table(
                layout,
                numbers,
                [net],
                [(0.0,) * n_out, (1.0,) * n_out, (-3.0,) * n_out, (3.0,) * n_out]
                if is_regressor
                else None,
                {"parameters": "{}"},
                kind="multilabel" if labels is not None and labels[1] else None,
                kinds=kinds,
                categories=categories,
                names=names,
                target_names=target_names,
                calibration=calibration,
                labels=None if labels is None else labels[0],
            )
        except (ModelFormatError, ValueError):
            continue
        n_loaded += 1
        model = loaded(path, content)
        assert type(model).__name__ == name
        trained = model_of(model)
        for found, expected in zip(trained.columns, columns, strict=True):
            categories = expected[3] or [*range(expected[0][1])] or None  # the usual ones
            assert found.categories is categories is None or equal(found.categories, categories)
        assert names is None or [*trained.columns.names] == names
        assert (trained.calibration is None) == (calibration is None)
        if labels is not None:
            assert [*map(repr, model.classes_.tolist())] == [*map(repr, labels[0])]
    assert n_loaded > N_CONTENTS / 20


@pytest.mark.parametrize("wrong", [1, 3, 40])
@pytest.mark.parametrize(
    ("name", "value"),
    [("kinds", "number"), ("categories", [1]), ("names", "x"), ("target_names", "x")],
)
def test_values_of_another_number_of_columns_or_targets_are_refused(name, value, wrong):
    net = Network([2, 2], random_state=0)
    pairs = ((0.0, 0.0), (1.0, 1.0), (-3.0, -3.0), (3.0, 3.0))
    with pytest.raises(ValueError, match=rf"^{name} must have 2 entries, got {wrong}$"):
        written_table(
            [("number", 0, False)] * 2,
            [0.0, 1.0] * 2,
            [net],
            pairs,
            {"parameters": "{}"},
            **{name: [value] * wrong},
        )


def test_names_of_targets_without_targets_are_refused():
    net = Network([2, 2], output="softmax", loss="log_loss", random_state=0)
    with pytest.raises(ValueError, match=r"^target_names must have 0 entries, got 2$"):
        written_table(
            [("number", 0, False)] * 2,
            [0.0, 1.0] * 2,
            [net],
            None,
            {"parameters": "{}"},
            target_names=["a", "b"],
        )


def fits_a_table(labels, output, n_outputs):
    """Whether Python has a class for the outputs of a table with these labels."""
    if labels is None:
        return False
    if labels[1]:
        return output == "logistic" and n_outputs > 1
    if len(labels[0]) == 2:
        return output == "logistic" and n_outputs == 1
    return output == "softmax" and n_outputs > 2
