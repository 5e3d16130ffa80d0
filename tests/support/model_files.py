"""Model files read and written in plain Python, from docs/model-file.md alone and without cmlp.

An independent implementation: tests compare it with the C library's, and build broken files with it.
"""

import itertools
import json
import math
import re
import struct
import zlib

PREFIX = b'{"__metadata__":{"cmlp":"1","crc32":"'
CRC_AT = 8 + len(PREFIX)
SIZES = {"F32": 4, "F64": 8, "U8": 1, "I32": 4, "I64": 8}
FIXED = ["cmlp", "crc32", "data_crc32", "input_scale", "activations", "loss"]
NAME = re.compile(r"[a-z][a-z0-9_.]{0,63}\Z", re.ASCII)
PRINTABLE = re.compile(r"[\x20-\x7e]*\Z")
PLAIN = {
    "identity",
    "logistic",
    "tanh",
    "relu",
    "softmax",
    "exp",
    "silu",
    "gelu",
    "softplus",
    "softsign",
}
PARAMETRIC = {"leaky_relu", "elu"}
LOSSES = {"log_loss", "squared_error", "poisson", "absolute_error", "gamma"}
LABEL = r'(?:"(?:[^"\\]|\\.)*"|[-+.\w]+)'
CLASSES = re.compile(
    rf'\{{"kind":"(labels|multilabel)","dtype":({LABEL}),"values":(\[{LABEL}(?:,{LABEL})*\])\}}\Z',
    re.ASCII,
)
FLOATS = {"float16": "e", "float32": "f", "float64": "d"}
PARAMETRIC_LOSSES = {"huber": math.inf, "quantile": 1, "focal": math.inf, "label_smoothing": 1}


class Refused(Exception):
    """The file does not follow the format."""


def demand(condition):
    if not condition:
        raise Refused


def quoted(text):
    demand(PRINTABLE.match(text))
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def head_of(metadata, tensors):
    """The only head for these contents, with its padding but without the length field."""
    parts, at = [], 0
    for name, tensor in tensors.items():
        end = at + SIZES[tensor["dtype"]] * math.prod(tensor["shape"])
        shape = ",".join(map(str, tensor["shape"]))
        parts.append(
            f'"{name}":{{"dtype":"{tensor["dtype"]}","shape":[{shape}],"data_offsets":[{at},{end}]}}'
        )
        at = end
    pairs = ",".join(f"{quoted(key)}:{quoted(value)}" for key, value in metadata.items())
    text = f'{{"__metadata__":{{{pairs}}},{",".join(parts)}}}'.encode("ascii")
    return text + b" " * (-(8 + len(text)) % 64), at


def head_crc(head):
    return b"%08x" % zlib.crc32(
        head[CRC_AT + 8 :], zlib.crc32(b"00000000", zlib.crc32(head[:CRC_AT]))
    )


def repaired(text, data, *, data_crc=True):
    """A file with this head text (padded if it is not) and data, its length and checksums right."""
    text = text + b" " * (-(8 + len(text)) % 64)
    at = text.find(b'"data_crc32":"') + 14
    if data_crc and at > 13:
        text = text[:at] + b"%08x" % zlib.crc32(data) + text[at + 8 :]
    head = struct.pack("<Q", len(text)) + text
    return head[:CRC_AT] + head_crc(head) + head[CRC_AT + 8 :] + data


def split(file):
    """The head's text without padding, and the data."""
    (length,) = struct.unpack_from("<Q", file)
    return file[8 : 8 + length].rstrip(b" "), file[8 + length :]


def distinct(pairs):
    demand(len(dict(pairs)) == len(pairs))
    return dict(pairs)


def refuse(text):
    raise Refused


def double(digits):
    demand(re.fullmatch("[0-9a-f]{16}", digits))
    return struct.unpack(">d", bytes.fromhex(digits))[0]


def check_word(word, plain, parametric):
    name, colon, digits = word.partition(":")
    if not colon:
        demand(name in plain)
        return
    demand(name in parametric)
    most = parametric[name] if isinstance(parametric, dict) else math.inf
    demand(0 < double(digits) < most)


