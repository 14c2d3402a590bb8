from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sextet.codex import checks, install
from sextet.errors import CodexError
from sextet.model.settings import CodexSettings

Fake = Callable[[str], Path]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Makes a codex program out of a few lines of shell."""

    def make(script: str) -> Path:
        path = tmp_path / "bin" / "codex"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.defpath, "HOME": str(tmp_path)}


async def refused(path: Path | str, env: dict[str, str]) -> CodexError:
    with pytest.raises(CodexError) as caught:
        await install.find(CodexSettings(path=str(path)), env)
    assert caught.value.next_step
    return caught.value


async def test_a_missing_codex_is_told_with_the_way_to_get_it(tmp_path, env):
    assert "not found on PATH" in (await refused("", {**env, "PATH": str(tmp_path)})).what
    assert "no codex program at" in (await refused(tmp_path / "codex", env)).what


async def test_a_relative_path_is_refused(env):
    assert "absolute" in (await refused("node_modules/.bin/codex", env)).what


async def test_an_old_codex_is_refused(fake, env):
    assert "0.12.3 is too old" in (await refused(fake("echo codex-cli 0.12.3"), env)).what


async def test_a_newer_codex_is_used_with_a_warning(fake, env):
    found = await install.find(CodexSettings(path=str(fake("echo codex-cli 0.999.1"))), env)
    assert found.newer
    assert found.name == "0.999.1"


@pytest.mark.parametrize(
    "script", ["echo hello", "printf '\\377\\000\\033[31m'", "exit 3", "echo codex-cli x.y.z", ":"]
)
async def test_a_program_that_is_not_codex_is_refused(fake, env, script):
    error = await refused(fake(script), env)
    assert "does not answer like Codex" in error.what
    assert "\x1b" not in error.what


async def test_a_codex_that_hangs_or_floods_is_refused(fake, env, monkeypatch):
    monkeypatch.setattr(install, "PATIENCE", 0.3)
    assert "did not end" in (await refused(fake("sleep 60"), env)).what
    monkeypatch.setattr(install, "PATIENCE", 10.0)
    assert "wrote more than" in (await refused(fake("head -c 20000000 /dev/zero"), env)).what


async def test_a_program_that_cannot_run_is_told(tmp_path, env):
    path = tmp_path / "codex"
    path.write_bytes(b"\x7fELFnot really")
    path.chmod(0o755)
    assert "could not be asked" in (await refused(path, env)).what


async def test_the_native_program_behind_the_wrapper_of_npm_is_used(tmp_path, fake, env):
    scope = tmp_path / "lib" / "node_modules" / "@openai"
    wrapper = scope / "codex" / "bin" / "codex.js"
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text("#!/usr/bin/env node\n")
    wrapper.chmod(0o755)
    link = tmp_path / "links" / "codex"
    link.parent.mkdir()
    link.symlink_to(wrapper)
    path = {**env, "PATH": f"{link.parent}:{os.defpath}"}
    assert "npm's wrapper" in (await refused("", path)).what
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    native = scope / f"codex-{sys.platform}-{machine}" / "vendor" / "any-triple" / "bin" / "codex"
    native.parent.mkdir(parents=True)
    fake("echo codex-cli 0.169.0").rename(native)
    assert (await install.find(CodexSettings(), path)).path == native


async def test_a_home_that_does_not_exist_is_refused(fake, env, tmp_path):
    program = fake("echo codex-cli 0.169.0")
    settings = CodexSettings(path=str(program), home=str(tmp_path / "nowhere"))
    with pytest.raises(CodexError, match="not an existing folder"):
        await install.find(settings, env)


async def test_the_variables_of_providers_are_known_and_a_damaged_config_is_no_reason_to_fail(
    fake, env, tmp_path
):
    config = tmp_path / "config.toml"
    config.write_text(
        'model_provider = "a"\n[model_providers.a]\nenv_key = "A_NAME"\n'
        '[model_providers.b]\nenv_http_headers = { X = "B_NAME" }\n[mcp_servers.theirs]\ncommand = "x"\n'
    )
    settings = CodexSettings(path=str(fake("echo codex-cli 0.169.0")), home=str(tmp_path))
    found = await install.find(settings, env)
    assert (found.keys, found.key, found.servers) == (("A_NAME", "B_NAME"), "A_NAME", ("theirs",))
    given = found.environment({**env, "A_NAME": "1", "OPENAI_API_KEY": "2", "C_TOKEN": "3"})
    assert given["A_NAME"] == "1"
    assert given["CODEX_HOME"] == str(tmp_path)
    assert not {"OPENAI_API_KEY", "C_TOKEN"} & set(given)
    config.write_text("[[[")
    assert (await install.find(settings, env)).keys == ()


async def test_a_broken_sandbox_is_seen_although_the_program_is_there(fake, env, tmp_path):
    path = fake("[ $1 = --version ] && echo codex-cli 0.169.0 && exit\necho bwrap: no namespaces >&2\nexit 1")
    found = await install.find(CodexSettings(path=str(path)), env)
    probe = await install.probe_sandbox(found, tmp_path, env)
    assert not probe.works
    assert "no namespaces" in probe.said


async def test_doctor_names_what_is_wrong_and_what_to_do(fake, env, tmp_path):
    (only,) = await checks.check(CodexSettings(path=str(tmp_path / "gone")), env, tmp_path)
    assert (only.name, only.ok) == ("codex", False)
    path = fake("[ $1 = --version ] && echo codex-cli 0.169.0 && exit\necho broken >&2\nexit 1")
    found = {each.name: each for each in await checks.check(CodexSettings(path=str(path)), env, tmp_path)}
    assert {name: each.ok for name, each in found.items()} == {
        "codex": True,
        "home": True,
        "login": False,
        "sandbox": False,
    }
    assert "broken" in found["login"].what
    assert all(each.next_step for each in found.values() if each.ok is False)


async def test_doctor_misses_the_key_of_the_provider(fake, env, tmp_path):
    (tmp_path / "config.toml").write_text('model_provider = "a"\n[model_providers.a]\nenv_key = "A_NAME"\n')
    settings = CodexSettings(path=str(fake("echo codex-cli 0.169.0")), home=str(tmp_path))
    found = {each.name: each for each in await checks.check(settings, env, tmp_path)}
    assert found["login"].ok is False
    assert "A_NAME" in found["login"].what
