"""Libraries of Arduino, PlatformIO, Zephyr and ESP-IDF: what is in them, and that their examples compile and run."""

import functools
import io
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from avr import UNO
from c_export import CORTEX_M4, Target, needs_gcc, require, run
from c_projects import FLOATS, MODELS, TOOLS

from cmlp import Network
from cmlp import __main__ as cli
from cmlp.exceptions import InvalidParameterError

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning")
every_tool = pytest.mark.parametrize("tool", TOOLS)
every_model = pytest.mark.parametrize("name", MODELS)
# The folder with the header, and the program of the example.
HEADERS = {"arduino": "src", "platformio": "src", "zephyr": "include", "esp-idf": "include"}
EXAMPLES = {
    "arduino": "examples/{0}/{0}.ino",
    "platformio": "examples/{0}/{0}.ino",
    "zephyr": "samples/{0}/src/main.c",
    "esp-idf": "examples/{0}/main/main.c",
}


@functools.cache
def model_of(name):
    return MODELS[name]()


def written(tmp_path, tool, name):
    """Write a library; return its folder and the prefix of its names."""
    model, options = model_of(name)
    header = model.to_c(tmp_path / name, project=tool, **options)
    return tmp_path / name, header.name


# ------------------------------------------------------------------------------------------------ files


@every_tool
@every_model
def test_library_has_the_header_and_no_template(tmp_path, tool, name):
    folder, prefix = written(tmp_path, tool, name)
    model, options = model_of(name)
    alone = io.StringIO()
    model.to_c(alone, **(options | {"name": prefix}))
    assert (folder / HEADERS[tool] / f"{prefix}.h").read_text() == alone.getvalue()
    assert (folder / EXAMPLES[tool].format(prefix)).is_file()
    for path in folder.rglob("*"):
        assert "@" not in str(path.relative_to(folder))
        if path.is_file():
            assert path.suffix == ".h" or not re.search(r"@\w+@", path.read_text()), path
            assert b"\r" not in path.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == [name]


# What each description may contain, and must contain.
ARDUINO = "https://docs.arduino.cc/arduino-cli/library-specification/#libraryproperties-file-format"
ARDUINO_REQUIRED = {
    *("name", "version", "author", "maintainer", "sentence", "paragraph", "category", "url"),
    "architectures",
}
ARDUINO_OPTIONAL = {"depends", "dot_a_linkage", "includes", "precompiled", "ldflags"}
ARDUINO_CATEGORIES = {
    *("Display", "Communication", "Signal Input/Output", "Sensors", "Device Control", "Timing"),
    *("Data Storage", "Data Processing", "Other"),
}
PLATFORMIO = "https://docs.platformio.org/en/latest/manifests/library-json/index.html"
PLATFORMIO_KEYS = {
    *("name", "version", "description", "keywords", "homepage", "repository", "authors", "license"),
    *("frameworks", "platforms", "headers", "examples", "dependencies", "export", "scripts"),
    "build",
}
ZEPHYR = "https://docs.zephyrproject.org/latest/develop/modules.html#module-yaml-file-description"
ZEPHYR_KEYS = {"name", "build", "tests", "samples", "boards", "blobs", "security", "runners"}
ZEPHYR_BUILD_KEYS = {"cmake", "kconfig", "cmake-ext", "kconfig-ext", "depends", "settings"}
IDF = "https://docs.espressif.com/projects/idf-component-manager/en/latest/reference/manifest_file.html"
IDF_KEYS = {
    *("version", "maintainers", "description", "license", "tags", "files", "examples", "url"),
    *("repository", "documentation", "issues", "discussion", "repository_info", "targets"),
    "dependencies",
}


def test_arduino_properties(tmp_path):
    folder, prefix = written(tmp_path, "arduino", "kinds")
    lines = (folder / "library.properties").read_text().splitlines()
    found = dict(line.split("=", 1) for line in lines)
    assert len(found) == len(lines) and all(found.values())
    assert set(found) >= ARDUINO_REQUIRED, ARDUINO
    assert set(found) <= ARDUINO_REQUIRED | ARDUINO_OPTIONAL, ARDUINO
    assert found["category"] in ARDUINO_CATEGORIES, ARDUINO
    assert re.fullmatch(r"\d+\.\d+\.\d+", found["version"])
    assert (found["name"], found["includes"]) == (prefix, f"{prefix}.h")


