"""What a pickle may set on objects that it has made: attributes, BUILD states; never the values of a tensor.

``torch.Tensor.__setstate__`` and ``setattr`` replace what a rebuild function has made (``data``, ``grad``), so that
torch would read other numbers than the ones shown here. Only forms that torch itself writes pass.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from exeat.evidence.inspection.allowed import DISTRIBUTED, DTENSOR, DTYPES
from exeat.evidence.inspection.symbols import Call, Global, OrderedMap

if TYPE_CHECKING:
    from collections.abc import Iterable

OF_TENSORS = frozenset(
    {
        *(
            "H",
            "T",
            "_backward_hooks",
            "_base",
            "_cdata",
            "_grad",
            "_grad_fn",
            "_has_symbolic_sizes_strides",
            "_version",
        ),
        *(
            "_post_accumulate_grad_hooks",
            "_python_dispatch",
            "data",
            "device",
            "dtype",
            "grad",
            "grad_dtype",
            "grad_fn",
        ),
        *("imag", "is_cpu", "is_cuda", "is_ipu", "is_leaf", "is_maia", "is_meta", "is_mkldnn", "is_mps", "is_mtia"),
        *("is_nested", "is_quantized", "is_sparse", "is_sparse_csr", "is_vulkan", "is_xla", "is_xpu", "itemsize"),
        *("layout", "mH", "mT", "name", "names", "nbytes", "ndim", "output_nr", "real", "requires_grad"),
        *("retains_grad", "shape", "volatile"),
    }
)
"""Attributes that torch computes or that are the tensor itself; a test compares them with torch's own."""
_OF_MAPS = frozenset(dir(OrderedDict))
_PROPERTIES = "torch.distributed.checkpoint.metadata.TensorProperties"
_PARAMETER = "torch.nn.parameter.Parameter"
_OLD_PARAMETER = 3
"""torch 0.3: requires_grad, volatile, hooks."""


def may_have_state(call: Call) -> bool:
    """Return whether torch or numpy writes such a BUILD after this call; numpy's states are judged by ``arguments``."""
    name, state = str(call.func), call.state
    if name == "numpy.dtype" or name.endswith(".multiarray._reconstruct"):
        return True
    if name == _PARAMETER:
        old = isinstance(state, tuple) and len(state) == _OLD_PARAMETER
        return old and isinstance(state[0], bool) and no_hooks(state[2])
    if name == _PROPERTIES:
        return isinstance(state, tuple)
    return (name in DTENSOR or name in DISTRIBUTED) and type(state) is dict and _attributes(state, ())


def attributes_of_tensor(state: Any) -> bool:
    """Return whether a state only gives a tensor Python attributes: names that mean nothing to torch, plain values."""
    pair = isinstance(state, tuple) and len(state) == 2  # noqa: PLR2004 attributes and slots (PEP 307)
    parts = [part for part in state if part is not None] if pair else [] if state is None else [state]
    return all(isinstance(part, dict) and _attributes(part, OF_TENSORS) for part in parts)


def attributes_of_map(state: Any) -> bool:
    """Return whether a state only gives an ordered dict attributes, such as ``_metadata``."""
    return isinstance(state, dict) and _attributes(state, _OF_MAPS)


def no_hooks(value: Any) -> bool:
    """Return whether hooks are none at all, as torch has written them since 0.4."""
    return value is None or (isinstance(value, dict) and not value and getattr(value, "state", None) is None)


def _attributes(state: dict[Any, Any], taken: Iterable[str]) -> bool:
    """Return whether every name is free and no value could be called in place of a method."""
    return all(_is_free(key) and key not in taken and _is_no_function(value) for key, value in state.items())


def _is_free(key: Any) -> bool:
    return type(key) is str and key.isascii() and key.isidentifier() and not key.startswith("__")


def _is_no_function(value: Any) -> bool:
    return not isinstance(value, Global) or (value.module == "torch" and value.name in DTYPES)


def frozen(value: Any) -> Any:
    """Return what a loader takes over at once: later changes of the same dict or list do not reach the object."""
    if type(value) is dict or type(value) is list:
        return value.copy()
    if isinstance(value, OrderedMap):
        made = OrderedMap(value)
        made.state = value.state
        return made
    return value
