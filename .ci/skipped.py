"""Print the tests that runs of pytest have skipped because something is not installed.

Usage: ``python skipped.py FILE...``, with the files of ``--junitxml`` in the format xunit1. A test is printed without
its parameters. What no package would change is left out: instruction sets, and programs of stages of their own.
"""

import re
import sys
import xml.etree.ElementTree as ET

MISSING = re.compile(r"could not import|needs (?!CMLP_TARGETS)|not installed|source tree")


def skipped(file):
    """Yield the tests of a file that were skipped."""
    for case in ET.parse(file).iter("testcase"):
        reason = case.find("skipped")
        if reason is None or not MISSING.search(f"{reason.get('message')} {reason.text}"):
            continue
        path, place = case.get("file"), case.get("classname")
        if not place:  # the whole module
            yield path
            continue
        classes = place.removeprefix(path.removesuffix(".py").replace("/", ".")).split(".")[1:]
        yield "::".join([path, *classes, case.get("name").split("[")[0]])


if __name__ == "__main__":
    print(*sorted({test for file in sys.argv[1:] for test in skipped(file)}), sep="\n")
