"""Text that the docstrings of both estimators share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from cmlp.constraints import HIDDEN
from cmlp.estimators.fitted import Fitted

if TYPE_CHECKING:
    from collections.abc import Mapping

Class = TypeVar("Class", bound=type)

TRAINING = f"""
hidden_layer_sizes : int or array-like of int, default=(100,)
    Number of units of each hidden layer; ``()`` gives a linear model.
activation : str or list of str, default="relu"
    Activation of the hidden layers: one name for all of them, or one for each. The names are
    {", ".join(f'"{name}"' for name in HIDDEN)}.
solver : {{"adam", "adamw", "lbfgs", "sgd"}}, default="adam"
    "adam" is Adam [1]_, "adamw" is Adam with `weight_decay`, "sgd" is stochastic gradient descent with momentum, and
    "lbfgs" is L-BFGS [5]_, for small data sets. "lbfgs" needs SciPy (the extra ``cmlp[scipy]``) and uses all rows in
    each step. It ignores the parameters for batches, learning rates and early stopping, and `partial_fit` does not
    exist. With "lbfgs", `dropout` and `max_grad_norm` raise ValueError.
alpha : float or sequence of float, default=0.0001
    Strength of the L2 penalty, ``alpha / 2 * sum(w ** 2)``, divided by the batch size. One number for all layers after
    the input, or one for each.
batch_size : int or "auto", default="auto"
    Number of rows per update; "auto" is the smaller of 200 and the number of rows.
learning_rate : {{"constant", "invscaling", "adaptive", "one_cycle", "cosine"}} or callable, default="constant"
    The learning-rate schedule. With "invscaling", the learning rate after t rows is
    ``learning_rate_init / (t + 1) ** power_t``. With "adaptive", it is divided by 5 each time training would stop,
    until it is at most 1e-6. Both need ``solver="sgd"``. With "one_cycle" [4]_, it rises linearly to
    `learning_rate_init` during the first 30 % of all batches, then falls linearly to 0 (see Notes). With "cosine" [6]_,
    batch b of N has ``learning_rate_init / 2 * (1 + cos(pi * b / N))``, which falls to 0 at `max_iter`. A callable
    receives the index of the batch and the number of all batches, ``(step, n_steps)``, and returns the learning rate.
    The last three are planned: training takes `max_iter` epochs, whatever `n_iter_no_change` is.
learning_rate_init : float, default=0.001
    The initial learning rate; with "one_cycle" the largest one. It can be changed between calls of partial_fit; the
    schedule then continues from the new value.
power_t : float, default=0.5
    Exponent for "invscaling".
max_iter : int, default=200
    Maximum number of epochs, or of iterations for "lbfgs".
shuffle : bool or "blocks", default=True
    Whether to shuffle the rows before each epoch. "blocks" is for a memory-mapped file that is larger than memory: it
    shuffles the order of blocks of `block_size` rows, and then the rows of 8 blocks at a time, so that the file is read
    in long stretches and only the order of 8 blocks is held.
random_state : None, int or RandomState, default=None
    Seed or generator for the initial weights, the validation split and the order of the rows. With an int, every fit
    and partial_fit uses the same random numbers.
tol : float, default=1e-4
    Minimum improvement of the loss (of the score, with `early_stopping`) for an epoch to count as an improvement.
    "lbfgs" stops when every entry of the gradient is at most `tol`.
verbose : bool, int or "bar", default=False
    Whether to print a line per epoch; n for a line after the first and every n-th epoch, "bar" for a progress bar
    (needs tqdm).
warm_start : bool, default=False
    Whether fit continues from the model of the previous call. fit then raises ValueError if the layer sizes,
    `activation`, `loss`, `dtype` or `input_scale` have changed.
momentum : float, default=0.9
    Momentum for ``solver="sgd"``.
nesterovs_momentum : bool, default=True
    Whether to use Nesterov's momentum [2]_.
early_stopping : bool, default=False
    Whether to hold out validation rows, to stop when the score on them stops improving, and to keep the best weights.
    With ``fit(X_val=..., y_val=...)``, your own rows are used instead.
