"""The node tests of ONNX: their graphs, inputs and results."""

from __future__ import annotations

import warnings
from typing import Any, Iterator

import numpy as np
import onnx
from onnx.backend.test.loader import load_node_model_tests

import tensorgrad
from tensorgrad.errors import TensorgradError
from tests.peers.onnx.operators import OPERATORS

__all__ = ["Difference", "Foreign", "TESTS", "dtypes_of", "operators_of", "run"]


class Difference(AssertionError):
    """What tensorgrad and ONNX disagree on."""


class Foreign(TensorgradError):
    """A value that no tensor of tensorgrad holds: a string, a sequence, an integer or a float of another width."""


# tensorgrad's dtypes, by ONNX's names.
DTYPES = {"FLOAT16": tensorgrad.float16, "FLOAT": tensorgrad.float32, "DOUBLE": tensorgrad.float64, "INT8": tensorgrad.int8,
          "INT16": tensorgrad.int16, "INT32": tensorgrad.int32, "INT64": tensorgrad.int64, "UINT8": tensorgrad.uint8,
          "BOOL": tensorgrad.bool_}


def load() -> dict[str, Any]:
    """All node tests by name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {test.name: test for test in load_node_model_tests() if test.model is not None}


def operators_of(test: Any) -> set[str]:
    """The operators that a test's graph consists of."""
    return {node.op_type for node in test.model.graph.node}


def dtypes_of(test: Any) -> set[str]:
    """ONNX's names of the dtypes that inputs and results have; "SEQUENCE" and the like for what is no tensor."""
    declared = [value.type for value in (*test.model.graph.input, *test.model.graph.output)]
    kinds = {kind.WhichOneof("value") for kind in declared} - {"tensor_type"}
    numbers = {kind.tensor_type.elem_type for kind in declared if kind.HasField("tensor_type")}
    return {onnx.TensorProto.DataType.Name(n) for n in numbers} | {kind.removesuffix("_type").upper() for kind in kinds}


TESTS = load()


def array(value: Any) -> np.ndarray:
    """One input, or one result of ONNX, as an array."""
    if isinstance(value, onnx.TensorProto):
        value = onnx.numpy_helper.to_array(value)
    if not isinstance(value, (np.ndarray, np.generic)) or value.dtype not in DTYPES.values():
        raise Foreign(f"{getattr(value, 'dtype', type(value).__name__)} values")
    return np.asarray(value)


def attributes(node: Any) -> Iterator[tuple[str, Any]]:
    """The attributes of a node by name: numbers, strings, lists of them, tensors as arrays."""
    for attribute in node.attribute:
        value = onnx.helper.get_attribute_value(attribute)
        if isinstance(value, bytes):
            value = value.decode()
        elif isinstance(value, onnx.TensorProto):
            value = onnx.numpy_helper.to_array(value)
        yield attribute.name, value


def compute(graph: Any, inputs: list[Any]) -> list[Any]:
    """The outputs of a graph, node after node."""
    values: dict[str, Any] = {"": None}
    values |= {declared.name: tensorgrad.tensor(array(value)) for declared, value in zip(graph.input, inputs)}
    for node in graph.node:
        options = dict(attributes(node))
        if node.op_type == "Split" and len(node.input) == 1:
            options["num_outputs"] = len(node.output)  # which nothing but this says in older versions
        results = OPERATORS[node.op_type](*[values[name] for name in node.input], **options)
        results = results if isinstance(results, (tuple, list)) else [results]
        values |= zip(node.output, results)
    return [values[declared.name] for declared in graph.output]


def run(test: Any) -> None:
    """Compute a test's graph for each of its sets of data; raises a Difference if a result is another than ONNX's."""
    for inputs, outputs in test.data_sets:
        for i, (ours, wanted) in enumerate(zip(compute(test.model.graph, inputs), outputs, strict=True)):
            close(f"result {i}", ours, wanted, test.rtol, test.atol)


def close(what: str, ours: Any, wanted: Any, rtol: float, atol: float) -> None:
    """Equal shape and dtype; floats equal up to what the test allows, everything else exactly."""
    mine, wanted = ours.numpy(), array(wanted)
    if (mine.shape, mine.dtype) != (wanted.shape, wanted.dtype):
        raise Difference(f"{what}: {mine.dtype}{list(mine.shape)}, ONNX has {wanted.dtype}{list(wanted.shape)}")
    if wanted.dtype.kind != "f":
        rtol = atol = 0
    if not np.allclose(mine, wanted, rtol=rtol, atol=atol, equal_nan=True):
        worst = int(np.argmin(np.isclose(mine, wanted, rtol=rtol, atol=atol, equal_nan=True)))
        raise Difference(f"{what}: {mine.ravel()[worst]!r} at {worst}, ONNX has {wanted.ravel()[worst]!r}")
