"""Makes scripts, styles and markup of a page smaller: without comments, indentation and needless spaces.

Names stay as they are, and lines are short, so that an error message of the browser still says where to look.
"""

from __future__ import annotations

import re

# Strings, templates and regular expressions are kept. A regular expression follows an operator or an opening bracket.
_TOKEN = re.compile(
    r"""
    (?P<comment> /\*.*?\*/ | //[^\n]* )
    | (?P<kept> "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' | `(?:\\.|[^`\\])*`
        | (?<=[(,=:!&|?]) \s? /(?![*/]) (?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n])+ /[a-z]* )
    | (?P<space> [ \t]+ )
    | (?P<rest> \w+ | . | \n )
    """,
    re.VERBOSE | re.DOTALL,
)
_LONG = 150  # characters in a line of several statements
_WORD = re.compile(r"[\w$]")
# None of these occurs in a string of the page's scripts; a test runs what comes out.
_SHORTER = [
    (re.compile(r"([{(\[,?:=>|&+-])\n"), r"\1"),  # an expression or a block goes on
    (re.compile(r"\n(?=[)\]?:.|&+-])"), ""),
    (re.compile(r",(?=[)\]}])"), ""),
    (re.compile(r";\n?(?=\})"), ""),
    (re.compile(r"\((\w+)\)=>"), r"\1=>"),
    (re.compile(r"\b0(?=\.\d)"), ""),
]


def minify_script(text: str) -> str:
    """Return JavaScript without comments, indentation and the spaces that separate no words.

    A template literal must not contain another one.
    """
    parts: list[str] = []
    space = ""
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "comment":
            continue
        if match.lastgroup == "space":
            space = " "
            continue
        token = match[0]
        if space and parts and _must_part(parts[-1][-1], token[0]):
            parts.append(" ")
        parts.append(token.strip(" ") if match.lastgroup == "kept" else token)
        space = ""
    lines = _without_blank_lines("".join(parts))
    for pattern, shorter in _SHORTER:
        lines = pattern.sub(shorter, lines)
    return _with_filled_lines(_with_joined_declarations(lines))


def _with_joined_declarations(text: str) -> str:
    """Join lines that each declare constants."""
    lines = [""]
    for line in text.split("\n"):
        if line.startswith("const ") and lines[-1].startswith("const ") and _is_complete(lines[-1]):
            lines[-1] = lines[-1][:-1] + "," + line.removeprefix("const ")
        else:
            lines.append(line)
    return "\n".join(lines[1:])


def _with_filled_lines(text: str) -> str:
    """Join short lines that end with a semicolon."""
    lines = [""]
    for line in text.split("\n"):
        if lines[-1].endswith(";") and len(lines[-1] + line) <= _LONG:
            lines[-1] += line
        else:
            lines.append(line)
    return "\n".join(lines[1:])


def _is_complete(line: str) -> bool:
    return line.endswith(";") and all(line.count(left) == line.count(right) for left, right in ("()", "[]", "{}"))


def _must_part(before: str, after: str) -> bool:
    """Return whether two characters would mean something else without the space between them."""
    return bool(_WORD.match(before) and _WORD.match(after)) or (before == after and before in "+-/")


def minify_style(text: str) -> str:
    """Return CSS without comments, with one rule a line."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r"\s+", " ", text)
    text = re.sub(r" ?([{};,]) ?", r"\1", text).replace(": ", ":").replace(";}", "}")
    return text.replace("}", "}\n").strip()


def minify_markup(text: str) -> str:
    """Return HTML without indentation and blank lines."""
    return _without_blank_lines("\n".join(line.strip() for line in text.splitlines()))


def _without_blank_lines(text: str) -> str:
    return re.sub(r"\n{2,}", "\n", text).strip()
