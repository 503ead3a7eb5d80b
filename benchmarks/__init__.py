"""Timings of tensorgrad against its peers.  ``python -m benchmarks --help``."""
