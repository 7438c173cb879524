"""A Milvus Lite server, served over gRPC on a free port of the loopback interface."""

import socket
from pathlib import Path

from milvus_lite.adapter.grpc.server import start_server_in_thread


class MilvusServer:
    """A server that can be stopped, and started again on the same port with the same data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.port = 0
        self.start()

    def start(self) -> None:
        self._server, self._db, self.port = start_server_in_thread(str(self._folder), port=self.port)

    def stop(self) -> None:
        self._server.stop(grace=0).wait()
        self._db.close()

    def address(self, collection: str, options: str = "") -> str:
        return f"milvus://127.0.0.1:{self.port}/{collection}{options}"


class SilentServer:
    """Accepts connections, and never answers."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]

    def close(self) -> None:
        self._socket.close()
