"""An S3 server on this machine: moto, in an environment of its own, because botocore wants an older dateutil."""

import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from obstore.store import S3Store

MOTO = "moto[s3,server]==5.2.5"
KEY, SECRET = "AKIATESTKEY", "not-to-be-seen-anywhere"


class S3Server:
    """A running server.

    Attributes:
        environment: Variables that lead a client to it.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self.environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }

    def make_bucket(self, name: str) -> None:
        """Make an empty bucket."""
        urllib.request.urlopen(urllib.request.Request(f"{self._url}/{name}", method="PUT")).close()

    def put(self, path: str, content: str | bytes) -> None:
        """Write an object, such as ``bucket/docs/a.txt``."""
        bucket, _, key = path.partition("/")
        self._store(bucket).put(key, content.encode() if isinstance(content, str) else content)

    def delete(self, path: str) -> None:
        """Delete an object."""
        bucket, _, key = path.partition("/")
        self._store(bucket).delete(key)

    def _store(self, bucket: str) -> S3Store:
        return S3Store(
            bucket,
            endpoint=self._url,
            region="us-east-1",
            access_key_id=KEY,
            secret_access_key=SECRET,
            client_options={"allow_http": True},
        )

    def gets(self) -> int:
        """Number of objects that were fetched since the last call; listings and heads do not count."""
        with urllib.request.urlopen(f"{self._url}/moto-api/recorder/download-recording") as reply:
            lines = reply.read().decode().splitlines()
        urllib.request.urlopen(
            urllib.request.Request(f"{self._url}/moto-api/recorder/reset-recording", method="POST")
        ).close()
        return sum('"method": "GET"' in line and "list-type" not in line for line in lines)


@contextmanager
def s3_server(folder: Path, *, refuses: bool = False) -> Iterator[S3Server]:
    """Run a server; ``refuses`` makes it refuse all keys."""
    uv = Path(sys.executable).with_name("uv")
    environment = {
        **os.environ,
        "MOTO_ENABLE_RECORDING": "1",
        "MOTO_RECORDER_FILEPATH": str(folder / "recording"),
    } | ({"INITIAL_NO_AUTH_ACTION_COUNT": "0"} if refuses else {})
    command = [
        uv,
        "tool",
        "run",
        "--python",
        sys.executable,
        "--from",
        MOTO,
        "moto_server",
        "-H",
        "127.0.0.1",
        "-p",
        "0",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stderr
        said = []
        try:
            for line in process.stderr:
                said.append(line)
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    # Emptied, or the server would wait when the pipe is full.
                    drain = subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL)
                    yield S3Server(found[0])
                    drain.kill()
                    drain.wait()
                    return
            pytest.skip(f"{MOTO} cannot be installed by uv: {' '.join(said)[-200:]}")
        finally:
            process.terminate()