def check_metadata(metadata):
    keys = list(metadata)
    requires, is_table = "requires" in metadata, "columns" in metadata
    fixed = [*FIXED[:2], *["requires"] * requires, *FIXED[2:], *["columns"] * is_table]
    demand(not requires or (is_table and metadata["requires"] in ("targets", "threshold")))
    others = keys[len(fixed) :]
    demand(keys[: len(fixed)] == fixed and others == sorted(others) and all(map(NAME.match, keys)))
    demand(re.fullmatch("[0-9a-f]{8}", metadata["data_crc32"]))
    scale = double(metadata["input_scale"])
    demand(math.isfinite(scale) and scale != 0)
    activations = metadata["activations"].split(",")
    demand(len(activations) <= 63)
    for word in activations:
        check_word(word, PLAIN, PARAMETRIC)
    for word in activations[:-1]:
        demand(word not in ("softmax", "exp"))
    demand(activations[-1] in ("identity", "logistic", "tanh", "softmax", "exp"))
    word, *quantiles = metadata["loss"].split(",")
    check_word(word, LOSSES, PARAMETRIC_LOSSES)
    levels = [double(word.partition(":")[2]), *map(double, quantiles)] if quantiles else []
    demand(not levels or (word.startswith("quantile:") and len(levels) <= 100))
    demand(all(0 < low < high < 1 for low, high in itertools.pairwise(levels)))
    loss, last = metadata["loss"].partition(":")[0], activations[-1]
    probability = {"log_loss", "focal", "label_smoothing"}
    demand(loss not in probability or last in ("softmax", "logistic"))
    demand(loss not in ("poisson", "gamma") or last == "exp")
    demand(loss not in ("absolute_error", "huber", "quantile") or last != "softmax")
    return len(activations), len(levels)


def check_integers(values, name):
    texts = type(values[0]) is str
    demand(all(type(value) is (str if texts else int) for value in values))
    demand(not texts or all(re.fullmatch("0|-?[1-9][0-9]*", value, re.ASCII) for value in values))
    values = [int(value) for value in values]
    demand(texts == any(abs(value) > 2**53 for value in values))
    bits = int(name.lstrip("uint"))
    least, most = (0, 2**bits - 1) if name[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)
    demand(all(least <= value <= most for value in values))
    return values


def check_texts(values, name):
    demand(all(type(value) is str for value in values))
    if name == "object":
        return
    width = max(1, *map(len, values))
    demand(name == f"U{width}" and 4 * width * len(values) <= 2**28)
    demand(not any(value.endswith("\0") for value in values))


def check_classes(text, n_outputs):
    """Check what the C library checks: the form of labels, and their number."""
    found = CLASSES.match(text)
    demand(found)
    _, values = json.loads(f"[{found[2]},{found[3]}]", parse_int=str, parse_constant=refuse)
    n = len(values)
    demand(n == n_outputs or (n_outputs == 1 and n == 2))


def check_labels(text, n_outputs):
    """Check what Python checks: that values are of their type and ascend."""
    kind, name, values = CLASSES.match(text).groups()
    name = json.loads(name)
    values = json.loads(values)
    demand(len(values) == n_outputs or (kind == "labels" and n_outputs == 1 and len(values) == 2))
    demand(kind != "labels" or len(values) != 2 or n_outputs == 1)
    is_integer = re.fullmatch("u?int(8|16|32|64)", name)
    if is_integer:
        values = check_integers(values, name)
    elif name in FLOATS:
        code = FLOATS[name]
        demand(all(type(value) is float and math.isfinite(value) for value in values))
        demand(all(struct.unpack(code, struct.pack(code, value)) == (value,) for value in values))
    elif name == "bool":
        demand(all(type(value) is bool for value in values))
    else:
        check_texts(values, name)
    demand(all(a < b for a, b in itertools.pairwise(values)))
    demand(kind == "labels" or (is_integer and values == list(range(n_outputs))))


def word_of_column(word):
    """Return kind, number of edges (also of parts) or categories, and the numbers of inputs without and with bins."""
    word, *parts = word.split("/")
    kind, colon, digits = word.partition(":")
    demand(
        kind in ("unused", "number", "number_or_missing", "category")
        and bool(colon) == (kind != "unused")
    )
    n = 0
    if colon:
        demand(re.fullmatch("0|[1-9][0-9]*", digits, re.ASCII) and int(digits) < 2**31)
        n = int(digits)
    if kind.startswith("number"):
        demand(n != 1)
        narrow = 1 + (kind == "number_or_missing")
        wide = narrow + max(n - 1, 0)
        names = [part.partition(":")[0] for part in parts]
        demand(
            names == [name for name in ("day", "week", "year") if name in names]
            and (n or not parts)
        )
        for part in parts:
            digits = part.partition(":")[2]
            demand(re.fullmatch("[1-9][0-9]*", digits, re.ASCII) and 2 <= int(digits) < 2**31)
            narrow, wide = narrow + 2, wide + int(digits)
            n += int(digits) - 1 if int(digits) > 2 else 0
        return "number", n, narrow, wide
    demand((kind == "unused" or n > 0) and not parts)
    width = n - (n == 2)
    return kind, n, width, width


