"""Exports that need an optional package name it when it is missing."""

import sys

import pytest


def test_missing_package_is_named(tmp_path, net, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(
        ImportError,
        match=r"to_onnx needs the package onnx: install it with `pip install 'cmlp\[onnx",
    ):
        net.to_onnx(tmp_path / "net.onnx")
