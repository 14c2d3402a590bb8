"""Logs of test runners: which tests failed, and where."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sextet.roles.testlog import LIMIT, Failing, failures

PYTEST = """\
=================================== FAILURES ===================================
_______________________________ test_addition __________________________________

    def test_addition():
>       assert add(1, 2) == 3
E       assert -1 == 3

tests/test_calc.py:7: AssertionError
=========================== short test summary info ============================
FAILED tests/test_calc.py::test_addition - assert -1 == 3
ERROR tests/test_broken.py - ModuleNotFoundError: No module named 'x'
========================= 1 failed, 1 error in 0.05s ==========================
"""

UNITTEST = """\
======================================================================
ERROR: test_b (tests.test_calc.CalcTest.test_b)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/srv/tree/tests/test_calc.py", line 12, in test_b
    divide(1, 0)
  File "/srv/tree/calc.py", line 4, in divide
    return a / b
           ~~^~~
ZeroDivisionError: division by zero

======================================================================
FAIL: test_a (tests.test_calc.CalcTest.test_a)
----------------------------------------------------------------------
Traceback (most recent call last):
  File "/srv/tree/tests/test_calc.py", line 8, in test_a
    self.assertEqual(add(1, 2), 3)
AssertionError: -1 != 3

----------------------------------------------------------------------
Ran 3 tests in 0.001s

FAILED (failures=1, errors=1)
"""

GO = """\
--- FAIL: TestAdd (0.00s)
    calc_test.go:9: got -1, want 3
--- FAIL: TestTable (0.00s)
    --- FAIL: TestTable/zero (0.00s)
        calc_test.go:20: got 1, want 0
FAIL
FAIL\texample.com/calc\t0.002s
"""

JEST = """\
FAIL src/calc.test.js
  ● adds numbers

    expect(received).toBe(expected) // Object.is equality

      at Object.toBe (node_modules/expect/build/index.js:10:2)
      at Object.<anonymous> (src/calc.test.js:5:21)

Test Suites: 1 failed, 1 total
Tests:       1 failed, 1 passed, 2 total
"""

NODE = """\
TAP version 13
# Subtest: adds
not ok 1 - adds
  ---
  duration_ms: 1.2
  type: 'test'
  location: '/srv/tree/calc.test.js:4:1'
  failureType: 'testCodeFailure'
  ...
# fail 1
"""

COMPILER = """\
src/main.rs:10:5: error: mismatched types
src/main.rs:11: note: expected because of this
lib/x.c:3:1: warning: unused
make: *** [Makefile:2: all] Error 1
12:30:45 INFO starting
"""


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (
            PYTEST,
            [
                Failing("test_addition fails: assert -1 == 3", "tests/test_calc.py", 7),
                Failing(
                    "tests/test_broken.py fails: ModuleNotFoundError: No module named 'x'",
                    "tests/test_broken.py",
                ),
            ],
        ),
        (
            UNITTEST,
            [
                Failing(
                    "test_b (tests.test_calc.CalcTest.test_b) fails: ZeroDivisionError: division by zero",
                    "calc.py",
                    4,
                ),
                Failing(
                    "test_a (tests.test_calc.CalcTest.test_a) fails: AssertionError: -1 != 3",
                    "tests/test_calc.py",
                    8,
                ),
            ],
        ),
        (
            GO,
            [
                Failing("TestAdd fails: got -1, want 3", "calc_test.go", 9),
                Failing("TestTable/zero fails: got 1, want 0", "calc_test.go", 20),
            ],
        ),
        (JEST, [Failing("adds numbers fails.", "src/calc.test.js", 5)]),
        (NODE, [Failing("adds fails.", "calc.test.js", 4)]),
        (COMPILER, [Failing("error: mismatched types", "src/main.rs", 10)]),
        ("Segmentation fault\n", []),
        ("", []),
    ],
    ids=["pytest", "unittest", "go", "jest", "node", "compiler", "crash", "empty"],
)
def test_the_failing_places_of_a_log_are_found(log: str, expected: list[Failing]) -> None:
    assert list(failures(log, root="/srv/tree")) == expected


def test_a_place_outside_the_worktree_is_no_place() -> None:
    log = UNITTEST.replace("/srv/tree/", "/elsewhere/")
    assert {each.file for each in failures(log, root="/srv/tree")} == {""}


def test_failures_of_several_runners_in_one_log_are_all_found() -> None:
    found = failures(UNITTEST + GO + PYTEST, root="/srv/tree")
    assert len(found) == 6


def test_a_flood_of_failures_is_cut() -> None:
    log = "\n".join(f"src/a.c:{n}: error: {n}" for n in range(1, 5_000))
    assert len(failures(log)) == LIMIT


@given(st.lists(st.sampled_from((PYTEST + UNITTEST + GO + JEST + NODE + COMPILER).splitlines())))
def test_no_mixture_of_lines_breaks_the_reading(lines: list[str]) -> None:
    for each in failures("\n".join(lines), root="/srv/tree"):
        assert not each.file.startswith("/")
        assert each.message


@given(st.text())
def test_no_text_breaks_the_reading(text: str) -> None:
    assert len(failures(text)) <= LIMIT
