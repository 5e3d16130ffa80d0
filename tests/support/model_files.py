"""Model files read and written in plain Python, from docs/model-file.md alone and without cmlp.

An independent implementation: tests compare it with the C library's, and build broken files with it.
"""

import itertools
import json
import math
import re
import struct
import zlib
from fractions import Fraction

PREFIX = b'{"__metadata__":{"cmlp":"1","crc32":"'
CRC_AT = 8 + len(PREFIX)
SIZES = {"F32": 4, "F64": 8, "U8": 1, "I32": 4, "I64": 8}
FEATURES = {"missing_values", "targets", "threshold"}
FEATURES |= {f"missing_values,{name}" for name in ("targets", "threshold")}
FIXED = ["cmlp", "crc32", "data_crc32", "input_scale", "activations", "loss", "kind"]
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
PARAMETRIC = {"leaky_relu": (0, math.inf), "elu": (0, math.inf)}
LOSSES = {"log_loss", "squared_error", "poisson", "absolute_error", "gamma"}
LOSSES_OF_CLASSES = {"log_loss", "focal", "label_smoothing"}
KINDS = {"network", "regressor", "classifier", "multilabel", "ordered"}
LABEL = r'(?:"(?:[^"\\]|\\.)*"|[-+.\w]+)'
# Names and limits of the parameter.
PARAMETRIC_LOSSES = {
    "huber": (0, math.inf),
    "quantile": (0, 1),
    "focal": (0, math.inf),
    "label_smoothing": (0, 1),
    "tweedie": (1, 2),
}


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
    least, most = parametric[name]
    demand(least < double(digits) < most)


def features(metadata):
    return metadata.get("requires", "").split(",")


def check_metadata(metadata):
    keys = list(metadata)
    requires, is_table = "requires" in metadata, "columns" in metadata
    fixed = [*FIXED[:2], *["requires"] * requires, *FIXED[2:], *["columns"] * is_table]
    demand(not requires or (is_table and metadata["requires"] in FEATURES))
    has_missing = any("/missing:" in word for word in metadata.get("columns", "").split(","))
    demand(has_missing == ("missing_values" in features(metadata)))
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
    demand(metadata["kind"] in KINDS)
    loss, last = metadata["loss"].partition(":")[0], activations[-1]
    demand(loss not in LOSSES_OF_CLASSES or last in ("softmax", "logistic"))
    demand(loss not in ("poisson", "gamma", "tweedie") or last == "exp")
    demand(loss not in ("absolute_error", "huber", "quantile") or last != "softmax")
    return len(activations), len(levels)


def word_of_column(word):
    """Return kind, numbers of edges (also of parts) or categories, of statistics, of numbers, and of inputs."""
    word, slash, missing = word.partition("/missing:")
    demand(not slash or re.fullmatch("[1-9][0-9]*", missing, re.ASCII))
    n_missing = int(missing or 0)
    demand(n_missing < 2**31)
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
        return "number", n, 0, 2 + n + n_missing, narrow, wide
    demand((kind == "unused" or n > 0) and (kind == "category" or not parts))
    if parts:
        found = re.fullmatch(
            "one_hot:(0|[1-9][0-9]*)/statistics:([1-9][0-9]*)", "/".join(parts), re.ASCII
        )
        demand(found)
        n_one_hot, each = map(int, found.groups())
        demand(n_one_hot <= n and n * each < 2**31)
        return kind, n, n * each, 0, n_one_hot + each, n_one_hot + each
    width = n - (n == 2)
    return kind, n, 0, n_missing * (kind == "unused"), width, width


def check_table(metadata, tensors, n_layers):
    """Check the columns, their categories and the networks of a table; return the number of outputs."""
    columns = [word_of_column(word) for word in metadata["columns"].split(",")]
    demand(metadata["input_scale"] == "3ff0000000000000")
    widths = [max(1, sum(widths)) for widths in list(zip(*columns, strict=True))[4:]]
    n_numbers = sum(n for _, _, _, n, *_ in columns)
    n_statistics = sum(n for _, _, n, *_ in columns)
    demand(max(*widths, n_numbers, n_statistics) < 2**31)
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
    known |= {"table.target": [1, 4], "table.threshold": [1]}
    demand(("table.threshold" in tensors) == ("threshold" in features(metadata)))
    if "table.threshold" in tensors:
        output = metadata["activations"].rpartition(",")[2]
        demand(n_outputs == 1 and output == "logistic" and "table.target" not in tensors)
    if "targets" in features(metadata):
        known["table.target"] = [n_outputs, 4]
        demand(n_outputs > 1 and "table.target" in tensors and "," not in metadata["loss"])
    demand(("table.numbers" in tensors) == bool(n_numbers))
    demand(("table.statistics" in tensors) == bool(n_statistics))
    demand(
        not any(
            name.startswith(("nets.", "layers.")) or name in ("input.factor", "input.shift")
            for name in names
        )
    )
    known = {name: ("F64", shape) for name, shape in known.items()}
    check_others(tensors, known | {"table.statistics": ("F32", [n_statistics])})
    check_scores(metadata, tensors.get("calibration.scores"), n_outputs)
    by_class = tensors.get("calibration.classes", {"dtype": "F64", "shape": [2, 1]})
    demand(by_class["dtype"] == "F64" and len(by_class["shape"]) == 2 and by_class["shape"][0] == 2)
    return n_outputs


