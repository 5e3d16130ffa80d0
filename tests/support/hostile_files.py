"""Damaged and malicious model files, and the status of each."""

import io
import struct

import numpy as np
from internals import model_of
from model_files import CRC_AT, repaired, split

from cmlp import Network
from cmlp._bridge import _core
from cmlp._bridge.blocks import empty_block
from cmlp.exceptions import ModelFormatError

NETWORK = Network([4, 3, 2], "relu", random_state=1)


def status_in_c(content, verify=True):
    """Return the status that the C library gives bytes in memory."""
    block = empty_block(len(content), np.uint8)
    block[:] = np.frombuffer(content, np.uint8)
    try:
        _core.check_model(block, verify)
    except ModelFormatError as error:
        return error.status
    return "CMLP_OK"


def written(network=NETWORK, strings=None, arrays=None, labels=None, **values):
    out = io.BytesIO()
    strings = {"note": "x"} if strings is None else strings
    _core.write_model(
        model_of(network).net,
        network.params,
        scale=1.0,
        labels=labels,
        strings=strings,
        arrays=arrays or {},
        write=out.write,
        **values,
    )
    return out.getvalue()


_FORM = ("number", 0, False, ())  # of a column as the core has it


def encoder_of(columns, numbers):
    return _core.Columns([(*column, *_FORM[len(column) :]) for column in columns], numbers)


def written_table(columns, numbers, networks, target, strings, **values):
    """Return the file of a table, also of one that no estimator has."""
    out, nets = io.BytesIO(), [(model_of(network).net, network.params) for network in networks]
    encoder = encoder_of(columns, numbers)
    _core.write_table(encoder, nets, target, strings=strings, arrays={}, write=out.write, **values)
    return out.getvalue()


GOOD = written()
TEXT, DATA = split(GOOD)
W0 = b'"layers.0.weight":{"dtype":"F32","shape":[4,3],"data_offsets":[0,48]}'
B0 = b'"layers.0.bias":{"dtype":"F32","shape":[3],"data_offsets":[48,60]}'
HUGE = b',"z":{"dtype":"U8","shape":[2000000000,4000000],"data_offsets":[116,8000000000000116]}'
LAST = b'"shape":[2],"data_offsets":[108,116]}'


def replace(old, new):
    assert old in TEXT
    return repaired(TEXT.replace(old, new, 1), DATA)


def requiring(words):
    """Return a file that requires features of its reader."""
    return repaired(
        TEXT.replace(b',"data_crc32"', b',"requires":"%s","data_crc32"' % words, 1), DATA
    )


def field(length):
    return struct.pack("<Q", length) + GOOD[8:]


