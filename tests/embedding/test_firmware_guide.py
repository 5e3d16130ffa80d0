"""The commands of docs/start/firmware.md and of docs/embedding.md for microcontrollers, as a reader would type them."""

import re
import shutil
import sys

import pytest
from c_build import CORE, ROOT, run
from helpers import DEADLOCK, imported

import cmlp

DOCS, BOARD = ROOT / "docs", ROOT / "examples/microcontroller"
if not (DOCS / "start/firmware.md").exists():
    pytest.skip("the guide is in the source tree only", allow_module_level=True)
blocks = imported(DOCS / "_ext/blocks.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        sys.platform == "win32"
        or not shutil.which("arm-none-eabi-gcc")
        or not shutil.which("qemu-system-arm"),
        reason="needs POSIX, arm-none-eabi-gcc and qemu-system-arm",
    ),
]


def board_files(folder, *names):
    for name in names:
        shutil.copy(BOARD / name, folder)


def run_quietly(commands, folder):
    """Run shell commands. QEMU must not wait for the keyboard, and prints the firmware's output to standard error."""
    return run("sh", "-ec", f"exec </dev/null 2>&1\n{commands}", cwd=folder, timeout=DEADLOCK)


def test_page_runs_from_training_to_the_board(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found, names = blocks.blocks_of(DOCS / "start/firmware.md"), {}
    for block in found:
        if block.language == "python":
            blocks.run(block, names, "start/firmware.md")
    (program,) = [block for block in found if block.language == "c"]
    (commands,) = [block for block in found if block.language == "sh"]
    (tmp_path / "main.c").write_text(program.source, encoding="utf-8")
    board_files(tmp_path, "board.h", "board.ld")
    assert run_quietly(commands.source, tmp_path) == commands.output
    text = (DOCS / "start/firmware.md").read_text(encoding="utf-8").replace("\n", " ")
    options, machine = re.search(
        r"For a Cortex-M0, [^`]*`-mcpu`[^`]*`-mfpu`[^`]*`(.*?)`[^`]*`(.*?)`", text
    ).groups()
    on_m0 = re.sub(r"-mcpu.*-mfpu=\S+", options, commands.source).replace("mps2-an386", machine)
    assert "cortex-m4" not in on_m0 and run_quietly(on_m0, tmp_path) == commands.output


@pytest.mark.skipif(not CORE.exists(), reason="needs the sources")
def test_line_of_the_library_compiles(single_file, tmp_path):
    for path in single_file.parent.iterdir():
        if path.suffix in (".c", ".h"):
            shutil.copy(path, tmp_path)
    board_files(tmp_path, "main.c", "board.h", "board.ld")
    cmlp.Network([64, 16, 10], activation="relu", output="softmax", loss="log_loss").save(
        tmp_path / "model.cmlp"
    )
    (tmp_path / "rows.bin").write_bytes(bytes(64))
    found = blocks.blocks_of(DOCS / "embedding.md")
    (line,) = [block.source for block in found if "arm-none-eabi-gcc" in block.source]
    qemu = re.search(
        r"qemu-system-arm .*firmware\.elf", (BOARD / "main.c").read_text(encoding="utf-8")
    )[0]
    assert "CMLP_OK" in run_quietly(f"{line}\n{qemu}", tmp_path)


@pytest.mark.filterwarnings("ignore::cmlp.exceptions.LeakWarning")  # of the benchmark's table
def test_table_has_the_figures_of_the_benchmark(monkeypatch):
    """Other versions of the compiler may differ by a fifth."""
    monkeypatch.syspath_prepend(ROOT)
    from benchmarks import firmware

    text = (DOCS / "start/firmware.md").read_text(encoding="utf-8")
    rows = [
        *firmware.measure((16,), firmware.M4, n_rows=50),
        firmware.measure_table(2, 2, n_rows=5),
    ]
    measured = {name: figures for name, *figures in rows}
    assert len(measured) > 5
    for name, figures in measured.items():
        cells = re.search(rf"\| {re.escape(name)} \| (.*) \|", text)[1].split(" | ")
        shown, found = ([int(cell.replace(",", "")) for cell in row] for row in (cells, figures))
        assert shown == pytest.approx(found, rel=0.2), name
