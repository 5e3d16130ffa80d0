"""A layered network in plain NumPy: the independent reference that tests compare against.

Nothing here is fast and nothing is shared with the library: each formula stands as in a textbook,
one row per example, one matrix product per layer. Everything is computed in float64 unless a
network is built with another type (``np.longdouble`` for tighter bounds).

Notation, as in the library's header: ``a`` activations, ``z`` weighted sums, ``delta`` the
gradient of the cost with respect to ``z``, ``W`` weights of shape (n_in, n_out), ``b`` biases.
"""

from itertools import pairwise

import numpy as np


def logistic(z):
    # Both branches stay finite: exp is only taken of numbers that are not positive.
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


FUNCTIONS = {
    "identity": lambda z: z,
    "logistic": logistic,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z <= 0, 0, z),
    "softmax": softmax,
    "exp": np.exp,
}

# f'(z), written with a = f(z); softmax has a whole Jacobian, see Network.output_delta.
DERIVATIVES = {
    "identity": lambda a: np.ones_like(a),
    "logistic": lambda a: a * (1 - a),
    "tanh": lambda a: 1 - a * a,
    "relu": lambda a: np.where(a > 0, 1, 0).astype(a.dtype),
    "exp": lambda a: a,
}


def xlogy(x, y):
    """x log y, and 0 where x is 0 whatever y is."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(x == 0, 0, x * np.log(y))


def softplus(z):
    """log(1 + exp(z)) without overflow."""
    return np.maximum(z, 0) + np.log1p(np.exp(-np.abs(z)))


class Network:
    """Layer sizes, one activation per weight layer, and a cost; parameters are passed in.

    Parameters
    ----------
    sizes : sequence of int
        Units per layer, input to output.
    activations : sequence of str
        One name per weight layer; the last is the output's.
    loss : {"log_loss", "squared_error", "poisson"}
    dtype : type, default=np.float64
        The type everything is computed in.
    """

    def __init__(self, sizes, activations, loss, dtype=np.float64):
        assert len(activations) == len(sizes) - 1
        self.sizes = tuple(sizes)
        self.activations = tuple(activations)
        self.loss = loss
        self.dtype = np.dtype(dtype)
        self.n_params = sum((i + 1) * o for i, o in pairwise(sizes))

    def split(self, block):
        """Weights and biases of a flat block W1, b1, W2, b2, ... as two lists of views."""
        weights, biases, at = [], [], 0
        for n_in, n_out in pairwise(self.sizes):
            weights.append(block[at : at + n_in * n_out].reshape(n_in, n_out))
            at += n_in * n_out
            biases.append(block[at : at + n_out])
            at += n_out
        assert at == block.size
        return weights, biases

    def init_params(self, rng, hidden_activation=None):
        """Uniform in +-sqrt(6 / (n_in + n_out)), 2 in place of 6 for logistic layers.

        The output layer takes the last hidden layer's factor (`hidden_activation` where there is
        no hidden layer), as scikit-learn does. Draws: weights, then biases, layer after layer.
        """
        block = np.empty(self.n_params)
        names = list(self.activations[:-1])
        names.append(names[-1] if names else hidden_activation)
        for W, b, name in zip(*self.split(block), names, strict=True):
            bound = np.sqrt((2.0 if name == "logistic" else 6.0) / sum(W.shape))
            W[...] = -bound + 2 * bound * rng.random_sample(W.shape)
            b[...] = -bound + 2 * bound * rng.random_sample(b.shape)
        return block.astype(self.dtype)

    def forward(self, params, X):
        """Activations of every layer, the input first and the output last."""
        a = [np.asarray(X).astype(self.dtype)]
        for W, b, name in zip(*self.split(params), self.activations, strict=True):
            a.append(FUNCTIONS[name](a[-1] @ W + b))
        return a

    def targets(self, Y):
        """Class indices as rows of zeros and one 1; dense targets as they are."""
        Y = np.asarray(Y)
        if Y.ndim == 1:
            return np.eye(self.sizes[-1], dtype=self.dtype)[Y]
        return Y.astype(self.dtype)

    def row_costs(self, params, X, Y, clip=0.0):
        """The cost of each row alone, summed over the outputs."""
        y = self.targets(Y)
        a = self.forward(params, X)
        p = a[-1]
        if self.loss == "squared_error":
            return ((p - y) ** 2).sum(axis=1)
        if self.loss == "poisson":
            return (xlogy(y, y / p) - y + p).sum(axis=1)
        if clip:
            p = np.clip(p, clip, 1 - clip)
            if self.activations[-1] == "softmax":
                return -xlogy(y, p).sum(axis=1)
            return -(xlogy(y, p) + xlogy(1 - y, 1 - p)).sum(axis=1)
        W, b = (tensors[-1] for tensors in self.split(params))
        z = a[-2] @ W + b
        if self.activations[-1] == "softmax":
            top = z.max(axis=1, keepdims=True)
            log_sum = top + np.log(np.exp(z - top).sum(axis=1, keepdims=True))
            return (y * (log_sum - z)).sum(axis=1)
        return (softplus(z) - y * z).sum(axis=1)

    def penalty(self, params, alpha, total_weight):
        weights, _ = self.split(params)
        return 0.5 * alpha * sum((W * W).sum() for W in weights) / total_weight

    def cost(self, params, X, Y, *, weight=None, alpha=0.0, loss_scale=1.0, clip=0.0):
        """Weighted mean of the rows' costs, times `loss_scale`, plus the L2 penalty."""
        weight = np.ones(len(X), self.dtype) if weight is None else np.asarray(weight)
        rows = self.row_costs(params, X, Y, clip)
        mean = loss_scale * (weight * rows).sum() / weight.sum()
        return mean + self.penalty(params, alpha, weight.sum())

    def output_delta(self, a, y):
        """Gradient of each row's cost with respect to the output's weighted sums."""
        if self.loss != "squared_error":
            # Softmax or logistic with log loss, exp with Poisson: the factors cancel.
            return a - y
        slope = 2 * (a - y)
        if self.activations[-1] == "softmax":
            return a * (slope - (slope * a).sum(axis=1, keepdims=True))
        return slope * DERIVATIVES[self.activations[-1]](a)

    def backward(self, params, a, delta):
        """Deltas of every weight layer, first to last, from the last one's."""
        weights, _ = self.split(params)
        deltas = [delta]
        for i in range(len(weights) - 1, 0, -1):
            derivative = DERIVATIVES[self.activations[i - 1]](a[i])
            deltas.insert(0, (deltas[0] @ weights[i].T) * derivative)
        return deltas

    def gradient(self, params, X, Y, *, weight=None, alpha=0.0, loss_scale=1.0):
        """Flat gradient of `cost` (unclipped) with respect to the parameters."""
        weight = np.ones(len(X), self.dtype) if weight is None else np.asarray(weight)
        a = self.forward(params, X)
        delta = loss_scale * self.output_delta(a[-1], self.targets(Y)) * weight[:, None]
        deltas = self.backward(params, a, delta)
        flat = np.empty(self.n_params, self.dtype)
        W, _ = self.split(params)
        for i, (gW, gb) in enumerate(zip(*self.split(flat), strict=True)):
            gW[...] = (a[i].T @ deltas[i] + alpha * W[i]) / weight.sum()
            gb[...] = deltas[i].sum(axis=0) / weight.sum()
        return flat

    def input_gradient(self, params, X, Y, *, loss_scale=1.0):
        """Row i: gradient of row i's own cost with respect to its input."""
        a = self.forward(params, X)
        delta = loss_scale * self.output_delta(a[-1], self.targets(Y))
        weights, _ = self.split(params)
        return self.backward(params, a, delta)[0] @ weights[0].T


