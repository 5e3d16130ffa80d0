"""A layered network in plain NumPy: the independent reference that tests compare against.

Nothing here is fast and nothing is shared with the library: each formula stands as in a textbook,
one row per example, one matrix product per layer. Everything is computed in float64 unless a
network is built with another type (``np.longdouble`` for tighter bounds).

Notation, as in the library's header: ``a`` activations, ``z`` weighted sums, ``delta`` the
gradient of the cost with respect to ``z``, ``W`` weights of shape (n_in, n_out), ``b`` biases.
"""

import math
from itertools import pairwise

import numpy as np


def logistic(z):
    # Both branches stay finite: exp is only taken of numbers that are not positive.
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z):
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def normal_cdf(z):
    return np.vectorize(lambda x: 0.5 * math.erfc(-x / math.sqrt(2)), otypes=[np.float64])(z)


FUNCTIONS = {
    "identity": lambda z: z,
    "logistic": logistic,
    "tanh": np.tanh,
    "relu": lambda z: np.where(z <= 0, 0, z),
    "softmax": softmax,
    "exp": np.exp,
    "leaky_relu": lambda z, p=0.01: np.where(z < 0, p * z, z),
    "elu": lambda z, p=1.0: np.where(z < 0, p * np.expm1(np.minimum(z, 0)), z),
    "silu": lambda z: z * logistic(z),
    "gelu": lambda z: z * normal_cdf(z),
    "softplus": lambda z: softplus(z),
    "softsign": lambda z: z / (1 + np.abs(z)),
}

# f'(z); softmax has a whole Jacobian, see Network.output_delta.
DERIVATIVES = {
    "identity": lambda z: np.ones_like(z),
    "logistic": lambda z: logistic(z) * logistic(-z),
    "tanh": lambda z: 1 - np.tanh(z) ** 2,
    "relu": lambda z: np.where(z > 0, 1, 0).astype(z.dtype),
    "exp": np.exp,
    "leaky_relu": lambda z, p=0.01: np.where(z > 0, 1, p),
    "elu": lambda z, p=1.0: np.where(z < 0, p * np.exp(np.minimum(z, 0)), 1),
    "silu": lambda z: logistic(z) * (1 + z * logistic(-z)),
    "gelu": lambda z: normal_cdf(z) + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi),
    "softplus": logistic,
    "softsign": lambda z: 1 / (1 + np.abs(z)) ** 2,
}

