"""What is wrong with a fit: its comparison with the best constant answer, and advice about scales.

The rule: a model is useful if its loss is clearly below that of the best constant answer (`limit_of`), if it
predicts classes of clearly more rows correctly than the most frequent class, or, with a loss for which far targets
count little, if it is clearly better without their large errors. The rows are the validation rows if there are any, or
all rows if the validation rows have one class, of which a constant answer is perfect. The parameters are those that are
kept.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from cmlp._bridge import _core
from cmlp._data.activations import traits_of_activation
from cmlp._data.array_types import AnyArray, NDArray
from cmlp._data.arrays import CSR, section, taken
from cmlp._data.encoded_rows import EncodedRows
from cmlp._data.losses import traits_of
from cmlp._data.scale import sample
from cmlp._data.shifted_rows import sentence_if_shifted
from cmlp._data.weights import weights_of_rows
from cmlp._process.warnings import is_ignored, warn_of_data
from cmlp._train.constant_answer import (
    MEDIAN,
    best_numbers,
    constant_costs,
    least_cost,
    mean_of,
    quantiles_of,
    robust_errors,
)
from cmlp._train.data import scaled_targets
from cmlp._train.objective import log_loss_clip
from cmlp._train.scale_advice import far_targets, scale_advice
from cmlp._train.training import Training
from cmlp.exceptions import StatusError, UselessModelWarning

_LEAST_GAIN = 0.02  # share of the constant's loss by which the loss must be smaller, on many rows
# On n rows without any signal, the loss is smaller than the constant's by up to about this share /
# n: on validation rows, because the best of many epochs is kept, and on training rows, because the
# network adapts to them.
_GAIN_BY_CHANCE = {True: 2.0, False: 10.0}
_MOST_GAIN = 0.5  # that is asked for on few rows
# Of the number of correct rows, which must be above that of the most frequent class.
_DEVIATIONS = 3.0
_ROUNDING = 1e-9  # of an accuracy
# Range of outputs, as a share of the targets' deviation; of probabilities, absolute.
_NEARLY_EQUAL = 0.02
_MOST_UNITS = 0.5  # share of a layer's units that may be the same for all rows
# A class is rare if it has less than this part of its share among classes of equal size.
_RARE = 0.5
FEW_EPOCHS = 5
# Share of the last epochs in which a falling loss is smaller than in the epoch before.
_FALLING = 0.7
_LATE = 0.8  # share of the epochs after which the best one, of validation rows, shows that more epochs would help
_OUTWEIGHING = 0.1  # of the sum of all weights: an alpha from which on the penalty decides
_SMALL_WEIGHT = 0.1  # mean of the weights below which they are the cause
_LARGE_ERROR = 10.0  # multiple of the constant's median error
_MOST_NAMED = 5  # classes in a message
_VALUES_AT_A_TIME = 1 << 18
# When there is a warning: if nothing shows that a model is useful; if one that was continued is clearly worse than a
# constant, or as good as one, because on other rows a weak model can seem to be no better by chance; never.
WarnIf = Literal["doubtful", "proven", "never"]
# What the loss of some rows is called in messages.
VALIDATION, TRAINING = "validation", "training"
_CONTINUED = (
    " warm_start=True continued the model of an earlier fit, with the scales of its rows: if these "
    "rows are others, fit with warm_start=False."
)
_MOST_ROWS = 100_000  # that are read again; of more training rows, some at equal distances


# ------------------------------------------------------------------------------------- beside a constant answer


def warn_if_useless(training: Training, warn_if: WarnIf = "doubtful", *, cause: str = "") -> bool:
    """Warn unless the kept parameters are clearly better than the best constant answer.

    The rows are the validation rows, if there are any. They are read again only if the measures of the kept parameters
    do not show that the model is useful, or without validation rows the loss of the last epoch. Of a source whose rows
    are not all in the data of the training, targets were sampled, and it is not read again for this.

    Parameters
    ----------
    training : Training
        It has ended.
    warn_if : WarnIf
        When there is a warning.
    cause : str
        The only cause, if it is known: a sentence after a space.

    Returns
    -------
    bool
        Whether the parameters are shown to be useless.
    """
    net = training.net
    # The best constant answer is not known for a loss that is a function.
    if callable(net.loss) or is_ignored(UselessModelWarning):
        return False
    rows, order, kind, lacking = _rows_to_compare(training)
    losses = _losses_as_measured(training, rows, kind, lacking)
    if losses is None or _shown_by_score(training, rows, kind):
        return False
    loss, limit, constant, least = losses
    found: tuple[float, AnyArray | None] | None = loss, None
    try:
        if training.data.is_whole or kind == VALIDATION:
            if (training.data.validation is None or lacking) and len(rows.targets) > _MOST_ROWS:
                rows, order = _fewer(rows, order)
            found = _read_again(training, rows, order, kind, limit, least)
        if found is None:
            return False
        loss, outputs = found
        if warn_if == "proven":
            proof = _outputs_of_network(training, rows, order) if outputs is None else outputs
            if not is_proven(net, proof, rows, loss, constant, least):
                return False
        if warn_if != "never":
            with np.errstate(over="ignore"):
                advice = advice_for(training, rows, order, outputs, lacking=lacking, cause=cause)
            warn_of_useless(net, rows, kind, loss, constant, advice, warn_if)
    except StatusError:  # another thread has changed the rows, or a loss is too large
        return False
    return True


def _rows_to_compare(
    training: Training,
) -> tuple[EncodedRows, NDArray[np.int64] | None, str, str]:
    """Return the rows as `judged_rows` does, and what `lacking_of` says if they are other ones for that."""
    rows, order, kind = judged_rows(training)
    lacking = lacking_of(training, rows)
    if lacking:
        return *rows_without_lack(training), lacking
    return rows, order, kind, lacking


def _losses_as_measured(
    training: Training, rows: EncodedRows, kind: str, lacking: str
) -> tuple[float, float, float, float] | None:
    """Return the loss, that below which a model is useful, that of the best constant, and the least one.

    None if the loss shows that the model is useful, or if none is known that can be beaten. The loss is that which
    training has measured, NaN if it has measured none of the kept parameters.
    """
    net, objective, data = training.net, training.objective, training.data
    loss = training.kept.validation_loss if kind == VALIDATION else training.state.history.loss
    if lacking:
        loss = math.nan  # the last one of training is not that of the kept parameters
    compared = rows
    if not data.is_whole and kind != VALIDATION:
        sampled = data.sampled_targets()
        if sampled is None:
            return None
        targets = scaled_targets(sampled[0], training.state)
        compared = rows._replace(targets=targets, weight=sampled[1])
    cost, plain_cost = constant_costs(net, compared.targets, compared.weight)
    least = least_cost(net, compared.targets, compared.weight)
    if loss is None or not can_be_beaten(cost, least, compared):
        return None
    unit = objective.reported(objective.loss_scale)
    limit = unit * limit_of(net, compared, kind, cost, plain_cost, least)
    if loss < limit or loss == least * unit:
        return None
    return loss, limit, cost * unit, least * unit


def _read_again(
    training: Training,
    rows: EncodedRows,
    order: NDArray[np.int64] | None,
    kind: str,
    limit: float,
    least: float,
) -> tuple[float, AnyArray | None] | None:
    """Return the loss of the kept parameters, and their outputs if they are known; None if the model is useful.

    Of classes the outputs come first: after one epoch, the accuracy often decides, so that the loss is not needed.
    """
    net, outputs = training.net, None
    if _are_classes(net, rows):
        outputs = _outputs_of_network(training, rows, order)
        if is_better_by_outputs(net, outputs, rows, kind):
            return None
    unit = training.objective.reported(training.objective.loss_scale)
    loss = _loss(training, rows, order) * unit
    if loss < limit or loss == least:
        return None
    if outputs is None and traits_of(net.loss).is_robust:
        outputs = _outputs_of_network(training, rows, order)
        if is_better_by_outputs(net, outputs, rows, kind):
            return None
    return loss, outputs


def warn_of_useless(
    net: _core.Net,
    rows: EncodedRows,
    kind: str,
    loss: float,
    constant: float,
    advice: str,
    warn_if: WarnIf,
) -> None:
    """Warn that a model is not clearly better than the best constant answer for the same rows, by both losses."""
    text = (
        f"The model is not clearly better than a constant: its {kind} loss is {loss:.3g}, that of "
        f"predicting {_answer(net, rows.targets)} is {constant:.3g}."
    )
    if warn_if == "proven":
        text += _CONTINUED
    warn_of_data(text + advice, UselessModelWarning)


def judged_rows(training: Training) -> tuple[EncodedRows, NDArray[np.int64] | None, str]:
    """Return the validation rows, or else the training rows, as training sees them, and what their loss is called.

    X has more rows than the targets and weights if an order of its rows is returned: the rows are those of the order.
    """
    rows = training.validation_rows
    if rows is None:
        return training.data.rows, None, TRAINING
    order = training.state.held_out_index if training.data.validation is None else None
    return rows, order, VALIDATION


def lacking_of(training: Training, validation: EncodedRows) -> str:
    """Return the begin of a sentence about validation rows with equal targets, of which a constant answer is perfect.

    Empty if there are others, or if there is no more to compare with: then the rows themselves are compared.
    """
    data = training.data
    if not data.is_whole or training.validation_rows is None or not _is_constant(validation):
        return ""
    which = "all rows" if data.validation is None else "the training rows"
    return f" {_lacking_classes(training, validation)}, so the losses are those of {which}"


def rows_without_lack(training: Training) -> tuple[EncodedRows, None, str]:
    """Return the rows that are compared instead of validation rows with equal targets, as `judged_rows` does."""
    return training.data.rows, None, "overall" if training.data.validation is None else TRAINING


def _lacking_classes(training: Training, validation: EncodedRows) -> str:
    """Return which classes validation rows with equal targets lack."""
    every, names = training.data.rows.targets, training.data.classes
    missing = np.empty(0, np.intp)
    if _are_classes(training.net, validation) and every.size == len(every):
        counts = np.bincount((every.ravel() + 0.5).astype(np.intp))
        counts[int(validation.targets.ravel()[0] + 0.5)] = 0
        missing = np.flatnonzero(counts)
    if not len(missing):
        return "All validation rows have the same y"
    most = missing[np.argsort(-counts[missing], kind="stable")][:_MOST_NAMED].tolist()
    shown = ", ".join(repr(k if names is None else names.tolist()[k]) for k in most)
    if len(most) < len(missing):
        shown += f" and {len(missing) - len(most)} others"
    word = "class" if len(missing) == 1 else "classes"
    return f"The validation rows lack {word} {shown} ({counts.sum()} of {len(every)} rows)"


def certain_rows(rows: EncodedRows) -> float:
    """Return the number of rows, or with weights the number of equal weights that would be as certain."""
    if rows.weight is None:
        return float(len(rows.targets))
    relative = rows.weight / rows.weight.max()
    return float(relative.sum() ** 2 / np.vdot(relative, relative))


def limit_of(
    net: _core.Net,
    rows: EncodedRows,
    kind: str,
    cost: float,
    plain_cost: float | None = None,
    least: float = 0.0,
) -> float:
    """Return below which loss a network is clearly better than a constant with the given loss, all in core units.

    The loss must be smaller by 2 % of the gap between the constant's loss and the `least` one, that of perfect answers,
    and by a gain that chance can give with so few rows. For the log loss, this gain is a number of nats, whatever the
    constant's loss is; for other losses it is a part of the gap. The focal loss of any answer is smaller than its log
    loss, the `plain_cost`, and so is the gain by chance.
    """
    scale = gap = cost - least
    if traits_of(net.loss).has_probabilities:
        scale = 0.5 * (min(1.0, cost / plain_cost) if plain_cost else 1.0)
    by_chance = _GAIN_BY_CHANCE[kind == VALIDATION] * scale / certain_rows(rows)
    return cost - min(_LEAST_GAIN * gap + by_chance, _MOST_GAIN * gap)


def can_be_beaten(constant: float, least: float, rows: EncodedRows) -> bool:
    """Return whether an answer can be better than the best constant one, by its loss and the least one.

    The squares of targets below 1e-162 are 0, and so is the constant's loss.
    """
    is_above = 0 < constant - least < math.inf or constant == least == 0
    return is_above and not _is_constant(rows)


def is_better_by_outputs(net: _core.Net, outputs: AnyArray, rows: EncodedRows, kind: str) -> bool:
    """Return whether outputs are clearly better than a constant, by what the loss does not show."""
    return _is_accurate(net, outputs, rows) or _is_better_on_most_rows(net, outputs, rows, kind)


def is_proven(
    net: _core.Net,
    outputs: AnyArray,
    rows: EncodedRows,
    loss: float,
    constant: float,
    least: float,
) -> bool:
    """Return whether a model is clearly worse than the constant, or hardly differs from one."""
    most = constant + (constant - least) * _DEVIATIONS / math.sqrt(certain_rows(rows))
    return loss > most or _are_nearly_equal(net, outputs, rows.targets)


def _fewer(
    rows: EncodedRows, order: NDArray[np.int64] | None
) -> tuple[EncodedRows, NDArray[np.int64]]:
    """Return at most 100,000 of the rows, and their order."""
    chosen = np.arange(0, len(rows.targets), -(-len(rows.targets) // _MOST_ROWS))
    fewer = rows._replace(targets=rows.targets[chosen], weight=weights_of_rows(rows.weight, chosen))
    return fewer, chosen if order is None else order[chosen]


def _some(rows: EncodedRows, order: NDArray[np.int64] | None) -> tuple[AnyArray | CSR, AnyArray]:
    """Return at most 256 rows that count, with their targets; of a block without weight, at most 256 rows."""
    counted = np.arange(len(rows.targets))
    if rows.weight is not None and rows.weight.any():
        counted = counted[rows.weight > 0]
    chosen = counted[sample(len(counted))]
    return taken(rows.X, chosen if order is None else order[chosen]), rows.targets[chosen]


def _shown_by_score(training: Training, rows: EncodedRows, kind: str) -> bool:
    """Return whether the validation score shows that the model is useful: R^2 of one output, or an accuracy."""
    net, score = training.net, training.kept.validation_score
    if math.isnan(score) or kind != VALIDATION or not _has_usual_score(training):
        return False
    frequent = _most_frequent(net, rows)
    if frequent is not None:
        return _clearly_more(score, frequent[1], certain_rows(rows))
    is_squared = traits_of(net.loss).is_squared and net.n_out == 1
    return is_squared and 1 - score < limit_of(net, rows, kind, 1.0)


def _has_usual_score(training: Training) -> bool:
    """Return whether the score of an epoch is an accuracy or R^2."""
    objective = training.objective
    if training.options.scoring == "loss" or objective.user_score is not None:
        return False
    return objective.score_of_outputs is not None


def _most_frequent(net: _core.Net, rows: EncodedRows) -> tuple[int, float] | None:
    """Return the most frequent class and its share; None if the rows do not have one class each."""
    if rows.targets.ndim > 1 and not (net.n_out == 1 and traits_of(net.loss).has_probabilities):
        return None
    counts = np.bincount(rows.targets.ravel().astype(np.intp), rows.weight)
    return int(counts.argmax()), float(counts.max() / counts.sum())


def _clearly_more(accuracy: float, share: float, n_rows: float) -> bool:
    """Return whether an accuracy on some rows is clearly above the share of the most frequent class."""
    return accuracy - share > _DEVIATIONS * math.sqrt(share * (1 - share) / n_rows) + _ROUNDING


def _answer(net: _core.Net, targets: AnyArray) -> str:
    """Return what the best constant answer is."""
    traits = traits_of(net.loss)
    if targets.ndim == 1 and not traits.has_probabilities:
        return "the shares of the classes"
    if traits.predicts_quantiles and net.n_out > 1:
        return "the quantiles of y"
    return traits.best_constant_text


def _loss(training: Training, rows: EncodedRows, order: NDArray[np.int64] | None) -> float:
    """Return the core's cost of the present parameters, without penalty and dropout."""
    data = training.data
    whole = rows if order is None else data.rows
    cost, _ = training.net.cost_and_plain_cost(
        training.state.params,
        whole.X,
        whole.targets,
        scale=data.input_scale,
        order=order,
        n_threads=training.n_threads,
        sample_weight=whole.weight,
        clip=log_loss_clip(training.net),
    )
    return cost


