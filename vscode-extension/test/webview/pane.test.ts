import { beforeEach, expect, test, vi } from "vitest";
import type { FromPane, ToPane } from "../../src/shared/pane";
import type { Question } from "../../src/shared/protocol";
import "../../src/webview/elements/pane";
import { Store } from "../../src/webview/store";
import { entries, snapshots } from "../unit/state/recorded";

const last = snapshots.at(-1)!;
const first = entries[0]!.event;
const settings = first.kind === "run_created" ? first.run.settings : null;
let posted: FromPane[];
let saved: unknown;
let store: Store;
let now: number;

function open(tab = "tasks"): void {
  document.body.replaceChildren();
  posted = [];
  saved = { tab };
  now = 1_000;
  store = new Store(
    {
      postMessage: (message) => posted.push(message as FromPane),
      getState: () => saved,
      setState: (state) => {
        saved = state;
      },
    },
    () => now,
  );
  const pane = document.createElement("sextet-pane");
  pane.store = store;
  document.body.append(pane);
  store.begin();
}

async function tell(...messages: ToPane[]): Promise<void> {
  for (const each of messages) store.hear(each);
  await settled();
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setTimeout(resolve, 0));
}

const runs = (current: string | null): ToPane => ({ kind: "runs", runs: [], current });
const running: ToPane = { kind: "connection", state: "running", words: "" };
const shows = (snapshot = last): ToPane[] => [
  running,
  runs(snapshot.runId),
  { kind: "snapshot", snapshot: { ...snapshot, live: true }, settings },
];
const at = (kind: string): typeof last => snapshots[entries.findIndex((each) => each.event.kind === kind)]!;
const page = (): string => document.body.textContent.replaceAll(/\s+/g, " ");
const press = (label: string): void => {
  const all = [...document.querySelectorAll("button")];
  const names = (each: HTMLElement): boolean =>
    each.getAttribute("aria-label") === label || each.textContent.trim() === label;
  const found = all.find(names);
  expect(found, `a button ${label}`).toBeDefined();
  found!.click();
};
const requests = (): [string, object][] =>
  posted.flatMap((each) => (each.kind === "request" ? [[each.verb, each.params]] : []));

beforeEach(() => {
  open();
});

test("it says that it is there, and what it showed before it was hidden", () => {
  expect(posted).toEqual([{ kind: "ready", runId: null }]);
});

test("a run is shown with its goal, its state and its tasks", async () => {
  await tell(...shows());
  expect(page()).toContain("Count words without regard to case");
  expect(page()).toContain("Rehearsal");
  expect(document.querySelectorAll("sextet-task-card")).toHaveLength(last.tasks.length);
  expect(saved).toMatchObject({ runId: last.runId });
});

test("text is never markup", async () => {
  const goal = "<img src=x onerror=alert(1)><b>bold</b>";
  const tasks = last.tasks.map((each) => ({ ...each, title: goal }));
  await tell(...shows({ ...last, briefing: { ...last.briefing, goal }, reason: goal, tasks }));
  expect(document.querySelector("h1")?.textContent).toBe(goal);
  expect(document.querySelectorAll("img, b, script, [onerror]")).toHaveLength(0);
});

test("no element carries a style that came from text", async () => {
  await tell(...shows());
  expect(document.querySelectorAll("[style]")).toHaveLength(0);
});

test("a question is answered with the value of its choice", async () => {
  const question: Question = {
    id: "trust-1",
    kind: "trust",
    text: "Run `npm ci`?",
    choices: [
      { value: "yes", label: "Run it" },
      { value: "no", label: "Do not" },
    ],
    default: "no",
    deadline: Date.now() / 1_000 + 100,
    taskId: null,
    detail: "npm ci",
    findings: [],
    askedAt: 0,
  };
  await tell(...shows({ ...last, questions: [question] }));
  expect(document.querySelector(".default")?.parentElement?.textContent).toContain("Do not");
  press("Run it");
  expect(requests()).toEqual([
    ["question/answer", { runId: last.runId, questionId: "trust-1", answer: "yes" }],
  ]);
});

test("an approval names the tree that was seen", async () => {
  const run = at("patch_proposed");
  await tell(...shows(run));
  press("Approve");
  const seen = run.patches[0]!.tree;
  expect(requests()).toEqual([["task/approve", { runId: run.runId, taskId: "review-1", seen }]]);
});

