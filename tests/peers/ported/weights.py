"""Numbers that do not depend on a library's generator."""

import math

import numpy as np


def numbers(*shape, scale=1.0):
    """An array of that shape, between -`scale` and `scale`, without pattern."""
    count = math.prod(shape)
    return (np.modf(np.sin(1.0 + np.arange(count)) * 43758.5453)[0] * scale).reshape(shape)


def set_weights(torch, model):
    """Give every parameter numbers of its own, scaled by its fan-in."""
    with torch.no_grad():
        for i, parameter in enumerate(model.parameters()):
            fan_in = math.prod(parameter.shape[1:])
            values = numbers(*parameter.shape, scale=1 / math.sqrt(fan_in)) * (1 + 0.1 * (i % 5))
            parameter.copy_(torch.tensor(values + (1 if parameter.ndim == 1 and i % 2 == 0 else 0)))
