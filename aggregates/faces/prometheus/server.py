"""The server: `/metrics`, `/healthz` and a page, for many clients, slow ones among them."""

from __future__ import annotations

import base64
import binascii
import gzip
import io
import logging
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qs, urlsplit

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from sqlalchemy.exc import SQLAlchemyError

from aggregates.errors import AggregatesError
from aggregates.faces.page import CONTENT_SECURITY_POLICY, page
from aggregates.faces.prometheus import exposition
from aggregates.faces.prometheus.collector import Collector
from aggregates.faces.prometheus.webconfig import WebConfig
from aggregates.store import Store

log = logging.getLogger("aggregates")

REQUEST_SECONDS = 10.0
"""For a client to have sent a request, and again for it to have taken the answer."""
CONNECTIONS = 200
"""At once; whoever comes then takes the place of the one that has been there longest."""
_FASTEST = 1
"""Of gzip: it makes a twentieth of a scrape in a tenth of the time that the best takes."""
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
}
_TEXT = "text/plain; charset=utf-8"
_PLAIN = "text/plain; version=0.0.4; charset=utf-8"
_OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_NAMES = 1000
"""That a request may ask for at most."""
_NOBODYS = (".localhost", ".internal")
"""Domains that nobody can have, such as that of host.docker.internal."""


class Server(ThreadingHTTPServer):
    """A thread for each connection; one request each.

    Unless `is_open` to whoever comes, a name with a domain is none of ours where nobody names a
    password: a page of that domain would read us, once it says that its name is of this machine.
    Raises AggregatesError where it cannot listen.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(
        self,
        store: Store,
        host: str,
        port: int,
        *,
        collector: Collector,
        config: WebConfig,
        is_open: bool = False,
    ) -> None:
        self.store = store
        self.collector = collector
        self.config = config
        self.has_any_name = is_open or config.protects
        self.registry = CollectorRegistry(auto_describe=False)
        self.registry.register(collector)
        self.process = CollectorRegistry(auto_describe=False)
        for registry in (self.registry, self.process):
            ProcessCollector(registry=registry)
        self._context: Any = config.ssl_context()
        self._open: dict[threading.Thread, socket.socket] = {}
        self._changing = threading.Lock()
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            super().__init__((host, port), _Handler)
        except (OSError, OverflowError) as error:
            raise AggregatesError(
                f"cannot listen on {host}:{port}: {error}; name another address with --listen"
            ) from error

    @property
    def url(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        shown = f"[{host!s}]" if ":" in str(host) else str(host)
        return f"{'http' if self._context is None else 'https'}://{shown}:{port}/"

    def server_bind(self) -> None:
        """As the base class does, but without asking for the name of the host."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """One connection; its handshake too is its own affair."""
        self._enter(request)
        try:
            request.settimeout(REQUEST_SECONDS)
            if self._context is not None:
                # A certificate that was renewed is taken from the next connection on.
                with suppress(AggregatesError):
                    self._context = self.config.ssl_context()
                request = self._context.wrap_socket(
                    request, server_side=True, do_handshake_on_connect=False
                )
                self._enter(request)
                request.do_handshake()
            super().process_request_thread(request, client_address)
        except (OSError, ValueError):
            self.shutdown_request(request)
        finally:
            with self._changing:
                self._open.pop(threading.current_thread(), None)

    def _enter(self, request: socket.socket) -> None:
        with self._changing:
            self._open[threading.current_thread()] = request
            if len(self._open) > CONNECTIONS:
                longest = self._open.pop(next(iter(self._open)))
                # Its thread notices, and ends.
                with suppress(OSError):
                    longest.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are no news."""
        log.debug("a connection ended early", exc_info=True)

    def metrics(self, accept: str, names: list[str]) -> tuple[str, bytes]:
        """The content type and the body of a scrape; of some names only, where there are any."""
        is_openmetrics = _takes(accept, "application/openmetrics-text", version="1.0.0")
        content_type, encoder = (
            (_OPENMETRICS, generate_openmetrics) if is_openmetrics else (_PLAIN, generate_latest)
        )
        if names:
            # It has `collect`, as all that is asked of a registry here.
            restricted: Any = self.registry.restricted_registry(names)
            return content_type, encoder(restricted)
        of_store = exposition.text(self.collector.scrape(), openmetrics=is_openmetrics)
        # What ends a text of OpenMetrics is the end of theirs.
        of_process = encoder(self.process)
        return content_type, of_store.encode() + of_process


