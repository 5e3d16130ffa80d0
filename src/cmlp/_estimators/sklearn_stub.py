"""What an estimator answers where scikit-learn offers more to its own classes: `cmlp.sklearn` has the classes with all.

scikit-learn is imported only if its user has imported it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from cmlp._estimators.available_if import IN_SKLEARN, absent

_DATA = {"X", "y"}  # parameters of a method that are no metadata


class SklearnStub:
    """Mixin that refuses metadata, so that no meta-estimator drops it silently, and shows scikit-learn's diagram."""

    set_fit_request = absent(IN_SKLEARN)
    set_partial_fit_request = absent(IN_SKLEARN)
    set_score_request = absent(IN_SKLEARN)

    def get_metadata_routing(self) -> Any:  # of scikit-learn, which is optional
        """Return requests that refuse all metadata, such as weights, for meta-estimators of scikit-learn.

        Returns
        -------
        sklearn.utils.metadata_routing.MetadataRequest
        """
        of_sklearn: Callable[[], Any] | None = getattr(super(), "get_metadata_routing", None)
        if of_sklearn is not None:  # a subclass inherits from scikit-learn's BaseEstimator, too
            return of_sklearn()
        return self._get_default_requests()

    @classmethod
    def _get_default_requests(
        cls,
    ) -> Any:  # the scorers of scikit-learn up to 1.7 read the requests under this name
        of_sklearn: Callable[[], Any] | None = getattr(super(), "_get_default_requests", None)
        if of_sklearn is not None:
            return of_sklearn()
        import inspect

        from sklearn.utils.metadata_routing import MetadataRequest  # type: ignore[import-untyped]

        request = MetadataRequest(owner=cls.__name__)
        for method in ("fit", "partial_fit", "score"):
            if hasattr(cls, method):
                for p in list(inspect.signature(getattr(cls, method)).parameters.values())[1:]:
                    if p.name not in _DATA and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
                        # An error if it is passed.
                        getattr(request, method).add_request(param=p.name, alias=None)
        return request

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        bundle = {"text/plain": repr(self)}
        sklearn = sys.modules.get("sklearn")
        if sklearn is not None and sklearn.get_config()["display"] == "diagram":
            from sklearn.utils import estimator_html_repr  # type: ignore[import-untyped]

            bundle["text/html"] = estimator_html_repr(self)
        return bundle
