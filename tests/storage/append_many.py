"""One process of the kill -9 test: append and say on stdout which entry was acknowledged."""

from __future__ import annotations

import os
import sys

from tests.storage.ledgers import make_draft, open_ledger


def main(url: str, worker: str, appends: str) -> None:
    ledger = open_ledger(url)
    for number in range(int(appends)):
        draft = make_draft(
            key=f"{worker}:{number}", case=f"release:{number % 5}", sealed={"rationale": f"{worker} says {number}"}
        )
        (entry,) = ledger.append([draft])
        os.write(1, f"{entry.seq} {draft.key}\n".encode())
    ledger.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
