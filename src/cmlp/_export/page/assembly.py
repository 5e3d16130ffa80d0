"""Assembles self-contained documents from the files of assets/ and story/page/."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
import os
import re
import zlib
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import Any

from cmlp._data.disk import write_atomically

# Set before the first paint, so that a dark page never flashes white.
SYSTEM_THEME = (
    "document.documentElement.dataset.theme = "
    'matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";'
)
# and empty lines: a tenth of the script
_COMMENT = re.compile(r"^\t*(//.*|/\*\*(.|\n)*?\*/)?\n", re.MULTILINE)
UNGROUPED = 10_000  # below it, numbers have no separators, as in assets/numbers.js
LANGUAGES = ("en", "de", "es")  # of the film and of pages of tables
_BLOCKS = ("style", "script", "packed", "model", "examples", "doors")


class Document:
    """A page: one HTML file that makes no request.

    `parts` replace the names in the templates, among them "title", "theme" (a script), "style",
    "script" and "model", the model as JSON. `html` is the whole page, and `sizes` has the bytes of
    its parts: "markup", "style", "script", "weights" (with the model's description), "examples"
    and, if there is the film, "doors": the data of its side doors. A page with the film has its
    scripts compressed, with the style of the film; they count as "script".
    """

    def __init__(self, template: str, parts: Mapping[str, str]) -> None:
        frame = {"body": fill(asset(template), parts), "policy": _policy(parts)}
        self.html = fill(asset("document.html"), {**parts, **frame})
        sizes = {name: len(parts[name].encode()) for name in _BLOCKS if name in parts}
        self.sizes = {"markup": len(self.html.encode()) - sum(sizes.values()), **sizes}
        self.sizes["weights"] = self.sizes.pop("model")
        self.sizes["script"] += self.sizes.pop("packed", 0)

    def write(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file; an existing one is replaced atomically."""
        write_atomically(path, lambda write: write(memoryview(self.html.encode())))


def fill(template: str, parts: Mapping[str, str]) -> str:
    """Replace each ``{{name}}`` of a template once, without its tabs.

    What is put in is not searched again.
    """
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], template.replace("\t", ""))


def asset(name: str) -> str:
    """Return the text of a file in assets/, or of one that begins with "story/page/"."""
    package = resources.files("cmlp")
    folder = package if name.startswith("story/") else package / "_export/page/assets"
    return (folder / name).read_text(encoding="utf-8")


def style(names: Iterable[str]) -> str:
    """Return the style that consists of these files."""
    return "\n".join(asset(f"{name}.css") for name in names)


def script(names: Iterable[str]) -> str:
    """Return the script that consists of these files, without comments and empty lines."""
    return _COMMENT.sub("", "\n".join(asset(f"{name}.js") for name in names))


def words(folder: str) -> dict[str, dict[str, Any]]:
    """Return the texts of a folder for each language, by their keys."""
    return {name: json.loads(asset(f"{folder}/{name}.json")) for name in LANGUAGES}


def words_script(folder: str, prefix: str) -> str:
    """Return texts as script: the keys once, then the texts of each language in their order.

    The texts are not in ASCII.
    """
    found = words(folder)
    keys = list(found["en"])
    texts = {name: [one[key] for key in keys] for name, one in found.items()}
    pairs = {f"{prefix}_KEYS": keys, f"{prefix}_TEXTS": texts}
    return "\n".join(
        f"const {name} = {json.dumps(value, ensure_ascii=False, separators=(',', ':'))};"
        for name, value in pairs.items()
    )


def write_integer(value: int) -> str:
    """Return an integer as pages show it in English."""
    return f"{value:,}" if value >= UNGROUPED else f"{value}"


def dense_script(text: str) -> str:
    """Return a script without indentation, comments and line breaks that it does not need.

    The comments are those at ends of lines, the line breaks those beside punctuation.

    No text of a script contains `` // `` or a line break, and no loop has an empty body.
    """
    text = re.sub(r"^\t+| // .*$", "", text, flags=re.MULTILINE)
    return re.sub(r"(?<=[;,{(\[])\n|[;,]?\n(?=[}\])])", "", text)


def dense(text: str) -> str:
    """Return a style without comments, indentation and line breaks."""
    return re.sub(r"\s*([{};])\s*", r"\1", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL))


def compressed(text: str) -> str:
    """Return a text compressed and in base85, for story/page/loader.js."""
    return base64.b85encode(deflated(text.encode())).decode("ascii")


@functools.lru_cache(maxsize=4)  # the parts of a page, which the next page often has, too
def deflated(data: bytes) -> bytes:
    """Return bytes compressed."""
    return zlib.compress(data, 9)


def script_json(value: Any) -> str:
    """Return JSON in ASCII that cannot end the script element around it."""
    text = json.dumps(value, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _policy(parts: Mapping[str, str]) -> str:
    """Return the content security policy.

    It allows no requests at all, and only the scripts and the style of this page.
    """

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    texts = [parts["theme"], "\n" + parts["script"] + "\n"]
    if "packed" in parts:
        texts.append(zlib.decompress(base64.b85decode(parts["packed"])).decode())
    scripts = " ".join(map(digest, texts))
    return (
        f"default-src 'none'; script-src {scripts}; style-src "
        f"{digest(chr(10) + parts['style'] + chr(10))}; img-src data:; base-uri 'none'; "
        "form-action 'none'"
    )
