"""Print what a call meets of a package, as JSON: files, functions, classes and frames.

Usage: ``python tools/trace_call.py PACKAGE CALL``, with a package and one of its calls:
``cmlp network`` (``fit``), ``cmlp partial_fit``, ``cmlp fit_batches``, ``cmlp table``,
``cmlp command`` (``cmlp train`` of a CSV file), ``sklearn network``, ``sklearn table``,
``xgboost table``.

A class is met if it or a value of it is in a variable of a function that runs, among the attributes of its ``self``,
or returned. Frames are the most functions of the package that are on the stack at once; "above the core" are those
on the stack while cmlp's core trains. No warning is ignored: what decides whether to warn is counted, too. A call
runs once before it is counted, so that imports at first use are no part of it.
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
        self.above_core: list[str] = []

    def follow(self, call: Callable[[], object]) -> dict[str, Any]:
        """Run a call and return what it met."""
        sys.setprofile(self.note)
        try:
            call()
        finally:
            sys.setprofile(None)
        return {
            "files": len(self.files),
            "functions": len(self.functions),
            "classes": sorted(self.classes),
            "frames": self.frames,
            "above the core": self.above_core,
        }

    def note(self, frame: FrameType, event: str, result: object) -> None:
        """Note a function that begins or ends."""
        code = frame.f_code
        if not code.co_filename.startswith(self.folder) or code.co_name == "<module>":
            return
        if event == "call":
            self.files.add(code.co_filename)
            self.functions.add((code.co_filename, code.co_qualname))
            self.frames = max(self.frames, len(self.stack_of(frame)))
        elif event == "return":
            values = [result, *frame.f_locals.values()]
            values += getattr(frame.f_locals.get("self"), "__dict__", {}).values()
            for value in values:
                self.note_class(value if isinstance(value, type) else type(value))

    def watch_core(self) -> None:
        """Note what is on the stack when cmlp's core trains, which is no event of a profile."""
        core = importlib.import_module("cmlp._bridge._core")

        def train_epoch(net: Any, *arguments: Any, **options: Any) -> Any:
            self.above_core = max(self.above_core, self.stack_of(sys._getframe(1)), key=len)
            return original.train_epoch(net, *arguments, **options)

        original = core.Net
        names = {"train_epoch": train_epoch, "__module__": core.__name__}
        core.Net = core.shared_net = type("Net", (original,), names)

    def stack_of(self, frame: FrameType | None) -> list[str]:
        """Return the functions of the package on the stack, the outermost first."""
        found = []
        while frame is not None:
            if frame.f_code.co_filename.startswith(self.folder):
                found.append(frame.f_code.co_qualname)
            frame = frame.f_back
        return found[::-1]

    def note_class(self, cls: type) -> None:
        """Note a class if it is the package's."""
        if cls.__module__.split(".")[0] == self.package:
            self.classes.add(f"{cls.__module__}.{cls.__qualname__}")


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


def network_of(package: str) -> Any:
    """Return the package's `MLPClassifier`."""
    module = importlib.import_module({"cmlp": "cmlp", "sklearn": "sklearn.neural_network"}[package])
    return module.MLPClassifier((16,), max_iter=3, random_state=0)


def fit_network(package: str) -> object:
    """Fit a network to an array."""
    return network_of(package).fit(X, Y)


def partial_fit_network(package: str) -> object:
    """Train a network for an epoch on an array."""
    return network_of(package).partial_fit(X, Y, classes=[0, 1])


def fit_network_to_batches(package: str) -> object:
    """Fit a network to two batches of rows."""
    batches = [(X[:100], Y[:100]), (X[100:], Y[100:])]
    return network_of(package).fit_batches(batches, classes=[0, 1])


def fit_table(package: str) -> object:
    """Fit the package's classifier of tables to a frame."""
    if package == "cmlp":
        from cmlp import TabularClassifier

        return TabularClassifier(n_epochs=3, n_estimators=1, n_threads=1, random_state=0).fit(
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


CALLS = {
    "network": fit_network,
    "partial_fit": partial_fit_network,
    "fit_batches": fit_network_to_batches,
    "table": fit_table,
    "command": run_command,
}


def main(arguments: list[str]) -> None:
    """Print what a call of a package meets."""
    if len(arguments) != 2 or arguments[1] not in CALLS:
        raise SystemExit(str(__doc__).split("\n\n")[1])
    package, name = arguments
    output, sys.stdout = sys.stdout, sys.stderr
    with warnings.catch_warnings(record=True):
        warnings.simplefilter("always")
        trace = Trace(package)
        if package == "cmlp":
            trace.watch_core()
        CALLS[name](package)
        found = trace.follow(lambda: CALLS[name](package))
    sys.stdout = output
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1:])
