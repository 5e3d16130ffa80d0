"""Training options: the parameters of `Trainer` after validation and conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cmlp._bridge import _core
from cmlp._train.architecture import per_layer
from cmlp._train.parameters import OWN_VALIDATION, PARAMETERS
from cmlp._train.random import draw_seed
from cmlp._train.schedules import Custom, Schedule, kind_of_schedule
from cmlp._train.training_parameters import TrainingParameters, has_epochs
from cmlp.exceptions import InvalidParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Self

    from cmlp._train.state import TrainingState


class Options:
    """Parameters with their names. They never change.

    The table of hyperparameters has converted all numbers to Python's int (at most ``2**63 - 1``) and float.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        vars(self).update(values)

    def replace(self, **changes: Any) -> Self:
        """Return options with other values."""
        return type(self)({**vars(self), **changes})


class TrainingOptions(TrainingParameters, Options):
    """The parameters of `cmlp.Trainer` except `random_state`."""

    @property
    def has_epochs(self) -> bool:
        """Whether the solver trains in epochs and batches, with a learning rate."""
        return has_epochs(self.solver)

    @property
    def full_batch_size(self) -> int:
        """The number of rows of a batch if there are as many."""
        if isinstance(self.batch_size, str):  # "auto"
            return 200
        return self.batch_size

    def of_trainer(self) -> dict[str, Any]:
        """Return the values of the parameters of `Trainer`, without those that a subclass adds."""
        names = PARAMETERS.constraints("Trainer").keys() - {"random_state"}
        return {name: value for name, value in vars(self).items() if name in names}

    def optimizer(self, net: _core.Net) -> _core.Optimizer:
        """Return a new optimizer for a network; the solver must have epochs."""
        solver = self.solver
        if self.solver == "sgd" and self.momentum > 0:
            solver = "nesterov" if self.nesterovs_momentum else "momentum"
        return _core.Optimizer(
            net,
            solver,
            learning_rate=self.learning_rate_init,
            momentum=self.momentum,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
            weight_decay=self.weight_decay,
            max_norm=self.max_grad_norm or 0.0,
        )

    def schedule(self) -> Schedule:
        """Return the learning-rate schedule. As in scikit-learn, Adam ignores "invscaling" and "adaptive"."""
        numbers = self.learning_rate_init, self.power_t, self.max_iter, self.warmup
        if callable(self.learning_rate):
            return Custom(*numbers, function=self.learning_rate)
        kind = kind_of_schedule(self.learning_rate)
        if kind.sgd_only and self.solver in ("adam", "adamw"):
            return Schedule(*numbers)
        return kind(*numbers)

    def penalty_and_dropout(self, n_layers: int) -> _core.RunKeywords:
        """Return the keywords of the core for the L2 penalty and dropout of a network with `n_layers` layers."""
        keywords: _core.RunKeywords
        if isinstance(self.alpha, float):
            keywords = {"alpha": self.alpha}
        else:
            keywords = {"alphas": per_layer("alpha", self.alpha, n_layers)}
        if not isinstance(self.dropout, float) or self.dropout:
            rates = per_layer("dropout", self.dropout, n_layers - 1, "hidden layers")
            if any(rates):
                keywords["dropout"] = rates
        return keywords

    def draw_dropout_seed(self, state: TrainingState, n_layers: int) -> None:
        """With dropout, draw the seed of a new training from its generator."""
        if "dropout" in self.penalty_and_dropout(n_layers):
            assert state.generator is not None
            state.dropout_seed = draw_seed(state.generator)


def check_scoring(options: TrainingOptions, own_rows: bool) -> None:
    """Raise ValueError if `scoring` or own validation rows contradict other parameters of a fit."""
    if own_rows:
        PARAMETERS.require_allowed(OWN_VALIDATION, vars(options))
    if options.scoring is not None and not (own_rows or options.early_stopping):
        raise InvalidParameterError(
            f"scoring={options.scoring!r} needs validation rows, but early_stopping=False and "
            "X_val=None, or solver='lbfgs', which has no epochs.",
            parameter="scoring",
            value=options.scoring,
        )


def options_of(checked: Mapping[str, Any], n_layers: int) -> TrainingOptions:
    """Return the options with converted parameters; ValueError if parameters contradict each other or `n_layers`."""
    values = {
        name: checked[name] for name in PARAMETERS.constraints("Trainer") if name != "random_state"
    }
    if not has_epochs(values["solver"]):
        values["early_stopping"] = False  # ignored, as in scikit-learn
    options = TrainingOptions(values)
    options.penalty_and_dropout(n_layers)  # raises ValueError unless there is one number per layer
    if not options.has_epochs:
        refused = PARAMETERS.refused_without_batches("Trainer", values)
        if refused is not None:
            raise InvalidParameterError(
                f"{refused}={values[refused]!r} needs batches: use another solver than "
                f"{options.solver!r}.",
                parameter=refused,
                value=values[refused],
            )
    if options.weight_decay and options.solver != "adamw":
        raise InvalidParameterError(
            f"weight_decay={options.weight_decay!r} needs solver='adamw', got {options.solver!r}.",
            parameter="weight_decay",
            value=options.weight_decay,
        )
    return options