def _is_constant(rows: EncodedRows) -> bool:
    """Return whether the targets of all rows that count are the same."""
    targets = rows.targets if rows.weight is None else rows.targets[rows.weight > 0]
    return bool((targets == targets[:1]).all())


def _are_classes(net: _core.Net, rows: EncodedRows) -> bool:
    """Return whether the targets are classes, or their probabilities."""
    return rows.targets.ndim == 1 or traits_of(net.loss).has_probabilities


def _outputs_of_network(
    training: Training, rows: EncodedRows, order: NDArray[np.int64] | None
) -> AnyArray:
    """Return the outputs of the present parameters."""
    return training.net.forward(
        training.state.params,
        rows.X,
        scale=training.data.input_scale,
        order=order,
        n_threads=training.n_threads,
    )


def _is_accurate(net: _core.Net, outputs: AnyArray, rows: EncodedRows) -> bool:
    """Return whether clearly more classes are predicted correctly than by always predicting the most frequent one."""
    if not _are_classes(net, rows):
        return False
    predicted, truth, weight = _classes_of(outputs), _classes_of(rows.targets), rows.weight
    if predicted.shape != truth.shape:
        return False
    equal = predicted == truth
    if weight is None:
        correct = np.count_nonzero(equal) / equal.size
    else:
        correct = math.fsum((weight @ equal.astype(np.float64)).tolist()) / (
            truth.shape[1] * float(weight.sum())
        )
    most = (
        math.fsum(np.bincount(column.astype(np.intp), weight).max() for column in truth.T)
        / truth.shape[1]
    )
    share = float(most) / (len(truth) if weight is None else float(weight.sum()))
    return _clearly_more(correct, share, certain_rows(rows))