# The terms of a row's cost for one output activation a, target y and parameter p, and their
# derivatives for a.
LOSSES = {
    "squared_error": (lambda a, y, p: (a - y) ** 2, lambda a, y, p: 2 * (a - y)),
    "poisson": (lambda a, y, p: xlogy(y, y / a) - y + a, lambda a, y, p: 1 - y / a),
    "absolute_error": (lambda a, y, p: np.abs(a - y), lambda a, y, p: np.sign(a - y)),
    "huber": (
        lambda a, y, p: np.where(np.abs(a - y) <= p, (a - y) ** 2 / 2, p * (np.abs(a - y) - p / 2)),
        lambda a, y, p: np.clip(a - y, -p, p),
    ),
    "quantile": (
        lambda a, y, p: np.where(a > y, (1 - p) * (a - y), p * (y - a)),
        lambda a, y, p: np.where(a > y, 1 - p, np.where(a < y, -p, 0)),
    ),
    "gamma": (lambda a, y, p: y / a + np.log(a), lambda a, y, p: 1 / a - y / a**2),
    "tweedie": (
        lambda a, y, p: (
            a ** (2 - p) / (2 - p) + y * a ** (1 - p) / (p - 1) - y ** (2 - p) / ((p - 1) * (2 - p))
        ),
        lambda a, y, p: (a - y) / a**p,
    ),
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
    loss : str
    dtype : type, default=np.float64
        The type everything is computed in.
    parameters : sequence of float, default=None
        The activations' parameters, 0 for the default.
    loss_parameter : float, default=0
    """

    def __init__(
        self, sizes, activations, loss, dtype=np.float64, parameters=None, loss_parameter=0
    ):
        assert len(activations) == len(sizes) - 1
        self.sizes = tuple(sizes)
        self.activations = tuple(activations)
        self.loss = loss
        self.dtype = np.dtype(dtype)
        self.n_params = sum((i + 1) * o for i, o in pairwise(sizes))
        self.parameters = [[p] if p else [] for p in parameters or [0] * len(activations)]
        defaults = {"huber": 1, "quantile": 0.5, "focal": 2, "label_smoothing": 0.1, "tweedie": 1.5}
        self.loss_parameter = loss_parameter or defaults.get(loss, 0)

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

    def is_weight(self):
        """1 for each weight of a block, 0 for each bias."""
        block = np.zeros(self.n_params)
        for W in self.split(block)[0]:
            W[...] = 1
        return block

    def init_params(self, rng, hidden_activation=None):
        """Uniform in +-sqrt(6 / (n_in + n_out)), 2 instead of 6 for logistic layers.

        The output layer takes the last hidden layer's factor (`hidden_activation` where there is
        no hidden layer), as scikit-learn does. Order of random numbers: weights, then biases, layer after layer.
        """
        block = np.empty(self.n_params)
        names = list(self.activations[:-1])
        names.append(names[-1] if names else hidden_activation)
        for W, b, name in zip(*self.split(block), names, strict=True):
            bound = np.sqrt((2.0 if name == "logistic" else 6.0) / sum(W.shape))
            W[...] = -bound + 2 * bound * rng.random_sample(W.shape)
            b[...] = -bound + 2 * bound * rng.random_sample(b.shape)
        return block.astype(self.dtype)

    def forward(self, params, X, masks=None):
        """Activations of every layer, the input first and the output last; masks multiply the hidden layers'."""
        return self.passes(params, X, masks)[0]

    def sums(self, params, X, masks=None):
        """Weighted sums of every layer behind the input."""
        return self.passes(params, X, masks)[1]

    def passes(self, params, X, masks=None):
        a, sums = [np.asarray(X).astype(self.dtype)], []
        for i, (W, b) in enumerate(zip(*self.split(params), strict=True)):
            sums.append(a[-1] @ W + b)
            a.append(FUNCTIONS[self.activations[i]](sums[-1], *self.parameters[i]))
            if masks is not None and i < len(masks):
                a[-1] = a[-1] * masks[i]
        return a, sums

    def targets(self, Y):
        """Class indices as rows of zeros and one 1; dense targets as they are."""
        Y = np.asarray(Y)
        if Y.ndim == 1:
            return np.eye(self.sizes[-1], dtype=self.dtype)[Y]
        return Y.astype(self.dtype)

    def row_costs(self, params, X, Y, clip=0.0, masks=None):
        """The cost of each row alone, summed over the outputs."""
        y = self.targets(Y)
        a, sums = self.passes(params, X, masks)
        a, z, p, is_softmax = (
            a[-1],
            sums[-1],
            self.loss_parameter,
            self.activations[-1] == "softmax",
        )
        if self.loss in LOSSES:
            return LOSSES[self.loss][0](a, y, p).sum(axis=1)
        if is_softmax:
            top = z.max(axis=1, keepdims=True)
            log_sum = top + np.log(np.exp(z - top).sum(axis=1, keepdims=True))
            on, off, rest = log_sum - z, 0, 1 - a
        else:
            on, off, rest = softplus(-z), softplus(z), logistic(-z)
        if clip:
            a = np.clip(a, clip, 1 - clip)
            on, off = -np.log(a), 0 if is_softmax else -np.log(1 - a)
        if self.loss == "label_smoothing":
            y = (1 - p) * y + p / (y.shape[1] if is_softmax else 2)
        if self.loss == "focal":
            on, off = rest**p * on, a**p * off
        return (y * on + (1 - y) * off).sum(axis=1)

    def penalty(self, params, alpha, total_weight):
        """`alpha` is a number, or one for each layer."""
        weights, _ = self.split(params)
        alphas = np.broadcast_to(alpha, len(weights))
        return (
            0.5
            * sum(factor * (W * W).sum() for factor, W in zip(alphas, weights, strict=True))
            / total_weight
        )

    def cost(self, params, X, Y, *, weight=None, alpha=0.0, loss_scale=1.0, clip=0.0, masks=None):
        """Weighted mean of the rows' costs, times `loss_scale`, plus the L2 penalty."""
        weight = np.ones(len(X), self.dtype) if weight is None else np.asarray(weight)
        rows = self.row_costs(params, X, Y, clip, masks)
        mean = loss_scale * (weight * rows).sum() / weight.sum()
        return mean + self.penalty(params, alpha, weight.sum())

    def output_delta(self, a, z, y):
        """Gradient of each row's cost with respect to the output's weighted sums z."""
        p, is_softmax = self.loss_parameter, self.activations[-1] == "softmax"
        if self.loss == "log_loss":
            return a - y
        if self.loss == "label_smoothing":
            return a - ((1 - p) * y + p / (y.shape[1] if is_softmax else 2))
        if self.loss == "focal":
            slope = y * (p * (1 - a) ** (p - 1) * np.log(a) - (1 - a) ** p / a)
            if not is_softmax:
                slope -= (1 - y) * (p * a ** (p - 1) * np.log(1 - a) - a**p / (1 - a))
        else:
            slope = LOSSES[self.loss][1](a, y, p)
        if is_softmax:
            return a * (slope - (slope * a).sum(axis=1, keepdims=True))
        return slope * DERIVATIVES[self.activations[-1]](z, *self.parameters[-1])

    def backward(self, params, sums, delta, masks=None):
        """Deltas of every weight layer, first to last, from the last one's."""
        weights, _ = self.split(params)
        deltas = [delta]
        for i in range(len(weights) - 1, 0, -1):
            derivative = DERIVATIVES[self.activations[i - 1]](sums[i - 1], *self.parameters[i - 1])
            mask = 1 if masks is None else masks[i - 1]
            deltas.insert(0, (deltas[0] @ weights[i].T) * mask * derivative)
        return deltas

    def deltas(self, params, X, Y, *, loss_scale=1.0, weight=None, masks=None):
        """Row i: gradient of row i's own cost with respect to each layer's weighted sums."""
        a, sums = self.passes(params, X, masks)
        delta = loss_scale * self.output_delta(a[-1], sums[-1], self.targets(Y))
        delta = delta if weight is None else delta * np.asarray(weight)[:, None]
        return self.backward(params, sums, delta, masks)

    def gradient(self, params, X, Y, *, weight=None, alpha=0.0, loss_scale=1.0, masks=None):
        """Flat gradient of `cost` (unclipped) with respect to the parameters."""
        total = len(X) if weight is None else np.sum(weight)
        a = self.forward(params, X, masks)
        deltas = self.deltas(params, X, Y, loss_scale=loss_scale, weight=weight, masks=masks)
        flat = np.empty(self.n_params, self.dtype)
        W, _ = self.split(params)
        alphas = np.broadcast_to(alpha, len(W))
        for i, (gW, gb) in enumerate(zip(*self.split(flat), strict=True)):
            gW[...] = (a[i].T @ deltas[i] + alphas[i] * W[i]) / total
            gb[...] = deltas[i].sum(axis=0) / total
        return flat

    def input_gradient(self, params, X, Y, *, loss_scale=1.0):
        """Row i: gradient of row i's own cost with respect to its input."""
        weights, _ = self.split(params)
        return self.deltas(params, X, Y, loss_scale=loss_scale)[0] @ weights[0].T