validation_fraction : float, default=0.1
    Fraction of the rows to use for validation. For binary targets, the split is stratified.
beta_1, beta_2 : float, default=0.9, 0.999
    Decay rates of Adam's moment estimates.
epsilon : float, default=1e-8
    Added to the denominator of Adam's step.
n_iter_no_change : int or inf, default=10
    Training stops after more than this many consecutive epochs without improvement. With inf, training always takes
    `max_iter` epochs; with ``tol=0`` too, it issues no ConvergenceWarning.
max_fun : int, default=15000
    Maximum number of loss evaluations for "lbfgs"; the limit is checked after each iteration.
"""

MODEL = """
activation_parameter : float, sequence of float or None, default=None
    Positive parameter of "leaky_relu" (the slope for negative inputs, by default 0.01) and "elu" (minus the limit at
    minus infinity, by default 1). One number for all hidden layers, or one for each; None or 0 is the default.
initialization : {"glorot", "he", "lecun"} or tuple (coefs, intercepts), default="glorot"
    The range of the initial weights (see Notes), or the initial weights and biases themselves: two lists of arrays,
    like `coefs_` and `intercepts_`. A warm start continues from the previous model instead.
weight_decay : float, default=0.0
    Weight decay for ``solver="adamw"``: before each step, ``learning_rate * weight_decay`` times the weight is
    subtracted from every weight, but not from the biases (Loshchilov and Hutter, "Decoupled weight decay
    regularization", ICLR 2019).
max_grad_norm : float or None, default=None
    If the norm of a batch's gradient (with the penalty) is larger, the gradient is scaled to this norm (Pascanu,
    Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013). None means no clipping.
