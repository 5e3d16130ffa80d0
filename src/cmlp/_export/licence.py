"""The licence of what cmlp adds to the files that it generates from a model, which itself is the user's."""

# owner.toml: begin
GENERATED = "0BSD"
# owner.toml: end
DIGITS = "CC-BY-SA-3.0"  # of the bundled digits


def spdx_line(identifier: str = GENERATED) -> str:
    """Return the line by which programs find the licence of a file."""
    return f"SPDX-License-Identifier: {identifier}"
