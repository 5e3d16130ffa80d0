"""Exports of trained networks: C headers and formats of other libraries."""
