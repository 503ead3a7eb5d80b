"""Products of matrices, convolutions and transposed convolutions."""

from __future__ import annotations

from typing import Any, Sequence

import nn.functional as F
import tensorgrad as tg
from tensorgrad import Tensor
from tests.peers.onnx.operators.arguments import same_pads, torch_pads

__all__ = ["OPERATORS"]

CONV = [F.conv1d, F.conv2d, F.conv3d]
CONV_TRANSPOSE = [F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d]


def gemm(a: Tensor, b: Tensor, c: Tensor | None = None, alpha: float = 1.0, beta: float = 1.0, transA: int = 0,
         transB: int = 0) -> Tensor:
    a, b = a.mT if transA else a, b.mT if transB else b
    return tg.addmm(c, a, b, beta=beta, alpha=alpha) if c is not None else tg.mm(a, b) * alpha


def conv(x: Tensor, weight: Tensor, bias: Tensor | None = None, auto_pad: str = "NOTSET", dilations: Sequence[int] = (),
         group: int = 1, kernel_shape: Sequence[int] = (), pads: Sequence[int] = (), strides: Sequence[int] = ()) -> Tensor:
    axes = x.ndim - 2
    strides, dilations, pads = strides or [1] * axes, dilations or [1] * axes, pads or [0] * 2 * axes
    if auto_pad.startswith("SAME"):
        pads = same_pads(auto_pad, x.shape[2:], weight.shape[2:], strides, dilations)
    if pads[:axes] == pads[axes:]:
        return CONV[axes - 1](x, weight, bias, tuple(strides), tuple(pads[:axes]), tuple(dilations), group)
    return CONV[axes - 1](F.pad(x, torch_pads(pads)), weight, bias, tuple(strides), 0, tuple(dilations), group)


def conv_transpose(x: Tensor, weight: Tensor, bias: Tensor | None = None, auto_pad: str = "NOTSET",
                   dilations: Sequence[int] = (), group: int = 1, kernel_shape: Sequence[int] = (),
                   output_padding: Sequence[int] = (), output_shape: Sequence[int] = (), pads: Sequence[int] = (),
                   strides: Sequence[int] = ()) -> Tensor:
    axes = x.ndim - 2
    strides, dilations, pads = strides or [1] * axes, dilations or [1] * axes, pads or [0] * 2 * axes
    output_padding = output_padding or [0] * axes
    if auto_pad.startswith("SAME") and not output_shape:
        output_shape = [n * stride for n, stride in zip(x.shape[2:], strides)]
    if output_shape:
        total = [stride * (n - 1) + more + (k - 1) * d + 1 - wanted for stride, n, more, k, d, wanted
                 in zip(strides, x.shape[2:], output_padding, weight.shape[2:], dilations, output_shape)]
        small, large = [n // 2 for n in total], [n - n // 2 for n in total]
        pads = large + small if auto_pad in ("SAME_LOWER", "NOTSET") and auto_pad != "SAME_UPPER" else small + large
    function: Any = CONV_TRANSPOSE[axes - 1]
    whole = function(x, weight, bias, tuple(strides), 0, tuple(output_padding), group, tuple(dilations))
    return F.pad(whole, [-size for size in torch_pads(pads)])


OPERATORS = {
    "MatMul": tg.matmul, "Gemm": gemm, "Einsum": lambda *xs, equation: tg.einsum(equation, *xs), "Det": tg.linalg.det,
    "Conv": conv, "ConvTranspose": conv_transpose,
}
