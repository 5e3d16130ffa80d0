"""Names of parameters and values in other libraries, and what they are called here: the hints of error messages."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ParamSpec, TypeVar

from cmlp.exceptions import shown

P = ParamSpec("P")
R = TypeVar("R")

_EPOCHS, _LAYERS = ("max_iter", "n_epochs"), ("hidden_layer_sizes",)
# The first of the names that the class has is the parameter.
_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(
        ("epochs", "n_epochs", "num_epochs", "nb_epoch", "max_epochs", "max_iter", "n_iter"),
        _EPOCHS,
    ),
    **dict.fromkeys(("iterations", "n_iterations", "num_iterations"), _EPOCHS),
    **dict.fromkeys(
        ("hidden_layers", "hidden_units", "hidden_sizes", "layers", "units", "n_hidden"), _LAYERS
    ),
    **dict.fromkeys(
        ("lr", "eta", "learning_rate", "initial_learning_rate"), ("learning_rate_init",)
    ),
    **dict.fromkeys(("criterion", "objective"), ("loss",)),
    **dict.fromkeys(("seed", "random_seed", "rng", "generator"), ("random_state",)),
    **dict.fromkeys(("l2", "reg_lambda"), ("alpha",)),
    "optimizer": ("solver",),
    **dict.fromkeys(("eval_metric", "metric", "metrics", "custom_metric"), ("scoring",)),
    "patience": ("n_iter_no_change",),
    "validation_split": ("validation_fraction",),
    **dict.fromkeys(("validation_data", "eval_set", "valid_sets"), ("X_val",)),
    **dict.fromkeys(("cat_features", "categorical_feature", "cat_cols"), ("categorical_features",)),
    **dict.fromkeys(("class_weights",), ("class_weight",)),
    **dict.fromkeys(("n_jobs", "thread_count", "nthread", "num_threads"), ("n_threads",)),
}
# Whose parameter it is, where a name means two: `cmlp train` has the parameters of all estimators.
_OWNERS = {"max_iter": " of one network", "n_epochs": " of a table"}
# Parameters that a class or a function does not have: where they are.
_ELSEWHERE: Mapping[str, str] = {
    "n_estimators": "Only TabularClassifier and TabularRegressor have it: they train several networks.",
    "categorical_features": "Only TabularClassifier and TabularRegressor have categorical_features.",
    "scoring": (
        "Tables keep the epoch with the smallest loss on held-out rows. To compare models by a score, "
        "use sklearn.model_selection.cross_val_score(model, X, y, scoring=...)."
    ),
    "X_val": "Pass validation rows to fit, as X_val and y_val.",
    "device": "Training runs on the processor, with n_threads threads.",
    **dict.fromkeys(
        ("rounds", "retries"),
        "On a Dask cluster, training takes one block after the other, as fit_batches does.",
    ),
    "checkpoint": "Use the callback cmlp.callbacks.Checkpoint.",
}
_LEAST_BEGINNING = 3  # letters from which on the beginning of a word suggests the whole word
_CROSS_ENTROPY = (
    "crossentropy",
    "crossentropyloss",
    "categoricalcrossentropy",
    "binarycrossentropy",
    "bce",
    "logloss",
)
# The names without case, "_" and "-".
_VALUES: Mapping[str, Mapping[str, str]] = {
    "loss": {
        **dict.fromkeys(("mse", "meansquarederror", "l2", "mseloss"), "squared_error"),
        **dict.fromkeys(("mae", "meanabsoluteerror", "l1", "l1loss"), "absolute_error"),
        **dict.fromkeys((*_CROSS_ENTROPY, "sparsecategoricalcrossentropy"), "log_loss"),
        **dict.fromkeys(("pinball", "pinballloss"), "quantile"),
    },
    "activation": {"linear": "identity", "swish": "silu"},
    "output": {"linear": "identity", "none": "identity"},
    "initialization": {
        "xavier": "glorot",
        "glorotuniform": "glorot",
        "kaiming": "he",
        "heuniform": "he",
    },
}


def value_hint(name: str, value: object, accepts: Callable[[object], bool]) -> str:
    """Return a question whether another value or parameter is meant that is valid; '' if there is none."""
    if name == "learning_rate" and isinstance(value, (int, float)) and accepts("constant"):
        return f"Did you mean learning_rate_init={shown(value)}?"
    if (
        name == "loss"
        and (isinstance(value, int) or hasattr(value, "__len__"))
        and not isinstance(value, str)
    ):
        return (
            "The first parameter of MLPRegressor is loss; did you mean "
            f"hidden_layer_sizes={shown(value)}?"
        )
    if not isinstance(value, str):
        return ""
    plain = value.lower().replace("_", "").replace("-", "").replace(" ", "")
    for meant in (_VALUES.get(name, {}).get(plain), value.lower(), plain):
        if meant is not None and accepts(meant):
            return f"Did you mean {meant!r}?"
    return ""


def name_hint(name: str, known: Mapping[str, str], *, trains: bool = True) -> str:
    """Return a sentence about an unknown name: which one is meant, or where such a parameter is; or ''.

    `known` has the names that there are, and what the sentence calls each of them. If these are not the parameters of a
    training (`trains` is false), the sentence does not say where others are.
    """
    aliases = _PARAMETERS.get(name, ())
    own = [name] if name in known else [meant for meant in aliases if meant in known]
    if len(own) > 1:
        return f"Did you mean {' or '.join(known[meant] + _OWNERS[meant] for meant in own)}?"
    if own:
        return f"Did you mean {known[own[0]]}?"
    for meant in (name, *aliases):
        if trains and meant in _ELSEWHERE:
            return _ELSEWHERE[meant]
    near = nearest(name, known)
    return f"Did you mean {known[near]}?" if near else ""


def nearest(word: str, words: Iterable[str]) -> str | None:
    """Return the word that was probably meant, or None.

    Examples
    --------
    >>> nearest("--max-itr", ["--max-iter", "--alpha"])
    '--max-iter'
    >>> nearest("--hidden", ["--hidden-layer-sizes", "--header"])
    '--hidden-layer-sizes'
    """
    import difflib

    plain: dict[str, str] = {}
    for candidate in words:
        # "--max-iter" rather than "--max_iter", which comes later.
        plain.setdefault(_plain(candidate), candidate)
    meant = _plain(word)
    if len(meant) >= _LEAST_BEGINNING:
        longer = [candidate for candidate in plain if candidate.startswith(meant)]
    else:
        longer = []
    candidates = sorted(longer, key=len) or difflib.get_close_matches(meant, plain, 1)
    return plain[candidates[0]] if candidates else None


def _plain(word: str) -> str:
    return word.lstrip("-").replace("_", "-").lower()


def _names_of_arguments(function: Any) -> tuple[str, ...]:
    """Return the names of a function's parameters; none for one that is not written in Python."""
    code = getattr(getattr(function, "__wrapped__", function), "__code__", None)
    return () if code is None else code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]


def raise_with_hint(
    error: TypeError, function: object, args: Sequence[object], keywords: Iterable[str]
) -> None:
    """Raise the error of a call again, with a hint, if it has a keyword that is meant for another one."""
    names = _names_of_arguments(function)
    unknown = next((name for name in keywords if name not in names), None)
    if unknown is not None:
        constructor = _names_of_arguments(type(args[0]).__init__) if args else ()
        known = {name: f"{name} of the constructor" for name in constructor}
        hint = name_hint(unknown, {**known, **dict(zip(names, names, strict=True))})
        if hint:
            raise TypeError(f"{error}. {hint}") from None


def hinted(function: Callable[P, R]) -> Callable[P, R]:
    """Let a function have a hint in the TypeError for a keyword that it does not have."""

    @functools.wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> R:
        try:
            return function(*args, **keywords)
        except TypeError as error:
            raise_with_hint(error, function, args, keywords)
            raise

    return call
