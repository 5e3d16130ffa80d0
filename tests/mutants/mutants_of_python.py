"""Mutants of Python: one token or statement changed in the syntax tree, never inside a docstring or a message."""

from __future__ import annotations

import ast
import copy
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from mutants import Mutant

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SWAPS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
         ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add,
         ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div, ast.And: ast.Or, ast.Or: ast.And}  # fmt: skip


def changes(tree: ast.Module) -> Iterator[tuple[ast.AST, str, ast.Module]]:
    """Yield each node that can be changed, the change, and the changed tree."""
    messages = {
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node)
    }
    for k, node in enumerate(ast.walk(tree)):
        if node in messages or (
            isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        ):
            continue
        change = _change_of(node)
        if change is not None:
            other = copy.deepcopy(tree)
            text, new = _changed(list(ast.walk(other))[k])
            _replace(other, list(ast.walk(other))[k], new)
            yield node, text, ast.fix_missing_locations(other)


def _change_of(node: ast.AST) -> str | None:
    """Return the kind of change of a node; None if it stays as it is."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        return "compare"
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)) and type(node.op) in SWAPS:
        return "operator"
    if isinstance(node, ast.Constant) and type(node.value) in (bool, int, float):
        return "constant"
    if isinstance(node, (ast.If, ast.Assign)) or (
        isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)
    ):
        return "statement"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return "call"
    returns = (
        isinstance(node, ast.Return)
        and node.value is not None
        and ast.unparse(node.value) != "None"
    )
    return "return" if returns else None


def _changed(node: ast.AST) -> tuple[str, ast.AST]:
    """Return the change as text, and the node that takes the place of a node of the copied tree."""
    kind, new = _change_of(node), node
    if kind == "compare":
        old, node.ops[0] = type(node.ops[0]).__name__, SWAPS[type(node.ops[0])]()
        return f"{old} -> {type(node.ops[0]).__name__}", new
    if kind == "operator":
        old, node.op = type(node.op).__name__, SWAPS[type(node.op)]()
        return f"{old} -> {type(node.op).__name__}", new
    if kind == "constant":
        old, node.value = (
            node.value,
            (not node.value) if type(node.value) is bool else node.value + 1,
        )
        return f"{old} -> {node.value}", new
    if kind == "return":
        node.value = ast.Constant(None)
        return "return -> None", new
    if isinstance(node, ast.If):
        node.test = ast.Constant(False)
        return "if -> never", new
    if isinstance(node, ast.UnaryOp):
        return "without not", node.operand
    return "without the statement", ast.copy_location(ast.Pass(), node)


def _replace(tree: ast.Module, node: ast.AST, new: ast.AST) -> None:
    if new is node:
        return
    for parent in ast.walk(tree):
        for name, value in ast.iter_fields(parent):
            if value is node:
                setattr(parent, name, new)
            elif isinstance(value, list) and any(one is node for one in value):
                value[[one is node for one in value].index(True)] = new


class Workshop:
    """The copy of the tree, with the built extension."""

    def __init__(self, tree: Path, rows: dict[str, dict]) -> None:
        self.tree, self.rows = tree, rows

    def mutants(self, file: str) -> list[Mutant]:
        """Return all mutants of a file."""
        text = (self.tree / "src/cmlp" / file).read_text()
        lines = text.splitlines()
        return [
            Mutant(file, node.lineno, lines[node.lineno - 1].strip(), change, ast.unparse(tree))
            for node, change, tree in changes(ast.parse(text))
        ]

    def chosen(self, mutants: list[Mutant], n: int) -> list[Mutant]:
        """Return the sample."""
        return mutants[:n]

    def killer_of(self, mutant: Mutant) -> str | None:
        """Return the first test that fails with a mutant."""
        path = self.tree / "src/cmlp" / mutant.file
        original = path.read_text()
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.tree / "src"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        options = ["-x", "-q", "-n", "0", "--sample", "1", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", *options]
        try:
            path.write_text(mutant.text)
            done = subprocess.run([*command, *self.rows[mutant.file]["tests"]], cwd=self.tree, env=environment,
                                  capture_output=True, text=True, timeout=600, check=False)  # fmt: skip
            found = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
            return (found[1] if found else "an error") if done.returncode else None
        except subprocess.TimeoutExpired:
            return "the limit of time"
        finally:
            path.write_text(original)
