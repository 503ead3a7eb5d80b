"""Assignment to an index."""

from tests.peers.in_place import same


@same
def a_row(lib, x, w):
    y = x * 2
    y[1] = w[0] * 3
    return y


@same
def a_slice_of_columns(lib, x, w):
    y = x * 2
    y[:, 1:3] = w[:, :2]
    y[..., -1] = 5
    return y


@same
def steps_and_new_axes(lib, x, w):
    y = x * 2
    y[::2, None, 1] = w[:2, :1]
    y[None, 0] = w[1]
    return y


@same
def one_entry(lib, x, w):
    y = x * 2
    y[1, 2] = w[0, 0]
    y[0, 0] = 7.0
    return y


@same
def everything(lib, x, w):
    y = x * 2
    y[...] = w
    z = x * 2
    z[:] = 3
    return y, z


@same
def broadcast_values(lib, x, w):
    y = x * 2
    y[1:] = w[0]
    y[:, 0] = w[0, 0]
    y[0] = w[None, 1]
    return y


@same
def a_mask_and_a_number(lib, x, w):
    y = x * 2
    y[y > 0] = 0
    return y


@same
def a_mask_and_values(lib, x, w):
    y = x * 2
    y[y > 0] = w[x > 0]
    return y


@same
def a_mask_of_rows(lib, x, w):
    y = x * 2
    y[lib.tensor([True, False, True])] = w[:2]
    return y


@same
def an_integer_index(lib, x, w):
    y = x * 2
    y[lib.tensor([2, 0])] = w[:2]
    y[:, lib.tensor([3, 1])] = w[:, :2]
    y[lib.tensor([0, 1]), lib.tensor([-1, 0])] = w[0, :2]
    return y


@same
def an_integer_beside_an_array(lib, x, w):
    y = (x * 2).reshape(3, 2, 2)
    y[0, :, [1, 0]] = w[:2, :2]
    z = lib.zeros(3, 2, 2, dtype=lib.float64)
    z[0, :, [1, 0]] = w[:2, :2].detach()
    return y, z


@same
def a_list(lib, x, w):
    y = x * 2
    y[[0, 2]] = w[1]
    return y


@same
def duplicates_of_a_number(lib, x, w):
    y = x * 2
    y[lib.tensor([1, 1])] = 4
    return y


@same
def an_index_and_a_sign(lib, x, w):
    y = x * 2
    y[:, 0] += 1
    y[1] *= w[1]
    y[y > 1] -= 3
    y[lib.tensor([0, 2]), 1] += w[0, 0]
    return y


@same
def a_buffer_is_filled(lib, x, w):
    out = lib.zeros(3, 4, dtype=lib.float64)
    state = w[0] * 0
    for i in range(3):
        state = lib.tanh(state + x[i])
        out[i] = state
    return out, state


@same
def a_buffer_is_summed_into(lib, x, w):
    out = lib.zeros(3, 4, dtype=lib.float64)
    for i in range(3):
        out[i] += x[i] * w[i]
        out[:, i] += w[:, i]
    return out


@same
def assignment_of_a_part_to_a_part(lib, x, w):
    y = x * w
    y[0] = y[1]
    y[1:] = y[:2].clone()
    return y


@same
def single_precision(lib, x, w):
    y = x.to(lib.float32) * 2
    y += w
    y[0] = w[1]
    return y.to(lib.float64)
