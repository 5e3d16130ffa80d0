"""How training begins: initial weights, the random numbers and scales before the first epoch, and what executes it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, TypeAlias

from cmlp import _core
from cmlp._bridge.blocks import empty_block, given_params
from cmlp._train.architecture import canonical
from cmlp._train.job import standardized
from cmlp._train.lbfgs import LBFGS
from cmlp._train.loop import EpochLoop
from cmlp._train.random import draw_and_store
from cmlp._train.recorder import STOPPING_RULES
from cmlp._train.split import split
from cmlp._train.state import Curve
from cmlp._train.target_scale import warn_of_lost_targets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from numpy.typing import NDArray

    from cmlp._train.engine import Engine
    from cmlp._train.job import TrainingJob
    from cmlp._train.random import Generator


_FACTORS = {"he": 6, "lecun": 3}
_CHUNK = 2**18  # random numbers per call of the generator, which takes a few milliseconds


def init_activations(hidden: Sequence[str], activation: str | Iterable[str]) -> list[str]:
    """Return for each layer the activation that determines the range of its initial weights.

    The output layer uses the last hidden one. A network without hidden layers uses the user's `activation`; a list
    (which must be empty then) counts as "identity".
    """
    named = canonical(activation) if isinstance(activation, str) else "identity"
    return [*hidden, hidden[-1] if hidden else named]


def initial_params(
    net: _core.Net, rng: Generator, activations: Sequence[str], initialization: str | Sequence[Any] = "glorot"
) -> NDArray[Any]:
    """Return a block of initial parameters; with "glorot" the same random numbers as scikit-learn's for the same seed.

    Only the method ``random_sample`` of the generator is called: its values are the same on every platform. An
    `initialization` that is no name is a pair of lists of arrays. Random weights are uniform in ``(-bound, bound)``:

    - "glorot": ``bound = sqrt(factor / (n_in + n_out))`` for weights and biases; the factor is 2 for "logistic" and 6
      for other activations (Glorot and Bengio 2010).
    - "he": ``bound = sqrt(6 / n_in)``, and biases of 0 (He, Zhang, Ren and Sun 2015).
    - "lecun": ``bound = sqrt(3 / n_in)``, and biases of 0 (LeCun, Bottou, Orr and Müller 1998).
    """
    if not isinstance(initialization, str):
        coefs, intercepts = initialization[0], initialization[1]
        return given_params(net, coefs, intercepts, ("the coefs of initialization", "the intercepts of initialization"))
    params = empty_block(net.n_params, net.dtype)
    for weights, biases, activation in zip(*net.views(params), activations, strict=True):
        if initialization == "glorot":
            factor = _core.ACTIVATIONS[activation].init_factor
            bound = math.sqrt(factor / sum(weights.shape))  # with NumPy's scalars, a failing allocation can crash
            _fill(weights.reshape(-1), bound, rng)
            _fill(biases, bound, rng)
        else:
            _fill(weights.reshape(-1), math.sqrt(_FACTORS[initialization] / weights.shape[0]), rng)
            biases[:] = 0
    return params


def _fill(tensor: NDArray[Any], bound: float, rng: Generator) -> None:
    """Fill a flat array with uniform numbers from -bound to bound, in chunks so that Ctrl-C takes effect within ms."""
    for start in range(0, tensor.size, _CHUNK):
        chunk = tensor[start : start + _CHUNK]
        chunk[...] = -bound + 2 * bound * rng.random_sample(chunk.shape)


# -------------------------------------------------------------------------------------------------- how training begins


TrainingRun: TypeAlias = EpochLoop | LBFGS


def prepare_state(job: TrainingJob, n_rows: int) -> TrainingJob:
    """Choose the validation rows, and learn the scales of inputs and targets; a state with epochs continues.

    The validation rows are the only thing that is drawn. `n_rows` is 0 for a source of unknown length. Raises
    ValueError if the state does not match the network or the data.
    """
    net, task, data, options, state = job[:5]
    if net.dtype == "float32" and not task.standardize and not state.history.t:
        warn_of_lost_targets(task.targets, data.weight)
    state.check(net)
    data.require_weights(net.dtype)
    if options.shuffle and state.generator is None:
        raise ValueError("The training state is from a finished training: it has no random generator.")
    if state.n_rows is None or options.solver == "lbfgs":  # whose memory is not a part of the state
        _begin_history(job, n_rows)
    elif state.n_rows != n_rows:
        raise ValueError(f"Training began with {state.n_rows} rows, so it cannot continue with {n_rows}.")
    else:
        state.unfold(net)
        state.restore_last()
    learned = data.with_learned_scale(state.order)
    scaled = standardized(task, net, learned, state)
    return job._replace(task=scaled, data=learned.scaled_like(state.target_scale), given=(data, task.targets))


def _begin_history(job: TrainingJob, n_rows: int) -> None:
    """Prepare the history of a state that has not seen the data yet, and choose the validation rows."""
    task, data, options, state = job[1:5]
    history = state.history
    STOPPING_RULES[options.early_stopping](options.tol).begin(history)
    if data.validation is not None and history.validation_scores is None:
        history.validation_scores, history.best_validation_score = Curve(), -math.inf
    if data.split is not None:
        state.n_rows, (state.order, state.validation) = n_rows, data.split
        return
    if not options.early_stopping or data.validation is not None:
        state.n_rows = n_rows
        return

    def draw(rng: Generator) -> dict[str, object]:
        order, validation = split(task, data.weight, n_rows, options, rng)
        if options.shuffle == "blocks":
            order.sort()
        return {"n_rows": n_rows, "order": order, "validation": validation}

    draw_and_store(state, draw)


def start(job: TrainingJob, n_rows: int, engine: Callable[[TrainingJob], Engine]) -> TrainingRun:
    """Begin or continue training on `n_rows` rows (0 if not known); return what executes it.

    That is the loop, whose engine is made last, or a minimizer without epochs.
    """
    prepared, state = prepare_state(job, n_rows), job.state
    if job.options.solver == "lbfgs":
        return LBFGS(prepared)
    if state.optimizer is None or state.schedule is None:
        state.optimizer, state.schedule = job.options.optimizer(job.net), job.options.schedule()
    return EpochLoop(prepared, engine(prepared))
