"""Fits whose results are pinned: what training gives, says and prints, in every way to train.

``python tests/support/golden_fits.py`` prints the digests of the installed cmlp as JSON; ``--write`` writes them to
golden_fits.json. A change of the way of a fit that is none of its results leaves them as they are. The data are the
same on every machine; only what SciPy computes for "lbfgs" is not pinned. Of reports of findings, the codes, columns,
weights and numbers are, but not the words.
"""

import contextlib
import functools
import hashlib
import io
import json
import pickle
import re
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from helpers import digest, inputs, labels, uniform
from worker_cases import RequestComm, in_threads

import cmlp
import cmlp.distributed
from cmlp import (
    MLPClassifier,
    MLPRegressor,
    Network,
    TabularClassifier,
    TabularRegressor,
    Trainer,
    find_learning_rate,
    fit_many,
)

TABLE = Path(__file__).with_name("golden_fits.json")

N = 733
X, NOISE = inputs(0, N, 6, np.float32), uniform(1, N)
CLASSES = np.digitize(X[:, 1] + 0.3 * NOISE, [-0.4, 0.4])
SIGNS = (X[:, 0] + 0.3 * NOISE > 0).astype(int)
NUMBERS = np.stack([X[:, 0] + 0.1 * NOISE, 3 * X[:, 1] + 5], axis=1)
WEIGHTS = uniform(2, N, low=0.0)
WEIGHTS[::3] = 0
PARTS = [(X[:100], SIGNS[:100]), (X[100:170], SIGNS[100:170]), (X[170:], SIGNS[170:])]
CELLS = np.column_stack([X[:600, :2].astype(float), labels(3, 600, 3)])
CELLS[::17, 0] = np.nan

FIT = {"hidden_layer_sizes": (16, 8), "max_iter": 12, "random_state": 3, "batch_size": 64}
SGD = {"solver": "sgd", "learning_rate_init": 0.05}
TABLES = {"n_epochs": 4, "random_state": 0, "n_threads": 2, "categorical_features": [2]}


def classifier(**options):
    return MLPClassifier(**{**FIT, **options})


def regressor(**options):
    return MLPRegressor(**{**FIT, **options})


def users_score(model, X, y, sample_weight=None):
    return model.score(X, y, sample_weight)


# ---------------------------------------------------------------- fits

CLASSIFIERS = {
    "adam": {},
    "adamw": {"solver": "adamw", "weight_decay": 0.01, "max_grad_norm": 0.1},
    "sgd": SGD,
    "adaptive": {**SGD, "learning_rate": "adaptive", "tol": 10.0, "n_iter_no_change": 1},
    "invscaling": {**SGD, "learning_rate": "invscaling"},
    "one_cycle": {"learning_rate": "one_cycle"},
    "cosine": {"learning_rate": "cosine", "warmup": 0.3},
    "tol": {"tol": 0.1, "n_iter_no_change": 2},
    "early": {"early_stopping": True, "learning_rate_init": 0.05, "n_iter_no_change": 2},
    "early, ties": {"early_stopping": True, "tol": 0.0, "n_iter_no_change": 1},
    "early, loss": {"early_stopping": True, "scoring": "loss"},
    "early, user's score": {"early_stopping": True, "scoring": users_score},
    "dropout": {"dropout": 0.3},
    "in order": {"shuffle": False},
    "blocks": {"shuffle": "blocks", "block_size": 20},
    "blocks, dropout": {"shuffle": "blocks", "block_size": 20, "dropout": 0.3},
    "large batch": {"batch_size": 5000},
    "class weight": {"class_weight": "balanced"},
    "standard": {"input_scale": "standard"},
    "verbose": {"verbose": 3, "max_iter": 7},
    "diverges": {**SGD, "learning_rate_init": 1e20},
    "lbfgs": {"solver": "lbfgs"},
    "lbfgs, verbose": {"solver": "lbfgs", "verbose": True, "max_iter": 3},
}
REGRESSORS = {
    "numbers": {},
    "numbers, standard": {"y_scale": "standard"},
    "numbers, early": {"y_scale": "standard", "early_stopping": True},
    "numbers, robust": {"y_scale": "robust", "batch_size": 32},
    "numbers, lbfgs": {"y_scale": "robust", "solver": "lbfgs"},
    "numbers, blocks": {"shuffle": "blocks", "block_size": 50, "dtype": "float64"},
}


