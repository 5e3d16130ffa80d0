"""Predict with a model file, without NumPy and without the package cmlp: for functions that start often.

    python predictor.py LIBRARY MODEL CELL...

prints the index of the class (-1 if there is none) and all outputs.
"""

import sys
from ctypes import (
    CDLL,
    Structure,
    addressof,
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
        *((name, c_size_t) for name in ("struct_size", "model_size")),
        *((name, c_size_t) for name in ("workspace_size", "answer_size")),
        *((name, c_uint64) for name in ("head_size", "file_size", "error_at")),
        *((name, c_int64) for name in ("n_in", "n_out", "n_labels", "n_nets")),
        *((name, c_int32) for name in ("dtype", "kind")),
        *((name, c_int64) for name in ("n_targets", "n_ends", "n_set")),
    ]


class Prediction(Structure):
    """``cmlp_prediction``."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("outputs", c_void_p),
        ("n_outputs", c_int64),
        ("class_indices", c_void_p),
        ("n_class_indices", c_int64),
        ("activations", c_void_p),
        ("n_activations", c_int64),
        ("sums", c_void_p),
        ("n_sums", c_int64),
    ]


class Run(Structure):
    """``cmlp_run``."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("workspace", c_void_p),
        ("workspace_size", c_size_t),
        *((name, c_void_p) for name in ("poll", "poll_context", "refused")),
        *((name, c_int64) for name in ("bad_row", "bad_element", "bad_column")),
        *((name, c_int32) for name in ("n_threads", "reserved")),
    ]


ROWS = 144  # the size of cmlp_rows, on systems of 64 bits


class Predictor:
    """A model in memory. Threads need a Predictor each, because a prediction uses the workspace."""

    def __init__(self, library, path):
        self.library = CDLL(library)
        self.library.cmlp_status_string.restype = c_char_p
        with open(path, "rb") as stream:
            content = stream.read()
        self.file = create_string_buffer(content, len(content))
        self.info = Info(struct_size=sizeof(Info))
        self._call("model_describe", self.file, c_size_t(len(content)), byref(self.info), None)
        self.memory = create_string_buffer(self.info.model_size)
        self.workspace = create_string_buffer(self.info.workspace_size)
        self.run = Run(struct_size=sizeof(Run), workspace_size=len(self.workspace))
        self.run.workspace = addressof(self.workspace)
        self.model = c_void_p()
        blocks = (self.memory, self.file)
        arguments = [part for block in blocks for part in (block, c_size_t(len(block)))]
        self._call("model_init", *arguments, None, byref(self.model), byref(self.run))

    def predict(self, cells):
        """Return the index of the class and the outputs of a row: numbers, or cells of a CSV file as texts."""
        real = c_double if self.info.dtype == 2 else c_float  # 2: CMLP_FLOAT64
        read = self._number_of_cell if self.info.n_nets else lambda column, cell: float(cell)
        row = (real * len(cells))(*(read(column, cell) for column, cell in enumerate(cells)))
        answer = c_int32()
        outputs = (real * self.info.n_out)()
        rows = create_string_buffer(ROWS)
        shape = (c_int64(1), c_int64(len(row)))
        self.library.cmlp_rows_init(rows, c_size_t(ROWS), row, c_int32(self.info.dtype), *shape)
        prediction = Prediction(
            struct_size=sizeof(Prediction), n_outputs=len(outputs), n_class_indices=1
        )
        prediction.outputs, prediction.class_indices = addressof(outputs), addressof(answer)
        self._call("model_predict", self.model, rows, byref(prediction), byref(self.run))
        return answer.value, list(outputs)

    def _number_of_cell(self, column, cell):
        """Return a number, the days of a date or the code of a category; an empty text is missing."""
        if not isinstance(cell, str):
            return cell
        text = cell.encode()
        number = c_double()
        arguments = (c_int64(column), text, c_int64(len(text)), byref(number), None)
        try:
            self._call("model_read_cell", self.model, *arguments)
        except ValueError as error:
            raise ValueError(f"column {column} cannot hold {cell!r}: {error}") from None
        return number.value

    def _call(self, name, *arguments):
        status = self.library[f"cmlp_{name}"](*arguments)
        if status:
            raise ValueError(self.library.cmlp_status_string(status).decode())


if __name__ == "__main__":
    answer, outputs = Predictor(*sys.argv[1:3]).predict(sys.argv[3:])
    print(answer, *outputs)
