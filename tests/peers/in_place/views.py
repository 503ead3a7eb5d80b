"""Writes into what other tensors share."""

from tests.peers.in_place import same


@same
def a_view_is_written(lib, x, w):
    y = x * 2
    row = y[1]
    row += w[0]
    return y, row


@same
def a_base_is_written(lib, x, w):
    y = x * 2
    row, turned, flat = y[1], y.t(), y.view(-1)
    y *= w
    return y, row, turned, flat


@same
def views_of_views(lib, x, w):
    y = x * 2
    turned = y.t()
    part = turned[1:3]
    corner = part[0, 1:]
    part *= 3
    corner += 10
    return y, turned, part, corner


@same
def overlapping_views(lib, x, w):
    y = x * 2
    a, b = y[:2], y[1:]
    a *= w[:2]
    b += w[1:]
    return y, a, b


@same
def parts_that_do_not_overlap(lib, x, w):
    y = x * 2
    a, b = y[:, :2], y[:, 2:]
    a *= 5
    b -= w[:, 2:]
    return y, a, b


@same
def a_flat_view_after_its_base_is_gone(lib, x, w):
    y = (x * 2).view(-1)
    y += w.reshape(-1)
    return y


@same
def a_transposed_view(lib, x, w):
    y = x * 2
    turned = y.transpose(0, 1)
    turned[0] = w[:, 0]
    turned += 1
    return y, turned


@same
def a_diagonal(lib, x, w):
    y = x @ w.t()
    diagonal = y.diagonal()
    diagonal.mul_(3)
    return y, diagonal


@same
def a_detached_tensor_sees_the_numbers(lib, x, w):
    y = x * 2
    constant = y.detach()
    y += w
    return y, constant


@same
def a_view_of_a_constant(lib, x, w):
    buffer = lib.zeros(3, 4, dtype=lib.float64)
    row, other = buffer[0], buffer[2]
    other += 1
    row.copy_(x[0])
    row.mul_(w[0])
    return buffer, row, other


@same
def a_detached_constant_takes_in_a_gradient(lib, x, w):
    buffer = lib.ones(3, 4, dtype=lib.float64)
    other = buffer.detach()
    other *= x
    return other, buffer


@same
def writes_after_writes_through_views(lib, x, w):
    y = x * 2
    first, last = y[0], y[-1]
    for _ in range(3):
        first += last
        last *= 0.5
        y -= w
    return y, first, last


@same
def a_squeezed_view(lib, x, w):
    y = (x * w).unsqueeze(0)
    z = y.squeeze(0)
    z -= 1
    return y, z


@same
def an_expanded_view_follows(lib, x, w):
    y = x[:, :1] * 2
    wide = y.expand(3, 4)
    y += w[:, :1]
    return y, wide * 1


@same
def numbers_without_a_graph(lib, x, w):
    y = x * 2
    row = y[0]
    y += w
    with lib.no_grad():
        row.zero_()
    return y, row


@same
def axes_of_a_tensor_that_has_views(lib, x, w):
    y = (x * w).unsqueeze(1)
    row = y[1]
    y.squeeze_(1)
    y.t_()
    y[0] += w[:, 0]
    row *= 2
    return y, row
