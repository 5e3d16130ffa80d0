"""The C headers as pages: every public name with its comment, as Sphinx's C objects.

The headers have one style: a comment stands before a declaration, or behind it on the same line. A comment on a line of
its own within an enum or struct describes what follows it. Headings are comments of dashes or equals signs.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

INCLUDE = Path(__file__).parents[2] / "include"
HEADERS = ["cmlp.h", "cmlp_table.h", "cmlp_workers.h", "cmlp_explain.h", "cmlp_file.h"]
# Where a page has a part of cmlp.h (0 is what stands before the first part), or another header.
PLACEHOLDER = re.compile(r"<!-- the reference is inserted here: (?:part (\d)|(cmlp_\w+\.h)) -->")

ITEM = re.compile(
    r"""/\*\s(?P<rule>[-=]{8,})\s(?P<heading>[^\n*]+?)\s*(?:\*/|\n(?P<below>.*?)\*/)  # a heading, and a text below it
      |/\*(?P<comment>.*?)\*/[ \t]*(?P<blank>\n[ \t]*\n)?              # a comment; alone if an empty line follows
      |typedef\s+struct\s+(?P<struct>\w+)\s*\{(?P<members>.*?)\}\s*\w+\s*;
      |typedef\s+u?int(?:8|32)_t\s+(?P<enum>\w+)\s*;(?:\s*enum\s*\{(?P<enumerators>.*?)\}\s*;)?
      |typedef\s+struct\s+\w+\s+(?P<opaque>\w+)\s*;
      |CMLP_(?:API|CHECKED)\s+(?P<function>[^;#]+);
      |^static\s+inline\s+(?P<inline>[^;{]+?)\s*\{.*?^\}                  # a function with its body
      |^\#[ ]*define[ ](?P<macro>CMLP_\w+)(?P<arguments>\([^)]*\))?[ \t]*(?P<value>(?:\\\n|/\*.*?\*/|[^\n])*)
    """,
    re.DOTALL | re.VERBOSE | re.MULTILINE,
)
ENTRY = re.compile(
    r"/\*(?P<comment>.*?)\*/|(?P<entry>[^\s/;,](?:\([^)]*\)|[^;,(/])*)(?P<end>[;,]|$|(?=/\*))",
    re.DOTALL,
)
# Macros that configure the header itself.
INTERNAL = {
    "CMLP_H",
    "CMLP_API",
    "CMLP_CHECKED",
    "CMLP_TABLE_H",
    "CMLP_WORKERS_H",
    "CMLP_EXPLAIN_H",
    "CMLP_FILE_H",
    "CMLP_FILE_CAST",
}


class Entry(NamedTuple):
    """An enumerator, a member of a struct, or (with an empty declaration) a comment on several of them."""

    declaration: str
    comment: str


class Item(NamedTuple):
    """A heading, a text, or a declaration with its comment."""

    kind: str  # "heading", "text", "function", "macro", "enum" or "struct"
    name: str
    declaration: str = ""
    comment: str = ""
    entries: tuple[Entry, ...] = ()


# --------------------------------------------------------------------------------------------------------- reading


def parse(text: str) -> list[Item]:
    """Return the items of a header in order."""
    start = text.index("*/") + 2
    items = [Item("text", "", comment=stripped(text[text.index("/*") + 2 : start - 2]))]
    pending, seen = "", set()
    for match in ITEM.finditer(text, start):
        if match["heading"]:
            items += flushed(pending)
            items.append(
                Item(
                    "heading", match["heading"].strip(), "##" if match["rule"][0] == "=" else "###"
                )
            )
            pending = ""
            if match["below"]:
                items += flushed(stripped(match["below"]))
        elif match["comment"] is not None:
            if (
                text[: match.start()].rpartition("\n")[2].strip()
            ):  # behind a declaration, or behind what is none
                if items[-1].kind == "function" and text[: match.start()].rstrip().endswith(";"):
                    items[-1] = items[-1]._replace(
                        comment=f"{items[-1].comment}\n{stripped(match['comment'])}".strip()
                    )
                continue
            items += flushed(pending)
            pending = stripped(match["comment"])
            if match["blank"]:
                items += flushed(pending)
                pending = ""
        elif item := declared(match, pending):
            if item.name not in seen:
                items.append(item)
            seen.add(item.name)
            # A comment also describes the declarations in the lines directly below the first one.
            if not re.match(
                r"[^\n]*\n(CMLP_CHECKED|CMLP_API|static inline|typedef|#)", text[match.end() :]
            ):
                pending = ""
    return items


def flushed(pending: str) -> list[Item]:
    """Return a comment that describes no declaration as a text."""
    return [Item("text", "", comment=pending)] if pending else []


def declared(match: re.Match[str], comment: str) -> Item | None:
    """Return the item of a declaration."""
    if match["struct"]:
        return Item(
            "struct",
            match["struct"],
            match["struct"],
            comment,
            tuple(entries(match["members"], False)),
        )
    if match["enum"]:
        return Item(
            "enum",
            match["enum"],
            match["enum"],
            comment,
            tuple(entries(match["enumerators"] or "", True)),
        )
    if match["opaque"]:
        return Item("struct", match["opaque"], match["opaque"], comment)
    function = match["function"] or match["inline"]
    if function:
        signature = " ".join(re.sub(r"/\*.*?\*/", " ", function, flags=re.DOTALL).split())
        name = re.search(r"(\w+)\(", signature)
        assert name, signature
        return Item("function", name[1], signature, comment)
    if match["macro"] in INTERNAL:
        return None
    behind = re.search(r"/\*(.*?)\*/", match["value"], re.DOTALL)
    value = re.sub(r"/\*.*?\*/", "", match["value"], flags=re.DOTALL).strip()
    shown = f"Its value is `{value}`." if re.fullmatch(r'\(?-?\d\w*\)?|"[^"]+"', value) else ""
    text = "\n\n".join(filter(None, [comment, stripped(behind[1]) if behind else "", shown]))
    return Item("macro", match["macro"], match["macro"] + (match["arguments"] or ""), text)


def entries(body: str, is_enum: bool) -> list[Entry]:
    """Return the enumerators of an enum or the members of a struct, one for each name."""
    found: list[Entry] = []
    ends, base, first, above = 0, "", 0, ""
    for match in ENTRY.finditer(body):
        if match["comment"] is not None:
            same_line = bool(ends) and "\n" not in body[ends : match.start()]
            if same_line and found:  # of all names that one type declares
                if found[first].comment:  # the one above is for the entries below it
                    found.insert(first, Entry("", found[first].comment))
                    first += 1
                found[first:] = [
                    entry._replace(comment=stripped(match["comment"])) for entry in found[first:]
                ]
            else:
                above = stripped(match["comment"])
            continue
        words = " ".join(match["entry"].split())
        if not is_enum:
            # `int64_t a, b;` declares two members of one type.
            first = first if base else len(found)
            words = f"{base}{words}"
            base = re.sub(r"\**[\w\[\]]+$", "", words) if match["end"] == "," else ""
        else:
            first = len(found)
        found.append(Entry(words, above))
        above = ""
        ends = match.end()
    return found


def stripped(comment: str) -> str:
    """Return a comment without the stars at the starts of its lines; lines keep their indentation."""
    lines = [re.sub(r"^[ \t]*\*", "", line) for line in comment.strip("\n").splitlines()]
    lines = [
        lines[0].strip(),
        *(line[1:].rstrip() if line.startswith(" ") else line.strip() for line in lines[1:]),
    ]
    return "\n".join(lines).strip()


# --------------------------------------------------------------------------------------------------------- writing


def parts(items: list[Item]) -> list[list[Item]]:
    """Return the items before the first part of the header, and those of each part with its heading."""
    starts = [
        k for k, item in enumerate(items) if item.kind == "heading" and item.declaration == "##"
    ]
    return [items[a:b] for a, b in zip([0, *starts], [*starts, len(items)], strict=True)]


def roles_of(items: list[Item]) -> dict[str, str]:
    """Return the role of each name for links to it."""
    roles = {
        item.name: "func" if item.kind == "function" else item.kind
        for item in items
        if item.declaration and item.kind != "heading"
    }
    for item in items:
        if item.kind == "enum":
            roles |= {
                entry.declaration.split()[0]: "enumerator"
                for entry in item.entries
                if entry.declaration
            }
    return roles


def render(items: list[Item], others: list[Item] = []) -> str:  # noqa: B006
    """Return the items as MyST Markdown, with links to their names and those of others."""
    roles = roles_of([*others, *items])
    out = []
    for item in items:
        if item.kind == "heading":
            name = re.sub("[a-z]", lambda letter: letter[0].upper(), item.name, count=1)
            out.append(f"{item.declaration} {name}\n")
        else:
            body = directive(item, roles) if item.declaration else paragraphs(item.comment, roles)
            out.append(f"```{{eval-rst}}\n{body}\n```\n")
    return "\n".join(out)


def directive(item: Item, roles: dict[str, str]) -> str:
    """Return a declaration as reStructuredText."""
    parameters = (
        set(re.findall(r"(\w+)(?=[,)])", item.declaration)) if item.kind == "function" else set()
    )
    parts = [
        f".. c:{item.kind}:: {item.declaration}",
        indented(paragraphs(item.comment, roles, parameters)),
    ]
    kind = "enumerator" if item.kind == "enum" else "member"
    for entry in item.entries:
        text = paragraphs(entry.comment, roles)
        parts.append(
            indented(
                f".. c:{kind}:: {entry.declaration}\n\n{indented(text)}"
                if entry.declaration
                else text
            )
        )
    return "\n\n".join(filter(str.strip, parts))


def indented(text: str) -> str:
    """Return a text indented by three spaces."""
    return "\n".join(f"   {line}" if line.strip() else "" for line in text.splitlines())


def paragraphs(comment: str, roles: dict[str, str], parameters: set[str] = frozenset()) -> str:  # type: ignore[assignment]
    """Return a comment as reStructuredText: paragraphs, lists and blocks of code."""
    out: list[str] = []
    mode = ""
    for line in comment.splitlines():
        name = re.match(r"(\w+)(?:, \w+| and \w+)*: ", line)
        if not line.strip():
            out.append("")
            mode = ""
        elif item := re.match(r" {0,2}(- |\d\. )(.*)", line):
            out += (
                ["", f"* {inline(item[2], roles)}"]
                if mode != "list"
                else [f"* {inline(item[2], roles)}"]
            )
            mode = "list"
        elif mode in ("list", "parameter") and line.startswith("  "):
            out.append(f"{'  ' * (mode == 'list')}{inline(line.strip(), roles)}")
        elif line.startswith("  "):
            out += [f"   {line}"] if mode == "code" else ["", "::", "", f"   {line}"]
            mode = "code"
        else:
            is_parameter = bool(name and name[1] in parameters)
            new = is_parameter or line.startswith("Returns ") or mode in ("code", "list")
            out += ["", inline(line, roles)] if new else [inline(line, roles)]
            mode = "parameter" if is_parameter else "text"
    return "\n".join(out).strip("\n")


def inline(text: str, roles: dict[str, str]) -> str:
    """Return a line with its special characters escaped, its code marked, and public names as links."""
    out = []
    for part in re.split(r"(`[^`]+`|\bcmlp_\w+(?:\(\))?|\bCMLP_\w+)", text):
        name = part.strip("`").removesuffix("()")
        if name in roles:
            out.append(f"\\ :c:{roles[name]}:`{name}`\\ ")
        elif len(part) > 2 and part[0] == part[-1] == "`":
            out.append(f"\\ ``{part[1:-1]}``\\ ")
        else:
            out.append(re.sub(r"([*_`\\|])", r"\\\1", part))
    return "".join(out).removeprefix("\\ ").removesuffix("\\ ")


def insert_reference(app: object, docname: str, source: list[str]) -> None:
    """Replace the placeholders in a page (an event handler of Sphinx)."""
    if not docname.startswith("reference/c"):
        return
    items = {name: parse((INCLUDE / name).read_text(encoding="utf-8")) for name in HEADERS}
    # The functions that the comment at the top of cmlp_file.h shows are its interface; the others
    # are parts of them.
    shown = items["cmlp_file.h"][0].comment
    items["cmlp_file.h"] = [
        item
        for item in items["cmlp_file.h"]
        if item.name in shown or (item.kind != "function" and item.name != "cmlp_file_reader")
    ]
    others = [item for each in items.values() for item in each]

    def part(match: re.Match[str]) -> str:
        return render(
            parts(items["cmlp.h"])[int(match[1])] if match[1] else items[match[2]], others
        )

    source[0] = PLACEHOLDER.sub(part, source[0])


def setup(app: object) -> dict[str, bool]:
    """Connect the extension to Sphinx."""
    app.connect("source-read", insert_reference)  # type: ignore[attr-defined]
    return {"parallel_read_safe": True}
