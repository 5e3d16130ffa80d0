"""Reports: tables, each below the machine and its load, and the same content as JSON, see README.md."""

import json
import os
import platform
import statistics
import subprocess
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def processor():
    """Return the name of the processor as the system reports it, with family and model: some are "AMD EPYC" alone."""
    found = {}
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            name, _, value = line.partition(":")
            found.setdefault(name.strip(), value.strip())
    except OSError:
        pass
    if "model name" not in found:
        return platform.processor() or platform.machine()
    if "cpu family" not in found:
        return found["model name"]
    return f"{found['model name']} (family {found['cpu family']}, model {found['model']})"


def load():
    """Return how many processes have run or waited for a CPU in the last minute; None if unknown."""
    if not hasattr(os, "getloadavg"):
        return None
    return os.getloadavg()[0]


def machine():
    """Describe this machine and the instruction set and threads that cmlp uses."""
    import numpy

    import cmlp

    info = cmlp.cpu_info()
    return {
        "processor": processor(),
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "cmlp": cmlp.__version__,
        "instruction set": info["used"],
        "tuning": info["tuning"],
        "available": ", ".join(info["available"]),
    }


def commit():
    """Return the commit of this tree, with -dirty if files differ from it; without a repository nothing."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*", "--abbrev=8"]
    found = subprocess.run(command, cwd=RESULTS, stdout=subprocess.PIPE, text=True, check=False)
    return found.stdout.strip()


class Ratio(float):
    """The ratio of two times; significant if the rounds spread no wider than it differs from 1."""

    is_significant = True

    @classmethod
    def of_rounds(cls, times, base, of=statistics.median):
        """Return the ratio of the medians of times that were measured in the same rounds.

        A table that shows the least times passes `min` as `of`. One round is never significant.
        """
        rounds = [one / other for one, other in zip(times, base, strict=True)]
        ratio = cls(of(times) / of(base))
        ratio.is_significant = len(rounds) > 1 and abs(ratio - 1) >= max(rounds) - min(rounds)
        return ratio


NOT_SIGNIFICANT = (
    "A ratio in parentheses is not significant: those of the rounds spread wider, "
    "or there was one round."
)


def results_path(command, short):
    """Return the file of a command's results. Short runs have their own folder, because their times mean nothing."""
    return RESULTS / ("short" if short else "") / f"{command}.json"


class Report:
    """Prints tables as they are added; at the end, replaces those of the JSON that have the same titles."""

    def __init__(self, command, short):
        self.path = results_path(command, short)
        self.content = {
            "command": command,
            "short": short,
            "time": time.strftime("%Y-%m-%d %H:%M:%S"),
            "machine": machine(),
            "tables": [],
        }
        print(f"\n== {command}{' (short)' if short else ''}")
        print("; ".join(f"{name}: {value}" for name, value in self.content["machine"].items()))

    def note(self, **values):
        """Add facts outside the tables, for example the number of rows."""
        self.content.update(values)
        for name, value in values.items():
            print(f"{name}: {value}")

    def versions(self, results):
        """Add the versions of the peers, and why others were skipped."""
        for result in results.values():
            said = getattr(result, "version", result)
            if said not in self.content.setdefault("versions", []):
                self.content["versions"].append(said)

    def table(self, title, columns, rows):
        """Add and print a table. A cell that was not measured is None, and one compared by rounds is a `Ratio`."""
        busy = load()
        doubtful = [
            [row[0], column]
            for row in rows
            for column, cell in zip(columns, row, strict=True)
            if isinstance(cell, Ratio) and not cell.is_significant
        ]
        self.content["tables"].append(
            {
                "title": title,
                "commit": commit(),
                "processor": self.content["machine"]["processor"],
                "date": self.content["time"][:10],
                "load": busy,
                "columns": columns,
                "rows": rows,
                "not significant": doubtful,
            }
        )
        cells = [columns, *([shown(cell) for cell in row] for row in rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
        print(f"\n{self.conditions(busy)}\n{title}")
        for i, row in enumerate(cells):
            first, *others = zip(row, widths, strict=True)
            print("  ".join([f"{first[0]:<{first[1]}}", *(f"{c:>{w}}" for c, w in others)]))
            if i == 0:
                print("  ".join("-" * width for width in widths))
        if doubtful:
            print(NOT_SIGNIFICANT)

    def conditions(self, busy):
        """Return under which conditions a table was measured, with the load at its end."""
        names = ("processor", "instruction set", "tuning", "processors")
        kind, isa, tuning, number = (self.content["machine"][name] for name in names)
        shown_load = "unknown" if busy is None else f"{busy:.1f} on {number} CPUs"
        return f"{kind}; {isa}, tuning {tuning}; load {shown_load}"

    def write(self):
        print("", *self.content.get("versions", []), sep="\n")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        measured = {table["title"] for table in self.content["tables"]}
        if self.path.exists():
            kept = json.loads(self.path.read_text(encoding="utf-8"))["tables"]
            self.content["tables"] += [one for one in kept if one["title"] not in measured]
        text = json.dumps(self.content, indent=1, ensure_ascii=False) + "\n"
        self.path.write_text(text, encoding="utf-8")
        print(f"written to {self.path.relative_to(RESULTS.parent.parent)}")


def shown(cell):
    if cell is None:
        return "-"
    if not isinstance(cell, float):
        return str(cell)
    text = f"{cell:.0f}" if cell >= 1000 else f"{cell:.3g}"
    if isinstance(cell, Ratio) and not cell.is_significant:
        return f"({text})"
    return text
