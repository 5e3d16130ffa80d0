"""Model files whose metadata come from a grammar, mostly with one thing broken, and whose checksums are right."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from helpers import model_in_c
from internals import model_of
from model_files import FIXED, SIZES, head_of, repaired, split

import cmlp
from cmlp import MLPClassifier, MLPRegressor, Network, TabularClassifier, TabularRegressor
from cmlp.__main__ import main

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator
    from pathlib import Path

N = 24  # rows
X = np.random.default_rng(0).standard_normal((N, 3))
MIXED = [[x, None if y < -1 else y, "ab"[int(z > 0)]] for x, y, z in X]
SCALARS = [
    *(
        0,
        1,
        -1,
        2,
        0.5,
        -0.0,
        1e-320,
        1e308,
        1e999,
        math.nan,
        2**31,
        2**53,
        2**63,
        2**64,
        10**30,
        True,
        False,
        None,
    ),
    *[
        "relu",
        "adam",
        "sgd",
        "lbfgs",
        "constant",
        "adaptive",
        "auto",
        "balanced",
        "log_loss",
        "softmax",
        "float32",
        "class",
        "int64",
        "cosine",
        "standard",
    ],
    *("", "a\0", "\ud800", "\U0001f600", "\u202e"),
]
CODED = [[-9 if y is None else x, y, "none" if y is None else z] for x, y, z in MIXED]
# The dtypes of labels, and words that are none.
LABEL_TYPES = ["bool", "float16", "float32", "float64", "object", "U", "U1", "int",
               *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))]  # fmt: skip
KINDS = ["network", "regressor", "classifier", "multilabel", "ordered", "object", ""]


def _bases(folder: Path) -> Iterator[bytes]:
    """Yield small files of every class."""
    few = {"hidden_layer_sizes": (2,), "max_iter": 2, "random_state": 0}
    table = {
        "n_estimators": 2,
        "hidden_layer_sizes": (2,),
        "max_time": 1e-9,
        "random_state": 0,
        "keep_background": 4,
    }
    labels = np.array(["no", "yes", "perhaps"])[np.arange(N) % 3]
    path = folder / "base.cmlp"
    classifier = MLPClassifier(**few, early_stopping=True, provenance=True)
    names = np.array(["a", "b", "c"], object)
    for model in (classifier, MLPRegressor(**few, learning_rate="cosine", loss="quantile", quantile=(0.1, 0.9)),
                  MLPClassifier(**few, solver="sgd", class_weight={0: 2.0, 5: 1})):  # fmt: skip
        y = (
            labels
            if model is classifier
            else X[:, 0]
            if isinstance(model, MLPRegressor)
            else np.arange(N) % 2 * 5
        )
        model.fit(X, y)
        if model is classifier:
            model.feature_names_in_ = names
        model.save(path, include_training_state=True)
        yield path.read_bytes()
    Network(
        [3, 2, 2], "elu", activation_parameter=0.5, input_scale=(X[0], np.ones(3)), random_state=0
    ).save(path)
    yield path.read_bytes()
    binary = TabularClassifier(**table, categorical_features={2: ["b", "a"]}).fit(
        MIXED, labels == "no"
    )
    binary.calibrate(probabilities=True).choose_threshold(MIXED, labels == "no", recall=0.5)
    coded = TabularRegressor(
        **table,
        categorical_features={2: ["b", "none", "a"]},
        missing_values={0: -9, 2: "none"},
    )
    for model, rows, y in (
        (TabularClassifier(**table), MIXED, labels),
        (TabularRegressor(**table), MIXED, X[:, 0]),
        (coded, CODED, X[:, 0]),
        (binary, MIXED, None),
    ):
        if y is not None:
            model.fit(rows, y)
        model.save(path)
        yield path.read_bytes()


class _File:
    """The parts of a model file, which can be changed."""

    def __init__(self, content: bytes) -> None:
        text, data = split(content)
        self.tensors = json.loads(text)
        self.metadata = self.tensors.pop("__metadata__")
        self.blocks = {
            name: data[slice(*tensor["data_offsets"])] for name, tensor in self.tensors.items()
        }

    def content(self) -> bytes:
        """Return the file, its offsets, length and checksums right."""
        text, _ = head_of(self.metadata, self.tensors)
        return repaired(text.rstrip(b" "), b"".join(self.blocks[name] for name in self.tensors))


def _value(rng: random.Random, depth: int = 0) -> Any:
    """Return a value of a parameter, as the metadata write it."""
    kind = rng.random() if depth < 3 else 0
    if kind < 0.75:
        return rng.choice(SCALARS)
    entries = [_value(rng, depth + 1) for _ in range(rng.choice([0, 1, 2]))]
    if kind < 0.8:
        return {"float": rng.choice(["inf", "-inf", "nan", "1"])}
    if kind < 0.9:
        return {"tuple": entries}
    return entries if kind < 0.95 else {"dict": [[_value(rng, 3), entry] for entry in entries]}


def _slots(value: Any) -> list[tuple[Any, Any]]:
    """Return each list or dict in parsed JSON, with the index or key of each entry."""
    keys = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [place for key in keys for place in [(value, key), *_slots(value[key])]]


def _edited(text: str, rng: random.Random) -> str:
    """Return JSON with an entry replaced, removed, renamed, repeated or exchanged for another."""
    tree = json.loads(text)
    slots = _slots(tree)
    if not slots or rng.random() < 0.05:
        return json.dumps(_value(rng), separators=(",", ":"))
    (owner, key), (other, at) = rng.choice(slots), rng.choice(slots)
    way = rng.choice(["value"] * 5 + ["other", "removed", "renamed", "repeated"])
    if way == "value":
        owner[key] = _value(rng)
    elif way == "other":
        owner[key] = copy.deepcopy(other[at])
    elif way == "removed":
        del owner[key]
    elif isinstance(owner, dict):
        value = owner[key] if way == "repeated" else owner.pop(key)
        owner[
            rng.choice(
                [
                    str(key) + "_",
                    "random_state",
                    "loss",
                    "",
                    "epoch",
                    "__class__",
                    "hidden_layer_sizes",
                ]
            )
        ] = value
    else:
        owner.insert(key, copy.deepcopy(owner[key]))
    return json.dumps(tree, separators=(",", ":"))


def _break_tensor(file: _File, rng: random.Random) -> None:
    name = rng.choice(
        [name for name in file.tensors if "layers." not in name] or list(file.tensors)
    )
    tensor, block = file.tensors[name], file.blocks[name]
    way = rng.choice(["number"] * 4 + ["dtype", "shape", "removed", "twice"])
    if way == "number":
        size = SIZES[tensor["dtype"]]
        code = {"F32": "<f4", "F64": "<f8", "U8": "u1", "I32": "<i4", "I64": "<i8"}[tensor["dtype"]]
        numbers = [0, 1, -1, 7] + (
            [math.nan, math.inf, 1e300] if "f" in code else [2**31 - 1, -(2**31)]
        )
        with np.errstate(over="ignore"):
            number = np.array(rng.choice(numbers)).astype(code).tobytes()
        at = size * rng.randrange(len(block) // size)
        file.blocks[name] = block[:at] + number + block[at + size :]
    elif way == "dtype":
        same = [kind for kind, size in SIZES.items() if size == SIZES[tensor["dtype"]]]
        tensor["dtype"] = rng.choice(same)
    elif way == "shape":
        n = math.prod(tensor["shape"])
        tensor["shape"] = rng.choice(
            [[n], [1, n], [n, 1], [2, n // 2] if n > 1 and n % 2 == 0 else [n]]
        )
    elif way == "removed":
        del file.tensors[name]
    else:
        tensor["shape"], file.blocks[name] = [2 * math.prod(tensor["shape"])], 2 * block


def _break(file: _File, rng: random.Random) -> None:
    trees = [key for key, value in file.metadata.items() if value[:1] in ("[", "{")]
    way = rng.random()
    if way < 0.65 and trees:
        key = rng.choice(trees)
        with contextlib.suppress(ValueError):  # broken already
            file.metadata[key] = _edited(file.metadata[key], rng)
    elif way < 0.75 and "labels.type" in file.tensors:
        file.metadata["labels_dtype"] = rng.choice(LABEL_TYPES)
        file.metadata = _sorted(file.metadata)
    elif way < 0.9:
        _break_tensor(file, rng)
    elif way < 0.93:
        file.metadata["kind"] = rng.choice(KINDS)
    elif way < 0.97 and trees:
        del file.metadata[rng.choice(trees)]
    elif trees:
        key = rng.choice(trees)
        at = rng.randrange(len(file.metadata[key]))
        text = file.metadata[key]
        file.metadata[key] = (
            text[:at]
            + rng.choice(["", *'",\\[]{}019aeEuU.-+ tfn:'])
            + text[at + rng.randint(0, 1) :]
        )


def _sorted(metadata: dict[str, str]) -> dict[str, str]:
    """Return metadata with those keys in order that are not fixed."""
    n = len({*FIXED, "requires", "columns"} & metadata.keys())
    return dict([*list(metadata.items())[:n], *sorted(list(metadata.items())[n:])])


def _compare_with_c(model: Any, path: Path) -> None:
    """Check that the C library, which accepts the file too, predicts rows of numbers bit-identically to Python."""
    core, rng = model_in_c(path), np.random.default_rng(0)
    if isinstance(model, Network):
        rows = rng.standard_normal((4, model.sizes[0])).astype(model.dtype)
        expected = model.forward(rows)
    elif isinstance(model, TabularClassifier | TabularRegressor):
        known = [-9, -1, 0, 1, 2, 3, 0.5, 1e9, math.nan]
        rows = rng.choice(known, (40, model.n_features_in_))
        expected = model_of(model).predict(rows)
    else:
        return
    np.testing.assert_array_equal([core.predict(row)[1] for row in rows], expected)


class Target:
    """Files: a model that can be used, saved and trained further, or ModelFormatError with the path and a status.

    C and Python predict the same of what both accept.
    """

    changed = 0.02  # the checksums detect changed bytes

    def __init__(self, name: str, folder: Path) -> None:
        self.path, self.again = folder / "model.cmlp", folder / "again.cmlp"
        self.bases = list(_bases(folder))

    def make(self, rng: random.Random) -> tuple[bytes, None]:
        file = _File(rng.choice(self.bases))
        for _ in range(rng.choice([1, 1, 1, 2])):
            _break(file, rng)
        return file.content(), None

    def judge(self, content: bytes, _: object) -> str:
        self.path.write_bytes(content)
        try:
            model = cmlp.load(self.path)
        except cmlp.exceptions.ModelFormatError as error:
            text = str(error)
            assert (
                text.startswith(str(self.path))
                and text.isprintable()
                and error.status.startswith("CMLP_ERROR_")
            )
            return text.removeprefix(str(self.path))
        return f"{type(model).__name__}: {self._used(model)}"

    def _used(self, model: Any) -> str:
        assert repr(model)
        _compare_with_c(model, self.path)
        if isinstance(model, Network):
            model.forward(np.zeros((2, model.sizes[0])))
        else:
            model.predict(np.zeros((2, model.n_features_in_)))
        with contextlib.redirect_stdout(io.StringIO()) as said:
            assert main(["info", str(self.path)]) == 0
        assert said.getvalue()
        with_state = isinstance(model, MLPClassifier | MLPRegressor)
        model.save(self.again, **({"include_training_state": True} if with_state else {}))
        cmlp.load(self.again)
        return _continued(model) if with_state else "used"


def _continued(model: Any) -> str:
    """Train a model further; return its class, or the error."""
    y = np.resize(model.classes_, N) if isinstance(model, MLPClassifier) else X[:, 0]
    try:
        model.partial_fit(np.resize(X, (N, model.n_features_in_)), y)
    except ValueError as error:
        return f"not continued: {error}"
    return "continued"
