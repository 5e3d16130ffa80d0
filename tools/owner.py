"""Write what owner.toml says about the project into the files that need it.

Usage: ``python tools/owner.py [--check]``

README.md gets its links: a label in its text is the path of a file, and its address is that of the published page or of
the file in the repository. While an address is empty, the link is the path. README.md and pages of the documentation
get the commands that install: from a clone, or from the package index once it has the package. pyproject.toml gets
authors and addresses, CITATION.cff authors, addresses, version and date, SECURITY.md and CODE_OF_CONDUCT.md the
contact, .github/CODEOWNERS and the links beside the forms for issues the owner and the addresses, workflows the digests
of what they download, src/cmlp/_export/licence.py the licence of what is generated, packaging/go/go.mod its path, and
the manifests of the packages for Java, C# and Debian the group, the version, the maintainer and the addresses.
``--check`` changes nothing, and returns 1 if a file is out of date; ``--missing`` lists what is empty, and the commands
that find digests.
"""

import datetime
import re
import sys
import tomllib
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).parents[1]
PLACEHOLDER = "The cmlp developers"
NAMES = (
    *("repository", "documentation", "contact", "package", "npm_scope"),
    *("go_module", "maven_group"),
    *("generated", "generated_confirmed", "authors"),
    *("binfmt_image", "debian_image", "esp_idf_image"),
    *("arduino_cli_sha256", "micropython_commit", "zephyr_commit"),
)
LICENCE = "src/cmlp/_export/licence.py"
FILM = "src/cmlp/_export/page/film.py"
# The digests of what a workflow downloads, which are variables of its environment.
DIGESTS = {
    ".github/workflows/wheel.yml": ["binfmt_image"],
    ".github/workflows/ci.yml": ["debian_image"],
    ".github/workflows/nightly.yml": [
        "esp_idf_image",
        "arduino_cli_sha256",
        "micropython_commit",
        "zephyr_commit",
    ],
}
# What finds each. The versions are those that the workflows name.
FINDS = {
    "binfmt_image": "docker buildx imagetools inspect docker.io/tonistiigi/binfmt:qemu-v10.0.4",
    "debian_image": "docker buildx imagetools inspect debian:13",
    "esp_idf_image": "docker buildx imagetools inspect espressif/idf:v5.5",
    "arduino_cli_sha256": "sha256sum arduino-cli_1.3.1_Linux_64bit.tar.gz # of the release v1.3.1",
    "micropython_commit": "git ls-remote https://github.com/micropython/micropython v1.26.1",
    "zephyr_commit": "git ls-remote https://github.com/zephyrproject-rtos/zephyr v4.2.0",
}
CODEOWNERS = ".github/CODEOWNERS"
ISSUES = ".github/ISSUE_TEMPLATE/config.yml"
GO = "packaging/go/go.mod"
MAVEN = "packaging/java/pom.xml"
NUGET = "packaging/csharp/src/Cmlp.csproj"
DEBIAN = "packaging/debian/control"
DEBIAN_CHANGELOG = "packaging/debian/changelog"
PICTURES = (".png", ".svg", ".jpg")

COMMANDS = """\
```sh
python -m pip install PACKAGE && cmlp
```

```sh
python -m pip install ".[test]" && python -m pytest
```
"""
INSTALL = """\
<!-- not run: installs -->
```sh
python -m pip install PACKAGE
```
"""
# How to install before the first release, from a clone, and afterwards. PACKAGE is what pip
# installs.
BEFORE = {
    "README.md": f"""\
{COMMANDS}
In a clone of this repository (`git clone`, or *Code*, *Download ZIP*) and a fresh virtual environment, the first
command installs cmlp and shows a network that learns to read digits; the second runs the tests. Python 3.11 or newer
and a C compiler are needed. Each command first compiles, for 40 seconds on two idle cores; pip prints nothing
meanwhile.
""",
    "docs/index.md": f"""\
{INSTALL}
Before the first release, this is a command for a clone of the repository.
""",
    "docs/start/installation.md": """\
Before the first release, install from a clone. For `cmlp[...]` in this documentation, type `.[...]` in its folder.
""",
}
AFTER = {
    "README.md": f"""\
{COMMANDS}
The first command installs cmlp and shows a network that learns to read digits. Wheels for Linux, macOS, Windows and
Pyodide need Python 3.11 or newer and no compiler. The second command tests a clone of this repository, in a fresh
virtual environment: it compiles with a C compiler, for 40 seconds on two idle cores; pip prints nothing meanwhile.
""",
    "docs/index.md": INSTALL,
    "docs/start/installation.md": f"""\
{INSTALL}
Wheels for Linux, macOS, Windows and Pyodide need no compiler ([Platforms](../platforms.md)); elsewhere pip compiles the
library, which needs a C11 compiler.
""",
}


