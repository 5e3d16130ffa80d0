"""The labels of a model file from a grammar, often with one thing broken."""

import json

NUMBERS = (
    f"0 1 2 -1 127 128 -128 -129 255 256 65535 2147483648 {2**53} {2**53 + 1} {-(2**63)} {2**63} {2**64 - 1} {2**64} "
    "0.0 -0.0 0.1 0.5 1.5 65504.0 65520.0 6e-08 5.960464477539063e-08 3.4028234663852886e+38 3.5e38 4.9e-324 2e-324 "
    "1.401298464324817e-45 0.10000000149011612 1.0000000000000000000000 1.00000000000000000000000 1e999 NaN 01 1. true "
    "false"
).split()
LETTERS = [
    "a",
    "b",
    "z",
    "é",
    "\ud800",
    "\udc00",
    "\U0001f600",
    "\0",
    '"',
    "\\",
    "/",
    "\n",
    "\uffff",
]
TYPES = ["bool", "float16", "float32", "float64", "object", "U0", "U1", "U2", "U3", "U", "U01", "int",
         *(f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64))]  # fmt: skip


def random_labels(rng, n_outputs):
    """The text of labels, which are often valid."""
    name = rng.choice(TYPES)
    n = n_outputs + rng.choice([0, 0, 0, 0, 1])
    if name[0] == "U" or name == "object":
        values = sorted("".join(rng.choices(LETTERS, k=rng.randint(0, 3))) for _ in range(n))
        values = [json.dumps(value) for value in values]
        if rng.random() < 0.7 and name[0] == "U":
            name = f"U{max(1, *(len(json.loads(value)) for value in values))}"
    else:
        values = sorted(rng.choices(NUMBERS, k=n), key=float_of)
        if rng.random() < 0.3:
            values = [f'"{value}"' for value in values]
    kind = rng.choice(["labels", "labels", "labels", "multilabel"])
    if kind == "multilabel" and rng.random() < 0.8:
        values = [str(i) for i in range(n)]
    text = f'{{"kind":"{kind}","dtype":"{name}","values":[{",".join(values)}]}}'
    if rng.random() < 0.3:
        at = rng.randrange(len(text))
        text = (
            text[:at]
            + rng.choice(["", *'",\\[]{}019aeEuU.-+ tfd8D'])
            + text[at + rng.randint(0, 1) :]
        )
    return text


def float_of(number):
    try:
        return float(number)
    except ValueError:
        return float(number == "true")
