"""``python -m cmlp``: the command, where it is not on the path."""

import sys

from cmlp.command.main import main

sys.exit(main(program="python -m cmlp"))