dropout : float or sequence of float, default=0.0
    Probability, at least 0 and below 1, with which a training step sets an activation of a hidden layer to 0; the
    others are divided by ``1 - dropout``. Predictions use all units (Srivastava et al., "Dropout: a simple way to
    prevent neural networks from overfitting", JMLR 2014). One number for all hidden layers, or one for each.
"""

EXTRA_TRAINING = """
warmup : float, default=0
    Number of batches at the start in which the learning rate rises, or if below 1 their fraction of all batches. Batch
    b of the first W has ``(b + 1) / W`` times the learning rate of the schedule [7]_; "cosine" begins after them.
max_time : float or None, default=None
    Time limit of fit in seconds. Training stops after the last complete batch, at most 0.1 s too late for up to 10
    million parameters (while `scoring` or a callback runs, later), and ``fit(resume=True)`` continues. Ignored by
    partial_fit.
scoring : None, str or callable, default=None
    Score of the validation rows, of which higher values are better. None means `score`. "loss" means minus the
    validation loss. Other names are scorers of scikit-learn. A callable has the arguments ``(estimator, X, y)``, and
    ``sample_weight`` if the rows have weights; its X is an array.
callbacks : list of object or None, default=None
    Objects with at least one of the methods ``on_fit_begin(trainer)``, ``on_batches_end(trainer)``,
    ``on_epoch_end(trainer)`` and ``on_fit_end(trainer)``, which fit calls; see `cmlp.callbacks`. Not stored in model
    files.
block_size : int, default=1024
    Rows per block for ``shuffle="blocks"``.
"""

COMPUTATION = """
n_threads : None or int, default=None
    Maximum number of threads. If None, chosen from the problem size and the number of CPUs. The results do not depend
    on it.
dtype : {"auto", "float32", "float64"}, default="auto"
    Type of the weights and of the computation. "auto" means float32 for float32, float16 and uint8 arrays, otherwise
    float64.
input_scale : float, (shift, factor), "standard", "minmax" or "robust", default=1
    What happens to an input when it is read. A number is the factor of all inputs: ``1 / 255`` for images of bytes.
    With two vectors of shape (n_features,), the network sees ``(X - shift) * factor``, computed in float64 and rounded
    once. The others are learnt in fit, from the training rows only and with their sample weights: "standard" gives each
    column the mean 0 and the standard deviation 1, "minmax" the range from 0 to 1, "robust" the median 0 and the
    interquartile range 1. A column without a spread gets the factor 1. For sparse X the shifts are 0. `input_scale_`
    has what was learnt. A warm start and further calls of `partial_fit` keep it.
"""

NOTES = """
With ``initialization="glorot"``, the initial weights and biases are uniform in ``+-sqrt(6 / (n_in + n_out))``, with 2
instead of 6 for logistic layers [3]_. With "he", the weights are uniform in ``+-sqrt(6 / n_in)`` (He et al., "Delving
deep into rectifiers", ICCV 2015), with "lecun" in ``+-sqrt(3 / n_in)`` (LeCun et al., "Efficient backprop", 1998), and
the biases are 0.

With ``learning_rate="one_cycle"``, the batches of all `max_iter` epochs are numbered from 0 to N - 1. The learning rate
of batch b is ``learning_rate_init * (b + 1/2) / m`` if ``b + 1/2`` is below ``m = 0.3 * N``, otherwise
``learning_rate_init * (N - b - 1/2) / (N - m)``. This schedule needs only a few epochs: set `max_iter` to that number.
Training always takes `max_iter` epochs and issues no ConvergenceWarning: `tol` is ignored, and `early_stopping` only
keeps the best weights. Every fit is a complete cycle, also a warm start. With partial_fit, every call is one of the
`max_iter` epochs of the first call; further calls raise ValueError.

`history_` has a number for every epoch of all calls: "loss"; "validation_loss" (without the penalty; with own
validation rows or ``scoring="loss"``) and "validation_score"; "learning_rate" and "gradient_norm" of the last batch
(the norm in epochs of at least 10 batches, where it costs less than 1 %); "seconds", except in copies and pickles, so
that those of two fits with equal seeds are equal. What was never computed is left out, and single missing values are
NaN. ``pandas.DataFrame(model.history_)`` is a table.

Differences from scikit-learn:

- A warm start or partial_fit with another `activation`, `loss`, parameter of these, `dtype` or `input_scale` raises
  ValueError.
- Ctrl-C raises KeyboardInterrupt. The model after the last complete batch is kept, if at least one epoch is complete.
  ``fit(resume=True)`` continues.
- With ``n_iter_no_change=inf`` and ``tol=0``, training ends after `max_iter` epochs without a ConvergenceWarning.
- Predictions have the dtype of the weights, for example float32 after a fit on uint8 rows.
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
.. [6] Loshchilov, Hutter (2017), "SGDR: stochastic gradient descent with warm restarts", ICLR.
.. [7] Goyal et al. (2017), "Accurate, large minibatch SGD: training ImageNet in 1 hour", arXiv:1706.02677.
"""


def documented(cls: Class) -> Class:
    """Replace the placeholders in a class's docstring, such as ``<training parameters>``, by the shared text."""
    sections: Mapping[str, str] = {
        "training parameters": TRAINING,
        "model parameters": MODEL,
        "extra training parameters": EXTRA_TRAINING,
        "computation parameters": COMPUTATION,
        "fitted attributes": fitted_attributes(cls),
        "notes": NOTES,
        "references": REFERENCES,
    }
    if cls.__doc__:  # None if Python runs with -OO
        cls.__doc__ = "\n".join(line for given in cls.__doc__.split("\n") for line in _replaced(given, sections))
    return cls


def _replaced(line: str, sections: Mapping[str, str]) -> list[str]:
    """Return the lines for a line of a docstring: itself, or the indented text whose name it has in angle brackets."""
    indent, opening, name = line.partition("<")
    if not opening or indent.strip() or not name.endswith(">"):  # a regular expression takes longer to compile
        return [line]
    return [indent + text if text else "" for text in sections[name[:-1]].strip().splitlines()]


def fitted_attributes(cls: type) -> str:
    """Return the docstring entries of the fitted attributes."""
    found = {name: value for base in cls.__mro__ for name, value in vars(base).items() if isinstance(value, Fitted)}
    found = {name: attribute for name, attribute in found.items() if not name.startswith("_")}
    return "\n".join(f"{name} : {attribute.kind}\n    {attribute.__doc__}" for name, attribute in found.items())
