"""The allow-list is torch's own and what we vouch for beside it; everything else is refused by its name."""

from __future__ import annotations

import torch
from torch._weights_only_unpickler import _get_allowed_globals

from exeat.evidence.inspection.allowed import (
    ALLOWED,
    BEYOND_TORCH,
    DISTRIBUTED,
    TORCH,
    is_dangerous,
    is_harmless,
    translate,
)


def test_our_list_of_torch_is_what_this_torch_allows():
    """A newer torch that allows more, or less, is looked at by a person before our list follows."""
    assert set(_get_allowed_globals()) == set(TORCH), torch.__version__


def test_what_goes_beyond_torch_builds_numbers_and_tensors_only():
    assert not BEYOND_TORCH & TORCH
    assert all(name.startswith(("numpy.", "torch.distributed.")) for name in BEYOND_TORCH)
    assert not DISTRIBUTED & ALLOWED


def test_no_allowed_name_is_called_dangerous_elsewhere():
    """Whoever is on the list is never described as dangerous by the words for what is not."""
    roots = {"os", "posix", "subprocess", "sys", "importlib", "functools", "operator", "builtins.eval", "builtins.exec"}
    assert [name for name in ALLOWED if name in roots or name.split(".")[0] in roots - {"builtins"}] == []


def test_harmless_and_dangerous_exclude_each_other():
    for name in ("pathlib.PosixPath", "builtins.range", "torch.nn.modules.linear.Linear", "__main__.Net"):
        assert is_harmless(name)
        assert not is_dangerous(name)
    for name in ("posix.system", "builtins.eval", "torch.hub.load", "numpy.testing._private.utils.runstring"):
        assert is_dangerous(name)
        assert not is_harmless(name)


def test_names_are_translated_as_unpicklers_do():
    assert translate("__builtin__", "set") == ("builtins", "set")
    assert translate("copy_reg", "_reconstructor") == ("copyreg", "_reconstructor")
    assert translate("torch._utils", "_rebuild_tensor_v2") == ("torch._utils", "_rebuild_tensor_v2")
