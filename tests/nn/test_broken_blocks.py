"""Blocks written by hand and put together wrongly: each message says which part does not fit, and the number that would."""

from __future__ import annotations

import re

import numpy as np
import pytest

import nn
import tensorgrad
from nn import functional as F
from tensorgrad.errors import TensorgradError


def x(*shape):
    return tensorgrad.tensor(np.random.default_rng(0).normal(size=shape).astype(np.float32))


def labels(*values):
    return tensorgrad.tensor(values)


def seq(*layers):
    return nn.Sequential(*layers)


class Block(nn.Module):
    """A forward written as a function of the submodules and the input."""

    def __init__(self, forward, **layers):
        super().__init__()
        self.rule = forward
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, input):
        return self.rule(self, input)


def unet():
    return seq(Block(lambda m, x: m.decode(tensorgrad.cat([a := m.down(x), m.up(F.max_pool2d(a, 2))], 1)),
                     down=nn.Conv2d(1, 8, 3, padding=1), up=nn.ConvTranspose2d(8, 8, 2, 2), decode=nn.Conv2d(8, 8, 3)))


def shortcut(stride):
    return seq(Block(lambda m, x: m.conv(x) + m.down(x),
                     conv=nn.Conv2d(16, 32, 3, stride, 1), down=nn.Sequential(nn.Conv2d(16, 32, 1))))


def cut(*sizes, features=64):
    return Block(lambda m, x: m.head(m.conv(x).view(*sizes)),
                 conv=nn.Conv2d(1, 4, 3, padding=1), head=nn.Linear(features, 10))


def reconstruction(images):
    return nn.MSELoss()(seq(nn.Conv2d(1, 8, 3, 2, 1), nn.ConvTranspose2d(8, 1, 3, 2, 1))(images), images)


def glu(m, x):
    a, b = x.chunk(2, 1)
    return a * b.sigmoid()


