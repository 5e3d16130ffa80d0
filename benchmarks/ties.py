"""Intervals on tables where many targets are equal to the lowest or the highest one.

1,000 rows train, at most 3,000 test, and the scores are those of `fit`. Of several quantiles the script prints for each
table the share of equal targets, the mean coverage over the splits with its standard deviation, and the mean width in
standard deviations of the target. The last tables have no such targets.

Of one prediction it prints, for the same tables of numbers on which the recipe was chosen and for others, the interval
score with the limits that the intervals of a table have, divided by that of the same intervals without limits, and the
same of the width; and both coverages. The same for each target of tables with several.
"""

import warnings

import numpy as np

from benchmarks import table_sets
from benchmarks.report import Report
from benchmarks.table_sets import Set
from benchmarks.tables import geometric

QUANTILES, COVERAGE = (0.1, 0.5, 0.9), 0.8
N_SPLITS, N_TRAIN, N_TEST = 20, 1000, 3000
TABLES = {
    "MedExp": Set("numbers", "r", ("Ecdat", "MedExp"), "med"),
    "Workinghours": Set("numbers", "r", ("Ecdat", "Workinghours"), "hours"),
    "PSID": Set("numbers", "r", ("Ecdat", "PSID"), "earnings", ("hours",)),
    "RainIbk": Set("numbers", "r", ("crch", "RainIbk"), "rain"),
    "restaurant": Set(
        "numbers",
        "r",
        ("causaldata", "restaurant_inspections"),
        "inspection_score",
        ("business_name",),
    ),
}
WITHOUT = ["concrete", "diamonds"]
ONE_SPLITS, ONE_COVERAGES = 2, (0.8, 0.9, 0.95)


def _other(package, name, target, *drop):
    return Set("numbers", "r", (package, name), target, drop)


# The first 13 have many equal targets.
OTHERS = {
    "smoke": _other("wooldridge", "smoke", "cigs"),
    "doctor": _other("Ecdat", "Doctor", "doctor"),
    "doctorvisits": _other("AER", "DoctorVisits", "visits"),
    "crime1": _other("wooldridge", "crime1", "narr86", "nfarr86", "nparr86"),
    "jtrain2": _other("wooldridge", "jtrain2", "re78", "unem78", "lre78"),
    "affairs": _other("wooldridge", "affairs", "naffairs", "affair"),
    "badhealth": _other("COUNT", "badhealth", "numvisit"),
    "apple": _other("wooldridge", "apple", "ecolbs", "id"),
    "medpar": _other("COUNT", "medpar", "los", "provnum"),
    "recreation": _other("AER", "RecreationDemand", "trips"),
    "fertil2": _other("wooldridge", "fertil2", "children", "ceb"),
    "jtrain3": _other("wooldridge", "jtrain3", "re78", "unem78", "em78"),
    "injury": _other("wooldridge", "injury", "durat", "ldurat"),
    "wage2": _other("wooldridge", "wage2", "wage", "lwage"),
    "hprice2": _other("wooldridge", "hprice2", "price", "lprice"),
    "htv": _other("wooldridge", "htv", "wage", "lwage"),
    "meap93": _other("wooldridge", "meap93", "math10"),
    "gpa2": _other("wooldridge", "gpa2", "colgpa"),
    "attend": _other("wooldridge", "attend", "stndfnl", "final"),
    "bwght2": _other("wooldridge", "bwght2", "bwght", "lbwght", "lbw", "vlbw"),
    "fringe": _other("wooldridge", "fringe", "annearn", "hrearn", "lannearn"),
    "CASchools": _other("AER", "CASchools", "math", "school"),
    "CPS1985": _other("AER", "CPS1985", "wage"),
    "ncbirths": _other("openintro", "ncbirths", "weight", "lowbirthweight"),
    "kielmc": _other("wooldridge", "kielmc", "price", "lprice", "rprice", "lrprice"),
}

