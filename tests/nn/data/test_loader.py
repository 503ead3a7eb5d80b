"""DataLoader: order, seeds, threads, errors, resumption."""

from __future__ import annotations

import gc
import threading
import time

import numpy as np
import pytest

import tensorgrad
from nn.data import ArrayDataset, DataLoader, Dataset, Subset
from nn.data.transforms import Compose, RandomCrop, RandomHorizontalFlip
from tensorgrad.errors import ArgumentError, DtypeError, StateError
from tensorgrad.tensor import Tensor


def data(n=23):
    return ArrayDataset(np.arange(n * 16, dtype=np.float32).reshape(n, 1, 4, 4), np.arange(n))


def epoch(loader):
    """Labels and inputs of one epoch."""
    batches = list(loader)
    return [y.tolist() for _, y in batches], [x.numpy().copy() for x, _ in batches]


def workers():
    return [thread for thread in threading.enumerate() if thread.name.startswith("DataLoader")]


@pytest.fixture(autouse=True)
def no_threads_left():
    yield
    if workers():
        gc.collect()
    assert not workers()


def test_batches_are_tensors_in_order():
    labels, inputs = epoch(DataLoader(data(7), batch_size=3))
    assert labels == [[0, 1, 2], [3, 4, 5], [6]]
    x, y = next(iter(DataLoader(data(), batch_size=4)))
    assert isinstance(x, Tensor) and isinstance(y, Tensor) and not x.requires_grad
    assert x.shape == (4, 1, 4, 4) and x.dtype == np.float32 and y.dtype == np.int64


@pytest.mark.parametrize("n, size, drop, wanted", [(23, 5, False, 5), (23, 5, True, 4), (20, 5, True, 4), (3, 5, False, 1),
                                                   (3, 5, True, 0), (0, 5, False, 0), (1, 1, False, 1)])
def test_length(n, size, drop, wanted):
    for count in (0, 2):
        loader = DataLoader(data(n), size, drop_last=drop, shuffle=True, num_workers=count)
        assert len(loader) == len(list(loader)) == wanted


def test_shuffling_visits_every_sample_in_another_order_each_epoch():
    loader = DataLoader(data(), 5, shuffle=True, seed=1)
    first, second = (sum(epoch(loader)[0], []) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(23))
    assert first != second != list(range(23))


AUGMENT = Compose([RandomCrop(4, padding=2), RandomHorizontalFlip(), lambda x, rng: x + rng.random(x.shape, np.float32)])


@pytest.mark.parametrize("seeded", ["seed", "generator", "process"])
def test_results_do_not_depend_on_the_number_of_workers(seeded):
    runs = []
    for count in (0, 1, 2, 5):
        tensorgrad.manual_seed(3)
        options = {"seed": {"seed": 7}, "generator": {"generator": np.random.default_rng(7)}, "process": {}}[seeded]
        loader = DataLoader(data(), 4, shuffle=True, transform=AUGMENT, num_workers=count, prefetch_factor=3, **options)
        runs.append([epoch(loader) for _ in range(2)])
    for run in runs[1:]:
        for (labels, inputs), (wanted_labels, wanted_inputs) in zip(run, runs[0]):
            assert labels == wanted_labels
            for x, wanted in zip(inputs, wanted_inputs):
                np.testing.assert_array_equal(x, wanted)
    assert runs[0][0][0] != runs[0][1][0]


def test_augmentation_differs_between_batches_epochs_and_seeds():
    zeros = ArrayDataset(np.zeros((6, 1, 4, 4), np.float32))
    seen = []
    for seed in (0, 1):
        loader = DataLoader(zeros, 2, transform=lambda x, rng: x + rng.random(), seed=seed)
        seen += [x.array.flat[0] for _ in range(2) for (x,) in loader]
    assert len(set(seen)) == 12


def test_manual_seed_rules_the_order():
    loader = DataLoader(data(), 5, shuffle=True)
    orders = []
    for seed in (0, 0, 1):
        tensorgrad.manual_seed(seed)
        orders.append([epoch(loader)[0] for _ in range(2)])
    assert orders[0] == orders[1] != orders[2]


