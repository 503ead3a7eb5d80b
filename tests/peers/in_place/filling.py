"""Tensors filled, scattered into, and overwritten by activations."""

from tests.peers.in_place import same


# -- filling and scattering ----------------------------------------------------------------------------------------------


@same
def filling(lib, x, w):
    a, b, c, d = x * 2, x * 2, x * 2, x * 2
    a.fill_(3)
    b.zero_()
    c.copy_(w)
    d.fill_(w[0, 0])
    return a, b, c, d, a * x


@same
def a_copy_is_converted(lib, x, w):
    y = x * 2
    y.copy_(w.to(lib.float32))
    return y


@same
def masked_fill(lib, x, w):
    y = x * 2
    y.masked_fill_(y > 0.5, -1.0)
    z = x * 2
    z.masked_fill_(w > 0, w[0, 0])
    return y, z


@same
def index_methods(lib, x, w):
    y = x * 2
    y.index_add_(0, lib.tensor([2, 0, 2]), w)
    y.index_put_((lib.tensor([1, 1]), lib.tensor([0, 2])), w[0, :2])
    y.index_put_((lib.tensor([0, 0]),), w[:2], accumulate=True)
    y.index_fill_(1, lib.tensor([3]), -2)
    y.index_copy_(1, lib.tensor([1]), w[:, :1])
    return y


@same
def scatter_methods(lib, x, w):
    at = lib.tensor([[0, 2, 1, 3], [3, 1, 0, 2], [0, 1, 2, 3]])
    y = x * 2
    y.scatter_(1, at, w)
    y.scatter_add_(1, at, x)
    return y


@same
def masked_scatter(lib, x, w):
    y = x * 2
    y.masked_scatter_(x > 0, w)
    return y


@same
def triangles(lib, x, w):
    y = x @ w.t()
    y.tril_()
    return y


@same
def steps_without_a_slope(lib, x, w):
    y = x * 2
    y.floor_()
    return y, y * x


# -- activations ---------------------------------------------------------------------------------------------------------


@same
def preactivation(lib, x, w):
    shortcut = y = x * w
    out = lib.nn.functional.relu(y, inplace=True)
    return out * w + shortcut, y


@same
def activations_as_functions(lib, x, w):
    F = lib.nn.functional
    made = []
    for name in ("relu", "relu6", "leaky_relu", "elu", "selu", "celu", "hardtanh"):
        y = x * w
        alias = y
        getattr(F, name)(y, inplace=True)
        made += [y, alias]
    return tuple(made)


@same
def activations_with_an_underscore(lib, x, w):
    F = lib.nn.functional
    made = []
    for name in ("relu_", "leaky_relu_", "elu_", "selu_", "celu_", "hardtanh_"):
        y = x * w
        getattr(F, name)(y)
        made.append(y)
    y = x * w
    F.threshold_(y, 0.1, 2.0)
    return (*made, y.relu_())


@same
def layers_in_place(lib, x, w):
    made = []
    for layer in ("ReLU", "ReLU6", "LeakyReLU", "ELU", "CELU", "SELU", "SiLU", "Mish", "Hardswish", "Hardtanh"):
        y = x * w
        out = getattr(lib.nn, layer)(inplace=True)(y)
        made += [out, y]
    return tuple(made)


@same
def an_activation_of_a_view(lib, x, w):
    y = x * 2
    lib.nn.functional.relu(y[1], inplace=True)
    return y


@same
def an_activation_of_a_constant(lib, x, w):
    y = x.detach().clone()
    row = y[0]
    out = lib.nn.functional.leaky_relu(y, 0.1, inplace=True)
    return out, y, row


@same
def without_a_graph(lib, x, w):
    with lib.no_grad():
        y = x * w
        alias, row = y, y[1]
        lib.nn.functional.elu(y, inplace=True)
        z = x * 2
        lib.nn.ReLU(inplace=True)(z)
    return y, alias, row, z


@same
def dropout_of_nothing(lib, x, w):
    y = x * w
    out = lib.nn.Dropout(0.5, inplace=True).eval()(y)
    out += 1
    return out, y


@same
def dropout_of_everything(lib, x, w):
    y = x * w
    lib.nn.functional.dropout(y, 1.0, inplace=True)
    return y


@same
def silu_in_place_keeps_its_input(lib, x, w):
    y = x * w
    return lib.nn.functional.silu(y, inplace=True) + y
