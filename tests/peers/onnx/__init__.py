"""ONNX's own tests of its operators, run through tensorgrad.

`nodes` reads the tests, computes their graphs node by node, and compares; `operators` says by what function of tensorgrad an
operator of ONNX is computed; `missing` says what tensorgrad does not have, and why.
"""
