"""cmlp: the bare network, and the estimator with its checks."""

import numpy as np

import cmlp
from benchmarks.data import pixels, rows, sparse_rows
from benchmarks.peers import RATE


def version():
    return f"{cmlp.__version__}, {cmlp.cpu_info()['used']}"


def network(case, **keywords):
    return cmlp.Network(case["sizes"], "relu", random_state=0, n_threads=1, **keywords)


def train_network(case):
    X, y = rows(case["rows"])
    net, rng = network(case), np.random.RandomState(0)

    def epoch():
        order = rng.permutation(len(X))
        net.train_epoch(X, y, case["batch"], RATE, order)

    return epoch


def estimator(case):
    from cmlp import MLPClassifier

    return MLPClassifier(
        case["sizes"][1:-1], solver="sgd", momentum=0, nesterovs_momentum=False, alpha=0,
        batch_size=case.get("batch", 128), learning_rate_init=RATE, random_state=0, n_threads=1,
    )  # fmt: skip


def train_estimator(case):
    X, y = rows(case["rows"])
    model = estimator(case).partial_fit(X, y, classes=np.arange(10))
    return lambda: model.partial_fit(X, y)


def train_sparse(case):
    X, y = sparse_rows(case["rows"], case["sizes"][0], case["density"])
    model = estimator(case).partial_fit(X, y, classes=np.arange(10))
    return lambda: model.partial_fit(X, y)


def train_dense(case):
    X, y = sparse_rows(case["dense_rows"], case["sizes"][0], case["density"])
    X = X.toarray()
    model = estimator(case).partial_fit(X, y, classes=np.arange(10))
    return lambda: model.partial_fit(X, y)


def forward(case):
    X, _ = rows(case["rows"])
    net = network(case)
    return lambda: net.forward(X)


def forward_out(case):
    X, _ = rows(case["rows"])
    net = network(case)
    out = np.empty((len(X), 10), np.float32)
    return lambda: net.forward(X, out=out)


def forward_uint8(case):
    X, _, _ = pixels(case["rows"])
    net = network(case, input_scale=1 / 255)
    return lambda: net.forward(X)


def predict_proba(case):
    X, y = rows(200)
    model = estimator(case).partial_fit(X, y, classes=np.arange(10))
    X, _ = rows(case["rows"])
    return lambda: model.predict_proba(X)
