"""`aggregates serve` as a process: options, passwords, and clients that mean no good."""

from __future__ import annotations

import base64
import gzip
import http.client
import os
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import bcrypt
import pytest
from conftest import MakeDatabase, connect
from serving import COMMAND, Served, free_port, served, wait_until

from aggregates.errors import AggregatesError, DatabaseLocked
from aggregates.faces.prometheus import server, webconfig
from aggregates.prometheus import Collector
from aggregates.store import Store

INSERT = (
    "INSERT INTO agent_invocations (session_id, agent_name, start_time, end_time, status)"
    " VALUES ('s', 'a', '2026-10-01T10:00:00', '2026-10-01T10:00:07', 'completed')"
)
PASSWORD = "correct horse"


@pytest.fixture
def path(migrated_database: MakeDatabase) -> Iterator[Path]:
    with migrated_database("plain") as found:
        with closing(connect(found)) as writer:
            writer.execute(INSERT)
        yield found


class Answer:
    """What a server has answered."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        body = response.read()
        if response.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        self.text = body.decode()


def ask(
    server: Served,
    path: str = "/metrics",
    *,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    context: ssl.SSLContext | None = None,
    timeout: float = 30,
) -> Answer:
    """One request."""
    connection = (
        http.client.HTTPConnection(server.host, server.port, timeout=timeout)
        if context is None
        else http.client.HTTPSConnection("localhost", server.port, timeout=timeout, context=context)
    )
    with closing(connection):
        connection.request(method, path, headers=dict(headers or {}))
        return Answer(connection.getresponse())


def basic(user: str, password: str) -> dict[str, str]:
    """The header that names a user."""
    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def serve(*options: str) -> subprocess.CompletedProcess[str]:
    """A server that does not come to listen."""
    command = [sys.executable, "-c", COMMAND, "serve", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def web_config(folder: Path, *, tls: bool) -> Path:
    """A configuration with one user, and a certificate."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    text = f"basic_auth_users:\n  alice: {hashed}\n"
    if tls:
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1"),
                *("-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=DNS:localhost"),
            ],
            cwd=folder,
            check=True,
            capture_output=True,
        )
        text += "tls_server_config:\n  cert_file: cert.pem\n  key_file: key.pem\n"
    file = folder / "web.yml"
    file.write_text(text)
    return file


# What it answers


def test_both_formats_and_all_pages(path: Path) -> None:
    with served(path) as server:
        assert server.host == "127.0.0.1"
        plain = ask(server)
        assert plain.status == 200
        assert plain.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert 'agent_workflow_runs_total{agent_name="a",phase="unknown"} 1.0\n' in plain.text
        assert "\nprocess_resident_memory_bytes " in plain.text
        accept = {
            "Accept": "application/openmetrics-text; version=1.0.0",
            "Accept-Encoding": "gzip",
        }
        modern = ask(server, headers=accept)
        assert modern.headers["Content-Type"].startswith("application/openmetrics-text")
        assert modern.headers["Content-Encoding"] == "gzip"
        assert "# TYPE agent_workflow_runs counter\n" in modern.text
        assert modern.text.endswith("\n# EOF\n")
        assert modern.text.count("# EOF") == 1
        some = ask(server, "/metrics?name[]=agent_error_total")
        assert [line.split("{")[0] for line in some.text.splitlines() if line[0] != "#"] == [
            "agent_error_total"
        ]
        assert (ask(server, "/healthz").status, ask(server, "/healthz").text) == (200, "ok\n")
        page = ask(server, "/")
        assert page.headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["Content-Security-Policy"]
        head = ask(server, method="HEAD")
        assert (head.status, head.text) == (200, "")
        assert int(head.headers["Content-Length"]) > 1000
        assert ask(server, method="POST").status == 405


