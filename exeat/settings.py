"""Settings: ``exeat.toml`` in the working folder or ``EXEAT_*`` environment variables (these win)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from exeat.errors import BadSettings
from exeat.model.person import Role
from exeat.model.tier import Tier


class Settings(BaseSettings):
    """Everything that can be configured; docs/settings.md lists each field."""

    model_config = SettingsConfigDict(env_prefix="EXEAT_", extra="forbid", frozen=True)

    home: Path = Path("var")
    """Folder of the embedded default: evidence, ledger, access events, keys."""
    ledger_url: str = ""
    """SQLAlchemy URL of the ledger; empty means SQLite in the home folder."""
    evidence_url: str = ""
    """Folder or fsspec URL of the evidence store; empty means HOME/evidence."""
    origin: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9./_-]{1,99}$")] = "exeat.local/log"
    """Name of this log in tree heads; never change it after the first entry."""
    log_key: str = ""
    """Path of the Ed25519 key that signs tree heads; empty means HOME/keys/log.key."""
    demo: bool = False
    """Demo people may act as anyone; only on loopback, only when asked for by name."""
    role_claim: str = "groups"
    """The claim of the ID token that carries the groups."""
    role_map: dict[str, Role] = {}
    """Group of the identity provider -> role."""
    tier_map: dict[str, Tier] = {}
    """Group of the identity provider -> tier of trust."""
    board_members: list[str] = []
    """Person ids of those on the ethics board; votes of others are not recorded. Demo mode takes its own people."""
    max_checkpoint_bytes: int = 64 * 2**20
    """Largest checkpoint file that intake keeps, in bytes."""
    drafts_url: str = ""
    """Folder or fsspec URL of the submitters' drafts; empty means HOME/drafts."""
    max_draft_bytes: int = 256 * 2**20
    """Most that the files of one draft may have together, in bytes."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 no .env files: one place less to leak secrets
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments, then the environment, then exeat.toml."""
        toml = TomlConfigSettingsSource(settings_cls, Path(os.environ.get("EXEAT_CONFIG", "exeat.toml")))
        return init_settings, env_settings, toml

    @property
    def effective_ledger_url(self) -> str:
        """Return the ledger URL, SQLite in the home folder by default."""
        return self.ledger_url or f"sqlite:///{self.home.resolve() / 'ledger.db'}"

    @property
    def effective_evidence_url(self) -> str:
        """Return where evidence lies."""
        return self.evidence_url or str(self.home.resolve() / "evidence")

    @property
    def effective_drafts_url(self) -> str:
        """Return where drafts lie."""
        return self.drafts_url or str(self.home.resolve() / "drafts")

    @property
    def effective_log_key(self) -> str:
        """Return where the signing key lies."""
        return self.log_key or str(self.home.resolve() / "keys" / "log.key")


def load_settings(**overrides: object) -> Settings:
    """Load and check the settings; raise BadSettings with the field at fault."""
    try:
        return Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadSettings(f"The setting {field} is not valid: {first['msg']}.", "See docs/settings.md.") from exc
    except ValueError as exc:
        raise BadSettings(f"exeat.toml cannot be read: {str(exc)[:200]}.", "See docs/settings.md.") from exc
