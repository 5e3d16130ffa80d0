"""Test accuracy on handwritten digits: compared with goals and with scikit-learn, and the time to reach 98 %."""

import statistics

import numpy as np

from benchmarks.fits import fitted
from benchmarks.recipe import CHOSEN
from benchmarks.report import Ratio, Report

TO_98 = "98 %: seeds 0 to 4, test accuracy, seconds of fit; scikit-learn: 10 epochs of Adam"
RECIPE, ONE, TWO = "MNIST: the recipe", "1 thread, s", "2 threads, s"


def floats(data):
    X, y, X_test, y_test = data
    return X / np.float32(255), y, X_test / np.float32(255), y_test


def row(title, wanted, fits):
    accuracies = [fit.accuracy for fit in fits]
    return [
        title,
        statistics.mean(accuracies),
        min(accuracies),
        wanted,
        statistics.mean(fit.seconds for fit in fits),
    ]


def on_the_sample(short):
    from sklearn.neural_network import MLPClassifier as Scikit

    from cmlp import MLPClassifier
    from cmlp.datasets import load_digits28

    pixels, seeds = load_digits28(), range(1 if short else 5)
    data, parameters = (
        floats(pixels),
        {"hidden_layer_sizes": (16, 16), "max_iter": 5 if short else 30},
    )
    theirs = [fitted(Scikit(**parameters, random_state=s), *data) for s in seeds]
    ours = [fitted(MLPClassifier(**parameters, random_state=s), *data) for s in seeds]
    preset = [fitted(MLPClassifier.from_preset("3b1b", random_state=s), *pixels) for s in seeds]
    return [
        row("sample: scikit-learn, 16-16 relu adam 30 epochs", None, theirs),
        row("sample: cmlp, the same", statistics.mean(fit.accuracy for fit in theirs) - 1, ours),
        row("sample: cmlp, preset 3b1b", None, preset),
    ]


def on_mnist(pixels, short):
    from cmlp import MLPClassifier

    data, seeds, epochs = floats(pixels), range(1 if short else 5), 1 if short else 10

    def adam(*hidden):
        return [
            fitted(MLPClassifier(hidden, max_iter=epochs, random_state=s), *data) for s in seeds
        ]

    few = {"max_iter": 1} if short else {}
    preset = [
        fitted(MLPClassifier.from_preset("3b1b", random_state=s, **few), *pixels) for s in seeds
    ]
    return [
        row(f"MNIST: 16-16 relu adam {epochs} epochs", 94, adam(16, 16)),
        row("MNIST: preset 3b1b", 93, preset),
        row(f"MNIST: 128-64 relu adam {epochs} epochs", 97.5, adam(128, 64)),
    ]


def scikit_ten_epochs(data, seed, short):
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2):
        return fitted(
            MLPClassifier(CHOSEN.hidden, max_iter=1 if short else 10, random_state=seed), *data
        )


def time_row(title, one_thread, two_threads, base):
    """Return a row of accuracies and fit times: median and worst with one thread, and with two.

    The seeds are the rounds of the ratio: the fits of a seed follow each other.
    """
    accuracies = [fit.accuracy for fit in two_threads]
    times = [[fit.seconds for fit in fits] for fits in (one_thread, two_threads)]
    cells = [f(t) if t else None for t in times for f in (statistics.median, max)]
    ratio = Ratio.of_rounds(times[1], [fit.seconds for fit in base])
    return [title, statistics.mean(accuracies), min(accuracies), *cells, ratio]


def soonest(mnist, fashion, short):
    """Measure the recipe for 98 % over several seeds with one and two threads, and 10 epochs of scikit-learn's Adam."""
    recipe = CHOSEN._replace(epochs=1) if short else CHOSEN
    rows = []
    for title, data in (("MNIST", mnist), ("Fashion-MNIST", fashion)):
        scaled, one, two, theirs = floats(data), [], [], []
        for seed in range(1 if short else 5):
            one.append(fitted(recipe.estimator(seed, 1), *data))
            two.append(fitted(recipe.estimator(seed, 2), *data))
            theirs.append(scikit_ten_epochs(scaled, seed, short))
        rows.append(time_row(RECIPE.replace("MNIST", title), one, two, theirs))
        rows.append(time_row(f"{title}: scikit-learn", [], theirs, theirs))
    return rows


def run(*, short):
    from cmlp.datasets import load_fashion_mnist, load_mnist

    report = Report("accuracy", short)
    rows, times, few = on_the_sample(short), [], 2_000 if short else None
    try:
        mnist, fashion = (
            [part[:few] for part in load()] for load in (load_mnist, load_fashion_mnist)
        )
        rows += on_mnist(mnist, short)
        times = soonest(mnist, fashion, short)
    except FileNotFoundError as error:
        report.note(left_out=str(error))
    columns = ["", "mean", "worst seed", "at least", "seconds"]
    report.table("test accuracy, percent (wanted of the mean)", columns, rows)
    if times:
        report.note(recipe=CHOSEN)
        report.table(
            TO_98, ["", "mean", "worst", ONE, "worst", TWO, "worst", "/ scikit-learn"], times
        )
    report.write()
