"""Libraries name a board with enough memory for their model, or none, with the smallest change that fits."""

import json
import re
import warnings

import numpy as np
import pytest
from c_export import needs_gcc, run
from c_projects import TABLE

from cmlp import Network, TabularClassifier, TabularRegressor
from cmlp import __main__ as cli


def bytes_of(*sizes):
    """Return a network of integers, and what to_c gets."""
    model = Network(sizes, "relu", random_state=0)
    return model, {"int8": True, "calibrate": np.full((3, sizes[0]), 7, np.uint8)}


def floats_of(*sizes):
    return Network(sizes, random_state=0), {}


def table_of(n_estimators, *hidden):
    model = TabularRegressor(
        n_estimators=n_estimators, hidden_layer_sizes=hidden, n_epochs=2, random_state=0
    )
    return model.fit(TABLE, [300.0, 410.0, 900.0, 350.0] * 10), {}


BOARDS = {  # of arduino, of platformio
    "uno": ("arduino:avr:uno", "uno"),
    "mega": ("arduino:avr:mega", "megaatmega2560"),
    "minima": ("arduino:renesas_uno:minima", "uno_r4_minima"),
    "esp32": ("esp32:esp32:esp32", "esp32dev"),
    "pico": ("arduino:mbed_rp2040:pico", "pico"),
}
CASES = {
    "small integers": (lambda: bytes_of(64, 16, 10), "uno"),
    "integers above 32 KB": (lambda: bytes_of(64, 170, 170, 10), "mega"),
    "a layer above 32,767 weights": (lambda: bytes_of(784, 64, 10), "minima"),
    "a row above the RAM of the Uno": (
        lambda: (floats_of(400, 4, 10)[0], {"int8": True, "calibrate": np.eye(3, 400) * 0.3}),
        "mega",
    ),
    "small floats": (lambda: floats_of(6, 4, 3), "minima"),
    "floats above 192 KB": (lambda: floats_of(784, 100, 10), "esp32"),
    "a table above 192 KB": (lambda: table_of(2, 160, 160), "esp32"),
    "floats above 860 KB": (lambda: floats_of(784, 400, 10), "pico"),
}


@pytest.mark.parametrize(
    "case",
    [
        *list(CASES)[:-1],
        pytest.param(list(CASES)[-1], marks=pytest.mark.slow),
    ],
)
def test_library_names_the_smallest_board_with_enough_memory(tmp_path, case):
    make, expected = CASES[case]
    model, options = make()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.to_c(tmp_path / "net", project="arduino", **options)
        model.to_c(tmp_path / "pio", project="platformio", name="net", **options)
    arduino, platformio = BOARDS[expected]
    readme = (tmp_path / "net/README.md").read_text()
    assert f"--fqbn {arduino} " in readme and "names no board" not in readme
    assert f"\nboard = {platformio}\n" in (tmp_path / "pio/examples/net/platformio.ini").read_text()


@pytest.mark.parametrize(
    ("make", "has_avr"),
    [
        (lambda: bytes_of(784, 64, 10), False),
        (lambda: bytes_of(64, 170, 170, 10), True),
        (lambda: floats_of(6, 4, 3), False),
        (lambda: table_of(2, 4), False),
    ],
    ids=["long array", "integers", "floats", "table"],
)
def test_architectures_are_those_that_compile_the_header(tmp_path, make, has_avr):
    model, options = make()
    model.to_c(tmp_path / "net", project="arduino", **options)
    found = re.findall(
        r"^architectures=(.+)$", (tmp_path / "net/library.properties").read_text(), re.MULTILINE
    )
    others = ["renesas_uno", "esp32", "mbed_nano", "mbed_rp2040"]
    assert found == [",".join(["avr"] * has_avr + others)]
    model.to_c(tmp_path / "pio", project="platformio", **options)
    platforms = json.loads((tmp_path / "pio/library.json").read_text())["platforms"]
    others = ["renesas-ra", "espressif32", "nordicnrf52", "raspberrypi"]
    assert platforms == ["atmelavr"] * has_avr + others


def test_zephyr_and_esp_idf_name_boards_by_size(tmp_path):
    for sizes, board in (((6, 4, 3), "qemu_cortex_m3"), ((784, 100, 10), "mps2/an385")):
        floats_of(*sizes)[0].to_c(tmp_path / f"net{sizes[1]}", project="zephyr")
        assert f"-b {board} " in (tmp_path / f"net{sizes[1]}/README.md").read_text()
    floats_of(784, 100, 10)[0].to_c(tmp_path / "idf", project="esp-idf")
    assert "set-target esp32 " in (tmp_path / "idf/README.md").read_text()


# A model that no board of a tool holds, and the one with the change that its warning names.
TOO_LARGE = {
    "estimators": (
        lambda: table_of(6, 200, 200),
        "esp-idf",
        r"n_estimators=(\d+)",
        table_of,
        (200, 200),
    ),
    "int8": (lambda: floats_of(784, 700, 10), "arduino", "int8=True", bytes_of, (784, 700, 10)),
    "units": (
        lambda: bytes_of(784, 1200, 10),
        "esp-idf",
        r"units fit: (\d+) in",
        bytes_of,
        (784, None, 10),
    ),
    "units of a table": (
        lambda: table_of(1, 450, 450),
        "esp-idf",
        r"units fit: (\d+) and (\d+) in",
        table_of,
        (1, None, None),
    ),
}
SLOW = ("int8", "units", "units of a table")


