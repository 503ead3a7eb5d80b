"""PyTorch's database of modules: the same construction, weights and inputs in both libraries."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from torch.testing._internal.common_modules import module_db

import nn
import tensorgrad
from tensorgrad.errors import TensorgradError
from tests.peers.opinfo.compare import Difference, close, same, same_gradients
from tests.peers.opinfo.running import FOREIGN, show
from tests.peers.opinfo.samples import Foreign, Translation
from tests.peers.opinfo.tally import Line, tally
from tests.peers.opinfo.vocabulary import MODULES_OUTSIDE, outside, refusal

__all__ = ["MODULES", "run_module"]

MODULES = sorted({info.module_cls.__name__ for info in module_db
                  if outside(info.module_cls.__name__, MODULES_OUTSIDE) is None})


def run_module(name: str) -> Line:
    """All inputs of a module, in training and in evaluation: outputs, buffers, gradients of inputs and parameters."""
    line = tally.line(f"nn.{name}")
    for info in module_db:
        if info.module_cls.__name__ == name:
            for training in (True, False):
                torch.manual_seed(0)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    inputs = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=True,
                                                     training=training)
                    for sample in inputs:
                        one(line, info, sample, training)
    return line


def one(line: Line, info: Any, sample: Any, training: bool) -> None:
    """Build and run a module in both libraries, and count what comes of it."""
    build, forward = sample.constructor_input, sample.forward_input
    label = f"{'train' if training else 'eval'} {show(build.args)} {show(build.kwargs)}"
    theirs = info.module_cls(*build.args, **build.kwargs).to(torch.float64).train(training)
    try:
        translate = Translation()
        args, kwargs = translate(build.args), translate(build.kwargs)
        inputs, options = translate(forward.args if forward else ()), translate(forward.kwargs if forward else {})
    except Foreign:
        line.refused[FOREIGN] += 1
        return
    try:
        ours = getattr(nn, info.module_cls.__name__)(*args, **kwargs)
        ours.train(training)
        theirs_args = forward.args if forward else ()
        theirs_kwargs = forward.kwargs if forward else {}
        ours.to(tensorgrad.float64)
        if info.is_lazy:
            copy.deepcopy(theirs)(*theirs_args, **theirs_kwargs)
            theirs(*theirs_args, **theirs_kwargs)
            ours(*inputs, **options)
        ours.load_state_dict({key: tensorgrad.tensor(value.numpy()) for key, value in theirs.state_dict().items()})
        parameters = dict(ours.named_parameters())
        pairs = [*translate.pairs, *[(p, parameters[key]) for key, p in theirs.named_parameters()]]
        random = training and any("ropout" in type(m).__name__ or type(m).__name__ == "RReLU" for m in theirs.modules())
        outputs = same(ours(*inputs, **options), theirs(*theirs_args, **theirs_kwargs), exact=not random)
        for key, value in theirs.named_buffers():
            close(key, dict(ours.named_buffers())[key], value)
        if not random:
            same_gradients(outputs, pairs, info.supports_gradgrad)
    except Exception as error:  # every failure of a sample is counted, whatever it is
        why = refusal(f"nn.{info.module_cls.__name__}", error) if isinstance(error, TensorgradError) else None
        if why:
            line.refused[why] += 1
        else:
            kind = "" if isinstance(error, Difference) else f"{type(error).__name__}: "
            line.failures.append(f"{label} on {show(inputs)}: {kind}{error}")
        return
    line.passed += 1
