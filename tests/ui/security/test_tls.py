"""Certificates, and passwords over plain HTTP."""

import errno
import shutil
import ssl
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest
from rag.ui.security.accounts import AccessPolicy
from rag.ui.security.tls import TlsFiles
from rag.ui.server import start
from rag.ui.services.collections import Collections, given_collection

from rag import InputError, SentenceTransformerEncoder
from tests.ui.driver import free_port
from tests.waiting import PATIENCE


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    if not shutil.which("openssl"):
        pytest.skip("needs the program openssl")
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return TlsFiles(folder / "cert.pem", folder / "key.pem")


def test_page_is_served_over_https(
    files: TlsFiles, corpus_index: Path, encoder: SentenceTransformerEncoder, tmp_path: Path
) -> None:
    assert TlsFiles.check(files.certificate, files.key) == files
    given = given_collection(corpus_index, "Articles", tmp_path)
    port = free_port()
    page = start(Collections(tmp_path, [given], encoder), port=port, tls=files)
    try:
        trusted = ssl.create_default_context(cafile=files.certificate)
        assert httpx.get(f"https://127.0.0.1:{port}/", verify=trusted, timeout=PATIENCE).status_code == 200
    finally:
        page.close(verbose=False)


def test_wrong_files_are_refused(files: TlsFiles, tmp_path: Path) -> None:
    assert TlsFiles.check(None, None) is None
    with pytest.raises(InputError, match="--tls-cert and --tls-key: give both or neither"):
        TlsFiles.check(files.certificate, None)
    with pytest.raises(InputError, match=r"none\.pem: no such file; give a PEM file"):
        TlsFiles.check(files.certificate, tmp_path / "none.pem")
    with pytest.raises(
        InputError, match=r"not a certificate and its key in PEM format \(.+\); give two files that belong together"
    ):
        TlsFiles.check(files.key, files.certificate)


def test_unreadable_file_is_refused_by_name(files: TlsFiles, monkeypatch: pytest.MonkeyPatch) -> None:
    # Simulated, because the administrator may read every file.
    opened = Path.open

    def refuse_key(path: Path, *arguments: Any) -> Any:
        if path == files.key:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, *arguments)

    monkeypatch.setattr(Path, "open", refuse_key)
    with pytest.raises(InputError, match=r"key\.pem: cannot be read \(Permission denied\); check its permissions"):
        TlsFiles.check(files.certificate, files.key)


def test_passwords_do_not_pass_unencrypted_unless_asked_for() -> None:
    accounts = {"ann": "secret"}
    with pytest.raises(InputError, match=r"host 0\.0\.0\.0: passwords would pass unencrypted; give --tls-cert"):
        AccessPolicy(accounts).check("0.0.0.0")
    AccessPolicy(accounts, encrypted=True).check("0.0.0.0")
    AccessPolicy(accounts, plain_http=True).check("0.0.0.0")
    AccessPolicy(accounts).check("127.0.0.1")