def check_scores(metadata, tensor, n_outputs):
    """Check that the scores are those of one answer, or of each."""
    if tensor is not None:
        has_several = "targets" in features(metadata) or metadata["kind"] == "multilabel"
        demand(tensor["dtype"] == "F64" and len(tensor["shape"]) == 2)
        demand(tensor["shape"][0] == (n_outputs if has_several else 1))


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


# ---------------------------------------------------------------------------------- values in tensors

MISSING, TEXT, DOUBLE, INTEGER, BOOLEAN, LARGE = range(6)
CODES = {"U8": "B", "I32": "i", "I64": "q", "F64": "d"}
OF_ANY = {
    "labels.ends": "I64",
    "labels.type": "U8",
    "labels.text": "U8",
    "labels.number": "F64",
    "labels.integer": "I64",
    "names.ends": "I64",
    "names.text": "U8",
    "cells.form": "U8",
    "cells.ends": "I64",
    "cells.text": "U8",
}
OF_TABLES = {
    "columns.kinds": "U8",
    "columns.formats.ends": "I64",
    "columns.formats.text": "U8",
    "categories.counts": "I64",
    "categories.type": "U8",
    "categories.ends": "I64",
    "categories.text": "U8",
    "categories.number": "F64",
    "categories.integer": "I64",
    "categories.order": "I32",
    "targets.ends": "I64",
    "targets.text": "U8",
    "calibration.kind": "I32",
}


def check_sizes_of_values(metadata, tensors, n_outputs):
    """Check what the head tells of labels, names, cell formats, categories and kinds."""
    is_table, sizes = "columns" in metadata, {}
    for name, dtype in (OF_ANY | OF_TABLES if is_table else OF_ANY).items():
        if name in tensors:
            demand(tensors[name]["dtype"] == dtype and len(tensors[name]["shape"]) == 1)
        sizes[name] = tensors[name]["shape"][0] if name in tensors else 0
    n_columns = metadata["columns"].count(",") + 1 if is_table else 0
    n_inputs = n_columns or tensors["layers.0.weight"]["shape"][0]
    n_labels, n_categories = sizes["labels.ends"], sizes.get("categories.type", 0)
    for name in ("labels", "names", "cells", *["targets", "categories"] * is_table):
        demand(not sizes[f"{name}.text"] or sizes[f"{name}.ends"])
    if metadata["kind"] == "ordered":
        demand(n_labels == n_outputs + 1)
    else:
        demand(n_labels in (0, n_outputs) or (n_labels == 2 and n_outputs == 1))
    demand(sizes["labels.type"] == (n_labels > 0))
    demand({sizes["labels.integer"], sizes["labels.number"]} <= {0, n_labels})
    demand(sizes["names.ends"] in (0, n_inputs) and sizes["cells.form"] in (0, 2, 3))
    if is_table:
        demand(sizes["columns.kinds"] == n_columns)
        has_formats = sizes["columns.formats.text"] > 0
        demand(sizes["columns.formats.ends"] == n_columns * has_formats)
        demand(sizes["categories.counts"] == n_columns * (n_categories > 0))
        demand(sizes["categories.order"] == n_categories)
        demand(sizes["categories.ends"] in (0, n_categories))
        has_targets = "targets" in features(metadata)
        demand(sizes["targets.ends"] in (0, n_outputs * has_targets))
        demand(sizes["calibration.kind"] in (0, 2 * ("calibration.scores" in tensors)))


