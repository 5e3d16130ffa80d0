"""Training with ``solver="lbfgs"``: SciPy's limited-memory BFGS minimizes the cost of all rows, without batches."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from cmlp._bridge.blocks import block_copy
from cmlp._data.array_types import Floats
from cmlp._parameters.architecture import per_layer
from cmlp._process.signals import TimeLimitReached
from cmlp._process.time_limit import is_over, seconds_until
from cmlp._process.warnings import warn
from cmlp._train.scale_advice import scale_advice
from cmlp._train.training import Training
from cmlp.exceptions import (
    ConvergenceWarning,
    DivergenceError,
    NonFiniteInputError,
    optional,
    sklearn_class,
)

# SciPy's status code for a minimization that a callback stopped.
STOPPED_BY_CALLBACK = 99


class Evaluation(NamedTuple):
    """A parameter vector with its cost and gradient."""

    point: Floats
    cost: float
    gradient: Floats


class Minimization(Training):
    """A training run with ``solver="lbfgs"``, which has no batches; the `epoch` of the state counts the iterations.

    `state` always holds the parameters of the last complete iteration, and keeps them if training is interrupted. The
    minimizer's memory (the last 10 steps and gradients) is not part of the state: a warm start continues from the
    parameters alone, as in scikit-learn. Byrd, Lu, Nocedal and Zhu, "A limited memory algorithm for bound constrained
    optimization", 1995; no bounds are set.
    """

    _evaluated: Evaluation | None = None  # the most recent one
    _reached: Evaluation | None = None  # the start of the present line search

    def train(self) -> None:
        """Minimize until the gradient or the decrease of the cost is small, or a limit is reached."""
        self._trial = block_copy(self.state.params)  # the parameters to evaluate
        self._weights = self.net.views(self._trial)[0]
        self.state.stopped = False
        with self.callbacks.following():
            self.callbacks.on_epoch_begin()
            try:
                self._minimize()
            except TimeLimitReached:  # the state is that after the last iteration
                self.state.stopped = True

    def _minimize(self) -> None:
        needs = "solver='lbfgs' needs SciPy: install it with `pip install cmlp[scipy]`."
        scipy = optional("scipy.optimize", needs)
        state, options = self.state, self.options
        result = scipy.minimize(
            self._cost_and_gradient,
            state.params.copy(),
            jac=True,
            method="L-BFGS-B",
            callback=self._iteration_ended,
            options={"maxfun": options.max_fun, "maxiter": options.max_iter, "gtol": options.tol},
        )
        n_iterations = min(int(result.nit), options.max_iter)
        if np.isfinite(result.fun):
            self._go_to(result.x, float(result.fun), n_iterations)
        else:  # the first line search found no finite cost
            assert self._reached is not None
            self._go_to(state.params, self._reached.cost, n_iterations)
        state.stopped = True
        if result.status not in (0, STOPPED_BY_CALLBACK):
            self._warn(result)

    def _cost_and_gradient(self, point: Floats) -> tuple[float, Floats]:
        """Return the cost and its gradient; finite replacement values if a line-search step is too long."""
        net, objective, data = self.net, self.objective, self.data
        rows = data.rows
        self._trial[:] = point
        try:
            seconds = seconds_until(self.until)
            gradient, cost = net.gradient(
                self._trial,
                rows.X,
                rows.targets,
                seconds=seconds,
                sample_weight=rows.weight,
                **self.keywords,
            )
        except DivergenceError as error:
            if self._reached is None:
                raise DivergenceError(_DIVERGENCE + scale_advice(objective, data)) from error
            return self._replacement(point)
        except NonFiniteInputError as error:
            raise data.first_error(error, net.dtype) from None
        self._evaluated = Evaluation(point.copy(), self._reported(cost), gradient)
        if self._reached is None:
            self._reached = self._evaluated
        return self._evaluated.cost, gradient

    def _replacement(self, point: Floats) -> tuple[float, Floats]:
        """Return replacement values of cost and gradient for a point where they are not finite.

        SciPy's line search cannot handle infinite values: it would divide by infinity. The replacement is a parabola
        along the search direction with its minimum at a tenth of the step, so the next step is about that long.
        """
        reached = self._reached
        assert reached is not None
        descent = abs(float(np.dot(reached.gradient, point - reached.point)))
        return reached.cost + 4 * descent, -9 * reached.gradient

    def _reported(self, cost: float) -> float:
        """Return the cost as reported: squared errors are averaged over the outputs; their gradient is the sum's."""
        scale, rows = self.objective.report_scale, self.data.rows
        if scale == 1.0:
            return cost
        total = float(rows.n_rows) if rows.weight is None else float(rows.weight.sum())
        alphas = per_layer("alpha", self.options.alpha, len(self._weights))
        squares = [float(np.vdot(weights, weights)) for weights in self._weights]
        if len(set(alphas)) == 1:
            penalty = alphas[0] / 2 * sum(squares) / total
        else:
            penalty = (
                sum(alpha / 2 * square for alpha, square in zip(alphas, squares, strict=True))
                / total
            )
        return (cost - penalty) * scale + penalty

    def _iteration_ended(self, intermediate_result: Any) -> None:
        state = self.state
        self._reached = self._evaluated
        self._go_to(intermediate_result.x, float(intermediate_result.fun), state.epoch + 1)
        self.callbacks.on_epoch_end()
        if state.stopped or is_over(self.until):
            raise StopIteration
        if state.epoch < self.options.max_iter:
            self.callbacks.on_epoch_begin()

    def _go_to(self, point: Floats, cost: float, n_iterations: int) -> None:
        """Give the state the parameters, the loss and the number of iterations that have led to them."""
        state, point = self.state, point.copy()
        history = state.history.copy()
        history.loss = cost * self.objective.unit

        def changes() -> dict[str, object]:
            state.params[:] = point
            return {"history": history, "epoch": n_iterations}

        state.settle(changes)

    def _warn(self, result: Any) -> None:
        """Issue scikit-learn's warning that the minimizer did not converge."""
        epoch, max_iter = self.state.epoch, self.options.max_iter
        hint, advice = "", scale_advice(self.objective, self.data, space="\n")
        if epoch == max_iter:
            hint = (
                "\n"
                "Increase the number of iterations to improve the convergence "
                f"(max_iter={max_iter!r})."
            )
        problem = (
            f"lbfgs failed to converge after {epoch} iteration(s) (status={result.status}):\n"
            f"{result.message}\n"
        )
        scaling = (
            "\nYou might also want to scale the data as shown in:\n"
            "    https://scikit-learn.org/stable/modules/preprocessing.html"
        )
        warn(problem + hint + scaling + advice, sklearn_class(ConvergenceWarning))


_DIVERGENCE = (
    "Solver produced non-finite parameter weights. The input data may contain large values and "
    "need to be preprocessed. The loss is not finite at the starting point of solver 'lbfgs'; "
    "standardized input usually helps."
)
