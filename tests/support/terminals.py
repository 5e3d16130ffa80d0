"""Runs the command in this process, with a pipe of a given width and encoding as its output."""

import io
import sys

from cmlp.command.main import main


def output_of(monkeypatch, *arguments, columns=80, encoding="utf-8", status=0):
    """Return what the command writes, and check its exit status."""
    monkeypatch.setenv("COLUMNS", str(columns))
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    monkeypatch.setattr(sys, "stdout", stream)
    assert main([*arguments]) == status
    stream.flush()
    return stream.buffer.getvalue().decode(encoding)
