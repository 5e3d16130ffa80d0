"""Methods that only some estimators have: for the others, an AttributeError says what to use instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

Method = TypeVar("Method", bound=Callable[..., Any])

IN_SKLEARN = "the class of this name in cmlp.sklearn"


class AvailableIf:
    """A method that an estimator has if `why_not` returns "" for it, and its class if it does for None.

    Otherwise it returns the message of the error, with the placeholders ``{owner!r}`` and ``{name!r}``.
    """

    def __init__(self, why_not: Callable[[Any], str], method: Callable[..., Any]) -> None:
        self.why_not = why_not
        self.method = method
        self.__doc__ = method.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        message = self.why_not(instance)
        if message:
            raise AttributeError(message.format(owner=owner.__name__, name=self.name))
        bound: Callable[..., Any] = self.method.__get__(instance, owner)
        return bound


def available_if(why_not: Callable[[Any], str]) -> Callable[[Method], Method]:
    """Let a class have a method in the cases that `AvailableIf` describes."""

    def decorate(method: Method) -> Method:
        return cast("Method", AvailableIf(why_not, method))

    return decorate


def absent(instead: str) -> AvailableIf:
    """Return a method that only another class has."""
    message = f"{{owner!r}} object has no attribute {{name!r}}: use {instead}."
    return AvailableIf(lambda estimator: message, lambda estimator: None)
