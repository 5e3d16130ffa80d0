"""Predicts in Chromium with the package for npm: ``python tests/support/npm_in_browser.py PACKAGE CASES``.

PACKAGE is a folder of tools/make_npm.py, CASES one of ``language_programs.py --write``. An ES module in an empty page
imports the package from a server, and answers must have Python's bits.
"""

import functools
import http.server
import itertools
import shutil
import sys
import threading
from pathlib import Path
from typing import ClassVar

from browser import chromium

PAGE = """async ([name, rows]) => {
    const { Predictor } = await import("/cmlp.mjs");
    const file = fetch(name).then((response) => response.arrayBuffer());
    const predictor = await Predictor.load(file);
    const options = predictor.isTable ? { coverage: 0.8 } : {};
    const found = rows.map((row) => predictor.predict(row, options));
    const many = predictor.predictMany(rows, options);
    if (JSON.stringify(many) !== JSON.stringify(found)) throw new Error("other answers for many rows");
    let refused = null;
    try { predictor.predict(["1"]); } catch (error) { refused = error.message; }
    predictor.close();
    return { found, refused };
}"""


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder; modules need their type, which the system may not know."""

    extensions_map: ClassVar = {".mjs": "text/javascript", ".wasm": "application/wasm"}

    def log_message(self, *_):
        """Print nothing."""


def check(package, cases):
    """Compare what a page predicts with all cases; return their number."""
    for path in Path(package).iterdir():
        shutil.copy(path, cases)
    Path(cases, "index.html").write_text("<!DOCTYPE html><title>cmlp</title>", encoding="utf-8")
    lines = [line.split("\t") for line in Path(cases, "cases.tsv").read_text("utf-8").splitlines()]
    handler = functools.partial(Handler, directory=cases)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server, chromium() as opened:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = opened.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/index.html")
        for name in sorted({line[0] for line in lines}):
            own = [line for line in lines if line[0] == name]
            answers = page.evaluate(PAGE, [f"/{name}", [cells for *_, cells in map(split, own)]])
            assert "cells, got 1" in answers["refused"], answers
            for line, found in zip(own, answers["found"], strict=True):
                _, label, outputs, ends, members, _, outside, _ = split(line)
                assert (found["label"] or "") == label, (line, found)
                assert found["outputs"] == outputs, (line, found)
                assert [*itertools.chain(*(found["intervals"] or ()))] == ends, (line, found)
                sets = ("".join(map(str, outcomes)) for outcomes in found["sets"] or ())
                assert " ".join(found["set"] or sets) == members, (line, found)
                assert [str(float(n)) for n in found["outside"] or ()] == outside, (line, found)
        server.shutdown()
    return len(lines)


def split(line):
    """Return the fields of a case, with numbers; texts of doubles are those of Python."""
    name, label, outputs, ends, members, by_class, outside, *cells = line
    return (
        name,
        label,
        *([float(n) for n in numbers.split()] for numbers in (outputs, ends)),
        members,
        by_class,
        outside.lower().split(),  # "NaN"
        cells,
    )


if __name__ == "__main__":
    print(f"{check(*sys.argv[1:])} predictions of a page in Chromium with Python's bits")
