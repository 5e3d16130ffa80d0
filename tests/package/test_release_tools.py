"""The scripts in tools/ that check a release: versions, files, hashes and workflows."""

import importlib
import json
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
if not (TOOLS.parent / "docs/platforms.md").exists():
    pytest.skip("the scripts are in the source tree only", allow_module_level=True)

sys.path.append(str(TOOLS))
check_release, check_workflows, compare_hashes, platforms = (
    importlib.import_module(name)
    for name in ("check_release", "check_workflows", "compare_hashes", "platforms")
)

HASH, OTHER = "0123456789abcdef", "0123456789abcdee"
HEADER = '#define CMLP_VERSION "1.2.3"\n' + "".join(
    f"#define CMLP_VERSION_{part} {number}\n"
    for part, number in (("MAJOR", 1), ("MINOR", 2), ("PATCH", 3))
)


# ------------------------------------------------------------------------------------------------- golden hashes


@pytest.fixture
def printed(tmp_path):
    """Return a function that writes the output of platforms to files and returns their folder."""

    def write(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name.replace('__', '-')}.txt").write_text(text, encoding="utf-8")
        return str(tmp_path)

    return write


def test_equal_hashes_pass_and_other_lines_are_ignored(printed):
    folder = printed(
        linux=f"cmlp golden {HASH}\r\ncmlp golden {HASH}\n",
        mac__cp314=f"noise\ncmlp golden {HASH}\n",
    )
    assert compare_hashes.main([folder, "--expect", "linux", "mac"]) == 0


def test_different_hash_fails_and_is_named(printed, capsys):
    line = f"cmlp golden {HASH}\n"
    assert compare_hashes.main([printed(a=line, b=line, c=f"{line}cmlp golden {OTHER}\n")]) == 1
    assert capsys.readouterr().out == f"c: {OTHER}, others have {HASH}\n"


def test_platform_without_a_file_or_a_hash_fails(printed, capsys):
    folder = printed(a=f"cmlp golden {HASH}\n", b="cmlp golden 0123\n")
    assert compare_hashes.main([folder, "--expect", "a", "b", "c"]) == 1
    assert capsys.readouterr().out == "b: no hash\nc: expected, but there is no file\n"


def test_no_hash_at_all_fails(tmp_path):
    assert compare_hashes.main([str(tmp_path)]) == 1


# ------------------------------------------------------------------------------------------------------ versions


def test_source_tree_passes_the_release_check():
    assert check_release.main([]) == 0


def test_nothing_is_released_before_owner_toml_is_complete(monkeypatch, capsys):
    known = dict.fromkeys(check_release.owner.NAMES, "known")
    monkeypatch.setattr(check_release.owner, "outdated", lambda: [])
    monkeypatch.setattr(check_release.owner, "read", lambda: known)
    assert check_release.owner_complaints(True) == []
    known["contact"] = ""
    assert check_release.owner_complaints(True) == ["owner.toml: contact is empty"]
    assert check_release.owner_complaints(False) == []
    assert capsys.readouterr().out == "owner.toml: contact is empty, needed for a release\n"
    monkeypatch.setattr(check_release.owner, "outdated", lambda: ["README.md"])
    assert check_release.owner_complaints(False)[0].startswith(
        "README.md does not follow from owner.toml"
    )


def test_tag_of_another_version_fails(capsys):
    assert check_release.main(["--tag", "v99.0.0"]) == 1
    assert "the tag is v99.0.0" in capsys.readouterr().out


def test_wrong_version_number_in_the_header_fails():
    assert check_release.header_complaints(HEADER) == []
    assert check_release.header_complaints(HEADER.replace("PATCH 3", "PATCH 4")) == [
        "cmlp.h: CMLP_VERSION is 1.2.3, its parts are 1.2.4"
    ]


@pytest.mark.parametrize(
    "entry, released, complaints",
    [
        ("## [1.2.3] - 2026-11-20", True, 0),
        ("## [1.2.3] - unreleased", False, 0),
        ("## [1.2.3] - unreleased", True, 1),
        ("## [1.2.2] - 2026-11-20", True, 1),
        ("## [1.2.2] - soon", False, 2),
        ("# Changelog", False, 1),
    ],
)
def test_changelog_must_begin_with_the_version_and_its_date(entry, released, complaints):
    text = f"# Changelog\n\n{entry}\n\n## [1.2.3] - 2020-01-01\n"
    text = text if entry.startswith("##") else entry
    assert len(check_release.changelog_complaints(text, "1.2.3", released)) == complaints


