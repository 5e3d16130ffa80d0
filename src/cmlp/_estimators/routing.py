"""Support for scikit-learn's metadata routing: the metadata that each method of an estimator requests.

The requests are stored in an object of this package, so that an estimator can be copied and unpickled without
scikit-learn. scikit-learn's objects are created when a meta-estimator calls `get_metadata_routing`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp._estimators.delegation import Delegated, require_module

if TYPE_CHECKING:
    from collections.abc import Callable

MODULE = "sklearn.utils.metadata_routing"
METHODS = ("fit", "partial_fit", "score")  # those of them that a class has
# Parameters of a method that are data, not metadata.
DATA = {"X", "y", "Y", "Xt", "yt"}

# A request, as in scikit-learn: True requests the metadata, False ignores it, None raises an error if the caller passes
# it, and a string is the name under which the caller passes it.
Request = bool | str | None


class Requests:
    """The metadata that each method requests; scikit-learn's messages name the owner, the estimator's class."""

    def __init__(self, owner: str, values: dict[str, dict[str, Request]]) -> None:
        self.owner, self.values = owner, values

    def __sklearn_clone__(self) -> Requests:
        return Requests(self.owner, {method: dict(requests) for method, requests in self.values.items()})

    def get_metadata_routing(self) -> Any:
        """Return the requests as scikit-learn's ``MetadataRequest``."""
        from sklearn.utils.metadata_routing import MetadataRequest  # type: ignore[import-untyped]

        routing = MetadataRequest(owner=self.owner)
        for method, requests in self.values.items():
            for name, request in requests.items():
                getattr(routing, method).add_request(param=name, alias=request)
        return routing


class RequestSetter:
    """Descriptor of ``set_fit_request``, ``set_score_request`` and so on: sets the requests of one method.

    The names of the metadata come from the method's signature, so a subclass whose ``fit`` takes more metadata can
    request it.
    """

    def __init__(self, method: str) -> None:
        self.method = method

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Callable[..., Any]:
        if not hasattr(owner, self.method):
            raise AttributeError(f"{owner.__name__!r} object has no attribute {self.name!r}: it has no {self.method}.")
        require_module(MODULE, owner, self.name)
        setter = _setter(self.method, metadata_names(owner, self.method))
        return setter if instance is None else setter.__get__(instance, owner)


class Routing:
    """Mixin with the methods through which scikit-learn routes metadata such as `sample_weight`."""

    set_fit_request = RequestSetter("fit")
    set_partial_fit_request = RequestSetter("partial_fit")
    set_score_request = RequestSetter("score")

    def _requests(self) -> Requests:
        own = vars(self).get("_metadata_request")  # `clone` copies the attribute of this name
        if own is not None:
            return own  # type: ignore[no-any-return]
        cls = type(self)
        methods = [method for method in METHODS if hasattr(cls, method)]
        return Requests(cls.__name__, {method: dict.fromkeys(metadata_names(cls, method)) for method in methods})

    def _routing(self) -> Any:
        """Return the metadata requests as scikit-learn's ``MetadataRequest``.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRequest
        """
        from sklearn.utils.metadata_routing import get_routing_for_object

        # A class that inherits from BaseEstimator too may hold scikit-learn's own object.
        return get_routing_for_object(self._requests())

    get_metadata_routing = Delegated(_routing, MODULE)
    # The scorers of scikit-learn up to 1.7 read the requests under this name.
    _get_default_requests = Delegated(_routing, MODULE)


def metadata_names(cls: type, method: str) -> list[str]:
    """Return the names of a method's parameters that are metadata."""
    import inspect  # 10 ms that import and prediction do without

    parameters = list(inspect.signature(getattr(cls, method)).parameters.values())[1:]
    variadic = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    return [p.name for p in parameters if p.name not in DATA and p.kind not in variadic]


def _setter(method: str, names: list[str]) -> Callable[..., Any]:
    import inspect

    import sklearn  # type: ignore[import-untyped]
    from sklearn.utils.metadata_routing import UNCHANGED, MetadataRequest

    def setter(self: Routing, **requests: Request) -> Routing:
        if not sklearn.get_config()["enable_metadata_routing"]:
            raise RuntimeError(
                "This method is only available when metadata routing is enabled. You can enable it using "
                "sklearn.set_config(enable_metadata_routing=True)."
            )
        unknown = set(requests) - set(names)
        if unknown:
            raise TypeError(f"Unexpected args: {unknown} in {method}. Accepted arguments are: {set(names)}")
        own = self._requests().__sklearn_clone__()
        for name, request in requests.items():
            if request is not UNCHANGED:
                judge = getattr(MetadataRequest(owner=own.owner), method)
                judge.add_request(param=name, alias=request)  # raises ValueError if it is no request
                own.values[method][name] = request
        vars(self)["_metadata_request"] = own
        return self

    setter.__name__ = setter.__qualname__ = f"set_{method}_request"
    setter.__doc__ = _SETTER_DOC.format(method=method, names=", ".join(names))
    first = inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD)
    keywords = [inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=UNCHANGED) for name in names]
    setter.__signature__ = inspect.Signature([first, *keywords])  # type: ignore[attr-defined]
    return setter


_SETTER_DOC = """Set which metadata meta-estimators pass to `{method}`.

Needs ``sklearn.set_config(enable_metadata_routing=True)``.

Parameters
----------
{names} : bool, None or str
    True passes the metadata if the caller provides it, False ignores it, None raises an error if the caller
    provides it, and a str is the name under which the caller provides it. Omitted parameters keep their request.

Returns
-------
self

Raises
------
RuntimeError
    If metadata routing is not enabled.
TypeError
    If `{method}` has no metadata of that name.
ValueError
    If a value is not a valid request.
"""
