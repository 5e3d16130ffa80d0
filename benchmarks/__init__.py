"""Measurements next to other libraries: ``python -m benchmarks train`` and so on, see __main__."""
