"""tools/owner.py: README, pyproject.toml, CITATION.cff and contacts follow from owner.toml."""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
if not (ROOT / "owner.toml").exists():
    pytest.skip("owner.toml is in the source tree only", allow_module_level=True)
sys.path.append(str(ROOT / "tools"))
import owner  # noqa: E402

KNOWN = {
    "repository": "https://example.org/someone/cmlp",
    "documentation": "https://someone.example.org/cmlp",
    "contact": "someone@example.org",
    "package": "cmlp",
    "npm_scope": "someone",
    "go_module": "example.org/someone/cmlp/packaging/go",
    "maven_group": "org.example.someone",
    "generated": "0BSD",
    "generated_confirmed": True,
    "binfmt_image": "sha256:1",
    "debian_image": "sha256:6",
    "esp_idf_image": "sha256:2",
    "arduino_cli_sha256": "3",
    "micropython_commit": "4",
    "zephyr_commit": "5",
    "authors": [{"family": "Doe", "given": "Jo", "orcid": "https://orcid.org/0000-0000-0000-0000"}],
}

needs_repository = pytest.mark.skipif(
    not (ROOT / ".github").exists(), reason="a repository is needed"
)


def test_files_follow_from_owner_toml(capsys):
    assert owner.main(["--check"]) == 0, capsys.readouterr().out


@needs_repository
def test_missing_digests_are_listed_with_the_commands_that_find_them():
    assert owner.missing_lines(KNOWN) == []
    unknown = KNOWN | {"contact": "", "generated_confirmed": False, "zephyr_commit": ""}
    assert owner.missing_lines(unknown) == [
        "owner.toml: contact is empty",
        "owner.toml: generated_confirmed is false",
        f"owner.toml: zephyr_commit is empty; it is found by: {owner.FINDS['zephyr_commit']}",
    ]
    assert {*owner.FINDS} == {name for names in owner.DIGESTS.values() for name in names}
    workflows = "".join((ROOT / name).read_text(encoding="utf-8") for name in owner.DIGESTS)
    for version in re.findall(r"v[\d.]+\d", " ".join(owner.FINDS.values())):
        assert version in workflows or version in ("v10.0.4", "v5.5"), version  # of digests alone


def test_links_of_the_readme_are_files_or_absolute_addresses():
    text = owner.readme(owner.text_of("README.md"), dict.fromkeys(owner.NAMES, ""))
    labels = set(re.findall(r"\]\[([^\]]+)\]", text))
    assert len(labels) > 15 and not re.search(r"\]\((?!http)", text)
    for label in labels:
        assert (ROOT / label).is_file(), label
    known = owner.readme(text, KNOWN)
    targets = dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", known, re.MULTILINE))
    assert set(targets) == labels and all(
        target.startswith("https://") for target in targets.values()
    )
    assert targets["docs/index.md"] == "https://someone.example.org/cmlp/"
    assert targets["docs/start/tables.md"] == "https://someone.example.org/cmlp/start/tables.html"
    assert targets["LICENSE"] == "https://example.org/someone/cmlp/blob/main/LICENSE"
    pictures = [target for label, target in targets.items() if label.endswith(".png")]
    assert len(pictures) == 1
    assert all(
        one.startswith("https://example.org/someone/cmlp/raw/main/docs/images/") for one in pictures
    )
    assert owner.readme(known, dict.fromkeys(owner.NAMES, "")) == text  # the other way, too


def commands(text):
    """Return the commands of the blocks at the beginning of a README, with the text before the first one."""
    before, *blocks = re.split(r"^```sh\n(.+)\n```$", text, flags=re.MULTILINE)[:4]
    return before, blocks[::2]


def test_readme_begins_with_what_it_is_three_ways_and_the_commands_for_a_clone():
    before, (install, test) = commands(owner.text_of("README.md"))
    assert before.count("\n- **") == 3 and len(before.split("\n\n")) == 4
    assert install == "python -m pip install . && cmlp"
    assert test == 'python -m pip install ".[test]" && python -m pytest'


def test_readme_and_pages_install_the_package_after_the_first_release():
    files = owner.files(KNOWN)
    assert commands(files["README.md"])[1] == [
        "python -m pip install cmlp && cmlp",
        'python -m pip install ".[test]" && python -m pytest',
    ]
    pages = [name for name in files if name.startswith("docs/")]
    assert len(pages) == 2
    for name in pages:
        assert "\n```sh\npython -m pip install cmlp\n```\n" in files[name]
        assert "python -m pip install cmlp\n" not in owner.text_of(name)
    for name in ("README.md", *pages):
        assert "the first release" not in files[name]


