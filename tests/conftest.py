"""What holds for every test: an own home, no network, a time limit, nothing left behind or left out."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from support import isolation, lanes

TESTS = Path(__file__).parent
LIMITS = {"unit": 10, "contract": 60, "integration": 20, "e2e": 60}
"""Seconds for one test, by folder; room for a busy machine with two cores."""
SLOW = 4
"""A test marked `slow` has this many times as long."""

OUTSIDE = dict(os.environ)
SESSION_HOME = isolation.make_home()
isolation.replace_environment(isolation.environment(SESSION_HOME, OUTSIDE))
WATCH = isolation.Watch()

settings.register_profile(
    "sextet",
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=lanes.in_ci(),
)
settings.load_profile("sextet")


def pytest_unconfigure() -> None:
    isolation.remove_home(SESSION_HOME)


# Time limits --------------------------------------------------------------------------------------
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("timeout") is None and item.path.is_relative_to(TESTS):
            limit = LIMITS.get(item.path.relative_to(TESTS).parts[0])
            if limit is not None:
                patience = SLOW if item.get_closest_marker("slow") else 1
                item.add_marker(pytest.mark.timeout(limit * patience))


# Isolation ----------------------------------------------------------------------------------------
@pytest.fixture(scope="session")
def outside() -> Mapping[str, str]:
    """The environment of whoever started the tests, for those that ask for the real Codex."""
    return OUTSIDE


@pytest.fixture(scope="session", autouse=True)
def _session_leaves_no_process() -> Iterator[None]:
    yield
    left = isolation.leftovers(SESSION_HOME)
    assert not left, "left behind by a fixture: " + "; ".join(map(str, left))


@pytest.fixture(autouse=True)
def home() -> Iterator[Path]:
    """A home of the test's own; everything that looks up a place of the user's finds it there."""
    before = dict(os.environ)
    folder = isolation.make_home()
    isolation.replace_environment(isolation.environment(folder, OUTSIDE))
    WATCH.started = False
    yield folder
    left = isolation.leftovers(folder) if WATCH.started else []
    isolation.replace_environment(before)
    isolation.remove_home(folder)
    assert not left, "left behind by the test: " + "; ".join(map(str, left))


# What was left out --------------------------------------------------------------------------------
@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report = yield
    if report.skipped and not hasattr(report, "wasxfail"):
        _fail_if_forbidden(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Iterator[None]:
    report = yield
    if report.skipped:
        _fail_if_forbidden(report)
    return report


def _fail_if_forbidden(report: pytest.TestReport | pytest.CollectReport) -> None:
    words = lanes.forbidden(report.longrepr)
    if words:
        report.outcome = "failed"
        report.longrepr = words


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = terminalreporter.getreports("skipped")
    if skipped:
        terminalreporter.section("left out")
        for line in lanes.summary(report.longrepr for report in skipped):
            terminalreporter.line(f"Left out: {line}")
