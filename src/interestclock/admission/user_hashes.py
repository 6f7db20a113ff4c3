"""Users whom nobody may name: what is left of their ids is a hash under a key of their folder."""

from __future__ import annotations

import hmac
import os
import secrets
from pathlib import Path

from interestclock.errors import ResultError, system_errors_as
from interestclock.files import aside_of, put_in_place

__all__ = ["HASH_BYTES", "UserHashes"]

HASH_BYTES = 32
_KEY_BYTES = 32
_OWNER_ALONE = 0o600


class UserHashes:
    """HMAC-SHA256 of user ids as text, under a key that stands in a file which its owner alone may read.

    The key is made when the first user is erased; whose hashes stand somewhere needs the one they are under.

    Args:
        path: of the key; None: of what is in memory alone, without a key.

    Raises:
        ResultError: (from what hashes) the key cannot be read or written.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "erasures.key"
        >>> UserHashes(path).of("ann") == UserHashes(path).of("ann") != UserHashes().of("ann")
        True
        >>> oct(path.stat().st_mode & 0o777)
        '0o600'
    """

    def __init__(self, path: str | Path | None = None) -> None:
        self.path = None if path is None else Path(path)
        self._key = b"" if path is None else None

    def of(self, user_id: str) -> bytes:
        """A user's hash."""
        if self._key is None:
            assert self.path is not None
            new = secrets.token_bytes(_KEY_BYTES)
            self._key = self._read(self.path) if self.path.exists() else self._write(self.path, new)
        return hmac.digest(self._key, user_id.encode(), "sha256")

    @property
    def path_exists(self) -> bool:
        """Whether somebody was erased under this key."""
        return self.path is not None and self.path.exists()

    def adopt(self, other: UserHashes) -> None:
        """Have the key of another folder, where this one has none."""
        other.of("")  # reads it
        assert self.path is not None
        assert other._key is not None
        self._key = self._write(self.path, other._key)

    def check_there(self, *, needed_by: str) -> None:
        """Refuse to go on without the key of hashes that are there.

        Raises:
            ResultError: there is none.
        """
        if self.path is not None and not self.path_exists:
            raise ResultError(
                f"{self.path} is missing, and {needed_by} names erased users by it; bring it back from a copy"
            )

    def _read(self, path: Path) -> bytes:
        remedy = "bring it back from a copy"
        with system_errors_as(ResultError, f"{path} cannot be read", remedy=remedy):
            text = path.read_bytes().strip()
        try:
            key = bytes.fromhex(text.decode("ascii"))
        except ValueError:
            key = b""
        if len(key) != _KEY_BYTES:
            raise ResultError(f"{path} holds no key of {_KEY_BYTES} bytes in hexadecimal digits; {remedy}")
        return key

    def _write(self, path: Path, key: bytes) -> bytes:
        aside = aside_of(path)
        remedy = "make room or see to the folder's permissions, then start again"
        with system_errors_as(ResultError, f"{path} cannot be written", remedy=remedy):
            aside.unlink(missing_ok=True)
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ALONE)
            with os.fdopen(descriptor, "w", encoding="ascii") as stream:
                stream.write(key.hex() + "\n")
            put_in_place(aside, path)
        return key
