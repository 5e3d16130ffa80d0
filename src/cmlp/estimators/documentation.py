"""The docstring of both estimators: what they share is written once, here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from cmlp.constraints import HIDDEN
from cmlp.estimators.fitted import Fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

Class = TypeVar("Class", bound=type)

TRAINING = f"""
hidden_layer_sizes : int or array-like of int, default=(100,)
    Number of units of each hidden layer; ``()`` makes a linear model.
activation : str or list of str, default="relu"
    Activation of the hidden layers: one name for all of them, or one for each. The names are
    {", ".join(f'"{name}"' for name in HIDDEN)}.
solver : {{"adam", "lbfgs", "sgd"}}, default="adam"
    Adam [1]_; L-BFGS [5]_, for small data, which needs SciPy (the extra ``cmlp[scipy]``); or stochastic gradient
    descent with momentum. "lbfgs" uses all rows at each step. It ignores the parameters of batches, learning rates and
    early stopping, and there is no `partial_fit`.
alpha : float, default=0.0001
    Strength of the L2 penalty, ``alpha / 2 * sum(w ** 2)``, divided by the batch size.
batch_size : int or "auto", default="auto"
    Rows per update; "auto" is 200 or the number of rows, whichever is less.
learning_rate : {{"constant", "invscaling", "adaptive", "one_cycle"}}, default="constant"
    With "invscaling" the learning rate after t rows is ``learning_rate_init / (t + 1) ** power_t``; with "adaptive" it
    is divided by 5 whenever training would stop, until it is below 1e-6; both for ``solver="sgd"``. With "one_cycle"
    [4]_ it rises linearly to `learning_rate_init` over the first 30 % of the batches of `max_iter` epochs, and falls
    linearly to 0: see the notes.
learning_rate_init : float, default=0.001
    The first learning rate; with "one_cycle" the largest. A change between two calls of partial_fit takes effect:
    "adaptive" starts again from the new rate.
power_t : float, default=0.5
    Exponent for "invscaling".
max_iter : int, default=200
    Largest number of epochs; for "lbfgs" of iterations.
shuffle : bool, default=True
    Whether to shuffle the rows before each epoch.
random_state : None, int or RandomState, default=None
    Source of the random numbers for the initial weights, the validation rows and the order of the rows. With an int,
    every fit and partial_fit uses the same random numbers.
tol : float, default=1e-4
    Minimum improvement of the loss (with `early_stopping` of the score) for an epoch to count as one. "lbfgs" stops
    when no entry of the gradient is larger.
verbose : bool or int, default=False
    Whether to print a line per epoch.
warm_start : bool, default=False
    Whether fit continues from the model of the previous call. It raises ValueError if the layer sizes, `activation`,
    `loss`, `dtype` or `input_scale` have changed.
momentum : float, default=0.9
    Momentum for ``solver="sgd"``.
nesterovs_momentum : bool, default=True
    Whether to use Nesterov's momentum, in the form of [2]_.
early_stopping : bool, default=False
    Whether to set validation rows aside, to stop by the score on them, and to keep the best weights.
validation_fraction : float, default=0.1
    Fraction of the rows that are used for validation. For binary targets both parts have the classes in the same
    proportions.
beta_1, beta_2 : float, default=0.9, 0.999
    Decay rates of Adam's moment estimates.
epsilon : float, default=1e-8
    Added to the denominator of Adam's step.
n_iter_no_change : int or inf, default=10
    Training stops after more than this many epochs without improvement. With inf, training takes `max_iter` epochs
    without a ConvergenceWarning.
max_fun : int, default=15000
    Largest number of evaluations of the loss by "lbfgs", checked after each iteration.
"""

COMPUTATION = """
n_threads : None or int, default=None
    Largest number of threads. If None, chosen from the problem size and the number of CPUs. The results do not depend
    on it.
dtype : {"auto", "float32", "float64"}, default="auto"
    Type of the weights and of the computation; "auto" is float32 for float32, float16 and uint8 arrays, else float64.
input_scale : float, default=1
    Factor of the input: ``1 / 255`` for images of bytes.
"""

NOTES = """
Weights and biases start uniform in ``+-sqrt(6 / (n_in + n_out))``, with 2 in place of 6 for logistic layers [3]_.

With ``learning_rate="one_cycle"``, batch b of all N (from 0; N is `max_iter` times the batches of an epoch) is trained
on with ``learning_rate_init * (b + 1/2) / m`` while ``b + 1/2`` is below ``m = 0.3 * N``, then with
``learning_rate_init * (N - b - 1/2) / (N - m)``. It needs few epochs: set `max_iter`. All of them are trained, whatever
`tol` and `early_stopping` are (the latter still keeps the best weights), and without a ConvergenceWarning. Every fit is
one cycle, a warm start too. For partial_fit, each call is one of the `max_iter` epochs that the first call found; after
the last one it raises ValueError.

Differences from scikit-learn:

- A warm start or partial_fit with another `activation`, `loss`, `dtype` or `input_scale` raises ValueError.
- Ctrl-C raises KeyboardInterrupt; the model after the complete epochs is kept.
- With ``n_iter_no_change=inf`` training ends at `max_iter` without a ConvergenceWarning.
- Predictions have the type of the weights, for example float32 after a fit on uint8 rows.
"""

REFERENCES = """
.. [1] Kingma, Ba (2015), "Adam: a method for stochastic optimization", ICLR.
.. [2] Sutskever, Martens, Dahl, Hinton (2013), "On the importance of initialization and momentum in deep learning",
   ICML.
.. [3] Glorot, Bengio (2010), "Understanding the difficulty of training deep feedforward neural networks", AISTATS.
.. [4] Smith, Topin (2018), "Super-convergence: very fast training of neural networks using large learning rates",
   arXiv:1708.07120.
.. [5] Byrd, Lu, Nocedal, Zhu (1995), "A limited memory algorithm for bound constrained optimization", SIAM Journal on
   Scientific Computing.
"""


def documented(cls: Class) -> Class:
    """Replace the lines ``<training parameters>`` and so on in a class's docstring by the shared text."""
    sections: Mapping[str, str] = {
        "training parameters": TRAINING,
        "computation parameters": COMPUTATION,
        "fitted attributes": fitted_attributes(cls),
        "notes": NOTES,
        "references": REFERENCES,
    }
    if cls.__doc__:  # None if Python runs with -OO
        cls.__doc__ = re.sub(
            r"^( *)<([a-z ]+)>$",
            lambda line: "\n".join(line[1] + text if text else "" for text in sections[line[2]].strip().splitlines()),
            cls.__doc__,
            flags=re.MULTILINE,
        )
    return cls


def fitted_attributes(cls: type) -> str:
    """Return the docstring's entries of the attributes that fit provides."""
    found = {name: value for base in cls.__mro__ for name, value in vars(base).items() if isinstance(value, Fitted)}
    found = {name: attribute for name, attribute in found.items() if not name.startswith("_")}
    return "\n".join(f"{name} : {attribute.kind}\n    {attribute.__doc__}" for name, attribute in found.items())