def test_known_values_reach_every_file():
    import tomllib

    files = owner.files(KNOWN)
    project = tomllib.loads(files["pyproject.toml"])["project"]
    assert project["authors"] == [{"name": "Jo Doe"}]
    assert project["urls"]["Repository"] == KNOWN["repository"]
    assert project["urls"]["Documentation"] == KNOWN["documentation"] + "/"
    assert (
        'family-names: "Doe"' in files["CITATION.cff"]
        and "The cmlp developers" not in files["CITATION.cff"]
    )
    for name in ("SECURITY.md", "CODE_OF_CONDUCT.md"):
        assert "<someone@example.org>" in files[name]
    assert "\nmodule example.org/someone/cmlp/packaging/go\n" in files["packaging/go/go.mod"]
    maven = ElementTree.fromstring(files["packaging/java/pom.xml"])
    found = [maven.findtext(f"{{*}}{name}") for name in ("groupId", "version", "url")]
    version = re.search(r"^version: (.+)$", files["CITATION.cff"], re.MULTILINE)[1]
    assert found == ["org.example.someone", version, KNOWN["repository"]]
    nuget = ElementTree.fromstring(files["packaging/csharp/src/Cmlp.csproj"])
    found = [nuget.findtext(f".//{name}") for name in ("Version", "Authors", "RepositoryUrl")]
    assert found == [version, "Jo Doe", KNOWN["repository"]]
    fields = f"Maintainer: Jo Doe <{KNOWN['contact']}>\nHomepage: {KNOWN['documentation']}\n"
    assert fields in files["packaging/debian/control"]
    changelog = files["packaging/debian/changelog"]
    assert changelog.startswith(f"cmlp ({version}-1) ")
    assert f" -- Jo Doe <{KNOWN['contact']}>  " in changelog


def test_package_for_npm_is_private_until_its_scope_is_known():
    import json

    import make_npm

    package = json.loads(owner.text_of("packaging/wasm/package.json"))
    released = make_npm.manifest(package, "1.2.3", KNOWN)
    assert released["name"] == "@someone/cmlp" and "private" not in released
    assert released["version"] == "1.2.3" and released["license"] == "BSD-3-Clause"
    assert released["repository"]["url"] == "git+https://example.org/someone/cmlp.git"
    assert released["homepage"] == "https://someone.example.org/cmlp/languages.html"
    assert make_npm.manifest(package, "1.2.3", dict.fromkeys(owner.NAMES, "")) == {
        **package,
        "version": "1.2.3",
    }


def test_what_is_not_known_is_listed_and_misspelt_names_raise(tmp_path, monkeypatch):
    assert owner.empty({**KNOWN, "contact": "", "authors": []}) == ["contact", "authors"]
    (tmp_path / "owner.toml").write_text('repositry = ""\n', encoding="utf-8")
    monkeypatch.setattr(owner, "ROOT", tmp_path)
    with pytest.raises(
        ValueError,
        match=r"must define repository, .*, package, npm_scope, go_module, maven_group, generated, .*, got repositry",
    ):
        owner.read()


def test_licence_of_what_is_generated_is_listed_until_it_is_confirmed(capsys, monkeypatch):
    import check_release

    monkeypatch.setattr(owner, "read", lambda: {**KNOWN, "generated_confirmed": False})
    line = "owner.toml: generated_confirmed is false"
    assert check_release.owner_complaints(True)[-1] == line
    monkeypatch.setattr(owner, "read", lambda: {**KNOWN, "generated": "MIT-0"})
    assert line not in check_release.owner_complaints(True)
    assert 'GENERATED = "MIT-0"\n' in owner.files(owner.read())["src/cmlp/_export/licence.py"]


def test_readme_is_short():
    text = re.sub(r"(^\[[^\]]+\]: \S+\n)+\Z", "", owner.text_of("README.md"), flags=re.MULTILINE)
    assert len(text.split()) <= 900


@needs_repository
def test_code_owner_links_and_digests_follow():
    files = owner.files(KNOWN)
    assert "\n* @someone\n" in files[".github/CODEOWNERS"]
    links = files[".github/ISSUE_TEMPLATE/config.yml"]
    for address in (
        f"{KNOWN['repository']}/security/advisories/new",
        f"{KNOWN['repository']}/discussions",
        f"{KNOWN['documentation']}/questions.html",
    ):
        assert f"    url: {address}\n" in links
    assert '  BINFMT_IMAGE: "sha256:1"\n' in files[".github/workflows/wheel.yml"]
    nightly = files[".github/workflows/nightly.yml"]
    assert '  ZEPHYR_COMMIT: "5"\n' in nightly and '  ESP_IDF_IMAGE: "sha256:2"\n' in nightly
    nothing = owner.files(dict.fromkeys(owner.NAMES, ""))
    assert "@" not in nothing[".github/CODEOWNERS"]
    assert "contact_links" not in nothing[".github/ISSUE_TEMPLATE/config.yml"]
