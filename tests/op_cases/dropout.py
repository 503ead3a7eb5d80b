"""Rows for dropout: gradients against differences, with the same draws each time.  Values are in test_dropout.py."""

from tests.op_cases.case import Case, normal

# PyTorch draws other numbers.
CASES = [
    Case("dropout", lambda lib, x: lib.F.dropout(x, 0.4), (normal(4, 5),), torch=False),
    Case("dropout-image", lambda lib, x: lib.F.dropout(x, 0.4), (normal(2, 3, 4, 4),), torch=False),
    Case("dropout-all", lambda lib, x: lib.F.dropout(x, 1.0), (normal(4, 5),), lambda x: x * 0, torch=False),
    Case("dropout-eval", lambda lib, x: lib.F.dropout(x * 2, 0.4, training=False), (normal(4, 5),), lambda x: x * 2,
         ops=("mul",)),
    Case("dropout1d", lambda lib, x: lib.F.dropout1d(x, 0.4), (normal(4, 5, 2),), ops=("dropout",), torch=False),
    Case("dropout2d", lambda lib, x: lib.F.dropout2d(x, 0.4), (normal(4, 5, 2, 2),), ops=("dropout",), torch=False),
    Case("dropout3d", lambda lib, x: lib.F.dropout3d(x, 0.4), (normal(4, 5, 2, 2, 1),), ops=("dropout",), torch=False),
    Case("alpha_dropout", lambda lib, x: lib.F.alpha_dropout(x, 0.4, training=True), (normal(4, 5),), torch=False),
    Case("feature_alpha_dropout", lambda lib, x: lib.F.feature_alpha_dropout(x, 0.4, training=True), (normal(4, 5, 3),),
         ops=("alpha_dropout",), torch=False),
]