def philox(counter, key):
    """The four random words of Philox4x32-7 [1]_ for a counter of four words and a key of two.

    References
    ----------
    .. [1] Salmon, Moraes, Dror, Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3", SC11.
    """
    (c0, c1, c2, c3), (k0, k1) = counter, key
    for _ in range(7):
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = b >> 32 ^ c1 ^ k0, b % 2**32, a >> 32 ^ c3 ^ k1, a % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c0, c1, c2, c3


def dropout_mask(seed, step, layer, row, width, rate):
    """What the activations of one hidden layer are multiplied by for one row: 0 or 1 / (1 - rate)."""

    def number(unit):
        counter = 8 * (unit // 64) + unit % 8
        words = philox(
            (counter, row % 2**32, step % 2**32, row >> 32 | step >> 32 << 16), (seed, layer)
        )
        half = unit % 64 // 8
        return words[half // 2] >> 16 * (half % 2) & 0xFFFF

    return np.array(
        [0.0 if number(unit) < int(rate * 2**16) else 1 / (1 - rate) for unit in range(width)]
    )


def dropout_masks(sizes, rates, rows, seed, step):
    """The masks of all hidden layers for some rows."""
    return [
        np.array([dropout_mask(seed, step, layer, int(row), width, rate) for row in rows])
        for layer, (width, rate) in enumerate(zip(sizes[1:-1], rates, strict=True))
    ]


class Optimizer:
    """SGD, momentum, Nesterov's momentum [1]_ (as reformulated in [2]_), Adam [3]_ and AdamW [4]_.

    References
    ----------
    .. [1] Nesterov (1983), "A method for solving the convex programming problem with convergence
       rate O(1/k^2)".
    .. [2] Sutskever, Martens, Dahl, Hinton (2013), "On the importance of initialization and
       momentum in deep learning", ICML.
    .. [3] Kingma, Ba (2015), "Adam: a method for stochastic optimization", ICLR.
    .. [4] Loshchilov, Hutter (2019), "Decoupled weight decay regularization", ICLR.
    """

    def __init__(
        self,
        n_params,
        kind,
        *,
        learning_rate,
        momentum=0.0,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        weight_decay=0.0,
        max_norm=0.0,
        is_weight=True,
        dtype=np.float64,
    ):
        self.weight_decay, self.max_norm, self.is_weight = weight_decay, max_norm, is_weight
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
        norm = np.linalg.norm(g)
        if self.max_norm and norm > self.max_norm:
            g = g * (self.max_norm / norm)
        if self.kind == "sgd":
            params -= rate * g
        elif self.kind in ("momentum", "nesterov"):
            self.velocity = self.momentum * self.velocity - rate * g
            ahead = self.momentum * self.velocity - rate * g
            params += self.velocity if self.kind == "momentum" else ahead
        elif self.kind in ("adam", "adamw"):
            if self.kind == "adamw":
                params -= rate * self.weight_decay * params * self.is_weight
            self.first = self.beta_1 * self.first + (1 - self.beta_1) * g
            self.second = self.beta_2 * self.second + (1 - self.beta_2) * g * g
            bias_2 = np.sqrt(1 - self.beta_2**self.steps)
            rate = rate * bias_2 / (1 - self.beta_1**self.steps)
            params -= rate * self.first / (np.sqrt(self.second) + self.epsilon)
        else:
            raise ValueError(self.kind)


def train_epoch(
    network,
    params,
    X,
    Y,
    optimizer,
    *,
    batch_size,
    order=None,
    weight=None,
    alpha=0.0,
    loss_scale=1.0,
    clip=0.0,
    dropout=None,
    dropout_seed=0,
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
        masks = dropout and dropout_masks(
            network.sizes, dropout, rows, dropout_seed, optimizer.steps
        )
        cost += share * network.cost(
            params, x, y, weight=w, loss_scale=loss_scale, clip=clip, masks=masks
        )
        penalty += share * network.penalty(params, alpha, len(rows) if w is None else w.sum())
        gradient = network.gradient(
            params, x, y, weight=w, alpha=alpha, loss_scale=loss_scale, masks=masks
        )
        optimizer.step(params, gradient)
    return float(cost), float(penalty)


def train(network, params, X, Y, optimizer, rng, *, epochs, batch_size, **objective):
    """Epochs with the rows reshuffled before each; returns the list of (cost, penalty)."""
    order, costs = np.arange(len(X)), []
    for _ in range(epochs):
        positions = np.arange(len(X))
        rng.shuffle(positions)
        order = order[positions]
        costs.append(
            train_epoch(
                network, params, X, Y, optimizer, batch_size=batch_size, order=order, **objective
            )
        )
    return costs
