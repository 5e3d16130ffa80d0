"""Predict with a model file, without NumPy and without the package cmlp: for functions that start often.

    python predictor.py LIBRARY MODEL CELL...

prints the index of the class (-1 if there is none) and all outputs.
"""

import sys
from ctypes import (
    CDLL,
    Structure,
    byref,
    c_char_p,
    c_double,
    c_float,
    c_int32,
    c_int64,
    c_size_t,
    c_uint64,
    c_void_p,
    create_string_buffer,
    sizeof,
)


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


class Predictor:
    """A model in memory. Threads need a Predictor each, because a prediction uses the workspace."""

    def __init__(self, library, path):
        self.library = CDLL(library)
        self.library.cmlp_status_string.restype = c_char_p
        with open(path, "rb") as stream:
            content = stream.read()
        self.file = create_string_buffer(content, len(content))
        self.info = Info(struct_size=sizeof(Info))
        self._call("model_size", self.file, c_size_t(len(content)), byref(self.info))
        self.memory = create_string_buffer(self.info.model_size)
        self.workspace = create_string_buffer(self.info.workspace_size)
        self.model = c_void_p()
        blocks = (self.memory, self.file)
        arguments = [part for block in blocks for part in (block, c_size_t(len(block)))]
        workspace = (self.workspace, c_size_t(len(self.workspace)))
        self._call("model_init", *arguments, 0, *workspace, byref(self.model))

    def predict(self, cells):
        """Return the index of the class and the outputs of a row: numbers, or cells of a CSV file as texts."""
        real, function = c_float, "model_predict_f32"
        if self.info.dtype == 2:  # CMLP_FLOAT64
            real, function = c_double, "model_predict_f64"
        read = self._number_of_cell if self.info.n_nets else lambda column, cell: float(cell)
        row = (real * len(cells))(*(read(column, cell) for column, cell in enumerate(cells)))
        label = c_int32()
        outputs = (real * self.info.n_outputs)()
        arguments = (row, c_int64(len(row)), byref(label), outputs, c_int64(len(outputs)))
        self._call(function, self.model, *arguments, self.workspace, c_size_t(len(self.workspace)))
        return label.value, list(outputs)

    def _number_of_cell(self, column, cell):
        """Return a number, the days of a date or the code of a category; an empty text is missing."""
        if not isinstance(cell, str):
            return cell
        text = cell.encode()
        number = c_double()
        arguments = (c_int64(column), text, c_int64(len(text)), byref(number))
        try:
            self._call("table_code_of_cell", self.model, *arguments)
        except ValueError as error:
            raise ValueError(f"column {column} cannot hold {cell!r}: {error}") from None
        return number.value

    def _call(self, name, *arguments):
        status = self.library[f"cmlp_{name}"](*arguments)
        if status:
            raise ValueError(self.library.cmlp_status_string(status).decode())


if __name__ == "__main__":
    label, outputs = Predictor(*sys.argv[1:3]).predict(sys.argv[3:])
    print(label, *outputs)
