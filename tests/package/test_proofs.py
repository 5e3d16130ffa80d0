"""The table of proofs and SOUNDNESS.md agree with the code, without the model checker."""

import importlib.util
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "src/cmlp/core"

if not CORE.exists():
    pytest.skip("only in the source tree", allow_module_level=True)


def module(name, folder):
    spec = importlib.util.spec_from_file_location(name, ROOT / folder / f"{name}.py")
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


prove = module("prove", "tests/proofs")
PROOFS = {proof["name"]: proof for proof in prove.proofs()}


def test_soundness_lists_the_proofs():
    text = (ROOT / "SOUNDNESS.md").read_text(encoding="utf-8")
    assert prove.table() in text, (
        "replace the table in SOUNDNESS.md by that of tests/proofs/prove.py --table"
    )
    assert re.search(r"\b(\d+) functions", text)[1] == str(len(PROOFS))


@pytest.mark.parametrize("name", PROOFS)
def test_a_proof_is_of_a_function_that_exists_and_can_be_broken(name):
    proof = PROOFS[name]
    text = (CORE / proof["file"]).read_text(encoding="utf-8")
    assert re.search(rf"\b{name}\(", text)
    old, new = proof["broken"]
    assert text.count(old) == 1 and old != new
    assert f"void {proof['entry']}(void)" in (ROOT / "tests/proofs" / proof["harness"]).read_text(
        encoding="utf-8"
    )


def test_every_harness_function_is_in_the_table():
    written = {
        entry
        for path in (ROOT / "tests/proofs").glob("*.c")
        for entry in re.findall(
            r"^void (prove_\w+)\(void\)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert written == {proof["entry"] for proof in PROOFS.values()}


def test_seeded_faults_are_of_code_that_exists_once():
    import tomllib

    content = tomllib.loads((ROOT / "tests/mutants/seeded.toml").read_text(encoding="utf-8"))
    faults = content["planted"] + content["fault"]
    assert len({fault["name"] for fault in faults}) == len(faults)
    for fault in faults:
        text = (ROOT / fault["file"]).read_text(encoding="utf-8")
        assert text.count(fault["old"]) == 1 and fault["new"] != fault["old"], fault["name"]


def test_numbers_of_planted_faults_are_those_of_their_table():
    import tomllib

    table = tomllib.loads((ROOT / "tests/mutants/seeded.toml").read_text(encoding="utf-8"))
    seen = [fault["seen"] for fault in table["planted"]]
    kinds = {"quick", "suite"}
    assert {one.removesuffix(", by a test that was added") for one in seen} == kinds
    n_found = sum(one in kinds for one in seen)
    n_quick = sum(one.startswith("quick") for one in seen)
    row = re.search(
        r"^\| faults of (\d+) kinds.* \| (\d+), (\d+), (\d+) \|",
        (ROOT / "SOUNDNESS.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert [int(one) for one in row.groups()] == [len(seen), n_found, len(seen), n_quick]


def test_accepted_mutants_are_of_lines_that_exist():
    import tomllib

    table = tomllib.loads((ROOT / "tests/mutants/table.toml").read_text(encoding="utf-8"))
    for row in table["accepted"]:
        folder = CORE if row["file"].endswith((".c", ".h")) else ROOT / "src/cmlp"
        lines = [
            line.strip() for line in (folder / row["file"]).read_text(encoding="utf-8").splitlines()
        ]
        assert row["line"] in lines and row["why"], row
    for row in table["c"] + table["python"]:
        folder = CORE if row["files"][0].endswith((".c", ".h")) else ROOT / "src/cmlp"
        assert all((folder / name).exists() for name in row["files"])
        assert folder == CORE or all((ROOT / name).exists() for name in row["tests"])
