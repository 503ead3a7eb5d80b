"""Backward against central differences, entry by entry or in one random projection, and the report of where they differ."""

from __future__ import annotations

from typing import Any, Callable, Sequence

import numpy as np

from tensorgrad import dtypes
from tensorgrad.autograd import kinks, properties
from tensorgrad.autograd.backward import grad
from tensorgrad.autograd.diagnosis import Comparison, diagnose
from tensorgrad.autograd.kinks import perturbable
from tensorgrad.errors import GradcheckError, describe
from tensorgrad.tensor import Tensor

__all__ = ["Check", "differentiable", "where"]

LARGEST = 4_000_000  # entries of a Jacobian that is still worked out to explain a failed projection


class Check:
    """One function at one point, and what is allowed."""

    def __init__(self, who: str, func: Callable[..., Any], inputs: tuple[Any, ...], names: list[str],
                 eps: float, atol: float, rtol: float, nondet_tol: float, kinks: str = "refuse"):
        self.who, self.func, self.inputs, self.names = who, func, inputs, names
        self.eps, self.atol, self.rtol, self.nondet_tol = eps, atol, rtol, nondet_tol
        self.kinks = kinks
        self.given = [x.array.copy() for x in inputs if isinstance(x, Tensor)]  # nobody may write into them
        self.positions = [i for i, x in enumerate(inputs) if isinstance(x, Tensor) and x.requires_grad]
        self.variables: list[Tensor] = [inputs[i] for i in self.positions]

    def run(self, fast_mode: bool) -> None:
        outputs = self.outputs()
        if not outputs:
            raise GradcheckError(f"{self.who}: no output requires grad, though an input does.\n"
                                 "  The function leaves the graph: look for .numpy(), .detach(), no_grad(), integer dtypes.")
        for i, out in enumerate(outputs):
            if out.dtype != dtypes.float64:
                raise GradcheckError(f"{self.who}: output {i} is {out.dtype.name}, though the inputs are float64.\n"
                                     "  Something on the way converts it: look for float32 constants and .to().")
        properties.repeatable(self, outputs)
        if fast_mode:
            self.compare_projections(outputs)
        else:
            self.compare_jacobians(outputs)
        properties.linear(self, outputs)
        properties.precise(self, outputs)

    def outputs(self) -> list[Tensor]:
        return self.differentiable(*self.inputs)

    def differentiable(self, *inputs: Any) -> list[Tensor]:
        """The function's outputs through which gradients flow."""
        return differentiable(self.func(*inputs))

    def values(self) -> list[np.ndarray]:
        return [out.array for out in self.outputs()]

    def gradients(self, outputs: list[Tensor], weights: Sequence[np.ndarray | None]) -> list[np.ndarray]:
        """Backward's gradient of Σ weights · outputs per variable; zeros for None."""
        picked = [(out, w) for out, w in zip(outputs, weights) if w is not None]
        found = grad([out for out, _ in picked], self.variables, [w for _, w in picked], retain_graph=True,
                     allow_unused=True)
        return [np.zeros(v.shape) if g is None else g.numpy() for g, v in zip(found, self.variables)]

    # -- the two comparisons -------------------------------------------------------------------------------------------

    def compare_jacobians(self, outputs: list[Tensor]) -> None:
        """Every entry of every input against every entry of every output."""
        by_backward = self.analytical(outputs)
        by_differences = [self.numerical(outputs, variable) for variable in self.variables]
        kinked = [kinks.find(self, k, outputs, sides) for k, sides in enumerate(by_differences)]
        wrong = [[~self.close(mine, sides.central) for mine, sides in zip(*of_one)]
                 for of_one in zip(by_backward, by_differences)]
        if self.kinks == "refuse":
            self.refuse_kinks(kinked, wrong)
        else:
            for k, o in np.ndindex(len(self.variables), len(outputs)):
                wrong[k][o][kinked[k][o]] = ~kinks.accepted(self, by_backward[k][o], by_differences[k][o])[kinked[k][o]]
            for o, j, k in kinks.together(self, outputs, by_backward, kinked):
                wrong[k][o][:, j] |= kinked[k][o][:, j]
        failures = [(k, o, Comparison(by_backward[k][o], by_differences[k][o].central, variable.shape, outputs[o].shape,
                                      wrong[k][o], lambda a, b: bool(self.close(a, b).all())))
                    for k, variable in enumerate(self.variables) for o in range(len(outputs)) if wrong[k][o].any()]
        if failures:
            raise GradcheckError(self.report(outputs, failures))

    def refuse_kinks(self, kinked: list[list[np.ndarray]], wrong: list[list[np.ndarray]]) -> None:
        """Raise at a kink where backward happens to agree with the mean of both sides; other wrong entries go first."""
        if any(w.any() for ws in wrong for w in ws):
            return
        for k, masks in enumerate(kinked):
            entries = np.flatnonzero(np.any([mask.any(axis=1) for mask in masks], axis=0))
            if len(entries):
                raise GradcheckError(f"{self.who}: the gradient of {self.where(k)} cannot be checked\n"
                                     f"    {self.name(k)}  {describe(self.variables[k])}\n"
                                     f"  {self.kink_text(k, int(entries[0]))}")

    def compare_projections(self, outputs: list[Tensor]) -> None:
        """One random direction per input, one random weighting of the outputs."""
        rng = np.random.default_rng(0)
        weights = [rng.normal(size=out.shape) for out in outputs]
        for k, gradient in enumerate(self.gradients(outputs, weights)):
            variable = self.variables[k]
            direction = rng.normal(size=variable.shape)
            steps = np.array([1, -1, 0, 1 / 8, -1 / 8]) * self.eps
            after, before, middle, *nearer = self.along(variable, direction, weights, steps)
            numerical = (after - before) / (2 * self.eps)
            jump, nearer_jump = after + before - 2 * middle, 8 * (sum(nearer) - 2 * middle)
            analytical = float(np.sum(gradient * direction))
            # A random sum is about as large as the root of the sum of squares, whatever cancels in this one.
            scale = max(abs(numerical), float(np.linalg.norm(gradient * direction)))
            kink = abs(jump) > self.eps * (10 * self.atol + 1e-2 * scale) and abs(nearer_jump) > abs(jump) / 2
            right = np.isfinite(scale) and abs(analytical - numerical) <= self.atol + self.rtol * scale
            if kink or not right:
                if sum(v.numel() for v in self.variables) * sum(out.numel() for out in outputs) <= LARGEST:
                    self.compare_jacobians(outputs)
                if kink and self.kinks != "refuse":
                    continue
                properties.linear(self, outputs)
                raise GradcheckError(f"{self.who}: the gradient of {self.where(k)} is wrong\n"
                                     f"    {self.name(k)}  {describe(variable)}\n"
                                     f"  Along a random direction backward gives {analytical:.10g}, differences give "
                                     f"{numerical:.10g}.")

    def close(self, analytical: np.ndarray, numerical: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            same = np.abs(analytical - numerical) <= self.atol + self.rtol * np.abs(numerical)
        return np.asarray(same | (np.isnan(analytical) & np.isnan(numerical)))

    def analytical(self, outputs: list[Tensor]) -> list[list[np.ndarray]]:
        """Backward's Jacobian per variable and output, one backward pass per entry of an output."""
        found = [[np.zeros((v.numel(), out.numel())) for out in outputs] for v in self.variables]
        for o, out in enumerate(outputs):
            weights: list[np.ndarray | None] = [None] * len(outputs)
            for j in range(out.numel()):
                one = np.zeros(out.numel())
                one[j] = 1
                weights[o] = one.reshape(out.shape)
                for k, gradient in enumerate(self.gradients(outputs, weights)):
                    found[k][o][:, j] = gradient.reshape(-1)
        return found

    def numerical(self, outputs: list[Tensor], variable: Tensor) -> list[kinks.Sides]:
        """The Jacobian by differences per output, two evaluations per entry of the variable."""
        found = [kinks.Sides(*[np.zeros((variable.numel(), out.numel())) for _ in range(3)]) for out in outputs]
        for i in range(variable.numel()):
            plus, minus = self.at(variable, i, self.eps), self.at(variable, i, -self.eps)
            for (central, left, right), out, p, m in zip(found, outputs, plus, minus):
                central[i] = (p - m).reshape(-1) / (2 * self.eps)
                left[i] = (out.array - m).reshape(-1) / self.eps
                right[i] = (p - out.array).reshape(-1) / self.eps
        return found

    def along(self, variable: Tensor, direction: np.ndarray, weights: list[np.ndarray], steps: np.ndarray) -> list[float]:
        """Σ weights · outputs with the variable moved by so many steps in a direction."""
        with perturbable(variable) as array:
            start = array.copy()
            found = []
            for step in steps:
                array[...] = start + step * direction
                found.append(sum(float(np.sum(w * y)) for w, y in zip(weights, self.values())))
        return found

    def moved(self, k: int, step: float) -> list[np.ndarray]:
        """The outputs with every entry of a variable moved by `step`."""
        with perturbable(self.variables[k]) as array:
            array += step
            return self.values()

    def at(self, variable: Tensor, i: int, step: float) -> list[np.ndarray]:
        """The outputs with entry `i` of the variable moved by `step`."""
        with perturbable(variable) as array:
            array.reshape(-1)[i] += step
            return self.values()

    # -- the report ----------------------------------------------------------------------------------------------------

    def name(self, k: int) -> str:
        return self.names[self.positions[k]]

    def where(self, k: int) -> str:
        return where(self.positions[k], self.name(k), self.variables[k])

    def report(self, outputs: list[Tensor], failures: list[tuple[int, int, Comparison]]) -> str:
        """What is wrong with the first input that is, and which others are."""
        k, o, c = failures[0]
        distance = np.where(c.wrong, np.nan_to_num(np.abs(c.analytical - c.numerical), nan=np.inf), -1.0)
        i, j = (int(n) for n in np.unravel_index(int(np.argmax(distance)), distance.shape))
        at_input = index_text(i, c.shape)
        output = "output" if len(outputs) == 1 else f"output {o}"
        lines = [
            f"{self.who}: the gradient of {self.where(k)} is wrong in {int(c.wrong.any(axis=1).sum())} of "
            f"{c.wrong.shape[0]} entries",
            f"    {self.name(k)}  {describe(self.variables[k])}",
            f"    {output}  {describe(outputs[o])}",
            f"  d {output}{index_text(j, c.output_shape)} / d {self.name(k)}{at_input}: backward gives "
            f"{c.analytical[i, j]:.10g}, differences give {c.numerical[i, j]:.10g}"]
        explained = self.kink(k, o, c) or diagnose(c) or self.exchanged(k, failures)
        if explained:
            lines.append(f"  {explained}")
        others = sorted({self.where(other) for other, _, _ in failures if other != k})
        if others:
            lines.append(f"  Also wrong: {', '.join(others)}.")
        return "\n".join(lines)

    def kink(self, k: int, o: int, c: Comparison) -> str | None:
        """Whether one-sided differences disagree wherever backward looks wrong: the function is not smooth there."""
        middle = self.values()[o].reshape(-1)
        entries = np.flatnonzero(c.wrong.any(axis=1))
        for i in entries[:20]:
            right = (self.at(self.variables[k], int(i), self.eps)[o].reshape(-1) - middle) / self.eps
            left = (middle - self.at(self.variables[k], int(i), -self.eps)[o].reshape(-1)) / self.eps
            smooth = np.abs(right - left) <= 10 * self.atol + 1e-2 * np.maximum(np.abs(left), np.abs(right))
            if smooth[c.wrong[i]].any():
                return None
        return self.kink_text(k, int(entries[0]))

    def kink_text(self, k: int, i: int) -> str:
        """Where a kink is, and what to do about it."""
        value = self.variables[k].array.reshape(-1)[i]
        at_input = index_text(i, self.variables[k].shape)
        text = (f"There is a kink within {self.eps:g} of {self.name(k)}{at_input} = {value:.6g}: differences from the left "
                "and from the right disagree there.  ")
        if self.kinks == "refuse":
            return text + "Move the input away from it."
        return text + ("Backward gives neither of the two, or they do not add up." if self.kinks == "one-sided" else
                       "Backward gives nothing between the two, or the tied entries do not add up.")

    def exchanged(self, k: int, failures: list[tuple[int, int, Comparison]]) -> str | None:
        """Whether the gradients of two inputs stand in each other's place."""
        _, o, mine = failures[0]
        for other, output, theirs in failures:
            if other != k and output == o and theirs.shape == mine.shape:
                if mine.close(mine.analytical, theirs.numerical) and mine.close(theirs.analytical, mine.numerical):
                    return f"The gradients of {self.where(k)} and {self.where(other)} are exchanged."
        return None


def differentiable(result: Any) -> list[Tensor]:
    """The outputs through which gradients flow."""
    outputs = result if isinstance(result, (tuple, list)) else (result,)
    return [out for out in outputs if isinstance(out, Tensor) and out.requires_grad]


def where(position: int, name: str, variable: Tensor) -> str:
    """``input 1 (weight, parameter 'conv1.weight')``"""
    known = [] if name == f"input {position}" else [name]
    if variable.name:
        known.append(f"{variable.kind} {variable.name!r}")
    return f"input {position}" + (f" ({', '.join(known)})" if known else "")


def index_text(flat: int, shape: tuple[int, ...]) -> str:
    """``[1, 2]`` for an entry; nothing for a tensor without axes."""
    return str([int(i) for i in np.unravel_index(flat, shape)]) if shape else ""