def with_own_rows(**options):
    return classifier(**options).fit(X, CLASSES, X_val=X[:100], y_val=CLASSES[:100])


def warm():
    model = classifier(warm_start=True, max_iter=2)
    return model.fit(X, CLASSES).fit(X, CLASSES)


def trained_by_parts(model, y, **options):
    for _ in range(4):
        model.partial_fit(X, y, **options)
    return model


def streamed(make, parts, scale, **options):
    return make(**scale).fit_batches(parts, **options)


# ---------------------------------------------------------------- interrupted, and followed


class Interrupt:
    """A callback that interrupts a fit after some batches."""

    every_batches = 1

    def __init__(self, n_batches):
        self.n_batches = n_batches

    def on_batches_end(self, trainer):
        self.n_batches -= 1
        if self.n_batches == 0:
            raise KeyboardInterrupt


def from_pickle(model):
    return pickle.loads(pickle.dumps(model))


def from_file(model):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.cmlp"
        model.set_params(callbacks=None).save(path, include_training_state=True)
        return cmlp.load(path)


def resumed(copy, **options):
    model = classifier(callbacks=[Interrupt(31)], **options)
    with contextlib.suppress(KeyboardInterrupt):
        model.fit(X, CLASSES)
    done = copy(model)
    return [model, done.set_params(callbacks=None).fit(X, CLASSES, resume=True)]


def resumed_with_other_rows():
    return classifier(max_iter=2).fit(X, CLASSES).fit(X[::-1], CLASSES, resume=True)


class Log:
    """A callback that notes each call, with what it sees of the training."""

    def __init__(self):
        self.lines = []

    def note(self, name, trainer):
        losses = trainer.history["loss"] if trainer.state.epoch else []
        self.lines.append([name, trainer.state.epoch, trainer.state.batch, *losses])

    def on_fit_begin(self, trainer):
        self.note("fit begins", trainer)

    def on_epoch_begin(self, trainer):
        self.note("epoch begins", trainer)

    def on_validation_begin(self, trainer):
        self.note("validation begins", trainer)

    def on_epoch_end(self, trainer):
        self.note("epoch ends", trainer)

    def on_fit_end(self, trainer):
        self.note("fit ends", trainer)


def followed(make, *rows, **options):
    log = Log()
    return [make(callbacks=[log], **options).fit(*rows), log]


# ---------------------------------------------------------------- a Trainer, tables, many, workers


def trainer_of(**options):
    network = Network([6, 8, 3], "tanh", random_state=0)
    return Trainer(network, max_iter=4, random_state=1, batch_size=50, **options)


def paused(**options):
    trainer = trainer_of(**options)
    while not trainer.finished:
        trainer = from_pickle(trainer)
        trainer.run(X, CLASSES, n_batches=7)
    return trainer


def epoch_by_epoch():
    trainer = trainer_of()
    log = Log()
    log.lines = [[epoch.loss] for epoch in trainer.epochs(X, CLASSES)]
    return [trainer, log]


def table_of_numbers(**options):
    return TabularRegressor(**{**TABLES, **options})


def table_of_dates():
    import pandas

    days = pandas.Timestamp("2020-01-01") + pandas.to_timedelta(labels(4, 600, 900), "D")
    words = np.array(["u", "v", "w"])[CELLS[:, 2].astype(int)]
    frame = pandas.DataFrame({"a": CELLS[:, 0], "b": CELLS[:, 1], "c": words, "d": days})
    options = {**TABLES, "categorical_features": ["c"]}
    return TabularClassifier(**options).fit(frame, np.array(["no", "yes"])[SIGNS[:600]])


def doubtful_rows():
    """Return a table with findings of most kinds, and enough rows that checks read a sample of them first."""
    y = NUMBERS[:600, 0].astype(float)
    part, level = uniform(5, 600), labels(6, 600, 40)
    rises = y**3 + 0.001 * uniform(7, 600)
    columns = [CELLS[:, 0], part, y - part, rises, level, np.arange(600), uniform(8, 600)]
    return np.column_stack(columns), y


def table_with_findings():
    return table_of_numbers(categorical_features=[4], missing_values=[-1]).fit(*doubtful_rows())


