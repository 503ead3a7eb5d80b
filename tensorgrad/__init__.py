"""tensorgrad: automatic differentiation on NumPy.  Layers, losses and training are in the package `nn`."""

import importlib as _importlib
import sys as _sys
import warnings
from typing import Any as _Any

from tensorgrad import autograd, creation, cuda, kernels, linalg, ops, overwriting_functions, profiler, random_creation
from tensorgrad.creation import *  # noqa: F401,F403
from tensorgrad.devices import device
from tensorgrad.drawing import draw
from tensorgrad.dtypes import (bool_, float16, float32, float64, get_default_dtype, int8, int16, int32, int64,
                               set_default_dtype, uint8)
from tensorgrad.interop import from_dlpack
from tensorgrad.kernels import get_num_threads, release_memory, set_num_threads
from tensorgrad.methods import attach
from tensorgrad.ops import *  # noqa: F401,F403
from tensorgrad.overwriting_functions import *  # noqa: F401,F403
from tensorgrad.random import Generator, default_generator, get_rng_state, manual_seed, set_rng_state
from tensorgrad.random_creation import *  # noqa: F401,F403
from tensorgrad.recording import enable_grad, inference_mode, is_grad_enabled, no_grad, scope, set_grad_enabled
from tensorgrad.tensor import Tensor, as_tensor
from tensorgrad.version import __version__

attach()

# log(0) is -inf and 0/0 is NaN here, as in PyTorch, without NumPy's warning; only for code of this package.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tensorgrad\.")


# What knows layers and belongs to nn, under the names that `import tensorgrad as torch` makes programs look for.
_IN_NN = {"nn": "nn", "optim": "nn.optim", "utils": "nn.utils", "func": "nn.func"}

# What PyTorch has at this place, and who looks for it should use.
_INSTEAD = {
    "save": "Weights are saved by nn.save(model.state_dict(), 'weights.safetensors'), never as a pickle.",
    "load": "Weights are read by nn.load('weights.safetensors'), never from a pickle.  PyTorch writes that format by "
            "safetensors.torch.save_file.",
    "compile": "Kernels are compiled by themselves (`tensorgrad warmup` does it ahead); leave the call out.",
    "jit": "There is no graph compiler; use the model itself.",
    "amp": "There is no automatic mixed precision; leave it out.",
    "backends": "There are no backends to set; kernels are switched by tensorgrad.kernels.use.",
}


def __getattr__(name: str) -> _Any:
    if name in _IN_NN:
        return _importlib.import_module(_IN_NN[name])
    if name == "coach":
        return _importlib.import_module("nn.coach").coach
    lacks = f"module 'tensorgrad' has no attribute {name!r}"
    if name in _INSTEAD:
        raise AttributeError(f"{lacks}.\n  {_INSTEAD[name]}")
    raise AttributeError(lacks, name=name, obj=_sys.modules[__name__])  # so that Python adds "Did you mean ..."


__all__ = [
    "__version__",
    "Tensor", "as_tensor", "from_dlpack",
    "kernels", "get_num_threads", "set_num_threads", "release_memory",
    "autograd", "cuda", "device", "linalg", "ops", "profiler", *ops.__all__, *creation.__all__, *random_creation.__all__,
    *overwriting_functions.__all__,
    "Generator", "manual_seed", "default_generator", "get_rng_state", "set_rng_state",
    "draw",
    "no_grad", "enable_grad", "inference_mode", "set_grad_enabled", "is_grad_enabled", "scope",
    "bool_", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8",
    "get_default_dtype", "set_default_dtype",
]
