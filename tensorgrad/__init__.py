"""tensorgrad: automatic differentiation on NumPy.  Layers, losses and training are in the package `nn`."""

import importlib as _importlib
import sys as _sys
import warnings
from math import e, inf, nan, pi
from typing import Any as _Any

from tensorgrad import (accelerator, autograd, backends, creation, cuda, index_creation, kernels, linalg, memory_formats,
                        ops, profiler, random_creation, special)
from tensorgrad.creation import *  # noqa: F401,F403
from tensorgrad.devices import device
from tensorgrad.drawing import draw
from tensorgrad.dtypes import (bool_, float16, float32, float64, get_default_dtype, int8, int16, int32, int64,
                               set_default_dtype, uint8)
from tensorgrad.generator import Generator
from tensorgrad.in_place import functions as _in_place
from tensorgrad.in_place.functions import *  # noqa: F401,F403
from tensorgrad.index_creation import *  # noqa: F401,F403
from tensorgrad.interop import from_dlpack
from tensorgrad.kernels import get_num_threads, release_memory, set_num_threads
from tensorgrad.memory_formats import *  # noqa: F401,F403
from tensorgrad.methods import attach
from tensorgrad.ops import *  # noqa: F401,F403
from tensorgrad.porting import switches as _switches
from tensorgrad.porting import typed_tensors as _types
from tensorgrad.porting.dtype_limits import finfo, iinfo
from tensorgrad.porting.dtype_names import (bool, double, dtype, float, half, int, long, short,  # noqa: F401
                                            uint16, uint32, uint64)
from tensorgrad.porting.keyword_names import with_other_names as _with_other_names
from tensorgrad.porting.sizes import Size, broadcast_shapes
from tensorgrad.porting.switches import *  # noqa: F401,F403
from tensorgrad.porting.typed_tensors import *  # noqa: F401,F403
from tensorgrad.random import default_generator, get_rng_state, initial_seed, manual_seed, seed, set_rng_state
from tensorgrad.random_creation import *  # noqa: F401,F403
from tensorgrad.recording import enable_grad, inference_mode, is_grad_enabled, no_grad, scope, set_grad_enabled
from tensorgrad.tensor import Tensor, as_tensor
from tensorgrad.version import __version__

attach()
globals().update({name: _with_other_names(globals()[name]) for name in ops.__all__})
newaxis = None

# log(0) is -inf and 0/0 is NaN here, as in PyTorch, without NumPy's warning; only for code of this package.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tensorgrad\.")


# What knows layers and belongs to nn, under the names that `import tensorgrad as torch` makes programs look for.
_IN_NN = {"nn": "nn", "optim": "nn.optim", "utils": "nn.utils", "func": "nn.func"}

_IN_FUNCTIONAL = ("bilinear", "cosine_similarity", "pairwise_distance", "pdist", "rrelu")

# What PyTorch has at this place, and who looks for it should use.
_INSTEAD = {
    "save": "Weights are saved by nn.save(model.state_dict(), 'weights.safetensors'), never as a pickle.",
    "load": "Weights are read by nn.load('weights.safetensors'), never from a pickle.  PyTorch writes that format by "
            "safetensors.torch.save_file.",
    "compile": "Kernels are compiled by themselves (`tensorgrad warmup` does it ahead); leave the call out.",
    "jit": "There is no graph compiler; use the model itself.",
    "amp": "There is no automatic mixed precision; leave it out.",
}


def __getattr__(name: str) -> _Any:
    if name in _IN_NN:
        return _importlib.import_module(_IN_NN[name])
    if name in _IN_FUNCTIONAL:
        return getattr(_importlib.import_module("nn.functional"), name)
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
    *_in_place.__all__, *memory_formats.__all__, *_switches.__all__,
    *index_creation.__all__, *_types.__all__,
    "accelerator", "backends", "special", "finfo", "iinfo", "Size", "broadcast_shapes", "e", "inf", "nan", "pi",
    "Generator", "manual_seed", "seed", "initial_seed", "default_generator", "get_rng_state", "set_rng_state",
    "draw",
    "no_grad", "enable_grad", "inference_mode", "set_grad_enabled", "is_grad_enabled", "scope",
    "bool_", "float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8",
    "get_default_dtype", "set_default_dtype",
]
