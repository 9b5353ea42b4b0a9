"""A time stamping authority of the test's own: openssl's `ts` behind a small web server."""

from __future__ import annotations

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Test Authority
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[stamp]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = config
[config]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha512
ess_cert_id_alg = sha256
"""


class Authority:
    """Certificates in a folder, and answers to requests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.certificates = folder / "root.pem"
        self.url = ""
        self.broken = False
        folder.mkdir()
        (folder / "ts.cnf").write_text(CONFIG.format(folder=folder))
        self._make_certificates()

    def answer(self, request: bytes) -> bytes:
        """A time stamp response for a request."""
        asked, answered = self.folder / "asked.tsq", self.folder / "answered.tsr"
        asked.write_bytes(request)
        self._openssl(
            "ts", "-reply", "-queryfile", str(asked), "-out", str(answered), "-config", self._config
        )
        return b"broken" if self.broken else answered.read_bytes()

    @property
    def _config(self) -> str:
        return str(self.folder / "ts.cnf")

    def _make_certificates(self) -> None:
        folder = self.folder
        for name in ("root", "tsa"):
            self._openssl(
                "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{folder}/{name}.key"
            )
        new = ("-new", "-config", self._config, "-days", "30")
        self._openssl(
            "req", "-x509", *new, "-subj", "/CN=Test Root", "-key", f"{folder}/root.key", "-extensions", "root",
            "-out", f"{folder}/root.pem",
        )  # fmt: skip
        self._openssl("req", *new[:3], "-key", f"{folder}/tsa.key", "-out", f"{folder}/tsa.csr")
        self._openssl(
            "x509", "-req", "-in", f"{folder}/tsa.csr", "-CA", f"{folder}/root.pem", "-CAkey", f"{folder}/root.key",
            "-set_serial", "7", "-days", "30", "-extfile", self._config, "-extensions", "stamp", "-out",
            f"{folder}/tsa.pem",
        )  # fmt: skip

    def _openssl(self, *words: str) -> None:
        program = shutil.which("openssl")
        assert program is not None
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False, cwd=self.folder)
        assert done.returncode == 0, done.stderr


@contextmanager
def open_authority(folder: Path) -> Iterator[Authority]:
    """An authority that answers at `url` until the end of the block."""
    authority = Authority(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            answer = authority.answer(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    authority.url = f"http://127.0.0.1:{server.server_port}/"
    try:
        yield authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
