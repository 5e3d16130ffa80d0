"""The kinds of bad model files, with the status of each, and files of each kind, made from a good one."""

import json
import struct

import numpy as np
import pytest
from hostile_files import CRC_AT, requiring
from model_files import repaired, split

import cmlp

nan, inf = np.nan, np.inf


def saved(model, folder):
    model.save(folder / "good.cmlp")
    return (folder / "good.cmlp").read_bytes()


def good_files(folder):
    """Return the files of a network, of one with shifts and factors, of tables and of a classifier."""
    sizes = {"activation": "relu", "random_state": 1}
    table = cmlp.TabularRegressor(
        hidden_layer_sizes=(3,), n_estimators=2, max_time=1e-9, random_state=0
    )
    rows = [[i % 7 + 0.5, "ab"[i % 2], float(i)] for i in range(60)]
    classes = cmlp.TabularClassifier(
        hidden_layer_sizes=(3,), n_estimators=1, max_time=1e-9, random_state=0
    )
    classes.fit(rows, np.arange(60) % 3 > 0).threshold_ = 0.25
    many = [[i % 7 + 0.5, "ab"[i % 2], float(i)] for i in range(400)]
    classifier = cmlp.MLPClassifier((3,), max_iter=1)
    with pytest.warns(UserWarning, match="Stochastic"):
        classifier.fit(np.arange(8.0).reshape(4, 2), list("abca"))
    return {
        "network": saved(cmlp.Network([4, 3, 2], **sizes), folder),
        "columns": saved(cmlp.Network([2, 3, 2], **sizes, input_scale=([1, 2], [3, 4])), folder),
        "table": saved(table.fit(rows, np.arange(60.0)), folder),
        "widths": saved(table.fit(many, np.arange(400.0) ** 2), folder),
        "targets": saved(table.fit(rows, np.arange(120.0).reshape(60, 2)), folder),
        "quantiles": saved(
            table.set_params(loss="quantile", quantile=(0.1, 0.9)).fit(rows, np.arange(60.0)),
            folder,
        ),
        "limits": saved(
            table.fit(rows, np.clip(np.arange(60.0), 9, 50)), folder
        ),  # frequent ones of the targets
        "classifier": saved(classifier, folder),
        "threshold": saved(classes, folder),
    }


def with_text(old, new, file="network"):
    def make(good):
        text, data = split(good[file])
        assert old in text
        return repaired(text.replace(old, new, 1), data)

    return make


def with_targets(file):
    """Turn a table with one target into one that requires several."""

    def make(good):
        text, data = split(good[file])
        text = text.replace(b',"data_crc32"', b',"requires":"targets","data_crc32"', 1)
        return repaired(text, data)

    return make


def with_number(file, tensor, value, at=0):
    """Change element `at` of a tensor, a negative one from its end."""

    def make(good):
        text, data = split(good[file])
        entry = json.loads(text)[tensor]
        code, size = ("<f", 4) if entry["dtype"] == "F32" else ("<d", 8)
        begin = entry["data_offsets"][at < 0] + at * size
        return repaired(text, data[:begin] + struct.pack(code, value) + data[begin + size :])

    return make


def with_byte(file, tensor, value, at=0):
    """Change a byte of a tensor, the last one if `at` is -1."""

    def make(good):
        text, data = split(good[file])
        place = json.loads(text)[tensor]["data_offsets"][at < 0] + at
        return repaired(text, data[:place] + bytes([value]) + data[place + 1 :])

    return make


