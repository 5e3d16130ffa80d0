"""Classify images with cmlp's C functions through ctypes."""

import ctypes
import sys
from ctypes import (
    CFUNCTYPE,
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_int,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
)

import numpy as np

import cmlp


class Info(Structure):
    """``cmlp_model_info`` of cmlp.h."""

    _fields_ = [
        *((name, c_size_t) for name in ("struct_size", "model_size", "workspace_size")),
        *((name, c_uint64) for name in ("head_size", "file_size", "error_at")),
        *((name, c_int64) for name in ("n_inputs", "n_outputs")),
        ("input_scale", c_double),
        ("n_nets", c_int64),
        ("dtype", c_int32),
        ("reserved", c_int32),
    ]


PREDICT = CFUNCTYPE(
    c_int, c_size_t, c_size_t, c_int64, c_size_t, c_size_t, c_int64, c_size_t, c_size_t
)


class Functions(Structure):
    """The first entries of ``cmlp_capi`` of cmlp_capi.h; pointers are integers here."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("version_number", c_int32),
        ("status_name", CFUNCTYPE(c_char_p, c_int)),
        ("status_string", CFUNCTYPE(c_char_p, c_int)),
        ("version", CFUNCTYPE(c_char_p)),
        ("model_size", CFUNCTYPE(c_int, c_size_t, c_size_t, POINTER(Info))),
        (
            "model_init",
            CFUNCTYPE(c_int, *[c_size_t] * 4, c_uint32, *[c_size_t] * 2, POINTER(c_size_t)),
        ),
        ("model_predict_f32", PREDICT),
        ("model_predict_f64", PREDICT),
        ("model_predict_u8", PREDICT),
    ]


get_pointer = ctypes.pythonapi.PyCapsule_GetPointer
get_pointer.restype, get_pointer.argtypes = ctypes.c_void_p, [ctypes.py_object, c_char_p]
functions = Functions.from_address(get_pointer(cmlp.capi, b"cmlp.capi"))


class Model:
    """A model file in memory."""

    def __init__(self, path):
        self.file = np.fromfile(path, np.uint8)
        info = Info(struct_size=ctypes.sizeof(Info))
        self._check(functions.model_size(self.file.ctypes.data, self.file.size, info))
        self.memory, self.workspace = (
            np.empty(info.model_size, np.uint8),
            np.empty(info.workspace_size, np.uint8),
        )
        blocks = (self.memory, self.file)
        arguments = [number for block in blocks for number in (block.ctypes.data, block.size)]
        model = c_size_t()
        self._check(
            functions.model_init(
                *arguments, 0, self.workspace.ctypes.data, self.workspace.size, model
            )
        )
        self.address, self.n_inputs = model.value, info.n_inputs  # the model is inside `memory`

    def classify(self, images):
        """Return the class index of each image, a row of bytes."""
        label = c_int32()
        classes = []
        images = np.ascontiguousarray(images, np.uint8).reshape(len(images), self.n_inputs)
        model, workspace, size = self.address, self.workspace.ctypes.data, self.workspace.size
        for image in images:
            at = ctypes.addressof(label)
            self._check(
                functions.model_predict_u8(
                    model, image.ctypes.data, image.size, at, 0, 0, workspace, size
                )
            )
            classes.append(label.value)
        return classes

    @staticmethod
    def _check(status):
        if status:
            raise ValueError(functions.status_string(status).decode())


if __name__ == "__main__":
    *_, X_test, y_test = cmlp.datasets.load_digits28()
    print(np.mean(Model(sys.argv[1]).classify(X_test) == y_test))
