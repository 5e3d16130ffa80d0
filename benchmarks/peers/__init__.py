"""One module for each library, at its best as its users write it.

Each has ``version()`` and functions that take a case and return the work as a function without
arguments. All networks have relu hidden layers, softmax outputs, the log loss and plain SGD, unless
the case says otherwise.
"""

RATE = 0.01  # small enough for all kinds of rows; times do not depend on it