SCALE = b"3ff0000000000000"
# The status of each kind; a star: CMLP_OK for a reader that does not verify the data.
STATUSES = {
    "CMLP_ERROR_FILE_SHORT": [
        "the file ends too early",
    ],
    "CMLP_ERROR_FILE_LONG": [
        "bytes follow the data",
    ],
    "CMLP_ERROR_FILE_MAGIC": [
        "the first bytes are others",
    ],
    "CMLP_ERROR_FILE_VERSION": [
        "the version is unknown",
        "a required feature is unknown",
        "the kind is unknown",
    ],
    "CMLP_ERROR_FILE_HEAD_CRC": [
        "`crc32` does not match",
    ],
    "CMLP_ERROR_FILE_SYNTAX": [
        "the text does not follow the grammar",
        "a label, a name or a category is not UTF-8",
    ],
    "CMLP_ERROR_FILE_NAME": [
        "a name is missing, unknown among the layers, or out of order",
        "`columns.kinds` or another tensor of values is missing",
        "a threshold is required and missing, or is there and not required",
    ],
    "CMLP_ERROR_FILE_TENSOR": [
        "a tensor has another type, shape or offset",
    ],
    "CMLP_ERROR_FILE_VALUE": [
        "an activation is unknown or in a wrong layer",
        "the loss is unknown or does not fit the outputs",
        "`input_scale` is 0, NaN or infinite",
        "a factor is 0",
        "several targets with one output, or several quantiles",
        "a label, a kind or a category breaks a rule",
        "a threshold beside other outputs than one logistic one",
        "the kind does not fit the outputs, the labels or the loss",
        "a number in `table.numbers` breaks a rule",
        "a number in `table.target` breaks a rule",
        "`table.threshold` is not a number from 0 to 1",
        "a score of the calibration is NaN or below the one before it",
        "a number in `calibration.widths` breaks a rule",
        "a number in `calibration.limits` breaks a rule",
        "a class or a score in `calibration.classes` breaks a rule",
    ],
    "CMLP_ERROR_FILE_DATA_CRC": [
        "`data_crc32` does not match*",
    ],
    "CMLP_ERROR_FILE_NONFINITE": [
        "a shift or a factor is NaN or infinite",
        "a weight or a bias is NaN or infinite*",
    ],
    "CMLP_ERROR_FILE_EXAMPLE": [
        "`example.input` has NaN (not in a table) or infinity*",
        "`example.output` has other bits*",
    ],
}
FILES = {
    "`columns.kinds` or another tensor of values is missing": [
        with_text(b'"columns.kinds"', b'"columns.kindt"', "table"),
        with_text(b'"labels.type"', b'"labels.typed"', "classifier"),
        with_text(b'"categories.order"', b'"categories.orders"', "table"),
    ],
    "a label, a name or a category is not UTF-8": [
        with_byte("classifier", "labels.text", 0xFF),
        with_byte("table", "categories.text", 0xC3, at=-1),
    ],
    "a label, a kind or a category breaks a rule": [
        with_byte("classifier", "labels.text", 0x7A),  # not ascending
        with_byte("classifier", "labels.type", 6),
        with_byte("table", "columns.kinds", 9),
        with_byte("table", "categories.order", 1),
        with_byte("table", "categories.counts", 7),
    ],
    "a threshold is required and missing, or is there and not required": [
        with_text(b'"table.threshold"', b'"table.thresholds"', "threshold"),
        with_text(b',"requires":"threshold"', b"", "threshold"),
    ],
    "a threshold beside other outputs than one logistic one": [
        with_text(
            b'logistic","loss":"label_smoothing:3f947ae147ae147b', b'identity","loss":"squared_error', "threshold"
        ),
    ],
    "the kind does not fit the outputs, the labels or the loss": [
        with_text(b'"kind":"network"', b'"kind":"ordered"'),
        with_text(b'"kind":"classifier"', b'"kind":"regressor"', "classifier"),
        with_text(b'"kind":"regressor"', b'"kind":"network"', "table"),
    ],
    "several targets with one output, or several quantiles": [with_targets("table"), with_targets("quantiles")],
    "the file ends too early": [lambda good: good["network"][:-1], lambda good: good["table"][:100], lambda good: b""],
    "bytes follow the data": [lambda good: good["network"] + b"x", lambda good: good["table"] + b"\0"],
    "the first bytes are others": [lambda good: good["network"].replace(b"__metadata__", b"__metadatA__")],
    "the version is unknown": [
        with_text(b'"cmlp":"1"', b'"cmlp":"9"'),
        with_text(b'"cmlp":"1"', b'"cmlp":"2"', "table"),
    ],
    "the kind is unknown": [with_text(b'"kind":"network"', b'"kind":"forecaster"')],
    "a required feature is unknown": [lambda good: requiring(b"units")],
    "`crc32` does not match": [lambda good: good["table"][:CRC_AT] + b"00000000" + good["table"][CRC_AT + 8 :]],
    "the text does not follow the grammar": [
        with_text(b'"loss":', b'"loss": '),
        with_text(b"number", b"numbers", "table"),
    ],
    "a name is missing, unknown among the layers, or out of order": [
        with_text(b"layers.1.weight", b"layers.2.weight"),
        with_text(b"example.input", b"example.zzzzz", "table"),
    ],
    "a tensor has another type, shape or offset": [
        with_text(b"[4,3]", b"[3,4]"),
        with_text(b'"F32"', b'"I32"', "table"),
    ],
    "an activation is unknown or in a wrong layer": [
        with_text(b"relu,", b"swish,"),
        with_text(b"relu,", b"softmax,"),
    ],
    "the loss is unknown or does not fit the outputs": [
        with_text(b"log_loss", b"hinge"),
        with_text(b"log_loss", b"gamma"),
    ],
    "`input_scale` is 0, NaN or infinite": [
        with_text(SCALE, digits) for digits in (b"0" * 16, b"7ff8000000000000", b"fff0000000000000")
    ],
    "`data_crc32` does not match": [
        lambda good: good["network"][:-1] + bytes([good["network"][-1] ^ 1]),
        lambda good: good["table"][:-80] + bytes([good["table"][-80] ^ 1]) + good["table"][-79:],
    ],
    "a shift or a factor is NaN or infinite": [
        with_number("columns", f"input.{name}", value, at)
        for name in ("shift", "factor") for value in (nan, -inf) for at in (0, 1)
    ],
    "a factor is 0": [with_number("columns", "input.factor", 0.0, at=1)],
    "a number in `table.numbers` breaks a rule": [
        *(with_number("table", "table.numbers", value, at) for value in (nan, inf) for at in (0, 1, 2)),
        *(with_number("table", "table.numbers", value, at=1) for value in (0.0, -1.0)),
        with_number("table", "table.numbers", 1e300, at=2),  # an edge above the next one
    ],
    "a number in `table.target` breaks a rule": [
        *(with_number("table", "table.target", value, at) for value in (nan, -inf) for at in range(4)),
        *(with_number("table", "table.target", value, at=1) for value in (0.0, -1.0)),
        with_number("table", "table.target", 1e300, at=2),  # low above high
    ],
    "`table.threshold` is not a number from 0 to 1": [
        *(with_number("threshold", "table.threshold", value) for value in (nan, inf, -1e-9, 1.0000001)),
    ],
    "a score of the calibration is NaN or below the one before it": [
        *(with_number("table", "calibration.scores", nan, at) for at in (0, 3)),
        with_number("table", "calibration.scores", inf, at=2),
        with_number("table", "calibration.scores", -1.0, at=1),
    ],
    "a number in `calibration.widths` breaks a rule": [
        *(with_number("widths", "calibration.widths", value) for value in (nan, inf, 1e300)),
        *(with_number("widths", "calibration.widths", value, at=-1) for value in (nan, inf, 0.0, -1.0)),
    ],
    "a number in `calibration.limits` breaks a rule": [
        *(with_number("limits", "calibration.limits", nan, at) for at in range(4)),
        with_number("limits", "calibration.limits", 1e300),  # the lowest target above the number near it
        with_number("limits", "calibration.limits", -inf, at=2),  # the highest one below it
    ],
    "a class or a score in `calibration.classes` breaks a rule": [
        *(with_number("threshold", "calibration.classes", value) for value in (nan, -1.0, 0.5, 1.0)),
        *(with_number("threshold", "calibration.classes", value, at=-1) for value in (nan, -1.0)),
    ],
    "a weight or a bias is NaN or infinite": [
        with_number(file, f"{prefix}{part}", value)
        for file, prefix in (("network", "layers.1."), ("table", "nets.1.layers.0."), ("columns", "layers.0."))
        for part in ("weight", "bias") for value in (nan, inf)
    ],
    "`example.input` has NaN (not in a table) or infinity": [
        *(with_number(file, "example.input", nan) for file in ("network", "columns")),
        *(with_number(file, "example.input", -inf) for file in ("network", "columns", "table")),
    ],
    "`example.output` has other bits": [
        with_number(file, "example.output", value)
        for file in ("network", "columns", "table") for value in (nan, -inf, -0.0, 0.25)
    ],
}  # fmt: skip