def test_platformio_manifest(tmp_path):
    folder, prefix = written(tmp_path, "platformio", "kinds")
    found = json.loads((folder / "library.json").read_text())
    assert {"name", "version"} <= set(found) <= PLATFORMIO_KEYS, PLATFORMIO
    assert (found["name"], found["headers"]) == (prefix, f"{prefix}.h")
    for example in found["examples"]:
        assert set(example) == {"name", "base", "files"}, PLATFORMIO
        assert all((folder / example["base"] / file).is_file() for file in example["files"])
    options = dict(
        re.findall(
            r"^(\w+) = (.*)$", (folder / f"examples/{prefix}/platformio.ini").read_text(), re.M
        )
    )
    assert set(options) == {
        *("src_dir", "platform", "board", "framework", "lib_deps", "monitor_speed")
    }
    assert (folder / "examples" / prefix / options["lib_deps"].removeprefix("symlink://")).samefile(
        folder
    )


def keys_of_yaml(text, indent=0):
    """Return the keys of a mapping in YAML that has a line for each."""
    return set(re.findall(rf"^{' ' * indent}([\w-]+):", text, re.MULTILINE))


def test_zephyr_module(tmp_path):
    folder, prefix = written(tmp_path, "zephyr", "kinds")
    text = (folder / "zephyr/module.yml").read_text()
    assert {"name", "build"} <= keys_of_yaml(text) <= ZEPHYR_KEYS, ZEPHYR
    assert keys_of_yaml(text, 2) == {"cmake", "kconfig"} < ZEPHYR_BUILD_KEYS, ZEPHYR
    assert f"name: {prefix}\n" in text and "cmake: .\n" in text and "kconfig: Kconfig\n" in text
    (symbol,) = re.findall(r"^config (\w+)$", (folder / "Kconfig").read_text(), re.MULTILINE)
    assert symbol == f"CMLP_{prefix.upper()}"
    assert f"if(CONFIG_{symbol})\n" in (folder / "CMakeLists.txt").read_text()
    assert f"CONFIG_{symbol}=y\n" in (folder / f"samples/{prefix}/prj.conf").read_text()


def test_esp_idf_component(tmp_path):
    folder, prefix = written(tmp_path, "esp-idf", "kinds")
    text = (folder / "idf_component.yml").read_text()
    assert {"version", "description"} <= keys_of_yaml(text) <= IDF_KEYS, IDF
    assert keys_of_yaml(text, 2) == {"idf"}
    (example,) = re.findall(r"- path: (.*)", text)
    assert (folder / example).is_dir() and example == f"examples/{prefix}"


@every_tool
def test_files_name_the_licence_of_what_is_generated(tmp_path, tool):
    folder, prefix = written(tmp_path, tool, "kinds")
    assert (folder / "LICENSE").read_text().startswith("Zero-Clause BSD\n")
    assert "under 0BSD (`LICENSE`)" in (folder / "README.md").read_text()
    for name in (EXAMPLES[tool].format(prefix), f"{HEADERS[tool]}/{prefix}.h"):
        first = (folder / name).read_text().split("\n")[0]
        assert first.strip("/* ") == "SPDX-License-Identifier: 0BSD"


def test_manifest_names_the_licence(tmp_path):
    """That of ESP-IDF: PlatformIO compares the field with a list that it downloads, and packs nothing without it."""
    folder, _ = written(tmp_path, "esp-idf", "floats")
    assert '\nlicense: "0BSD"\n' in (folder / "idf_component.yml").read_text()


@pytest.mark.parametrize("tool", ["zephyr", "esp-idf"])
def test_example_has_the_stack_that_the_header_states(tmp_path, tool):
    folder, prefix = written(tmp_path, tool, "kinds")
    header = (folder / "include" / f"{prefix}.h").read_text()
    needed = max(map(int, re.findall(r"at\s+(?:\* )?most (\d+) bytes of stack", header)))
    example = (folder / EXAMPLES[tool].format(prefix)).parents[1]
    text = "".join(path.read_text() for path in example.iterdir() if path.is_file())
    (size,) = map(int, re.findall(r"^CONFIG_\w+_STACK_SIZE=(\d+)$", text, re.MULTILINE))
    assert needed + 2000 < size < needed + 4000 and f" {needed} bytes" in text


def test_platformio_packs_the_library(tmp_path):
    """It reads the manifest, and refuses values that it does not know."""
    if not shutil.which("pio"):
        pytest.skip("platformio is not installed")
    folder, prefix = written(tmp_path, "platformio", "bytes8")
    run(["pio", "pkg", "pack", str(folder), "--output", str(tmp_path / "library.tar.gz")])
    packed = run(["tar", "-tzf", str(tmp_path / "library.tar.gz")]).decode().split()
    assert {"library.json", f"src/{prefix}.h", f"examples/{prefix}/{prefix}.ino"} <= {*packed}
    config = run(["pio", "project", "config", "-d", str(folder / "examples" / prefix)]).decode()
    assert "env:uno\n" in config and "Warning" not in config


