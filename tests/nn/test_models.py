"""The networks: shapes for every image size, parameter counts, errors, and that the small one learns the digits."""

import numpy as np
import pytest

import nn
import tensorgrad as tg
from nn import models
from tensorgrad.errors import ArgumentError


@pytest.mark.parametrize("size", [8, 28, 32, (9, 30)])
@pytest.mark.parametrize("name", models.available())
def test_every_network_adapts_to_the_image(name, size):
    net = models.create(name, num_classes=7, in_channels=2, image_size=size)
    height, width = size if isinstance(size, tuple) else (size, size)
    images = tg.randn(2, 2, height, width)
    assert net(images).shape == net.eval()(images).shape == (2, 7)
    net(images).sum().backward()
    assert all(p.grad is not None and p.grad.shape == p.shape for p in net.parameters())


@pytest.mark.parametrize("name, channels, size, number", [
    ("lenet5", 1, 28, 61_706), ("lenet5", 1, 32, 61_706), ("resnet20", 3, 32, 269_722),
    ("vgg", 3, 32, 1_144_512 + 2 * 2 * (64 + 128 + 256) + (4096 + 1) * 512 + 513 * 10),
    ("mlp", 1, 28, 785 * 128 + 129 * 64 + 65 * 10), ("cnn", 1, 8, 10 * 32 + 289 * 64 + 257 * 128 + 129 * 10)])
def test_numbers_of_parameters(name, channels, size, number):
    assert sum(p.numel() for p in models.create(name, 10, channels, size).parameters()) == number


def test_names():
    assert models.available() == ["cnn", "lenet5", "mlp", "resnet20", "vgg"]
    assert isinstance(models.create("LeNet-5"), models.LeNet5) and isinstance(models.create("ResNet_20"), models.ResNet20)
    assert len(models.create("mlp", hidden=())) == 2
    names = list(models.create("resnet20").state_dict())
    assert names[0] == "conv1.weight" and "layer2.0.bn1.num_batches_tracked" in names and names[-1] == "fc.bias"


@pytest.mark.parametrize("call, text", [
    (lambda: models.create("lenet"), "create: there is no model 'lenet'.\n  Use one of cnn, .* Did you mean 'lenet5'?"),
    (lambda: models.create("vgg", image_size=7), "VGG: an image of 7×7 is too small; .*\n  Use images of at least 8×8"),
    (lambda: models.create("lenet5", image_size=(32, 3)), "LeNet5: an image of 32×3 is too small"),
    (lambda: models.create("cnn", image_size="8"), "CNN: image_size='8' makes no sense here"),
    (lambda: models.create("mlp", num_classes=0), "MLP: num_classes=0 makes no sense here.\n  Use an integer ≥ 1"),
])
def test_errors(call, text):
    with pytest.raises(ArgumentError, match=text):
        call()


def test_the_shortcut_of_a_residual_block_takes_every_second_cell():
    block = nn.models.resnet.BasicBlock(1, 3, stride=2)
    image = tg.tensor(np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3))
    assert block.shortcut(image).tolist() == [[[[0, 0], [0, 0]], [[0, 2], [6, 8]], [[0, 0], [0, 0]]]]


def test_residual_blocks_pass_the_input_on():
    block = nn.models.resnet.BasicBlock(2, 2)
    nn.init.zeros_(block.bn2.weight)
    image = abs(tg.randn(2, 2, 4, 4))
    assert np.array_equal(block(image).numpy(), image.numpy())


def test_initial_scores_are_neither_dead_nor_huge():
    for name in models.available():
        scores = models.create(name, 10, 3, 32)(tg.randn(16, 3, 32, 32)).numpy()
        assert 0.01 < scores.std() < 10, name


def test_the_small_network_learns_the_digits():
    train, test = nn.data.load("digits")
    images, labels = (tg.tensor(np.asarray(part)) for part in train.batch(range(len(train))))
    net = models.create("cnn", image_size=8)
    optimizer = nn.optim.AdamW(net.parameters(), lr=5e-3)
    rng = np.random.default_rng(0)
    for epoch in range(7):
        optimizer.param_groups[0]["lr"] = 5e-3 * (1 - epoch / 7)
        for rows in np.array_split(rng.permutation(len(train)), 45):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(images[rows]), labels[rows]).backward()
            optimizer.step()
    images, labels = test.batch(range(len(test)))
    with tg.no_grad():
        scores = net.eval()(tg.tensor(np.asarray(images))).numpy()
    assert (scores.argmax(1) == np.asarray(labels)).mean() >= 0.98
