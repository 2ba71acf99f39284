"""The allow-list: the only names that loading a clean file may need. Everything else is refused by name.

``TORCH`` is what ``torch.load(weights_only=True)`` of torch 2.13 allows by itself, kept as our own list so that a
newer torch cannot widen it unnoticed (a test compares the two). ``NUMPY`` and ``DTENSOR`` build plain numbers and
tensors; torch asks its users to vouch for them one by one, we check their arguments instead (see ``arguments``).
``DISTRIBUTED`` holds only in the ``.metadata`` file of a distributed checkpoint.
"""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

_STORED = (
    *("BFloat16", "Bool", "Byte", "Char", "ComplexDouble", "ComplexFloat", "Double", "Float", "Half"),
    *("Int", "Long", "Short"),
)
_TENSORS = tuple(name for name in _STORED if not name.startswith("Complex"))
_SPARSE = tuple(name for name in _TENSORS if name != "Bool")
_QUANTISED = ("QInt32", "QInt8", "QUInt2x4", "QUInt4x2", "QUInt8")
DTYPES = (
    *("bfloat16", "bits16", "bits1x8", "bits2x4", "bits4x2", "bits8", "bool", "complex128", "complex32", "complex64"),
    *("float16", "float32", "float4_e2m1fn_x2", "float64", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e5m2"),
    *("float8_e5m2fnuz", "float8_e8m0fnu", "qint32", "qint8", "quint2x4", "quint4x2", "quint8"),
    *(f"int{bits}" for bits in (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64)),
    *(f"uint{bits}" for bits in (1, 2, 3, 4, 5, 6, 7, 8, 16, 32, 64)),
)
_SCHEMES = (
    *("per_channel_affine", "per_channel_affine_float_qparams", "per_channel_symmetric"),
    *("per_tensor_affine", "per_tensor_symmetric"),
)
_REBUILD = (
    *("_rebuild_device_tensor_from_cpu_tensor", "_rebuild_device_tensor_from_numpy", "_rebuild_nested_tensor"),
    *("_rebuild_meta_tensor_no_storage", "_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_qtensor"),
    *("_rebuild_sparse_tensor", "_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"),
    "_rebuild_wrapper_subclass",
)
TORCH = frozenset(
    {
        "_codecs.encode",
        "builtins.bytearray",
        "builtins.complex",
        "builtins.set",
        "collections.Counter",
        "collections.OrderedDict",
        "torch.Size",
        "torch.Tensor",
        "torch._tensor._rebuild_from_type_v2",
        "torch.device",
        "torch.nn.parameter.Parameter",
        "torch.serialization._get_layout",
        "torch.storage.TypedStorage",
        "torch.storage.UntypedStorage",
        *(f"torch.{name}Storage" for name in (*_STORED, *_QUANTISED)),
        *(f"torch.cuda.{name}Storage" for name in _STORED),
        *(f"torch.{name}Tensor" for name in _TENSORS),
        *(f"torch.cuda.{name}Tensor" for name in _TENSORS),
        *(f"torch.sparse.{name}Tensor" for name in _SPARSE),
        *(f"torch.cuda.sparse.{name}Tensor" for name in _SPARSE),
        *(f"torch.{name}" for name in (*DTYPES, *_SCHEMES)),
        *(f"torch._utils.{name}" for name in _REBUILD),
    }
)
_NUMPY_HOMES = ("numpy.core", "numpy._core")
NUMPY = frozenset(
    {
        "numpy.dtype",
        "numpy.ndarray",
        *(f"{home}.multiarray.{name}" for home in _NUMPY_HOMES for name in ("scalar", "_reconstruct")),
        *(f"{home}.numeric._frombuffer" for home in _NUMPY_HOMES),
    }
)
DTENSOR = frozenset(
    {
        "torch.distributed.device_mesh.DeviceMesh",
        "torch.distributed.tensor.DTensor",
        "torch.distributed._mesh_layout._FlatLayout",
        "torch.distributed._mesh_layout._MeshLayout",
        "torch.distributed.tensor._dtensor_spec.DTensorSpec",
        "torch.distributed.tensor._dtensor_spec.ShardOrderEntry",
        "torch.distributed.tensor._dtensor_spec.TensorMeta",
        "torch.distributed.tensor.placement_types.Partial",
        "torch.distributed.tensor.placement_types.Replicate",
        "torch.distributed.tensor.placement_types.Shard",
    }
)
BEYOND_TORCH = NUMPY | DTENSOR
ALLOWED = TORCH | BEYOND_TORCH
_METADATA = "torch.distributed.checkpoint.metadata"
DISTRIBUTED = frozenset(
    {
        *(f"{_METADATA}.{name}" for name in ("BytesStorageMetadata", "ChunkStorageMetadata", "Metadata")),
        *(f"{_METADATA}.{name}" for name in ("MetadataIndex", "StorageMeta", "TensorProperties")),
        *(f"{_METADATA}.{name}" for name in ("TensorStorageMetadata", "_MEM_FORMAT_ENCODING")),
        "torch.distributed.checkpoint.filesystem._StorageInfo",
        "pathlib.Path",
        "pathlib.PosixPath",
    }
)
_HARMLESS = frozenset(
    {
        *("argparse.Namespace", "builtins.bytes", "builtins.frozenset", "builtins.range", "builtins.slice"),
        "collections.defaultdict",
        *("collections.deque", "datetime.date", "datetime.datetime", "datetime.timedelta", "decimal.Decimal"),
        *("fractions.Fraction", "pathlib.Path", "pathlib.PosixPath", "pathlib.PurePosixPath", "types.SimpleNamespace"),
        *("pathlib.WindowsPath", "pathlib.PureWindowsPath", "pathlib._local.PosixPath", "pathlib._local.Path"),
        *("uuid.UUID", "lightning.fabric.utilities.data.AttributeDict", "omegaconf.dictconfig.DictConfig"),
        *("lightning_fabric.utilities.data.AttributeDict", "pytorch_lightning.utilities.parsing.AttributeDict"),
    }
)
_DANGEROUS = frozenset(
    {
        *("os", "posix", "nt", "subprocess", "sys", "shutil", "socket", "pty", "ctypes", "_ctypes", "runpy"),
        *("importlib", "pickle", "_pickle", "marshal", "code", "codeop", "commands", "popen2", "timeit", "profile"),
        *("cProfile", "pdb", "bdb", "trace", "pip", "ensurepip", "venv", "webbrowser", "asyncio", "multiprocessing"),
        *(
            "threading",
            "functools",
            "operator",
            "_operator",
            "types",
            "copyreg",
            "copy_reg",
            "inspect",
            "pydoc",
            "doctest",
        ),
        *("builtins", "torch", "numpy", "imp", "zipimport", "pkgutil", "urllib", "http", "requests", "httpx"),
        *("ftplib", "smtplib", "ssl", "aiohttp", "tempfile", "io", "_io", "fileinput", "glob", "logging", "distutils"),
        *("setuptools", "cloudpickle", "dill", "joblib", "idlelib", "lib2to3", "test", "unittest", "gc", "sqlite3"),
    }
)


def translate(module: str, name: str) -> tuple[str, str]:
    """Return the Python 3 name of a global, as every unpickler does for protocols below 3."""
    if (module, name) in NAME_MAPPING:
        return NAME_MAPPING[module, name]
    return IMPORT_MAPPING.get(module, module), name


def is_harmless(name: str) -> bool:
    """Return whether a class is known to hold plain values, or is the submitter's own module class."""
    return name in _HARMLESS or name.startswith(("torch.nn.modules.", "torch.optim.", "__main__."))


def is_dangerous(name: str) -> bool:
    """Return whether a name lies in a module that is known to run commands, code or connections."""
    return name not in _HARMLESS and name.split(".", 1)[0] in _DANGEROUS and not is_harmless(name)
