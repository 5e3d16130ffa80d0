"""Text that the docstrings of both estimators share."""

from __future__ import annotations

from cmlp._estimators.attributes import FittedAttribute

NOTES = """
With ``initialization="glorot"``, the initial weights and biases are uniform in ``+-sqrt(6 / (n_in + n_out))``, with 2
instead of 6 for logistic layers [3]_. With "he", the weights are uniform in ``+-sqrt(6 / n_in)`` (He et al., "Delving
deep into rectifiers", ICCV 2015), with "lecun" in ``+-sqrt(3 / n_in)`` (LeCun et al., "Efficient backprop", 1998), and
the biases are 0.

With ``learning_rate="one_cycle"``, the batches of all `max_iter` epochs are numbered from 0 to N - 1. The learning rate
of batch b is ``learning_rate_init * (b + 1/2) / m`` if ``b + 1/2`` is below ``m = 0.3 * N``, otherwise
``learning_rate_init * (N - b - 1/2) / (N - m)``. This schedule needs only a few epochs: set `max_iter` to that number.
Training always takes `max_iter` epochs and issues no ConvergenceWarning: `tol` is ignored, and `early_stopping` only
keeps the best weights. Every fit, including a warm start, runs a full cycle. With partial_fit, every call is one of the
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


def sections_of(cls: type) -> dict[str, str]:
    """Return the texts for the lines in angle brackets in the docstring of an estimator."""
    members = ((name, value) for base in cls.__mro__ for name, value in vars(base).items())
    found = {name: value for name, value in members if isinstance(value, FittedAttribute)}
    entries = [f"{name} : {one.kind}\n    {one.__doc__}" for name, one in found.items() if not name.startswith("_")]
    return {"fitted attributes": "\n".join(entries), "notes": NOTES, "references": REFERENCES}
