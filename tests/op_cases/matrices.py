"""Rows for functions of matrices: inverses, determinants, factors, norms, sums and chains of products, distances."""

import numpy as np

from tensorgrad.ops.determinant import Cofactors
from tests.op_cases.case import Case, distinct, fixed, integers, normal

INF = float("inf")
SINGULAR = [[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.5, -1.0, 2.0]]


def regular(lib, x):
    """`x` with 5 added on the diagonal, far from singular even where its columns are equal."""
    return x + lib.diag_embed(x[..., 0] * 0 + 5)


def regular_array(x):
    """The same in NumPy."""
    return x + 5 * np.eye(x.shape[-1])


def definite(lib, x):
    """A positive definite matrix made of any one."""
    return regular(lib, x @ x.mT)


def definite_array(x):
    """The same in NumPy."""
    return regular_array(x @ x.swapaxes(-1, -2))


def norm(order, keepdim=False):
    """A row for ``linalg.norm`` of matrices."""
    return Case(f"linalg.norm-{order}-{'keepdim' if keepdim else 'matrix'}",
                lambda lib, x: lib.linalg.norm(x, order, (0, 1), keepdim), (distinct(3, 2),),
                lambda x: np.linalg.norm(x, order, (0, 1), keepdim), ops=NORM_OPS[order])


NORM_OPS = {"fro": ("euclidean_norm",), "nuc": ("singular_values",), 2: ("singular_values",), -2: ("singular_values",),
            1: ("amax",), -1: ("amin",), INF: ("amax",), -INF: ("amin",)}


def vector_norm(order):
    """A row for ``linalg.vector_norm``."""
    op = {2: "euclidean_norm", 1: "sum", INF: "amax", -INF: "amin"}.get(order, "power_norm")
    return Case(f"vector_norm-{order}", lambda lib, x: lib.linalg.vector_norm(x, order, 1), (distinct(3, 4),),
                lambda x: np.linalg.norm(x, order, 1), ops=(op,))


def distance(order, op):
    """A row for ``cdist``."""
    return Case(f"cdist-{order}", lambda lib, a, b: lib.cdist(a, b, order), (distinct(2, 3, 4), normal(2, 4)),
                lambda a, b: np.linalg.norm(a[:, :, None] - b, order, -1), ops=(op,),
                torch=False)  # PyTorch cannot differentiate it twice


def sum_of_products(name, shapes, reference, ops=("matmul", "add")):
    """Rows for addmm and its relatives, with and without factors."""
    return [Case(name, lambda lib, *x: getattr(lib, name)(*x), tuple(normal(*shape) for shape in shapes),
                 lambda c, a, b: c + reference(a, b), ops=ops),
            Case(f"{name}-factors", lambda lib, *x: getattr(lib, name)(*x, beta=0.5, alpha=-2),
                 tuple(normal(*shape) for shape in shapes), lambda c, a, b: 0.5 * c - 2 * reference(a, b), ops=ops),
            Case(f"{name}-without_input", lambda lib, *x: getattr(lib, name)(*x, beta=0),
                 tuple(normal(*shape) for shape in shapes), lambda c, a, b: np.broadcast_to(c, reference(a, b).shape) * 0
                 + reference(a, b), ops=ops)]


