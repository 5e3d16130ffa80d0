"""Tables: other numbers of epochs, learning rates and networks than the defaults, relative to these.

CMLP_TABLES names the sets, by default "chosen,edges": the recipe was chosen on them, in November
2026 from more epochs at a lower rate. Error and log loss are geometric means of ratios on the same
splits, with the standard error of the mean over the sets.
"""

import time
import warnings

import numpy as np

from benchmarks.report import Report
from benchmarks.table_sets import load
from benchmarks.tables import geometric, judged, split, standard_error, wanted_sets

# Epochs, learning rate and networks, as multiples of the defaults.
CHOICES = {
    "defaults": (1, 1, 1),
    "epochs x 2.5, rate x 0.4": (2.5, 0.4, 1),
    "epochs x 1.25, rate x 0.8": (1.25, 0.8, 1),
    "epochs x 0.75, rate x 1.2": (0.75, 1.2, 1),
    "half the networks": (1, 1, 0.5),
}
BASE = "defaults"
N_SPLITS = 3


def measured(X, y, task, seed, choice, default_epochs):
    """Return error, log loss (or None), CPU seconds and epochs of one fit."""
    from cmlp import TabularClassifier, TabularRegressor

    epochs, rate, networks = choice
    model = (TabularClassifier if task == "classes" else TabularRegressor)(
        random_state=seed, n_threads=1
    )
    model.set_params(
        learning_rate_init=rate * model.learning_rate_init,
        n_estimators=round(networks * model.n_estimators),
        n_epochs=default_epochs and max(1, round(epochs * default_epochs)),
    )
    train, test = split(y, task, seed)
    begin = time.process_time()
    model.fit(X.iloc[train], y[train])
    seconds = time.process_time() - begin
    found = model.predict_proba(X.iloc[test]) if task == "classes" else model.predict(X.iloc[test])
    return {
        **judged(found, y[train], y[test], task),
        "fit": seconds,
        "epochs": max(model.history_["epoch"]),
    }


def ratio(values):
    """Return the geometric mean of ratios with its standard error, as a text."""
    if not values:
        return ""
    return f"{geometric(values):.3f} ± {standard_error(values):.3f}"


def of_set(found, name, choice, key, offset=0.0):
    """Return the mean of a value over the splits of a set, relative to that of the defaults."""
    pairs = [
        (one[choice][key], one[BASE][key]) for (table, _), one in found.items() if table == name
    ]
    if pairs[0][0] is None:
        return None
    ours, base = np.mean(pairs, axis=0)
    return (ours + offset) / (base + offset)


def summary(found):
    """Return a row for each choice: error, log loss and CPU seconds relative to the defaults."""
    names = dict.fromkeys(name for name, _ in found)
    rows = []
    for choice in CHOICES:
        errors = [of_set(found, name, choice, "error", 1e-3) for name in names]
        losses = [of_set(found, name, choice, "log_loss") for name in names]
        seconds = [of_set(found, name, choice, "fit") for name in names]
        known = [loss for loss in losses if loss is not None]
        rows.append([choice, ratio(errors), ratio(known), ratio(seconds)])
    return rows


def run(*, short):
    report = Report("steps", short)
    names = [name for group in wanted_sets("chosen,edges").values() for name in group]
    found = {}
    for name in names[:1] if short else names:
        X, y, task = load(name)
        for seed in range(1 if short else N_SPLITS):
            one, epochs = {}, None
            for choice, values in CHOICES.items():
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    one[choice] = measured(X, y, task, seed, values, epochs)
                epochs = one[BASE]["epochs"]
            found[name, seed] = one
            errors = ", ".join(f"{choice} {values['error']:.4f}" for choice, values in one.items())
            print(f"{name}, split {seed}: {errors}", flush=True)
    n_sets = len({name for name, _ in found})
    report.table(f"{n_sets} sets", ["", "error", "log loss", "CPU seconds of fit"], summary(found))
    report.content["sets"] = [
        {"table": name, "split": seed, **one} for (name, seed), one in found.items()
    ]
    report.write()
