"""Gadgets that run here, of torch, numpy and the deeper standard library: files, code objects, hooks, loaders."""

from __future__ import annotations

from typing import Any

from tests.unit.evidence.corpus.calls import (
    CODE,
    CONSOLE,
    FILES,
    HOOK,
    NATIVE,
    NUMPY,
    PACKAGE,
    STDLIB,
    TORCH,
    bound,
    call,
    code_of,
    nested,
    nested_dict,
)
from tests.unit.evidence.corpus.opcodes import Call, Glob

LIBRARIES: tuple[tuple[str, str, str, Any], ...] = (
    (
        "code-runsource",
        CONSOLE,
        "GHSA-cj3c-v495-4xqh",
        lambda m: bound("code", "InteractiveInterpreter", "runsource", m.py),
    ),
    (
        "code-runcode",
        CONSOLE,
        "GHSA-cj3c-v495-4xqh",
        lambda m: bound("code", "InteractiveInterpreter", "runcode", call("builtins", "compile", m.py, "x", "exec")),
    ),
    ("pty-spawn", STDLIB, "GHSA-vqmv-47xg-9wpr", lambda m: call("pty", "spawn", m.argv)),
    ("pydoc-pipepager", STDLIB, "picklescan malicious18", lambda m: call("pydoc", "pipepager", "", m.sh)),
    ("uuid-command", STDLIB, "GHSA-5hwf-rc88-82xm", lambda m: call("uuid", "_get_command_stdout", *m.argv)),
    ("osx-support", STDLIB, "GHSA-g38g-8gr9-h9xp", lambda m: call("_osx_support", "_read_output", m.sh)),
    ("imaplib-stream", STDLIB, "GHSA-g38g-8gr9-h9xp", lambda m: call("imaplib", "IMAP4_stream", m.sh)),
    (
        "webbrowser-generic",
        STDLIB,
        "modelaudit#253",
        lambda m: call("webbrowser", "GenericBrowser.open", call("webbrowser", "GenericBrowser", [*m.argv, "%s"]), "x"),
    ),
    (
        "subinterpreter",
        STDLIB,
        "GHSA-6ggj-6f2q-f7mx",
        lambda m: call("_xxsubinterpreters", "run_string", call("_xxsubinterpreters", "create"), m.py),
    ),
    (
        "ctypes-cdll",
        NATIVE,
        "GHSA-4675-36f9-wf6r, GHSA-5hvc-6wx8-mvv4",
        lambda m: Call(call("builtins", "getattr", call("ctypes", "CDLL", None), "system"), (m.sh.encode(),)),
    ),
    ("pip-main", PACKAGE, "CVE-2025-1716", lambda m: call("pip", "main", ["--log", m.path, "--isolated", "list"])),
    ("venv-create", PACKAGE, "picklescan malicious20", lambda m: call("venv", "create", m.path)),
    ("io-fileio", FILES, "picklescan tests: io_FileIO", lambda m: call("_io", "FileIO", m.path, "w")),
    ("codecs-open", FILES, "huntr: picklescan, codecs.open", lambda m: call("codecs", "open", m.path, "w")),
    (
        "logging-filehandler",
        FILES,
        "picklescan tests: logging_FileHandler",
        lambda m: call("logging", "FileHandler", m.path),
    ),
    (
        "distutils-write-file",
        FILES,
        "GHSA-m273-6v24-x4m4",
        lambda m: call("distutils.file_util", "write_file", m.path, ["x"]),
    ),
    (
        "pathlib-touch",
        FILES,
        "own",
        lambda m: call("pathlib", "Path.touch", call("pathlib", "Path", m.path)),
    ),
    ("shutil-copy", FILES, "picklescan#29", lambda m: call("shutil", "copyfile", "/dev/null", m.path)),
    ("torch-save", FILES, "own", lambda m: call("torch.serialization", "save", [], m.path)),
    ("pickle-loads", CODE, "modelscan#267", lambda m: call("pickle", "loads", nested(m))),
    ("c-pickle-loads", CODE, "picklescan malicious13", lambda m: call("_pickle", "loads", nested(m))),
    (
        "lib2to3-grammar",
        CODE,
        "GHSA-f54q-57x4-jg88",
        lambda m: call(
            "lib2to3.pgen2.grammar", "Grammar.loads", call("lib2to3.pgen2.grammar", "Grammar"), nested_dict(m)
        ),
    ),
    (
        "lib2to3-pgen",
        CODE,
        "GHSA-p9w7-82w4-7q8m",
        lambda m: call(
            "lib2to3.pgen2.pgen",
            "ParserGenerator.make_label",
            {},
            call("lib2to3.pgen2.grammar", "Grammar"),
            f"'' + str({m.py})",
        ),
    ),
    (
        "marshal-function",
        CODE,
        "picklescan#74",
        lambda m: Call(
            call(
                "types",
                "FunctionType",
                call("marshal", "loads", code_of(m)),
                {"__builtins__": Glob("builtins", "__dict__")},
            )
        ),
    ),
    (
        "cloudpickle-function",
        CODE,
        "picklescan tests: cloudpickle_codeinjection",
        lambda m: Call(
            call(
                "cloudpickle.cloudpickle",
                "_make_function",
                call("marshal", "loads", code_of(m)),
                {"__builtins__": Glob("builtins", "__dict__")},
                "x",
                None,
                None,
            )
        ),
    ),
    (
        "atexit-register",
        HOOK,
        "GHSA-m6fh-58r7-x697",
        lambda m: call(
            "builtins",
            "list",
            [call("atexit", "register", Glob("posix", "system"), m.sh), call("atexit", "_run_exitfuncs")],
        ),
    ),
    (
        "thread-start",
        HOOK,
        "modelscan 0.8.8 additional primitives",
        lambda m: call(
            "threading", "Thread.start", call("threading", "Thread", None, Glob("posix", "system"), None, (m.sh,))
        ),
    ),
    (
        "weakref-finalize",
        HOOK,
        "own",
        lambda m: call(
            "weakref",
            "finalize.__call__",
            call("weakref", "finalize", Glob("builtins", "set"), Glob("posix", "system"), m.sh),
        ),
    ),
    (
        "numpy-runstring",
        NUMPY,
        "picklescan malicious22",
        lambda m: call("numpy.testing._private.utils", "runstring", m.py, {}),
    ),
    (
        "numpy-getlincoef",
        NUMPY,
        "GHSA-r8g5-cgf2-4m4m",
        lambda m: call("numpy.f2py.crackfortran", "getlincoef", m.py, {}),
    ),
    (
        "numpy-eval-length",
        NUMPY,
        "GHSA-r8g5-cgf2-4m4m",
        lambda m: call("numpy.f2py.crackfortran", "_eval_length", m.py, {}),
    ),
    (
        "torch-evaluate-guards",
        TORCH,
        "GHSA-f4x7-rfwp-v3xw",
        lambda m: call(
            "torch.fx.experimental.symbolic_shapes",
            "ShapeEnv.evaluate_guards_expression",
            call("torch.fx.experimental.symbolic_shapes", "ShapeEnv"),
            m.py,
            [],
        ),
    ),
    (
        "torch-execwrapper",
        TORCH,
        "GHSA-vr7h-p6mm-wpmh",
        lambda m: call("torch.jit.unsupported_tensor_ops", "execWrapper", m.py, {}, {}),
    ),
    (
        "torch-config-module",
        TORCH,
        "GHSA-vv6j-3g6g-2pvj",
        lambda m: call("torch.utils._config_module", "ConfigModule.load_config", {}, nested(m)),
    ),
    (
        "torch-collect-env",
        TORCH,
        "GHSA-f745-w6jp-hpxx, modelscan#338",
        lambda m: call("torch.utils.collect_env", "run", m.sh),
    ),
    (
        "torch-collect-env-read",
        TORCH,
        "GHSA-jhph-76pp-mggw",
        lambda m: call("torch.utils.collect_env", "run_and_read_all", Glob("torch.utils.collect_env", "run"), m.sh),
    ),
    (
        "torch-datapipes-decoder",
        TORCH,
        "GHSA-h3qp-7fh3-f8h4",
        lambda m: call("torch.utils.data.datapipes.utils.decoder", "basichandlers", "pickle", nested(m)),
    ),
    (
        "torch-hub-from-local",
        TORCH,
        "own",
        lambda m: Call(Glob("torch.hub", "os.system"), (m.sh,)),
    ),
    (
        "torch-hidden-os",
        TORCH,
        "huntr: proto-4 dotted global",
        lambda m: Call(Glob("torch.serialization", "os.system"), (m.sh,)),
    ),
)
