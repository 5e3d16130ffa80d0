"""``python -m cmlp`` runs the command ``cmlp``, also if it is not on the PATH."""

import sys

from cmlp._cli.main import main

sys.exit(main(program="python -m cmlp"))
