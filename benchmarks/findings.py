"""The time of checks: of `fit`, and of `cmlp.examine` beside it.

``python -m benchmarks.findings`` makes a table of 20,000 rows and 30 columns (numbers, categories, dates), and prints
the CPU seconds of a fit with the default parameters, the share of them that the checks take, and the seconds of
`cmlp.examine`.
``--rows N`` and ``--columns N`` choose another size.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np

import cmlp
from benchmarks.report import Report
from cmlp._tables import prepared_table


def table(n_rows, n_columns):
    """Return a frame with a third of numbers, categories and repeated numbers each, a column of dates, and targets."""
    import pandas as pd

    rng = np.random.RandomState(0)
    columns = {"day": pd.Timestamp("2020-01-01") + pd.to_timedelta(np.arange(n_rows), "h")}
    for k in range(n_columns - 1):
        made = (
            lambda: rng.standard_normal(n_rows),
            lambda: rng.choice([f"c{i}" for i in range(50)], n_rows),
            lambda: rng.randint(0, 500, n_rows),
        )
        columns[f"x{k}"] = made[k % 3]()
    frame = pd.DataFrame(columns)
    return frame, frame["x0"] + 0.01 * frame["x2"] + rng.standard_normal(n_rows)


def main():
    """Read the arguments and print the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--columns", type=int, default=30)
    arguments = parser.parse_args()
    X, y = table(arguments.rows, arguments.columns)
    of_checks, tell = [], prepared_table.tell

    def timed(rows):
        start = time.process_time()
        report = tell(rows)
        of_checks.append(time.process_time() - start)
        return report

    prepared_table.tell = timed
    with warnings.catch_warnings(action="ignore"):
        start = time.process_time()
        cmlp.TabularRegressor(random_state=0).fit(X, y)
        of_fit = time.process_time() - start
        start = time.process_time()
        report = cmlp.examine(X, y)
        of_examine = time.process_time() - start
    print(report)
    shares = [
        ["checks in fit", 100 * of_checks[0] / of_fit],
        ["examine", 100 * of_examine / of_fit],
    ]
    result = Report("findings", arguments.rows < parser.get_default("rows"))
    title = f"{len(X):,} rows, {X.shape[1]} columns: fit takes {of_fit:.1f} CPU seconds"
    result.table(title, ["", "% of fit"], shares)
    result.write()


if __name__ == "__main__":
    main()