def read() -> dict:
    """Return the values of owner.toml; ValueError if a name is missing or unknown."""
    owner = tomllib.loads((ROOT / "owner.toml").read_text(encoding="utf-8"))
    if set(owner) != set(NAMES):
        raise ValueError(f"owner.toml must define {', '.join(NAMES)}, got {', '.join(owner)}")
    return owner


def empty(owner: dict) -> list[str]:
    """Return the names of the values that are not known, or not confirmed, yet."""
    return [name for name in NAMES if not owner[name]]


def missing_lines(owner: dict) -> list[str]:
    """Return a line for each value that is not known, with the command that finds a digest."""
    lines = []
    for name in empty(owner):
        line = f"owner.toml: {name} is {'false' if owner[name] is False else 'empty'}"
        if name in FINDS:
            line += f"; it is found by: {FINDS[name]}"
        lines.append(line)
    return lines


def address(path: str, owner: dict) -> str:
    """Return the address of a file of the repository: that of its page if it has one; the path if it is not known."""
    page = re.fullmatch(r"docs/(.*)\.md", path)
    if page:
        name = "" if page[1] == "index" else f"{page[1]}.html"
        return f"{owner['documentation']}/{name}" if owner["documentation"] else path
    kind = "raw" if path.endswith(PICTURES) else "blob"
    return f"{owner['repository']}/{kind}/main/{path}" if owner["repository"] else path


def installation_lines(name: str, owner: dict) -> list[str]:
    """Return how README.md or a page of the documentation installs."""
    texts = AFTER if owner["package"] else BEFORE
    return texts[name].replace("PACKAGE", owner["package"] or ".").splitlines()


def readme(text: str, owner: dict) -> str:
    """Return the README with its commands, and with the addresses of its links, which are its last lines."""
    text = between(text, installation_lines("README.md", owner))
    text = re.sub(r"(^\[[^\]]+\]: \S+\n)+\Z", "", text, flags=re.MULTILINE).rstrip() + "\n\n"
    labels = dict.fromkeys(re.findall(r"\]\[([^\]]+)\]", text))
    return text + "".join(f"[{label}]: {address(label, owner)}\n" for label in labels)


def between(text: str, lines: list[str]) -> str:
    """Return the text with these lines between its two marks."""
    begin, end = (
        re.search(rf"^.*owner\.toml: {mark}.*\n", text, re.MULTILINE) for mark in ("begin", "end")
    )
    return text[: begin.end()] + "".join(f"{line}\n" for line in lines) + text[end.start() :]


def names(owner: dict) -> list[str]:
    """Return the names of the authors."""
    return [f"{author['given']} {author['family']}" for author in owner["authors"]] or [PLACEHOLDER]


def pyproject_lines(owner: dict) -> list[str]:
    """Return authors and addresses, as fields of [project]."""
    lines = [
        f"authors = [{', '.join(f'{{ name = {name!r} }}' for name in names(owner))}]".replace(
            "'", '"'
        )
    ]
    repository, documentation = owner["repository"], owner["documentation"]
    if documentation:
        lines += [f'urls.Homepage = "{documentation}/"', f'urls.Documentation = "{documentation}/"']
    if repository:
        lines += [f'urls.Repository = "{repository}"', f'urls.Issues = "{repository}/issues"']
        lines.append(f'urls.Changelog = "{repository}/blob/main/CHANGELOG.md"')
    return lines


def citation_lines(owner: dict) -> list[str]:
    """Return authors, addresses, version and the date of the newest release."""
    date = release_date()
    lines = ["authors:"]
    for author in owner["authors"]:
        lines += [
            f'  - family-names: "{author["family"]}"',
            f'    given-names: "{author["given"]}"',
        ]
        lines += [f'    orcid: "{author["orcid"]}"'] if author.get("orcid") else []
    if not owner["authors"]:
        lines.append(f"  - name: {PLACEHOLDER}")
    lines += [f'repository-code: "{owner["repository"]}"'] if owner["repository"] else []
    lines += [f'url: "{owner["documentation"]}/"'] if owner["documentation"] else []
    return [*lines, f"version: {version()}"] + ([f"date-released: {date}"] if date else [])


def maven_lines(owner: dict) -> list[str]:
    """Return group, version and address, as elements of a project of Maven."""
    return elements(
        groupId=owner["maven_group"] or "cmlp", version=version(), url=owner["repository"]
    )


def nuget_lines(owner: dict) -> list[str]:
    """Return version, authors and addresses, as properties of a project of .NET."""
    return elements(
        Version=version(),
        Authors="; ".join(names(owner)),
        RepositoryUrl=owner["repository"],
        PackageProjectUrl=owner["documentation"],
    )


def maintainer(owner: dict) -> str:
    """Return who maintains the package for Debian; an address is a must."""
    return f"{names(owner)[0]} <{owner['contact'] or 'cmlp@localhost'}>"


