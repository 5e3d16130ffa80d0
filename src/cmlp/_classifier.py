"""Pickles that were written before the package had folders name this module and `cmlp._regressor`."""

from typing import NoReturn

from cmlp.training.state import check_version


def __getattr__(name: str) -> NoReturn:
    if name in ("MLPClassifier", "MLPRegressor"):
        check_version({}, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
