"""A private Dovecot (IMAP): every user name is let in with one password and has a mailbox of its own."""

from __future__ import annotations

import grp
import os
import pwd
from pathlib import Path

from tests.services.certificates import make_certificate
from tests.services.programs import HOMEBREW, Program, answers, find_program, free_port

PASSWORD = "let-me-in"
_CONFIG = """
base_dir = {folder}/run
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = yes
ssl_cert = <{cert}
ssl_key = <{key}
disable_plaintext_auth = yes
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:~/Maildir
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
service imap-login {{
  {chroot}
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {safe_port}
    ssl = yes
  }}
}}
service anvil {{
  {chroot}
}}
service stats {{
  {chroot}
}}
"""


class Dovecot:
    """One server; the URL tells both ports and the certificate: imaps://127.0.0.1:SAFE?PORT&CERT."""

    name = "dovecot"

    def __init__(self, folder: Path) -> None:
        """Raises `Missing` where Dovecot is not installed."""
        server = find_program("dovecot", ("/usr/sbin", *(f"{brew}/opt/dovecot*/sbin" for brew in HOMEBREW)))
        self.folder = folder / self.name
        (self.folder / "mail").mkdir(parents=True, mode=0o755)
        cert, key = make_certificate(self.folder)
        self.port, self.safe_port = free_port(), free_port()
        is_root = os.geteuid() == 0
        me = pwd.getpwuid(os.geteuid()).pw_name
        mine = pwd.getpwnam("dovecot") if is_root else pwd.getpwuid(os.geteuid())
        os.chown(self.folder / "mail", mine.pw_uid, mine.pw_gid)
        (self.folder / "dovecot.conf").write_text(
            _CONFIG.format(
                folder=self.folder, cert=cert, key=key, password=PASSWORD,
                internal="dovecot" if is_root else me,
                login="dovenull" if is_root else me,
                group=grp.getgrgid(mine.pw_gid).gr_name,
                uid=mine.pw_uid, gid=mine.pw_gid,
                chroot="" if is_root else "chroot =",
                port=self.port, safe_port=self.safe_port,
            )
        )  # fmt: skip
        self._cert = cert
        command = [server, "-F", "-c", str(self.folder / "dovecot.conf")]
        self._program = Program(command, self.folder / "log", None)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"imaps://127.0.0.1:{self.safe_port}?port={self.port}&cert={self._cert}"

    def start(self) -> None:
        """Start the server and wait until it listens."""
        self._program.start()
        self._program.await_ready(lambda: answers(self.safe_port))

    def stop(self) -> None:
        """SIGTERM, then kill."""
        self._program.stop()
