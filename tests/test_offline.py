"""Without a network, questions are answered, and nothing tries to leave the machine."""

import json
import socket
import subprocess
import sys
from pathlib import Path

CUT_OFF = """
import socket, sys
tried = []
real_connect, real_connect_ex, real_lookup = socket.socket.connect, socket.socket.connect_ex, socket.getaddrinfo

def allowed(host):
    return str(host) in ("127.0.0.1", "::1", "localhost", "None", "")

def refuse(host):
    tried.append(host)
    raise OSError(101, f"network is unreachable: {host}")

def connect(real):
    def guarded(self, address):
        if isinstance(address, tuple) and not allowed(address[0]):
            refuse(address[0])
        return real(self, address)
    return guarded

def lookup(host, *args, **kwargs):
    if not allowed(host.decode() if isinstance(host, bytes) else host):
        refuse(host)
    return real_lookup(host, *args, **kwargs)

socket.socket.connect, socket.socket.connect_ex = connect(real_connect), connect(real_connect_ex)
socket.getaddrinfo = lookup
"""

ASK = """
import json, sys
from urllib.request import Request, urlopen
from pathlib import Path
from rag import build_index
from rag.ui import start
from rag.ui.services.collections import Collections, given_collection
build_index(sys.argv[1], sys.argv[2])
home = Path(sys.argv[2] + "-home")
page = start(Collections(home, [given_collection(Path(sys.argv[2]), "Central Asia", home)]), port=int(sys.argv[3]))
question = "How long is the border between Kazakhstan and Russia?"
# Plain HTTP, because gradio's client may check for updates.
address = f"http://127.0.0.1:{sys.argv[3]}/gradio_api/call/ask"
body = json.dumps({"data": [question, None, None]}).encode()
event = json.load(urlopen(Request(address, body, {"Content-Type": "application/json"})))["event_id"]
events = urlopen(f"{address}/{event}").read().decode()
reply = json.loads(next(line for line in events.splitlines() if line.startswith("data: ")).removeprefix("data: "))[0]
page.close(verbose=False)
print(json.dumps([reply["answer"]["text"], tried]))
"""


def test_page_answers_a_question_without_a_network(tmp_path: Path) -> None:
    article = Path(__file__).resolve().parent.parent / "corpus" / "kazakhstan.md"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-c", CUT_OFF + ASK, str(article), str(tmp_path / "index"), str(port)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == ["7,644 km", []]


def test_network_block_works() -> None:
    code = CUT_OFF + "import urllib.request\nurllib.request.urlopen('http://192.0.2.1/', timeout=1)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "network is unreachable: 192.0.2.1" in done.stderr