def table_of_classes_with_findings():
    X, y = doubtful_rows()
    groups = labels(9, 600, 30)
    X[:, 3], X[:, 4] = np.where(y > 0.2, np.nan, X[:, 3]), groups
    return TabularClassifier(**TABLES).fit(X, (y > 0.2).astype(int), groups=groups)


def examined():
    """Return a report with measured harm: of later years, and of a code for a missing value."""
    X, y = doubtful_rows()
    X[:, 5], X[:, 6] = 1900 + np.arange(600) // 5, np.where(labels(8, 600, 4) == 0, 999, 9 * y)
    return cmlp.examine(X[:, 4:], y + np.arange(600) / 200)


def many():
    models = [classifier(random_state=k, max_iter=3) for k in range(4)]
    return fit_many(models, X, CLASSES, n_threads=2)


def together(size, is_local=False, **options):
    """Fit in processes that train together, here threads: each one has all rows, or its own ones."""
    options = {"n_threads": 1, "batch_size": 384, "max_iter": 4, **options}
    parts = np.array_split(np.arange(720), size)

    def fit(comm):
        rows = parts[comm.rank] if is_local else slice(None)
        return cmlp.distributed.fit(
            classifier(**options), X[rows], CLASSES[rows], comm=comm, local=is_local, timeout=60
        )

    results = in_threads(size, fit, RequestComm)
    for error in results:
        if isinstance(error, BaseException):
            raise error
    return results


# ---------------------------------------------------------------- all cases

CASES = {}
for name, options in CLASSIFIERS.items():
    CASES[name] = lambda options=options: classifier(**options).fit(X, CLASSES)
    CASES[f"{name}, weights"] = lambda options=options: classifier(**options).fit(
        X, CLASSES, WEIGHTS
    )
for name, options in REGRESSORS.items():
    CASES[name] = lambda options=options: regressor(**options).fit(X, NUMBERS)
CASES |= {
    "quantiles": lambda: regressor(loss="quantile", quantile=(0.1, 0.5, 0.9)).fit(X, NUMBERS[:, 0]),
    "own rows, early": lambda: with_own_rows(early_stopping=True),
    "own rows": with_own_rows,
    "shards": lambda: classifier(batch_size=384).fit(X, CLASSES, shards=3),
    "stream": lambda: streamed(classifier, PARTS, {}, classes=[0, 1]),
    "stream, standard": lambda: streamed(
        classifier, PARTS, {"input_scale": "standard", "shuffle": False}, classes=[0, 1]
    ),
    "stream of numbers": lambda: streamed(
        regressor, [(x, y.astype(float)) for x, y in PARTS], {"y_scale": "standard"}
    ),
    "stream, dropout": lambda: streamed(classifier, PARTS, {"dropout": 0.3}, classes=[0, 1]),
    "stream, provenance": lambda: streamed(classifier, PARTS, {"provenance": True}, classes=[0, 1]),
    "warm": warm,
    "partial_fit": lambda: trained_by_parts(classifier(), CLASSES, classes=[0, 1, 2]),
    "partial_fit of numbers": lambda: trained_by_parts(regressor(y_scale="standard"), NUMBERS),
    "resumed": lambda: resumed(from_pickle),
    "resumed, file": lambda: resumed(from_file),
    "resumed, early": lambda: resumed(from_pickle, early_stopping=True),
    "resumed, dropout": lambda: resumed(from_file, dropout=0.2, learning_rate="one_cycle"),
    "resumed with other rows": resumed_with_other_rows,
    "callbacks": lambda: followed(classifier, X, CLASSES),
    "callbacks, early": lambda: followed(classifier, X, CLASSES, early_stopping=True),
    "callbacks, lbfgs": lambda: followed(classifier, X, CLASSES, solver="lbfgs"),
    "callbacks, table": lambda: followed(table_of_numbers, CELLS, NUMBERS[:600, 0]),
    "trainer": paused,
    "trainer, early": lambda: paused(early_stopping=True),
    "trainer, epochs": epoch_by_epoch,
    "rate finder": lambda: find_learning_rate(classifier(), X, CLASSES),
    "table": lambda: table_of_numbers().fit(CELLS, NUMBERS[:600, 0]),
    "table, verbose": lambda: table_of_numbers(verbose=True, n_threads=1).fit(
        CELLS, NUMBERS[:600, 0]
    ),
    "table of classes": lambda: TabularClassifier(**TABLES).fit(CELLS, CLASSES[:600]),
    "table of dates": table_of_dates,
    "table with findings": table_with_findings,
    "table of classes with findings": table_of_classes_with_findings,
    "examined": examined,
    "many": many,
    "together, local": lambda: together(2, is_local=True, batch_size=512),
    "together, local, standard": lambda: together(3, is_local=True, input_scale="standard"),
}
for size in (1, 2, 3):
    for name, options in {
        "": {},
        ", early": {"early_stopping": True},
        ", dropout": {"dropout": 0.3},
    }.items():
        CASES[f"together {size}{name}"] = functools.partial(together, size, **options)


