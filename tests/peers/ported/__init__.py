"""Programs as their authors write them for PyTorch.

`test_ported.py` runs each twice: as it stands, and with the import lines changed to tensorgrad's and nothing else, and
compares what `main` returns.
"""