def test_a_loader_without_randomness_draws_nothing():
    before = tensorgrad.random.get_rng_state()
    list(DataLoader(data(), 5, num_workers=2))
    list(DataLoader(data(), 5, shuffle=True, seed=0, transform=AUGMENT))
    assert tensorgrad.random.get_rng_state() == before


def test_epochs_can_be_set():
    loader = DataLoader(data(), 5, shuffle=True, seed=0)
    epochs = [epoch(loader)[0] for _ in range(3)]
    assert loader.epoch == 3
    loader.set_epoch(1)
    assert epoch(loader)[0] == epochs[1]
    for bad in (-1, 1.5, True):
        with pytest.raises(ArgumentError, match="epoch="):
            loader.set_epoch(bad)


def test_two_iterations_at_once_do_not_disturb_each_other():
    loader = DataLoader(data(), 5, shuffle=True, seed=0, num_workers=2)
    wanted = [epoch(loader)[0] for _ in range(2)]
    loader.set_epoch(0)
    one, two = iter(loader), iter(loader)
    got = [[], []]
    for (_, a), (_, b) in zip(one, two):
        got[0].append(a.tolist())
        got[1].append(b.tolist())
    assert got == wanted


@pytest.mark.parametrize("seeded", [{"seed": 5}, {"generator": 5}, {}])
def test_a_resumed_run_gives_the_same_batches(seeded):
    def build(seed):
        options = {name: np.random.default_rng(seed) if name == "generator" else seed for name in seeded}
        return DataLoader(data(), 4, shuffle=True, transform=AUGMENT, num_workers=1, **options)

    loader = build(5)
    epoch(loader)
    state, process = loader.state_dict(), tensorgrad.random.get_rng_state()
    wanted = [epoch(loader) for _ in range(2)]
    resumed = build(6)
    resumed.load_state_dict(state)
    tensorgrad.random.set_rng_state(process)
    for labels, inputs in wanted:
        got = epoch(resumed)
        assert got[0] == labels
        for x, y in zip(got[1], inputs):
            np.testing.assert_array_equal(x, y)


def test_states_that_do_not_fit():
    loader = DataLoader(data(), generator=np.random.default_rng(0))
    with pytest.raises(StateError, match=r"expected \['epoch', 'generator', 'seed'\]"):
        loader.load_state_dict(DataLoader(data()).state_dict())
    with pytest.raises(StateError, match="another kind of generator"):
        loader.load_state_dict({"epoch": 3, "seed": None, "generator": {"bit_generator": "MT19937"}})
    assert loader.epoch == 0


def test_samplers():
    loader = DataLoader(data(), 2, sampler=[5, 3, 3, 1, 0])
    assert epoch(loader)[0] == [[5, 3], [3, 1], [0]] and len(loader) == 3
    assert epoch(DataLoader(data(), 2, sampler=[5, 3, 1], drop_last=True, num_workers=1))[0] == [[5, 3]]
    assert epoch(DataLoader(Subset(data(), [7, 8, 9]), 2))[0] == [[7, 8], [9]]


def test_samples_of_any_structure():
    class Words(Dataset):
        def __len__(self):
            return 3

        def __getitem__(self, index):
            return {"x": np.full(2, index), "word": "abc"[index]}

    batch = next(iter(DataLoader(Words(), 3)))
    assert isinstance(batch["x"], Tensor) and batch["word"] == ["a", "b", "c"]
    assert [b.tolist() for b in DataLoader([1.0, 2.0, 3.0], 2)] == [[1.0, 2.0], [3.0]]
    assert list(DataLoader(data(4), 2, collate_fn=len, num_workers=1)) == [2, 2]


class Faulty(Dataset):
    """Sample 13 cannot be read."""

    def __len__(self):
        return 20

    def __getitem__(self, index):
        if index == 13:
            raise OSError("the camera is off")
        return np.zeros(2), index