@pytest.mark.parametrize(
    ("accept", "is_openmetrics"),
    [
        ("application/openmetrics-text", True),
        ("text/plain;q=0.2, Application/OpenMetrics-Text ; Version=1.0.0 ; q=0.5", True),
        ("application/openmetrics-text;version=1.0.0;q=0, */*", False),
        ("application/openmetrics-text;version=0.0.1", False),
        ("application/openmetrics-text;version=<b>", False),
        ("application/openmetrics-text;version=1.0.0\r\n\tX: y", False),
        ("text/plain;version=new", False),
        (";;=,,q", False),
    ],
)
def test_no_client_chooses_what_the_format_is_called(
    path: Path, accept: str, is_openmetrics: bool
) -> None:
    with Store(path) as store:
        inside = server.Server(
            store, "127.0.0.1", 0, collector=Collector(store), config=webconfig.WebConfig()
        )
        with closing(inside.socket):
            content_type, body = inside.metrics(accept, [])
    assert content_type == (
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
        if is_openmetrics
        else "text/plain; version=0.0.4; charset=utf-8"
    )
    assert body.endswith(b"# EOF\n") == is_openmetrics


def test_an_answer_is_compressed_for_those_only_who_take_it(path: Path) -> None:
    with served(path) as server:
        for accepted, is_compressed in (("br, gzip;q=0.5", True), ("gzip;q=0, identity", False)):
            answer = ask(server, headers={"Accept-Encoding": accepted})
            assert ("Content-Encoding" in answer.headers) == is_compressed
            assert "agent_workflow_up 1.0\n" in answer.text


def test_options_of_the_exporter_that_it_replaces(path: Path) -> None:
    port = str(free_port())
    with ExitStack() as stack:
        old = ("--port", port, "--db", str(path), "--log-level", "DEBUG", "--interval", "15")
        server = stack.enter_context(served(path, *old))
        assert server.port == int(port)
        assert ask(server).status == 200
        told = server.errors.read_text()
        assert "warning: --interval is ignored" in told
        assert "add --reconcile" in told
    other = serve("--database", "one.db", "--db", "other.db")
    assert other.returncode == 2
    both = serve("--database", str(path), "--port", "1", "--listen", "127.0.0.1:1")
    assert both.returncode == 2


@pytest.mark.parametrize("options", [(), ("--reconcile",)])
def test_a_signal_ends_it_within_a_second(path: Path, options: tuple[str, ...]) -> None:
    with served(path, *options) as server, socket.socket() as slow:
        slow.connect((server.host, server.port))
        slow.sendall(b"GET /metrics HTTP/1.1\r\nHost:")
        ask(server)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(10) == 0
        # Half a second more for a machine that does something else.
        assert time.monotonic() - began < 5


def test_where_there_is_no_database(tmp_path: Path) -> None:
    found = serve("--database", str(tmp_path / "none.db"))
    assert found.returncode == 10
    assert found.stderr.startswith("error: there is no database at")


def test_without_the_extra_it_says_what_to_install(path: Path) -> None:
    without = f"import sys; sys.modules['prometheus_client'] = None; {COMMAND}"
    command = [sys.executable, "-c", without, "serve", "--database", str(path)]
    found = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert found.returncode == 1
    assert "pip install 'agent-aggregates[prometheus]'" in found.stderr


def test_a_port_that_is_taken(path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        found = serve("--database", str(path), "--port", port)
    assert found.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}" in found.stderr
    assert "--listen" in found.stderr


# Who may read


@pytest.mark.parametrize("address", ["0.0.0.0:0", ":0", "[::]:0"])
def test_nobody_listens_to_the_world_by_mistake(path: Path, address: str) -> None:
    found = serve("--database", str(path), "--listen", address)
    assert found.returncode == 1
    assert "--web-config" in found.stderr
    assert "--insecure-listen" in found.stderr


def test_listening_to_the_world(path: Path, tmp_path: Path) -> None:
    with served(path, "--listen", "0.0.0.0:0", "--insecure-listen") as server:
        assert ask(server).status == 200
    config = str(web_config(tmp_path, tls=False))
    with served(path, "--listen", "0.0.0.0:0", "--web-config", config) as server:
        assert ask(server).status == 401
        assert ask(server, headers=basic("alice", PASSWORD)).status == 200
        assert "without tls_server_config" in server.errors.read_text()


