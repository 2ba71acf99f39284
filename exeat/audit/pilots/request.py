"""What the parent asks of the child of a study: the request of an audit, and what is to be tried."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from exeat.audit.engine.request import Request

if TYPE_CHECKING:
    from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PilotRequest(Request):
    """A study of protections; ``copies`` is the folder of the copies, ``protections`` the list as it was typed."""

    protections: str
    copies: Path
    date: datetime
    report_id: str
    cost_only: bool = False

    def to_line(self) -> bytes:
        """Return the request as one line of JSON."""
        values: dict[str, Any] = {
            "audit": json.loads(Request.to_line(self)), "protections": self.protections, "copies": str(self.copies),
            "date": self.date.isoformat(), "report_id": self.report_id, "cost_only": self.cost_only,
        }  # fmt: skip
        return json.dumps(values).encode() + b"\n"

    @classmethod
    def of_line(cls, line: bytes) -> PilotRequest:
        """Return the request that ``to_line`` wrote."""
        values = json.loads(line)
        audit = Request.of_line(json.dumps(values["audit"]).encode())
        shared = {name: getattr(audit, name) for name in Request.__dataclass_fields__}
        return cls(
            **shared, protections=values["protections"], copies=Path(values["copies"]),
            date=datetime.fromisoformat(values["date"]), report_id=values["report_id"], cost_only=values["cost_only"],
        )  # fmt: skip