# name: (program, patterns that the message must have)
BROKEN = {
    # channels
    "a U-Net that forgets the skip": (lambda: unet()(x(1, 1, 8, 8)), [
        r"^0\.decode \(Conv2d\)", "in_channels=16", r"weight  \(8, 8, 3, 3\)",
        r"Sizes: \(1, 1, 8, 8\) → 0\.down/conv2d \(1, 8, 8, 8\) → 0/cat \(1, 16, 8, 8\)"]),
    "square images with the wrong channels": (lambda: seq(nn.Conv2d(8, 4, 3))(x(2, 16, 8, 8)), ["in_channels=16"]),
    "a weight with in and out swapped": (lambda: F.conv2d(x(2, 3, 8, 8), x(3, 8, 3, 3)), [
        r"weight\.transpose\(0, 1\)", r"weight  \(3, 8, 3, 3\)"]),
    "words as channels": (lambda: seq(nn.Embedding(100, 16), nn.Conv1d(16, 8, 3))(tensorgrad.randint(0, 100, (4, 20))),
                          [r"^1 \(Conv1d\)", r"x\.permute\(0, 2, 1\)"]),
    # reshapes
    "a fixed batch": (lambda: cut(32, -1, features=256)(x(20, 1, 16, 16)),
                      [r"^head \(Linear\)", "changed the batch from 20 to 32", r"x\.flatten\(1\)", "1024 = 4·16·16"]),
    "a fixed batch and size": (lambda: cut(32, 256)(x(20, 1, 8, 8)), ["20 examples have 256 = 4·8·8", r"x\.flatten\(1\)"]),
    "a size for other images": (lambda: cut(-1, 400)(x(4, 1, 8, 8)), ["4 examples have 256 = 4·8·8", r"x\.flatten\(1\)"]),
    "a size that divides": (lambda: F.cross_entropy(cut(-1, 64)(x(4, 1, 8, 8)), labels(0, 1, 2, 3)),
                            ["16 examples and 4 targets", "changed the batch from 4 to 16", r"x\.flatten\(1\)"]),
    # sums and products
    "a shortcut without the stride": (lambda: shortcut(2)(x(2, 16, 8, 8)), [
        r"^0 \(Block\)", r"from 0\.conv/conv2d", r"from 0\.down\.0/conv2d", "Axis 2 has 4 entries in input and 8 in other",
        r"Conv2d\(32, 32, kernel_size=1, stride=2\) for other", r"If 0\.down\.0/conv2d is the shortcut, set stride=2"]),
    "a residual sum without padding": (
        lambda: seq(Block(lambda m, x: m.conv(x) + x, conv=nn.Conv2d(4, 4, 3)))(x(1, 4, 8, 8)),
        [r"^0 \(Block\)", r"0\.conv/conv2d makes the images smaller by 2: give it 1 more padding"]),
    "a gate without axes": (
        lambda: seq(nn.Conv2d(3, 8, 3), Block(lambda m, x: x * m.fc(x.mean((2, 3))), fc=nn.Linear(8, 8)))(x(2, 3, 8, 8)),
        [r"^1 \(Block\)", r"other\[:, :, None, None\]", r"from 1\.fc/linear"]),
    "a bias of channels": (lambda: x(2, 3, 8, 8) + x(3), [r"other\[:, None, None\]"]),
    "halves of an odd number": (lambda: seq(nn.Conv2d(3, 7, 3), Block(glu))(x(2, 3, 8, 8)),
                                [r"^1 \(Block\)", "axis 1 has 7 entries", "6 or 8"]),
    "positions the other way round": (
        lambda: Block(lambda m, x: x + m.pos, pos=nn.Parameter(tensorgrad.zeros(1, 3, 20, 30)))(x(2, 3, 30, 20)),
        ["Height and width are swapped", r"other\.transpose\(-2, -1\)", "parameter 'pos'"]),
    "an autoencoder one row short": (
        lambda: reconstruction(x(2, 1, 28, 28)),
        ["1/conv_transpose2d can make 1 more: set output_padding=1"]),
    # normalisation
    "layer norm over channels": (lambda: seq(nn.Conv2d(3, 8, 3), nn.LayerNorm(8))(x(2, 3, 8, 8)),
                                 [r"^1 \(LayerNorm\)", "channels are axis 1", r"GroupNorm\(1, 8\)"]),
    "layer norm of images after flatten": (lambda: seq(nn.Flatten(), nn.LayerNorm((4, 8, 16)))(x(2, 4, 18, 6)),
                                           [r"^1 \(LayerNorm\)", r"Leave out the axis of the batch: .*\(432,\)"]),
    "batch norm of one image": (lambda: seq(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))(x(3, 8, 8)),
                                [r"^1 \(BatchNorm2d\)", r"x\.unsqueeze\(0\)"]),
    # targets
    "the border of a segmentation": (lambda: F.cross_entropy(x(1, 3, 2, 2), labels([[0, 1], [255, 2]])),
                                     ["target 255", "ignore_index=255"]),
    "words as targets": (lambda: F.cross_entropy(x(2, 3), ["cat", "dog"]), [r"classes\.index\(name\)"]),
    # what comes in and out
    "a forward without return": (lambda: seq(Block(lambda m, x: None), nn.ReLU())(x(1, 2)),
                                 [r"in 1 \(ReLU\)", "input is None", "without `return`", r"from 0 \(Block\)"]),
    "a forward without return, in the loss": (lambda: F.cross_entropy(Block(lambda m, x: None)(x(1, 2)), labels(0)),
                                              ["cross_entropy: input is a NoneType", "without `return`"]),
    "two results": (lambda: seq(Block(lambda m, x: (x, x)), nn.Linear(2, 2))(x(1, 2)),
                    [r"^1 \(Linear\)", "input is a tuple", r"input\[0\]", r"from 0 \(Block\)"]),
    "images and labels at once": (lambda: seq(nn.Conv2d(3, 4, 3))([x(2, 3, 8, 8), labels(0, 1)]),
                                  [r"^0 \(Conv2d\)", "input is a list", "images, labels = batch"]),
    "a list of numbers": (lambda: seq(nn.Linear(2, 2))([[1.0, 2.0]]),
                          ["input is a list", r"tensorgrad\.tensor\(input\)"]),
    "an attribute misspelt": (lambda: seq(Block(lambda m, x: m.conv2(x), conv1=nn.Linear(2, 2)))(x(1, 2)),
                              [r"in 0 \(Block\)", "Did you mean 'conv1'"]),
    "an argument left out": (lambda: nn.Conv2d(3, 8), [r"^Conv2d\.__init__\(\) missing .*'kernel_size'"]),
    "a graphics card": (lambda: nn.Linear(2, 2).cuda(), ["there is no device 'cuda'", "on the CPU"]),
    "sizes that do not multiply": (lambda: seq(nn.Linear(16, 100), nn.Unflatten(1, (8, 4, 4)))(x(2, 16)),
                                   [r"^1 \(Unflatten\)", "8·4·4 = 128", "out_features=128"]),
    "a join along the batch": (lambda: tensorgrad.cat([x(2, 8, 8, 8), x(2, 16, 8, 8)]), ["join along it: dim=1"]),
    "a kernel larger than what is left": (lambda: seq(nn.Conv2d(3, 8, 7), nn.Conv2d(8, 8, 7))(x(2, 3, 10, 10)), [
        r"^1 \(Conv2d\)", r"kernel_size ≤ 4×4", r"Sizes: \(2, 3, 10, 10\) → 0/conv2d \(2, 8, 4, 4\)"]),
    # states and graphs
    "a checkpoint around the weights": (
        lambda: nn.Linear(2, 2).load_state_dict({"model": nn.Linear(2, 2).state_dict(), "epoch": 3}),
        [r"load_state_dict\(state\['model'\]\)"]),
    "the optimizer's state": (
        lambda: nn.Linear(2, 2).load_state_dict(nn.optim.Adam(nn.Linear(2, 2).parameters()).state_dict()),
        [r"state of an optimizer: optimizer\.load_state_dict"]),
    "a weight the other way round": (
        lambda: nn.Linear(3, 2).load_state_dict({"weight": np.ones((3, 2)), "bias": np.ones(2)}),
        ["'weight' would fit transposed", r"state\['weight'\]\.T"]),
    "a loss cut off": (lambda: nn.Linear(2, 2)(x(1, 2)).sum().detach().backward(),
                       ["constant", r"detach\(\), \.item\(\)", r"no_grad\(\)", "why_grad"]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_message_names_the_part_and_the_fix(name):
    program, patterns = BROKEN[name]
    with pytest.raises((TensorgradError, TypeError, AttributeError)) as caught:
        program()
    text = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", ())])
    for pattern in patterns:
        assert re.search(pattern, text, re.M), f"{pattern!r} is not in:\n{text}"


def test_advice_is_kept_to_what_it_fits():
    """Images with channels last are still seen as such, and tensors that share nothing get the rule alone."""
    with pytest.raises(TensorgradError, match=r"permute\(0, 3, 1, 2\)"):
        seq(nn.Conv2d(3, 4, 3))(x(2, 32, 32, 3))
    with pytest.raises(TensorgradError) as caught:
        assert x(2, 3) + x(4, 5)
    assert "1×1" not in str(caught.value) and "transpose" not in str(caught.value)
