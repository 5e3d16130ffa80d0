"""The seed of a fit that records its provenance: drawn and kept, if the program has none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp._workers import ALONE, Workers

if TYPE_CHECKING:
    from cmlp._estimators.request import Parameters


def with_seed(estimator: Any, parameters: Parameters, workers: Workers = ALONE) -> Parameters:
    """Return the parameters, with a seed if the fit is recorded; ValueError if it could not be repeated."""
    if not parameters.provenance:
        return parameters
    from cmlp._estimators.provenance import seed_of  # few programs need it

    seed = workers.together(partial(seed_of, estimator, estimator.get_params(deep=False)))
    if workers.size > 1 and estimator.random_state is None:
        seed = int(workers.of_first(np.array([seed], np.int64))[0])
    return parameters._replace(random_state=seed)