def _is_better_on_most_rows(
    net: _core.Net, outputs: AnyArray, rows: EncodedRows, kind: str
) -> bool:
    """Return whether outputs are clearly better than a constant if no error counts more than ten typical ones.

    Only for losses for which far targets count little: one of 1e9 makes the losses of model and constant equal.
    """
    if not traits_of(net.loss).is_robust:
        return False
    weight, targets = rows.weight, rows.targets.astype(np.float64)
    answers = [best_numbers(net, targets, weight)]
    if not traits_of(
        net.loss
    ).predicts_quantiles:  # the median can be better on most rows than the best for all
        answers.append(quantiles_of(targets, np.full(net.n_out, MEDIAN), weight))
    constants = [robust_errors(net, targets, answer) for answer in answers]
    largest = _LARGE_ERROR * quantiles_of(constants[0][:, np.newaxis], np.full(1, MEDIAN), weight)
    of_constant = min(mean_of(np.minimum(errors, largest), weight) for errors in constants)
    loss = mean_of(np.minimum(robust_errors(net, targets, outputs), largest), weight)
    return loss < limit_of(net, rows, kind, of_constant)


def _classes_of(values: AnyArray) -> AnyArray:
    """Return the classes of outputs or targets: indices, or a column of zeros and ones for each of several labels."""
    if values.ndim == 1:
        return values[:, np.newaxis]
    is_distribution = values.shape[1] > 1 and abs(float(values[:1].sum()) - 1) < 1e-3
    if is_distribution:
        classes: NDArray[np.int64] = values.argmax(axis=1)
        return classes[:, np.newaxis]
    return (values > 0.5).astype(np.int64)


