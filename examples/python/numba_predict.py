"""Classify images in a compiled loop: Numba calls cmlp's C functions without the interpreter."""

import sys

import numpy as np
from ctypes_predict import Model, functions
from numba import njit

import cmlp

predict = functions.model_predict_u8


@njit(nogil=True)
def classify(model, workspace, images):
    """Return the class index of each image, a row of bytes."""
    classes = np.empty(len(images), np.int32)
    for i in range(len(images)):
        label = classes[i:].ctypes.data
        image = images[i]
        if predict(
            model, image.ctypes.data, image.size, label, 0, 0, workspace.ctypes.data, workspace.size
        ):
            raise ValueError("the model cannot predict this image")
    return classes


if __name__ == "__main__":
    *_, X_test, y_test = cmlp.datasets.load_digits28()
    model = Model(sys.argv[1])
    print(np.mean(classify(model.address, model.workspace, X_test) == y_test))
