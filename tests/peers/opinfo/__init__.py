"""PyTorch's own database of operators, run through both libraries.

PyTorch tests itself with a database: for every operator sample inputs that cover its options, and inputs that must be
refused.  `vocabulary` says which of its operators are tensorgrad's and why the others are not, `samples` turns PyTorch's
samples into ours, `compare` runs one in both, and `tally` counts and writes the table.
"""
