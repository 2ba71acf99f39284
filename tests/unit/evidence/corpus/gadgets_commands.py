"""Gadgets that run here, of the standard library: commands, evaluation, imports, chains, profilers.

Each row: name, family, source, and the call. "own" is a trick of ours; the rest are written from the advisories.
"""

from __future__ import annotations

from typing import Any

from tests.unit.evidence.corpus.calls import BUILTIN, CHAIN, IMPORT, OS, RUN, SUB, bound, call, number_timer
from tests.unit.evidence.corpus.opcodes import Call, Glob

COMMANDS: tuple[tuple[str, str, str, Any], ...] = (
    ("os-system", OS, "Python pickle documentation", lambda m: call("os", "system", m.sh)),
    ("posix-system", OS, "picklescan README", lambda m: call("posix", "system", m.sh)),
    ("os-popen", OS, "picklescan _unsafe_globals", lambda m: call("os", "popen", m.sh)),
    ("os-execv", OS, "picklescan _unsafe_globals", lambda m: call("os", "execv", "/bin/sh", m.argv)),
    ("os-execlp", OS, "picklescan _unsafe_globals", lambda m: call("os", "execlp", "sh", *m.argv)),
    ("os-spawnvp", OS, "picklescan _unsafe_globals", lambda m: call("os", "spawnvp", 0, "sh", m.argv)),
    ("posix-spawn", OS, "picklescan _unsafe_globals", lambda m: call("posix", "posix_spawn", "/bin/sh", m.argv, {})),
    ("subprocess-popen", SUB, "modelscan settings", lambda m: call("subprocess", "Popen", m.argv)),
    ("subprocess-run", SUB, "picklescan malicious8", lambda m: call("subprocess", "run", m.argv)),
    ("subprocess-check-output", SUB, "modelscan settings", lambda m: call("subprocess", "check_output", m.argv)),
    ("subprocess-getoutput", SUB, "modelscan settings", lambda m: call("subprocess", "getoutput", m.sh)),
    (
        "multiprocessing-spawnv",
        SUB,
        "modelscan#338",
        lambda m: call("multiprocessing.util", "spawnv_passfds", b"/bin/sh", m.argv, ()),
    ),
    (
        "asyncio-subprocess-transport",
        SUB,
        "GHSA-q77w-mwjj-7mqx",
        lambda m: call("asyncio.unix_events", "_UnixSubprocessTransport._start", {}, m.sh, True, None, None, None, 0),
    ),
    ("builtins-eval", BUILTIN, "picklescan#13", lambda m: call("builtins", "eval", m.py)),
    ("builtins-exec", BUILTIN, "GHSA-h4rm-mm56-xf63", lambda m: call("builtins", "exec", m.py)),
    (
        "builtins-compile",
        BUILTIN,
        "picklescan malicious0",
        lambda m: call("builtins", "exec", call("builtins", "compile", m.py, "x", "exec")),
    ),
    ("builtins-open", BUILTIN, "picklescan _unsafe_globals", lambda m: call("builtins", "open", m.path, "w")),
    (
        "builtins-map",
        BUILTIN,
        "fickling#205",
        lambda m: call("builtins", "list", call("builtins", "map", Glob("builtins", "eval"), [m.py])),
    ),
    (
        "import-getattr",
        CHAIN,
        "GHSA-46h3-79wf-xr6c",
        lambda m: Call(call("builtins", "getattr", call("builtins", "__import__", "os"), "system"), (m.sh,)),
    ),
    (
        "importlib-getattr",
        IMPORT,
        "picklescan#66",
        lambda m: Call(call("builtins", "getattr", call("importlib", "import_module", "os"), "system"), (m.sh,)),
    ),
    (
        "inspect-getattr-static",
        IMPORT,
        "huntr: picklescan 1.0.4, getattr_static",
        lambda m: Call(call("inspect", "getattr_static", call("importlib", "import_module", "os"), "system"), (m.sh,)),
    ),
    (
        "pkgutil-resolve-name",
        IMPORT,
        "GHSA-vvpj-8cmc-gx39",
        lambda m: Call(call("pkgutil", "resolve_name", "os:system"), (m.sh,)),
    ),
    ("pydoc-locate", IMPORT, "GHSA-84r2-jw7c-4r5q", lambda m: Call(call("pydoc", "locate", "os.system"), (m.sh,))),
    (
        "logging-resolve",
        IMPORT,
        "own",
        lambda m: Call(call("logging.config", "_resolve", "os.system"), (m.sh,)),
    ),
    (
        "joined-names",
        IMPORT,
        "modelscan#331",
        lambda m: Call(
            call(
                "builtins",
                "getattr",
                call("importlib", "import_module", call("builtins", "str.join", "", ["o", "s"])),
                call("builtins", "str.join", "", ["sys", "tem"]),
            ),
            (m.sh,),
        ),
    ),
    (
        "attrgetter",
        CHAIN,
        "GHSA-46h3-79wf-xr6c",
        lambda m: Call(
            Call(call("_operator", "attrgetter", "system"), (call("builtins", "__import__", "os"),)), (m.sh,)
        ),
    ),
    (
        "methodcaller",
        CHAIN,
        "GHSA-955r-x9j8-7rhh",
        lambda m: Call(call("_operator", "methodcaller", "system", m.sh), (call("builtins", "__import__", "os"),)),
    ),
    (
        "methodcaller-locate",
        CHAIN,
        "GHSA-84r2-jw7c-4r5q",
        lambda m: Call(call("operator", "methodcaller", "system", m.sh), (call("pydoc", "locate", "os"),)),
    ),
    (
        "itemgetter",
        CHAIN,
        "picklescan _unsafe_globals",
        lambda m: Call(Call(call("operator", "itemgetter", "system"), (Glob("os", "__dict__"),)), (m.sh,)),
    ),
    (
        "functools-partial",
        CHAIN,
        "picklescan _unsafe_globals",
        lambda m: Call(call("functools", "partial", Glob("posix", "system"), m.sh)),
    ),
    (
        "functools-reduce",
        CHAIN,
        "picklescan#66",
        lambda m: Call(
            call("functools", "reduce", Glob("builtins", "getattr"), ["system"], call("builtins", "__import__", "os")),
            (m.sh,),
        ),
    ),
    (
        "subclasses-walk",
        CHAIN,
        "own",
        lambda m: Call(
            Glob("builtins", "object.__class__.__base__.__subclasses__.__class__.__call__"),
            (Glob("builtins", "eval"), m.py),
        ),
    ),
    ("runpy-run-code", RUN, "picklescan malicious14", lambda m: call("runpy", "_run_code", m.py, {})),
    (
        "timeit-timeit",
        RUN,
        "picklescan malicious21",
        lambda m: call("timeit", "timeit", m.py, "pass", number_timer(), 1),
    ),
    ("timeit-main", RUN, "fickling#210", lambda m: call("timeit", "main", ["-n1", "-r1", m.py])),
    ("cprofile-run", RUN, "GHSA-49gj-c84q-6qm9", lambda m: call("cProfile", "run", m.py)),
    ("cprofile-runctx", RUN, "GHSA-9w88-8rmg-7g2p", lambda m: call("cProfile", "runctx", m.py, {}, {})),
    ("profile-run", RUN, "GHSA-7wx9-6375-f5wh", lambda m: call("profile", "run", m.py)),
    ("profile-profile-run", RUN, "GHSA-x696-vm39-cp64", lambda m: bound("profile", "Profile", "run", m.py)),
    (
        "profile-profile-runctx",
        RUN,
        "GHSA-6vqj-c2q5-j97w",
        lambda m: bound("profile", "Profile", "runctx", m.py, {}, {}),
    ),
    ("trace-run", RUN, "GHSA-5qwp-399c-mjwf", lambda m: bound("trace", "Trace", "run", m.py)),
    ("trace-runctx", RUN, "GHSA-g344-hcph-8vgg", lambda m: bound("trace", "Trace", "runctx", m.py)),
)
