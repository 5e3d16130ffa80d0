"""Training a network: single steps, epochs, optimizers."""

from __future__ import annotations

from numbers import Integral
from typing import TYPE_CHECKING, Any, TypedDict

from cmlp._bridge.blocks import block_copy
from cmlp._core import Optimizer
from cmlp._estimators.network_parameters import NetworkParameters
from cmlp._model.results import Epoch
from cmlp._train.architecture import per_layer
from cmlp._train.constraints import COUNT, LARGEST_INTEGER, argument, interval
from cmlp._train.hyperparameters import documented, network_argument

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self, Unpack

    from numpy.typing import ArrayLike

_ALL_ROWS = 2**63 - 1  # a batch size that includes all rows
_SEED = interval(Integral, 0, 2**32 - 1, "both", booleans=False)
_STEP = interval(Integral, 0, LARGEST_INTEGER, "both", booleans=False)


class Objective(TypedDict, total=False):
    """Keywords of `Network.cost` that define the objective."""

    sample_weight: ArrayLike | None
    alpha: float | Sequence[float]
    dropout: float | Sequence[float]
    dropout_seed: int
    dropout_step: int


def objective(given: Objective, n_layers: int) -> dict[str, Any]:
    """Return the keywords of an objective, as `Network.cost` documents them, in the form that the core expects."""
    unknown = sorted(set(given) - set(Objective.__annotations__))
    if unknown:
        raise TypeError(
            f"unexpected keyword argument {unknown[0]!r}; valid keywords are {', '.join(Objective.__annotations__)}"
        )
    core: dict[str, Any] = {"sample_weight": given.get("sample_weight")}
    alpha, dropout = given.get("alpha", 0.0), given.get("dropout", 0.0)
    if hasattr(alpha, "__iter__"):
        core["alphas"] = per_layer("alpha", alpha, n_layers)
    else:
        core["alpha"] = network_argument("alpha", alpha)
    rates = per_layer("dropout", dropout, n_layers - 1, "hidden layers")
    if any(rates) or hasattr(dropout, "__iter__"):
        core["dropout"] = rates
    core["dropout_seed"] = argument("dropout_seed", given.get("dropout_seed", 0), _SEED)
    core["dropout_step"] = argument("dropout_step", given.get("dropout_step", 0), _STEP)
    return core


