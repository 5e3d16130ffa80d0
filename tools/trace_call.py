"""Print how much of a package one meets on the way of a call, as JSON: files, functions, classes and frames.

Usage: ``python tools/trace_call.py PACKAGE CALL``, with a package and one of its calls:
``cmlp network``, ``cmlp table``, ``cmlp command`` (``cmlp train`` of a CSV file),
``sklearn network``, ``sklearn table``, ``xgboost table``.

A class is met if a value of it is in a variable of a function that runs, among the attributes of its ``self``, or
returned. Frames are the most functions of the package that are on the stack at once. A call runs once before it is
counted, so that imports at first use are no part of it.
"""

import importlib
import json
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np

N_ROWS = 400
RNG = np.random.default_rng(0)
X = RNG.normal(size=(N_ROWS, 5)).astype(np.float32)
Y = (X[:, 0] + X[:, 1] > 0).astype(int)


class Trace:
    """What a call meets of the package in a folder."""

    def __init__(self, package: str) -> None:
        self.package = package
        self.folder = str(Path(str(importlib.import_module(package).__file__)).parent)
        self.files: set[str] = set()
        self.functions: set[tuple[str, str]] = set()
        self.classes: set[str] = set()
        self.frames = 0

    def follow(self, call: Callable[[], object]) -> dict[str, int]:
        """Run a call and return the numbers of what it met."""
        sys.setprofile(self.note)
        try:
            call()
        finally:
            sys.setprofile(None)
        return {
            "files": len(self.files),
            "functions": len(self.functions),
            "classes": len(self.classes),
            "frames": self.frames,
        }

    def note(self, frame: FrameType, event: str, result: object) -> None:
        """Note a function that begins or ends."""
        code = frame.f_code
        if not code.co_filename.startswith(self.folder) or code.co_name == "<module>":
            return
        if event == "call":
            self.files.add(code.co_filename)
            self.functions.add((code.co_filename, code.co_qualname))
            self.frames = max(self.frames, self.depth_of(frame))
        elif event == "return":
            values = [result, *frame.f_locals.values()]
            values += getattr(frame.f_locals.get("self"), "__dict__", {}).values()
            for value in values:
                self.note_class(type(value))

    def depth_of(self, frame: FrameType | None) -> int:
        """Count the functions of the package on the stack."""
        n = 0
        while frame is not None:
            n += frame.f_code.co_filename.startswith(self.folder)
            frame = frame.f_back
        return n

    def note_class(self, cls: type) -> None:
        """Note a class if it is the package's."""
        if cls.__module__.split(".")[0] == self.package:
            self.classes.add(cls.__name__)


def make_frame(has_dates: bool) -> Any:
    """Return a pandas frame with a column of numbers, of categories and, if wanted, of dates."""
    import pandas as pd

    columns = {
        "number": RNG.normal(size=N_ROWS),
        "category": pd.Categorical(RNG.choice(list("abc"), N_ROWS)),
    }
    if has_dates:
        columns["date"] = pd.date_range("2020-01-01", periods=N_ROWS)
    return pd.DataFrame(columns)


def fit_network(package: str) -> object:
    """Fit the package's `MLPClassifier` to an array."""
    module = importlib.import_module({"cmlp": "cmlp", "sklearn": "sklearn.neural_network"}[package])
    return module.MLPClassifier((16, 16), max_iter=5).fit(X, Y)


def fit_table(package: str) -> object:
    """Fit the package's classifier of tables to a frame."""
    if package == "cmlp":
        from cmlp import TabularClassifier

        return TabularClassifier(n_epochs=3, n_estimators=1, n_threads=1).fit(
            make_frame(has_dates=True), Y
        )
    if package == "sklearn":
        from sklearn.ensemble import HistGradientBoostingClassifier

        return HistGradientBoostingClassifier(max_iter=3, early_stopping=True).fit(
            make_frame(has_dates=False), Y
        )
    from xgboost import XGBClassifier

    return XGBClassifier(n_estimators=3, enable_categorical=True).fit(
        make_frame(has_dates=False), Y
    )


def run_command(package: str) -> object:
    """Run the package's command ``train`` on a CSV file."""
    main = importlib.import_module(f"{package}.__main__").main
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.csv"
        make_frame(has_dates=True).assign(target=Y).to_csv(data, index=False)
        options = [
            "--target",
            "target",
            "--n-epochs",
            "3",
            "--n-estimators",
            "1",
            "--n-threads",
            "1",
        ]
        return main(["train", str(data), *options, "-o", str(Path(folder) / "model.cmlp")])


CALLS = {"network": fit_network, "table": fit_table, "command": run_command}


def main(arguments: list[str]) -> None:
    """Print what a call of a package meets."""
    if len(arguments) != 2 or arguments[1] not in CALLS:
        raise SystemExit(str(__doc__).split("\n\n")[1])
    package, name = arguments
    warnings.simplefilter("ignore")
    output, sys.stdout = sys.stdout, sys.stderr
    CALLS[name](package)
    found = Trace(package).follow(lambda: CALLS[name](package))
    sys.stdout = output
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