def test_tls_and_passwords(path: Path, tmp_path: Path) -> None:
    config = str(web_config(tmp_path, tls=True))
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    with served(path, "--web-config", config) as server:
        right = basic("alice", PASSWORD)
        for place in ("/metrics", "/healthz", "/"):
            assert ask(server, place, headers=right, context=context).status == 200
            refused = ask(server, place, context=context)
            assert refused.status == 401
            assert refused.headers["WWW-Authenticate"].startswith("Basic realm=")
        for wrong in (
            basic("alice", "wrong"),
            basic("bob", PASSWORD),
            basic("", ""),
            basic("alice", "x" * 1000),
            basic("alice", PASSWORD + "\0"),
            {"Authorization": "Basic ===="},
            {"Authorization": "Basic"},
            {"Authorization": "Bearer " + "x" * 1000},
        ):
            assert ask(server, headers=wrong, context=context).status == 401
        # Who speaks no TLS, or breaks it off, hurts nobody else.
        with socket.create_connection((server.host, server.port)) as plain:
            plain.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            assert ask(server, headers=right, context=context).status == 200
        assert "Traceback" not in server.errors.read_text()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("basic_auth_users: {alice: secret}", "no bcrypt hash"),
        ("basic_auth_users: [alice]", "no mapping"),
        ("tls_server_config: {cert_file: cert.pem}", "needs cert_file and key_file"),
        ("tls_server_config: {FILES}", "TLS cannot begin"),
        ("tls_server_config: {FILES, min_version: SSL3}", "min_version is one"),
        (
            "tls_server_config: {FILES, client_auth_type: VerifyClientCertIfGiven}",
            "needs client_ca_file",
        ),
        ("http_server_config: {http3: true}", "http3, which is not supported"),
        ("http_server_config: {http2: 2}", "http2 of http_server_config has to be true or false"),
        ("http_server_config: {headers: {Server: x}}", "headers has Server, which is not supp"),
        ('http_server_config: {headers: {Cache-Control: "a\\nSet-Cookie: b"}}', "Cache-Control of"),
        ("http_server_config: {headers: {Cache-Control: 5}}", "has to be a mapping of texts"),
        ("http_server_config: {headers: [Cache-Control]}", "has to be a mapping of texts"),
        ("tls_server_config: {cert_file: 5}", "cert_file of tls_server_config has to be a text"),
        ("tls_server_config: {cert_file: [a], key_file: {}}", "has to be a text"),
        ("tls_server_config: {min_version: [TLS12]}", "min_version of tls_server_config has to be"),
        ("tls_server_config: {min_version: 1.2}", "min_version of tls_server_config has to be a"),
        ("tls_server_config: {client_auth_type: [x]}", "client_auth_type of tls_server_config has"),
        ("tls_server_config: {cipher_suites: TLS_A}", "has to be a list of texts"),
        ("tls_server_config: {curve_preferences: [1]}", "has to be a list of texts"),
        ("tls_server_config: [cert_file]", "tls_server_config is no mapping"),
        ("tls_server_config: {client_allowed_sans: [a]}", "client_allowed_sans, which is not"),
        (
            "tls_server_config: {FILES, max_version: TLS11}",
            "max_version is one",
        ),
        (
            "tls_server_config: {FILES, client_auth_type: RequireAnyClientCert}",
            "client_auth_type is one",
        ),
        (
            "tls_server_config: {FILES, client_ca_file: a}",
            "NoClientCert has no use for client_ca_file",
        ),
        (
            "tls_server_config: {FILES, min_version: TLS13, max_version: TLS12}",
            "leave no version",
        ),
        (
            "tls_server_config: {FILES, max_version: TLS12,"
            " cipher_suites: [TLS_AES_128_GCM_SHA256, TLS_RSA_WITH_ALL]}",
            "leave no version",
        ),
        ("basic_auth_users: {alice: [secret]}", "no bcrypt hash"),
        ("basic_auth_users: {alice: }", "no bcrypt hash"),
        ("5", "the file is no mapping"),
        ("[]", "the file is no mapping"),
        ("a: b: c", "cannot be read"),
        ("!!python/object/apply:os.system [id]", "cannot be read"),
    ],
)
def test_a_web_configuration_that_is_not_understood(
    tmp_path: Path, text: str, message: str
) -> None:
    file = tmp_path / "web.yml"
    file.write_text(text.replace("FILES", "cert_file: c, key_file: k"))
    with pytest.raises(AggregatesError, match=re.escape(message)) as raised:
        webconfig.load(file)
    assert str(file.parent) in str(raised.value)


