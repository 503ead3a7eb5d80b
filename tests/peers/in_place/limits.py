"""Where PyTorch refuses."""

from tests.peers.in_place import better, refused


# -- where ours goes further ---------------------------------------------------------------------------------------------


@better
def what_backward_needs_is_kept(lib, x, w):
    y = x * 2
    z = y * w
    y += 1
    return z, y


@better
def a_result_that_backward_reads(lib, x, w):
    y = lib.exp(x)
    y *= 2
    return y


@better
def a_sigmoid_is_written_over(lib, x, w):
    y = lib.sigmoid(x)
    z = lib.sigmoid(y)
    y[0] = w[0]
    return z, y


@better
def rows_of_an_iteration(lib, x, w):
    y = x * 2
    for row in y:
        row += w[0]
    return y


@better
def a_relu_that_something_is_added_to(lib, x, w):
    out = lib.nn.functional.relu(x)
    out += w
    return out


@better
def a_constant_view_of_what_is_now_recorded(lib, x, w):
    buffer = lib.zeros(3, 4, dtype=lib.float64)
    row, other = buffer[0], buffer[2]
    row.copy_(x[0])
    other += 1
    return buffer, row, other


@better
def halves_of_a_chunk(lib, x, w):
    y = x * 2
    a, b = y.chunk(2, 1)
    a *= w[:, :2]
    return y, a, b


# -- what both refuse ----------------------------------------------------------------------------------------------------


@refused
def a_leaf(lib, x, w):
    x += 1


@refused
def a_view_of_a_leaf(lib, x, w):
    x[0].mul_(2)


@refused
def assignment_to_a_leaf(lib, x, w):
    x[0] = w[0]


@refused
def an_activation_of_a_leaf(lib, x, w):
    lib.nn.functional.relu(x, inplace=True)


@refused
def an_activation_of_a_view_of_a_leaf(lib, x, w):
    lib.nn.ReLU(inplace=True)(x.view(-1))


@refused
def a_result_of_another_shape(lib, x, w):
    y = x[0] * 2
    y += w


@refused
def a_float_in_an_integer_tensor(lib, x, w):
    y = lib.ones(3, 4, dtype=lib.int64)
    y += x


@refused
def an_expanded_tensor(lib, x, w):
    y = (x[:, :1] * 2).expand(3, 4)
    y += w


@refused
def a_value_of_another_shape(lib, x, w):
    y = x * 2
    y[0] = w[:, 0]


@refused
def an_index_outside(lib, x, w):
    y = x * 2
    y[3] = 0


@refused
def a_view_made_without_a_graph(lib, x, w):
    y = x * 2
    with lib.no_grad():
        row = y[0]
    row += w[0]
