"""The slope by which `fit` makes the probabilities of `TabularClassifier` sharp: the log loss with and without it.

The sets of `tables` are all sets of classes in table_sets.py. `CHOSE` and `UNSEEN` are every second table of
one list, which was split before any rule was tried: the first and the sets of `tables` have chosen how the
right class counts and which gain is chance. A quarter of each class tests, of at most 2,500 rows. "validation
rows" passes a fifth of the others as `X_val`, "several labels" asks for each class by itself, and ordered
classes are quarters of numbers. After class_weight="balanced", the log loss has the weights, too. "calibrate"
is ``calibrate(probabilities=True)`` after `fit` with a slope, relative to the same without one.
"""

import contextlib
import copy
import warnings

import numpy as np

from benchmarks import table_sets
from benchmarks.report import Report
from benchmarks.tables import geometric

N_SPLITS, MOST_ROWS, LEAST = 2, 2500, 1e-7  # of which the last is a probability
FEWEST = 4  # rows of a class
CHOSE = [
    "AER/Affairs:affairs",
    "AER/DoctorVisits:private",
    "AER/ResumeNames:call",
    "AER/SwissLabor:participation",
    "DAAG/frogs:pres.abs",
    "DAAG/spam7:yesno",
    "Ecdat/Catsup:choice",
    "Ecdat/Doctor:children",
    "Ecdat/Heating:depvar",
    "Ecdat/Star:classk",
    "Ecdat/VietNamI:insurance",
    "ISLR/Wage:education",
    "MASS/Pima.te:type",
    "MASS/birthwt:low",
    "MASS/fgl:type",
    "carData/Cowles:volunteer",
    "carData/SLID:sex",
    "carData/WVS:poverty",
    "datasets/iris:Species",
    "geepack/respiratory:outcome",
    "heplots/Skulls:epoch",
    "modeldata/Sacramento:type",
    "modeldata/parabolic:class",
    "mosaicData/SaratogaHouses:fuel",
    "palmerpenguins/penguins:island",
    "survival/flchain:sex",
    "survival/pbc:status",
    "wooldridge/alcohol:abuse",
    "wooldridge/card:black",
    "wooldridge/happiness:happy",
    "wooldridge/loanapp:approve",
]
UNSEEN = [
    "AER/BankWages:job",
    "AER/GSOEP9402:school",
    "AER/SmokeBan:smoker",
    "AER/TravelMode:choice",
    "DAAG/leafshape:arch",
    "Ecdat/Car:choice",
    "Ecdat/Cracker:choice",
    "Ecdat/Fishing:mode",
    "Ecdat/Males:union",
    "Ecdat/Train:choice",
    "Ecdat/Yogurt:choice",
    "ISLR/Weekly:Direction",
    "MASS/biopsy:class",
    "MASS/crabs:sp",
    "Stat2Data/Pulse:Smoke",
    "carData/Mroz:lfp",
    "carData/TitanicSurvival:survived",
    "datasets/infert:case",
    "geepack/ohio:resp",
    "ggplot2/mpg:class",
    "lme4/VerbAgg:resp",
    "modeldata/ad_data:Class",
    "modeldata/two_class_dat:Class",
    "mosaicData/Whickham:outcome",
    "survival/colon:status",
    "survival/mgus2:pstat",
    "wooldridge/affairs:affair",
    "wooldridge/bwght2:male",
    "wooldridge/fringe:union",
    "wooldridge/jtrain2:train",
    "wooldridge/pntsprd:favwin",
]
CLASSES = [name for name, one in table_sets.SETS.items() if one.task == "classes"]
NUMBERS = [name for name, one in table_sets.SETS.items() if one.task == "numbers"]
SEVERAL = [name for name in CLASSES if name in ("vehicle", "vowel", "segment", "satimage")]
SEVERAL += ["optdigits", "hpc_data", "Chile", "contraceptive", "YouthRisk2009"]
OF_MANY = ["MASS/fgl:type", "ggplot2/mpg:class", "AER/TravelMode:choice", "survival/pbc:status"]
BALANCED = {"class_weight": "balanced"}
WAYS = {
    "{}, the half that chose nothing": (UNSEEN, {}),
    "the same with class weights": (UNSEEN, BALANCED),
    "the same with validation rows": (UNSEEN, {"validation": True}),
    "{}, the half that chose": (CHOSE, {}),
    "{}, all sets of classes of `tables`": (CLASSES, {}),
    "{} tables with several labels": (SEVERAL + OF_MANY, {"several": True}),
    "{} tables of numbers in ordered classes": (NUMBERS, {"ordered": True}),
}


