"""The scripts of ``rag completion`` in the shells themselves, driven through a terminal."""

import os
import pty
import re
import select
import shutil
import subprocess
from pathlib import Path

import pytest

from rag.cli import main
from tests.waiting import PATIENCE

#: How a shell starts without the user's settings, takes a script, and prints the arguments that ``rag`` is given. Each
#: message is split, so that it differs from what is typed.
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        "source {script}; rag() {{ printf 'gi''ven: %s;\\n' \"$*\"; }}; echo rea''dy",
    ),
    "zsh": (
        ["zsh", "--no-rcs", "-i"],
        "fpath=({folder} $fpath); autoload -Uz compinit; compinit -u -D; "
        "rag() {{ printf 'gi''ven: %s;\\n' \"$*\" }}; echo rea''dy",
    ),
    "fish": (
        ["fish", "--no-config", "-i"],
        "source {script}; function rag; printf 'gi''ven: %s;\\n' \"$argv\"; end; echo rea''dy",
    ),
}


class _Terminal:
    """A shell in a terminal of its own."""

    def __init__(self, command: list[str], home: Path) -> None:
        ours, theirs = pty.openpty()
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb", "LC_ALL": "C.UTF-8"}
        # Without control of its terminal, a shell does not edit lines.
        command = ["setsid", "--ctty", *command]
        self._process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=home)
        os.close(theirs)
        self._ours, self._shown = ours, ""

    def type(self, keys: str, message: str) -> str:
        """What follows a message, up to a semicolon or the end of the line, once some keys are typed."""
        self._shown = ""
        os.write(self._ours, keys.encode())
        while not re.search(r"[;\n]", self._shown.partition(message)[2]):
            assert select.select([self._ours], [], [], PATIENCE)[0], self._shown
            self._shown += os.read(self._ours, 4096).decode(errors="replace")
        return self._shown.partition(message)[2].partition(";")[0].strip()

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._ours)


@pytest.mark.parametrize("shell", SHELLS)
def test_tab_completes_commands_options_and_values(
    shell: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not shutil.which(shell):
        pytest.skip(f"no {shell}; `apt-get install {shell}`")
    assert main(["completion", shell]) == 0
    script = tmp_path / "_rag"
    script.write_text(capsys.readouterr().out)
    (tmp_path / "a-file.txt").touch()
    (tmp_path / "a-folder").mkdir()
    command, setup = SHELLS[shell]
    terminal = _Terminal(command, tmp_path)
    try:
        terminal.type(setup.format(script=script, folder=tmp_path) + "\n", "ready")
        for keys, words in (
            ("rag comp\t\n", "completion"),
            ("rag completion fi\t\n", "completion fish"),
            ("rag ask --js\t\n", "ask --json"),
            ("rag index --embe\t\n", "index --embedder"),
            ("rag index a-fi\t\n", "index a-file.txt"),
            ("rag index --index a-fo\t\n", "index --index a-folder"),
        ):
            assert terminal.type(keys, "given: ").rstrip("/") == words
    finally:
        terminal.close()
