"""A private OpenSSH server that speaks SFTP to whoever runs the tests, by one key."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from tests.services.programs import HOMEBREW, Missing, Program, answers, find_program, free_port

_CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
PidFile none
AuthorizedKeysFile {folder}/authorized_keys
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""
_SEPARATION = Path("/run/sshd")  # where Debian's sshd puts its unprivileged half


class Sshd:
    """One server; the URL tells port and user, its folder holds `host_key.pub` and `user_key`."""

    name = "sshd"

    def __init__(self, folder: Path) -> None:
        """Raises `Missing` where OpenSSH's server is not installed."""
        server = find_program("sshd", ("/usr/sbin", *(f"{brew}/opt/openssh*/sbin" for brew in HOMEBREW)))
        if os.geteuid() == 0 and not _SEPARATION.is_dir():
            try:
                _SEPARATION.mkdir(mode=0o755)
            except OSError as error:
                raise Missing(f"{_SEPARATION}: {error.strerror}") from error
        self.folder = folder / self.name
        self.folder.mkdir(parents=True, mode=0o700)
        _make_key(self.folder / "host_key")
        public = _make_key(self.folder / "user_key")
        (self.folder / "authorized_keys").write_text(public + "\n")
        self.port = free_port()
        (self.folder / "config").write_text(_CONFIG.format(port=self.port, folder=self.folder))
        command = [server, "-D", "-e", "-f", str(self.folder / "config")]
        self._program = Program(command, self.folder / "log", None)

    @property
    def url(self) -> str:
        """Where it listens, and where its keys are."""
        user = pwd.getpwuid(os.geteuid()).pw_name
        return f"sftp://{user}@127.0.0.1:{self.port}{self.folder}"

    def start(self) -> None:
        """Start the server and wait until it listens."""
        self._program.start()
        self._program.await_ready(lambda: answers(self.port))

    def stop(self) -> None:
        """SIGTERM, then kill."""
        self._program.stop()


def _make_key(path: Path) -> str:
    """An Ed25519 key in OpenSSH's form, the public half beside it; returns that half."""
    key = ed25519.Ed25519PrivateKey.generate()
    form, plain = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    path.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    path.chmod(0o600)
    both = serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH
    public = key.public_key().public_bytes(*both).decode()
    path.with_name(f"{path.name}.pub").write_text(public)
    return public
