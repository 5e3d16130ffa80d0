"""Put the output of one run into docs/story.md, without its middle epochs.

Usage: ``python tools/update_story.py`` where the package is installed.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

STORY = Path(__file__).parents[1] / "docs/story.md"
SHOWN_EPOCHS = 3


def main() -> int:
    """Run the command and write the page; return the exit status."""
    output = subprocess.run(
        [sys.executable, "-m", "cmlp"],
        stdout=subprocess.PIPE,
        env={**os.environ, "COLUMNS": "80", "PYTHONUTF8": "1"},
        check=True,
    ).stdout.decode()
    lines = [line.rstrip() for line in output.replace("python -m cmlp", "cmlp").splitlines()]
    epochs = [number for number, line in enumerate(lines) if line.startswith("epoch")]
    lines[epochs[SHOWN_EPOCHS] : epochs[-1]] = ["..."]
    block = "```text\n" + "\n".join(lines) + "\n```"
    text = STORY.read_text(encoding="utf-8")
    text = re.sub(r"^```text\n.*?^```$", lambda _: block, text, flags=re.MULTILINE | re.DOTALL)
    STORY.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
