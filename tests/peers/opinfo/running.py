"""An operator's samples, one after the other, with the count of what came of them."""

from __future__ import annotations

import re
import warnings
from typing import Any, Callable, Iterator

import numpy as np
import torch
from torch.testing._internal.common_methods_invocations import op_db

from tensorgrad import manual_seed
from tensorgrad.errors import TensorgradError
from tests.peers.opinfo.compare import Difference, Undefined, same, same_gradients
from tests.peers.opinfo.samples import Foreign, Translation
from tests.peers.opinfo.tally import Line, tally
from tests.peers.opinfo.ties import without_ties
from tests.peers.opinfo.vocabulary import ACCEPTED, COARSE, RANDOM, UP_TO_SIGN, method, ours, outside, refusal, undefined

__all__ = ["NAMES", "operators", "run", "run_errors"]

NAMES = sorted({f"{op.name}.{op.variant_test_name}".rstrip(".") for op in op_db if outside(op.name) is None})
PLAIN = (torch.float32, torch.int64, torch.bool)  # besides float64: values and dtypes only
FOREIGN = "Complex numbers, sparse tensors, PyTorch's generators, and dtypes that NumPy does not have."


def operators(name: str) -> list[Any]:
    """The database's entries of that name."""
    return [op for op in op_db if f"{op.name}.{op.variant_test_name}".rstrip(".") == name]


def run(name: str) -> Line:
    """All samples of an operator: in float64 with gradients, in other dtypes without; as a function and as a method."""
    line = tally.line(name)
    for op in operators(name):
        function = ours(op.name, op.variant_test_name)
        called = {"": function}
        if op.method_variant is not None and op.name.isidentifier() and not op.name.startswith("__"):
            called["method: "] = method(op.name)
        for dtype in (torch.float64, *PLAIN):
            if dtype in op.dtypes:
                for sample in samples(op, dtype):
                    for how, call in called.items():
                        if not how or (dtype is torch.float64 and isinstance(sample.input, torch.Tensor)):
                            one(line, op, f"{how}{dtype}".replace("torch.", ""), call, sample, dtype is torch.float64)
    return line


def samples(op: Any, dtype: torch.dtype) -> Iterator[Any]:
    torch.manual_seed(0)
    np.random.seed(0)  # some samples draw from it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield from op.sample_inputs("cpu", dtype, requires_grad=dtype is torch.float64 and op.supports_autograd)


def one(line: Line, op: Any, label: str, function: Callable[..., Any], sample: Any, differentiate: bool) -> None:
    """Run one sample in both libraries and count what comes of it."""
    try:
        translate = Translation()
        args, kwargs = translate((sample.input, *sample.args)), translate(sample.kwargs)
    except Foreign:
        line.refused[FOREIGN] += 1
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = op.op(sample.input, *sample.args, **sample.kwargs)
        try:
            manual_seed(0)
            mine, theirs = [without_ties(op.name, sample, result) for result in (function(*args, **kwargs), theirs)]
            if op.name in UP_TO_SIGN:
                mine, theirs = sample.output_process_fn_grad(mine), sample.output_process_fn_grad(theirs)
            drawn = RANDOM.fullmatch(op.name) or sample.kwargs.get("dropout_p")
            outputs = same(mine, theirs, exact=not drawn)
            if differentiate and not drawn:
                same_gradients(outputs, translate.pairs, op.supports_gradgrad, COARSE.get(op.name, (0, ""))[0])
        except Undefined as error:
            if why := undefined(op.name, theirs):
                line.refused[why] += 1
            else:
                line.failures.append(f"{label} {show(args)} {show(kwargs)}: {error}")
            return
        except Exception as error:  # every failure of a sample is counted, whatever it is
            why = refusal(op.name, error) if isinstance(error, TensorgradError) else None
            if why:
                line.refused[why] += 1
            else:
                kind = "" if isinstance(error, Difference) else f"{type(error).__name__}: "
                line.failures.append(f"{label} {show(args)} {show(kwargs)}: {kind}{error}")
            return
    line.passed += 1


def show(value: Any) -> str:
    """Arguments with tensors as their shapes."""
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype}{list(value.shape)}"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}={show(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(show, value)) + ")"
    return repr(value)


def run_errors(name: str) -> Line:
    """All inputs that PyTorch refuses must be refused with an error of ours, or of Python's for a wrong signature."""
    line = tally.line(f"{name}, refused by PyTorch")
    for op in operators(name):
        if op.error_inputs_func is None:
            continue
        function = ours(op.name, op.variant_test_name)
        torch.manual_seed(0)
        for wrong in op.error_inputs("cpu"):
            sample = wrong.sample_input
            try:
                translate = Translation()
                args, kwargs = translate((sample.input, *sample.args)), translate(sample.kwargs)
            except Foreign:
                line.refused[FOREIGN] += 1
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    function(*args, **kwargs)
                except (TensorgradError, TypeError):
                    line.passed += 1
                except Exception as error:
                    line.failures.append(f"{show(args)} {show(kwargs)}: {type(error).__name__}: {error}; "
                                         f"PyTorch: {wrong.error_regex}")
                else:
                    if refused := accepted(op.name, wrong.error_regex):
                        line.refused[refused] += 1
                    else:
                        line.failures.append(f"{show(args)} {show(kwargs)}: accepted; PyTorch: {wrong.error_regex}")
    return line


def accepted(name: str, regex: str) -> str | None:
    """Why tensorgrad takes what PyTorch refuses; None if it should not."""
    return next((a.why for a in ACCEPTED if re.fullmatch(a.ops, name) and re.search(a.says, regex)), None)