@pytest.mark.parametrize("count", [0, 1, 3])
def test_an_error_names_its_batch(count):
    seen = []
    with pytest.raises(OSError, match="the camera is off") as caught:
        for _, y in DataLoader(Faulty(), 5, num_workers=count):
            seen.append(y.tolist())
    assert seen == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]
    assert caught.value.__notes__ == ["DataLoader: in batch 2 of epoch 0, samples 10, 11, 12, 13, 14"]
    caught = None


def test_an_error_in_a_transform_names_its_batch():
    def fail(x, rng):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no") as caught:
        list(DataLoader(data(), 20, transform=fail, num_workers=1))
    assert "in batch 0 of epoch 0, samples 0, 1, 2, 3, 4, 5, 6, 7, ..." in caught.value.__notes__[0]
    caught = None


class Slow(Dataset):
    """Counts who reads it."""

    def __init__(self):
        self.read, self.lock = [], threading.Lock()

    def __len__(self):
        return 100

    def __getitem__(self, index):
        time.sleep(0.002)
        with self.lock:
            self.read.append(index)
        return index


def test_leaving_early_ends_the_threads():
    slow = Slow()
    for i, _ in enumerate(DataLoader(slow, 2, num_workers=3, prefetch_factor=2)):
        if i == 3:
            break
    assert not workers()
    assert len(slow.read) <= 2 * (4 + 3 * 2 + 3)  # consumed, ahead, and under way

    iterator = iter(DataLoader(Slow(), 2, num_workers=2))
    next(iterator)
    assert workers()
    iterator.close()
    assert not workers()

    iterator = iter(DataLoader(Slow(), 2, num_workers=2))
    next(iterator)
    del iterator
    assert not workers()


def test_workers_run_ahead_but_not_far():
    slow = Slow()
    iterator = iter(DataLoader(slow, 1, num_workers=2, prefetch_factor=2))
    next(iterator)
    deadline = time.monotonic() + 5
    while len(slow.read) < 5 and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(0.05)
    assert len(slow.read) == 5  # the one that was asked for, and four ahead
    iterator.close()


def test_the_dataset_is_not_changed_by_transforms():
    dataset = data()
    before = dataset.arrays[0].copy()
    epoch(DataLoader(dataset, 4, transform=AUGMENT))
    np.testing.assert_array_equal(dataset.arrays[0], before)


@pytest.mark.parametrize("options, error, text", [
    ({"batch_size": 0}, ArgumentError, "batch_size=0"), ({"batch_size": 2.5}, ArgumentError, "batch_size=2.5"),
    ({"batch_size": True}, ArgumentError, "batch_size=True"), ({"num_workers": -1}, ArgumentError, "num_workers=-1"),
    ({"prefetch_factor": 0}, ArgumentError, "prefetch_factor=0"), ({"seed": -3}, ArgumentError, "seed=-3"),
    ({"shuffle": True, "sampler": [1]}, ArgumentError, "shuffle and sampler exclude each other"),
    ({"seed": 1, "generator": np.random.default_rng(0)}, ArgumentError, "seed and generator exclude each other"),
    ({"generator": 7}, ArgumentError, "generator is a int"),
    ({"dataset": iter([1])}, DtypeError, "list_iterator has no length"),
])
def test_refusals(options, error, text):
    with pytest.raises(error, match=text):
        DataLoader(**{"dataset": data(), **options})


def test_repr():
    assert repr(DataLoader(data(), 5, shuffle=True)) == (
        "DataLoader(ArrayDataset of 23, batch_size=5, shuffled, transform=None, num_workers=0)")


def test_inputs_without_labels_are_transformed_too():
    class Inputs(Dataset):
        def __len__(self):
            return 5

        def __getitem__(self, index):
            return np.full((1, 4, 4), index, np.float32)

    batches = list(DataLoader(Inputs(), 2, transform=lambda batch, rng: batch + 10))
    assert all(isinstance(batch, Tensor) for batch in batches)
    assert [batch.numpy()[:, 0, 0, 0].tolist() for batch in batches] == [[10, 11], [12, 13], [14]]