test("a refusal is shown with its next step, and can be closed", async () => {
  await tell(...shows(at("patch_proposed")));
  press("Approve");
  const { id } = posted.at(-1) as { id: number };
  await tell({ kind: "refusal", id, words: "The patch has moved on.", step: "Look at it again." });
  expect(document.querySelector("[role=alert]")?.textContent).toContain("Look at it again.");
  press("Close this message");
  await settled();
  expect(document.querySelector("[role=alert]")).toBeNull();
});

test("a goal starts a run once, and opens it", async () => {
  await tell(running, runs(null));
  const goal = document.querySelector<HTMLTextAreaElement>("#goal")!;
  goal.value = "Count words";
  goal.dispatchEvent(new Event("input"));
  await settled();
  expect(saved).toMatchObject({ goal: "Count words" });
  press("Start");
  press("Start");
  expect(requests()).toHaveLength(1);
  expect(requests()[0]).toMatchObject(["run/start", { goal: "Count words", mode: "implement_feature" }]);
  await tell({ kind: "answer", id: (posted.at(-1) as { id: number }).id, result: { runId: "run-12345" } });
  expect(posted.at(-1)).toEqual({ kind: "choose", runId: "run-12345" });
});

test("a gap asks for the run anew, once", async () => {
  await tell(...shows(snapshots[5]), { kind: "event", runId: last.runId, entry: entries[9]! });
  await tell({ kind: "event", runId: last.runId, entry: entries[10]! });
  expect(posted.filter((each) => each.kind === "choose")).toEqual([{ kind: "choose", runId: last.runId }]);
});

test("a worker without a heartbeat looks stale after six seconds", async () => {
  open("workers");
  const worker = {
    id: "tester-1",
    role: "tester" as const,
    state: "working" as const,
    taskId: null,
    title: "",
  };
  const more = { model: "", since: 0, lastActivity: 0, activity: "", usage: last.usage };
  const beat = { runId: last.runId, time: 1, seq: 1, workers: [{ ...worker, ...more }] };
  now = Date.now() / 1_000;
  await tell(...shows(), { kind: "heartbeat", beat });
  expect(document.querySelector(".lane.stale")).toBeNull();
  now -= 7;
  await tell({ kind: "heartbeat", beat });
  expect(document.querySelector(".lane.stale")?.textContent).toContain("no sign for 7 s");
});

test("of a long log only some lines are drawn", async () => {
  open("workers");
  const workers = [
    {
      ...{
        id: "tester-1",
        role: "tester" as const,
        state: "working" as const,
        taskId: null,
        title: "",
        model: "",
      },
      ...{ since: 0, lastActivity: 0, activity: "", usage: last.usage },
    },
  ];
  await tell(...shows({ ...last, workers }));
  const lines = Array.from({ length: 100_000 }, (_, index) => `line ${index + 1}`);
  const told = { workerId: "tester-1", taskId: null, stream: "test", firstSeq: 1, lines, dropped: 0 };
  await tell({ kind: "log", told: { runId: last.runId, batches: [told] } });
  document.querySelector<HTMLElement>(".disclose")!.click();
  await settled();
  expect(document.querySelectorAll(".log-line").length).toBeLessThan(60);
  expect(document.querySelector<HTMLElement>(".log-all")?.style.height).toBe("1800000px");
});

test("roles are changed for the run, whole, or handed to the editor to be saved", async () => {
  open("roles");
  await tell(...shows(at("turn_started")));
  const card = document.querySelector("sextet-role-card")!;
  const input = card.querySelector<HTMLInputElement>("input[type=number]")!;
  input.value = "3";
  input.dispatchEvent(new Event("change"));
  await settled();
  press("Apply to this run");
  expect(requests().at(-1)).toMatchObject([
    "roles/set",
    { roles: { analyst: { workers: 3, sandbox: "read-only" } } },
  ]);
  press("Save");
  expect(posted.at(-1)).toMatchObject({ kind: "command", command: "saveRoles" });
});

test("every button has a name, and tabs move with the arrow keys", async () => {
  await tell(...shows());
  for (const each of document.querySelectorAll("button")) {
    expect(each.getAttribute("aria-label") ?? each.textContent.trim()).not.toBe("");
  }
  const list = document.querySelector("[role=tablist]")!;
  list.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
  await settled();
  expect(document.querySelector("[aria-selected=true]")?.id).toBe("tab-workers");
});

test("what is no message is passed over", () => {
  const told = vi.fn();
  store.onChange(told);
  for (const each of [null, 1, {}, { kind: "snapshot", snapshot: {} }, { kind: "constructor" }])
    store.hear(each);
  expect(told).not.toHaveBeenCalled();
});
