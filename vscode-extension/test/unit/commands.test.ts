import { expect, test } from "vitest";
import { COMMANDS } from "../../src/commands";
import { sentence } from "../../src/commands/patches";
import type { Applied, Choice } from "../../src/shared/protocol";
import { Office } from "./fakes/desk";
import { patch, question, run, task } from "./fakes/runs";
import { Script, refusal } from "./fakes/verbs";

const ID = run().runId;

async function does(id: string, office: Office, given?: Record<string, unknown>): Promise<void> {
  await COMMANDS[id]!(office.desk, given);
}

test("a run is started with goal and mode, with a key of its own, and is what the window works on", async () => {
  const script = new Script({ "run/start": () => ({ runId: ID }), "run/snapshot": () => run() });
  const office = new Office(script);
  office.person.answers = ["Count words", "$(bug) Hunt bugs"];
  await does("startRun", office);
  expect(script.asked[0]?.[1]).toMatchObject({ goal: "Count words", mode: "bug_hunt" });
  expect((script.asked[0]?.[1] as { requestKey: string }).requestKey).toMatch(/^[0-9a-f-]{36}$/);
  expect(office.did).toEqual([`work on ${ID}`, "run sextet.pane.focus"]);
});

test("who turns away starts nothing", async () => {
  const script = new Script({});
  for (const answers of [[], ["A goal"]]) {
    const office = new Office(script);
    office.person.answers = answers;
    await does("startRun", office);
  }
  expect(script.asked).toEqual([]);
});

test("a refusal is told with its words and a button that helps", async () => {
  const script = new Script({
    "run/start": () => {
      throw refusal("codex", "Codex is not logged in.");
    },
  });
  const office = new Office(script);
  office.person.answers = ["Check This Machine"];
  await does("startRun", office, { goal: "g", mode: "implement_feature" });
  expect(office.person.heard.at(-1)).toBe("error: Codex is not logged in.");
  expect(office.did).toEqual(["run sextet.ui.doctor"]);
});

test("without a run a command says so and offers to start one", async () => {
  const office = new Office(new Script({}));
  office.person.answers = ["Start a Run"];
  await does("followUp", office);
  expect(office.did).toEqual(["run sextet.ui.startRun"]);
});

test("a run is stopped only after a yes", async () => {
  const script = new Script({ "run/stop": () => ({ seq: 1 }) });
  const office = new Office(script, run());
  await does("stopRun", office);
  office.person.answers = ["Stop the Run"];
  await does("stopRun", office);
  expect(script.asked).toEqual([["run/stop", { runId: ID }]]);
});

test("a run that was interrupted is gone on with when it is chosen", async () => {
  const lines = [
    { id: ID, goal: "Count", createdAt: 1, state: "interrupted", ours: true, live: false, problem: "" },
  ];
  const script = new Script({
    "recover/list": () => ({ runs: lines, salvaged: [], mirror: "", applies: [] }),
    "run/resume": () => ({ seq: 1 }),
  });
  const office = new Office(script, run({ state: "interrupted" }));
  office.person.answers = ["$(debug-pause) Count"];
  await does("resumeRun", office);
  expect(script.asked.at(-1)).toEqual(["run/resume", { runId: ID }]);
  expect(office.did).toEqual([`work on ${ID}`]);
});

test("workers are stopped by role, after their work or at once", async () => {
  const script = new Script({ "workers/stop": () => ({ seq: 1 }), "workers/start": () => ({ seq: 1 }) });
  const office = new Office(script, run());
  office.person.answers = ["tester", "$(debug-stop) At once", "$(organization) All roles"];
  await does("stopWorkers", office);
  await does("startWorkers", office);
  expect(script.asked.map(([, params]) => params)).toEqual([
    { runId: ID, roles: ["tester"], how: "now" },
    { runId: ID, roles: [] },
  ]);
});

test("the only task that fits is meant; of several one is chosen", async () => {
  const script = new Script({ "task/retry": () => ({ seq: 1 }), "task/steer": () => ({ seq: 1 }) });
  const tasks = [
    task({ id: "implement-1-1", state: "error" }),
    task({ id: "implement-1-2", state: "in_progress" }),
    task({ id: "implement-1-3", state: "in_progress" }),
  ];
  const office = new Office(script, run({ tasks }));
  await does("retry", office);
  office.person.answers = ["implement-1-3", "Use the library"];
  await does("steer", office);
  expect(script.asked.map(([, params]) => params)).toEqual([
    { runId: ID, taskId: "implement-1-1" },
    { runId: ID, taskId: "implement-1-3", text: "Use the library" },
  ]);
  await does("approve", office);
  expect(office.person.heard.at(-1)).toBe("info: Nothing waits for an approval.");
});

test("a patch is approved as the tree that is there, a consensus after it was shown", async () => {
  const script = new Script({ "task/approve": () => ({ seq: 1 }) });
  const review = task({ id: "review-1", kind: "review", state: "done" });
  const office = new Office(script, run({ tasks: [review], patches: [patch({ tree: "tree-1" })] }));
  await does("approve", office);
  expect(script.asked[0]?.[1]).toEqual({ runId: ID, taskId: "review-1", seen: "tree-1" });
  const ledger = {
    summary: "",
    requirements: [{ id: "R1", title: "Rank" }],
    dissent: [{}],
    openQuestions: [],
  };
  const gate = task({ id: "consensus-1", kind: "consensus", state: "awaiting_review" });
  const other = new Office(script, run({ tasks: [gate], ledger: ledger as never }));
  other.person.answers = ["Approve"];
  await does("approve", other);
  expect(other.person.heard[0]).toContain("R1  Rank\n1 points of dissent");
  expect(script.asked[1]?.[1]).toEqual({ runId: ID, taskId: "consensus-1" });
});

