"""Writing into tensors that exist.

`arithmetic` has the rule, ``+=`` and assignment to an index; `filling` given and random values; `axes` new shapes of the
same memory.  `methods` lists what replaces a tensor's contents by the result of an op, `functions` the same as functions.
How a write becomes part of a graph is in `ops.writing`.
"""
