"""`load`: a model file as a network or an estimator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cmlp._model.file import ExtraKeys, read_model
from cmlp._model.model import TrainedModel

if TYPE_CHECKING:
    import os

    from cmlp._data.json_texts import Metadata
    from cmlp._estimators.mlp_classifier import MLPClassifier
    from cmlp._estimators.mlp_regressor import MLPRegressor
    from cmlp._estimators.network import Network
    from cmlp._estimators.tables.tabular_classifier import TabularClassifier
    from cmlp._estimators.tables.tabular_regressor import TabularRegressor
    from cmlp._train.state import TrainingState


# What lies beside the model in a file: the provenance of the fit, and the training state. Few programs need it, so that
# `cmlp._train.state_file`, which reads and writes the training state, is not imported for these names.
_TENSORS = ("best", "generator", "last", "loss_curve", "optimizer", "order", "records", "sums", "target_factor")
_EXTRA_KEYS = ExtraKeys(
    ("history", "provenance", "training", "training.parameters"),
    (
        *(f"training.{name}" for name in _TENSORS),
        *(f"training.digest_{group}" for group in ("rows", "shards", "validation")),
        "training.numbers",
        "training.target_layer",
        "training.target_shift",
        "training.validation",
        "training.validation_scores",
    ),
)


def load(
    path: str | os.PathLike[str], mmap: bool = False, verify: bool = True
) -> Network | MLPClassifier | MLPRegressor | TabularClassifier | TabularRegressor:
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
        for the stored example is bit-identical to the stored output. Otherwise only the header and the file size are
        checked.

    Returns
    -------
    Network, MLPClassifier, MLPRegressor, TabularClassifier or TabularRegressor
        An object of the class that was saved; a `Network` for a file of the C library without a key ``class``. If the
        file has no training state, `loss_curve_` and `validation_scores_` are empty, and `partial_fit` starts with a
        new optimizer.

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
    return read_model(path, _estimator_of, extras=_EXTRA_KEYS, use_map=mmap, verify=verify)  # type: ignore[no-any-return]


def _estimator_of(model: TrainedModel, parameters: dict[str, Any], file: Metadata) -> Any:
    """Return the network or the fitted estimator of a file."""
    if model.kind == "network":
        return built(model, {})
    provenance, state = None, None
    if "provenance" in file.strings:
        from cmlp._estimators.provenance import load_provenance

        provenance = load_provenance(file.strings["provenance"], model.networks)
    if model.encoder is None:
        from cmlp._train.state_file import load_state, training_parameters  # programs load networks and tables without

        if "parameters" not in file.strings:  # written by a C program
            parameters |= training_parameters(file)
        state = load_state(model.net, model.params, parameters, file)
    return built(model, parameters, state, provenance)


def class_of(name: str) -> Any:
    """Return the public class of this name. A program imports only those that it loads."""
    match name:
        case "Network":
            from cmlp._estimators.network import Network

            return Network
        case "MLPClassifier":
            from cmlp._estimators.mlp_classifier import MLPClassifier

            return MLPClassifier
        case "MLPRegressor":
            from cmlp._estimators.mlp_regressor import MLPRegressor

            return MLPRegressor
        case "TabularClassifier":
            from cmlp._estimators.tables.tabular_classifier import TabularClassifier

            return TabularClassifier
        case _:
            from cmlp._estimators.tables.tabular_regressor import TabularRegressor

            return TabularRegressor


def built(
    model: TrainedModel,
    parameters: dict[str, Any],
    state: TrainingState | None = None,
    provenance: dict[str, Any] | None = None,
) -> Any:
    """Return the network or the fitted estimator of a model. It uses the parameter blocks without a copy."""
    cls = class_of(model.class_name)
    if model.kind == "network":
        return cls._assembled(model.net, model.params, model.input_scale)
    estimator = cls(**parameters)
    checked = estimator._parameters()  # raises ValueError for invalid parameters
    from cmlp._estimators.fitted import Fitted

    if model.encoder is not None:
        estimator._fitted = Fitted(model, ({"loss": []},) * len(model.networks), None, provenance)
        return estimator
    if state is None:
        from cmlp._train.state import History, TrainingState

        state = TrainingState(model.params, History())
    name = checked.input_scale if isinstance(checked.input_scale, str) else None
    estimator._fitted = Fitted.of(model, state, name, provenance)
    return estimator