# Tables with several targets; the columns that follow from them are left out.
SEVERAL = {
    "NMES1988": (
        _other("AER", "NMES1988", "visits", "ovisits", "novisits", "hospital"),
        ("nvisits", "emergency"),
    ),
    "DoctorAUS": (
        _other("Ecdat", "DoctorAUS", "doctorco", "hospadmi", "medecine"),
        ("nondocco", "hospdays", "prescrib"),
    ),
    "jtrain3": (
        _other(
            "wooldridge",
            "jtrain3",
            "re78",
            "unem78",
            "em78",
            "avgre",
            "travgre",
            "unem75",
            "trre75",
        ),
        ("re75",),
    ),
    "crime1": (
        _other(
            "wooldridge", "crime1", "narr86", "nfarr86", "nparr86", "inc86", "inc86sq", "pt86sq"
        ),
        ("ptime86", "qemp86"),
    ),
    "RecreationDemand": (_other("AER", "RecreationDemand", "trips"), ("quality",)),
    "rwm5yr": (_other("COUNT", "rwm5yr", "docvis", "id"), ("hospvis",)),
}


def measured(X, y, seed):
    """Return the coverage and the mean width of the intervals of a split."""
    from cmlp import TabularRegressor

    order = np.random.RandomState(seed).permutation(len(y))
    n = min(N_TRAIN, 2 * len(y) // 3)
    train, test = order[:n], order[n : n + N_TEST]
    model = TabularRegressor(loss="quantile", quantile=QUANTILES, random_state=seed, n_threads=1)
    low, high = model.fit(X.iloc[train], y[train]).predict_interval(X.iloc[test], COVERAGE).T
    inside = (low <= y[test]) & (y[test] <= high)
    return inside.mean(), np.mean(high - low) / y[train].std()


def measured_limits(X, targets, seed):
    """Return for each target and coverage the ratios of score and width, and the coverage with and without limits."""
    from cmlp import TabularRegressor
    from cmlp._model.model import model_of

    order = np.random.RandomState(seed).permutation(len(targets))
    n = min(N_TRAIN, 2 * len(targets) // 3)
    train, test = order[:n], order[n : n + N_TEST]
    y = np.squeeze(targets, axis=1) if targets.shape[1] == 1 else targets
    model = TabularRegressor(random_state=seed, n_threads=1).fit(X.iloc[train], y[train])
    calibration, truth = model_of(model).calibration, targets[test]
    outputs = model.predict(X.iloc[test]).reshape(truth.shape)
    found = []
    for coverage in ONE_COVERAGES:
        numbers = []
        for limits in (calibration.limits, None):
            ends = calibration._replace(limits=limits).intervals(outputs, coverage, -np.inf)
            low, high = np.moveaxis(ends.reshape(*truth.shape, 2), -1, 0)
            beyond = np.maximum(np.maximum(low - truth, truth - high), 0)
            score = np.mean(high - low + 2 / (1 - coverage) * beyond, axis=0)
            numbers.append([score, np.mean(high - low, axis=0), np.mean(beyond == 0, axis=0)])
        (score, width, covered), (free_score, free_width, free_covered) = numbers
        found.append([score / free_score, width / free_width, covered, free_covered])
    return np.moveaxis(found, -1, 0)


def compare_one(report, *, short):
    """Add a table of intervals of one prediction."""
    numbers = [name for group in (table_sets.CHOSEN, table_sets.EDGES) for name in group]
    tables = {name: table_sets.SETS[name] for name in numbers} | OTHERS
    tables = {name: one for name, one in tables.items() if one.task == "numbers"}
    if short:
        tables = {"smoke": OTHERS["smoke"]}
    rows, found = [], []
    for name, one in tables.items():
        X, y, _ = table_sets.prepared(one)
        with warnings.catch_warnings(action="ignore"):
            splits = [
                measured_limits(X, y[:, None], seed) for seed in range(1 if short else ONE_SPLITS)
            ]
        numbers = np.array(splits)[:, 0]
        ratios = np.exp(np.log(numbers[..., :2]).mean(axis=0))
        found.append(np.concatenate([ratios, numbers[..., 2:].mean(axis=0)], axis=1))
        shares = [f"{np.mean(y == end):.2f}" for end in (y.min(), y.max())]
        rows.append([name, *shares, *(f"{each[0]:.3f}" for each in found[-1])])
        print(*rows[-1], flush=True)
    head = ["table", "lowest target", "highest", *(f"score, {one}" for one in ONE_COVERAGES)]
    report.table("one prediction: score / that without limits", head, rows)
    found = np.array(found)
    limited = (found[:, :, 0] != 1).any(axis=1)
    rows, means_of = [], {}
    for who, chosen in (("all {}", limited | True), ("the {} with such an end", limited)):
        means_of[who.format(chosen.sum())] = found[chosen]
        for k, coverage in enumerate(ONE_COVERAGES):
            score, width, covered, free = found[chosen, k].T
            means = [f"{geometric(score):.3f}", f"{score.max():.3f}", f"{geometric(width):.3f}"]
            shares = [f"{covered.mean():.4f}", f"{free.mean():.4f}"]
            rows.append([who.format(chosen.sum()), coverage, *means, *shares])
    head = ["tables", "asked for", "score", "worst", "width", "coverage", "without limits"]
    report.table("one prediction: means over tables", head, rows)
    return means_of


def compare_several(report, *, short):
    """Add a table of intervals of several targets of one model."""
    rows, found = [], []
    for name in ["RecreationDemand"] if short else SEVERAL:
        one, others = SEVERAL[name]
        X, first, _ = table_sets.prepared(one)
        targets = np.column_stack([first, X[list(others)]]).astype(np.float64)
        X = X.drop(columns=list(others))
        with warnings.catch_warnings(action="ignore"):
            splits = [
                measured_limits(X, targets, seed) for seed in range(1 if short else ONE_SPLITS)
            ]
        numbers = np.array(splits)
        ratios = np.exp(np.log(numbers[..., :2]).mean(axis=0))
        found.extend(np.concatenate([ratios, numbers[..., 2:].mean(axis=0)], axis=-1))
        for target, y, each in zip((one.target, *others), targets.T, ratios, strict=True):
            shares = [f"{np.mean(y == end):.2f}" for end in (y.min(), y.max())]
            rows.append([name, target, *shares, *(f"{score:.3f}" for score, _ in each)])
            print(*rows[-1], flush=True)
    head = ["table", "target", "lowest", "highest", *(f"score, {one}" for one in ONE_COVERAGES)]
    report.table("several targets: score / that without limits", head, rows)
    rows = []
    for k, coverage in enumerate(ONE_COVERAGES):
        score, width, covered, free = np.array(found)[:, k].T
        means = [f"{geometric(score):.3f}", f"{score.max():.3f}", f"{geometric(width):.3f}"]
        rows.append([coverage, *means, f"{covered.mean():.4f}", f"{free.mean():.4f}"])
    head = ["asked for", "score", "worst", "width", "coverage", "without limits"]
    report.table(f"several targets: means over {len(found)} targets", head, rows)
    return {"several targets": np.array(found)}


def run(*, short):
    report = Report("ties", short)
    n_splits, names = (1, ["Workinghours"]) if short else (N_SPLITS, [*TABLES, *WITHOUT])
    rows = []
    for name in names:
        X, y, _ = table_sets.prepared(TABLES[name]) if name in TABLES else table_sets.load(name)
        with warnings.catch_warnings(action="ignore"):
            found = np.array([measured(X, y, seed) for seed in range(n_splits)])
        (coverage, width), spread = found.mean(axis=0), found[:, 0].std()
        shares = [f"{np.mean(y == end):.2f}" for end in (y.min(), y.max())]
        rows.append([name, *shares, f"{coverage:.3f}", f"{spread:.3f}", f"{width:.3f}"])
        print(*rows[-1], flush=True)
    head = ["table", "lowest target", "highest", "coverage", "deviation of a split", "mean width"]
    report.table(f"several quantiles, asked for {COVERAGE}, {n_splits} splits", head, rows)
    found = compare_one(report, short=short) | compare_several(report, short=short)
    head = ["tables", *(f"{coverage}: score, width" for coverage in ONE_COVERAGES)]
    rows = [
        [who, *(f"{geometric(score):.3f}, {geometric(width):.2f}" for score, width in ratios)]
        for who, each in found.items()
        for ratios in [each[:, :, :2].transpose(1, 2, 0)]
    ]
    report.table("with limits / without", head, rows)
    report.write()