# ------------------------------------------------------------------------------------- causes and remedies


def advice_for(
    training: Training,
    rows: EncodedRows,
    order: NDArray[np.int64] | None,
    outputs: AnyArray | None = None,
    *,
    lacking: str = "",
    cause: str = "",
    is_of_table: bool = False,
    shifted: str = "",
) -> str:
    """Return what the warning says of the validation rows, and of the causes: sentences, each after a space.

    A known `cause` is the only one. So are validation rows of one class that choose the epoch that is kept. `outputs`
    of the rows are computed if they are None. A network that `is_of_table` has scaled inputs and an activation that are
    no parameters, and the table knows whether its rows are `shifted`, which is beside other causes.
    """
    if cause:
        return cause
    accuracy = _accuracy_of_constant(training)
    if lacking and training.options.early_stopping:
        return f"{lacking}: other ones (X_val), or early_stopping=False, help.{accuracy}"
    begin = f"{lacking}." if lacking else ""
    only_cause = (
        _constant_inputs(training, is_of_table=is_of_table)
        or _far_targets_of(training)
        or _outweighed(training)
    )
    if only_cause:
        return begin + only_cause
    begin += shifted if is_of_table else _shifted_rows(training)
    X, targets = _some(rows, order)
    layers = training.net.activations_of(
        training.state.params, X, scale=training.data.input_scale, n_threads=training.n_threads
    )
    text = "".join(
        [
            _equal_outputs(training.net, layers, targets, is_of_table=is_of_table),
            _unfinished(training, "n_epochs" if is_of_table else "max_iter"),
            "" if accuracy else _plateau(training),
            _out_of_range(training.net, targets),
            scale_advice(training.objective, training.data, tiny=True),
            _never_predicted(training, rows, order, outputs),
            _deep(training.net),
            accuracy,
        ]
    )
    return begin + (
        text
        or " X may say nothing about y, or the network may be too small or too large for these rows."
    )


