"""Classify images in a compiled loop: Numba calls cmlp's C functions without the interpreter."""

import sys

import numpy as np
from ctypes_predict import Model, functions
from numba import njit

import cmlp

predict = functions.model_predict


@njit(nogil=True)
def classify(model, rows, prediction, run, images):
    """Return the class index of each image, a row of bytes."""
    classes = np.empty(len(images), np.int32)
    for i in range(len(images)):
        rows[1], prediction[3] = images[i].ctypes.data, classes[i:].ctypes.data
        if predict(model, rows.ctypes.data, prediction.ctypes.data, run.ctypes.data):
            raise ValueError("the model cannot predict this image")
    return classes


if __name__ == "__main__":
    *_, X_test, y_test = cmlp.datasets.load_digits28()
    model = Model(sys.argv[1])
    classes = classify(model.address, model.rows, model.prediction, model.run, X_test)
    print(np.mean(classes == y_test))