def check_kind(metadata, tensors, n_outputs):
    """Check that the kind fits the table, the outputs, the loss and the number of labels."""
    kind, is_table = metadata["kind"], "columns" in metadata
    output = metadata["activations"].rpartition(",")[2]
    loss = metadata["loss"].partition(":")[0]
    n_labels = tensors["labels.ends"]["shape"][0] if "labels.ends" in tensors else 0
    if kind == "network":
        demand(not is_table)
        return
    demand(not is_table or ("table.target" in tensors) == (kind == "regressor"))
    if kind == "regressor":
        demand(loss not in LOSSES_OF_CLASSES and not n_labels)
        return
    demand(loss in LOSSES_OF_CLASSES or loss == "squared_error")
    demand(n_labels or is_table)
    if kind == "classifier":
        demand(output in ("logistic", "softmax"))
        demand(is_table or output == "softmax" or (n_labels, n_outputs) != (2, 2))
    elif kind == "multilabel":
        demand(output == "logistic" and n_outputs > 1)
    else:
        demand(output == "logistic" and is_table and n_labels <= 256)


def has_valid_values(file):
    """Return whether the labels, names and categories of a file that `read` accepts follow the rules."""
    metadata, content = read(file)
    last = [tensor for name, tensor in content.items() if name.startswith(("layers.", "nets."))][-1]
    try:
        check_values(metadata, content, last[1][0])
    except Refused:
        return False
    return True


def check_values(metadata, content, n_outputs):
    """Check labels, names, cell formats, categories, kinds and the kind of a calibration."""
    is_table, found = "columns" in metadata, {}
    for name, dtype in (OF_ANY | OF_TABLES if is_table else OF_ANY).items():
        if name in content:
            stored, shape, data = content[name]
            demand(stored == dtype and len(shape) == 1)
            found[name] = struct.unpack(f"<{shape[0]}{CODES[dtype]}", data)
    words = metadata["columns"].split(",") if is_table else []
    first = next(shape for _, shape, _ in content.values())
    check_stored_labels(found, metadata["kind"])
    texts_of(found, "names", len(words) if is_table else first[0])
    texts_of(found, "cells")
    if "cells.form" in found:
        demand(len(found["cells.form"]) in (2, 3))
        *form, rules = [*found["cells.form"], 1][:3]
        demand(rules in (1, 2, 3))
        decimal, thousands = map(chr, form)
        demand(decimal in ".," and thousands in "\0,. '" and decimal != thousands)
    if not is_table:
        return
    names = texts_of(found, "targets", n_outputs)
    demand(names is None or "targets" in features(metadata))
    if "calibration.kind" in found:
        demand(len(found["calibration.kind"]) == 2 and "calibration.scores" in content)
        kind, rows = found["calibration.kind"]
        demand(kind not in range(1, 5) or rows in (1, 2))
    kinds = found.get("columns.kinds", ())
    demand(len(kinds) == len(words))
    counts = check_stored_categories(found, len(words))
    formats = texts_of(found, "columns.formats", len(words)) or [""] * len(words)
    demand(all(kind in (3, 4, 5) for kind, text in zip(kinds, formats, strict=True) if text))
    stored = content["table.numbers"][2] if "table.numbers" in content else b""
    numbers = list(struct.unpack(f"<{len(stored) // 8}d", stored))
    for word, kind, n in zip(words, kinds, counts, strict=True):
        role, _, size = word.partition("/")[0].partition(":")
        n_missing = int(word.partition("/missing:")[2] or 0)
        own = [numbers.pop(0) for _ in range(word_of_column(word)[3])]
        demand(1 <= kind <= 8)
        if role == "category":
            demand(kind != 8 and n == int(size) + n_missing)
        elif kind == 8 and role != "unused":  # the last ranks mean a missing value
            behind = own[2 + int(size) :][:n_missing]
            demand(n > n_missing and behind == [*range(n - n_missing, n)])
        elif kind == 8:
            demand(n > 0)
        else:
            demand((not n and (kind != 7 or role == "unused")) or (kind == 7 and role == "unused"))


def texts_of(found, name, n=None):
    ends, text = found.get(f"{name}.ends"), bytes(found.get(f"{name}.text", b""))
    demand(ends is not None or not text)
    if ends is None:
        return None
    demand(n is None or len(ends) == n)
    demand(all(a <= b for a, b in itertools.pairwise([0, *ends])) and ends[-1] == len(text))
    try:
        return [
            text[a:b].decode("utf-8", "surrogatepass") for a, b in itertools.pairwise([0, *ends])
        ]
    except UnicodeDecodeError:
        raise Refused from None


def value(kind, text, number, integer):
    """Return a stored value: None, text or an exact number."""
    demand(kind in range(6))
    if kind == MISSING:
        return None
    if kind == DOUBLE:
        demand(math.isfinite(number))
        return Fraction(number)
    if kind in (INTEGER, BOOLEAN):
        demand(kind == INTEGER or integer in (0, 1))
        return Fraction(integer)
    if kind == LARGE:
        demand(re.fullmatch("0|-?[1-9][0-9]*", text, re.ASCII))
        return Fraction(int(text))
    return text


