"""PyTorch's switches between implementations of one rule: accepted where they change no number, refused where they would."""

from __future__ import annotations

from tensorgrad.errors import ArgumentError

__all__ = ["one_implementation"]


def one_implementation(who: str, foreach: bool | None = None, fused: bool | None = None, capturable: bool = False,
                       differentiable: bool = False) -> None:
    """Accept `foreach` and `fused`, which in PyTorch choose between loops with the same result; here there is one.

    Raises
        ArgumentError   `capturable`, for graphs of a GPU; `differentiable`, for gradients through a step; both of
                        `foreach` and `fused`
    """
    if capturable:
        raise ArgumentError(f"{who}: capturable=True is for CUDA graphs.\n  tensorgrad computes on the CPU; leave it out.")
    if differentiable:
        raise ArgumentError(f"{who}: differentiable=True is not offered: a step writes into the parameters and is not "
                            "recorded.\n  Compute p - lr * tensorgrad.autograd.grad(loss, p, create_graph=True)[0] instead.")
    if foreach and fused:
        raise ArgumentError(f"{who}: foreach=True and fused=True exclude each other.\n"
                            "  Leave both out: they change no number.")
