"""Members of an archive that some loader of torch, or Python itself, runs as code: modules, libraries, programs.

``torch.package`` imports ``*.py`` of the same file that ``torch.load`` reads as a checkpoint, AOTInductor loads
``data/aotinductor/**/*.so``, and ``python file.pt`` runs ``__main__.py`` of any zip archive.
"""

from __future__ import annotations

_ENDS = (
    *(".py", ".pyc", ".pyo", ".pyw", ".pyd", ".pyx", ".so", ".dll", ".dylib", ".exe", ".o", ".a", ".cubin", ".ptx"),
    *(".sh", ".bash", ".bat", ".cmd", ".ps1", ".js", ".mjs", ".vbs", ".php", ".pl", ".rb", ".jar", ".class", ".wasm"),
    *(".cpp", ".cc", ".c", ".cu", ".ipynb", ".lua", ".mlmodelc"),
)
_PACKAGES = (".data/extern_modules", ".data/python_version", "extern_modules", "archive_format")
"""What torch.package and torch.export write, and torch.save never does."""
_FOLDERS = ("/data/aotinductor/", "/code/")
_STARTS = (
    *(b"\x7fELF", b"#!/", b"#! /", b"\xfe\xed\xfa\xce", b"\xfe\xed\xfa\xcf", b"\xce\xfa\xed\xfe", b"\xcf\xfa\xed\xfe"),
    *(b"\xca\xfe\xba\xbe", b"\x00asm", b"!<arch>\n", b"dex\n"),
)
TAKE_OUT = "Take the code out, or export the weights alone: torch.save(module.state_dict(), …)."


def is_code(name: str, head: bytes) -> bool:
    """Return whether a member is code, by its name or by how it begins."""
    low = "/" + name.casefold()
    inside = low.split("/", 2)[-1]
    if low.endswith(_ENDS) or inside in _PACKAGES or low.rsplit("/", 1)[-1] in _PACKAGES:
        return True
    if any(folder in low for folder in _FOLDERS):
        return True
    return head.startswith(_STARTS)
