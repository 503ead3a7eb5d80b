"""Rows for `tensorgrad.ops.arithmetic`."""

from tests.op_cases.case import Case, away_from_zero, booleans, normal

CASES = [
    Case("add", lambda lib, a, b: lib.add(a, b), (normal(2, 3), normal(2, 3)), lambda a, b: a + b),
    Case("add-broadcast", lambda lib, a, b: a + b, (normal(2, 1, 3), normal(4, 1)), lambda a, b: a + b),
    Case("add-alpha", lambda lib, a, b: lib.add(a, b, alpha=2.5), (normal(3), normal(3)), lambda a, b: a + 2.5 * b),
    Case("add-number", lambda lib, a: 2 + a, (normal(2, 3),), lambda a: a + 2),
    Case("add-itself", lambda lib, a: a + a, (normal(2, 3),), lambda a: a + a),
    Case("sub", lambda lib, a, b: a - b, (normal(2, 3), normal(3)), lambda a, b: a - b),
    Case("sub-reflected", lambda lib, a: 2 - a, (normal(2, 3),), lambda a: 2 - a),
    Case("mul", lambda lib, a, b: a * b, (normal(2, 3), normal(2, 3)), lambda a, b: a * b),
    Case("mul-broadcast", lambda lib, a, b: a * b, (normal(), normal(4, 1)), lambda a, b: a * b),
    Case("mul-bool", lambda lib, a, b: a * b, (normal(2, 3), booleans(2, 3)), lambda a, b: a * b),
    Case("div", lambda lib, a, b: a / b, (normal(2, 3), away_from_zero(2, 3)), lambda a, b: a / b),
    Case("div-reflected", lambda lib, a: 2 / a, (away_from_zero(2, 3),), lambda a: 2 / a),
    Case("div_rounded-floor", lambda lib, a, b: lib.div(a, b, rounding_mode="floor"),
         (normal(2, 3), away_from_zero(2, 3)), lambda a, b: a // b, orders=0),
    Case("neg", lambda lib, a: -a, (normal(2, 3),), lambda a: -a),
    Case("clone", lambda lib, a: a.clone(), (normal(2, 3),), lambda a: a),
]