def load(name, *, ordered=False):
    """Return the rows of a table and the indices of classes, of which each has some rows."""
    if ":" in name:
        data, target = name.rsplit(":", 1)
        one = table_sets.Set("classes", "r", tuple(data.split("/")), target)
        X, y, _ = table_sets.prepared(one, MOST_ROWS)
    else:
        X, y, _ = table_sets.load(name, MOST_ROWS)
    if ordered:
        y = np.searchsorted(np.unique(np.quantile(y, [0.25, 0.5, 0.75])), y)
    kept = np.isin(y, np.flatnonzero(np.bincount(y) >= FEWEST))
    return X[kept].reset_index(drop=True), np.unique(y[kept], return_inverse=True)[1]


def log_loss(model, p, y):
    """Return the log loss of probabilities, with the class weights of fit."""
    if y.ndim == 2:
        return -np.log(np.maximum(np.where(y, p, 1 - p), LEAST)).mean()
    weights = model._result.model.class_weights
    weight = np.ones(len(y)) if weights is None else weights[0][y]
    return -np.average(np.log(np.maximum(p[np.arange(len(y)), y], LEAST)), weights=weight)


def without_slope(model):
    """Return a copy of a classifier with the probabilities that fit would have left without a slope."""
    from cmlp._model.probabilities import networks_as_trained, scores_with_slope

    result, twin = model._result, copy.copy(model)
    trained = result.model
    plain = trained.replace(networks=networks_as_trained(trained), fitted_outputs=None, slope=None)
    twin._result = result._replace(
        model=plain, held_out=scores_with_slope(result.held_out, 1 / (trained.slope or 1.0))
    )
    return twin


def measured(X, y, seed, *, validation=False, several=False, **parameters):
    """Return the log losses without and with a slope, the slope, rows whose class changes, and those of calibrate."""
    from cmlp import TabularClassifier

    order = np.random.RandomState(seed).permutation(len(y))
    order = order[np.argsort(y[order], kind="stable")]
    place, keywords = np.arange(len(y)) % 20, {}
    test, train = order[place % 4 == 3], order[place % 4 != 3]
    if several:
        y = (y[:, None] == np.arange(y.max() + 1)).astype(int)
    if validation:
        is_given = place[place % 4 != 3] % 5 == 4
        given, train = train[is_given], train[~is_given]
        keywords = {"X_val": X.iloc[given], "y_val": y[given]}
    model = TabularClassifier(random_state=seed, n_threads=1, **parameters)
    model.fit(X.iloc[train], y[train], **keywords)
    models, X, y = [without_slope(model), model], X.iloc[test], y[test]
    losses = [log_loss(one, one.predict_proba(X), y) for one in models]
    classes = [one.predict(X) for one in models]
    changed = np.mean((classes[0] != classes[1]).reshape(len(y), -1).any(axis=1))
    errors = [np.mean((one != y).reshape(len(y), -1).any(axis=1)) for one in classes]
    calibrated = [np.nan, np.nan]
    if not parameters and not validation and not several:
        with contextlib.suppress(ValueError):  # no row of a class was held out
            calibrated = [
                log_loss(one, one.calibrate(probabilities=True).predict_proba(X), y)
                for one in models
            ]
    return [*losses, model._result.model.slope or 1.0, changed, *errors, *calibrated]


def run(*, short):
    report = Report("sharp", short)
    n_splits = 1 if short else N_SPLITS
    rows, more, each = [], [], []
    for title, (names, options) in WAYS.items():
        way, found = title.format(len(names)), []
        for name in names[:2] if short else names:
            with warnings.catch_warnings(action="ignore"):
                X, y = load(name, ordered=options.get("ordered", False))
                splits = [measured(X, y, s, **options) for s in range(n_splits)]
            found += splits
            mean = np.mean(splits, axis=0)
            each.append([way, name, len(X), *(f"{value:.3f}" for value in mean[:3])])
        found = np.array(found)
        ratios, is_sharper = found[:, 1] / found[:, 0], found[:, 2] > 1
        calibrated = found[:, 7] / found[:, 6]
        rows.append(
            [
                way,
                f"{geometric(ratios):.3f}",
                f"{ratios.max():.3f}",
                f"{100 * is_sharper.mean():.0f} %",
                f"{geometric(ratios[is_sharper]):.3f}" if is_sharper.any() else "",
                f"{100 * found[:, 3].mean():.2g} %",
            ]
        )
        more.append(
            [
                way,
                f"{found[:, 5].sum() / found[:, 4].sum():.4f}",
                f"{geometric(calibrated[~np.isnan(calibrated)]):.3f}"
                if not np.isnan(calibrated).all()
                else "",
            ]
        )
        print(way, *rows[-1][1:], *more[-1][1:], flush=True)
    report.note(splits=n_splits)
    head = ["tables", "log loss", "largest of a split", "splits with a slope"]
    report.table("slopes", [*head, "log loss of these", "rows of another class"], rows)
    report.table("slopes: more", ["tables", "errors", "log loss of calibrate"], more)
    head = ["", "table", "rows", "log loss without a slope", "with it", "slope"]
    report.table("each table", head, each)
    report.write()