def check_table(metadata, tensors, n_layers):
    """Check the columns, their categories and the networks of a table; return the number of outputs."""
    columns = [word_of_column(word) for word in metadata["columns"].split(",")]
    demand(metadata["input_scale"] == "3ff0000000000000")
    widths = [max(1, sum(widths)) for widths in list(zip(*columns, strict=True))[2:]]
    n_numbers = sum(2 + n for kind, n, *_ in columns if kind == "number")
    demand(max(*widths, n_numbers) < 2**31)
    if "categories" in metadata:
        check_categories(metadata["categories"], columns)
    names = list(tensors)
    n_nets = sum(name.startswith("nets.") for name in names) // (2 * n_layers)
    demand(1 <= n_nets <= 1024)
    shapes = []
    for i in range(n_nets):
        net = {name.removeprefix(f"nets.{i}."): tensors.pop(name) for name in names[: 2 * n_layers]}
        del names[: 2 * n_layers]
        n_outputs = check_layers(net, n_layers)
        demand(net["layers.0.weight"]["shape"][0] in widths)
        shapes.append([(tensor["dtype"], tensor["shape"][-1]) for tensor in net.values()])
    demand(all(shape == shapes[0] for shape in shapes))
    known = {
        "example.input": [len(columns)],
        "example.output": [n_outputs],
        "table.numbers": [n_numbers],
    }
    known |= {"table.target": [4], "table.threshold": [1]}
    demand(("table.threshold" in tensors) == (metadata.get("requires") == "threshold"))
    if "table.threshold" in tensors:
        output = metadata["activations"].rpartition(",")[2]
        demand(n_outputs == 1 and output == "logistic" and "table.target" not in tensors)
    if metadata.get("requires") == "targets":
        known["table.target"] = [n_outputs, 4]
        demand(n_outputs > 1 and "table.target" in tensors and "," not in metadata["loss"])
        demand(
            TARGETS.fullmatch(metadata["targets"])
            and len(json.loads(metadata["targets"])) == n_outputs
        )
    demand(("table.numbers" in tensors) == bool(n_numbers))
    demand(
        not any(
            name.startswith(("nets.", "layers.")) or name in ("input.factor", "input.shift")
            for name in names
        )
    )
    check_others(tensors, {name: ("F64", shape) for name, shape in known.items()})
    check_scores(metadata, tensors.get("calibration.scores"), n_outputs)
    return n_outputs


def check_scores(metadata, tensor, n_outputs):
    """Check that the scores are those of one answer, or of each."""
    if tensor is not None:
        has_targets, outputs = (
            metadata.get("requires") == "targets",
            metadata["activations"].rpartition(",")[2],
        )
        allowed = [n_outputs] if has_targets else [1, n_outputs] if outputs == "logistic" else [1]
        demand(
            tensor["dtype"] == "F64" and len(tensor["shape"]) == 2 and tensor["shape"][0] in allowed
        )


VALUE = r'(?:"(?:[^"\\]|\\.)*"|null|true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?)'
ENTRY = rf"(?:null|\[(?:{VALUE}(?:,{VALUE})*)?\])"
TARGET = r'{"name":(?:"(?:[^"\\]|\\.)*"|null),"kind":"number","outputs":1}'
TARGETS = re.compile(rf"\[{TARGET}(?:,{TARGET})*\]", re.ASCII)
CATEGORIES = re.compile(rf"\[{ENTRY}(?:,{ENTRY})*\]", re.ASCII)


def check_categories(text, columns):
    demand(CATEGORIES.fullmatch(text))
    entries = json.loads(text, parse_int=str)
    demand(len(entries) == len(columns))
    for entry, (kind, n, *_) in zip(
        entries, columns, strict=True
    ):  # others may have ordered categories
        demand(entry is None or kind == "unused" or len(entry) in range(1, 2**31) if kind != "category" else
               entry is not None and len(entry) == n)  # fmt: skip


