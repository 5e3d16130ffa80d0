"""torch: eager with tensors prepared in advance, and compiled."""

from itertools import pairwise

import torch
from torch import nn

from benchmarks.data import rows
from benchmarks.peers import RATE


def version():
    return f"torch {torch.__version__}"


def model(case):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    layers = []
    for n_in, n_out in pairwise(case["sizes"]):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def epoch_of(case, net, forward):
    X, y = map(torch.from_numpy, rows(case))
    optimizer, cost = torch.optim.SGD(net.parameters(), lr=RATE), nn.CrossEntropyLoss()

    def epoch():
        for batch in torch.randperm(len(X)).split(case["batch"]):
            optimizer.zero_grad(set_to_none=True)
            cost(forward(X[batch]), y[batch]).backward()
            optimizer.step()

    return epoch


def train(case):
    net = model(case)
    return epoch_of(case, net, net)


def train_compiled(case):
    net = model(case)
    return epoch_of(case, net, torch.compile(net))


def forward(case):
    X, net = torch.from_numpy(rows(case)[0]), model(case).eval()

    @torch.inference_mode()
    def predict():
        return torch.softmax(net(X), dim=1).numpy()

    return predict
