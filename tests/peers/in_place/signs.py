"""Augmented assignment and arithmetic methods, aliases, and what hooks and higher derivatives see of a write."""

from tests.peers.in_place import same


# -- arithmetic and aliases ----------------------------------------------------------------------------------------------


@same
def alias_of_an_augmented_assignment(lib, x, w):
    y = x * w
    identity = y
    y += x
    return y, identity, y * identity


@same
def residual_block(lib, x, w):
    out = x * w
    identity = out
    out = lib.nn.functional.relu(out * 2 - 1) * 3
    out += identity
    out -= w
    out /= 3
    return lib.nn.functional.relu(out, inplace=True), identity


@same
def all_four_signs(lib, x, w):
    y = x + 0
    y += w
    y -= x * 3
    y *= 2
    y /= 4
    return y


@same
def arithmetic_methods(lib, x, w):
    y = x + 0
    y.add_(w, alpha=2).sub_(x, alpha=3).neg_()
    y.mul_(0.5).div_(2)
    y.addcmul_(x, w, value=2).addcdiv_(x, w.abs() + 1, value=3).lerp_(w, 0.25)
    return y


@same
def functions_in_place(lib, x, w):
    y = x + 0
    y.sin_()
    z = x * w
    z.clamp_(-0.5, 0.5)
    u = (x * x + 1) * 1
    u.tanh_()
    return y, z, u


@same
def a_power_in_place(lib, x, w):
    y = x + w
    y **= 2
    return y


@same
def a_constant_takes_in_a_gradient(lib, x, w):
    total = lib.zeros(3, 4, dtype=lib.float64)
    alias = total
    total += x
    total.mul_(2)
    return total, alias


@same
def a_loss_is_summed_up(lib, x, w):
    loss = 0
    for row in x * w:
        loss += (row * row).sum()
    return (loss,)


@same
def broadcast_operand(lib, x, w):
    y = x * 2
    y += w[0]
    y *= w[:, :1]
    return y


@same
def used_before_and_after(lib, x, w):
    y = x * 2
    before = y + 1
    y += w
    return before, y, before * y


# -- gradients of tensors that were written ------------------------------------------------------------------------------


@same
def a_retained_gradient_is_of_the_latest_value(lib, x, w):
    y = x * 2
    y.retain_grad()
    y.mul_(w)
    (y * y * 0.5).sum().backward()
    return y.grad, y.detach()


@same
def a_hook_sees_the_value_it_was_registered_on(lib, x, w):
    seen = []
    y = x * 2
    y.register_hook(lambda grad: seen.append(grad * 1))
    y.mul_(3)
    y.register_hook(lambda grad: seen.append(grad * 1))
    (y * w).sum().backward()
    return tuple(seen)


@same
def hooks_may_change_gradients(lib, x, w):
    y = x * 2
    y.register_hook(lambda grad: grad * 10)
    y[0] = w[0]
    return y


@same
def the_gradient_of_a_written_tensor(lib, x, w):
    y = x * 2
    y[1] = w[1]
    return lib.autograd.grad((y * y).sum(), y)


@same
def second_order_through_assignment(lib, x, w):
    y = x * x
    y[1] = w[0] * w[1]
    y[:, 0] *= w[:, 1]
    (first,) = lib.autograd.grad((y * y * y).sum(), x, create_graph=True)
    return first


@same
def second_order_through_signs(lib, x, w):
    y = x * x
    y += w
    z = y * y
    z[z > 1] = 0
    return lib.autograd.grad(z.sum(), (x, w), create_graph=True)


@same
def third_write_of_a_buffer(lib, x, w):
    buffer = lib.zeros(4, dtype=lib.float64)
    for i in range(3):
        buffer = buffer.clone()
        buffer += x[i] * w[i]
        buffer[0] = buffer[1] * 2
    (first,) = lib.autograd.grad((buffer * buffer).sum(), x, create_graph=True)
    return first, buffer
