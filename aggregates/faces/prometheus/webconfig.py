"""TLS and basic authentication, from a file in the form of Prometheus' exporter-toolkit."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from typing import Any

import bcrypt
import yaml

from aggregates.errors import AggregatesError

_SECTIONS = {"tls_server_config", "basic_auth_users"}
_TLS_KEYS = {
    *("cert_file", "key_file", "client_ca_file", "client_auth_type"),
    *("min_version", "max_version"),
}
_VERSIONS = {
    "TLS12": ssl.TLSVersion.TLSv1_2,
    "TLS13": ssl.TLSVersion.TLSv1_3,
}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_LONGEST_PASSWORD = 72
"""Bytes of a password that bcrypt looks at."""
_REMEMBERED = 100
_LONGEST_WAIT = 5.0
"""Seconds that one with an unknown password waits for others: they must not pile up."""


@dataclass
class WebConfig:
    """How to listen: with TLS where there is a certificate, for users only where there are some."""

    tls: Mapping[str, Any] = field(default_factory=dict)
    users: Mapping[str, bytes] = field(default_factory=dict)
    """their bcrypt hashes"""
    folder: Path = field(default_factory=Path)
    """that relative paths start from"""

    def __post_init__(self) -> None:
        self._known: set[bytes] = set()
        # A user who is not known takes as long as one who is.
        self._nobody = bcrypt.hashpw(token_bytes(16), bcrypt.gensalt(10)) if self.users else b""
        self._one_at_a_time = threading.Lock()

    @property
    def protects(self) -> bool:
        """Whether not just anybody can read."""
        return bool(self.users) or self.tls.get("client_auth_type") == "RequireAndVerifyClientCert"

    def ssl_context(self) -> ssl.SSLContext | None:
        """For the server; None without TLS. Raises AggregatesError for files that are not fit."""
        if not self.tls:
            return None
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = _VERSIONS[self.tls.get("min_version", "TLS12")]
        if "max_version" in self.tls:
            context.maximum_version = _VERSIONS[self.tls["max_version"]]
        cert, key = (self.folder / self.tls[name] for name in ("cert_file", "key_file"))
        try:
            context.load_cert_chain(cert, key)
            if "client_ca_file" in self.tls:
                context.load_verify_locations(self.folder / self.tls["client_ca_file"])
        except OSError as error:
            raise AggregatesError(
                f"TLS cannot begin with {cert} and {key}: {error}; name a certificate and its key"
            ) from error
        context.verify_mode = _CLIENT_AUTH[self.tls.get("client_auth_type", "NoClientCert")]
        return context

    def is_allowed(self, user: str, password: str) -> bool:
        """Whether it is the password of a user.

        Who was right once is known again at once; all others wait for each other, so that wrong
        passwords take one processor at most.
        """
        stored = self.users.get(user, self._nobody)
        secret = password.encode("utf-8", "surrogateescape")[:_LONGEST_PASSWORD]
        known = sha256(b"\0".join((user.encode("utf-8", "surrogateescape"), stored, secret)))
        if known.digest() in self._known:
            return True
        if not self._one_at_a_time.acquire(timeout=_LONGEST_WAIT):
            return False
        try:
            is_right = bcrypt.checkpw(secret, stored) and user in self.users
        except ValueError:
            return False
        finally:
            self._one_at_a_time.release()
        if is_right:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known.add(known.digest())
        return is_right


def load(path: Path) -> WebConfig:
    """The configuration in a file. Raises AggregatesError for what is not understood."""
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise AggregatesError(f"{path} cannot be read as a web configuration: {error}") from error
    sections = _mapping(path, "the file", found, _SECTIONS)
    tls = _mapping(path, "tls_server_config", sections.get("tls_server_config") or {}, _TLS_KEYS)
    users = _mapping(path, "basic_auth_users", sections.get("basic_auth_users") or {}, None)
    if tls and not {"cert_file", "key_file"} <= tls.keys():
        raise AggregatesError(f"{path}: tls_server_config needs cert_file and key_file")
    for name, known in (
        ("min_version", _VERSIONS),
        ("max_version", _VERSIONS),
        ("client_auth_type", _CLIENT_AUTH),
    ):
        if name in tls and tls[name] not in known:
            raise AggregatesError(f"{path}: {name} is one of {', '.join(known)}")
    if (
        tls.get("client_auth_type", "NoClientCert") != "NoClientCert"
        and "client_ca_file" not in tls
    ):
        raise AggregatesError(f"{path}: client_auth_type needs client_ca_file")
    hashes = {str(name): _hash(path, name, one) for name, one in users.items()}
    config = WebConfig(tls, hashes, path.parent)
    config.ssl_context()  # says so at once where its files are not fit
    return config


def _mapping(path: Path, name: str, found: object, known: set[str] | None) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise AggregatesError(f"{path}: {name} is no mapping")
    if known is not None and (odd := sorted(map(str, found.keys() - known))):
        raise AggregatesError(
            f"{path}: {name} has {', '.join(odd)}, which is not supported; there are"
            f" {', '.join(sorted(known))}"
        )
    return found


def _hash(path: Path, user: object, found: object) -> bytes:
    try:
        stored = str(found).encode("ascii")
        bcrypt.checkpw(b"", stored)
    except ValueError as error:
        raise AggregatesError(
            f"{path}: the password of {user} is no bcrypt hash; `htpasswd -nBC 10 {user}` makes one"
        ) from error
    return stored
