"""The estimators as subclasses of scikit-learn's base classes, for programs that ask for these.

cmlp's own classes do not need scikit-learn, so they inherit from none of its classes. Some programs
check for them nevertheless: yellowbrick and BentoML for ``BaseEstimator``, river's wrappers for the
mixins. The classes of this module have the parameters, methods and results of those of the same
names in `cmlp`, and `save` writes the same files, which `cmlp.load` reads as estimators of `cmlp`.
Pickle keeps the class. They also have what needs scikit-learn: metadata requests
(``set_fit_request`` and its like), and its callbacks (``set_callbacks``).

If skl2onnx is installed, importing this module registers a converter for each of them.

Examples
--------
>>> from cmlp.sklearn import MLPClassifier
>>> from sklearn.base import BaseEstimator
>>> isinstance(MLPClassifier(), BaseEstimator)
True
"""

from __future__ import annotations

import contextlib

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin  # type: ignore[import-untyped]
except ImportError as error:
    message = "cmlp.sklearn needs scikit-learn: install it with `pip install scikit-learn`."
    raise ModuleNotFoundError(message, name="sklearn") from error

try:
    from cmlp.sklearn._callbacks import SklearnCallbacks
except ImportError:  # scikit-learn before 1.9 has no callbacks

    class SklearnCallbacks:  # type: ignore[no-redef]
        """Mixin without methods."""


from cmlp._estimators import mlp, tabular

__all__ = ["MLPClassifier", "MLPRegressor", "TabularClassifier", "TabularRegressor"]


class MLPClassifier(SklearnCallbacks, mlp.MLPClassifier, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """`cmlp.MLPClassifier` with scikit-learn's ``ClassifierMixin`` and ``BaseEstimator``."""


class MLPRegressor(SklearnCallbacks, mlp.MLPRegressor, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """`cmlp.MLPRegressor` with scikit-learn's ``RegressorMixin`` and ``BaseEstimator``."""


class TabularClassifier(tabular.TabularClassifier, ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """`cmlp.TabularClassifier` with scikit-learn's ``ClassifierMixin`` and ``BaseEstimator``."""


class TabularRegressor(tabular.TabularRegressor, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """`cmlp.TabularRegressor` with scikit-learn's ``RegressorMixin`` and ``BaseEstimator``."""


with contextlib.suppress(ImportError):  # skl2onnx is not installed, or not in a version that works
    from cmlp.sklearn._converter import register

    register(MLPClassifier, MLPRegressor, TabularClassifier, TabularRegressor)
