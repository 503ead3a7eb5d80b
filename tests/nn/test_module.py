"""Module: walks, names, paths, modes, conversion, hooks, text."""

import copy
import pickle
import re
import threading
import warnings

import numpy as np
import pytest

import nn
import tensorgrad as tg
from tensorgrad.errors import ArgumentError, ShapeError


class Scale(nn.Module):
    """y = x · weight + bias, without any other part of nn."""

    def __init__(self, n=2):
        self.weight = nn.Parameter(np.arange(1.0, n + 1, dtype=np.float32))
        self.bias = nn.Parameter(np.zeros(n, np.float32))

    def forward(self, input):
        return input * self.weight + self.bias


class Net(nn.Module):
    def __init__(self):
        self.stem = Scale()
        self.offset = nn.Parameter(np.zeros(2, np.float32))
        self.register_buffer("mean", tg.zeros(2))
        self.body = nn.Sequential(Scale(), Scale())
        self.register_buffer("scratch", np.zeros(3), persistent=False)

    def forward(self, input):
        return self.body(self.stem(input)) + self.offset


X = tg.ones(3, 2)


# -- walks -------------------------------------------------------------------------------------------------------------


def test_parameters_come_in_order_of_definition_own_ones_first():
    assert [name for name, _ in Net().named_parameters()] == [
        "offset", "stem.weight", "stem.bias", "body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias"]


