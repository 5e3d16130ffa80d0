"""Prints the accuracy on the test images."""

import sys

from digits_cython import Model

from cmlp.datasets import load_digits28

*_, X_test, y_test = load_digits28()
print((Model(sys.argv[1]).classify(X_test) == y_test).mean())
