"""Files of text in every dialect from a grammar: `cmlp predict` prints one line for each row, that of its cells."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np

import cmlp
from cmlp.__main__ import main

if TYPE_CHECKING:
    import random
    from pathlib import Path

WIDTHS = (1, 2, 3)
MISSING = ["", "NA", "#N/A", "null", "None", "<NA>"]
PLAIN = [
    "a",
    "b b",
    " c",
    "d ",
    "# 5",
    "#",
    "-",
    "?",
    "x",
    "1_0",
    "007",
    "e",
    "None of them",
    "\u00e9",
    "5'",
    "sep=,",
]
HARD = [
    *(
        "1,5",
        "a;b",
        "x|y",
        "p\tq",
        'say "x"',
        '"',
        "two\nlines",
        "two\r\nlines",
        "\n",
        ",",
        ";;",
        '""',
        "  ",
        '5" pipe',
    ),
]
Case = tuple[bytes, Any]


class Target:
    """Models of one to three columns of text, and files for them: the options of the command are in the first line."""

    changed = 0.2

    def __init__(self, name: str, folder: Path) -> None:
        self.folder, self.rows, self.out = folder, folder / "rows.csv", folder / "out"
        self.models = {}
        rng = np.random.RandomState(0)
        for width in WIDTHS:
            X = rng.choice(np.array([*PLAIN, *HARD, None], object), (400, width))
            model = cmlp.TabularRegressor(
                n_estimators=1, n_epochs=2, hidden_layer_sizes=8, random_state=0
            )
            self.models[width] = model.fit(X, rng.uniform(size=400))
            model.save(folder / f"{width}.cmlp")

    def make(self, rng: random.Random) -> Case:
        """Return a file behind a line with its width and options, and the cells of its rows."""
        width, n = rng.choice(WIDTHS), rng.choice([1, 2, 5, 40])
        hard = rng.random() < 0.5
        cells = [*PLAIN, *MISSING, *(HARD if hard else ())]
        rows = [[rng.choice(cells) for _ in range(width)] for _ in range(n)]
        separator, end = rng.choice(",;\t|"), rng.choice(["\n", "\n", "\r\n", "\r"])
        encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "latin-1", "utf-16", "utf-16-le"])
        has_names, options = rng.random() < 0.5, []
        written = [[f"name {i}" for i in range(width)], *rows] if has_names else rows
        comment = rng.choice(["", "", "%"])
        lines, quoted = [], []
        for row in written:
            if comment and rng.random() < 0.3:
                lines.append(f"{comment} {rng.choice(cells)}".replace("\n", " ").replace("\r", " "))
            if width > 1 and rng.random() < 0.1:
                lines.append(rng.choice(["", " "]))
            all_quoted = rng.random() < 0.2 or _needs_marks(row, comment)
            lines.append(_line(row, separator, all_quoted))
            quoted.append([all_quoted or _line([cell], separator, False) != cell for cell in row])
        text = end.join(lines) + (rng.choice(["", end]) if lines[-1] else end)
        if width > 1 and rng.random() < 0.1 and end != "\r":
            text = f"sep={separator}{end}{text}"
        else:
            options += ["--separator", {"\t": "tab"}.get(separator, separator)]
        options += [
            "--header",
            "yes" if has_names else "no",
            *(["--comment", comment] if comment else []),
        ]
        if not encoding.startswith("utf-8"):
            options += ["--encoding", encoding]
        content = text.encode(encoding)
        content = gzip.compress(content, mtime=0) if rng.random() < 0.1 else content
        quoted = quoted[has_names:]
        is_mixed = any(
            cell.strip() and not has_marks
            for row, marks in zip(rows, quoted, strict=True)
            for cell, has_marks in zip(row, marks, strict=True)
        )
        table = [
            [
                None if cell in MISSING and not (cell and has_marks and is_mixed) else cell
                for cell, has_marks in zip(row, marks, strict=True)
            ]
            for row, marks in zip(rows, quoted, strict=True)
        ]
        return json.dumps([width, options]).encode() + b"\n" + content, table

    def judge(self, content: bytes, expected: Any) -> str:
        head, _, rows = content.partition(b"\n")
        try:
            width, options = json.loads(head)
            model = self.models[width]
        except (ValueError, TypeError, KeyError):
            return "no head"
        self.rows.write_bytes(rows)
        self.out.unlink(missing_ok=True)
        said = io.StringIO()
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(io.StringIO()):
            try:
                arguments = [
                    str(self.folder / f"{width}.cmlp"),
                    str(self.rows),
                    "-o",
                    str(self.out),
                ]
                status = main(["predict", *arguments, *options])
            except SystemExit:
                return "other options"
        text = said.getvalue()
        if status:
            assert expected is None, text
            assert (
                not self.out.exists() and text.startswith("cmlp: error: ") and text.count("\n") == 1
            ), text
            return text.removeprefix(f"cmlp: error: {self.rows}")
        lines = self.out.read_text().splitlines()
        if expected is None:
            return "accepted"
        assert len(lines) == len(expected), (len(lines), expected)
        predicted = model.predict(np.array(expected, object)).tolist()
        assert list(map(float, lines)) == predicted, expected
        return "the same outputs"


def _needs_marks(row: list[str], comment: str) -> bool:
    """Return whether a row would be blank or a comment without quotation marks."""
    is_comment = bool(comment) and row[0].lstrip().startswith(comment)
    return is_comment or (len(row) == 1 and not row[0].strip())


def _line(row: list[str], separator: str, all_quoted: bool) -> str:
    """Return a row as the csv module writes it."""
    out = io.StringIO()
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    csv.writer(out, delimiter=separator, lineterminator="\r\n", quoting=quoting).writerow(row)
    return out.getvalue().removesuffix("\r\n")