def debian_lines(owner: dict) -> list[str]:
    """Return maintainer and address, as fields of a source package."""
    page = owner["documentation"] or owner["repository"]
    return [f"Maintainer: {maintainer(owner)}"] + ([f"Homepage: {page}"] if page else [])


def debian_changelog(owner: dict) -> str:
    """Return the changelog of the package for Debian: an entry for this version."""
    date = release_date()
    day = datetime.datetime.fromisoformat(date or "1970-01-01")
    return f"""\
cmlp ({version()}-1) {"unstable" if date else "UNRELEASED"}; urgency=medium

  * Version {version()}.

 -- {maintainer(owner)}  {day:%a, %d %b %Y} 00:00:00 +0000
"""


def elements(**values: str) -> list[str]:
    """Return an element of XML for each value that is not empty."""
    return [f"    <{name}>{escape(value)}</{name}>" for name, value in values.items() if value]


def contact_lines(owner: dict) -> list[str]:
    """Return the sentence with the address to write to."""
    return [f"Or write to <{owner['contact']}>."] if owner["contact"] else []


def codeowner_lines(owner: dict) -> list[str]:
    """Return who reviews a change of each file: the owner of the repository."""
    name = owner["repository"].removeprefix("https://").split("/")[1:2]
    return [f"* @{name[0]}"] if name else []


def contact_link_lines(owner: dict) -> list[str]:
    """Return the links beside the forms for issues."""
    links = [
        ("A vulnerability", "repository", "/security/advisories/new", "In private."),
        (
            "A question",
            "repository",
            "/discussions",
            "How to do something, or what a figure means.",
        ),
        ("The documentation", "documentation", "/questions.html", "Answers to frequent questions."),
    ]
    known = [(name, owner[of] + path, about) for name, of, path, about in links if owner[of]]
    lines = [
        line
        for name, url, about in known
        for line in (f"  - name: {name}", f"    url: {url}", f"    about: {about}")
    ]
    return ["contact_links:", *lines] if lines else []


def digest_lines(owner: dict, names: list[str]) -> list[str]:
    """Return the digests of what a workflow downloads."""
    return [f'  {name.upper()}: "{owner[name]}"' for name in names]


def licence_lines(owner: dict) -> list[str]:
    """Return the licence of what is generated, as a constant of the package."""
    return [f'GENERATED = "{owner["generated"]}"']


def release_date() -> str:
    """Return the date of the newest release in CHANGELOG.md; empty if it is unreleased."""
    date = re.search(r"^## \[[\d.]+\] - (\S+)$", text_of("CHANGELOG.md"), re.MULTILINE)[1]
    return "" if date == "unreleased" else date


def version() -> str:
    """Return the version, which include/cmlp.h defines."""
    return re.search(r'^#define CMLP_VERSION "(.*)"', text_of("include/cmlp.h"), re.MULTILINE)[1]


def text_of(name: str) -> str:
    """Return the text of a file of the repository."""
    return (ROOT / name).read_text(encoding="utf-8")


def files(owner: dict) -> dict[str, str]:
    """Return the files that depend on owner.toml, as they should be; sdists have none of .github."""
    text = readme(text_of("README.md"), owner)
    lines = {
        "pyproject.toml": pyproject_lines(owner),
        "CITATION.cff": citation_lines(owner),
        "SECURITY.md": contact_lines(owner),
        LICENCE: licence_lines(owner),
        FILM: [f'PUBLIC = "{owner["documentation"]}"'],
        MAVEN: maven_lines(owner),
        NUGET: nuget_lines(owner),
        DEBIAN: debian_lines(owner),
        GO: [f"module {owner['go_module'] or 'cmlp'}"],
        "CODE_OF_CONDUCT.md": contact_lines(owner),
        **{name: installation_lines(name, owner) for name in BEFORE if name != "README.md"},
    }
    if (ROOT / CODEOWNERS).exists():
        lines[CODEOWNERS] = codeowner_lines(owner)
        lines[ISSUES] = contact_link_lines(owner)
        lines |= {name: digest_lines(owner, names) for name, names in DIGESTS.items()}
    return {
        "README.md": text,
        DEBIAN_CHANGELOG: debian_changelog(owner),
        **{name: between(text_of(name), new) for name, new in lines.items()},
    }


def outdated() -> list[str]:
    """Return the names of the files that differ from what owner.toml says."""
    return [name for name, text in files(read()).items() if text != text_of(name)]


def main(arguments: list[str] | None = None) -> int:
    """Write the files, name those that are out of date, or list what is not known; return the exit status."""
    options = sys.argv[1:] if arguments is None else arguments
    if options == ["--missing"]:
        print(*missing_lines(read()), sep="\n")
        return 0
    if options == ["--check"]:
        for name in outdated():
            print(f"{name} is out of date: run python tools/owner.py")
        return bool(outdated())
    for name, text in files(read()).items():
        (ROOT / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
