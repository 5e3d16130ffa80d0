"""What was measured where: the machine, tables, and JSON beside them."""

import json
import os
import platform
import time
from pathlib import Path

RESULTS = Path(__file__).parent / "results"


def processor():
    """The processor's name, as well as the system tells it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def machine():
    """Describe this machine and what cmlp uses of it."""
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
        "available": ", ".join(info["available"]),
    }


def results_path(command, short):
    """Where a command's results are; those of the short form stand apart, for they say nothing of speed."""
    return RESULTS / ("short" if short else "") / f"{command}.json"


class Report:
    """Prints as it goes; what is added is written as JSON at the end."""

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
        """Keep facts that are no table: versions, a peak."""
        self.content.update(values)
        for name, value in values.items():
            print(f"{name}: {value}")

    def versions(self, results):
        """Keep which versions took part, and why others were left out."""
        for result in results.values():
            said = getattr(result, "version", result)
            if said not in self.content.setdefault("versions", []):
                self.content["versions"].append(said)

    def table(self, title, columns, rows):
        """Print a table: rows of cells, None for what there is not."""
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