test("a question shows all of what is agreed to, the harmless answer first", async () => {
  const script = new Script({ "question/answer": () => ({ seq: 1 }) });
  const choices: Choice[] = [
    { value: "accept", label: "Run it" },
    { value: "decline", label: "Do not" },
  ];
  const asked = question({ kind: "approval", choices, default: "decline", detail: "rm -rf build" });
  const office = new Office(script, run({ questions: [asked] }));
  office.person.answers = ["Run it"];
  await does("answer", office);
  expect(office.person.heard[0]).toContain("rm -rf build");
  expect(script.asked[0]?.[1]).toEqual({ runId: ID, questionId: "question-1", answer: "accept" });
});

test("an open question takes words, and none are open otherwise", async () => {
  const script = new Script({ "question/answer": () => ({ seq: 1 }) });
  const office = new Office(script, run({ questions: [question()] }));
  office.person.answers = ["The second"];
  await does("answer", office);
  expect(script.asked[0]?.[1]).toMatchObject({ answer: "The second" });
  const quiet = new Office(script, run());
  await does("answer", quiet);
  expect(quiet.person.heard).toEqual(["info: Nobody waits for an answer."]);
});

const APPLIED: Applied = {
  id: "apply-1",
  kind: "exact",
  at: 0,
  by: "me",
  tree: "t",
  files: ["a"],
  altered: [],
  unsaved: [],
  hunks: [],
  whole: true,
};

test("an apply names the tree that was shown, says what it was, and can be undone", async () => {
  const script = new Script({
    "patch/apply": () => ({ applied: APPLIED }),
    "patch/revert": () => ({ files: ["a"], merged: ["a"] }),
  });
  const office = new Office(script, run({ patches: [patch()] }));
  office.person.answers = ["Undo"];
  await does("applyHunk", office, { runId: ID, patchId: "patch-1", hunks: ["h1"] });
  expect(script.asked).toEqual([
    ["patch/apply", { runId: ID, patchId: "patch-1", seen: "t", hunks: ["h1"] }],
    ["patch/revert", { runId: ID, patchId: "patch-1" }],
  ]);
  expect(office.person.heard).toEqual([
    "info: patch-1: applied exactly as it was approved, 1 file.",
    "info: patch-1 is taken back from 1 files. Your later edits stay in a.",
  ]);
});

test("a patch is applied whole, also with the cursor in one of its hunks", async () => {
  const script = new Script({ "patch/apply": () => ({ applied: APPLIED }) });
  const office = new Office(script, run({ patches: [patch()] }));
  await does("applyPatch", office, { runId: ID, patchId: "patch-1", hunks: ["h1"] });
  expect(script.asked[0]?.[1]).toEqual({ runId: ID, patchId: "patch-1", seen: "t" });
  await does("applyHunk", office);
  expect(office.person.heard.at(-1)).toContain("Put the cursor into a hunk");
});

test("only an exact apply counts as tested", () => {
  expect(sentence({ ...APPLIED, kind: "partial", files: ["a", "b"] })).toContain(
    "2 files; the result is not what",
  );
  expect(sentence({ ...APPLIED, kind: "merged" })).toContain("not tested yet");
  expect(sentence({ ...APPLIED, altered: ["a"] })).toContain("Altered by save: a.");
});

test("the doctor shows every check and tells the first that is missing", async () => {
  const checks = [
    { name: "git", ok: true, what: "Git 2.39.", nextStep: "" },
    { name: "codex", ok: false, what: "There is no codex.", nextStep: "Install it." },
  ];
  const office = new Office(new Script({ doctor: () => ({ checks, problems: [] }) }));
  await does("doctor", office);
  expect(office.did[0]).toContain("missing  codex        There is no codex.");
  expect(office.person.heard).toEqual(["warning: There is no codex. Install it."]);
});

test("clean shows what goes before it asks, and removes nothing without a yes", async () => {
  const found = [{ what: "worktree of implement-1-1", path: "/w", bytes: 3 << 20 }];
  const script = new Script({ clean: ({ dryRun }) => ({ found, kept: [], removed: dryRun === false }) });
  const office = new Office(script);
  await does("clean", office);
  expect(script.asked).toHaveLength(1);
  expect(office.did[0]).toContain("3.0 MiB  worktree of implement-1-1");
  office.person.answers = ["Remove"];
  await does("clean", office);
  expect(script.asked.at(-1)?.[1]).toEqual({ dryRun: false });
});

test("a test command is suggested from files, confirmed by the person, and written down", async () => {
  const office = new Office(new Script({}));
  office.files["Makefile"] = "all:\n\ntest: all\n\tpytest\n";
  office.files["package.json"] = '{"scripts":{"test":"echo \\"Error: no test specified\\" && exit 1"}}';
  office.person.answers = ["make test"];
  await does("detectTests", office);
  expect(office.person.heard[0]).toContain("make test, $(edit)");
  expect(office.person.heard[0]).not.toContain("npm");
  expect(office.did).toEqual(['set tester.commands ["make test"]']);
});

test("a login is put into a terminal, and never in a folder that is not trusted", async () => {
  const office = new Office(new Script({}));
  await does("login", office);
  office.trusted = false;
  await does("login", office);
  expect(office.did).toEqual(["terminal Codex Login: codex login"]);
});

test("the folder is chosen among those of the window", async () => {
  const office = new Office(new Script({}));
  office.person.answers = ["b"];
  await does("chooseFolder", office);
  expect(office.did).toEqual(["folder /b"]);
});