def key(value):
    """Return what the order of values compares: missing, numbers, texts by bytes."""
    if value is None:
        return 0, 0
    return (2, value.encode("utf-8", "surrogatepass")) if type(value) is str else (1, value)


def check_stored_labels(found, kind_of_model):
    texts, types = texts_of(found, "labels"), found.get("labels.type")
    demand((types is None) == (texts is None))
    numbers, integers = found.get("labels.number"), found.get("labels.integer")
    if texts is None:
        demand(numbers is None and integers is None)
        return
    (kind,), n = types, len(texts)
    demand(kind in range(1, 6))
    demand((numbers is not None) == (kind == DOUBLE))
    demand((integers is not None) == (kind in (INTEGER, BOOLEAN)))
    demand(len(numbers or texts) == len(integers or texts) == n)
    labels = [
        value(kind, *each)
        for each in zip(texts, numbers or [0.0] * n, integers or [0] * n, strict=True)
    ]
    if kind_of_model == "ordered":
        demand(len({*labels}) == n)
    else:
        demand(all(key(a) < key(b) for a, b in itertools.pairwise(labels)))
    demand(kind != LARGE or all(0 <= label < 2**64 for label in labels))
    demand(kind_of_model != "multilabel" or labels == list(range(n)))
    for label, text in zip(labels, texts, strict=True):
        printed = {INTEGER: str(label), BOOLEAN: str(label == 1)}.get(kind, text)
        demand(text == printed and (text or kind == TEXT))


def check_stored_categories(found, n_columns):
    """Return the number of categories of each column."""
    named = [found.get(f"categories.{name}") for name in ("counts", "type", "order")]
    counts, types, order = (one or () for one in named)
    demand(len({one is None for one in named}) == 1)
    texts = texts_of(found, "categories", len(types))
    demand((texts is not None) == (not {TEXT, LARGE}.isdisjoint(types)))
    texts, numbers, integers = (
        list(one or ())
        for one in (texts, found.get("categories.number"), found.get("categories.integer"))
    )
    if named[0] is None:
        demand(not numbers and not integers)
        return [0] * n_columns
    demand(len(counts) == n_columns and min(counts) >= 0 and sum(counts) == len(types))
    demand(len(order) == len(types))
    at = 0
    for n in counts:
        own = types[at : at + n]
        one = [numbers.pop(0) if numbers else math.nan for _ in own] if DOUBLE in own else [0.0] * n
        has_integer = not {INTEGER, BOOLEAN}.isdisjoint(own)
        demand(not has_integer or len(integers) >= n)
        other = [integers.pop(0) for _ in own] if has_integer else [0] * n
        of_text = texts[at : at + n] or [""] * n
        values = []
        for kind, text, number, integer in zip(own, of_text, one, other, strict=True):
            demand(kind in (TEXT, LARGE) or not text)
            demand(kind == DOUBLE or struct.pack("<d", number) == bytes(8))
            demand(kind in (INTEGER, BOOLEAN) or not integer)
            values.append(value(kind, text, number, integer))
            demand(kind != LARGE or not -(2**63) <= values[-1] < 2**63)
        codes = order[at : at + n]
        demand(sorted(codes) == list(range(n)))
        demand(all(key(values[a]) < key(values[b]) for a, b in itertools.pairwise(codes)))
        at += n
    demand(not numbers and not integers)
    return counts


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
        check_sizes_of_values(metadata, tensors, n_outputs)
        check_kind(metadata, tensors, n_outputs)
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


def is_accepted_elsewhere(file):
    """Return whether this reader accepts a file."""
    try:
        read(file)
    except Refused:
        return False
    return True


# What files of tables have that Python writes, and not those of C programs.
OF_PYTHON = {"parameters", "summary", "summary.values", "summary.importances"}


def without(content, names, unknown_kind=None):
    """Return a file without some strings and tensors, with an unknown kind of scores if that is a number."""
    text, data = split(content)
    head = json.loads(text)
    metadata = head.pop("__metadata__")
    kept = {name: tensor for name, tensor in head.items() if name not in names}
    chunks = {name: data[slice(*tensor["data_offsets"])] for name, tensor in kept.items()}
    if unknown_kind is not None:
        chunks["calibration.kind"] = struct.pack("<2i", unknown_kind, 1)
    strings = {key: value for key, value in metadata.items() if key not in names}
    return repaired(head_of(strings, kept)[0], b"".join(chunks.values()))