def test_a_server_says_what_it_does_not_understand(path: Path, tmp_path: Path) -> None:
    file = tmp_path / "web.yml"
    file.write_text("tls_server_config: {min_version: [TLS12]}")
    found = serve("--database", str(path), "--web-config", str(file))
    assert found.returncode == 1
    assert found.stderr == f"error: {file}: min_version of tls_server_config has to be a text\n"


def spoken(server: Served, context: ssl.SSLContext, cipher: str) -> str | None:
    """The version in which a server and a client with one cipher speak."""
    context.set_ciphers(cipher)
    with (
        socket.create_connection((server.host, server.port)) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        return connection.version()


def test_options_of_other_exporters_are_honoured_or_noted(path: Path, tmp_path: Path) -> None:
    config = web_config(tmp_path, tls=True)
    suite = "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"
    with config.open("a") as file:
        file.write(
            "  min_version: TLS10\n  max_version: TLS12\n  prefer_server_cipher_suites: false\n"
            f"  curve_preferences: [CurveP256]\n  cipher_suites: [{suite}, TLS_RSA_WITH_RC4]\n"
            "  client_auth_type: RequestClientCert\n"
            "http_server_config:\n  http2: true\n"
            "  headers: {X-Frame-Options: SAMEORIGIN, Strict-Transport-Security: max-age=1}\n"
        )
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    with served(path, "--web-config", str(config)) as server:
        for place in ("/metrics", "/"):
            answer = ask(server, place, headers=basic("alice", PASSWORD), context=context)
            assert answer.status == 200
            assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
            assert answer.headers["Strict-Transport-Security"] == "max-age=1"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert spoken(server, context, "ECDHE-RSA-AES128-GCM-SHA256") == "TLSv1.2"
        with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):
            spoken(server, context, "ECDHE-RSA-AES256-GCM-SHA384")
        told = server.errors.read_text()
    assert "Traceback" not in told
    for option in ("min_version TLS10", "TLS_RSA_WITH_RC4", "curve_pref", "RequestClient", "http2"):
        assert told.count(option) == 1, option
    assert told.count(f"warning: {config}: ") == 5


def test_suites_of_tls13_only_leave_no_older_version(tmp_path: Path) -> None:
    config = web_config(tmp_path, tls=True)
    with config.open("a") as file:
        file.write("  cipher_suites: [TLS_AES_128_GCM_SHA256]\n")
    context = webconfig.load(config).ssl_context()
    assert context is not None
    assert context.minimum_version == ssl.TLSVersion.TLSv1_3


def test_suites_are_called_as_in_the_registry() -> None:
    """Names as IANA has them, which OpenSSL's own tool tells."""
    told = subprocess.run(
        ["openssl", "ciphers", "-stdname", "DEFAULT"], check=True, capture_output=True, text=True
    ).stdout
    names = {line.split()[0]: line.split()[2] for line in told.splitlines()}
    # Go, whose names those of the file are, has no others.
    of_go = r"TLS_(RSA|ECDHE_RSA|ECDHE_ECDSA)_WITH_(AES_(128|256)_(CBC|GCM)|CHACHA20_POLY1305)_\w+"
    older = {standard: name for standard, name in names.items() if re.fullmatch(of_go, standard)}
    assert len(older) > 10
    assert {standard: webconfig._cipher(standard) for standard in older} == older
    assert webconfig._cipher("TLS_AES_128_GCM_SHA256") == ""