@pytest.mark.parametrize(
    "outside, inside, complaints",
    [("1.2.3", "1.2.3", 0), ("1.2.4", "1.2.3", 1), ("1.2.3", "1.2.4", 1)],
)
def test_wheel_of_another_version_fails(tmp_path, outside, inside, complaints):
    file = tmp_path / f"cmlp-{outside}-cp313-cp313-win_amd64.whl"
    with zipfile.ZipFile(file, "w") as wheel:
        wheel.writestr(
            "cmlp-1.2.3.dist-info/METADATA",
            f"Metadata-Version: 2.4\nName: cmlp\nVersion: {inside}\n\n",
        )
    assert len(check_release.file_complaints(file, "1.2.3")) == complaints


# --------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    "tags, identifier",
    [
        ("cp314-cp314t-manylinux_2_27_x86_64.manylinux_2_28_x86_64", "cp314t-manylinux_x86_64"),
        ("cp313-cp313-musllinux_1_2_armv7l", "cp313-musllinux_armv7l"),
        ("cp311-cp311-macosx_11_0_arm64", "cp311-macosx_arm64"),
        ("cp311-cp311-win_amd64", "cp311-win_amd64"),
        ("cp313-cp313-pyodide_2025_0_wasm32", "cp313-pyodide_wasm32"),
        ("cp314-cp314-pyemscripten_2026_0_wasm32", "cp314-pyodide_wasm32"),
    ],
)
def test_wheels_are_identified_by_their_tags(tags, identifier):
    assert platforms.identifier_of(f"cmlp-1.2.3-{tags}.whl") == identifier
    assert identifier in platforms.documented()


def test_page_of_platforms_has_what_was_run():
    page = platforms.DOCUMENT.read_text(encoding="utf-8")
    assert platforms.with_runs(page) == page, "python tools/platforms.py --write"


def test_each_platform_says_what_was_run_and_by_which_source():
    stages = TOOLS.parent / ".ci/README.md"
    if not stages.exists():
        pytest.skip("the list of stages is in the repository only")
    known = stages.read_text(encoding="utf-8")
    rows = tomllib.loads(platforms.RUN.read_text(encoding="utf-8"))["row"]
    named = [name for row in rows for name in row["platforms"]]
    assert set(platforms.documented_platforms()) <= set(named)
    assert len(named) == len(set(named))
    for row in rows:
        assert row["tests"] and row["source"], row
        was_run = row["kind"] != "prepared"
        assert ("date" in row, "commit" in row) == (was_run, was_run), row
        source = row["source"]
        command, _, stage = source.partition(" ")
        if "://" not in source:
            assert (TOOLS.parent / command).exists(), source
            assert not stage or f"\n| {stage} |" in known, source


def wheels_of(tier):
    names = platforms.documented(tier)
    return [f"cmlp-1.2.3-{name.split('-')[0].rstrip('t')}-{name}.whl" for name in names]


def test_complete_release_is_one_sdist_and_each_wheel_of_tier_1():
    wheels, sdist = wheels_of("1"), "cmlp-1.2.3.tar.gz"
    assert len(wheels) > 50
    assert check_release.completeness_complaints([sdist, *wheels], "1.2.3", "1") == []
    foreign = [f"cmlp-1.2.3-{tags}.whl" for tags in ("cp314-cp314-win32", "py3-none-any")]
    for names, complaint in [
        ([sdist, *wheels[1:]], "the wheel cp311-manylinux_x86_64 is missing"),
        (
            [*wheels, "cmlp-1.2.2.tar.gz"],
            "expected one sdist beside the wheels, got cmlp-1.2.2.tar.gz",
        ),
        (
            [sdist, *wheels, foreign[0]],
            "the wheel cp314-win32 is not in tier 1 of docs/platforms.md",
        ),
        (
            [sdist, *wheels, foreign[1]],
            "the wheel none-any is not in tier 1 of docs/platforms.md",
        ),
        (
            [sdist, *wheels, wheels_of("2")[0]],
            "the wheel cp311-manylinux_armv7l is not in tier 1 of docs/platforms.md",
        ),
    ]:
        assert check_release.completeness_complaints(names, "1.2.3", "1") == [complaint]


def test_tier_2_is_complete_without_the_sdist():
    wheels = wheels_of("2")
    assert len(wheels) > 50
    assert check_release.completeness_complaints(wheels, "1.2.3", "2") == []
    for names, complaint in [
        (wheels[1:], "the wheel cp311-manylinux_armv7l is missing"),
        (
            [*wheels, "cmlp-1.2.3.tar.gz"],
            "expected nothing beside the wheels, got cmlp-1.2.3.tar.gz",
        ),
    ]:
        assert check_release.completeness_complaints(names, "1.2.3", "2") == [complaint]


