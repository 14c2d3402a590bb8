// Recorded states, and answers to what the pane asks about them.

const AT = {
  early: "turn_started",
  rework: "rework_started",
  ask: "task_integrated",
  review: "patch_proposed",
};

function snapshotAt(steps, wanted) {
  let now = { tasks: [] };
  for (const { entry, snapshot } of steps) {
    const tasks = new Map(now.tasks.map((each) => [each.id, each]));
    for (const each of snapshot.tasks ?? []) tasks.set(each.id, each);
    now = { ...now, ...snapshot, tasks: [...tasks.values()] };
    const claimedAgain = wanted === "rework" && entry.event.kind === "turn_started" && now.round > 0;
    if (claimedAgain || (wanted !== "rework" && entry.event.kind === AT[wanted])) break;
  }
  return { ...now, live: wanted !== "end" };
}

function workers(run, time) {
  const counts = { analyst: 2, consensus: 1, splitter: 1, implementer: 2, tester: 1, reviewer: 1 };
  return Object.entries(counts).flatMap(([role, number]) =>
    Array.from({ length: number }, (_, index) => {
      const id = `${role}-${index + 1}`;
      const task = run.tasks.find((each) => each.owner === id);
      return {
        id,
        role,
        state: task ? "working" : "idle",
        taskId: task?.id ?? null,
        title: task?.title ?? "",
        model: task ? "gpt-5.5-codex" : "",
        since: time,
        lastActivity: task ? time - 3 : 0,
        activity: task ? "$ grep -rn 'def count' tally/ tests/ --include='*.py'" : "",
        usage: { input: task ? 8200 : 0, cached: 0, output: task ? 640 : 0, reasoning: 0 },
      };
    }),
  );
}

function questions(now) {
  const common = { findings: [], askedAt: now, taskId: null, detail: "" };
  return [
    {
      ...common,
      id: "trust-1",
      kind: "trust",
      text: "The repository wants to prepare fresh worktrees with `npm ci`. Run it?",
      choices: [
        { value: "yes", label: "Run it" },
        { value: "no", label: "Do not run it" },
      ],
      default: "no",
      deadline: now + 4000,
      detail: "npm ci\n\nfrom .vscode/settings.json, sextet.worktree.setupCommand",
    },
    {
      ...common,
      id: "agent-1",
      kind: "agent",
      text: "Should `--top 0` print nothing, or be refused?",
      choices: [],
      default: "be refused",
      deadline: now + 95,
    },
  ];
}

const next = {
  maxAgents: 4,
  testCommands: ["python3 -m unittest -q"],
  budget: { runTokens: 400000, warnAt: 300000 },
  approvals: { consensus: 0, patch: 1 },
};

export function scene(name, steps) {
  const now = Date.now() / 1000;
  const first = steps[0].entry.event.run;
  const run = snapshotAt(steps, name);
  const line = { id: run.runId, goal: first.briefing.goal, createdAt: now - 7200, ours: true, problem: "" };
  const runs = [
    { ...line, state: run.state, live: true },
    { ...line, id: "past-1-0000", goal: "Fix the flaky test of the parser", state: "completed", live: false },
    { ...line, id: "past-2-0000", goal: "Dark mode", state: "failed", live: false, createdAt: now - 200000 },
  ];
  const told = [
    { kind: "connection", state: "running", words: "" },
    { kind: "settings", next },
    { kind: "runs", runs, current: name === "start" ? null : run.runId },
  ];
  if (name === "start") return told;
  const shift = now - run.time - 4;
  const moved = (value) => (value > 0 ? value + shift : value);
  run.time += shift;
  run.createdAt += shift;
  run.tasks = run.tasks.map((each) => ({
    ...each,
    claimedAt: moved(each.claimedAt),
    endedAt: moved(each.endedAt),
  }));
  if (name === "ask") run.questions = questions(now);
  if (name === "ask") run.state = "waiting_for_human";
  run.workers = name === "end" ? [] : workers(run, now);
  const settings = { ...first.settings, budget: next.budget, approvals: next.approvals };
  told.push({ kind: "snapshot", snapshot: run, settings });
  const sent = name === "early" ? now : now + 1;
  if (name !== "end")
    told.push({
      kind: "heartbeat",
      beat: { runId: run.runId, time: sent, seq: run.seq, workers: run.workers },
    });
  const lines = Array.from(
    { length: 300 },
    (_, index) => `${index + 99701} reading tally/counting.py, line ${index}`,
  );
  const batch = {
    workerId: "implementer-1",
    taskId: null,
    stream: "agent",
    firstSeq: 99701,
    lines,
    dropped: 0,
  };
  if (name === "rework") told.push({ kind: "log", told: { runId: run.runId, batches: [batch] } });
  return told;
}

function patch(steps) {
  const run = snapshotAt(steps, "review");
  const file = (path, added, removed, control = false) => ({
    path,
    added,
    removed,
    control,
    binary: false,
    oldMode: "100644",
    newMode: "100644",
    oldBlob: "a",
    newBlob: "b",
  });
  const files = [
    file(".github/workflows/test.yml", 6, 1, true),
    file("tally/__main__.py", 14, 3),
    file("tally/counting.py", 9, 2),
    file("tally/report.py", 5, 1),
    file("tests/integration/a/rather/deep/folder/test_counting_words.py", 41, 0),
  ];
  const hunks = files.flatMap((each, f) =>
    (f === 1 ? [0, 1, 2] : [0]).map((h) => ({
      id: `${f}${h}`,
      path: each.path,
      oldStart: 4 + h * 20,
      oldLines: 3,
      newStart: 4 + h * 20,
      newLines: 7,
      control: each.control,
      tasks: ["implement-1-1"],
      workers: ["implementer-1"],
      models: [""],
      requirements: ["R1", "R2"],
      applied: null,
      mark:
        f === 1 && h < 2 ? { mark: h === 0 ? "accepted" : "rejected", by: "Ada", at: 1, comment: "" } : null,
    })),
  );
  return {
    patch: run.patches[0],
    changes: { oldTree: "", newTree: "", files, warnings: [] },
    diff: "",
    hunks,
    retest: null,
  };
}

export function answer({ verb, params }, steps) {
  const run = snapshotAt(steps, "end");
  switch (verb) {
    case "roles/get":
      return { roles: run.roles, sources: { "roles.analyst.models": "repository" }, problems: [] };
    case "models/list":
      return { models: [{ name: "gpt-5.5-codex", efforts: [], default: true }] };
    case "patch/get":
      return patch(steps);
    case "artifact/read":
      return { epoch: 1, names: [], text: "Ada: please keep `don't` as one word.\n", next: 0, size: 0 };
    case "log/read": {
      const first = params.fromSeq < 0 ? 100001 + params.fromSeq : Math.max(params.fromSeq, 1201);
      const lines = Array.from(
        { length: Math.min(500, 100001 - first) },
        (_, index) => `${first + index} reading tally/counting.py`,
      );
      return { first, lines, next: first + lines.length };
    }
    default:
      return { seq: 1 };
  }
}