def check_tensors(tensors, n_layers):
    n_outputs = check_layers(tensors, n_layers)
    others = {name: tensors[name] for name in list(tensors)[2 * n_layers :]}
    demand(not any(name.startswith("layers.") for name in others))
    first = tensors["layers.0.weight"]
    dtype, n_inputs = first["dtype"], first["shape"][0]
    check_others(
        others, {"example.input": (dtype, [n_inputs]), "example.output": (dtype, [n_outputs])}
    )
    return n_outputs


def check_others(tensors, known):
    """Check the tensors behind the layers; `known` has the type and the shape of some of them."""
    demand(list(tensors) == sorted(tensors) and all(map(NAME.match, tensors)))
    demand(("example.input" in tensors) == ("example.output" in tensors))
    for name, tensor in tensors.items():
        demand(1 <= len(tensor["shape"]) <= 2)
        demand(all(type(n) is int and 1 <= n < 2**31 for n in tensor["shape"]))
        if name in known:
            demand((tensor["dtype"], tensor["shape"]) == known[name])


def check_layers(tensors, n_layers):
    """Check the first tensors, those of a network; return its number of outputs."""
    own = list(tensors)[: 2 * n_layers]
    demand(own == [f"layers.{i}.{part}" for i in range(n_layers) for part in ("weight", "bias")])
    dtype, width = tensors[own[0]]["dtype"], tensors[own[0]]["shape"][0]
    demand(dtype in ("F32", "F64") and all(tensors[name]["dtype"] == dtype for name in own))
    for i in range(n_layers):
        weight, bias = tensors[f"layers.{i}.weight"]["shape"], tensors[f"layers.{i}.bias"]["shape"]
        demand(len(weight) == 2 and weight[0] == width and bias == weight[1:])
        demand(all(type(n) is int and 1 <= n < 2**31 for n in weight))
        width = weight[1]
    return width


def check_columns(metadata, tensors):
    """Check that there is a shift and a factor for each input, or neither."""
    has = [name in tensors for name in ("input.factor", "input.shift")]
    demand(has[0] == has[1])
    if all(has):
        demand(metadata["input_scale"] == "3ff0000000000000")
        column = {"dtype": "F64", "shape": tensors["layers.0.weight"]["shape"][:1]}
        for name in ("input.factor", "input.shift"):
            demand({key: tensors[name][key] for key in column} == column)


def read(file):
    """Return metadata and {name: (dtype, shape, bytes)}; Refused for anything but a model file."""
    demand(len(file) >= 8)
    (length,) = struct.unpack_from("<Q", file)
    demand(128 <= length <= 100_000_000 - 8 and (8 + length) % 64 == 0 and len(file) >= 8 + length)
    head = file[: 8 + length]
    demand(head[8:].startswith(PREFIX) and head[CRC_AT : CRC_AT + 8] == head_crc(head))
    try:
        text = head[8:].decode("ascii").rstrip(" ")
        tensors = json.loads(
            text, object_pairs_hook=distinct, parse_float=refuse, parse_constant=refuse
        )
        metadata = tensors.pop("__metadata__")
        again, n_data = head_of(metadata, tensors)
        demand(again == head[8:] and n_data <= 2**53)
        n_layers, n_quantiles = check_metadata(metadata)
        if "columns" in metadata:
            n_outputs = check_table(metadata, dict(tensors), n_layers)
        else:
            n_outputs = check_tensors(tensors, n_layers)
            check_columns(metadata, tensors)
        demand(not n_quantiles or n_quantiles == n_outputs)
        if "classes" in metadata:
            check_classes(metadata["classes"], n_outputs)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
        IndexError,
        OverflowError,
    ):
        raise Refused from None
    demand(len(file) == len(head) + n_data)
    demand(zlib.crc32(file[len(head) :]) == int(metadata["data_crc32"], 16))
    at, content = len(head), {}
    for name, tensor in tensors.items():
        size = SIZES[tensor["dtype"]] * math.prod(tensor["shape"])
        content[name] = (tensor["dtype"], tensor["shape"], file[at : at + size])
        if name in ("input.factor", "input.shift"):
            numbers = struct.unpack(f"<{size // 8}d", content[name][2])
            demand(all(map(math.isfinite, numbers)) and (name == "input.shift" or all(numbers)))
        at += size
    return metadata, content


def are_labels(text, n_outputs):
    """Return whether an estimator can have these labels, which have the right form."""
    try:
        check_labels(text, n_outputs)
    except (Refused, ValueError, TypeError, OverflowError):
        return False
    return True


def is_accepted_elsewhere(file):
    """Return whether this reader accepts a file."""
    try:
        read(file)
    except Refused:
        return False
    return True
