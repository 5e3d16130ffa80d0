"""Methods that exist only if the solver supports them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable

Method = TypeVar("Method", bound="Callable[..., Any]")


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
