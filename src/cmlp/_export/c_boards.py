"""The boards that the libraries of `to_c(project=...)` name: the first one that has enough memory for a model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from cmlp._export.c_int8 import MOST_AVR_ARRAY
from cmlp._export.c_text import HeaderParts
from cmlp._model.formats import can_write
from cmlp._model.model import TableModel, TrainedModel

_NUMBER = 4  # bytes of a parameter in float
# Bytes of flash for the code of a header, and of the example around it.
_CODE = 4_000
_CODE_OF_TABLE = 14_000


class Board(NamedTuple):
    """A board, as each tool names it.

    Of the flash and the RAM, `flash` and `ram` are what the core or the operating system, which prints the
    answer, leaves for the model and the rows: a careful bound. An AVR processor computes only in integers.
    """

    title: str
    flash: int
    ram: int
    names: dict[str, str]
    architecture: str = ""  # of Arduino
    is_avr: bool = False


# From the smallest to the largest one.
BOARDS = (
    Board(
        "Arduino Uno",
        32_256 - 2_500,
        2_048 - 300,
        {"arduino": "arduino:avr:uno", "platformio": "atmelavr uno"},
        "avr",
        is_avr=True,
    ),
    Board(
        "Arduino Mega",
        253_952 - 2_500,
        8_192 - 500,
        {"arduino": "arduino:avr:mega", "platformio": "atmelavr megaatmega2560"},
        "avr",
        is_avr=True,
    ),
    Board(
        "Arduino Uno R4 Minima",
        262_144 - 70_000,
        32_768 - 10_000,
        {"arduino": "arduino:renesas_uno:minima", "platformio": "renesas-ra uno_r4_minima"},
        "renesas_uno",
    ),
    Board("QEMU's Cortex-M3", 262_144 - 40_000, 65_536 - 10_000, {"zephyr": "qemu_cortex_m3"}),
    Board(
        "ESP32 with its default partitions",
        1_048_576 - 300_000,
        327_680 - 100_000,
        {
            "arduino": "esp32:esp32:esp32",
            "platformio": "espressif32 esp32dev",
            "esp-idf": "esp32",
        },
        "esp32",
    ),
    Board(
        "Arduino Nano 33 BLE",
        983_040 - 120_000,
        262_144 - 80_000,
        {"arduino": "arduino:mbed_nano:nano33ble", "platformio": "nordicnrf52 nano33ble"},
        "mbed_nano",
    ),
    Board(
        "Raspberry Pi Pico",
        2_097_152 - 120_000,
        270_336 - 80_000,
        {"arduino": "arduino:mbed_rp2040:pico", "platformio": "raspberrypi pico"},
        "mbed_rp2040",
    ),
    Board("Arm MPS2 in QEMU", 4_194_304 - 40_000, 4_194_304 - 10_000, {"zephyr": "mps2/an385"}),
)


class BoardChoice(NamedTuple):
    """The board that the library of a model names.

    Attributes
    ----------
    name : str
        Of the tool; "" if no board has enough memory.
    architectures : list of str
        The architectures of Arduino, and the platforms of PlatformIO, that compile the header.
    platforms : list of str
    problem : str
        Why there is no board, and the smallest change with which there is one; "" if there is one.
    """

    name: str
    architectures: list[str]
    platforms: list[str]
    problem: str = ""


def choose_board(
    model: TrainedModel, tool: str, parts: HeaderParts, row_bytes: int, stack: int
) -> BoardChoice:
    """Return the board of a tool for a model; a row of its example has `row_bytes` bytes."""
    runs_on_avr = parts.largest_array is not None and parts.largest_array <= MOST_AVR_ARRAY
    boards = [
        board for board in BOARDS if tool in board.names and (runs_on_avr or not board.is_avr)
    ]
    code = _CODE_OF_TABLE if isinstance(model, TableModel) else _CODE
    flash = parts.constants + code + row_bytes
    ram = row_bytes + stack
    found = next((board for board in boards if flash <= board.flash and ram <= board.ram), None)
    compiles = BoardChoice(
        "" if found is None else found.names[tool],
        _distinct(board.architecture for board in boards),
        _distinct(board.names.get("platformio", "").split(" ")[0] for board in boards),
    )
    if found is not None:
        return compiles
    largest = max(boards, key=lambda board: board.flash)
    change = _smallest_change(model, parts, largest.flash - code - row_bytes)
    return compiles._replace(
        problem=(
            f"no board of {tool!r} that cmlp knows has enough memory: the model needs {flash:,} bytes of flash "
            f"and {ram:,} of RAM, the {largest.title} has {largest.flash:,} and {largest.ram:,} of them. {change}"
        )
    )


def _distinct(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, names)))


def _smallest_change(model: TrainedModel, parts: HeaderParts, space: int) -> str:
    """Return the smallest change of a model after which its constants fit into `space` bytes."""
    if parts.constants <= space:
        return "Rows with fewer inputs, or fewer units, need less RAM."
    sizes = model.net.sizes
    if isinstance(model, TableModel):
        n_nets = len(model.networks)
        of_nets = _NUMBER * sum(net.n_params for net, _ in model.networks)
        kept = (space - parts.constants + of_nets) * n_nets // of_nets
        if kept >= 1:
            return f"n_estimators={kept} fits."
    elif (
        parts.largest_array is None
        and parts.constants // _NUMBER <= space
        and can_write(model, "to_c(int8=True)")
    ):
        return "int8=True fits."
    per_weight = parts.constants / model.net.n_params
    for percent in range(99, 0, -1):
        fewer = [max(1, n * percent // 100) for n in sizes[1:-1]]
        if per_weight * _n_params([sizes[0], *fewer, sizes[-1]]) <= space:
            units = " and ".join(map(str, fewer))
            return f"Fewer units fit: {units} in the hidden layers."
    return "Fewer inputs are needed."


def _n_params(sizes: Sequence[int]) -> int:
    """Return the number of weights and biases of a network."""
    return int(np.dot(np.add(sizes[:-1], 1), sizes[1:]))