# ---------------------------------------------------------------- digests


def arrays_of(result):
    """Return what a result has learned: weights, and what it predicts, in the unit of the targets."""
    if isinstance(result, Trainer):
        return [result.network.params]
    if isinstance(result, MLPClassifier | MLPRegressor):
        predict = result.predict_proba if hasattr(result, "classes_") else result.predict
        return [*result.coefs_, *result.intercepts_, predict(X[:50])]
    networks = getattr(result, "estimators_", [])
    return [array for network in networks for array in [*network.weights, *network.biases]]


def numbers_of(result):
    """Return all other numbers of a result, except durations, in 12 digits."""
    names = ["loss_curve_", "validation_scores_", "best_loss_", "best_validation_score_", "n_iter_"]
    found = [getattr(result, name, None) for name in [*names, "t_", "losses", "lines"]]
    history = getattr(result, "history_", getattr(result, "history", {}))
    return rounded([*found, *(history[name] for name in sorted(history) if name != "seconds")])


def reports_of(results):
    """Return what the reports of results have found, with measured weights in 6 digits."""
    reports = [
        one if isinstance(one, cmlp.Report) else getattr(one, "report_", None) for one in results
    ]
    return [
        (one.code, one.columns, one.weight and f"{one.weight:.6g}", numbers_in(one.evidence))
        for report in reports
        for one in report or ()
    ]


def rounded(value):
    if isinstance(value, float | np.floating):
        return f"{value:.12g}"
    if isinstance(value, np.ndarray | list | tuple):
        return [rounded(item) for item in value]
    return value if isinstance(value, str) or value is None else int(value)


def hash_of(value):
    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]


def numbers_in(text):
    return re.findall(r"\d[\d.e+-]*", text)


def without_durations(printed):
    return re.sub(r", at most [\d.]+ s left|About .* seconds.*\n", "", printed)


def digest_of(name):
    """Return a line about the results of a case: digests of its weights, numbers, warnings and printed lines.

    Of an error and of warnings it has the names, and digests of the numbers in the messages, whose words may change.
    """
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            results = CASES[name]()
        except (ValueError, ArithmeticError) as error:
            return f"{type(error).__name__} {hash_of(numbers_in(str(error)))}"
    results = results if isinstance(results, list) else [results]
    lines = without_durations(printed.getvalue()).splitlines()
    said = sorted((one.category.__name__, numbers_in(str(one.message))) for one in caught)
    kinds = " ".join(kind for kind, _ in said)
    if "lbfgs" in name:
        events = [line[:2] for result in results for line in getattr(result, "lines", [])]
        return f"{len(lines)} lines, {len(events)} events {hash_of(events)}, {kinds}"
    weights = [digest(*arrays) for arrays in map(arrays_of, results) if arrays]
    numbers = [hash_of(numbers_of(result)) for result in results]
    different = " ".join(dict.fromkeys(weights)), " ".join(dict.fromkeys(numbers))
    found = reports_of(results)
    return (
        "weights {}, numbers {}".format(*different)
        + (f", {len(lines)} lines {hash_of(lines)}" if lines else "")
        + (f", {kinds} {hash_of(said)}" if said else "")
        + (f", report {hash_of(found)}" if found else "")
    )


if __name__ == "__main__":
    text = json.dumps({name: digest_of(name) for name in CASES}, indent=1)
    if "--write" in sys.argv:
        TABLE.write_text(text + "\n", encoding="ascii")
    print(text)