def test_wrong_passwords_do_not_hold_up_the_right_one(path: Path, tmp_path: Path) -> None:
    config = web_config(tmp_path, tls=False)
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(10)).decode()
    config.write_text(f"basic_auth_users:\n  alice: {hashed}\n")
    with served(path, "--web-config", str(config)) as server, ThreadPoolExecutor(40) as pool:
        assert ask(server, headers=basic("alice", PASSWORD)).status == 200
        flood = [
            pool.submit(ask, server, headers=basic("alice", str(number))) for number in range(80)
        ]
        time.sleep(0.3)
        for _ in range(5):
            began = time.monotonic()
            assert ask(server, headers=basic("alice", PASSWORD)).status == 200
            assert time.monotonic() - began < 8
        assert {one.result().status for one in flood} == {401}


def test_a_domain_that_says_it_is_this_machine_reads_nothing(path: Path, tmp_path: Path) -> None:
    others = ["evil.example", "EVIL.example:1", "127.0.0.1.evil.example", "[a.b", "a.internal.b."]
    with served(path) as server:
        own = ("localhost:1", "LOCALHOST.", "127.0.0.1:1", "[::1]", "10.0.0.7", "agents:9")
        for name in (*own, "host.docker.internal:19186", "agents.localhost"):
            assert ask(server, headers={"Host": name}).status == 200
        for name in others:
            for place in ("/metrics", "/healthz", "/"):
                answer = ask(server, place, headers={"Host": name})
                assert answer.status == 421
                assert "agent" not in answer.text
    with served(path, "--insecure-listen") as server:
        assert ask(server, headers={"Host": others[0]}).status == 200
    config = str(web_config(tmp_path, tls=False))
    with served(path, "--web-config", config) as server:
        assert ask(server, headers={"Host": others[0]}).status == 401
        right = basic("alice", PASSWORD)
        assert ask(server, headers={"Host": others[0], **right}).status == 200


# Clients that mean no good


def test_too_many_names(path: Path) -> None:
    with served(path) as server:
        for count, status in ((1000, 200), (1001, 400)):
            query = "&".join(["name[]=total_sessions"] * count)
            answer = ask(server, f"/metrics?{query}")
            assert answer.status == status
        assert "Traceback" not in server.errors.read_text()


@pytest.mark.parametrize(
    "target",
    [
        "/../../../../etc/passwd",
        "/metrics/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/static/x",
        "/metrics%00",
        "http://other/etc/passwd",
        "/x%0d%0aSet-Cookie:%20a=b",
        "*",
        "http://[",
    ],
)
def test_there_is_nothing_else_to_read(path: Path, target: str) -> None:
    with served(path) as server, socket.create_connection((server.host, server.port)) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        answer = b""
        while more := client.recv(65536):
            answer += more
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 404 ")
    assert body == b"Not Found\n"
    assert b"Set-Cookie" not in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"<script> / HTTP/1.1\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"y" * 70_000 + b"\r\n\r\n",
        b"POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    ],
    ids=range(8),
)
def test_no_request_shows_anything_of_the_inside(path: Path, request_: bytes) -> None:
    with served(path) as server:
        with socket.create_connection((server.host, server.port)) as client:
            client.settimeout(15)
            client.sendall(request_)
            client.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while more := client.recv(65536):
                    answer += more
            except ConnectionResetError:
                pass
        assert answer == b"" or answer.startswith(b"HTTP/1.1 ")
        assert b"Traceback" not in answer
        assert b"<script>" not in answer
        assert b"Python" not in answer
        assert ask(server).status == 200
        assert "Traceback" not in server.errors.read_text()


def test_slow_clients_do_not_hold_up_others(path: Path) -> None:
    with served(path) as server, ExitStack() as stack:
        # Some say nothing, some begin to ask, some ask and do not take the answer.
        beginnings = (b"", b"GET /metrics HTTP/1.1\r\nX: ", b"GET / HTTP/1.1\r\n\r\n")
        for number in range(400):
            client = stack.enter_context(socket.create_connection((server.host, server.port)))
            client.sendall(beginnings[number % 3])
        for _ in range(5):
            began = time.monotonic()
            assert ask(server).status == 200
            assert time.monotonic() - began < 8
        threads = len(list(Path(f"/proc/{server.process.pid}/task").iterdir()))
        assert threads < 400, "each client that waits has a thread"


