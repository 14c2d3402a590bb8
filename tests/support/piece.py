"""A whole piece for the real Codex: what the scripted model says to each role, and the repository."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

Rule = dict[str, Any]

FILES = {
    "calc.py": "def add(a, b):\n    return a - b\n",
    "README.md": "# Calc\n",
}

TEST = "python3 -m unittest -q test_calc"


def says(name: str, instructions: str, *steps: Any, **match: Any) -> Rule:
    """A rule: who is spoken to (by its developer instructions, and more), and what the model answers."""
    return {
        "name": name,
        "match": {"instructions": instructions, **match},
        "steps": list(steps),
        "after": "repeat-last",
    }


def analysis(number: int) -> dict[str, Any]:
    return {
        "summary": f"Draft {number}: add() subtracts.",
        "requirements": [
            {
                "title": "add() adds",
                "detail": "It subtracts now.",
                "evidence": [{"file": "calc.py", "line": 2}],
                "acceptance": ["add(2, 3) is 5"],
            }
        ],
        "risks": [],
        "testCommands": [TEST],
    }


LEDGER = {
    "summary": "add() must add, and a test must show it.",
    "requirements": [
        {
            "id": "R1",
            "title": "add() adds",
            "detail": "",
            "acceptance": ["add(2, 3) is 5"],
            "support": [1, 2],
        },
        {
            "id": "R2",
            "title": "a test shows it",
            "detail": "",
            "acceptance": ["it fails before"],
            "support": [2],
        },
    ],
    "dissent": [{"draft": 1, "text": "no test is needed"}],
    "openQuestions": [],
}

PLAN = {
    "summary": "One item for the code, one for its test.",
    "items": [
        {
            "id": "code",
            "title": "Let add() add",
            "instructions": "ITEM-CODE: mend add() in calc.py",
            "files": ["calc.py"],
            "dependsOn": [],
            "requirements": ["R1"],
        },
        {
            "id": "test",
            "title": "Test add()",
            "instructions": "ITEM-TEST: write test_calc.py",
            "files": ["test_calc.py"],
            "dependsOn": [],
            "requirements": ["R2"],
        },
    ],
}

FIX_CODE = (
    "*** Begin Patch\n*** Update File: calc.py\n@@\n def add(a, b):\n-    return a - b\n+    return a + b\n"
    "*** End Patch"
)


def _test_file(expected: int) -> str:
    lines = [
        "import unittest",
        "",
        "import calc",
        "",
        "",
        "class Add(unittest.TestCase):",
        "    def test_add(self):",
        f"        self.assertEqual(calc.add(2, 3), {expected})",
    ]
    return "".join(f"+{line}\n" for line in lines)


WRONG_TEST = f"*** Begin Patch\n*** Add File: test_calc.py\n{_test_file(6)}*** End Patch"
RIGHT_TEST = (
    "*** Begin Patch\n*** Update File: test_calc.py\n@@\n     def test_add(self):\n"
    "-        self.assertEqual(calc.add(2, 3), 6)\n+        self.assertEqual(calc.add(2, 3), 5)\n"
    "*** End Patch"
)


def done(summary: str) -> dict[str, Any]:
    return {"json": {"status": "done", "summary": summary}}


def verdict(kind: str, *findings: Mapping[str, Any]) -> dict[str, Any]:
    return {"json": {"verdict": kind, "summary": f"The reviewer says {kind}.", "findings": list(findings)}}


FINDING = {
    "file": "test_calc.py",
    "line": 8,
    "severity": "blocking",
    "message": "2 + 3 is 5, not 6",
    "items": ["test"],
}


def piece(*first: Rule, delay: float = 0.0) -> dict[str, Any]:
    """The whole story: a wrong test, changes requested, rework, approval. Rules of `first` go before it."""
    pause = {"delay": delay}
    return {
        "usage": {"input": 1_000, "cached": 400, "output": 50, "reasoning": 10},
        "rules": [
            *first,
            says(
                "analyst-1", "You are an analyst", [pause, {"shell": "cat calc.py"}], [{"json": analysis(1)}]
            ),
            says("consensus", "You are the consensus", [pause, {"json": LEDGER}]),
            says("splitter", "You are the splitter", [pause, {"json": PLAN}]),
            says(
                "implement code",
                "You are an implementer",
                [{"commentary": "Mending add()."}, pause, {"apply_patch": FIX_CODE}],
                [{"shell": "python3 -c 'import calc; assert calc.add(2, 3) == 5'"}],
                [done("add() adds")],
                contains="ITEM-CODE",
            ),
            says(
                "implement test, first",
                "You are an implementer",
                [pause, {"apply_patch": WRONG_TEST}],
                [done("a test of add()")],
                contains="ITEM-TEST",
                attempt=1,
            ),
            says(
                "implement test, rework",
                "You are an implementer",
                [pause, {"apply_patch": RIGHT_TEST}],
                [done("the test expects 5")],
                contains="ITEM-TEST",
            ),
            says(
                "review, first",
                "You are the reviewer",
                [pause, verdict("changes_requested", FINDING)],
                attempt=1,
            ),
            says("review", "You are the reviewer", [pause, verdict("approve")]),
        ],
    }


def overrides(codex: Path, home: Path, **more: Any) -> dict[str, Any]:
    """Settings of a run that uses this Codex and tests with `TEST`."""
    return {
        "codex.path": str(codex),
        "codex.home": str(home),
        "tester.commands": [TEST],
        **more,
    }