# ---------------------------------------------------------------------------------------------- programs

ARDUINO_H = """\
#include <stdint.h>
#include <stdio.h>
struct Port {
    void begin(long) {}
    void println(const char *text) { puts(text); }
    void println(int value) { printf("%d\\n", value); }
    void println(double value) { printf("%f\\n", value); }
};
static Port Serial;
static inline void delay(unsigned long) {}
void setup();
void loop();
"""
STUBS = {
    "Arduino.h": ARDUINO_H,
    "zephyr/kernel.h": "#include <stdlib.h>\n#define k_msleep(ms) exit(0)\n",
    "zephyr/sys/printk.h": "#include <stdio.h>\n#define printk printf\n",
    "freertos/FreeRTOS.h": "#include <stdlib.h>\n#define pdMS_TO_TICKS(ms) (ms)\n",
    "freertos/task.h": "#define vTaskDelay(ticks) exit((ticks) == 0)\nvoid app_main(void);\n",
}
MAINS = {
    "arduino": "\nint main() {\n    setup();\n    loop();\n}\n",
    "zephyr": "",
    "esp-idf": "\nint main(void)\n{\n    app_main();\n}\n",
}
# As the tools call the compilers, but with warnings as errors.
WARNINGS = ("-Wall", "-Wextra", "-Werror")
SKETCH = ("-std=gnu++11", "-fno-exceptions", "-ffunction-sections", "-fdata-sections", "-Os")
AVR = Target("AVR", ("avr-g++", f"-mmcu={UNO}", *SKETCH, "-fpermissive", "-flto"))
CORTEX = CORTEX_M4[1:-1]  # without the standard
PICOLIBC = ("-march=rv32imc", "-mabi=ilp32", "--specs=picolibc.specs")
COMPILERS = {
    "arduino": [
        Target("Cortex-M4", ("arm-none-eabi-g++", *CORTEX, *SKETCH, "-fno-rtti")),
        AVR,
    ],
    "platformio": [Target("RISC-V", ("riscv64-unknown-elf-g++", *PICOLIBC, *SKETCH)), AVR],
    "zephyr": [Target("Cortex-M4", ("arm-none-eabi-gcc", *CORTEX, "-std=c17", "-Os"))],
    "esp-idf": [Target("RISC-V", ("riscv64-unknown-elf-gcc", *PICOLIBC, "-std=gnu17", "-Og"))],
}


def source_of(folder, prefix, tool):
    """Return the path of the example as a program, with stubs of what the tool provides."""
    for name, text in STUBS.items():
        path = folder / "stubs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    example = folder / EXAMPLES[tool].format(prefix)
    suffix = ".cpp" if example.suffix == ".ino" else ".c"
    first = "#include <Arduino.h>\n" if suffix == ".cpp" else ""
    source = folder / f"program{suffix}"
    source.write_text(first + example.read_text() + MAINS.get(tool, ""))
    return source


def compiled(folder, prefix, tool, *command):
    """Compile the example; warnings are errors."""
    source = source_of(folder, prefix, tool)
    include = ["-I", str(folder / HEADERS[tool]), "-I", str(folder / "stubs")]
    run([*command, *WARNINGS, *include, str(source)])


@needs_gcc
@pytest.mark.slow
@pytest.mark.parametrize("tool", ["arduino", "zephyr", "esp-idf"])  # arduino's is platformio's
@every_model
def test_example_prints_the_prediction_of_its_row(tmp_path, tool, name):
    folder, prefix = written(tmp_path, tool, name)
    compiler = "g++" if EXAMPLES[tool].endswith("ino") else "gcc"
    program = str(folder / "program")
    compiled(folder, prefix, tool, compiler, "-O1", "-o", program)
    printed = run([program]).decode().splitlines()
    model, _ = model_of(name)
    text = (folder / EXAMPLES[tool].format(prefix)).read_text()
    values = re.search(r"row\[\w+\] = \{([^}]+)\}", text)
    if name in ("flats", "kinds"):
        number, category = re.findall(r"row\[\w+\] = (?:\w+\(\w+, \"(\w+)\"\)|([\d.]+));", text)
        row = [[float(number[1]), category[0]]]
    else:
        row = np.array([[float(one.strip(" \nf")) for one in values[1].split(",")]], np.float32)
    expected = (
        model.forward(row)[0].argmax(keepdims=True) if name == "network" else model.predict(row)
    )
    if "numbers" in name or name == "flats":
        # integers of 8 bits are near
        tolerance = 0.05 * np.abs(FLOATS).max() if "8" in name else 1e-5
        np.testing.assert_allclose([*map(float, printed)], expected.ravel(), rtol=0, atol=tolerance)
    else:
        assert printed == [str(value) for value in expected]


