"""Functions of a tensor: is the result the tensor itself, a view, or a copy?  Expressions in `lib`, `F`, and `x`, (3, 4)."""

EXPRESSIONS = """
x.double()   x.float().double()   x.to(lib.float64)   x.to(lib.float64, copy=True)   x.type_as(x)   x.cpu()
lib.as_tensor(x)
x.contiguous()   x.t().contiguous()   x.clone()   x.detach()   x.data   +x   -(-x)   abs(x)   x.real
x.expand(3, 4)   x.expand(-1, -1)   x.expand(1, 3, 4)   x.broadcast_to((3, 4))   lib.broadcast_tensors(x, x)[0]
x.reshape(3, 4)   x.t().reshape(3, 4)   x.reshape_as(x)   x.view(4, 3)   x.view_as(x)   x.unflatten(1, (2, 2))
x.flatten()   x[0].flatten()   x.t().flatten()   x[None].flatten(0, 1)   x.ravel()   x[1:, 1:].reshape(-1)
x[:, 1:3].view(3, 2, 1)
x.squeeze()   x.squeeze(0)   x.unsqueeze(0)   lib.atleast_1d(x)   lib.atleast_3d(x)   x.unsqueeze(0).squeeze(0).t().t()
x.permute(0, 1)   x.transpose(0, 0)   x[0].t()   x.mT   x.mT.mT   x.T   x.movedim(0, 1)   x.swapaxes(0, 1)   x.adjoint()
x[...]   x[:]   x[None]   x[True]   x[[0, 1, 2]]   x[x > -100]   x[0:2][1:]   x[:, ::2]   x[:, ::2].t()[1]
x.narrow(0, 0, 3)   x.select(0, 1)   x.split(3)[0]   x.chunk(1)[0]   x.unbind()[0]   lib.tensor_split(x, 1)[0]
lib.hsplit(x, 2)[0]
x.diagonal()   x[:, :3].diag()   lib.diag_embed(x)   lib.einsum("ij->ij", x)   lib.einsum("ij->ji", x)
lib.einsum("ii->i", x[:, :3])
x.unfold(1, 2, 2)   x.roll(0)   x.roll(0, 0)   x.flip([])   x.flip([0])   lib.rot90(x, 0)   lib.rot90(x, 1)
lib.fliplr(x)
x.repeat(1, 1)   lib.tile(x, (1, 1))   x.repeat_interleave(1, 0)   lib.repeat_interleave(x, 1)
lib.cat([x])   lib.cat((x,), 1)   lib.cat([x, x[:0]])   lib.stack([x])   lib.hstack([x])   lib.vstack((x,))
lib.dstack([x])
lib.meshgrid(x[0], x[1], indexing="ij")[0]   x.select_scatter(x[0], 0, 0)   x.index_add(0, lib.tensor([0]), x[:1] * 0)
x.index_select(0, lib.tensor([0, 1, 2]))   x.gather(0, lib.tensor([[0, 0, 0, 0]]))   x.take(lib.tensor([0, 1]))
x ** 1   x.pow(1.0)   x / 1   x * 1   x + 0   x.sub(0)   x.lerp(x, 0.5)   x.maximum(x * 0 - 100)
x @ lib.eye(4, dtype=lib.float64)
x.clamp(-100, 100)   x.clamp(min=-100)   lib.nan_to_num(x)   lib.where(x > -100, x, 0.0)   x.masked_fill(x > 100, 0)
x.round(decimals=12)   x.floor()   x.tril(10)   x.triu(-10)   x.cumsum(0)   x.sort()[0]
x[:, :1].mean(1)   x[:, :1].sum(1)   x[:, :1].amax(1)   x[:, :1].prod(1)
lib.relu(x)   F.hardtanh(x, -100, 100)   F.leaky_relu(x, 1.0)   F.threshold(x, -100, 0)   F.normalize(x)
F.dropout(x, 0.5, False)   F.dropout(x, 0.0, True)   lib.nn.Dropout().eval()(x)
lib.nn.Dropout2d().eval()(x[None, None])
F.alpha_dropout(x, 0.5, False)   lib.nn.Identity()(x)   lib.nn.Sequential()(x)
lib.nn.Sequential(lib.nn.Identity(), lib.nn.Dropout(0.0))(x)
lib.nn.Flatten()(x[None])   lib.nn.Unflatten(1, (2, 2))(x)   lib.nn.ZeroPad2d(0)(x[None])   F.pad(x, (0, 0))
F.pad(x, (-1, 0))
F.pad(x[None], (0, 0, 0, 0), mode="constant")   F.pad(x[None], (0, 0), mode="reflect")   F.pad(x, (-1, 1))
F.interpolate(x[None, None], size=(3, 4))   F.interpolate(x[None, None], size=(3, 4), mode="bilinear")
lib.nn.Upsample(scale_factor=1)(x[None, None])   F.pixel_shuffle(x[None, None], 1)   F.pixel_unshuffle(x[None, None], 1)
F.channel_shuffle(x[None, None], 1)   F.unfold(x[None, None], 1)   F.lp_pool2d(x[None].abs(), 1, 1)
F.avg_pool2d(x[None], 1)   F.max_pool2d(x[None], 1)   F.adaptive_avg_pool2d(x[None], (3, 4))
F.adaptive_max_pool2d(x[None], (3, 4))
F.batch_norm(x, None, None, training=True)
"""

SHARING = [expression.strip() for line in EXPRESSIONS.splitlines() for expression in line.split("   ") if expression.strip()]
WRITES = {
    "add_": lambda lib, y: y.add_(1.5),
    "+=": lambda lib, y: y.__iadd__(2.0),
    "setitem": lambda lib, y: y.__setitem__(0, 7.0),
    "relu": lambda lib, y: lib.nn.functional.relu(y, inplace=True),
    "clamp_": lambda lib, y: y.clamp_(max=0.5),
}
