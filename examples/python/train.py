"""Train a network on the bundled digits and write a model file."""

import sys

from cmlp import MLPClassifier
from cmlp.datasets import load_digits28

X, y, _, _ = load_digits28()
model = MLPClassifier.from_preset("fast", hidden_layer_sizes=(32,), random_state=0)
model.fit(X, y).save(sys.argv[1])