@pytest.mark.slow
@pytest.mark.skipif(
    "CMLP_TARGETS" not in os.environ, reason="a stage of .ci/run of its own; needs CMLP_TARGETS"
)
@every_tool
@pytest.mark.parametrize("name", ["floats", "floats8", "numbers8", "kinds"])
def test_example_compiles_as_the_tool_would_compile_it(tmp_path, tool, name):
    folder, prefix = written(tmp_path, tool, name)
    for target in COMPILERS[tool]:
        require(target)
        if target is AVR and "int8" not in model_of(name)[1]:
            continue
        compiled(folder, prefix, tool, *target.compiler, "-c", "-o", str(folder / "program.o"))


# ------------------------------------------------------------------------------------------------ errors

NET = Network([4, 3, 2])


def test_folder_is_new_or_empty(tmp_path, monkeypatch):
    folder = tmp_path / "digits"
    folder.mkdir()
    NET.to_c(f"{folder}/", project="arduino")
    assert (folder / "src/digits.h").is_file()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    for path in (folder, folder / "src/digits.h"):
        message = (
            "path must be a new or an empty folder, got .*write its header again, without project"
        )
        with pytest.raises(InvalidParameterError, match=message) as caught:
            NET.to_c(path, project="zephyr", name="x")
        assert caught.value.parameter == "path"
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path / "no/digits"))):
        NET.to_c(tmp_path / "no/digits", project="arduino")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def test_failure_leaves_no_folder(tmp_path, monkeypatch):
    def full(self, *args, **kwargs):
        raise OSError(28, "No space left on device", str(self))

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space") as caught:
        NET.to_c(tmp_path / "digits", project="arduino")
    assert caught.value.filename == str(tmp_path / "digits")
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize(
    ("parameter", "path", "options", "message"),
    [
        ("project", "digits", {"project": "mbed"}, "project must be one of 'arduino', .*'mbed'"),
        ("path", io.StringIO(), {"name": "x"}, "path must be a folder if project is given"),
        ("path", "a b", {"name": "ab"}, "path must be a folder whose name has at most 63 of"),
        ("path", "-a", {"name": "ab"}, "begins with a letter or a digit"),
        ("path", "a" * 64, {"name": "ab"}, "at most 63"),
        ("name", "my-model", {}, "the folder's name must be a C identifier.*'my-model'; pass"),
        ("name", "String", {}, "name must not be that of a standard header, which String.h would"),
        ("name", "digits", {"name": "Arduino"}, "name must not be that of a standard header"),
    ],
)
def test_errors_name_the_argument(tmp_path, monkeypatch, parameter, path, options, message):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidParameterError, match=message) as caught:
        NET.to_c(path, **({"project": "arduino"} | options))
    assert caught.value.parameter == parameter
    assert [*tmp_path.iterdir()] == []


def test_folder_may_have_another_name(tmp_path):
    NET.to_c(tmp_path / "my-model.v2", project="esp-idf", name="model")
    assert (tmp_path / "my-model.v2/include/model.h").is_file()
    (tmp_path / "other").mkdir()
    (tmp_path / "link").symlink_to("other")
    NET.to_c(tmp_path / "link", project="esp-idf")
    assert (tmp_path / "other/include/link.h").is_file()


def test_umask_applies(tmp_path):
    """Others may read a library, as any other file that is written."""
    NET.to_c(tmp_path / "digits", project="arduino")
    (tmp_path / "plain").mkdir()
    for name in ("digits", "digits/src"):
        assert (tmp_path / name).stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_command_writes_a_library(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    NET.save("digits.cmlp")
    export = ["export", "digits.cmlp", "-o", "digits", "--to"]
    assert cli.main([*export, "c", "--project", "zephyr"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("wrote digits, a library for zephyr\ndigits: ") and err == ""
    assert Path("digits/zephyr/module.yml").is_file()
    assert cli.main([*export, "c", "--project", "arduino"]) == 1
    assert "error: -o: path must be a new or an empty folder" in capsys.readouterr().err
    assert cli.main([*export, "onnx", "--project", "arduino"]) == 1
    assert "--project is only for C headers, got --to onnx" in capsys.readouterr().err