def test_a_client_that_sends_a_byte_now_and_then_is_left(path: Path) -> None:
    with served(path) as server, socket.create_connection((server.host, server.port)) as client:
        client.settimeout(0.2)
        began = time.monotonic()
        client.sendall(b"GET /metrics HTTP/1.1\r\nX: ")
        while time.monotonic() - began < 25:
            try:
                client.sendall(b"y")
                if client.recv(1) == b"":
                    break
            except TimeoutError:
                continue
            except OSError:
                break
        assert time.monotonic() - began < 15


@contextmanager
def listening(path: Path, config: webconfig.WebConfig) -> Iterator[server.Server]:
    """A server in this process."""
    with Store(path) as store, ExitStack() as stack:
        found = server.Server(store, "127.0.0.1", 0, collector=Collector(store), config=config)
        stack.callback(found.server_close)
        thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        stack.callback(thread.join)
        stack.callback(found.shutdown)
        yield found


def test_those_who_have_been_there_longest_make_room(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also before the first of them, who may wait for the database, has gone."""
    monkeypatch.setattr(server, "CONNECTIONS", 3)
    is_over = threading.Event()
    with listening(path, webconfig.WebConfig()) as serving, ExitStack() as stack:
        stack.callback(is_over.set)
        clients = []
        for _ in range(5):
            client, other = map(stack.enter_context, socket.socketpair())
            is_there = threading.Event()

            def connection(other: socket.socket = other, there: threading.Event = is_there) -> None:
                serving._enter(other)
                there.set()
                is_over.wait()

            threading.Thread(target=connection).start()
            is_there.wait()
            client.setblocking(False)
            clients.append(client)
        for client in clients[:2]:
            assert client.recv(1) == b""
        for client in clients[2:]:
            with pytest.raises(BlockingIOError):
                client.recv(1)


def test_a_client_that_takes_its_answer_slowly_is_left(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of its reads makes room for another record of TLS, long before that has waited."""
    whole = 20_000_000
    monkeypatch.setattr(server, "REQUEST_SECONDS", 2.0)
    monkeypatch.setattr(server.Server, "metrics", lambda *_: ("text/plain", b"x" * whole))
    config = webconfig.load(web_config(tmp_path, tls=True))
    context = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
    with listening(path, config) as serving, ExitStack() as stack:
        client = stack.enter_context(socket.socket())
        # Else it takes megabytes, of which the server sends none until many have been read.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
        client.connect(serving.server_address[:2])
        client = stack.enter_context(context.wrap_socket(client, server_hostname="localhost"))
        asked = {"Host": "localhost", **basic("alice", PASSWORD)}
        lines = ["GET /metrics HTTP/1.1", *(f"{name}: {value}" for name, value in asked.items())]
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        began, taken = time.monotonic(), 0
        with suppress(ssl.SSLError, ConnectionResetError):
            while found := client.recv(16_384):
                taken += len(found)
                if time.monotonic() - began < 4:
                    time.sleep(0.005)
        assert 0 < taken < whole


# A database that cannot be read


def up(server: Served) -> float:
    """What `agent_workflow_up` is; nothing of the inside is told."""
    answer = ask(server)
    assert answer.status == 200
    assert "Traceback" not in answer.text
    (value,) = [line for line in answer.text.splitlines() if line.startswith("agent_workflow_up ")]
    return float(value.split()[1])


def test_a_database_that_is_gone_or_broken(path: Path) -> None:
    with served(path) as server:
        assert up(server) == 1
        away = path.with_name("away.db")
        path.rename(away)
        assert up(server) == 0
        missing = ask(server, "/healthz")
        assert missing.status == 503
        assert str(path) not in missing.text
        assert ask(server, "/").status == 503
        away.rename(path)
        assert up(server) == 1
        path.rename(away)
        path.write_bytes(os.urandom(8192))
        assert up(server) == 0
        path.write_bytes(b"")
        assert up(server) == 0
        away.replace(path)
        assert up(server) == 1
        log = server.errors.read_text()
        assert "Traceback" not in log
        assert log.count("any more") == 3  # told of the scrapes once


def test_rounds_go_on_with_another_file_in_the_place_of_the_database(path: Path) -> None:
    with closing(connect(path)) as writer:
        writer.execute("PRAGMA journal_mode = DELETE")  # so that the database is one file
    other = Path(shutil.copyfile(path, path.with_name("other.db")))
    with served(path, "--reconcile", "--reconcile-every", "0.1") as server:

        def is_derived() -> bool:
            text = ask(server).text
            lags = [line for line in text.splitlines() if line.startswith("agent_workflow_log_lag")]
            return bool(lags) and all(line.endswith(" 0.0") for line in lags)

        wait_until(is_derived)
        other.replace(path)
        with closing(connect(path)) as writer:
            writer.execute(INSERT)
        wait_until(is_derived)
        assert up(server) == 1
        log = server.errors.read_text()
        assert "another file has taken the place" in log
        assert "Traceback" not in log


def test_a_database_that_is_not_migrated_yet(hook_database: MakeDatabase) -> None:
    with hook_database("plain") as path:
        with served(path) as server:
            assert up(server) == 0
            assert "aggregates migrate" in server.errors.read_text()
        with served(path, "--migrate") as server:
            assert up(server) == 1


def test_a_database_that_is_locked(path: Path) -> None:
    with closing(connect(path)) as locker:
        locker.execute("PRAGMA journal_mode = DELETE")
        with served(path) as server:
            assert up(server) == 1
            locker.execute("BEGIN EXCLUSIVE")
            began = time.monotonic()
            with ThreadPoolExecutor(16) as pool:
                assert set(pool.map(up, [server] * 16)) == {0}
            # Each waits for a lock, but not for each other.
            assert time.monotonic() - began < 15
            locker.execute("ROLLBACK")
            assert up(server) == 1
            assert "Traceback" not in server.errors.read_text()


def test_how_long_a_store_waits_for_a_lock(path: Path) -> None:
    with closing(connect(path)) as locker, Store(path, lock_timeout=0.05) as store:
        locker.execute("PRAGMA journal_mode = DELETE")
        locker.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with pytest.raises(DatabaseLocked):
            store.totals()
        assert time.monotonic() - began < 4


# Load


def test_sixteen_scrapers_while_a_writer_commits(path: Path) -> None:
    rows = 300
    failures: list[str] = []
    is_over = threading.Event()

    def scrape(server: Served) -> None:
        before = 0.0
        while not is_over.is_set():
            answer = ask(server)
            found = [
                float(line.rpartition(" ")[2])
                for line in answer.text.splitlines()
                if line.startswith("agent_workflow_runs_total{")
            ]
            if answer.status != 200 or "agent_workflow_up 1.0" not in answer.text:
                failures.append(answer.text[:200])
            if sum(found) < before:
                failures.append(f"{sum(found)} after {before}")
            before = sum(found)

    with served(path, "--reconcile", "--reconcile-every", "0.2") as server:
        scrapers = [threading.Thread(target=scrape, args=(server,)) for _ in range(16)]
        for one in scrapers:
            one.start()
        for _ in range(rows):
            # As hooks do: a connection for each row, which waits for 5 s at most.
            with closing(sqlite3.connect(path)) as writer, writer:
                writer.execute(INSERT)
        is_over.set()
        for one in scrapers:
            one.join()
        assert failures == []
        total = 'agent_workflow_runs_total{agent_name="a",phase="unknown"}'
        assert f"{total} {rows + 1}.0" in ask(server).text


def resident(process: subprocess.Popen[str]) -> int:
    """Bytes of memory that a process has."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="needs /proc")
def test_a_thousand_scrapes_take_no_more_memory(path: Path) -> None:
    with served(path) as server, closing(connect(path)) as writer:
        before = 0
        for number in range(1200):
            if number == 200:
                before = resident(server.process)
            if number % 10 == 0:
                writer.execute(INSERT)
            assert ask(server).status == 200
        assert resident(server.process) - before < 8_000_000
        wait_until(lambda: len(list(Path(f"/proc/{server.process.pid}/task").iterdir())) < 5)
