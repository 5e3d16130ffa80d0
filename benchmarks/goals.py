"""The goals, the last results of the other commands, and whether the goals are met."""

import json
from itertools import product
from typing import NamedTuple

from benchmarks import (
    accuracy,
    batch,
    embedding,
    import_time,
    jobs,
    large,
    memory,
    model,
    predict,
    scaling,
    sparse,
    threads,
    train,
)
from benchmarks.compare import ROW, named
from benchmarks.report import Report, results_path


class Goal(NamedTuple):
    """A limit for a column of a command's table: an upper limit, or a lower limit if `least` is true.

    If `row` is None, the worst of all rows counts.
    """

    work: str
    command: str
    table: str
    row: str | None
    column: str
    asked: float
    stretch: float | None = None
    least: bool = False

    def verdict(self, found, asked):
        """Return the limit as text, and whether the measured value meets it."""
        if asked is None:
            return None, None
        met = None if found is None else found >= asked if self.least else found <= asked
        return f"{'≥' if self.least else '≤'} {asked:g}", {None: None, True: "yes", False: "no"}[
            met
        ]


NARROW, MIDDLE, WIDE = [784, 16, 16, 10], [784, 128, 64, 10], [784, 512, 512, 10]
JAX, ONNX, PEAK = "/ jax", "/ onnxruntime", "% of multiply-adds"
OURS, OUT = train.OURS, "cmlp Network.forward(x, out=)"


def trained(work, case, kind, row, column, *asked, prefix="", least=False):
    """Return a goal of the command `train` for a case (network, batch size)."""
    table = train.title(*case, kind, prefix)
    return Goal(
        f"{work}, {train.title(*case, kind)}", "train", table, row, column, *asked, least=least
    )


def next_to_jax():
    asked = [(0.42, 0.29), (0.19, 0.14), (0.74, 0.60), (0.52, 0.45), (0.84, 0.75)]
    for case, ratios in zip(train.CASES, asked, strict=True):
        yield trained("SGD / jax", case, "images", OURS, JAX, *ratios)
    for net, share in ((MIDDLE, 90), (WIDE, 92)):
        yield trained("% of the peak", (net, 128), "dense", OURS, PEAK, share, least=True)


def next_to_plain_sgd():
    for case in train.CASES:
        adam = 1.15 if case[1] == 128 else 1.8
        for row, asked in (
            ("Adam from epoch 3", adam),
            ("Adam from epoch 20", adam),
            ("SGD, float64", 2.1),
        ):
            yield trained(
                f"{row} / SGD", case, "images", row, "/ SGD", asked, prefix=train.VARIANTS_PREFIX
            )


def one_row():
    """Absolute times hold for the reference machine; the ratios hold on other machines as well."""
    proba = predict.PREDICT_PROBA.name
    for net, asked in (
        (NARROW, (1.5, 0.6, 0.45, 0.29, 0.12)),
        (MIDDLE, (3.2, 2.5, 1.2, 0.39, 0.30)),
    ):
        case, table = ("latency", named(net, "images")), f"one row, {named(net)}: "
        yield Goal(table + "predict_proba, µs", *case, proba, ROW.name, asked[0])
        yield Goal(table + "forward(x, out=), µs", *case, OUT, ROW.name, *asked[1:3])
        yield Goal(table + "predict_proba / onnxruntime", *case, proba, ONNX, asked[3])
        yield Goal(table + "forward(x, out=) / onnxruntime", *case, OUT, ONNX, asked[4])


def many_rows():
    for net, ratios in ((NARROW, (0.9, 0.6)), (MIDDLE, (0.8, 0.75))):
        for peer, asked in zip(batch.OURS, ratios, strict=True):
            table = named(net, "images")
            yield Goal(
                f"10,000 rows, {named(net)}: {peer.name} / onnxruntime",
                "batch",
                table,
                peer.name,
                ONNX,
                asked,
            )


def two_threads():
    for (net, gain), kind in product(
        ((WIDE, 1.85), (MIDDLE, 1.8), (NARROW, 1.4)), ("images", "dense")
    ):
        case = train.title(net, 128, kind)
        yield Goal(
            f"two threads, {case}: times faster",
            "threads",
            "alone",
            case,
            threads.GAINS[0],
            gain,
            least=True,
        )
    for state, column in product(threads.STATES, threads.GAINS):
        yield Goal(
            f"never slower, {state}: worst {column}",
            "threads",
            state,
            None,
            column,
            1 - threads.NOISE,
            least=True,
        )


