"""Save and load networks and estimators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp import _core
from cmlp.estimators.classifier import MLPClassifier
from cmlp.estimators.model import Model
from cmlp.estimators.regressor import MLPRegressor
from cmlp.exceptions import ModelFormatError, StatusError
from cmlp.files.atomic import write_atomically
from cmlp.files.reader import read_model_file
from cmlp.files.state import dump_history, dump_state, load_state
from cmlp.files.texts import (
    dump_labels,
    dump_names,
    dump_parameters,
    load_labels,
    load_names,
    load_parameters,
    refuse,
)
from cmlp.network import Network

if TYPE_CHECKING:
    import os

    import numpy as np

    from cmlp.files.reader import ModelFile

    Estimator = MLPClassifier | MLPRegressor

_ESTIMATORS: dict[str, type[Estimator]] = {"MLPClassifier": MLPClassifier, "MLPRegressor": MLPRegressor}


def load(path: str | os.PathLike[str], mmap: bool = False, verify: bool = True) -> Network | Estimator:
    """Load a model file.

    Parameters
    ----------
    path : str or path-like
        A file written by `save`, or by ``cmlp_model_write`` of the C library.
    mmap : bool, default=False
        Whether to map the parameters into memory instead of reading them. Processes then share one copy, and only the
        parts in use are read. If a process changes parameters, it gets its own copy of the changed pages, and the file
        stays unchanged. Do not overwrite or truncate the file in place while it is mapped, because this kills the
        process; replacing it, as `save` does, is safe. Ignored on big-endian machines.
    verify : bool, default=True
        Whether to check all data in the file: the checksum, that all weights are finite, and that the network's output
        for the stored example has the same bits as the stored output. Otherwise only the header and the file size are
        checked.

    Returns
    -------
    MLPClassifier, MLPRegressor or Network
        An object of the class that was saved; a `Network` for a file of the C library. If the file has no training
        state, `loss_curve_` and `validation_scores_` are empty, and `partial_fit` starts with a new optimizer.

    Raises
    ------
    ModelFormatError
        If the file is not a model file, or was truncated or changed. It is a subclass of ValueError.
    OSError
        If the file cannot be read.

    Notes
    -----
    Loading never executes code from the file. The checksums detect accidental damage. They do not protect against
    deliberate changes, because an attacker can compute them again.

    Examples
    --------
    >>> import cmlp, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "net.cmlp")
    ...     cmlp.Network([2, 3, 2]).save(path)
    ...     cmlp.load(path)
    Network(2-3-2: logistic, softmax; log_loss, float32, 17 parameters)
    """
    file = read_model_file(path, use_map=mmap, verify=verify)
    name = file.strings.get("class", "Network")
    try:
        if name == "Network":
            return Network._assembled(file.net, file.params, file.input_scale)
        if name in _ESTIMATORS:
            return _estimator(file, _ESTIMATORS[name])
        raise refuse(f"the class {name!r} is unknown")
    except ModelFormatError as error:
        raise ModelFormatError(f"{path} cannot be loaded: {error}", error.status) from None
    except (ValueError, TypeError, KeyError) as error:
        raise ModelFormatError(f"{path} cannot be loaded: {error}", "CMLP_ERROR_FILE_SYNTAX") from error


def save_network(network: Network, path: str | os.PathLike[str]) -> None:
    """Write a network to a model file; see `Network.save`."""
    _require_own_class(network, Network)
    _write(path, network._net, network.params, network._scale, {"class": "Network"}, {})


def save_estimator(estimator: Any, path: str | os.PathLike[str], *, include_training_state: bool) -> None:
    """Write a fitted estimator to a model file; see `MLPClassifier.save`."""
    owner = type(estimator).__name__
    _require_own_class(estimator, _ESTIMATORS.get(owner, MLPClassifier))
    model: Model = estimator._fitted()
    estimator._parameters()  # raises ValueError for invalid parameters, with which the file could not be loaded
    strings = {
        "class": owner,
        "history": dump_history(model.state),
        "parameters": dump_parameters(estimator.get_params(deep=False), owner),
    }
    arrays: dict[str, np.ndarray[Any, Any]] = {}
    if model.labels is not None:
        strings["classes"] = dump_labels(model.labels)
    if model.feature_names is not None:
        strings["feature_names"] = dump_names(model.feature_names)
    if include_training_state:
        more, arrays = dump_state(model.state)
        strings |= more
    _write(path, model.net, model.params, model.input_scale, strings, arrays)


def _require_own_class(model: object, own: type) -> None:
    if type(model) is not own:
        raise TypeError(
            f"{type(model).__name__} cannot be saved: a model file can contain a Network, an MLPClassifier or an "
            "MLPRegressor, but not a subclass, because loading must not execute other code. Use pickle instead."
        )


def _write(
    path: str | os.PathLike[str],
    net: _core.Net,
    params: np.ndarray[Any, Any],
    scale: float,
    strings: dict[str, str],
    arrays: dict[str, np.ndarray[Any, Any]],
) -> None:
    def produce(write: Any) -> None:
        _core.write_model(net, params, scale=scale, strings=strings, arrays=arrays, write=write)

    try:
        write_atomically(path, produce)
    except StatusError as error:
        if error.status == "CMLP_ERROR_FILE_NONFINITE":
            raise ValueError("a weight is NaN or infinite: such a model cannot be saved") from None
        raise


def _estimator(file: ModelFile, kind: type[Estimator]) -> Estimator:
    for key in ("parameters", *(("classes",) if kind is MLPClassifier else ())):
        if key not in file.strings:
            raise refuse(f"{key!r} is missing")
    estimator = kind(**load_parameters(file.strings["parameters"]))
    estimator._parameters()  # raises ValueError for invalid parameters
    sizes, labels, names = file.net.sizes, None, None
    if kind is MLPClassifier:
        labels = load_labels(file.strings["classes"], sizes[-1])
    if "feature_names" in file.strings:
        names = load_names(file.strings["feature_names"], sizes[0])
    estimator._model = Model(
        file.net,
        load_state(file),
        input_scale=file.input_scale,
        feature_names=names,
        labels=labels,
    )
    return estimator
