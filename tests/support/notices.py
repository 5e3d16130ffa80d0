"""What `cmlp predict` says on the standard error stream."""

import re

_FOUND = re.compile(r"^cmlp: .*(?: as|: no) separator, .* names, [\d,]+ rows?\n", re.MULTILINE)


def without_found(err):
    """Return the other lines than that about what was found in a file of text."""
    return _FOUND.sub("", err)
