"""Prints the accuracy on the test images."""

import sys

import numpy as np
from digits_pybind11 import Model

from cmlp.datasets import load_digits28

*_, X_test, y_test = load_digits28()
print((Model(np.fromfile(sys.argv[1], np.uint8)).classify(X_test) == y_test).mean())
