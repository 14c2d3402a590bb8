import { expect, test } from "vitest";
import { Memory, SAME_SITTING } from "../../src/memory";
import { notices } from "../../src/notices";
import { shown } from "../../src/status";
import { topOf } from "../../src/top";
import { patch, question, run, task } from "./fakes/runs";

const live = run({ tasks: [task({ state: "done" }), task({ id: "x" })], live: true });

test("the status bar shows the most urgent: server, person, work, failure, nothing", () => {
  expect(shown("failed", [live])).toMatchObject({ text: "$(error) Sextet: down", level: "error" });
  const asking = run({ runId: "b", questions: [question()] });
  expect(shown("running", [live, asking])).toMatchObject({
    text: "$(bell-dot) Sextet: needs you",
    tooltip: "Sextet: Which one?",
    command: "sextet.ui.answer",
  });
  expect(shown("running", [run({ live: false, state: "completed", patches: [patch()] })]).command).toBe(
    "sextet.ui.openPatch",
  );
  expect(shown("running", [live])).toMatchObject({ text: "$(sync~spin) Sextet: 1/2", level: "none" });
  expect(shown("running", [run({ state: "failed", live: false, reason: "No." })])).toMatchObject({
    level: "error",
  });
  expect(shown("running", [])).toMatchObject({ text: "$(hubot) Sextet" });
  expect(shown("waiting", []).tooltip).toContain("comes back");
});

test("each question, gate and patch is told once, with the way to it", () => {
  const asking = run({ questions: [question()] });
  expect(notices(asking, live, "needsYou")).toEqual([
    {
      level: "warning",
      text: "Which one?",
      button: "Answer",
      command: "sextet.ui.answer",
      given: { runId: live.runId, questionId: "question-1" },
    },
  ]);
  expect(notices(asking, asking, "all")).toEqual([]);
  const gate = run({ tasks: [task({ id: "consensus-1", kind: "consensus", state: "awaiting_review" })] });
  expect(notices(gate, live, "all").map((each) => each.command)).toEqual(["sextet.ui.approve"]);
  const ready = run({ patches: [patch()] });
  expect(notices(ready, live, "all").map((each) => each.text)).toEqual([
    "patch-1 is ready: tested and reviewed. “Count words”",
  ]);
  expect(notices(ready, ready, "all")).toEqual([]);
  const again = run({ patches: [patch({ tree: "other" })] });
  expect(notices(again, ready, "all")).toHaveLength(1);
});

test("messages can be turned down and off", () => {
  const failed = run({ state: "failed", reason: "Broken." });
  expect(notices(failed, live, "all").map((each) => each.text)).toEqual(["The run failed: Broken."]);
  expect(notices(failed, live, "needsYou")).toEqual([]);
  expect(notices(run({ questions: [question()] }), live, "never")).toEqual([]);
});

test("what a window finds when it opens is not told as news, but an interrupted run is offered", () => {
  expect(notices(run({ questions: [question()], patches: [patch()] }), undefined, "all")).toEqual([]);
  const found = notices(run({ state: "interrupted", live: false }), undefined, "all");
  expect(found.map((each) => each.button)).toEqual(["Resume"]);
});

test("a run goes on after a crash and a reload, and never unasked on another day", () => {
  const kept = new Map<string, unknown>();
  let now = 0;
  const open = (): Memory =>
    new Memory({ get: (key) => kept.get(key), update: (key, value) => kept.set(key, value) }, () => now);
  const first = open();
  expect(first.resume).toBe("");
  first.workOn("r");
  now = 10 * SAME_SITTING;
  expect(first.resume).toBe("r");
  first.seen();
  now += SAME_SITTING - 1;
  expect(open().resume).toBe("r");
  now += 1;
  expect(open().resume).toBe("");
  first.over("other");
  expect(first.resume).toBe("r");
  first.over("r");
  expect(first.resume).toBe("");
});

test("paths of a patch are below the folder that holds the runs", () => {
  expect(topOf(run({ folder: "/w/codex-runs/r" }))).toBe("/w");
  expect(topOf(undefined)).toBeUndefined();
});
