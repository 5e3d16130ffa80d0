"""`load`, a model file as a network or an estimator, and the `from_*`, which take models of other libraries."""

from __future__ import annotations

import io
import os
from contextlib import AbstractContextManager, contextmanager
from typing import IO, TYPE_CHECKING, Any

from cmlp._data.disk import open_regular
from cmlp._estimators.stored_training import load_training
from cmlp._fit.fitted import Fitted, frozen_copy, untrained_states
from cmlp._model.file import read_model
from cmlp._model.model import NetworkModel, TableModel, TrainedModel, network_parameters
from cmlp.exceptions import ModelFormatError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cmlp._data.array_types import ArrayLike
    from cmlp._estimators.mlp import MLPClassifier, MLPRegressor
    from cmlp._estimators.network import Network
    from cmlp._estimators.tabular import TabularClassifier, TabularRegressor
    from cmlp._train.state import TrainingState


def load(
    path: str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes],
    mmap: bool = False,
    verify: bool = True,
) -> Network | MLPClassifier | MLPRegressor | TabularClassifier | TabularRegressor:
    """Load a model file.

    Parameters
    ----------
    path : str, path-like, bytes-like or file object
        A file written by `save`, or by ``cmlp_model_write`` of the C library: its path, its content
        as of `to_bytes`, or an object whose method ``read`` returns the content, which it reads from
        its position to its end.
    mmap : bool, default=False
        Whether to map the parameters of a file of 1 MiB and more into memory instead of reading
        them. Processes then share one copy, and only the parts in use are read. If a process
        changes parameters, it gets its own copy of the changed pages, and the file stays unchanged.
        Replace such a file by renaming another one, as `save` does, never in place: overwriting it
        changes the predictions of the loaded model without an error, and truncating it kills the
        process. Only on Windows does a mapping keep the file open. Ignored on big-endian machines, and
        without a path.
    verify : bool, default=True
        Whether to check all data in the file: the checksum, that all weights are finite, and that
        the network's output for the stored example is bit-identical to the stored output. Otherwise
        only the header and the file size are checked.

    Returns
    -------
    Network, MLPClassifier, MLPRegressor, TabularClassifier or TabularRegressor
        An object of the class that was saved; a `Network` for a file of the C library without a key
        ``class``. If the file has no training state, `loss_curve_` and `validation_scores_` are
        empty, and `partial_fit` starts with a new optimizer.

    Raises
    ------
    ModelFormatError
        If the file is not a model file, or was truncated or changed. It is a subclass of
        ValueError.
    OSError
        If the file cannot be read.

    See Also
    --------
    cmlp.verify : Train a model again, and compare it with a file.

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
    if isinstance(path, (str, os.PathLike)):
        name = os.fsdecode(path)
        opened: AbstractContextManager[IO[bytes]] = open_regular(path)
    else:
        name, opened = f"a model file of type {type(path).__name__}", _content_of(path)
        mmap = False
    with opened as file, _naming_damaged_file(name, ValueError, TypeError, KeyError):
        model, parameters, metadata = read_model(file, use_map=mmap, verify=verify)
        trained = load_training(model, parameters, metadata)
    with _naming_damaged_file(name, ValueError):  # invalid parameters
        return _built(model, *trained)  # type: ignore[no-any-return]


def _content_of(given: Any) -> io.BytesIO:
    """Return the content of a model file, which is passed as bytes or as a file object."""
    content = given.read() if hasattr(given, "read") else given
    if not isinstance(content, (bytes, bytearray, memoryview)):
        found = type(given).__name__
        if content is not given:
            found += f", whose read() returns {type(content).__name__}: open files with mode 'rb'"
        raise TypeError(f"path must be a path, bytes or a binary file object, got {found}.")
    return io.BytesIO(content)


@contextmanager
def _naming_damaged_file(name: str, *kinds: type[Exception]) -> Iterator[None]:
    """Raise ModelFormatError with the name for errors of these kinds: the content of the file has caused them."""
    try:
        yield
    except ModelFormatError as error:
        raise ModelFormatError(f"{name} cannot be loaded: {error}", error.status) from None
    except kinds as error:
        message = f"{name} cannot be loaded: {error}"
        raise ModelFormatError(message, "CMLP_ERROR_FILE_SYNTAX") from error


def _class_of(name: str) -> Any:
    """Return the public class of this name. A program imports only those that it loads."""
    if name == "Network":
        from cmlp._estimators.network import Network

        return Network
    if name in ("MLPClassifier", "MLPRegressor"):
        from cmlp._estimators import mlp

        return getattr(mlp, name)
    from cmlp._estimators import tabular

    return getattr(tabular, name)


def _built(
    model: TrainedModel,
    parameters: dict[str, Any],
    state: TrainingState | None = None,
    provenance: dict[str, Any] | None = None,
    recipe: str | None = None,
) -> Any:
    """Return the network or the fitted estimator of a model. It uses the parameter blocks without a copy."""
    cls = _class_of(model.class_name)
    if isinstance(model, NetworkModel) and model.kind == "network":
        return cls._assembled(model.net, model.params, model.input_scale)
    try:
        estimator = cls(**parameters)
    except TypeError as error:  # the class has no such parameter
        raise ValueError(str(error)) from None
    checked = estimator._options()  # raises ValueError for invalid parameters
    if isinstance(model, TableModel):
        estimator._result = Fitted(model, (), provenance, recipe=recipe)
        return estimator
    if state is None:
        (state,) = untrained_states(model.networks)
    estimator._result = Fitted.from_model(model, state, checked.scale_to_learn, provenance, recipe)
    return estimator


# ------------------------------------------------------------------------------------------ models of other libraries


def from_onnx(
    path: str | os.PathLike[str], *, classes: ArrayLike | None = None
) -> Network | MLPClassifier | MLPRegressor:
    """Read a multilayer perceptron from an ONNX file.

    Parameters
    ----------
    path : str or path-like
        A file of `to_onnx`, of scikit-learn's MLP by skl2onnx, or of a PyTorch module. The graph
        must be a chain of layers: Gemm, or MatMul and Add, with the activations Sigmoid, Tanh,
        Relu, LeakyRelu, Elu, Selu, Gelu, Softplus, Softsign, x * Sigmoid(x), Clip from 0 without an
        upper limit (as Relu), and at the end Softmax or Exp. A BatchNormalization, and arithmetic
        with constants (Add, Sub, Mul, Div), become a part of the layer before or after it. What an
        Add takes from before some layers (a residual block) becomes further activations of these
        layers, which must have Relu or no activation. LinearRegressor and LinearClassifier of
        ai.onnx.ml, as skl2onnx writes linear and logistic regressions, are a network without hidden
        layers. At the start, Flatten, Reshape with the same rows, Cast to float32 or float64, and
        shifts and factors of the columns are supported.
    classes : array-like of shape (n_classes,) or None, default=None
        Labels in the order of the outputs, for a file without labels; see `cmlp.from_torch`.

    Returns
    -------
    Network, MLPClassifier or MLPRegressor
        A fitted `MLPClassifier` if the file has an output of labels or `classes` is given; the
        class that was exported for a file of `to_onnx`; otherwise a `Network`. The parameters have
        the file's dtype, float32 or float64.

    Raises
    ------
    ImportError
        If the package onnx is not installed.
    OSError
        If the file cannot be read.
    ValueError
        If the file is not a valid ONNX file, or if a node does not match; the message names its
        operator and the node.

    Notes
    -----
    Each node is matched once, and each must match exactly: nothing in a graph is skipped. The time is proportional to
    the size of the file.

    Three outputs have another form than in the file. For LogSoftmax, the model returns the
    probabilities instead of their logarithms. The scores of a classifier without Softmax, such as a
    LinearSVC, count as logits: labels are those of the file, probabilities are their softmax. For a
    regressor with several targets, which skl2onnx writes with a single column, a row of the result
    has all targets.

    Examples
    --------
    >>> import cmlp, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:  # doctest: +SKIP
    ...     path = os.path.join(folder, "net.onnx")
    ...     cmlp.Network([2, 3, 2]).to_onnx(path)
    ...     cmlp.from_onnx(path).sizes
    (2, 3, 2)
    """
    from cmlp._export.onnx_read import read_onnx

    return _imported(read_onnx(path, classes))  # type: ignore[no-any-return]


def from_torch(module: object, *, classes: ArrayLike | None = None) -> Network | MLPClassifier:
    """Convert a PyTorch module to a network or a fitted classifier.

    Parameters
    ----------
    module : torch.nn.Module
        A Linear module or a Sequential, which may contain other Sequentials. The supported modules
        are Linear, the activations Sigmoid, Tanh, ReLU, LeakyReLU, ELU, SiLU, GELU, Softplus,
        Softsign and (at the end) Softmax, BatchNorm1d before or after a Linear, whose parameters
        then include it, and modules that do nothing in prediction: Identity, Dropout and, at the
        start, Flatten. Also those of `Network.to_torch`.
    classes : array-like of shape (n_classes,) or None, default=None
        Labels in the order of the outputs; two labels for one output, which is the probability of
        the second one. The outputs must be logits (a Linear at the end), or the result of Softmax
        or, for one output, Sigmoid.

    Returns
    -------
    Network or MLPClassifier
        A `Network` if `classes` is None. The parameters are copies in the module's dtype, float32
        or float64.

    Raises
    ------
    ImportError
        If the package torch is not installed.
    TypeError
        If `module` is not a module, or contains a module that is not supported; the message names
        it.
    ValueError
        If a module has an option that is not supported, a forward hook or a replaced ``forward``,
        modules are in an order that is not supported, or `classes` does not match the outputs.

    Notes
    -----
    A BatchNorm1d counts with its running mean and variance, as in evaluation mode, also if the module is in training
    mode.

    torch's Softplus returns its input above a threshold, by default 20; the difference is below
    ``exp(-threshold)``. Lower thresholds raise ValueError.

    Examples
    --------
    >>> import cmlp, torch
    >>> net = cmlp.from_torch(torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 3)))
    >>> net.sizes
    (4, 8, 3)
    """
    from cmlp._export.torch import read_torch

    return _imported(read_torch(module, classes))  # type: ignore[no-any-return]


def from_sklearn(model: object) -> MLPClassifier | MLPRegressor:
    """Convert a fitted estimator of scikit-learn.

    Parameters
    ----------
    model : sklearn.neural_network.MLPClassifier or sklearn.neural_network.MLPRegressor
        Or a pipeline that ends with one, for which this is `from_pipeline`.

    Returns
    -------
    MLPClassifier or MLPRegressor
        A fitted estimator with the same parameters, a copy of the weights in their dtype, and the
        same classes, feature names, curves and counters. Its results agree up to rounding. The
        state of the optimizer is not converted, so `partial_fit` starts with a new optimizer.

    Raises
    ------
    NotFittedError
        If `model` is not fitted.
    TypeError
        If `model` is another object.

    See Also
    --------
    cmlp.from_pipeline : What the steps of a pipeline can be.

    Examples
    --------
    >>> import cmlp
    >>> from sklearn.neural_network import MLPRegressor  # doctest: +SKIP
    >>> theirs = MLPRegressor((8,)).fit(X, y)  # doctest: +SKIP
    >>> cmlp.from_sklearn(theirs).save("model.cmlp")  # doctest: +SKIP
    """
    from cmlp._export.sklearn import read_sklearn

    if isinstance(getattr(model, "steps", None), list):
        return from_pipeline(model)
    trained, parameters, state = read_sklearn(model)
    own = _class_of(trained.class_name)._get_param_names()
    parameters = {name: value for name, value in parameters.items() if name in own}
    return _built(trained, parameters, state)  # type: ignore[no-any-return]


def from_pipeline(pipeline: object) -> MLPClassifier | MLPRegressor:
    """Convert a pipeline of scalers and a network to one estimator, which scales the inputs itself.

    The estimator can be saved and exported, and takes the inputs of the pipeline.

    Parameters
    ----------
    pipeline : sklearn.pipeline.Pipeline
        Fitted. The last step is an `MLPClassifier` or `MLPRegressor` of cmlp or of scikit-learn.
        The steps before are any number of StandardScaler, MinMaxScaler, RobustScaler and
        MaxAbsScaler, without ``clip=True``, and "passthrough".

    Returns
    -------
    MLPClassifier or MLPRegressor
        A fitted estimator with copies of the weights, whose `input_scale` is a pair
        ``(shift, factor)``. Its predictions agree with those of the pipeline up to rounding.

    Raises
    ------
    NotFittedError
        If the last step is not fitted.
    TypeError
        If `pipeline` is no pipeline, or a step is another object.
    ValueError
        If a scaler clips or is not fitted, or float64 cannot hold the sum of the shifts of several
        scalers.

    Examples
    --------
    >>> import cmlp
    >>> from sklearn.pipeline import make_pipeline  # doctest: +SKIP
    >>> from sklearn.preprocessing import StandardScaler  # doctest: +SKIP
    >>> pipeline = make_pipeline(StandardScaler(), cmlp.MLPRegressor()).fit(X, y)  # doctest: +SKIP
    >>> cmlp.from_pipeline(pipeline).save("model.cmlp")  # doctest: +SKIP
    """
    from cmlp._estimators.multilayer_perceptron import MultilayerPerceptron
    from cmlp._export.sklearn import pipeline_scale, steps_of

    *scalers, last = steps_of(pipeline)
    last = frozen_copy(last)
    model = last if isinstance(last, MultilayerPerceptron) else from_sklearn(last)
    trained = model._trained()
    state = model._result.state.copy()
    scale = pipeline_scale(scalers, trained.input_scale, trained.n_inputs)
    scaled = NetworkModel(
        trained.kind,
        [(trained.net, state.params)],
        input_scale=scale,
        labels=trained.labels,
        names=getattr((*scalers, model)[0], "feature_names_in_", None),
    )
    parameters = {**model._parameters(), "input_scale": scale}
    recipe = model._result.recipe
    return _built(scaled, parameters, state, recipe=recipe)  # type: ignore[no-any-return]


def _imported(model: NetworkModel) -> Any:
    """Return the network or estimator of a model whose other parameters are unknown: it gets the defaults."""
    return _built(model, {**network_parameters(model.net), "input_scale": model.input_scale})
