"""`MLPClassifier` and `MLPRegressor` for streams, with the interface of river (https://riverml.xyz).

Needs the package river (the extra ``cmlp[river]``). Features and classes may appear and disappear at any time.
"""

from cmlp.river._classifier import MLPClassifier
from cmlp.river._regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