@pytest.mark.parametrize(
    "case", ["estimators", *(pytest.param(case, marks=pytest.mark.slow) for case in SLOW)]
)
def test_model_for_no_board_names_the_smallest_change_that_fits(tmp_path, case):
    make, tool, change, changed, arguments = TOO_LARGE[case]
    model, options = make()
    expected = rf"net names no board: .*bytes of flash and [\d,]+ of RAM, .*{change}"
    with pytest.warns(UserWarning, match=expected) as caught:
        header = model.to_c(tmp_path / "net", project=tool, **options)
    assert len(caught) == 1
    text = str(caught[0].message)
    needed = int(re.search(r"needs ([\d,]+) bytes", text)[1].replace(",", ""))
    assert header.constants < needed < header.constants + 20_000
    readme = " ".join((tmp_path / "net/README.md").read_text().split())
    assert text.partition(": ")[2] in readme and re.search(r"(--fqbn|set-target) BOARD ", readme)
    numbers = [*map(int, re.search(change, text).groups())]
    if "units" in case:
        arguments = [numbers.pop(0) if one is None else one for one in arguments]
    model, options = changed(*numbers, *arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.to_c(tmp_path / "less", project=tool, **options)
    if case == "estimators":  # one more does not fit
        with pytest.warns(UserWarning, match="names no board"):
            table_of(numbers[0] + 1, *arguments)[0].to_c(tmp_path / "more", project=tool)


def test_platformio_without_a_board_has_placeholders(tmp_path):
    with pytest.warns(UserWarning, match="names no board"):
        floats_of(784, 700, 10)[0].to_c(tmp_path / "net", project="platformio")
    text = (tmp_path / "net/examples/net/platformio.ini").read_text()
    assert "[env:BOARD]\nplatform = PLATFORM\nboard = BOARD\n" in text


def test_command_prints_the_warning_as_a_line(tmp_path, capsys):
    floats_of(60_000, 1, 2)[0].save(tmp_path / "net.cmlp")  # the row is larger than the RAM
    export = ["export", str(tmp_path / "net.cmlp"), "-o", str(tmp_path / "net"), "--to", "c"]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert cli.main([*export, "--project", "esp-idf"]) == 0
    (line,) = re.findall("^.*names no board: .*$", capsys.readouterr().out, re.MULTILINE)
    assert line.startswith(f"{tmp_path / 'net'} names") and line.endswith("need less RAM.")


@needs_gcc
@pytest.mark.parametrize(("units", "compiles"), [(40, True), (42, False)])
def test_header_says_that_avr_gcc_takes_no_longer_array(tmp_path, units, compiles):
    model, options = bytes_of(784, units, 10)
    model.to_c(tmp_path / "net.h", **options)
    (tmp_path / "main.c").write_text('#include "net.h"\nint main(void) { return 0; }\n')
    (tmp_path / "avr").mkdir()
    (tmp_path / "avr/pgmspace.h").write_text("#define PROGMEM\n")
    text = (tmp_path / "net.h").read_text()
    assert ("more than 32,767 weights" in text) != compiles
    run(["gcc", "-c", str(tmp_path / "main.c"), "-o", str(tmp_path / "main.o")])


# ---------------------------------------------------------------------------------- rows of the examples


def test_row_of_a_table_has_names_medians_and_frequent_categories(tmp_path):
    pandas = pytest.importorskip("pandas")
    X = pandas.DataFrame(
        {
            "living area": [20.0, 35.5, 60.0, np.nan, 35.5] * 8,
            "place": ["east", "north", "east", None, "south"] * 8,
            "the same": [1.0] * 40,
            "grade": pandas.Categorical(["b", "a", "c", "b", "b"] * 8, ordered=True),
        }
    )
    options = {"n_estimators": 2, "hidden_layer_sizes": (4,), "n_epochs": 2, "random_state": 0}
    model = TabularClassifier(**options).fit(X, ["x", "y", "y", "x", "y"] * 8)
    model.to_c(tmp_path / "flats", project="arduino")
    sketch = (tmp_path / "flats/examples/flats/flats.ino").read_text()
    assert re.findall(r"^    row\[(\w+)\] = (.+);$", sketch, re.MULTILINE) == [
        ("flats_column_living_area", "35.5"),
        ("flats_column_place", 'flats_category(flats_column_place, "east")'),
        ("flats_column_grade", 'flats_category(flats_column_grade, "b")'),
    ]


def test_row_of_integers_has_the_medians_of_the_calibration(tmp_path):
    rows = np.array([[1, 200], [5, 100], [30, 0]], np.uint8)
    model = Network([2, 3, 2], random_state=0)
    model.to_c(tmp_path / "net", project="arduino", int8=True, calibrate=rows)
    sketch = (tmp_path / "net/examples/net/net.ino").read_text()
    assert "static uint8_t row[net_inputs] = {\n    5, 100};" in sketch
