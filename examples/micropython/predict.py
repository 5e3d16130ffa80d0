"""Runs on the board: predicts a row with the module digits."""

import array

import digits

assert digits.check()  # the compiler and the processor compute with Python's bits
row = array.array("f", [0.0] * digits.n_inputs)
output = array.array("f", [0.0] * digits.n_outputs)
digits.predict(row, output)
print(digits.classify(row), list(output))
