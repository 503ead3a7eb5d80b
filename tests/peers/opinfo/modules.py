"""PyTorch's database of modules: the same construction, weights and inputs in both libraries."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import torch
from torch.testing._internal.common_modules import FunctionInput, ModuleErrorEnum, module_db

import nn
import tensorgrad
from tensorgrad.errors import TensorgradError
from tests.peers.opinfo.compare import Difference, close, same, same_gradients
from tests.peers.opinfo.running import FOREIGN, accepted, show
from tests.peers.opinfo.samples import Foreign, Translation
from tests.peers.opinfo.tally import Line, tally
from tests.peers.opinfo.vocabulary import MODULES_OUTSIDE, outside, refusal

__all__ = ["MODULES", "run_module", "run_module_errors"]

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


def run_module_errors(name: str) -> Line:
    """What PyTorch refuses to build or to run must be refused, too, with an error of ours or a TypeError."""
    line = tally.line(f"nn.{name}, refused by PyTorch")
    for info in module_db:
        if info.module_cls.__name__ == name and info.module_error_inputs_func:
            for training in (True, False):
                torch.manual_seed(0)
                for wrong in info.module_error_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=False,
                                                           training=training):
                    one_error(line, info, wrong, training)
    return line


def one_error(line: Line, info: Any, wrong: Any, training: bool) -> None:
    """Do one wrong thing, and count whether it was refused."""
    build = wrong.module_error_input.constructor_input
    forward = wrong.module_error_input.forward_input or FunctionInput()
    label = f"{'train' if training else 'eval'} {show(build.args)} {show(build.kwargs)}"
    try:
        translate = Translation()
        args, kwargs = translate(build.args), translate(build.kwargs)
        inputs, options = translate(forward.args), translate(forward.kwargs)
    except Foreign:
        line.refused[FOREIGN] += 1
        return
    try:  # some of it is wrong in training only
        info.module_cls(*build.args, **build.kwargs).train(training).to(torch.float64)(*forward.args, **forward.kwargs)
        return
    except Exception:
        pass
    in_call = wrong.error_on == ModuleErrorEnum.FORWARD_ERROR
    try:
        ours = getattr(nn, info.module_cls.__name__)(*args, **kwargs)
        if in_call:
            ours.train(training).to(tensorgrad.float64)(*inputs, **options)
    except (TensorgradError, TypeError):  # in the call, or already when it was built
        line.passed += 1
    except Exception as error:
        line.failures.append(f"{label}: {type(error).__name__}: {error}; PyTorch: {wrong.error_regex}")
    else:
        if why := accepted(f"nn.{info.module_cls.__name__}", wrong.error_regex):
            line.refused[why] += 1
        else:
            line.failures.append(f"{label} on {show(inputs)}: accepted; PyTorch: {wrong.error_regex}")
