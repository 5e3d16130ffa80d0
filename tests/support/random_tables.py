"""Random tables with columns of every kind, models of them, and rows that have what fit did not have.

The tests print the seed, `SEED`.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from helpers import SEED
from internals import model_of, raw_rows

from cmlp import TabularClassifier, TabularRegressor

N, N_NEW = 150, 60
FAST = {"n_estimators": 2, "hidden_layer_sizes": (6,), "n_epochs": 2, "random_state": 0}
WORDS = ["red", "gr\u00fcn", 'say "hi" \\', "7up", "NaN or so", "a b", "true"]
NUMBERS = [0, 2.5, -7, 10**17, 1e-300]


class Kind(NamedTuple):
    """How entries of a column are drawn, for fit and for later rows, and what else means a missing one."""

    known: object
    new: object
    code: object = None


def _moment(rng, days):
    return pd.Timestamp("2020-01-01") + pd.Timedelta(seconds=rng.randint(0, days * 86_400))


def _day(rng, days):
    return _moment(rng, days).normalize()


KINDS = {
    "number": Kind(lambda rng: rng.standard_normal(), lambda rng: 50 * rng.standard_normal(), -999),
    "whole": Kind(lambda rng: int(rng.randint(9)), lambda rng: int(rng.randint(-5, 20)), 99),
    "one": Kind(lambda rng: 3.25, lambda rng: 3.25 + rng.randint(3), -1.5),
    "flag": Kind(lambda rng: bool(rng.randint(2)), lambda rng: bool(rng.randint(2))),
    "day": Kind(
        lambda rng: _day(rng, 900), lambda rng: _day(rng, 3000), pd.Timestamp("1900-01-01")
    ),
    "moment": Kind(lambda rng: _moment(rng, 40), lambda rng: _moment(rng, 90)),
    "instant": Kind(
        lambda rng: _moment(rng, 400).tz_localize("UTC"),
        lambda rng: _moment(rng, 999).tz_localize("UTC"),
    ),
    "span": Kind(lambda rng: pd.Timedelta(hours=rng.randint(9)), lambda rng: pd.Timedelta(days=9)),
    "words": Kind(lambda rng: WORDS[rng.randint(5)], lambda rng: WORDS[rng.randint(7)], "n/k"),
    "two": Kind(lambda rng: "xy"[rng.randint(2)], lambda rng: "xyz"[rng.randint(3)], "?"),
    "mixed": Kind(
        lambda rng: [*NUMBERS[:3], "w"][rng.randint(4)],
        lambda rng: [*NUMBERS, "w", "v"][rng.randint(7)],
        -9,
    ),
    "codes": Kind(lambda rng: NUMBERS[rng.randint(4)], lambda rng: NUMBERS[rng.randint(5)], -1),
    "many": Kind(lambda rng: f"id {rng.randint(400)}", lambda rng: f"id {rng.randint(450)}", "id"),
    "ranks": Kind(lambda rng: "SML"[rng.randint(3)], lambda rng: "SML"[rng.randint(3)], "none"),
    "same": Kind(lambda rng: "same", lambda rng: ["same", "other"][rng.randint(2)]),
    "empty": Kind(lambda rng: None, lambda rng: ["text", None, 7][rng.randint(3)]),
}
CATEGORIES = {"words", "two", "mixed", "codes", "many", "same"}


class RandomTable(NamedTuple):
    """A fitted model, later rows, and the same rows as the model reads them."""

    name: str
    model: object
    rows: pd.DataFrame
    kinds: dict

    @property
    def raw(self):
        """The rows as numbers; NaN only in columns of numbers."""
        return raw_rows(self.model, self.rows)

    @property
    def variants(self):
        """The rows as numbers, with NaN for each missing category, and with codes for missing numbers."""
        raw = self.raw
        with_nan, coded = raw.copy(), raw.copy()
        for i, column in enumerate(model_of(self.model).columns):
            if column.is_category:
                missing = -1 if None not in column.categories else column.categories.index(None)
                absent = self.rows.iloc[:, i].isna() if missing < 0 else raw[:, i] == missing
                with_nan[absent, i] = np.nan
            elif len(column.missing_numbers):
                coded[np.isnan(raw[:, i]), i] = column.missing_numbers[-1]
        return raw, with_nan, coded

    @property
    def expected(self):
        """What Python predicts of the rows, as C has it."""
        if isinstance(self.model, TabularRegressor):
            return self.model.predict(self.rows).reshape(len(self.rows), -1)
        return self.model.predict_proba(self.rows)


def _column(rng, name, n, is_new, gaps, code):
    kind = KINDS[name]
    draw = kind.new if is_new else kind.known
    entries = [draw(rng) for _ in range(n)]
    share = 0.2 if gaps or is_new else 0.0
    for i in range(n):
        if rng.random_sample() < share:
            entries[i] = None if code is None or rng.random_sample() < 0.5 else code
    if name == "ranks":
        levels = ["S", "none", "M", "L"] if code else ["S", "M", "L"]
        return pd.Categorical(entries, categories=levels, ordered=True)
    if name in ("day", "moment", "instant"):
        return pd.to_datetime(pd.Series(entries), utc=name == "instant").astype(
            "datetime64[ns, UTC]" if name == "instant" else "datetime64[ns]"
        )
    if name == "span":
        return pd.Series(entries, dtype="timedelta64[ns]")
    if name in ("number", "whole", "one"):
        return pd.Series([np.nan if one is None else float(one) for one in entries])
    return pd.Series(entries, dtype=object)


def random_table(seed, without=()):
    """Return a table, and what its model reads later."""
    rng = np.random.RandomState(seed)
    names = [name for name in KINDS if rng.random_sample() < 0.6 and name not in without]
    names = names or ["number"]
    rng.shuffle(names)
    gaps = {name: rng.random_sample() < 0.6 or name == "one" for name in names}
    codes = {
        name: KINDS[name].code
        for name in names
        if KINDS[name].code is not None and gaps[name] and rng.random_sample() < 0.5
    }
    frames = [
        pd.DataFrame(
            {name: _column(rng, name, n, is_new, gaps[name], codes.get(name)) for name in names}
        )
        for n, is_new in ((N, False), (N_NEW, True))
    ]
    signal = np.zeros(N)
    for name in names:  # so that columns matter, and some means of categories
        signal += rng.standard_normal() * pd.factorize(frames[0][name])[0]
    y = signal + rng.standard_normal(N)
    aim = ["regressor", "targets", "quantiles", "two", "three", "ordered"][rng.randint(6)]
    parameters = dict(FAST)
    parameters["missing_values"] = {
        name: code if name != "day" else code.date().isoformat() for name, code in codes.items()
    }
    parameters["categorical_features"] = [one for one in names if one in CATEGORIES]
    if "ranks" in names:
        levels = ["S", "none", "M", "L"] if "ranks" in codes else ["S", "M", "L"]
        parameters["categorical_features"] = {
            **dict.fromkeys(parameters["categorical_features"]),
            "ranks": levels,
        }
    if aim == "quantiles":
        parameters |= {"loss": "quantile", "quantile": [0.1, 0.5, 0.9]}
    if aim == "targets":
        y = np.stack([y, np.exp(y / (1 + np.abs(y).max()))], axis=1)
    if aim in ("regressor", "targets", "quantiles"):
        model = TabularRegressor(**parameters)
    else:
        n_classes = 2 if aim == "two" else 3
        y = np.argsort(np.argsort(y)) * n_classes // N
        order = [1, 0, 2] if aim == "ordered" else False
        model = TabularClassifier(**parameters, ordered=order)
    model.fit(frames[0], y)
    return RandomTable(f"table {seed} ({aim}: {', '.join(names)})", model, frames[1], codes)


def random_tables(n, without=()):
    """Yield n tables, which lack some kinds of columns. The seed is printed, and stands in the name of each."""
    print(f"CMLP_SEED={SEED}")
    for i in range(n):
        yield random_table((SEED + i) % 2**32, without)


def text_of(value):
    """Return the cell of a CSV file that has a value; None for one that no file has."""
    if value is None or value is pd.NaT or value != value:
        return ""
    if isinstance(value, pd.Timedelta):
        return None
    return value.isoformat() if isinstance(value, pd.Timestamp) else str(value)
