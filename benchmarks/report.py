"""Reports: the machine, tables, and the same content as JSON."""

import json
import os
import platform
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def processor():
    """Return the name of the processor as the system reports it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


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


def results_path(command, short):
    """Return the file of a command's results. Short runs have their own folder, because their times mean nothing."""
    return RESULTS / ("short" if short else "") / f"{command}.json"


class Report:
    """Prints tables as they are added and writes all of them as JSON at the end."""

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
        """Add and print a table. A cell that was not measured is None."""
        self.content["tables"].append({"title": title, "columns": columns, "rows": rows})
        cells = [columns, *([shown(cell) for cell in row] for row in rows)]
        widths = [max(len(row[i]) for row in cells) for i in range(len(columns))]
        print(f"\n{title}")
        for i, row in enumerate(cells):
            first, *others = zip(row, widths, strict=True)
            print("  ".join([f"{first[0]:<{first[1]}}", *(f"{c:>{w}}" for c, w in others)]))
            if i == 0:
                print("  ".join("-" * width for width in widths))

    def write(self):
        print("", *self.content.get("versions", []), sep="\n")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.content, indent=1) + "\n", encoding="utf-8")
        print(f"written to {self.path.relative_to(RESULTS.parent.parent)}")


def shown(cell):
    if cell is None:
        return "-"
    if isinstance(cell, float):
        return f"{cell:.0f}" if cell >= 1000 else f"{cell:.3g}"
    return str(cell)
