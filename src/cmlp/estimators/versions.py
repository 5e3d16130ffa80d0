"""Where scikit-learn's results differ between its versions: follow the version that the program has imported."""

from __future__ import annotations

import importlib
import sys

import numpy as np


def averages_squared_errors() -> bool:
    """Return whether the reported squared error of several outputs is their mean, or their sum.

    It is the mean up to scikit-learn 1.9, although training uses the gradient of the sum. scikit-learn's pull request
    34830 proposes the sum. If the program has imported scikit-learn, its own loss function decides.
    """
    if "sklearn" not in sys.modules:
        return True
    try:
        squared_loss = importlib.import_module("sklearn.neural_network._base").squared_loss
        return bool(squared_loss(np.zeros((1, 2)), np.ones((1, 2))) < 0.75)  # 0.5 is the mean, 1 the sum
    except (ImportError, AttributeError, TypeError):  # a version without this private function
        return True