# Contents, and the status without CMLP_ERROR_.
FILES = {
    "good": (GOOD, "OK"),
    "good, repaired": (repaired(TEXT, DATA), "OK"),
    "empty": (b"", "FILE_SHORT"),
    "ff": (b"\xff" * 8, "FILE_MAGIC"),
    "length 2^63": (field(2**63), "FILE_MAGIC"),
    "length 100,000,024": (field(100_000_024), "FILE_MAGIC"),
    "largest length in a tiny file": (field(100_000_000 // 64 * 64 - 8), "FILE_SHORT"),
    "length not 56 modulo 64": (field(len(TEXT)), "FILE_MAGIC"),
    "pickle": (b"\x80\x04\x95\x1b\0\0\0\0\0\0\0\x8c\x05posix\x94\x8c\x06system\x94\x93" + bytes(200), "FILE_MAGIC"),
    "other safetensors": (repaired(b'{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}' + b" " * 200, bytes(4)),
                          "FILE_MAGIC"),
    "version 2": (replace(b'"cmlp":"1"', b'"cmlp":"2"'), "FILE_VERSION"),
    "unknown requirement": (requiring(b"units"), "FILE_VERSION"),
    "two unknown requirements": (requiring(b"units,targets"), "FILE_VERSION"),
    "unknown requirement, and then what is new": (
        repaired(split(requiring(b"gates"))[0].replace(b'"relu', b'"glu:x'), DATA), "FILE_VERSION"),
    "nothing required": (requiring(b""), "FILE_SYNTAX"),
    "a network with targets": (requiring(b"targets"), "FILE_SYNTAX"),
    "wrong head checksum before what is required": (
        requiring(b"gates")[:CRC_AT] + b"00000000" + requiring(b"gates")[CRC_AT + 8 :], "FILE_HEAD_CRC"),
    "unknown keys and tensors": (
        written(strings={"later": "x", "later.one": "y"}, arrays={"calibration.scores": np.arange(3.0)}), "OK"),
    "a network with columns": (replace(b'"note":"x"', b'"columns":"unused","note":"x"'), "FILE_NAME"),
    "checksum in capitals": (GOOD[:CRC_AT] + b"ABCDEF00" + GOOD[CRC_AT + 8 :], "FILE_SYNTAX"),
    "wrong head checksum": (GOOD[:CRC_AT] + b"00000000" + GOOD[CRC_AT + 8 :], "FILE_HEAD_CRC"),
    "wrong data": (repaired(TEXT, DATA[:-1] + b"\0", data_crc=False), "FILE_DATA_CRC"),
    "one byte short": (GOOD[:-1], "FILE_SHORT"),
    "one byte more": (GOOD + b"\0", "FILE_LONG"),
    "weight NaN": (repaired(TEXT, struct.pack("<f", np.nan) + DATA[4:]), "FILE_NONFINITE"),
    "weight infinite": (repaired(TEXT, struct.pack("<f", -np.inf) + DATA[4:]), "FILE_NONFINITE"),
    "example not reproduced": (repaired(TEXT, DATA[:-1] + bytes([DATA[-1] ^ 1])), "FILE_EXAMPLE"),
    "example NaN": (repaired(TEXT, DATA[:92] + struct.pack("<f", np.nan) + DATA[96:]), "FILE_EXAMPLE"),
    "data_crc32 missing": (repaired(TEXT[: TEXT.find(b'"data_crc32"')] + TEXT[TEXT.find(b'"input_scale"') :], DATA),
                           "FILE_SYNTAX"),
}  # fmt: skip
REPLACEMENTS = {
    "tab as padding": (LAST + b"}", LAST + b"}\t", "FILE_SYNTAX"),
    "64 spaces too many": (LAST + b"}", LAST + b"}" + b" " * 64, "FILE_SYNTAX"),
    "object in the padding": (LAST + b"}", LAST + b"}{}", "FILE_SYNTAX"),
    "head cut off": (LAST + b"}", LAST, "FILE_SYNTAX"),
    "keys in another order": (b'"kind":"network","note":"x"', b'"note":"x","kind":"network"', "FILE_SYNTAX"),
    "no kind": (b',"kind":"network"', b"", "FILE_SYNTAX"),
    "unknown kind": (b'"kind":"network"', b'"kind":"forecaster"', "FILE_VERSION"),
    "kind in capitals": (b'"kind":"network"', b'"kind":"Network"', "FILE_VERSION"),
    "kind with a parameter": (b'"kind":"network"', b'"kind":"network:3ff0000000000000"', "FILE_SYNTAX"),
    "classifier without labels": (b'"kind":"network"', b'"kind":"classifier"', "FILE_VALUE"),
    "regressor with a loss of classes": (b'"kind":"network"', b'"kind":"regressor"', "FILE_VALUE"),
    "multilabel with softmax": (b'"kind":"network"', b'"kind":"multilabel"', "FILE_VALUE"),
    "ordered without a table": (b'"kind":"network"', b'"kind":"ordered"', "FILE_VALUE"),
    "kind twice": (b'"note":"x"', b'"kind":"network","note":"x"', "FILE_NAME"),
    "key twice": (b'"note":"x"', b'"note":"x","note":"y"', "FILE_NAME"),
    "fixed key twice": (b'"note":"x"', b'"loss":"poisson","note":"x"', "FILE_NAME"),
    "keys not sorted": (b'"note":"x"', b'"note":"x","class":"y"', "FILE_NAME"),
    "key in capitals": (b'"note"', b'"Note"', "FILE_NAME"),
    "key of 65 letters": (b'"note"', b'"' + b"n" * 65 + b'"', "FILE_NAME"),
    "value is a number": (b'"note":"x"', b'"note":1', "FILE_SYNTAX"),
    "value is null": (b'"note":"x"', b'"note":null', "FILE_SYNTAX"),
    "escape u": (b'"note":"x"', b'"note":"\\u0041"', "FILE_SYNTAX"),
    "escape n": (b'"note":"x"', b'"note":"\\n"', "FILE_SYNTAX"),
    "backslash at the end": (b'"note":"x"', b'"note":"x\\"', "FILE_SYNTAX"),
    "control character": (b'"note":"x"', b'"note":"\x01"', "FILE_SYNTAX"),
    "NUL": (b'"note":"x"', b'"note":"\0"', "FILE_SYNTAX"),
    "UTF-8": (b'"note":"x"', '"note":"é"'.encode(), "FILE_SYNTAX"),
    "not UTF-8": (b'"note":"x"', b'"note":"\xff"', "FILE_SYNTAX"),
    "space between tokens": (b'"note":"x"', b'"note": "x"', "FILE_SYNTAX"),
    "string never closed": (b'"note":"x"', b'"note":"' + b"x" * 300, "FILE_SYNTAX"),
    "100,000 brackets": (b'"note":"x"', b'"note":' + b"[" * 100_000, "FILE_SYNTAX"),
    "100,000 braces": (W0, b'"layers.0.weight":' + b'{"a":' * 100_000, "FILE_SYNTAX"),
    "scale NaN": (b"3ff0000000000000", b"7ff8000000000001", "FILE_VALUE"),
    "scale infinite": (b"3ff0000000000000", b"fff0000000000000", "FILE_VALUE"),
    "scale -0": (b"3ff0000000000000", b"8000000000000000", "FILE_VALUE"),
    "scale in capitals": (b"3ff0000000000000", b"3FF0000000000000", "FILE_SYNTAX"),
    "unknown activation": (b"relu,softmax", b"relu,hardswish", "FILE_VALUE"),
    "activation with a tail": (b"relu,softmax", b"relu,softmaxx", "FILE_VALUE"),
    "no activation": (b"relu,softmax", b"", "FILE_VALUE"),
    "hidden softmax": (b"relu,softmax", b"softmax,softmax", "FILE_VALUE"),
    "parameter of relu": (b"relu,softmax", b"relu:3ff0000000000000,softmax", "FILE_SYNTAX"),
    "elu without parameter": (b"relu,softmax", b"elu,softmax", "FILE_SYNTAX"),
    "elu with parameter 0": (b"relu,softmax", b"elu:0000000000000000,softmax", "FILE_VALUE"),
    "elu with parameter NaN": (b"relu,softmax", b"elu:7ff8000000000000,softmax", "FILE_VALUE"),
    "64 activations": (b"relu,softmax", b",".join([b"relu"] * 64), "FILE_VALUE"),
    "more activations than layers": (b"relu,softmax", b"relu,relu,softmax", "FILE_NAME"),
    "unknown loss": (b"log_loss", b"hinge", "FILE_VALUE"),
    "loss that does not fit": (b"log_loss", b"poisson", "FILE_VALUE"),
    "tweedie of 1": (b"log_loss", b"tweedie:3ff0000000000000", "FILE_VALUE"),
    "quantile of 1": (b"log_loss", b"label_smoothing:3ff0000000000000", "FILE_VALUE"),
    "bias first": (W0 + b"," + B0, B0 + b"," + W0, "FILE_NAME"),
    "layer left out": (b"layers.1.weight", b"layers.2.weight", "FILE_NAME"),
    "layers.00": (b"layers.0.weight", b"layers.00.weight", "FILE_NAME"),
    "tensor twice": (b"example.output", b"example.input", "FILE_NAME"),
    "half an example": (b"example.output", b"example.result", "FILE_NAME"),
    "one more layer": (b"example.output", b"layers.9.weight", "FILE_NAME"),
    "path as a name": (b"example.output", b"../../x", "FILE_NAME"),
    "F16": (b'"F32"', b'"F16"', "FILE_TENSOR"),
    "I32 weights": (b'"F32"', b'"I32"', "FILE_TENSOR"),
    "F64 biases": (B0, B0.replace(b"F32", b"F64").replace(b"60", b"72"), "FILE_TENSOR"),
    "04": (b"[4,3]", b"[04,3]", "FILE_SYNTAX"),
    "4.0": (b"[4,3]", b"[4.0,3]", "FILE_SYNTAX"),
    "-4": (b"[4,3]", b"[-4,3]", "FILE_SYNTAX"),
    "4e0": (b"[4,3]", b"[4e0,3]", "FILE_SYNTAX"),
    "true": (b"[4,3]", b"[true,3]", "FILE_SYNTAX"),
    "scalar": (b"[4,3]", b"[]", "FILE_SYNTAX"),
    "20 digits": (b"[4,3]", b"[18446744073709551620,3]", "FILE_SYNTAX"),
    "5,000 digits": (b"[4,3]", b"[" + b"9" * 5000 + b",3]", "FILE_SYNTAX"),
    "0": (b"[4,3]", b"[0,3]", "FILE_TENSOR"),
    "2^31": (b"[4,3]", b"[2147483648,3]", "FILE_TENSOR"),
    "product wraps": (b"[4,3]", b"[2147483647,2147483647]", "FILE_TENSOR"),
    "three dimensions": (b"[4,3]", b"[4,3,1]", "FILE_TENSOR"),
    "layers do not chain": (b'"shape":[3,2]', b'"shape":[2,3]', "FILE_TENSOR"),
    "bias of two dimensions": (b'"shape":[3],', b'"shape":[3,1],', "FILE_TENSOR"),
    "hole": (b"[48,60]", b"[52,64]", "FILE_TENSOR"),
    "overlap": (b"[48,60]", b"[44,56]", "FILE_TENSOR"),
    "end before begin": (b"[48,60]", b"[60,48]", "FILE_TENSOR"),
    "offset 2^64-1": (b"[0,48]", b"[0,18446744073709551615]", "FILE_SYNTAX"),
    "one more key in a tensor": (b"[0,48]}", b'[0,48],"x":1}', "FILE_SYNTAX"),
    "tensor keys in another order": (b'{"dtype":"F32","shape":[4,3]', b'{"shape":[4,3],"dtype":"F32"', "FILE_SYNTAX"),
    "tensor as an array": (B0, b'"layers.0.bias":["F32",[3],[48,60]]', "FILE_SYNTAX"),
    "huge tensor": (LAST, LAST + HUGE, "FILE_SHORT"),
}  # fmt: skip
FILES |= {name: (replace(old, new), status) for name, (old, new, status) in REPLACEMENTS.items()}


TOKENS = [b'"a":1,', b"[1,2]", b'"', b"\\\\", b'\\"', b" ", b"0", b"00", b"1", b"{", b"}", b",", b":", b"NaN", b"true",
          b'"layers.0.bias"', b"null", b"-1", b"1e0", b"relu", b"elu:3ff0000000000000", b"huber"]  # fmt: skip


def mutated(rng, file=GOOD):
    """Return a file with one or two changes in its head, whose checksums are right."""
    text, data = split(file)
    text = bytearray(text)
    for _ in range(rng.randint(1, 2)):
        at, kind = rng.randrange(CRC_AT + 2, len(text)), rng.randrange(4)
        if kind == 0:
            text[at] = rng.choice(b'0123456789{}[]",:.\\ afF-e\0\xff')
        elif kind == 1:
            del text[at : at + rng.randint(1, 4)]
        elif kind == 2:
            text[at:at] = rng.choice(TOKENS)
        else:
            start = rng.randrange(CRC_AT + 2, len(text))
            text[at:at] = text[start : start + rng.randint(1, 60)]
    return repaired(bytes(text), data)
