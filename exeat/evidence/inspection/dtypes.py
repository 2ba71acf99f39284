"""Element types: torch's names to the names of safetensors, and the bytes of one element.

Types without a size here (two elements in a byte, blocks of GGUF) are read as the bytes of their storage only.
"""

from __future__ import annotations

ITEM_BYTES = {
    **dict.fromkeys(("BOOL", "U8", "I8", "F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F8_E8M0"), 1),
    **dict.fromkeys(("U16", "I16", "F16", "BF16"), 2),
    **dict.fromkeys(("U32", "I32", "F32", "C32"), 4),
    **dict.fromkeys(("U64", "I64", "F64", "C64"), 8),
    "C128": 16,
}
PACKED = "PACKED"
"""Elements smaller than a byte, as torch's quint4x2, uint4 or float4_e2m1fn_x2 lay them out."""
OF_STORAGE = {
    "Double": "F64",
    "Float": "F32",
    "Half": "F16",
    "BFloat16": "BF16",
    "Long": "I64",
    "Int": "I32",
    "Short": "I16",
    "Char": "I8",
    "Byte": "U8",
    "Bool": "BOOL",
    "ComplexFloat": "C64",
    "ComplexDouble": "C128",
    "QInt8": "I8",
    "QUInt8": "U8",
    "QInt32": "I32",
    "QUInt4x2": PACKED,
    "QUInt2x4": PACKED,
    "Untyped": "U8",
}
"""By the word before ``Storage`` in torch's storage classes."""
OF_TORCH = {
    "float64": "F64",
    "float32": "F32",
    "float16": "F16",
    "bfloat16": "BF16",
    "complex32": "C32",
    "complex64": "C64",
    "complex128": "C128",
    "bool": "BOOL",
    "float8_e4m3fn": "F8_E4M3",
    "float8_e5m2": "F8_E5M2",
    "float8_e4m3fnuz": "F8_E4M3FNUZ",
    "float8_e5m2fnuz": "F8_E5M2FNUZ",
    "float8_e8m0fnu": "F8_E8M0",
    "qint8": "I8",
    "quint8": "U8",
    "qint32": "I32",
    **{f"int{bits}": f"I{bits}" for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": f"U{bits}" for bits in (8, 16, 32, 64)},
}
"""By the name of a ``torch.dtype``."""
OF_NUMPY = {
    "?": "BOOL",
    "b1": "BOOL",
    "i1": "I8",
    "u1": "U8",
    "i2": "I16",
    "u2": "U16",
    "i4": "I32",
    "u4": "U32",
    "i8": "I64",
    "u8": "U64",
    "f2": "F16",
    "f4": "F32",
    "f8": "F64",
    "c8": "C64",
    "c16": "C128",
}
"""By numpy's type string without its byte order."""
