"""The scalers of scikit-learn's pipelines, as a shift and a factor for each input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cmlp.inputs.scale import InputScale, composed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


def steps_of(pipeline: Any) -> list[Any]:
    """Return the steps of a pipeline, without those that do nothing."""
    steps = getattr(pipeline, "steps", None)
    if not isinstance(steps, list) or not steps:
        raise TypeError(f"pipeline must be a Pipeline of scikit-learn, got {type(pipeline).__name__}.")
    return [step for _, step in steps if step not in ("passthrough", None)]


def pipeline_scale(scalers: Sequence[Any], scale: float | InputScale, n_inputs: int) -> InputScale:
    """Return the scale of inputs that pass these scalers and then `scale`, that of the network."""
    whole: Any = (np.zeros(n_inputs), np.ones(n_inputs))
    inner = scale if isinstance(scale, InputScale) else (0.0, scale)
    for one in (*map(_scale_of, scalers), inner):
        whole = composed(whole, one)
    return InputScale(*whole)


def _scale_of(scaler: Any) -> tuple[NDArray[np.float64] | float, NDArray[np.float64] | float]:
    """Return shift and factor of a fitted scaler."""
    kind = type(scaler)
    read = _SCALERS.get(kind.__name__) if kind.__module__.startswith("sklearn.preprocessing.") else None
    if read is None:
        raise TypeError(
            f"from_pipeline supports {', '.join(_SCALERS)} before the network, got {kind.__name__}: transform X before."
        )
    if getattr(scaler, "clip", False):
        raise ValueError(
            f"{kind.__name__}(clip=True) is not supported: the network would need inputs that are clipped."
        )
    if not hasattr(scaler, "n_features_in_"):
        raise ValueError(f"This {kind.__name__} is not fitted yet.")
    shift, factor = read(scaler)
    return shift, factor


def _inverse(scale: Any) -> Any:
    return 1.0 if scale is None else 1 / np.asarray(scale, np.float64)


_SCALERS: dict[str, Any] = {
    "StandardScaler": lambda s: (s.mean_ if s.with_mean else 0.0, _inverse(s.scale_ if s.with_std else None)),
    # Not `feature_range`, which may have been changed since fit.
    "MinMaxScaler": lambda s: composed((s.data_min_, s.scale_), (-(s.min_ + s.data_min_ * s.scale_), 1.0)),
    "RobustScaler": lambda s: (
        s.center_ if s.with_centering else 0.0,
        _inverse(s.scale_ if s.with_scaling else None),
    ),
    "MaxAbsScaler": lambda s: (0.0, _inverse(s.scale_)),
}
