"""TLS and basic authentication, from a file in the form of Prometheus' exporter-toolkit."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256
from pathlib import Path
from secrets import token_bytes
from typing import Any

import bcrypt
import yaml

from aggregates.errors import AggregatesError

_KINDS: dict[str, Callable[[Any], bool]] = {
    "a text": lambda found: isinstance(found, str),
    "true or false": lambda found: isinstance(found, bool),
    "a list of texts": lambda found: isinstance(found, list) and _are_texts(found),
    "a mapping of texts": lambda found: isinstance(found, dict) and _are_texts(found.values()),
}
_TEXT, _FLAG, _LIST, _MAPPING = _KINDS
_USERS = "basic_auth_users"
_OPTIONS = {
    "tls_server_config": {
        **dict.fromkeys(("cert_file", "key_file", "client_ca_file", "client_auth_type"), _TEXT),
        **dict.fromkeys(("min_version", "max_version"), _TEXT),
        **dict.fromkeys(("cipher_suites", "curve_preferences"), _LIST),
        "prefer_server_cipher_suites": _FLAG,
    },
    "http_server_config": {"http2": _FLAG, "headers": _MAPPING},
}
_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_OLD_VERSIONS = ("TLS10", "TLS11")
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    # It asks for a certificate that nobody has to vouch for, and that says nothing to us.
    "RequestClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_HEADERS = {
    *("Cache-Control", "Content-Security-Policy", "Strict-Transport-Security"),
    *("X-Content-Type-Options", "X-Frame-Options", "X-XSS-Protection"),
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
    headers: Mapping[str, str] = field(default_factory=dict)
    """that go with each answer, in the place of our own"""
    notes: Sequence[str] = ()
    """options that are understood, and make no difference"""
    file: Path = field(default_factory=Path)
    """that it is from, from whose folder relative paths start"""

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
        context.minimum_version = _VERSIONS.get(self.tls.get("min_version", ""), _VERSIONS["TLS12"])
        context.maximum_version = _VERSIONS[self.tls.get("max_version", "TLS13")]
        if "cipher_suites" in self.tls:
            if ciphers := [*filter(_is_there, map(_cipher, self.tls["cipher_suites"]))]:
                context.set_ciphers(":".join(ciphers))
            else:
                # Suites of TLS13 are always all there.
                context.minimum_version = _VERSIONS["TLS13"]
        if context.minimum_version > context.maximum_version:
            raise AggregatesError(
                f"{self.file}: min_version, max_version and cipher_suites leave no version of TLS"
            )
        if not self.tls.get("prefer_server_cipher_suites", True):
            context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
        cert, key = (self.file.parent / self.tls[name] for name in ("cert_file", "key_file"))
        try:
            context.load_cert_chain(cert, key)
            if "client_ca_file" in self.tls:
                context.load_verify_locations(self.file.parent / self.tls["client_ca_file"])
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
    """The configuration in a file. Raises AggregatesError for what is not understood.

    So it does for what would leave the server less safe than the file says; all else that cannot be
    done is noted.
    """
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeError, yaml.YAMLError) as error:
        raise AggregatesError(f"{path} cannot be read as a web configuration: {error}") from error
    sections = _mapping(path, "the file", found, {*_OPTIONS, _USERS})
    tls, http = (_options(path, name, sections.get(name)) for name in _OPTIONS)
    users = _mapping(path, _USERS, sections.get(_USERS), None)
    _check_tls(path, tls)
    config = WebConfig(
        tls,
        users={str(name): _hash(path, name, one) for name, one in users.items()},
        headers=_headers(path, http.get("headers", {})),
        notes=[f"{path}: {note}" for note in _notes(tls, http)],
        file=path,
    )
    config.ssl_context()  # says so at once where its files are not fit
    return config


def _mapping(path: Path, name: str, found: object, known: set[str] | None) -> dict[str, Any]:
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise AggregatesError(f"{path}: {name} is no mapping")
    if known is not None and (odd := sorted(map(str, found.keys() - known))):
        raise AggregatesError(
            f"{path}: {name} has {', '.join(odd)}, which is not supported; there are"
            f" {', '.join(sorted(known))}"
        )
    return found


def _options(path: Path, section: str, found: object) -> dict[str, Any]:
    kinds = _OPTIONS[section]
    options = _mapping(path, section, found, {*kinds})
    for name, value in options.items():
        if not _KINDS[kinds[name]](value):
            raise AggregatesError(f"{path}: {name} of {section} has to be {kinds[name]}")
    return options


def _are_texts(found: Iterable[object]) -> bool:
    return all(isinstance(one, str) for one in found)


def _check_tls(path: Path, tls: Mapping[str, str]) -> None:
    if tls and not {"cert_file", "key_file"} <= tls.keys():
        raise AggregatesError(f"{path}: tls_server_config needs cert_file and key_file")
    for name, known in (
        ("min_version", (*_OLD_VERSIONS, *_VERSIONS)),
        ("max_version", (*_VERSIONS,)),
        ("client_auth_type", (*_CLIENT_AUTH,)),
    ):
        if name in tls and tls[name] not in known:
            raise AggregatesError(f"{path}: {name} is one of {', '.join(known)}")
    asked = tls.get("client_auth_type", "NoClientCert")
    if (_CLIENT_AUTH[asked] is not ssl.CERT_NONE) != ("client_ca_file" in tls):
        raise AggregatesError(
            f"{path}: client_auth_type {asked}"
            f" {'has no use for' if 'client_ca_file' in tls else 'needs'} client_ca_file"
        )


def _notes(tls: Mapping[str, Any], http: Mapping[str, Any]) -> Iterator[str]:
    if tls.get("min_version") in _OLD_VERSIONS:
        yield f"min_version {tls['min_version']} is taken for TLS12: nothing older is spoken"
    for suite in tls.get("cipher_suites", ()):
        if (cipher := _cipher(suite)) and not _is_there(cipher):
            yield f"the cipher suite {suite} is left out: OpenSSL has none of that name"
    if "curve_preferences" in tls:
        yield "curve_preferences is ignored: OpenSSL chooses"
    if tls.get("client_auth_type") == "RequestClientCert":
        yield "client_auth_type RequestClientCert is ignored: nothing is made of certificates"
    if http.get("http2"):
        yield "http2 is ignored: HTTP/1.1 is spoken"


def _cipher(suite: str) -> str:
    """A suite as OpenSSL calls it; '' for one of TLS13, which cannot be chosen."""
    exchange, is_older, rest = suite.removeprefix("TLS_").partition("_WITH_")
    if not is_older:
        return ""
    # Its names leave out what was the only way once: RSA, CBC, and the hash of ChaCha20.
    rest = rest.replace("_CBC", "").replace("POLY1305_SHA256", "POLY1305").replace("AES_", "AES")
    return "-".join([*([] if exchange == "RSA" else exchange.split("_")), *rest.split("_")])


@cache
def _is_there(cipher: str) -> bool:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with suppress(ssl.SSLError):
        context.set_ciphers(cipher)
        # Words such as ALL are no suites.
        return any(one["name"] == cipher for one in context.get_ciphers())
    return False


def _headers(path: Path, found: Mapping[str, str]) -> dict[str, str]:
    for name, value in _mapping(path, "headers", found, _HEADERS).items():
        if not (value.isascii() and value.isprintable()):
            raise AggregatesError(f"{path}: {name} of headers has to be printable ASCII, on a line")
    return {name: value for name, value in found.items() if value}


def _hash(path: Path, user: object, found: object) -> bytes:
    try:
        stored = str(found).encode("ascii")
        bcrypt.checkpw(b"", stored)
    except ValueError as error:
        raise AggregatesError(
            f"{path}: the password of {user} is no bcrypt hash; `htpasswd -nBC 10 {user}` makes one"
        ) from error
    return stored
