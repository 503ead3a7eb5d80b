"""functional_call: a module with other tensors in place of its own, and the module as it was afterwards."""

from __future__ import annotations

import numpy as np
import pytest

import nn
import nn.utils.stateless
import tensorgrad as tg
from nn.func import functional_call
from tensorgrad.errors import ArgumentError, StateError


def tied_net(lib, tensor):
    """x + a + b, where a and b are one parameter, with a buffer that counts."""
    class Net(lib.Module):
        def __init__(self):
            super().__init__()
            self.a = lib.Parameter(tensor([1.0]))
            self.b = self.a
            self.register_buffer("n", tensor([0.0]))

        def forward(self, x, scale=1.0):
            self.n = self.n + 1
            return (x + self.a + self.b) * scale

    return Net()


def test_gradients_flow_to_the_given_tensors_and_the_module_stays():
    net = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
    own, names = dict(net.named_parameters()), list(net.state_dict())
    given = {name: tg.randn(*p.shape).requires_grad_() for name, p in own.items()}
    x = tg.randn(4, 2)
    out = functional_call(net, given, x)
    expected = np.tanh(x.numpy() @ given["0.weight"].numpy().T + given["0.bias"].numpy()) @ given["2.weight"].numpy().T
    np.testing.assert_allclose(out.detach().numpy(), expected + given["2.bias"].numpy(), rtol=1e-5)
    out.sum().backward()
    assert all(t.grad is not None for t in given.values()) and all(p.grad is None for p in own.values())
    assert all(p is own[name] for name, p in net.named_parameters()) and list(net.state_dict()) == names


def test_the_module_stays_also_if_the_call_fails():
    net = tied_net(nn, tg.tensor)
    a, n = net.a, net.n
    with pytest.raises(TypeError):
        functional_call(net, {"a": tg.zeros(1), "extra": tg.zeros(1)}, (1, 2, 3))
    assert net.a is a and net.b is a and net.n is n and not hasattr(net, "extra")


def test_hessian_of_a_loss_in_a_parameter():
    net, x = nn.Linear(2, 1, bias=False), tg.tensor([[1.0, 2.0]])
    hessian = tg.autograd.functional.hessian(lambda w: functional_call(net, {"weight": w}, x).square().sum(),
                                             net.weight.detach())
    assert hessian.reshape(2, 2).tolist() == [[2, 4], [4, 8]]


def test_several_dicts_keywords_and_statistics():
    norm = nn.BatchNorm1d(2)
    mean = tg.zeros(2)
    functional_call(norm, ({"weight": tg.zeros(2)}, {"running_mean": mean}), tg.ones(3, 2), {})
    np.testing.assert_allclose(mean.numpy(), 0.1)  # written into
    assert norm.running_mean.sum() == 0 and norm.running_var.sum() < 2 and norm.weight.sum() == 2
    with pytest.raises(ArgumentError, match="two of the dicts have 'weight'"):
        functional_call(norm, ({"weight": tg.zeros(2)}, {"weight": mean}), tg.ones(3, 2))


def test_parametrized_tensors():
    layer = nn.utils.parametrizations.weight_norm(nn.Linear(2, 1, bias=False))
    cls, x, weight = type(layer), tg.ones(1, 2), layer.weight.detach()
    assert functional_call(layer, {"weight": tg.ones(1, 2)}, x).item() == 2  # as it is
    doubled = {"parametrizations.weight.original0": layer.parametrizations.weight.original0.detach() * 2}
    np.testing.assert_allclose(functional_call(layer, doubled, x).item(), 2 * weight.sum().item(), rtol=1e-6)
    assert type(layer) is cls and "weight" not in vars(layer)
    np.testing.assert_array_equal(layer.weight.detach().numpy(), weight.numpy())


@pytest.mark.parametrize("given, error, text", [
    ({"forward": tg.zeros(1)}, TypeError, "'forward' of Net is a method"), ({"a": 3}, TypeError, "'a' is a int"),
    ({"q.z": tg.zeros(1)}, AttributeError, "Net has no 'q'"),
    ({"a": tg.zeros(1), "b": tg.ones(1)}, ArgumentError, "'a' and 'b' are one tensor in the module, and two were given")])
def test_refusals(given, error, text):
    with pytest.raises(error, match=text):
        functional_call(tied_net(nn, tg.tensor), given, tg.zeros(1))


def test_strict_takes_all_of_the_state():
    layer = nn.Linear(2, 1)
    given = {name: tg.zeros_like(value) + 2 for name, value in layer.state_dict().items()}
    assert functional_call(layer, given, tg.ones(1, 2), strict=True).tolist() == [[6.0]]


def test_strict_names_what_is_missing_and_unexpected():
    with pytest.raises(StateError, match=r"missing: \['a', 'b', 'n'\]; or unexpected: \['z'\]"):
        functional_call(tied_net(nn, tg.tensor), {"z": tg.zeros(1)}, tg.zeros(1), strict=True)


def test_the_former_place():
    assert nn.utils.stateless.functional_call is functional_call is tg.func.functional_call


@pytest.mark.torch
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("tie", [False, True])
@pytest.mark.parametrize("names", [["a"], ["b"], ["a", "b"], ["a", "n"], ["b", "n"], ["a", "b", "n"], ["z"],
                                   ["a", "n", "z"]])
def test_the_same_as_pytorch(names, tie, strict):
    torch = pytest.importorskip("torch")

    def outcome(call, lib, tensor):
        net = tied_net(lib, tensor)
        given = {name: tensor([float(i)]) for i, name in enumerate(names, 2)}
        try:
            out = call(net, given, tensor([10.0]), {"scale": 2.0}, tie_weights=tie, strict=strict)
        except (RuntimeError, ValueError) as error:
            return RuntimeError if isinstance(error, RuntimeError) else ValueError
        return out.tolist(), {name: value.tolist() for name, value in given.items()}, net.n.tolist()

    assert outcome(functional_call, nn, tg.tensor) == outcome(torch.func.functional_call, torch.nn, torch.tensor)