def is_loopback(host: str) -> bool:
    """Whether only programs of this machine reach an address."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _takes(header: str, kind: str, version: str = "") -> bool:
    """Whether what a client accepts names a kind, in a version or in none; `q=0` refuses it."""
    for one in "".join(header.lower().split()).split(","):
        found, *parameters = one.split(";")
        if found == kind:
            said = dict(parameter.partition("=")[::2] for parameter in parameters)
            if said.get("version", version) == version and said.get("q", "1").strip("0.") != "":
                return True
    return False


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    # What is no HTTP gets an answer with a status line too.
    default_request_version = "HTTP/1.0"

    def setup(self) -> None:
        super().setup()
        # A timeout for each read would let a client send a byte every few seconds, for ever. There
        # is one for all that we send.
        deadline = time.monotonic() + REQUEST_SECONDS
        self.rfile = io.BufferedReader(_Deadline(self.connection, deadline))

    def handle(self) -> None:
        self.close_connection = True
        self.handle_one_request()

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        # Nothing of what the client sent is sent back.
        status = HTTPStatus(code)
        if status is HTTPStatus.NOT_IMPLEMENTED:
            self._send(HTTPStatus.METHOD_NOT_ALLOWED, _TEXT, b"only GET\n", {"Allow": "GET, HEAD"})
        else:
            self._send(status, _TEXT, f"{status.phrase}\n".encode())

    def log_message(self, format: str, *args: Any) -> None:
        # What a client sends may hold anything.
        log.debug("%s %r", self.client_address[0], format % args)

    def version_string(self) -> str:
        return "aggregates"

    def _answer(self) -> None:
        try:
            if not self._is_ours():
                body = (
                    b"Misdirected Request: ask for localhost, or let the server have passwords"
                    b" (--web-config) or be open to whoever comes (--insecure-listen)\n"
                )
                self._send(HTTPStatus.MISDIRECTED_REQUEST, _TEXT, body)
                return
            if not self._is_allowed():
                self._send(
                    HTTPStatus.UNAUTHORIZED,
                    _TEXT,
                    b"Unauthorized\n",
                    {"WWW-Authenticate": 'Basic realm="aggregates", charset="UTF-8"'},
                )
                return
            path, query = self._target()
            answer = {"/metrics": self._metrics, "/healthz": self._health, "/": self._page}.get(
                path, self._nothing
            )
            answer(query)
        except OSError:
            raise  # the client is gone, or too slow
        except Exception:
            log.exception("a request could not be answered")
            self._send(HTTPStatus.INTERNAL_SERVER_ERROR, _TEXT, b"Internal Server Error\n")

    def _target(self) -> tuple[str, str]:
        try:
            parts = urlsplit(self.path)
        except ValueError:
            return "", ""
        return parts.path, parts.query

    def _is_ours(self) -> bool:
        """Whether the client means us by the name that it asks for: see Server."""
        if self.server.has_any_name:
            return True
        with suppress(ValueError):
            name = (urlsplit(f"//{self.headers.get('Host', '')}").hostname or "").rstrip(".")
            return "." not in name or name.endswith(_NOBODYS) or bool(ip_address(name))
        return False

    def _is_allowed(self) -> bool:
        if not self.server.config.users:
            return True
        kind, _, encoded = self.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "basic":
            return False
        try:
            decoded = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
        except (binascii.Error, ValueError):
            return False
        user, _, password = decoded.partition(":")
        return self.server.config.is_allowed(user, password)

    def _metrics(self, query: str) -> None:
        try:
            names = parse_qs(query, max_num_fields=_NAMES).get("name[]", [])
        except ValueError:
            self._send(HTTPStatus.BAD_REQUEST, _TEXT, b"Bad Request: too many names\n")
            return
        content_type, body = self.server.metrics(self.headers.get("Accept", ""), names)
        headers = {}
        if _takes(self.headers.get("Accept-Encoding", ""), "gzip"):
            body = gzip.compress(body, _FASTEST)
            headers["Content-Encoding"] = "gzip"
        self._send(
            HTTPStatus.OK, content_type, body, {"Vary": "Accept, Accept-Encoding", **headers}
        )

    def _health(self, query: str) -> None:
        self._of_database(lambda: (self.server.store.totals(), "ok\n")[1], _TEXT)

    def _page(self, query: str) -> None:
        headers = {"Content-Security-Policy": CONTENT_SECURITY_POLICY}
        self._of_database(lambda: page(self.server.store), "text/html; charset=utf-8", headers)

    def _of_database(
        self, made: Callable[[], str], content_type: str, headers: dict[str, str] | None = None
    ) -> None:
        try:
            body = made().encode("utf-8", "replace")
        except (AggregatesError, SQLAlchemyError) as error:
            # What it says may hold the path of the database.
            log.warning("the database could not be read: %s", error)
            body = b"the database cannot be read; the server's log says why\n"
            self._send(HTTPStatus.SERVICE_UNAVAILABLE, _TEXT, body)
        else:
            self._send(HTTPStatus.OK, content_type, body, headers)

    def _nothing(self, query: str) -> None:
        self._send(HTTPStatus.NOT_FOUND, _TEXT, b"Not Found\n")

    def _send(
        self,
        status: HTTPStatus,
        content_type: str,
        body: bytes,
        headers: dict[str, str] | None = None,
    ) -> None:
        self.send_response(status)
        own = {"Content-Type": content_type, "Content-Length": str(len(body))}
        chosen = {**_HEADERS, **(headers or {}), **self.server.config.headers}
        for name, value in {**chosen, **own, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class _Deadline(io.RawIOBase):
    """What a socket receives, until a moment."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection = connection
        self._deadline = deadline

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(REQUEST_SECONDS)
