import { beforeEach, expect, test } from "vitest";
import type { Listener } from "../../../src/feed";
import { Conversation } from "../../../src/pane/conversation";
import type { PaneHost } from "../../../src/pane/host";
import { html } from "../../../src/pane/html";
import type { FromPane, ToPane } from "../../../src/shared/pane";
import { toPane } from "../../../src/shared/pane-shapes";
import { Refused } from "../../../src/shared/refusal";
import { entries, snapshots } from "../state/recorded";

const snapshot = snapshots.at(-1)!;
let listener: Listener;
let posted: ToPane[];
let asked: [string, unknown][];
let chosen: string | null;

function host(): PaneHost {
  return {
    request: (verb, params) => {
      asked.push([verb, params]);
      const answers: Record<string, unknown> = {
        "run/list": { runs: [] },
        "run/events": { entries, last: 60 },
      };
      const found = answers[verb];
      return found ? Promise.resolve(found as never) : Promise.reject(new Refused("busy", "No.", "Wait."));
    },
    look: () => {
      listener.snapshot?.(snapshot);
      return Promise.resolve();
    },
    listen: (given) => {
      listener = given;
      return { dispose: () => undefined };
    },
    run: (command, args) => Promise.resolve([command, args]),
    standing: () => ({ state: "running", words: "" }),
    next: () => ({
      maxAgents: 4,
      testCommands: [],
      budget: { runTokens: 0, warnAt: 0 },
      approvals: { consensus: 0, patch: 1 },
    }),
    current: () => chosen,
    choose: (runId) => {
      chosen = runId;
    },
    onChange: () => ({ dispose: () => undefined }),
  };
}

let conversation: Conversation;
const hear = (message: FromPane): Promise<void> => conversation.hear(message);

beforeEach(() => {
  [posted, asked, chosen] = [[], [], snapshot.runId];
  conversation = new Conversation(host(), (message) => posted.push(message));
});

test("a page that is ready is told everything, with the settings of the run", async () => {
  await hear({ kind: "ready", runId: null });
  expect(posted.map((each) => each.kind)).toEqual(["connection", "settings", "runs", "snapshot"]);
  expect(posted.at(-1)).toMatchObject({ settings: { approvals: { consensus: 0 } } });
  expect(posted.every((each) => toPane(structuredClone(each)))).toBe(true);
});

test("a page that comes back to a host that knows no run names its own", async () => {
  chosen = null;
  await hear({ kind: "ready", runId: snapshot.runId });
  expect(chosen).toBe(snapshot.runId);
});

test("only the run that is shown is told", async () => {
  listener.entry?.("another-run-1", entries[1]!);
  listener.entry?.(snapshot.runId, entries[1]!);
  await Promise.resolve();
  expect(posted.filter((each) => each.kind === "event")).toHaveLength(1);
});

test("an answer and a refusal carry the number of their question", async () => {
  await hear({ kind: "request", id: 7, verb: "run/list", params: {} });
  await hear({ kind: "request", id: 8, verb: "run/resume", params: { runId: "run-12345" } });
  await hear({ kind: "command", id: 9, command: "openTask", args: { taskId: "test-1" } });
  expect(posted).toEqual([
    { kind: "answer", id: 7, result: { runs: [] } },
    { kind: "refusal", id: 8, words: "No.", step: "Wait." },
    { kind: "answer", id: 9, result: ["openTask", { taskId: "test-1" }] },
  ]);
});

test.each([
  null,
  "ready",
  { kind: "ready" },
  { kind: "toString" },
  { kind: "request", id: 1, verb: "clean", params: { dryRun: false } },
  { kind: "request", id: 1, verb: "run/list", params: { more: 1 } },
  { kind: "request", id: 1, verb: "run/start", params: { goal: "x", trust: true } },
  { kind: "request", id: 1, verb: "patch/apply", params: { runId: "r", patchId: "p", controlFiles: true } },
  { kind: "request", id: 1, verb: "roles/set", params: { runId: "r", roles: { boss: {} } } },
  { kind: "request", id: -1, verb: "run/list", params: {} },
  { kind: "command", id: 1, command: "workbench.action.quit", args: {} },
  { kind: "command", id: 1, command: "openFile", args: { path: "x", shell: "y" } },
])("what is no message does nothing: %j", async (message) => {
  await conversation.hear(message);
  expect([posted, asked]).toEqual([[], []]);
});

test("a page that is gone is told nothing more", () => {
  conversation.dispose();
  listener.snapshot?.(snapshot);
  expect(posted).toEqual([]);
});

test("the page allows one script, our styles and our font, and nothing else", () => {
  const page = html({ cspSource: "vscode:", nonce: "abc", script: "main.js", style: "pane.css" });
  expect(page).toContain("default-src 'none'; script-src 'nonce-abc'; style-src vscode:; font-src vscode:");
  expect(page).not.toMatch(/unsafe|style=|onload|<script>/);
});