def test_checks_of_a_release_name_files_that_exist(monkeypatch):
    programs = []
    done = check_release.subprocess.CompletedProcess([], 0)
    monkeypatch.setattr(
        check_release.subprocess, "run", lambda program, cwd: programs.append(program) or done
    )
    assert check_release.failed_checks() == []
    paths = [part for program in programs for part in program if part.startswith("tests/")]
    assert len(paths) > 2 and all((TOOLS.parent / path).exists() for path in paths)


# ---------------------------------------------------------------------------------------------------- workflows


def test_matrix_is_expanded_as_by_github():
    matrix = {
        "python": ["a", "b"],
        "os": ["x", "y"],
        "include": [{"os": "x", "arch": "z"}, {"os": "w", "python": "a"}],
    }
    assert list(check_workflows.expanded(matrix)) == [
        {"python": "a", "os": "x", "arch": "z"},
        {"python": "a", "os": "y"},
        {"python": "b", "os": "x", "arch": "z"},
        {"python": "b", "os": "y"},
        {"os": "w", "python": "a"},
    ]
    alone = [{"os": "x"}, {"os": "y"}]
    assert list(check_workflows.expanded({"include": alone})) == alone


@pytest.mark.parametrize(
    "change", [list.pop, lambda names: names.append("cp39-win32"), lambda n: n.append(n[0])]
)
@pytest.mark.parametrize("tier", ["1", "2", None])
def test_undocumented_missing_and_duplicate_wheels_fail(change, tier):
    names = platforms.documented(tier)
    check_workflows.expect_documented(names, tier)
    change(names)
    with pytest.raises(check_workflows.Failure):
        check_workflows.expect_documented(names, tier)


@pytest.fixture
def languages(tmp_path):
    """Return a function that writes the package for npm as a release has it."""
    source = tmp_path / "source"
    source.mkdir()

    def write(version="1.2.3", module=b"\0asm \0001.2.3\0", without=()):
        for name in ("LICENSE", "README.md", "cmlp.d.mts", "cmlp.mjs"):
            (source / name).write_text(name)
        (source / "cmlp.wasm").write_bytes(module)
        (source / "package.json").write_text(json.dumps({"version": version}))
        for name in without:
            (source / name).unlink()
        package = tmp_path / "cmlp-npm-1.2.3.tgz"
        with tarfile.open(package, "w:gz") as archive:
            archive.add(source, "package")
        return check_release.npm_complaints(package, "1.2.3")

    return write


def test_package_for_npm_has_its_files_and_the_version(languages):
    assert languages() == []
    assert languages(version="1.2.2") == [
        "cmlp-npm-1.2.3.tgz: package.json does not have the version 1.2.3"
    ]
    assert languages(module=b"\0asm") == [
        "cmlp-npm-1.2.3.tgz: cmlp.wasm does not contain the version 1.2.3"
    ]
    (complaint,) = languages(without=["LICENSE"])
    assert complaint.startswith("cmlp-npm-1.2.3.tgz: has README.md, cmlp.d.mts")


# -------------------------------------------------------------------------------------------- tools that write a path


@pytest.mark.parametrize("tool", ["make_crates", "make_npm", "make_single_file", "make_wasm"])
def test_help_writes_nothing(tmp_path, tool):
    command = [sys.executable, TOOLS / f"{tool}.py", "--help"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout.startswith("usage: ")
    assert not [*tmp_path.iterdir()]


def test_jobs_of_a_release_install_by_hashes():
    folder = TOOLS.parent / ".github"
    if not folder.exists():
        pytest.skip("sdists have none of .github")
    texts = [
        (folder / f"workflows/{name}.yml").read_text("utf-8")
        for name in ("wheels", "wheel", "tier")
    ]
    with open(TOOLS.parent / "pyproject.toml", "rb") as file:
        wheels = tomllib.load(file)["tool"]["cibuildwheel"]
    texts += [one["before-build"] for one in (wheels, *wheels["overrides"])]
    commands = [line for text in texts for line in text.splitlines() if " -m pip " in line]
    assert len(commands) == 9
    assert all("--require-hashes" in line or "--no-index" in line for line in commands)
    assert "wheel-build.txt" in wheels["pyodide"]["before-all"]
    files = [folder / "requirements/build.txt", folder / "requirements/check.txt"]
    for file in [*files, TOOLS.parent / "packaging/wheel-build.txt"]:
        lines = [line for line in file.read_text("utf-8").splitlines() if line[:1] not in ("#", "")]
        pins = [line for line in lines if not line.startswith(" ")]
        assert pins and all("==" in line and line.endswith("\\") for line in pins)
