"""One module for each library, which uses it in the fastest way that its users would write.

Each module has ``version()`` and functions that take a case and return the work as a function without arguments. All
networks have relu hidden layers, softmax outputs, log loss and plain SGD, unless the case sets something else.
"""

RATE = 0.01  # small enough for all data; the times do not depend on it