def embedded():
    for (net, activation), asked in zip(embedding.NETS, (0.4, 0.15), strict=True):
        case = ("embedding", embedding.title(net, activation))
        yield Goal(
            f"one row in C, {named(net)}: library / KANN", *case, embedding.LIBRARY, "/ KANN", asked
        )
        yield Goal("... header / library", *case, embedding.HEADER, f"/ {embedding.LIBRARY}", 1.5)
    yield Goal(
        "flash: int8 / float header", "embedding", embedding.FLASH_TITLE, None, embedding.FLASH, 0.3
    )
    yield Goal(
        "int8: worst loss of accuracy, points",
        "embedding",
        embedding.ACCURACY_TITLE,
        None,
        embedding.LOSS,
        0.1,
    )


GOALS = [
    *next_to_jax(),
    *next_to_plain_sgd(),
    Goal(
        "scikit-learn's defaults / scikit-learn",
        "train",
        train.DEFAULTS_TITLE,
        OURS,
        "/ scikit-learn",
        0.3,
        0.2,
    ),
    Goal("AVX2 forced: % of its peak", "train", train.AVX2_TITLE, OURS, PEAK, 85, least=True),
    Goal(
        "98 % of MNIST: worst seed",
        "accuracy",
        accuracy.TO_98,
        accuracy.RECIPE,
        "worst",
        98,
        least=True,
    ),
    Goal(
        "... seconds with one thread",
        "accuracy",
        accuracy.TO_98,
        accuracy.RECIPE,
        accuracy.ONE,
        0.6,
        0.4,
    ),
    Goal(
        "... seconds with two",
        "accuracy",
        accuracy.TO_98,
        accuracy.RECIPE,
        accuracy.TWO,
        0.35,
        0.21,
    ),
    *one_row(),
    *many_rows(),
    Goal("CSR rows / scikit-learn", "sparse", sparse.TITLE, OURS, "/ scikit-learn", 0.1),
    *two_threads(),
    Goal("cross_val_score, four jobs / one", "jobs", jobs.TITLE, None, jobs.RATIO, 1.05),
    Goal(
        "load a model of 13,002 parameters, µs",
        "model",
        model.LOAD_TITLE,
        f"MLPClassifier, {model.SMALL}",
        model.WHOLE,
        200,
    ),
    Goal("map a model of 100 MB, µs", "model", model.LOAD_TITLE, model.LARGE, model.MAPPED, 1000),
    Goal(
        "model file beside weights and example, bytes",
        "model",
        model.SIZE_TITLE,
        None,
        model.OVERHEAD,
        3000,
    ),
    *embedded(),
    Goal("import above NumPy, ms", "import", import_time.TITLE, "import cmlp", "median", 10),
    Goal(
        "memory of fit, worst share of the bound", "memory", memory.TITLE, None, memory.OF_BOUND, 1
    ),
    Goal(
        "memory of fit over 2 GB, worst share of the bound",
        "large",
        large.TITLE,
        None,
        large.OF_BOUND,
        1,
    ),
    Goal("growth with rows: slope", "scaling", scaling.OF_ROWS, scaling.THROUGH_ALL, "slope", 1.1),
    Goal(
        "growth with parameters: slope",
        "scaling",
        scaling.OF_PARAMETERS,
        scaling.THROUGH_ALL,
        "slope",
        1.1,
    ),
]


def measured(goal, tables):
    """Return the worst cell that a goal selects in {command: {title: table}}, or None if it was not measured."""
    table = tables.get(goal.command, {}).get(goal.table)
    if table is None or goal.column not in table["columns"]:
        return None
    at = table["columns"].index(goal.column)
    cells = [row[at] for row in table["rows"] if goal.row in (None, row[0]) and row[at] is not None]
    return (min if goal.least else max)(cells, default=None)


def run(*, short):
    report, tables, times = Report("goals", short), {}, {}
    for command in dict.fromkeys(goal.command for goal in GOALS):
        path = results_path(command, short)
        if path.exists():
            content = json.loads(path.read_text(encoding="utf-8"))
            tables[command] = {table["title"]: table for table in content["tables"]}
            times[command] = content["time"]
    report.note(measured=times)
    rows = []
    for goal in GOALS:
        found = measured(goal, tables)
        rows.append(
            [goal.work, found, *goal.verdict(found, goal.asked), *goal.verdict(found, goal.stretch)]
        )
    report.table("goals", ["", "measured", "asked", "met", "stretch", "met"], rows)
    report.write()
