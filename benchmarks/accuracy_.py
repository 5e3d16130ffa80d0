"""Test accuracy on handwritten digits, next to scikit-learn's, and what is asked for."""

import time
import warnings

import numpy as np

from benchmarks.report import Report


def fitted(kind, data, **parameters):
    """Train on data; return accuracy on the test pictures and seconds."""
    model = kind(**parameters)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the number of epochs is given
        model.fit(data[0], data[1])
    return model.score(data[2], data[3]), time.perf_counter() - start


def floats(data):
    X, y, X_test, y_test = data
    return X / np.float32(255), y, X_test / np.float32(255), y_test


def row(title, wanted, runs):
    accuracies, seconds = zip(*runs, strict=True)
    return [title, float(np.mean(accuracies)), min(accuracies), wanted, float(np.mean(seconds))]


def on_the_sample(short):
    from sklearn.neural_network import MLPClassifier as Scikit

    from cmlp import MLPClassifier
    from cmlp.datasets import load_digits28

    data, seeds = floats(load_digits28()), range(1 if short else 5)
    parameters = {"hidden_layer_sizes": (16, 16), "max_iter": 5 if short else 30}
    runs = [fitted(Scikit, data, random_state=s, **parameters) for s in seeds]
    wanted = float(np.mean([accuracy for accuracy, _ in runs])) - 0.01
    return [
        row("sample: scikit-learn, 16-16 relu adam 30 epochs", None, runs),
        row("sample: cmlp, the same", wanted,
            [fitted(MLPClassifier, data, random_state=s, **parameters) for s in seeds]),
        row("sample: cmlp, preset 3b1b", None,
            [fitted(MLPClassifier, load_digits28(), preset="3b1b", random_state=s)
             for s in seeds]),
    ]  # fmt: skip


def on_mnist(short):
    from cmlp import MLPClassifier
    from cmlp.datasets import load_mnist

    pixels = load_mnist()
    data = floats(pixels)
    epochs, seeds = (1, range(1)) if short else (10, range(5))

    def ours(*hidden):
        parameters = {"hidden_layer_sizes": hidden, "max_iter": epochs}
        return [fitted(MLPClassifier, data, random_state=s, **parameters) for s in seeds]

    preset = {"preset": "3b1b", **({"max_iter": 1} if short else {})}
    return [
        row(f"MNIST: 16-16 relu adam {epochs} epochs", 0.94, ours(16, 16)),
        row("MNIST: preset 3b1b", 0.93,
            [fitted(MLPClassifier, pixels, random_state=s, **preset) for s in seeds]),
        row(f"MNIST: 128-64 relu adam {epochs} epochs", 0.975, ours(128, 64)),
    ]  # fmt: skip


def run(*, short):
    report = Report("accuracy", short)
    rows = on_the_sample(short)
    try:
        rows += on_mnist(short)
    except FileNotFoundError as error:
        report.note(left_out=str(error))
    columns = ["", "mean", "worst seed", "at least", "seconds"]
    report.table("test accuracy (wanted of the mean)", columns, rows)
    report.write()