class NetworkTraining(NetworkParameters):
    """Training methods of a network; base class of `Network`."""

    def _keywords(self, given: Objective) -> dict[str, Any]:
        """Return the keywords of a call of the core: input scale, threads and objective."""
        return {"scale": self._scale, "n_threads": self._n_threads, **objective(given, len(self.sizes) - 1)}

    def fit(
        self,
        X: ArrayLike,
        y: ArrayLike,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: ArrayLike | None = None,
        y_val: ArrayLike | None = None,
        sample_weight_val: ArrayLike | None = None,
        **parameters: Any,
    ) -> Self:
        """Train the network: the short form of ``Trainer(network, **parameters).run(X, y, sample_weight)``.

        Parameters
        ----------
        X : array-like or sparse container of shape (n, n_inputs)
        y : array-like of shape (n,) or (n, n_outputs)
            Targets, as for `cost`.
        sample_weight : None, float or array-like of shape (n,), default=None
            Weights of the rows, not negative.
        X_val, y_val, sample_weight_val
            Validation rows of your own, as for `cmlp.Trainer.run`.
        **parameters
            Parameters of `cmlp.Trainer`, such as ``solver``, ``max_iter`` or ``early_stopping``.

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If an argument is invalid, X contains NaN or infinity (`NonFiniteInputError`) or training diverges
            (`DivergenceError`). The network stays unchanged.
        KeyboardInterrupt
            On Ctrl-C; the parameters are those after the last complete batch.

        Examples
        --------
        >>> from cmlp import Network
        >>> X, y = [[0.0, 0.0], [1.0, 1.0], [0.0, 1.0], [1.0, 0.0]], [0, 0, 1, 1]
        >>> net = Network([2, 8, 2], "tanh", random_state=0)
        >>> net.fit(X, y, learning_rate_init=0.1, max_iter=100, random_state=0).predict(X)
        array([0, 0, 1, 1])
        """
        from cmlp._estimators.trainer import Trainer  # programs that only predict do not need it

        trainer = Trainer(self, **parameters)
        before = block_copy(self._params)
        try:
            trainer.run(X, y, sample_weight, X_val=X_val, y_val=y_val, sample_weight_val=sample_weight_val)
        except Exception:
            self._params[:] = before
            raise
        return self

    def step(self, X: ArrayLike, y: ArrayLike, learning_rate: float) -> float:
        """Take one gradient descent step on all rows; return their mean cost before the step."""
        return self.train_epoch(X, y, _ALL_ROWS, learning_rate).loss

    @documented("Network")
    def optimizer(
        self,
        solver: str = "sgd",
        *,
        learning_rate: float,
        momentum: float = 0.9,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        max_grad_norm: float | None = None,
    ) -> Optimizer:
        """Return a new optimizer for the parameters of this network.

        Parameters
        ----------
        solver : {"sgd", "momentum", "nesterov", "adam", "adamw"}, default="sgd"
        <parameters>

        Returns
        -------
        Optimizer
            An object with the attributes ``solver``, ``learning_rate``, ``n_steps`` and ``state`` (the moments).

        Raises
        ------
        ValueError
            If a hyperparameter is invalid.
        """
        given = {
            "learning_rate": learning_rate,
            "momentum": momentum,
            "beta_1": beta_1,
            "beta_2": beta_2,
            "epsilon": epsilon,
            "weight_decay": weight_decay,
        }
        checked = {name: network_argument(name, value) for name, value in given.items()}
        max_norm = network_argument("max_grad_norm", max_grad_norm) or 0.0
        return Optimizer(self._net, solver, **checked, max_norm=max_norm)

    def train_epoch(
        self,
        X: ArrayLike,
        y: ArrayLike,
        batch_size: int,
        optimizer: Optimizer | float,
        *,
        order: ArrayLike | None = None,
        learning_rates: ArrayLike | None = None,
        gradient_norm: bool = False,
        **objective: Unpack[Objective],
    ) -> Epoch:
        """Train for one epoch, with one optimizer step per batch; return loss, penalty and gradient norm.

        This is the C library's training loop without anything around it. `fit` and `cmlp.Trainer` shuffle, schedule the
        learning rate and stop by themselves.

        Parameters
        ----------
        X : array of shape (n, n_inputs)
        y : array of shape (n,) or (n, n_outputs)
        batch_size : int
            Number of rows per batch; the last batch may be smaller.
        optimizer : Optimizer or float
            An object from `optimizer`, which keeps its state from epoch to epoch; or the learning rate of plain
            gradient descent.
        order : array of int, default=None
            Indices of the rows to use, in this order; None for all rows in their original order.
        learning_rates : array of shape (n_batches,), default=None
            A learning rate for each batch; None for the optimizer's learning rate.
        gradient_norm : bool, default=False
            Whether to compute the norm of the last batch's gradient (before clipping).
        **objective
            As for `cost`, except that dropout uses the optimizer's ``n_steps`` as the step.

        Returns
        -------
        Epoch

        Raises
        ------
        ValueError
            If an argument is invalid, or the optimizer was made for a different network. `DivergenceError`, a subclass,
            if the cost or a parameter is no longer finite. The parameters are then those after the last complete batch
            and need not be finite, because its step may have made them NaN or infinite. To continue, keep a copy of
            `params` from before the epoch.
        KeyboardInterrupt
            On Ctrl-C; the parameters are those after the last complete batch.

        Examples
        --------
        >>> from cmlp import Network
        >>> net = Network([2, 3, 2], random_state=0)
        >>> adam = net.optimizer("adam", learning_rate=0.01)
        >>> net.train_epoch([[0.0, 1.0], [1.0, 0.0]], [0, 1], batch_size=1, optimizer=adam).batches
        2
        """
        if not isinstance(optimizer, Optimizer):
            optimizer = self.optimizer(learning_rate=optimizer)
        cost, penalty, norm, n_batches = self._net.train_epoch(
            self.params,
            X,
            y,
            optimizer,
            batch_size=argument("batch_size", batch_size, COUNT),
            order=order,
            rates=learning_rates,
            want_norm=gradient_norm,
            **self._keywords(objective),
        )
        return Epoch(cost + penalty, penalty, norm, n_batches)
