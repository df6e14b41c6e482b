"""What every section of the config is made of."""

from __future__ import annotations

import re

from pydantic import AfterValidator, BaseModel, ConfigDict


class Section(BaseModel):
    """Settings that are checked when they are read, and fixed from then on; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, validate_default=True)


def matching(pattern: re.Pattern[str], empty_allowed: bool = False) -> AfterValidator:
    """Texts that a pattern matches wholly (or "")."""

    def check(value: str) -> str:
        if not pattern.fullmatch(value) and not (empty_allowed and value == ""):
            raise ValueError("unexpected form")
        return value

    return AfterValidator(check)