def _constant_inputs(training: Training, *, is_of_table: bool) -> str:
    """Return a sentence if all training rows are equal; of a table, these are without columns that fit leaves out."""
    X = training.data.rows.X
    if not training.data.is_whole:
        return ""
    n_rows = max(1, _VALUES_AT_A_TIME // X.shape[1])
    first = _dense(section(X, 0, 1))
    for start in range(0, len(X), n_rows):
        part = _dense(section(X, start, min(start + n_rows, len(X))))
        if (part != first).any():
            return ""
    if is_of_table:
        return " No column of X says anything about y: each is constant, or has categories on which y does not depend."
    return " All columns of X are constant: they say nothing about y."


def _shifted_rows(training: Training) -> str:
    """Return a sentence if X and y are shifted by a row."""
    X, targets, _, _ = training.data.rows
    if not training.data.is_whole or isinstance(X, CSR):
        return ""
    return sentence_if_shifted(X, targets)


def _dense(X: AnyArray | CSR) -> AnyArray:
    return X.toarray() if isinstance(X, CSR) else X


def _far_targets_of(training: Training) -> str:
    """Return a sentence if a squared error depends on a few far targets alone."""
    has_classes = training.data.classes is not None or training.data.rows.targets.ndim == 1
    if not training.data.is_whole or has_classes or not traits_of(training.net.loss).is_squared:
        return ""
    sentence = far_targets(training.data)
    return f" {sentence}" if sentence else ""


def _are_nearly_equal(net: _core.Net, outputs: AnyArray, targets: AnyArray) -> bool:
    """Return whether the outputs are nearly the same for all rows."""
    size = 1.0
    if targets.ndim > 1 and not traits_of(net.loss).has_probabilities:
        size = float(targets.std(axis=0).max())
    return bool((np.ptp(outputs, axis=0) <= _NEARLY_EQUAL * size).all())


def _equal_outputs(
    net: _core.Net, layers: list[AnyArray], targets: AnyArray, *, is_of_table: bool
) -> str:
    """Return a sentence if the outputs are nearly equal for all rows; it names layers of dead or saturated units."""
    outputs = layers[-1]
    if not _are_nearly_equal(net, outputs, targets):
        return ""
    low, high = outputs.min(axis=0), outputs.max(axis=0)
    k = int((high - low).argmax())
    text = f" Its outputs are nearly the same for all rows ({low[k]:.4g} to {high[k]:.4g}): "
    remedy = (
        "standardized inputs, a larger learning_rate_init or another activation, such as 'relu', "
        "helps."
    )
    if is_of_table:
        remedy = "a larger learning_rate_init helps."
    for number, units in enumerate(layers[:-1], 1):
        share = float((np.ptp(units, axis=0) <= 1e-6 * (1 + np.abs(units[0]))).mean())
        if share >= _MOST_UNITS:
            saturates = traits_of_activation(net.activations[number - 1]).saturates
            name = "saturated" if saturates else "dead"
            text += f"{share:.0%} of the units of hidden layer {number} are {name} (the same for all rows). "
            remedy = (
                "Standardized inputs, a smaller learning_rate_init or another activation helps."
            )
            if is_of_table:
                remedy = "A smaller learning_rate_init helps."
            break
    return text + remedy


def _unfinished(training: Training, epochs: str) -> str:
    """Return a sentence if the training loss was still falling, or there were few epochs.

    `epochs` is the name of their number: of a parameter or an argument.
    """
    state, options = training.state, training.options
    if not options.has_epochs:
        if state.epoch < options.max_iter:
            return ""
        return f" Training ended after max_iter={options.max_iter!r} iterations: more help."
    curve = np.array(list(state.history.loss_curve)[-state.epoch :])
    last = curve[-max(FEW_EPOCHS, len(curve) // 4) :]
    steps = -np.diff(last)
    rate = f"a larger learning_rate_init than {options.learning_rate_init:g}"
    if len(curve) < FEW_EPOCHS:
        n_epochs = f"{len(curve)} epoch{'s' * (len(curve) != 1)}"
        return f" Training ended after {n_epochs}: more epochs ({epochs}) or {rate} helps."
    scores = list(state.history.validation_scores or ())[-state.epoch :]
    if (
        (steps > 0).mean() < _FALLING
        or last[0] <= last[-1]
        or (scores and np.argmax(scores) < _LATE * len(scores))
    ):
        return ""
    return (
        f" The training loss was still falling, by {steps.mean():.2g} per epoch, when training "
        f"ended after {len(curve)} epochs: {rate} or more epochs ({epochs}={options.max_iter!r}) "
        "helps."
    )


def _plateau(training: Training) -> str:
    """Return a sentence if training stopped because an epoch brought too little."""
    state, options = training.state, training.options
    if (
        not options.has_epochs
        or state.stepping()[1].is_planned
        or state.history.stale <= options.n_iter_no_change
    ):
        return ""
    what = "validation score" if options.early_stopping else "training loss"
    return (
        f" Training stopped because the {what} did not improve by tol={options.tol:g} for "
        f"n_iter_no_change={options.n_iter_no_change:g} epochs: a smaller tol or a larger "
        "n_iter_no_change helps."
    )


def _accuracy_of_constant(training: Training) -> str:
    """Return a sentence if the accuracy that chose the epoch is that of always predicting the most frequent class."""
    rows = training.validation_rows
    if rows is None or not training.options.early_stopping or not _has_usual_score(training):
        return ""
    frequent, score = _most_frequent(training.net, rows), training.kept.validation_score
    # The score is not known, NaN, if the epoch that is kept was trained before training was resumed.
    if frequent is None or not abs(score - frequent[1]) <= _ROUNDING:
        return ""
    name = _name_of_class(training, frequent[0])
    return (
        f" The validation accuracy, {frequent[1]:.3g}, is that of always class {name!r}: "
        "scoring='loss' trains on."
    )


def _outweighed(training: Training) -> str:
    """Return a sentence if the penalty counts more than the rows, because their weights are small."""
    weight = training.data.rows.weight if training.data.is_whole else None
    if weight is None:
        return ""
    total, alpha = float(weight.sum()), float(np.max(training.options.alpha))
    if total >= _SMALL_WEIGHT * len(weight) or alpha < _OUTWEIGHING * total:
        return ""
    return (
        f" The weights of the rows sum to {total:.2g}, so alpha={alpha:g} outweighs them: weights "
        "with a mean of 1, or a smaller alpha, help."
    )


def _out_of_range(net: _core.Net, targets: AnyArray) -> str:
    """Return a sentence if the output activation cannot have the values of the targets."""
    traits = traits_of_activation(net.activations[-1])
    low, high = traits.lowest, traits.highest
    if targets.ndim == 1 or (targets.min() >= low and targets.max() <= high):
        return ""
    return (
        f" y has values from {targets.min():.3g} to {targets.max():.3g}, but outputs of "
        f"{net.activations[-1]!r} are between {low:g} and {high:g}: output='identity' or scaled "
        "targets help."
    )


def _never_predicted(
    training: Training,
    rows: EncodedRows,
    order: NDArray[np.int64] | None,
    outputs: AnyArray | None,
) -> str:
    """Return a sentence if a rare class is never predicted."""
    net = training.net
    if not _are_classes(net, rows):
        return ""
    truth, n_classes = _classes_of(rows.targets), max(net.n_out, 2)
    counts = np.bincount(truth[:, 0].astype(np.intp), minlength=n_classes)
    rare = (counts > 0) & (counts < _RARE / n_classes * len(truth))
    if not rare.any():
        return ""
    if outputs is None:
        outputs = _outputs_of_network(training, rows, order)
    predicted = _classes_of(outputs)
    if predicted.shape[1] > 1 or truth.shape != predicted.shape:
        return ""
    missed = rare & (np.bincount(predicted[:, 0], minlength=n_classes) == 0)
    if not missed.any():
        return ""
    k = int(np.where(missed, counts, 0).argmax())
    return (
        f" Class {_name_of_class(training, k)!r} ({counts[k]} of {len(truth)} rows) is never predicted: "
        "class_weight='balanced' of a classifier, or larger sample weights of its rows, help."
    )


def _name_of_class(training: Training, k: int) -> object:
    """Return the label of a class, or its number if it has none."""
    names = training.data.classes
    return k if names is None else names.tolist()[k]


def _deep(net: _core.Net) -> str:
    """Return a sentence if there are more layers than gradients can pass with these activations."""
    hidden = net.activations[:-1]
    most = min((traits_of_activation(name).most_layers for name in hidden), default=0)
    if len(hidden) <= most:
        return ""
    names = "/".join(sorted(set(hidden)))
    return f" {len(hidden)} hidden layers of {names} units are hard to train: fewer layers help."