class Optimizer:
    """SGD, momentum, Nesterov's momentum [1]_ (as reformulated in [2]_) and Adam [3]_.

    References
    ----------
    .. [1] Nesterov (1983), "A method for solving the convex programming problem with convergence
       rate O(1/k^2)".
    .. [2] Sutskever, Martens, Dahl, Hinton (2013), "On the importance of initialization and
       momentum in deep learning", ICML.
    .. [3] Kingma, Ba (2015), "Adam: a method for stochastic optimization", ICLR.
    """

    def __init__(
        self, n_params, kind, *, learning_rate, momentum=0.0, beta_1=0.9, beta_2=0.999, epsilon=1e-8, dtype=np.float64
    ):
        self.kind, self.learning_rate, self.momentum = kind, learning_rate, momentum
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.steps = 0
        self.velocity = np.zeros(n_params, dtype)
        self.first = np.zeros(n_params, dtype)
        self.second = np.zeros(n_params, dtype)

    def step(self, params, gradient):
        """Change `params` in place."""
        rate, g = self.learning_rate, gradient
        self.steps += 1
        if self.kind == "sgd":
            params -= rate * g
        elif self.kind in ("momentum", "nesterov"):
            self.velocity = self.momentum * self.velocity - rate * g
            ahead = self.momentum * self.velocity - rate * g
            params += self.velocity if self.kind == "momentum" else ahead
        elif self.kind == "adam":
            self.first = self.beta_1 * self.first + (1 - self.beta_1) * g
            self.second = self.beta_2 * self.second + (1 - self.beta_2) * g * g
            bias_2 = np.sqrt(1 - self.beta_2**self.steps)
            rate = rate * bias_2 / (1 - self.beta_1**self.steps)
            params -= rate * self.first / (np.sqrt(self.second) + self.epsilon)
        else:
            raise ValueError(self.kind)


def train_epoch(
    network, params, X, Y, optimizer, *, batch_size, order=None, weight=None, alpha=0.0, loss_scale=1.0, clip=0.0
):
    """One pass over the rows in batches, updating `params`; returns (cost, penalty).

    Both are means over the batches, weighted by their numbers of rows, each taken before the
    batch's own update. A batch whose weights are all zero is skipped.
    """
    order = np.arange(len(X)) if order is None else order
    cost = penalty = 0.0
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        w = None if weight is None else weight[rows]
        if w is not None and not w.any():
            continue
        x, y, share = X[rows], Y[rows], len(rows) / len(order)
        cost += share * network.cost(params, x, y, weight=w, loss_scale=loss_scale, clip=clip)
        penalty += share * network.penalty(params, alpha, len(rows) if w is None else w.sum())
        gradient = network.gradient(params, x, y, weight=w, alpha=alpha, loss_scale=loss_scale)
        optimizer.step(params, gradient)
    return float(cost), float(penalty)


def train(network, params, X, Y, optimizer, rng, *, epochs, batch_size, **objective):
    """Epochs with the rows reshuffled before each; returns the list of (cost, penalty)."""
    order, costs = np.arange(len(X)), []
    for _ in range(epochs):
        positions = np.arange(len(X))
        rng.shuffle(positions)
        order = order[positions]
        costs.append(train_epoch(network, params, X, Y, optimizer, batch_size=batch_size, order=order, **objective))
    return costs
