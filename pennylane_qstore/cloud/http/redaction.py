"""Take keys and passwords out of everything that a server or a proxy says."""

import html
import json
import re
from typing import Any
from urllib.parse import quote

# A shorter key is none of IonQ's, and would be found in words.
SHORTEST_KEY = 6
_DOTS = "..."
_USER_INFO = re.compile(r"(?<=://)[^\s/?#'\"<>]*@")


_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|[\"\\/])")


class Redaction:
    """Replaces secrets, however they are written, and the user info of URLs."""

    def __init__(self, *secrets: str | None) -> None:
        """Know the secrets.

        Args:
            *secrets: keys and passwords; one that is too short to be told from a word is ignored
        """
        known = [secret for secret in secrets if secret and len(secret) >= SHORTEST_KEY]
        forms = {
            form
            for secret in known
            for form in (
                secret,
                quote(secret),
                quote(secret, safe=""),
                html.escape(secret),
                html.escape(secret, quote=False),
                json.dumps(secret)[1:-1],
                json.dumps(secret, ensure_ascii=False)[1:-1],
                repr(secret)[1:-1],
            )
        }
        self._forms = sorted(forms, key=len, reverse=True)
        self._raw = [form.encode() for form in self._forms]

    def text(self, text: str) -> str:
        """Return a text without secrets and without the user info of URLs."""
        for form in self._forms:
            text = text.replace(form, _DOTS)
        return _USER_INFO.sub("", text) if "@" in text else text

    def page(self, raw: bytes) -> str:
        """Return what is no JSON as a text without secrets, also where these are escaped."""
        text = self.text(raw.decode(errors="replace"))
        return self.text(_ESCAPE.sub(lambda found: _unescaped(found[1]), text))

    def value(self, value: Any) -> Any:
        """Return a decoded JSON value without secrets in its texts and keys."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if isinstance(value, dict):
            return {self.text(key): self.value(item) for key, item in value.items()}
        return value

    def may_be_in(self, raw: bytes) -> bool:
        """Return whether JSON may hold a secret: as it is, or behind an escape."""
        return b"\\" in raw or b"@" in raw or any(form in raw for form in self._raw)


def _unescaped(escape: str) -> str:
    return chr(int(escape[1:], 16)) if escape.startswith("u") else escape
