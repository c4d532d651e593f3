"""Where the accounts are, as the environment says it."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_settings import BaseSettings


class DatabaseSettings(BaseSettings):
    """The database, by its URL or by a file that has it."""

    #: The file that has DATABASE_URL, where the environment has none.
    database_url_file: Annotated[Path | None, BeforeValidator(lambda text: text or None)] = None
    #: The database, `postgresql://user:password@host:port/name`; needed, here or in DATABASE_URL_FILE.
    database_url: str = Field(default="", validate_default=True)

    @field_validator("database_url")
    @classmethod
    def _read(cls, value: str, info: ValidationInfo) -> str:
        file = info.data.get("database_url_file")
        if value:
            return value
        if file is None:
            raise ValueError("is needed, or DATABASE_URL_FILE")
        try:
            text = str(file.read_text(encoding="utf-8")).strip()
        except OSError as error:
            raise ValueError(f"DATABASE_URL_FILE cannot be read: {error}") from error
        if not text:
            raise ValueError(f"DATABASE_URL_FILE is empty: {file}")
        return text
