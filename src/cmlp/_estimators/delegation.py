"""Methods that exist only under a condition: that scikit-learn is loaded, or that the solver supports them."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

Method = TypeVar("Method", bound="Callable[..., Any]")


class Delegated:
    """Descriptor of a method that uses a module of scikit-learn, for example "sklearn.callback".

    The method exists only if the program has imported scikit-learn and the installed version has the module; otherwise
    ``hasattr`` returns False. Therefore this package is never the first to import scikit-learn.
    """

    def __init__(self, function: Callable[..., Any], module: str) -> None:
        self.function, self.module = function, module
        self.__doc__ = function.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        require_module(self.module, owner, self.name)
        bound: Callable[..., Any] = self.function.__get__(instance, owner)
        return bound


def require_module(module: str, owner: type, name: str) -> None:
    """Raise AttributeError for `name` unless scikit-learn is loaded and has the module."""
    if "sklearn" in sys.modules:
        try:
            importlib.import_module(module)
        except ImportError:  # scikit-learn is too old
            pass
        else:
            return
    raise AttributeError(f"{owner.__name__!r} object has no attribute {name!r}: import {module} first.")


class _StochasticOnly:
    def __init__(self, function: Callable[..., Any]) -> None:
        self.function, self.__doc__ = function, function.__doc__

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        if instance is not None and instance.solver == "lbfgs":
            raise AttributeError(
                f"{self.function.__name__} is only available for stochastic optimizers. lbfgs is not stochastic."
            )
        bound: Callable[..., Any] = self.function.__get__(instance, owner)
        return bound


def stochastic_only(method: Method) -> Method:
    """Decorate a method that does not exist while the estimator's solver is "lbfgs"."""
    return cast("Method", _StochasticOnly(method))
