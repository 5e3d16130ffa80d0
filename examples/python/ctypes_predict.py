"""Classify images with cmlp's C functions through ctypes."""

import ctypes
import sys
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint64,
)

import numpy as np

import cmlp


class Info(Structure):
    """``cmlp_model_info`` of cmlp.h."""

    _fields_ = [
        *((name, c_size_t) for name in ("struct_size", "model_size")),
        *((name, c_size_t) for name in ("workspace_size", "answer_size")),
        *((name, c_uint64) for name in ("head_size", "file_size", "error_at")),
        *((name, c_int64) for name in ("n_in", "n_out", "n_labels", "n_nets")),
        *((name, c_int32) for name in ("dtype", "kind")),
        *((name, c_int64) for name in ("n_targets", "n_ends", "n_set")),
    ]


class Functions(Structure):
    """The first entries of ``cmlp_capi`` of cmlp_capi.h; pointers are integers here."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("version_number", c_int32),
        ("abi", c_int32),
        ("status_name", CFUNCTYPE(c_char_p, c_int)),
        ("status_string", CFUNCTYPE(c_char_p, c_int)),
        ("version", CFUNCTYPE(c_char_p)),
        ("model_describe", CFUNCTYPE(c_int, c_size_t, c_size_t, POINTER(Info), c_size_t)),
        ("model_init", CFUNCTYPE(c_int, *[c_size_t] * 5, POINTER(c_size_t), c_size_t)),
        ("rows_init", CFUNCTYPE(None, *[c_size_t] * 3, c_int32, c_int64, c_int64)),
        ("model_predict", CFUNCTYPE(c_int, *[c_size_t] * 4)),
    ]


get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, c_char_p]
functions = Functions.from_address(get_pointer(cmlp.capi, b"cmlp.capi"))


BYTES = 3  # CMLP_UINT8


class Model:
    """A model file in memory. The structs of its calls are arrays of 64-bit numbers."""

    def __init__(self, path):
        self.file = np.fromfile(path, np.uint8)
        info = Info(struct_size=ctypes.sizeof(Info))
        self._check(functions.model_describe(self.file.ctypes.data, self.file.size, info, 0))
        self.memory, self.workspace = (
            np.empty(info.model_size, np.uint8),
            np.empty(info.workspace_size, np.uint8),
        )
        self.run = np.zeros(10, np.uint64)  # cmlp_run: its size, the workspace and its size
        self.run[:3] = self.run.nbytes, self.workspace.ctypes.data, self.workspace.size
        blocks = (self.memory, self.file)
        arguments = [number for block in blocks for number in (block.ctypes.data, block.size)]
        model = c_size_t()
        self._check(functions.model_init(*arguments, 0, model, self.run.ctypes.data))
        self.address, self.n_in = model.value, info.n_in  # the model is inside `memory`
        self.rows = np.zeros(18, np.uint64)  # cmlp_rows of one row; its address is [1]
        functions.rows_init(self.rows.ctypes.data, self.rows.nbytes, 0, BYTES, 1, self.n_in)
        # cmlp_prediction: its size, no outputs and their number, the address of one class index
        self.prediction = np.array([72, 0, 0, 0, 1, 0, 0, 0, 0], np.uint64)

    def classify(self, images):
        """Return the class index of each image, a row of bytes."""
        answer = c_int32()
        classes = []
        images = np.ascontiguousarray(images, np.uint8).reshape(len(images), self.n_in)
        structs = [each.ctypes.data for each in (self.rows, self.prediction, self.run)]
        self.prediction[3] = ctypes.addressof(answer)
        for image in images:
            self.rows[1] = image.ctypes.data
            self._check(functions.model_predict(self.address, *structs))
            classes.append(answer.value)
        return classes

    @staticmethod
    def _check(status):
        if status:
            raise ValueError(functions.status_string(status).decode())


if __name__ == "__main__":
    *_, X_test, y_test = cmlp.datasets.load_digits28()
    print(np.mean(Model(sys.argv[1]).classify(X_test) == y_test))
