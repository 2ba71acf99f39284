"""tools/verify_ledger.py alone: the export and the receipts of a real ledger, and what it must refuse."""

from __future__ import annotations

import ast
import base64
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from exeat.errors import Tampered
from exeat.ledger.note import make_key, sign_head
from exeat.ledger.statement import Draft
from exeat.ledger.tree import Tree, leaf_hash
from tests.storage.ledgers import CUSTODIAN, KEY, ORIGIN, fill, open_ledger

TOOL = Path(__file__).resolve().parents[2] / "tools" / "verify_ledger.py"


@pytest.fixture
def kept(tmp_path):
    """A ledger as an auditor holds it: export, head, an older head, a receipt and a disclosure."""
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    fill(ledger, batches=3)
    (tmp_path / "old.txt").write_text(ledger.head().note)
    ledger.erase(1, "rationale", CUSTODIAN, "art17")
    (tmp_path / "export.jsonl").write_bytes(b"".join(ledger.export()))
    (tmp_path / "head.txt").write_text(ledger.head().note)
    (tmp_path / "r.tlog-proof").write_text(ledger.receipt(5))
    (tmp_path / "erased.tlog-proof").write_text(ledger.receipt(1))
    (tmp_path / "d.json").write_text(json.dumps(ledger.disclosure(5)))
    ledger.close()
    return tmp_path