CASES = [
    Case("inverse", lambda lib, x: lib.inverse(regular(lib, x)), (normal(2, 3, 3),),
         lambda x: np.linalg.inv(regular_array(x))),
    Case("inverse-linalg", lambda lib, x: lib.linalg.inv(regular(lib, x)), (normal(3, 3),),
         lambda x: np.linalg.inv(regular_array(x))),
    Case("pinv-tall", lambda lib, x: lib.linalg.pinv(x), (normal(2, 4, 3),), np.linalg.pinv, ops=("pseudoinverse",)),
    Case("pinv-wide", lambda lib, x: lib.linalg.pinv(x), (normal(2, 4),), np.linalg.pinv, ops=("pseudoinverse",)),
    Case("matrix_rank", lambda lib, x: lib.linalg.matrix_rank(x), (fixed([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0]]),),
         np.linalg.matrix_rank, orders=0),
    Case("solve", lambda lib, a, b: lib.linalg.solve(regular(lib, a), b), (normal(2, 3, 3), normal(3, 4)),
         lambda a, b: np.linalg.solve(regular_array(a), b)),
    Case("solve-vector", lambda lib, a, b: lib.linalg.solve(regular(lib, a), b), (normal(3, 3), normal(3)),
         lambda a, b: np.linalg.solve(regular_array(a), b)),
    Case("solve-vectors", lambda lib, a, b: lib.linalg.solve(regular(lib, a), b), (normal(2, 3, 3), normal(2, 3)),
         lambda a, b: np.linalg.solve(regular_array(a), b[..., None])[..., 0]),
    Case("solve-right", lambda lib, a, b: lib.linalg.solve(regular(lib, a), b, left=False), (normal(3, 3), normal(2, 3)),
         lambda a, b: np.linalg.solve(regular_array(a).T, b.T).T),
    Case("det", lambda lib, x: lib.det(x), (normal(2, 3, 3),), np.linalg.det),
    Case("det-singular", lambda lib, x: lib.linalg.det(x), (fixed(SINGULAR),), lambda x: np.zeros(()),
         torch=False),  # PyTorch replaces the zero by a small number, whose second gradient is not exact
    Case("det-rank_1", lambda lib, x: lib.det(x), (fixed(np.outer([1.0, 2.0, 3.0], [2.0, -1.0, 1.0])),),
         lambda x: np.zeros(()), torch=False),  # as above
    Case("cofactors", lambda lib, x: Cofactors().apply(x), (normal(3, 3),),
         lambda x: np.linalg.det(x) * np.linalg.inv(x).T, torch=False),  # met only as a gradient
    Case("slogdet", lambda lib, x: tuple(lib.slogdet(regular(lib, x))), (normal(2, 3, 3),),
         lambda x: tuple(np.linalg.slogdet(regular_array(x))), ops=("sign_det", "log_abs_det")),
    Case("logdet", lambda lib, x: lib.logdet(definite(lib, x)), (normal(3, 3),),
         lambda x: np.log(np.linalg.det(definite_array(x))), ops=("log_abs_det",)),
    Case("cholesky", lambda lib, x: lib.cholesky(definite(lib, x)), (normal(2, 3, 3),),
         lambda x: np.linalg.cholesky(definite_array(x))),
    Case("cholesky-upper", lambda lib, x: lib.linalg.cholesky(definite(lib, x), upper=True), (normal(3, 3),),
         lambda x: np.linalg.cholesky(definite_array(x)).T),
    Case("svdvals", lambda lib, x: lib.linalg.svdvals(x), (normal(2, 3, 2),), lambda x: np.linalg.svd(x, compute_uv=False),
         ops=("singular_values",)),
    Case("svd", lambda lib, x: [y * y for y in lib.linalg.svd(x, full_matrices=False)], (normal(4, 3),),
         lambda x: [y * y for y in np.linalg.svd(x, full_matrices=False)], ops=("singular_values",), rtol=1e-8),
    Case("svd-wide", lambda lib, x: [y * y for y in lib.linalg.svd(x, full_matrices=False)], (normal(2, 4),),
         lambda x: [y * y for y in np.linalg.svd(x, full_matrices=False)], ops=("singular_values",), rtol=1e-8),
    Case("eigh", lambda lib, x: [y * y for y in lib.linalg.eigh(x + x.mT)], (normal(2, 3, 3),),
         lambda x: [y * y for y in np.linalg.eigh(x + x.swapaxes(1, 2))], ops=("symmetric_eigenvalues",), rtol=1e-8),
    Case("qr", lambda lib, x: tuple(lib.linalg.qr(x)), (normal(4, 3),), lambda x: tuple(np.linalg.qr(x)),
         ops=("orthogonal_triangular",)),
    Case("qr-wide", lambda lib, x: tuple(lib.linalg.qr(x)), (normal(2, 4),), lambda x: tuple(np.linalg.qr(x)),
         ops=("orthogonal_triangular", "cat")),
    *[norm(order) for order in NORM_OPS],
    norm("nuc", keepdim=True),
    norm(1, keepdim=True),
    Case("norm-nuc", lambda lib, x: lib.norm(x, "nuc"), (normal(3, 2),), lambda x: np.linalg.norm(x, "nuc"),
         ops=("singular_values",)),
    *[vector_norm(order) for order in (2, 1, 1.5, 3, -1, INF, -INF)],
    distance(2, "euclidean_norm"),
    distance(1, "sum"),
    distance(3, "power_norm"),
    distance(INF, "largest_difference"),
    *sum_of_products("addmm", ((4,), (2, 3), (3, 4)), np.matmul),
    *sum_of_products("addmv", ((1,), (2, 3), (3,)), np.matmul),
    *sum_of_products("addbmm", ((2, 4), (5, 2, 3), (5, 3, 4)), lambda a, b: (a @ b).sum(0)),
    *sum_of_products("baddbmm", ((2, 4), (5, 2, 3), (5, 3, 4)), np.matmul),
    *sum_of_products("addr", ((2, 1), (2,), (3,)), np.outer, ops=("mul", "add")),
    Case("addmm-integer", lambda lib, c, a, b: lib.addmm(c, a, b, beta=2, alpha=3),
         (integers(-5, 5, 2, 2), integers(-5, 5, 2, 3), integers(-5, 5, 3, 2)), lambda c, a, b: 2 * c + 3 * a @ b, orders=0,
         float32=False),
    Case("vdot", lambda lib, a, b: lib.vdot(a, b), (normal(3), normal(3)), np.vdot, ops=("matmul",)),
    Case("inner", lambda lib, a, b: lib.inner(a, b), (normal(2, 3), normal(4, 5, 3)), np.inner, ops=("matmul",)),
    Case("inner-number", lambda lib, a, b: lib.inner(a, b), (normal(), normal(2, 3)), np.inner, ops=("mul",)),
    Case("ger", lambda lib, a, b: lib.ger(a, b), (normal(3), normal(2)), np.outer, ops=("mul",)),
    Case("kron", lambda lib, a, b: lib.kron(a, b), (normal(2, 3), normal(4)), np.kron, ops=("mul",)),
    Case("cross", lambda lib, a, b: lib.cross(a, b, dim=1), (normal(2, 3), normal(2, 3)), np.cross, ops=("roll", "mul")),
    Case("cross-linalg", lambda lib, a, b: lib.linalg.cross(a, b), (normal(2, 3), normal(1, 3)), np.cross,
         ops=("roll", "mul")),
    Case("multi_dot", lambda lib, *x: lib.linalg.multi_dot(x), (normal(2), normal(2, 5), normal(5, 1), normal(1, 3)),
         lambda a, b, c, d: a @ b @ c @ d, ops=("matmul",)),
    Case("chain_matmul", lambda lib, *x: lib.chain_matmul(*x), (normal(2, 5), normal(5, 1), normal(1, 3)),
         lambda a, b, c: a @ b @ c, ops=("matmul",)),
    Case("matrix_power", lambda lib, x: lib.matrix_power(x, 5), (normal(2, 3, 3),),
         lambda x: np.linalg.matrix_power(x, 5), ops=("matmul",)),
    Case("matrix_power-negative", lambda lib, x: lib.linalg.matrix_power(regular(lib, x), -2), (normal(3, 3),),
         lambda x: np.linalg.matrix_power(regular_array(x), -2), ops=("matmul", "inverse")),
]
