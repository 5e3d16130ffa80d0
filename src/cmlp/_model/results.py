"""Named tuples that methods of `Network` and `Trainer` return, and the names of neurons.

The names are the same in the command, the plots and the documentation. The neurons of the first hidden layer are A1,
A2, ..., those of the second B1, B2, ...; an output has the name of its class. The numbers start at 1, so neuron A13 is
column 12 of ``weights[0]``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np


class Gradient(NamedTuple):
    """A gradient of the cost, in the layout of the parameters.

    Attributes
    ----------
    weights, biases : list of ndarray
        One array per layer, of shape ``(n_in, n_out)`` and ``(n_out,)``; views of `flat`.
    flat : ndarray of shape (n_params,)
        The whole gradient.
    norm : float
        Euclidean norm of `flat`.
    """

    weights: list[np.ndarray]
    biases: list[np.ndarray]
    flat: np.ndarray
    norm: float


class Epoch(NamedTuple):
    """The results of an epoch.

    Attributes
    ----------
    loss : float
        Mean cost of the rows plus `penalty`; the cost of each batch is computed before its step.
    penalty : float
        Mean of ``alpha / 2 * sum(weights ** 2) / rows`` over the batches.
    gradient_norm : float
        Euclidean norm of the last batch's gradient; NaN if not requested.
    batches : int
        Number of batches.
    """

    loss: float
    penalty: float
    gradient_norm: float
    batches: int


class ParameterIndex(NamedTuple):
    """The position of a parameter in the network. All indices start at 0.

    Attributes
    ----------
    layer : int
        Index of the layer; 0 is the first layer after the input.
    source : int or None
        Index of the unit in the previous layer (or of the input) that the weight multiplies; None
        for a bias.
    target : int
        Index of the unit in this layer.
    """

    layer: int
    source: int | None
    target: int


class LayerExplanation(NamedTuple):
    """What a gradient descent step wants to change in one layer, for each example; see `Network.explain_step`.

    A positive number means that a small increase lowers the cost of the example. The examples are
    the n rows of X.

    Attributes
    ----------
    output_changes : ndarray of shape (n, n_out)
        Wanted change of each activation: minus the derivative of the cost with respect to it.
    bias_changes : ndarray of shape (n, n_out)
        Wanted change of each bias: the wanted change of the activation times the slope of the
        activation function. The wanted change of the weighted sum is the same, because the bias is
        a term of this sum.
    inputs : ndarray of shape (n, n_in)
        Activations of the previous layer.
    outputs : ndarray of shape (n, n_out)
        Activations of this layer.
    weights : ndarray of shape (n_in, n_out)
        A copy of the weights of this layer.
    """

    output_changes: np.ndarray
    bias_changes: np.ndarray
    inputs: np.ndarray
    outputs: np.ndarray
    weights: np.ndarray

    @property
    def weight_changes(self) -> np.ndarray:
        """Wanted change of each weight, of shape (n, n_in, n_out), in proportion to the activation that it multiplies.

        Computed at each access.
        """
        shares: np.ndarray = self.inputs[:, :, None] * self.bias_changes[:, None, :]
        return shares

    @property
    def input_changes(self) -> np.ndarray:
        """Wanted change of each input of the layer, of shape (n, n_in, n_out), in proportion to the weights.

        Element (k, i, j) is what unit j of this layer wants from unit i of the previous layer in example k. The sum
        over j is the wanted change of that activation, `output_changes` of the previous layer. Computed at each access.
        """
        shares: np.ndarray = self.weights * self.bias_changes[:, None, :]
        return shares


class StepExplanation(NamedTuple):
    """What a gradient descent step wants to change, and how much each example contributes.

    Attributes
    ----------
    targets : ndarray of shape (n, n_outputs)
        Wanted value of each output.
    layers : list of LayerExplanation
        One per layer after the input; the last is the output layer.
    average : Gradient
        Wanted change of each weight and bias, averaged over the examples: minus the gradient of the
        mean cost.

    Examples
    --------
    >>> import numpy as np
    >>> from cmlp import Network
    >>> net = Network([2, 3, 2], output="logistic", loss="squared_error", random_state=0)
    >>> X, y = np.array([[0.0, 1.0], [1.0, 0.5]]), [0, 1]
    >>> step = net.explain_step(X, y)
    >>> step.targets
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    >>> np.allclose(step.layers[-1].output_changes, 2 * (step.targets - net.forward(X)))
    True
    >>> [layer.weight_changes.shape for layer in step.layers]
    [(2, 2, 3), (2, 3, 2)]
    >>> np.allclose(step.layers[1].input_changes.sum(axis=2), step.layers[0].output_changes)
    True
    >>> np.allclose(step.layers[0].weight_changes.mean(axis=0), -net.gradient(X, y).weights[0])
    True
    """

    targets: np.ndarray
    layers: list[LayerExplanation]
    average: Gradient


class TrainedEpoch(NamedTuple):
    """What `Trainer.epochs` reports after each epoch.

    Attributes
    ----------
    number : int
        Number of completed epochs; 1 after the first.
    loss : float
        Mean cost of the training rows plus the mean penalty; each batch's cost is computed before
        its step.
    validation_score : float or None
        Score on the validation rows; None if there are none.
    learning_rate : float
        The optimizer's learning rate for the next epoch.
    validation_loss : float or None
        Mean loss of the validation rows; None if it is not computed.
    gradient_norm : float or None
        Norm of the last batch's gradient; None if it is not computed.
    seconds : float
        Duration of the epoch.
    """

    number: int
    loss: float
    validation_score: float | None
    learning_rate: float
    validation_loss: float | None = None
    gradient_norm: float | None = None
    seconds: float = math.nan


class Verification(NamedTuple):
    """The answer of `verify`; ``print`` shows it in one line.

    Attributes
    ----------
    identical : bool
        Whether training again gave the model: all its parts that can be compared, bit for bit.
    reason : {"identical", "version", "parameters", "data", "model"}
        What is another if they are not identical: arithmetic or recipe of this version, a parameter of
        the model or an array that is not that of the record; or data and parameters are those of
        the record, but they give another model.
    different : tuple of str
        The names of what differs: parameters, arrays, or parts of the model, for example "weights"
        or "classes".
    not_checked : tuple of str
        Parts of the model that fit does not make: those of `calibrate` and `choose_threshold`.
    message : str
        One line for a reader.
    """

    identical: bool
    reason: str
    different: tuple[str, ...]
    not_checked: tuple[str, ...]
    message: str

    def __str__(self) -> str:
        return self.message


class Certification(NamedTuple):
    """The answers of `MLPClassifier.certify` and `TabularClassifier.certify`.

    Attributes
    ----------
    answers : ndarray of str, shape (n_samples,)
        "certified", "counterexample" or "unknown".
    counterexamples : ndarray of float64, shape (n_samples, n_features)
        An input of the box with another prediction; NaN where none was found. For tables an array
        of objects, with categories as in X; None where none was found.
    """

    answers: np.ndarray
    counterexamples: np.ndarray


for _kind in (
    Gradient,
    Epoch,
    ParameterIndex,
    LayerExplanation,
    StepExplanation,
    TrainedEpoch,
    Verification,
    Certification,
):
    _kind.__module__ = "cmlp"


def letters(layer: int) -> str:
    """Return the name of a hidden layer, counted from 0: A to Z, then AA, AB, and so on."""
    name = ""
    layer += 1
    while layer:
        layer, digit = divmod(layer - 1, 26)
        name = chr(ord("A") + digit) + name
    return name


def neuron_name(layer: int, neuron: int, output_names: Sequence[str] | None = None) -> str:
    """Return the name of a neuron: "A13" for (0, 12), or its name in `output_names` in the output layer."""
    return output_names[neuron] if output_names is not None else f"{letters(layer)}{neuron + 1}"