def run(folder, *words, key=KEY.vkey):
    command = [sys.executable, "-I", str(TOOL), *[key if word == "KEY" else word for word in words]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert "Traceback" not in done.stderr
    return done.returncode, (done.stdout + done.stderr).strip()


LOG = ("log", "export.jsonl", "head.txt", "KEY")
RECEIPT = ("receipt", "r.tlog-proof", "KEY")


def test_it_shares_no_code():
    names = [node for node in ast.walk(ast.parse(TOOL.read_bytes())) if isinstance(node, ast.Import | ast.ImportFrom)]
    roots = {(getattr(n, "module", None) or n.names[0].name).split(".")[0] for n in names}
    assert roots - set(sys.stdlib_module_names) == {"cryptography"}


def test_a_good_log_and_receipt(kept):
    assert run(kept, *LOG)[0] == 0
    code, said = run(kept, *LOG, "old.txt")
    assert (code, "begins with the 13 entries of the older head" in said) == (0, True)
    code, said = run(kept, *RECEIPT, "--disclosure", "d.json")
    assert code == 0
    assert said.startswith("OK entry 5 of 14: review.recorded on release:r0 by steward-1")
    assert said.endswith("opened: name, rationale")


def test_the_key_may_lie_in_a_file(kept):
    (kept / "key.txt").write_text(KEY.vkey + "\n")
    assert run(kept, *RECEIPT, key="key.txt")[0] == 0


def test_an_erased_value_cannot_be_opened(kept):
    assert run(kept, "receipt", "erased.tlog-proof", "KEY")[0] == 0
    code, said = run(kept, "receipt", "erased.tlog-proof", "KEY", "--disclosure", "d.json")
    assert (code, "is not what the entry committed to" in said) == (1, True)


def edit(path, change):
    lines = path.read_bytes().split(b"\n")
    path.write_bytes(b"\n".join(change(lines)))


LOG_CHANGES = {
    "edited vote": lambda ls: [line.replace(b"approve", b"decline") for line in ls],
    "deleted entry": lambda ls: [*ls[:4], *ls[5:]],
    "swapped entries": lambda ls: [*ls[:3], ls[4], ls[3], *ls[5:]],
    "truncated tail": lambda ls: [*ls[:-3], b""],
    "cut line": lambda ls: [*ls[:-2], ls[-2][:50]],
    "entry twice": lambda ls: [*ls[:-1], ls[-2], b""],
    "duplicate key": lambda ls: [ls[0].replace(b'{"payload"', b'{"payload":1,"payload"'), *ls[1:]],
    "float": lambda ls: [ls[0], ls[1].replace(b'"round":1', b'"round":1.0'), *ls[2:]],
    "white space": lambda ls: [ls[0].replace(b":", b": ", 1), *ls[1:]],
    "not json": lambda ls: [b"{", *ls[1:]],
    "not an object": lambda ls: [b"[]", *ls[1:]],
    "wrong types": lambda ls: [b'{"payload":[],"rec":7,"sigs":[]}', *ls[1:]],
    "deep": lambda ls: [b"[" * 100_000, *ls[1:]],
}


@pytest.mark.parametrize("change", LOG_CHANGES.values(), ids=LOG_CHANGES)
def test_a_changed_log_fails(kept, change):
    edit(kept / "export.jsonl", change)
    code, said = run(kept, *LOG)
    assert (code, said[:6]) == (1, "FAIL: ")


def test_another_key_an_edited_head_and_an_empty_log_fail(kept):
    assert run(kept, *LOG, key=make_key(ORIGIN).vkey)[0] == 1
    note = (kept / "head.txt").read_text()
    (kept / "head.txt").write_text(note.replace("\n14\n", "\n13\n"))
    assert run(kept, *LOG)[0] == 1
    (kept / "head.txt").write_text(note)
    (kept / "export.jsonl").write_bytes(b"")
    assert run(kept, *LOG)[0] == 1


def test_a_rewrite_with_the_log_key_fails_only_against_an_older_head(kept):
    """Whoever holds the key can sign another history; a head held elsewhere shows it."""
    rows = [orjson.loads(line) for line in (kept / "export.jsonl").read_bytes().splitlines()]
    rows[2]["payload"]["body"] = {"round": 2}
    lines, tree, heads = [], Tree(), {0: rows[0]["payload"]["head"]}
    for row in rows:
        size = row["payload"]["head"]["size"]
        heads.setdefault(size, {"root": tree.root().hex(), "size": size})
        row["payload"]["head"] = heads[size]
        row["rec"]["prev"] = tree.leaf(tree.size - 1).hex() if tree.size else "0" * 64
        lines.append(orjson.dumps(row, option=orjson.OPT_SORT_KEYS))
        tree.append(leaf_hash(lines[-1]))
    (kept / "export.jsonl").write_bytes(b"\n".join([*lines, b""]))
    (kept / "head.txt").write_text(sign_head(ORIGIN, tree.size, tree.root(), KEY))
    assert run(kept, *LOG)[0] == 0
    code, said = run(kept, *LOG, "old.txt")
    assert (code, "history was rewritten" in said) == (1, True)


def test_a_changed_receipt_fails(kept):
    text = (kept / "r.tlog-proof").read_text()
    lines = text.split("\n")
    line = base64.b64decode(lines[1][6:])
    other = base64.b64encode(line.replace(b"approve", b"decline")).decode()
    for changed in (
        text.replace(lines[1][6:], other),
        text.replace("index 5", "index 4"),
        text.replace("index 5", "index 99"),
        text.replace(lines[3] + "\n", ""),
        text.replace(lines[3], lines[4]),
        text.replace("\n14\n", "\n15\n"),
        text.replace(lines[1] + "\n", ""),
        text[:-30],
        "",
    ):
        (kept / "r.tlog-proof").write_text(changed)
        code, said = run(kept, *RECEIPT)
        assert (code, said[:6]) == (1, "FAIL: ")


def test_wrong_usage_says_how(kept):
    code, said = run(kept, "nothing")
    assert code == 1
    assert "verify_ledger.py log EXPORT" in said


def test_no_byte_of_a_value_can_be_passed_off_as_salt(tmp_path):
    said = 'I am against: nobody may call this "safe for public release'
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    draft = Draft(
        kind="comment.recorded",
        case="comments:r0",
        actor="steward-1",
        role="steward",
        authenticated="demo",
        key="c1",
        sealed={"text": said},
    )
    seq = ledger.append([draft])[0].seq
    (tmp_path / "r.tlog-proof").write_text(ledger.receipt(seq))
    opened = ledger.disclosure(seq)
    (tmp_path / "true.json").write_text(json.dumps(opened))
    whole = bytes.fromhex(opened["text"]["salt"]) + json.dumps(said).encode()
    cut = whole.index(b'\\"') + 1
    forged = {"text": {"salt": whole[:cut].hex(), "value": "safe for public release"}}
    (tmp_path / "forged.json").write_text(json.dumps(forged))
    ledger.close()
    assert run(tmp_path, *RECEIPT, "--disclosure", "true.json")[0] == 0
    code, words = run(tmp_path, *RECEIPT, "--disclosure", "forged.json")
    assert (code, "32 hex digits" in words) == (1, True)


def test_bytes_moved_from_value_to_salt_in_the_vault_are_found(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    fill(ledger, batches=1)
    assert ledger.verify().ok
    with sqlite3.connect(tmp_path / "ledger.db") as raw:
        for (name,) in raw.execute("select name from sqlite_master where type = 'trigger'").fetchall():
            raw.execute(f"drop trigger {name}")
        raw.execute("update vault set salt = cast(salt || substr(value, 1, 1) as blob), value = substr(value, 2)")
    found = ledger.verify()
    assert not found.ok
    with pytest.raises(Tampered):
        ledger.opened(list(ledger.entries()))
    ledger.close()


def test_without_its_head_file_a_log_is_only_vouched_for_by_another_head(tmp_path):
    ledger = open_ledger(f"sqlite:///{tmp_path}/ledger.db")
    fill(ledger, batches=1)
    head = ledger.head().note
    next(tmp_path.glob("*tree-head*")).unlink()
    assert "is gone" in ledger.verify().problems[0]
    assert ledger.verify(head).ok
    ledger.close()