def test_the_same_without_and_with_super_init():
    class With(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = Scale()

    class Without(nn.Module):
        def __init__(self):
            self.layer = Scale()

    class Neither(nn.Module):
        pass

    assert list(With().state_dict()) == list(Without().state_dict())
    assert list(Neither().parameters()) == [] and Neither().training and not Neither().eval().training


def test_walks_by_name():
    net = Net()
    assert [name for name, _ in net.named_modules()] == ["", "stem", "body", "body.0", "body.1"]
    assert [name for name, _ in net.named_children()] == ["stem", "body"]
    assert list(net.children()) == [net.stem, net.body]
    assert list(net.modules())[0] is net
    assert [name for name, _ in net.named_buffers()] == ["mean", "scratch"]
    assert list(net.buffers())[0] is net.mean
    assert [name for name, _ in net.named_parameters("net", recurse=False)] == ["net.offset"]
    assert [name for name, _ in net.named_modules(prefix="net")][1] == "net.stem"


def test_shared_parameters_and_modules_are_listed_once():
    net = Net()
    net.body[1].weight = net.stem.weight
    net.again = net.stem
    names = [name for name, _ in net.named_parameters()]
    assert "body.1.weight" not in names and "again.weight" not in names and len(names) == 6
    every = [name for name, _ in net.named_parameters(remove_duplicate=False)]
    assert "body.1.weight" in every and "again.weight" in every
    assert [name for name, _ in net.named_children()] == ["stem", "body"]
    assert "again.weight" in net.state_dict()


def test_get_by_path():
    net = Net()
    assert net.get_submodule("body.1") is net.body[1] and net.get_submodule("") is net
    assert net.get_parameter("body.1.bias") is net.body[1].bias
    assert net.get_buffer("mean") is net.mean
    with pytest.raises(AttributeError, match=r"Sequential has no '7', looked for as part of 'body.7.bias'.\n  It has 0, 1"):
        net.get_parameter("body.7.bias")
    with pytest.raises(AttributeError, match="'body.1' is a Scale, not a parameter"):
        net.get_parameter("body.1")
    with pytest.raises(AttributeError, match=r"Net has no buffer 'offset'.\n  It has \['mean', 'scratch'\]"):
        net.get_buffer("offset")


def test_apply_goes_from_the_inside_out():
    seen = []
    net = Net()
    assert net.apply(seen.append) is net
    assert seen == [net.stem, net.body[0], net.body[1], net.body, net]


# -- assignment --------------------------------------------------------------------------------------------------------


def test_what_would_drop_a_part_is_refused():
    net = Net()
    with pytest.raises(TypeError, match=r"cannot assign a Tensor as parameter 'offset' of Net.\n  Assign nn.Parameter"):
        net.offset = tg.zeros(2)
    with pytest.raises(TypeError, match=r"cannot assign the class ReLU as submodule 'stem' of Net.\n.*nn.Identity\(\)"):
        net.stem = nn.ReLU
    with pytest.raises(TypeError, match=r"cannot assign a list as buffer 'mean' of Net.\n  Assign a Tensor, or None"):
        net.mean = [1.0]
    assert len(list(net.parameters())) == 7


def test_none_takes_a_part_out_and_a_part_can_be_put_back():
    net = Net()
    net.stem, net.offset, net.mean = None, None, None
    assert list(net.state_dict()) == ["body.0.weight", "body.0.bias", "body.1.weight", "body.1.bias"]
    net.mean = tg.ones(2)
    assert "mean" in net.state_dict()
    del net.mean, net.body
    assert list(net.state_dict()) == []
    net.mean = "no buffer any more"


def test_a_tensor_over_a_buffer_stays_a_buffer():
    net = Net()
    net.mean = net.mean + 1
    assert dict(net.named_buffers())["mean"].tolist() == [1.0, 1.0]


def test_buffer_and_parameter_exchange_places():
    net = Net()
    net.mean = nn.Parameter(np.zeros(2, np.float32))
    assert [name for name, _ in net.named_buffers()] == ["scratch"] and "mean" in dict(net.named_parameters())
    net.extra = nn.Buffer(np.zeros(2), persistent=False)
    assert "extra" in dict(net.named_buffers()) and "extra" not in net.state_dict()
    net.register_buffer("frozen", nn.Parameter([1.0]))
    assert "frozen" not in dict(net.named_parameters()) and "frozen" in dict(net.named_buffers())


def test_registration_at_run_time():
    net = Net()
    net.register_parameter("bias", None)
    assert net.bias is None
    net.register_parameter("bias", nn.Parameter([1.0]))
    net.add_module("head", Scale())
    net.register_module("tail", None)
    assert [name for name, _ in net.named_parameters()][:2] == ["offset", "bias"] and net.tail is None
    for register, good in ((net.register_buffer, tg.zeros(1)), (net.register_parameter, None), (net.add_module, None)):
        for bad in ("", "a.b", 3):
            with pytest.raises(ArgumentError, match="cannot be a name.\n  Use a string that is not empty and has no dot"):
                register(bad, good)
        with pytest.raises(ArgumentError, match="Net already has an attribute 'forward'.\n  Choose another name"):
            register("forward", good)
    with pytest.raises(TypeError, match="register_buffer: 'b' is a list.\n  Pass a Tensor, an array or None"):
        net.register_buffer("b", [1.0])
    with pytest.raises(TypeError, match="register_parameter: 'b' is a Tensor.\n  Pass an nn.Parameter or None"):
        net.register_parameter("b", tg.zeros(1))
    with pytest.raises(TypeError, match=r"register_module: 'b' is the class ReLU.\n.*nn.ReLU\(\) with its brackets"):
        net.add_module("b", nn.ReLU)


def test_modules_in_a_plain_list_are_warned_of_once():
    class Hidden(nn.Module):
        def __init__(self):
            self.layers = [Scale(), Scale()]
            self.heads = {"a": nn.Parameter([1.0])}

    net = Hidden()
    with pytest.warns(UserWarning) as caught:
        assert list(net.parameters()) == []
    texts = [str(w.message) for w in caught]
    assert texts == ["Hidden.layers is a plain list of Scale: its parameters are not listed, trained or saved.\n"
                     "  Use nn.ModuleList(...).",
                     "Hidden.heads is a plain dict of Parameter: its parameters are not listed, trained or saved.\n"
                     "  Use nn.ParameterDict(...)."]
    assert caught[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        list(net.parameters())


def test_lists_of_what_is_registered_elsewhere_and_private_ones_are_not_warned_of():
    net = Net()
    net.order = [net.stem, net.body[0]]
    net._teacher = [Scale()]
    net.sizes = (1, 2)
    list(net.parameters())


# -- paths and names ---------------------------------------------------------------------------------------------------


def test_parameters_and_buffers_are_named_by_their_path():
    net = Net()
    assert net.body[1].weight.name == "body.1.weight" and net.offset.name == "offset" and net.mean.name == "mean"
    outer = nn.Sequential(net)
    assert net.body[1].weight.name == "0.body.1.weight" and outer[0].mean.name == "0.mean"


def test_a_name_given_by_hand_and_the_first_name_of_a_shared_parameter_stay():
    net = Net()
    net.scale = nn.Parameter([1.0], name="temperature")
    net.body[1].weight = net.stem.weight
    nn.Sequential(net)
    assert net.scale.name == "temperature" and net.body[1].weight.name == "0.stem.weight"


def test_ops_carry_the_path_of_their_layer():
    net = Net()
    paths = {}
    for name, module in net.named_modules():
        module.register_forward_hook(lambda m, args, out, name=name: paths.__setitem__(name, out.creator.where))
    out = net(X)
    assert paths == {"": "add", "stem": "stem/add", "body.0": "body.0/add", "body.1": "body.1/add", "body": "body.1/add"}
    assert out.creator.scope == ""


def test_paths_hold_however_a_layer_is_reached():
    class Indirect(nn.Module):
        def __init__(self):
            self.blocks = nn.ModuleList([Net(), Net()])
            self.named = nn.ModuleDict({"a": Scale()})

        def forward(self, x):
            return self.named["a"](self.blocks[1].body[0](x))

    model = Indirect()
    out = model(X)
    assert out.creator.where == "named.a/add"
    assert out.creator.sources[0].sources[0].where == "blocks.1.body.0/add"
    assert model.blocks[1].body[0](X).creator.where == "blocks.1.body.0/add"


def test_an_open_scope_precedes_the_path():
    net = Net()
    with tg.scope("generator"):
        assert net.stem(X).creator.where == "generator.stem/add"
        assert net(X).creator.sources[0].where == "generator.body.1/add"
    assert net.stem(X).creator.where == "stem/add"


def test_a_model_called_inside_another_continues_its_path():
    inner = Net()

    class Outer(nn.Module):
        def __init__(self):
            self.part = nn.Sequential(Scale())
            self._teacher = [inner]

        def forward(self, x):
            return self._teacher[0](x)

    model = nn.Sequential(Outer())
    assert model(X).creator.sources[0].where == "0.body.1/add"


def test_a_moved_module_takes_its_new_path():
    net = Net()
    net.first = net.body[0]
    assert net.first(X).creator.where == "first/add" and net.first.weight.name == "first.weight"
    part = nn.Sequential(*net.body)
    assert part[1](X).creator.where == "1/add"


def test_a_module_that_was_placed_elsewhere_since_keeps_that_path():
    shared = nn.Linear(2, 2)
    inner = nn.Module()
    inner.one = shared
    elsewhere = nn.Module()
    elsewhere.deep = nn.Sequential(shared)
    outer = nn.Module()
    outer.inner = inner
    assert shared.weight.name == "deep.0.weight" and shared(tg.ones(1, 2)).creator.where.startswith("deep.0/")
    assert [name for name, _ in outer.named_parameters()] == ["inner.one.weight", "inner.one.bias"]


def test_threads_have_paths_of_their_own():
    net, found = Net(), []
    with tg.scope("main"):
        thread = threading.Thread(target=lambda: found.append(net.stem(X).creator.where))
        thread.start()
        thread.join()
        assert net.stem(X).creator.where == "main.stem/add"
    assert found == ["stem/add"]


def test_errors_name_the_layer_once():
    net = nn.Sequential(Net())
    with pytest.raises(ShapeError) as caught:
        net(tg.ones(3, 5))
    text = str(caught.value)
    assert text.startswith("0.stem (Scale): mul: ") and text.count("(Scale)") == 1
    assert "parameter '0.stem.weight'" in text


def test_other_errors_get_a_note_and_lone_layers_nothing():
    class Broken(nn.Module):
        def forward(self, x):
            raise KeyError("x")

    with pytest.raises(KeyError) as caught:
        nn.Sequential(nn.Sequential(Broken()))(X)
    assert caught.value.__notes__ == ["in 0.0 (Broken)"]
    with pytest.raises(ShapeError, match="^mul: "):
        Scale()(tg.ones(3, 5))


def test_the_scope_is_restored_after_an_error():
    net = Net()
    with pytest.raises(ShapeError):
        net(tg.ones(3, 5))
    assert tg.recording.current_scope() == "" and net(X).creator.sources[0].where == "body.1/add"


def test_no_forward():
    with pytest.raises(NotImplementedError, match=r"Module has no method forward.\n  Define forward\(self, input\)"):
        nn.Module()(X)


# -- modes and conversion ----------------------------------------------------------------------------------------------


def test_train_and_eval_reach_every_module():
    net = Net()
    assert net.eval() is net and not any(m.training for m in net.modules())
    assert net.train() is net and all(m.training for m in net.modules())
    with pytest.raises(ArgumentError, match="train: the mode is 'yes'.\n  Use True for training"):
        net.train("yes")


def test_freezing_and_gradients():
    net = Net()
    net.stem.requires_grad_(False)
    net(X).sum().backward()
    assert net.stem.weight.grad is None and net.offset.grad.tolist() == [3.0, 3.0]
    net.zero_grad(set_to_none=False)
    assert net.offset.grad.tolist() == [0.0, 0.0] and net.stem.weight.grad is None
    net.zero_grad()
    assert net.offset.grad is None


def test_conversion():
    net = Net()
    net.counter = nn.Buffer(np.array(3))
    net(X).sum().backward()
    before = net.offset
    assert net.double() is net
    assert net.offset is before and before.dtype == before.grad.dtype == net.mean.dtype == np.float64
    assert net.counter.dtype == np.int64
    assert net.half().offset.dtype == np.float16
    assert net.float().offset.dtype == np.float32
    assert net.to("cpu").to("cpu", tg.float64).offset.dtype == np.float64
    assert net.to(np.float32).to(dtype="float64").to(tg.zeros(1)).offset.dtype == np.float32
    assert net.cpu() is net
    with pytest.raises(ArgumentError, match="to: there is no device 'cuda:0'.\n  tensorgrad computes on the CPU"):
        net.to("cuda:0")
    with pytest.raises(ArgumentError, match="to: a module cannot become int64.\n  Use float16, float32 or float64"):
        net.to(tg.int64)


def test_copies_are_independent_and_keep_names():
    net = Net()
    net(X).sum().backward()
    net.stem.eval()
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other(X).tolist() == net(X).tolist()
        assert [p.name for p in other.parameters()] == [p.name for p in net.parameters()]
        assert not other.stem.training and other.training
        assert [n for n, _ in other.named_buffers()] == ["mean", "scratch"] and "scratch" not in other.state_dict()
        other.offset.data = np.ones(2, np.float32)
        assert net.offset.tolist() == [0.0, 0.0]
        assert other(X).creator.sources[0].where == "body.1/add"
    assert copy.deepcopy(net).offset.grad.tolist() == [3.0, 3.0]


def test_tied_parameters_stay_tied_in_copies():
    net = Net()
    net.body[1].weight = net.stem.weight
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert other.body[1].weight is other.stem.weight


def test_buffers_and_parameters_copy_and_pickle():
    buffer = nn.Buffer([1.0], persistent=False, name="b")
    for other in (copy.deepcopy(buffer), pickle.loads(pickle.dumps(buffer))):
        assert isinstance(other, nn.Buffer) and not other.persistent and other.name == "b" and other.tolist() == [1.0]
    frozen = pickle.loads(pickle.dumps(nn.Parameter([1.0], requires_grad=False, name="p")))
    assert isinstance(frozen, nn.Parameter) and not frozen.requires_grad and frozen.name == "p"


# -- hooks -------------------------------------------------------------------------------------------------------------


def test_forward_hooks_see_and_replace():
    layer, log = Scale(), []
    first = layer.register_forward_pre_hook(lambda m, args: log.append("pre") or (args[0] * 2,))
    layer.register_forward_pre_hook(lambda m, args: log.append("first"), prepend=True)
    second = layer.register_forward_hook(lambda m, args, out: log.append(args[0].tolist()[0]) or out + 1)
    assert layer(X).tolist()[0] == [3.0, 5.0] and log == ["first", "pre", [2.0, 2.0]]
    first.remove()
    second.remove()
    assert layer(X).tolist()[0] == [1.0, 2.0]


def test_hooks_with_keyword_arguments():
    class Add(nn.Module):
        def forward(self, x, *, by=1):
            return x + by

    layer, seen = Add(), []
    layer.register_forward_pre_hook(lambda m, args, kwargs: (args, {"by": kwargs["by"] * 10}), with_kwargs=True)
    layer.register_forward_hook(lambda m, args, kwargs, out: seen.append(kwargs), with_kwargs=True)
    assert layer(X, by=2).tolist()[0] == [21.0, 21.0] and seen == [{"by": 20}]


def test_a_pre_hook_may_return_one_value():
    layer = Scale()
    layer.register_forward_pre_hook(lambda m, args: args[0] * 3)
    assert layer(X).tolist()[0] == [3.0, 6.0]


def test_backward_hooks_get_the_gradients_at_both_ends():
    net, seen = Net(), []
    net.body.register_full_backward_hook(lambda m, gin, gout: seen.append((gin[0].tolist()[0], gout[0].tolist()[0])))
    net(X).sum().backward()
    assert seen == [([1.0, 4.0], [1.0, 1.0])]


def test_a_backward_hook_replaces_the_gradient_of_the_input():
    layer, x = Scale(), tg.ones(3, 2).requires_grad_()
    with layer.register_full_backward_hook(lambda m, gin, gout: (gin[0] * 10,)):
        layer(x).sum().backward()
    assert x.grad.tolist()[0] == [10.0, 20.0] and layer.bias.grad.tolist() == [3.0, 3.0]


def test_a_backward_hook_without_a_gradient_at_the_input():
    layer, seen = Scale(), []
    layer.register_full_backward_hook(lambda m, gin, gout: seen.append((gin, gout[0].shape)))
    loss = layer(X).sum()
    loss.backward(retain_graph=True)
    loss.backward()
    assert seen == [((None,), (3, 2))] * 2


def test_backward_hooks_with_several_inputs_and_outputs():
    class Two(nn.Module):
        def forward(self, a, b, factor):
            return a * factor, b * factor

    layer, seen = Two(), []
    layer.register_full_backward_hook(lambda m, gin, gout: seen.append((gin, gout)))
    a, b = tg.ones(1).requires_grad_(), tg.ones(1).requires_grad_()
    y, z = layer(a, b, 2.0)
    (y + 3 * z).sum().backward()
    (gin, gout), = seen
    assert [g if g is None else g.item() for g in gin] == [2.0, 6.0, None] and [g.item() for g in gout] == [1.0, 3.0]


# -- text --------------------------------------------------------------------------------------------------------------


def test_repr_is_nested():
    assert repr(nn.Sequential(nn.ReLU(), nn.Sequential(nn.Dropout(0.1)))) == (
        "Sequential(\n  (0): ReLU()\n  (1): Sequential(\n    (0): Dropout(p=0.1, inplace=False)\n  )\n)")
    assert repr(Scale()) == "Scale()"


def test_package_offers_its_parts_lazily():
    assert nn.functional.relu(tg.tensor([-1.0])).item() == 0.0
    assert nn.models.available()
    with pytest.raises(AttributeError, match="module 'nn' has no attribute 'Conv4d'"):
        nn.Conv4d
    assert not [name for name in nn.__all__ if not hasattr(nn, name)]
    assert re.match(r"\w+", nn.__doc__)
