// Generated from the server's contract by `npm run generate`; never edited.
/** The records of the wire. */

/**
 * What was written: the approved tree, a part of it, or a merge with what the user had.
 */
export type ApplyKind = "exact" | "partial" | "merged";
/**
 * How much a finding weighs; `blocking` forbids approval.
 */
export type Severity = "blocking" | "major" | "minor" | "note";
/**
 * What the user asks for: a feature, or a hunt for bugs.
 */
export type Mode = "implement_feature" | "bug_hunt";
/**
 * Who does a task, in the order of the pipeline.
 */
export type Role = "analyst" | "consensus" | "splitter" | "implementer" | "tester" | "reviewer";
export type RunEvent =
  | RunCreated
  | RunStateChanged
  | BaselineFinished
  | BaseMoved
  | RolesChanged
  | WorkerCrashed
  | Noted
  | TaskAdded
  | TaskClaimed
  | TurnStarted
  | TaskFinished
  | TaskFailed
  | TaskReleased
  | TaskIntegrated
  | TaskReopened
  | ReworkStarted
  | TaskRetried
  | TaskStopped
  | TaskSuperseded
  | QuestionAsked
  | QuestionAnswered
  | TaskApproved
  | ChangesRequested
  | Commented
  | FollowUpRequested
  | PatchProposed
  | HunksMarked
  | ConflictSettled
  | PatchRetested
  | PatchApplied
  | PatchReverted;
/**
 * Where a run stands.
 */
export type RunState =
  | "queued"
  | "bootstrapping"
  | "running"
  | "waiting_for_human"
  | "interrupted"
  | "completed"
  | "stopped"
  | "failed";
/**
 * What a task is; each kind belongs to one role.
 */
export type Kind = "analysis" | "consensus" | "split" | "implement" | "test" | "review";
/**
 * Where a task stands; which moves are allowed is in `pipeline.transitions`.
 */
export type TaskState =
  | "ready"
  | "in_progress"
  | "awaiting_review"
  | "done"
  | "integrated"
  | "blocked"
  | "error"
  | "stopped"
  | "superseded";
export type Outcome =
  AnalysisOutcome | ConsensusOutcome | SplitOutcome | ImplementOutcome | TestOutcome | ReviewOutcome;
/**
 * Why an attempt failed, as far as it decides what happens next.
 */
export type FailureKind =
  | "transient"
  | "model"
  | "context"
  | "login"
  | "answer"
  | "timeout"
  | "codex"
  | "sandbox"
  | "stopped"
  | "blocked"
  | "internal";
/**
 * What is asked, and so who may answer it: `--yes` answers only approvals.
 */
export type QuestionKind =
  "approval" | "agent" | "trust" | "conflict" | "setup" | "login" | "rework" | "budget" | "blocked";
/**
 * What a person thinks of a hunk; it survives as long as the hunk's content is the same.
 */
export type Mark = "unseen" | "reviewed" | "accepted" | "rejected";
/**
 * What a worker is doing.
 */
export type WorkerState = "idle" | "claiming" | "working" | "waiting" | "stopping" | "stopped" | "error";
export type JsonValue = unknown;
/**
 * `draft` from the first integration, `proposed` once the reviewer approved the tested tree.
 */
export type PatchState = "draft" | "proposed" | "applied" | "reverted";

/**
 * An analyst's draft (in `bug_hunt`: a hunter's).
 */
export interface Analysis {
  summary: string;
  /**
   * @maxItems 100
   */
  requirements: DraftRequirement[];
  /**
   * @maxItems 50
   */
  risks: string[];
  /**
   * Shell commands that it would run to check the work; shown, never run.
   *
   * @maxItems 20
   */
  testCommands: string[];
}
/**
 * One thing that must be true afterwards, as one analyst sees it.
 */
export interface DraftRequirement {
  title: string;
  detail: string;
  /**
   * @maxItems 100
   */
  evidence: Evidence[];
  /**
   * @maxItems 50
   */
  acceptance: string[];
}
/**
 * Where in the repository a requirement shows.
 */
export interface Evidence {
  file: string;
  line: number;
}
/**
 * A draft.
 */
export interface AnalysisOutcome {
  kind: "analysis";
  draft: Analysis;
}
/**
 * `question/answer`: the first answer counts.
 */
export interface AnswerQuestion {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  questionId: string;
  /**
   * The value of one of the question's choices, or any text where it has none.
   */
  answer: string;
}
/**
 * One apply of a patch.
 */
export interface Applied {
  id: string;
  kind: ApplyKind;
  at: number;
  by: string;
  /**
   * The patch's tree that was written.
   */
  tree: string;
  /**
   * What was written.
   */
  files: string[];
  /**
   * Files that saving changed afterwards.
   */
  altered: string[];
  /**
   * Files that hold it in the editor and wait there for being saved.
   */
  unsaved: string[];
  /**
   * The hunks that are in the work tree with it.
   */
  hunks: string[];
  /**
   * `false` when the patch has more hunks than these.
   */
  whole: boolean;
}
/**
 * `patch/apply`: write the patch, or chosen hunks of it, into the work tree, all or nothing.
 */
export interface ApplyPatch {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  patchId: string;
  /**
   * The tree that was looked at; another one is refused. `null`: the one that is there now.
   */
  seen?: string | null;
  /**
   * The caller has confirmed the control files by name.
   */
  controlFiles?: boolean;
  /**
   * Apply although the reviewer has not approved it.
   */
  draft?: boolean;
  /**
   * Allow a three-way merge where files have moved on since the base.
   */
  merge?: boolean;
  /**
   * Only these, with those that are applied already; empty: the whole patch.
   *
   * @maxItems 10000
   */
  hunks?: string[];
}
/**
 * `patch/apply`.
 */
export interface ApplyResult {
  /**
   * What was written, and whether it is exactly the patch.
   */
  applied: Applied;
}
/**
 * A named approval of exactly what was seen: a tree id (patch) or the ledger's hash (consensus).
 */
export interface Approval {
  by: string;
  at: number;
  seen: string;
  subject: "consensus" | "patch";
}
/**
 * `task/approve`: a named approval of exactly what was seen (tree id, or hash of the ledger).
 */
export interface ApproveTask {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  taskId: string;
  /**
   * The tree of the patch (`review-<n>`), or SHA-256 in hex of the consensus (`consensus-<n>`).
   *
   * Empty: what is there now, for a person who has just looked at it.
   */
  seen?: string;
}
/**
 * A file that an attempt left behind.
 */
export interface ArtifactName {
  name: string;
  /**
   * Bytes.
   */
  size: number;
}
/**
 * `artifact/read`: the list when no name was given, else the piece.
 */
export interface ArtifactPage {
  /**
   * Of which attempt; 0: the task was never begun.
   */
  epoch: number;
  /**
   * What can be asked for by name.
   */
  names: ArtifactName[];
  /**
   * As UTF-8, what is none replaced, without control characters but line ends and tabs.
   */
  text: string;
  /**
   * The offset of the piece behind this one; equal to `size` at the end.
   */
  next: number;
  /**
   * Bytes of the whole file as it is now; it may still grow.
   */
  size: number;
}
/**
 * The user's state that a run or a follow-up starts from, captured in the mirror.
 */
export interface Base {
  /**
   * The user's HEAD commit; `null` in a repository without commits.
   */
  head: string | null;
  /**
   * The branch's short name; empty when HEAD is detached.
   */
  branch: string;
  /**
   * The snapshot commit in the mirror (HEAD plus uncommitted and untracked files).
   */
  commit: string;
  /**
   * The tree of that commit.
   */
  tree: string;
  /**
   * `true` when it differs from HEAD.
   */
  dirty: boolean;
  /**
   * Untracked files that were too large to take along.
   */
  leftOut: string[];
}
/**
 * The user's work tree is no longer what the run started from.
 */
export interface BaseMoved {
  kind: "base_moved";
  head: string | null;
  branch: string;
  reason: string;
}
/**
 * Set-up and test commands ran on the untouched base.
 */
export interface BaselineFinished {
  kind: "baseline_finished";
  patch: number;
  setup: CommandRun | null;
  commands: CommandRun[];
  findings: Finding[];
}
/**
 * One tester command as it ended.
 */
export interface CommandRun {
  command: string;
  /**
   * `null` when it was killed at its time limit.
   */
  exitCode: number | null;
  seconds: number;
  /**
   * Name of the log below the attempt's folder.
   */
  log: string;
  /**
   * The last lines of its output, control characters removed.
   */
  tail: string;
  /**
   * `true` when the same command failed in the same way on the base tree.
   */
  baseline: boolean;
}
/**
 * A remark with its place.
 */
export interface Finding {
  source: "test" | "review" | "conflict" | "human" | "salvage";
  severity: Severity;
  message: string;
  /**
   * Path in the repository; empty for a remark about the whole.
   */
  file: string;
  /**
   * 1-based; 0 for the whole file.
   */
  line: number;
  /**
   * The file's blob when the remark was made.
   */
  blob: string | null;
  /**
   * Work items that it is about.
   */
  items: string[];
  /**
   * The same when the same remark comes back.
   */
  fingerprint: string;
  /**
   * `true` when it failed before any agent wrote a byte.
   */
  baseline: boolean;
}
/**
 * What the user asked for.
 */
export interface Briefing {
  goal: string;
  mode: Mode;
  guidance: string;
  /**
   * How many analysts (or bug hunters) draft independently.
   */
  hunters: number;
}
/**
 * `sextet.budget`: tokens of one run; 0 means no limit.
 */
export interface Budget {
  runTokens: number;
  warnAt: number;
}
/**
 * What an attempt changed, by git: from tree `start` to tree `tree`; `commit` holds it in the mirror.
 */
export interface Change {
  start: string;
  tree: string;
  commit: string;
  files: string[];
}
/**
 * All that differs between two trees, control files first.
 */
export interface ChangeSet {
  oldTree: string;
  newTree: string;
  files: FileChange[];
  /**
   * What a reviewer should know: bidirectional characters, many deletions, very large files.
   */
  warnings: string[];
}
/**
 * One path between two trees.
 */
export interface FileChange {
  path: string;
  oldMode: "000000" | "100644" | "100755" | "120000";
  newMode: "000000" | "100644" | "100755" | "120000";
  /**
   * `null` where the file does not exist before.
   */
  oldBlob: string | null;
  /**
   * `null` where it does not exist after.
   */
  newBlob: string | null;
  /**
   * `true` for files that steer tools, editors or CI: listed first and confirmed apart.
   */
  control: boolean;
  /**
   * `true` when it has no lines to show.
   */
  binary: boolean;
  /**
   * Lines added (0 for binary files).
   */
  added: number;
  /**
   * Lines removed (0 for binary files).
   */
  removed: number;
}
/**
 * A human is not content with a task's result.
 */
export interface ChangesRequested {
  kind: "changes_requested";
  taskId: string;
  comment: Comment;
}
/**
 * A remark of a person on a task; it reaches the agent at its next attempt.
 */
export interface Comment {
  by: string;
  at: number;
  text: string;
}
/**
 * One thing that was looked at.
 */
export interface Check {
  /**
   * `python`, `git`, `repository`, `state`, `codex`, `home`, `login` or `sandbox`.
   *
   * An editor may also get `trust`: a Codex that it names was not looked at, as nobody has trusted it yet.
   */
  name: string;
  /**
   * `null` when it could not be found out or is only worth a warning.
   */
  ok: boolean | null;
  /**
   * What was found, or what is wrong.
   */
  what: string;
  /**
   * What to do; may be set on a check that is ok, as advice.
   */
  nextStep: string;
}
/**
 * One answer that can be given.
 */
export interface Choice {
  /**
   * What `question/answer` takes.
   */
  value: string;
  /**
   * What a person reads on the button.
   */
  label: string;
}
/**
 * `workers/start` and `workers/stop`, of a run that is at work.
 */
export interface ChooseWorkers {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  /**
   * Whose workers; empty: of all roles. Stopped roles stay so until `workers/start`.
   */
  roles?: Role[];
  /**
   * Only for `workers/stop`: single workers instead of whole roles.
   */
  workerIds?: string[];
  /**
   * Only for `workers/stop`: let them end what they are at, or end it; what was written is captured.
   */
  how?: "drain" | "now";
}
/**
 * Debug counters of the claim store since this process opened the run.
 */
export interface ClaimCounts {
  /**
   * Claims that were won.
   */
  claims: number;
  /**
   * Claims that somebody else had won before.
   */
  conflicts: number;
  /**
   * Claims that were given back.
   */
  releases: number;
  /**
   * Claims that were taken from owners that are gone.
   */
  reaps: number;
}
/**
 * `clean`: worktrees and runs that are no longer needed.
 */
export interface Clean {
  /**
   * `true`: only look. `false`: remove it; whoever asks for that has seen what goes, and agrees.
   */
  dryRun?: boolean;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
}
/**
 * `clean`.
 */
export interface CleanResult {
  /**
   * What could go, or has gone.
   */
  found: Waste[];
  /**
   * Sentences about what stays although its run has ended, and why.
   */
  kept: string[];
  /**
   * `true` when all that was found has gone.
   */
  removed: boolean;
}
/**
 * Something that is no longer needed.
 */
export interface Waste {
  /**
   * In words, with its run or task.
   */
  what: string;
  /**
   * The folder; bytes that are no UTF-8 are escaped.
   */
  path: string;
  /**
   * What it takes on the disk.
   */
  bytes: number;
}
/**
 * `sextet.codex`: which Codex, and how it is spoken to.
 */
export interface CodexSettings {
  /**
   * Absolute path of the codex program; empty: found on PATH.
   */
  path: string;
  /**
   * CODEX_HOME; empty: the user's.
   */
  home: string;
  transport: "appServer" | "exec";
  /**
   * Whether the user's MCP servers and hooks are on for agents.
   */
  mcpServers: boolean;
}
/**
 * `patch/comment`: a remark on a hunk or a line; those who wrote it read it at their next attempt.
 */
export interface CommentPatch {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  patchId: string;
  text: string;
  /**
   * The hunk that it is about; `null`: `path` says it.
   */
  hunk?: string | null;
  /**
   * The file that it is about; not used beside a hunk.
   */
  path?: string | null;
  /**
   * Line of the file as the patch has it, from 1; 0: the whole file.
   */
  line?: number;
}
/**
 * A remark on a task.
 */
export interface Commented {
  kind: "commented";
  taskId: string;
  comment: Comment;
}
/**
 * A person said what becomes of a file in which the patch collides with what is there.
 */
export interface ConflictSettled {
  kind: "conflict_settled";
  patchId: string;
  /**
   * The patch's tree that was looked at.
   */
  tree: string;
  path: string;
  take: "mine" | "theirs" | "merge";
}
/**
 * The ledger.
 */
export interface ConsensusOutcome {
  kind: "consensus";
  ledger: Ledger;
}
/**
 * The consensus builder's record: requirements with support, dissent kept, questions left open.
 */
export interface Ledger {
  summary: string;
  /**
   * @maxItems 100
   */
  requirements: Requirement[];
  /**
   * @maxItems 100
   */
  dissent: Dissent[];
  /**
   * @maxItems 50
   */
  openQuestions: string[];
}
/**
 * One agreed requirement; `support` holds the numbers of the drafts that carry it, from 1.
 */
export interface Requirement {
  id: string;
  title: string;
  detail: string;
  /**
   * @maxItems 50
   */
  acceptance: string[];
  /**
   * @maxItems 16
   */
  support: number[];
}
/**
 * What a draft says and the ledger does not follow.
 */
export interface Dissent {
  draft: number;
  text: string;
}
/**
 * `doctor`: what Sextet needs of this machine and this repository.
 */
export interface DoctorReport {
  /**
   * In a fixed order; a run can start when none has `ok` false.
   */
  checks: Check[];
  /**
   * What is not used of the settings, and why.
   */
  problems: Problem[];
}
/**
 * Something in a settings file that is not used, for the person and for a diagnostic on that file.
 */
export interface Problem {
  /**
   * With `sextet.`; empty when the whole file cannot be read.
   */
  key: string;
  /**
   * What is wrong, and what is used instead.
   */
  sentence: string;
  /**
   * Path of the file; empty where the value did not come from one.
   */
  file: string;
  level: "error" | "warning";
}
/**
 * It is done, and there is nothing more to say.
 */
export interface Done {
  /**
   * The number of the journal entry from which on it is true.
   */
  seq: number;
}
/**
 * One line of the journal: an event with its place, time and author.
 */
export interface Entry {
  /**
   * 1, 2, 3 … without a gap.
   */
  seq: number;
  time: number;
  /**
   * `sextet`, a worker id, or a person's name.
   */
  actor: string;
  event: RunEvent;
}
/**
 * The first event: all that was fixed at the start.
 */
export interface RunCreated {
  kind: "run_created";
  run: Run;
}
/**
 * `run.json`: written once when the run begins.
 */
export interface Run {
  schemaVersion: number;
  id: string;
  briefing: Briefing;
  base: Base;
  settings: Settings;
  /**
   * Settings (keys without `sextet.`) that were chosen for this run alone: later changes do not matter.
   *
   * @maxItems 200
   */
  chosen: string[];
  executor: string;
  /**
   * The rehearsal scenario as JSON text, so that a resumed rehearsal plays the same; empty otherwise.
   */
  scenario: string;
  createdAt: number;
  /**
   * A client's key for this request: the same key twice starts one run.
   */
  requestKey: string;
}
/**
 * All settings, resolved. Defaults work with no settings file.
 */
export interface Settings {
  /**
   * Agents at work at the same time, over all runs.
   */
  maxAgents: number;
  roles: {
    [k: string]: RoleSettings;
  };
  tester: TesterSettings;
  /**
   * Rounds of rework before a human is asked (`sextet.review.maxReworks`).
   */
  maxReworks: number;
  approvals: Gates;
  /**
   * `sextet.patch.apply`.
   */
  patchApply: "ask" | "auto" | "never";
  budget: Budget;
  codex: CodexSettings;
  worktree: WorktreeSettings;
  /**
   * `sextet.runs.keep`: how many ended runs `clean` keeps.
   */
  runsKeep: number;
  /**
   * How long a question waits before its default is taken.
   */
  questionMinutes: number;
}
/**
 * `sextet.roles.<role>`: how one role works.
 */
export interface RoleSettings {
  /**
   * How many workers at most (a ceiling under `maxAgents`); 0 leaves the role without workers.
   */
  workers: number;
  /**
   * Models in order of preference; empty: Codex's own default.
   *
   * @maxItems 20
   */
  models: string[];
  /**
   * Spread the workers over the models instead of starting all at the first.
   */
  spread: boolean;
  /**
   * Reasoning effort; empty: the model's default. Which ones a model knows differs from model to model.
   */
  effort: "" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | "ultra";
  /**
   * Deadline of one attempt.
   */
  timeoutMinutes: number;
  /**
   * What the agent's commands may write; `off` needs trust.
   */
  sandbox: "read-only" | "workspace-write" | "off";
  /**
   * Whether the agent's commands may use the network; needs trust.
   */
  network: boolean;
  /**
   * Whether the agent may ask for more than its sandbox allows.
   */
  approvals: "never" | "onRequest";
  /**
   * Added to the role's prompt.
   */
  instructions: string;
}
/**
 * `sextet.tester`: the commands that count as evidence.
 */
export interface TesterSettings {
  /**
   * @maxItems 50
   */
  commands: string[];
  /**
   * Deadline of one command.
   */
  timeoutMinutes: number;
  /**
   * Whether test commands may use the network (loopback needs it).
   */
  network: boolean;
  /**
   * `false` runs test commands without a sandbox; needs trust.
   */
  sandbox: boolean;
}
/**
 * `sextet.approvals`: how many named approvals are needed.
 */
export interface Gates {
  consensus: number;
  patch: number;
}
/**
 * `sextet.worktree`: what a fresh worktree needs.
 */
export interface WorktreeSettings {
  setupCommand: string;
  /**
   * Ignored files or folders to bring along from the work tree (`.env`, `node_modules`).
   *
   * @maxItems 100
   */
  copy: string[];
}
/**
 * The run moved to another state, and why.
 */
export interface RunStateChanged {
  kind: "run_state_changed";
  state: RunState;
  reason: string;
}
/**
 * Role settings, or the number of agents, are different from now on.
 */
export interface RolesChanged {
  kind: "roles_changed";
  /**
   * All settings of each role that changed; the others stay as they are.
   */
  roles: {
    [k: string]: RoleSettings;
  };
  /**
   * `run`: somebody said so for this run alone; `settings`: the settings have changed since it began.
   */
  origin: "run" | "settings";
  /**
   * Agents at work at the same time; `null`: as before.
   */
  maxAgents: number | null;
}
/**
 * A worker's own code failed; it is started again after a pause.
 */
export interface WorkerCrashed {
  kind: "worker_crashed";
  workerId: string;
  cause: string;
  restartIn: number;
}
/**
 * Something worth telling that changes no state (a warning, a fallback, a recovery).
 */
export interface Noted {
  kind: "noted";
  text: string;
  level: "info" | "warning" | "error";
  nextStep: string;
}
/**
 * The plan grew by a task.
 */
export interface TaskAdded {
  kind: "task_added";
  task: Task;
}
/**
 * One unit for one role, as the journal tells it; also the view file `tasks/<kind>/<id>.json`.
 */
export interface Task {
  id: string;
  kind: Kind;
  title: string;
  /**
   * Which patch of the run it works for: 1, and one more for each follow-up.
   */
  patch: number;
  /**
   * Which of several of its kind (analyst 1, analyst 2).
   */
  slot: number;
  /**
   * Set on implement tasks.
   */
  item: Item | null;
  dependsOn: string[];
  state: TaskState;
  /**
   * The epoch of the latest claim; 0 before the first.
   */
  epoch: number;
  /**
   * Who holds the claim while it is in progress.
   */
  owner: string | null;
  /**
   * Who made the latest attempt; stays when the claim is over.
   */
  worker: string | null;
  /**
   * The model of the latest attempt.
   */
  model: string;
  /**
   * The Codex thread of the latest attempt; empty when it had none.
   */
  thread: string;
  /**
   * The tree that the latest attempt started from (test and review: the tree they judge).
   */
  start: string | null;
  /**
   * Of the latest attempt that gave one.
   */
  outcome: Outcome | null;
  /**
   * Why the latest attempt failed; `null` when it did not.
   */
  failure: Failure | null;
  /**
   * What must be mended: carried into the prompt of the next attempt.
   */
  findings: Finding[];
  /**
   * How often it was reopened with findings.
   */
  reworks: number;
  /**
   * The tree captured from a dead attempt; the next attempt starts from it.
   */
  salvage: string | null;
  /**
   * Earliest time of the next claim, after a pause for back-off.
   */
  notBefore: number;
  /**
   * Tokens of all its attempts.
   */
  usage: Usage;
  /**
   * Time worked on it in all attempts.
   */
  seconds: number;
  claimedAt: number;
  addedAt: number;
  endedAt: number;
}
/**
 * A work item: what one implementer is asked to do.
 */
export interface Item {
  id: string;
  title: string;
  instructions: string;
  files: string[];
  dependsOn: string[];
  requirements: string[];
}
/**
 * The plan.
 */
export interface SplitOutcome {
  kind: "split";
  plan: WorkPlan;
}
/**
 * The splitter's answer.
 */
export interface WorkPlan {
  summary: string;
  /**
   * @maxItems 64
   */
  items: PlannedItem[];
}
/**
 * A work item as the splitter writes it.
 */
export interface PlannedItem {
  id: string;
  title: string;
  instructions: string;
  /**
   * Files that it expects to touch; a path that ends in `/` is a whole folder.
   *
   * @maxItems 200
   */
  files: string[];
  /**
   * @maxItems 50
   */
  dependsOn: string[];
  /**
   * @maxItems 100
   */
  requirements: string[];
}
/**
 * A captured change; `blocked` says what stands in the way, in the agent's words.
 */
export interface ImplementOutcome {
  kind: "implement";
  summary: string;
  /**
   * `null` when nothing changed.
   */
  change: Change | null;
  blocked: boolean;
}
/**
 * The evidence for one tree.
 */
export interface TestOutcome {
  kind: "test";
  tree: string;
  /**
   * `true` when every command ended with 0, or fails as it did on the base.
   */
  passed: boolean;
  /**
   * `true` when no command is known, so that `passed` says nothing.
   */
  untested: boolean;
  summary: string;
  commands: CommandRun[];
  findings: Finding[];
}
/**
 * The verdict on one tree; an approve with blocking findings never gets this far as approve.
 */
export interface ReviewOutcome {
  kind: "review";
  tree: string;
  verdict: "approve" | "changes_requested" | "blocked";
  summary: string;
  findings: Finding[];
}
/**
 * A failed attempt: kind, cause and next step in words for the person.
 */
export interface Failure {
  kind: FailureKind;
  cause: string;
  nextStep: string;
}
/**
 * Tokens of one attempt, as the provider counted them.
 */
export interface Usage {
  /**
   * Read by the model, cached ones included.
   */
  input: number;
  /**
   * Of these, those that the provider had in its cache.
   */
  cached: number;
  /**
   * Written by the model, reasoning included.
   */
  output: number;
  /**
   * Of these, those that it thought with.
   */
  reasoning: number;
}
/**
 * A worker took the task under a new epoch.
 */
export interface TaskClaimed {
  kind: "task_claimed";
  taskId: string;
  epoch: number;
  workerId: string;
}
/**
 * The attempt talks to a model (journaled before the first turn, so that a thread can be resumed).
 */
export interface TurnStarted {
  kind: "turn_started";
  taskId: string;
  epoch: number;
  model: string;
  thread: string;
  /**
   * The tree that the attempt works from.
   */
  start: string | null;
  /**
   * Why this model: empty for the first in the list, else what was wrong with the one before.
   */
  reason: string;
}
/**
 * The attempt's result, accepted for its epoch.
 */
export interface TaskFinished {
  kind: "task_finished";
  taskId: string;
  epoch: number;
  outcome: Outcome;
  usage: Usage;
  seconds: number;
}
/**
 * The attempt failed for good; the task is in `error` (or `blocked`, when the agent says so).
 */
export interface TaskFailed {
  kind: "task_failed";
  taskId: string;
  epoch: number;
  failure: Failure;
  /**
   * Tree captured from the attempt's worktree; a retry starts from it.
   */
  salvage: string | null;
  usage: Usage;
  seconds: number;
}
/**
 * The claim was given back without a result (stopped, drained, owner dead, pause before a retry).
 */
export interface TaskReleased {
  kind: "task_released";
  taskId: string;
  epoch: number;
  reason: string;
  /**
   * Tree captured from the attempt's worktree; the next attempt starts from it.
   */
  salvage: string | null;
  notBefore: number;
  usage: Usage;
  seconds: number;
}
/**
 * An implementer's change is part of the integration tree now.
 */
export interface TaskIntegrated {
  kind: "task_integrated";
  taskId: string;
  epoch: number;
  tree: string;
  commit: string;
}
/**
 * The task is ready again: a conflict, a new tree to judge, or a person's wish.
 */
export interface TaskReopened {
  kind: "task_reopened";
  taskId: string;
  reason: string;
  findings: Finding[];
  /**
   * The tree to judge now (test and review).
   */
  start: string | null;
}
/**
 * Implementers again: the named items are reopened in one step, so that a crash splits nothing.
 */
export interface ReworkStarted {
  kind: "rework_started";
  patch: number;
  /**
   * 1 for the first round; a round that a person asked for does not count and keeps the number.
   */
  round: number;
  /**
   * The reviewer's attempt that asked for it; 0 when a person did.
   */
  reviewEpoch: number;
  /**
   * How many requests of people are answered by it.
   */
  requests: number;
  tasks: Reopening[];
  /**
   * New implement tasks for findings that belong to no item.
   */
  added: Task[];
}
/**
 * One implement task of a round of rework, with what it must mend.
 */
export interface Reopening {
  taskId: string;
  /**
   * @minItems 1
   */
  findings: Finding[];
}
/**
 * A human asked for another attempt of a task in `error`, `blocked` or `stopped`.
 */
export interface TaskRetried {
  kind: "task_retried";
  taskId: string;
}
/**
 * A human stopped the task; it is not repeated by itself.
 */
export interface TaskStopped {
  kind: "task_stopped";
  taskId: string;
  reason: string;
}
/**
 * Another task does this now.
 */
export interface TaskSuperseded {
  kind: "task_superseded";
  taskId: string;
  reason: string;
}
/**
 * Something waits for a human.
 */
export interface QuestionAsked {
  kind: "question_asked";
  question: Question;
}
/**
 * Something that waits for a human, with a deadline and the answer that is taken then.
 */
export interface Question {
  id: string;
  kind: QuestionKind;
  text: string;
  /**
   * Empty when free text is asked for.
   *
   * @maxItems 10
   */
  choices: Choice[];
  /**
   * The answer that is taken at the deadline.
   */
  default: string;
  /**
   * When that happens.
   */
  deadline: number;
  /**
   * The task that waits; `null` when the whole run does.
   */
  taskId: string | null;
  /**
   * More to read: a command, a diff, both positions.
   */
  detail: string;
  /**
   * What it is about, where findings are.
   */
  findings: Finding[];
  askedAt: number;
}
/**
 * A human answered, or the deadline took the default (`by` is then `sextet`).
 */
export interface QuestionAnswered {
  kind: "question_answered";
  questionId: string;
  answer: string;
  by: string;
}
/**
 * A named approval of a consensus or of a patch.
 */
export interface TaskApproved {
  kind: "task_approved";
  taskId: string;
  approval: Approval;
}
/**
 * New wishes in the same run: the next patch begins from `base`.
 */
export interface FollowUpRequested {
  kind: "follow_up_requested";
  text: string;
  by: string;
  patch: number;
  base: Base;
  /**
   * What implementers start from: the new base with accepted but unapplied work merged onto it.
   */
  tree: string;
  commit: string;
}
/**
 * The reviewer approved the tree that the tests passed.
 */
export interface PatchProposed {
  kind: "patch_proposed";
  patchId: string;
  tree: string;
  untested: boolean;
}
/**
 * A person said what they think of hunks.
 */
export interface HunksMarked {
  kind: "hunks_marked";
  patchId: string;
  /**
   * @minItems 1
   * @maxItems 10000
   */
  hunks: string[];
  mark: Mark;
  comment: string;
}
/**
 * The tests ran on what the user has, with all or a part of the patch in it.
 */
export interface PatchRetested {
  kind: "patch_retested";
  patchId: string;
  outcome: TestOutcome;
}
/**
 * A patch, or a part of it, is in the work tree.
 */
export interface PatchApplied {
  kind: "patch_applied";
  patchId: string;
  applied: Applied;
}
/**
 * An apply was taken back.
 */
export interface PatchReverted {
  kind: "patch_reverted";
  patchId: string;
  applyId: string;
  by: string;
  /**
   * Files in which the user's later edits were merged.
   */
  kept: string[];
}
/**
 * `sextet/event`: a journal entry that is on the disk.
 *
 * Entries of a run come in the order of `seq`, each once and without a gap. When the first one that you
 * hear of a run is not the one behind your snapshot, or a number is missing later, ask `sextet/run/events`
 * for those after the last one you have; entries whose `seq` you have are passed over.
 */
export interface EventTold {
  runId: string;
  /**
   * The number of the entry, as in it: 1, 2, 3 … in each run.
   */
  seq: number;
  event: Entry;
}
/**
 * `run/events`: a page of the journal.
 */
export interface EventsPage {
  /**
   * In their order, without gaps.
   */
  entries: Entry[];
  /**
   * The number of the newest entry there is; when it is higher than that of the last one here, ask on.
   */
  last: number;
}
/**
 * A file as it is on one side of a patch.
 */
export interface FileSide {
  /**
   * Only `text` and `link` (its target) come with their text.
   */
  kind: "absent" | "text" | "link" | "binary" | "large";
  mode: "000000" | "100644" | "100755" | "120000";
  /**
   * Bytes of the whole file.
   */
  size: number;
  /**
   * The whole file; empty when it is not given.
   */
  text: string;
}
/**
 * `run/followUp`: new wishes in the same run.
 */
export interface FollowUp {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  /**
   * What is wanted, in the words of the person.
   */
  text: string;
}
/**
 * `roles/get`: how the roles work.
 */
export interface GetRoles {
  /**
   * In this run, with what was overridden in it; `null`: in the next run.
   */
  runId?: string | null;
}
/**
 * `sextet/heartbeat`: all workers of a run, every 2 s, so that silent-but-alive and dead look different.
 *
 * To a reader that does not keep up only the latest one is told.
 */
export interface Heartbeat {
  runId: string;
  /**
   * When this was said.
   */
  time: number;
  workers: WorkerStatus[];
  /**
   * The journal entry that was the last one when this was said.
   */
  seq: number;
}
/**
 * One worker, now.
 */
export interface WorkerStatus {
  id: string;
  role: Role;
  state: WorkerState;
  /**
   * What it has claimed.
   */
  taskId: string | null;
  /**
   * Title of that task.
   */
  title: string;
  /**
   * Who plays the role in its current attempt.
   */
  model: string;
  /**
   * When it came into this state.
   */
  since: number;
  /**
   * When its agent last gave a sign of life; 0 before the first.
   */
  lastActivity: number;
  /**
   * The last thing its agent did.
   */
  activity: string;
  /**
   * Tokens of its current attempt.
   */
  usage: Usage;
}
/**
 * Who marked a hunk how.
 */
export interface HunkMark {
  mark: Mark;
  by: string;
  at: number;
  /**
   * What they said with it.
   */
  comment: string;
}
/**
 * `initializationOptions` of `initialize`: what only the client can know of its window.
 */
export interface InitializationOptions {
  /**
   * Anything but `true`: the folder is not trusted; only verbs that change nothing are carried out.
   */
  trusted?: boolean;
  /**
   * The run that this window was at work on when its server ended; it goes on at once. Empty: none does.
   */
  resume?: string;
  /**
   * `true` for Sextet's own extension, which has commands, an inbox and questions of its own.
   */
  extension?: boolean;
  /**
   * `true` for any other client that puts questions and tells of patches by itself, as it hears of them.
   */
  inbox?: boolean;
}
/**
 * Lines of one worker's log, in order.
 */
export interface LogLines {
  workerId: string;
  /**
   * The task that it was at work on when the lines were written.
   */
  taskId: string | null;
  /**
   * What they are: `agent`, `command`, `test` or `sextet`; there may be more.
   */
  stream: string;
  /**
   * Number of the first line here; the lines of a log are numbered from 1.
   */
  firstSeq: number;
  lines: string[];
  /**
   * Lines before these that are not told: the reader did not keep up, or the disk refused them.
   *
   * Those that the reader missed have the numbers that are missing before `firstSeq`, and are on the disk.
   */
  dropped: number;
}
/**
 * `log/read`: lines of a log.
 */
export interface LogPage {
  /**
   * Number of the first line given; higher than asked for when older ones were dropped.
   */
  first: number;
  lines: string[];
  /**
   * The number to ask for next.
   */
  next: number;
}
/**
 * `sextet/log`: lines of workers' logs, about every 30 ms while you read as fast as they are written.
 *
 * Each worker has a log of its own in each run, with lines numbered from 1. They are told in order and never
 * hold up entries; when you do not keep up, the oldest are left out and counted in `dropped`.
 * `sextet/log/read` pages through all lines, told or not.
 */
export interface LogTold {
  runId: string;
  /**
   * Of one worker or several; several of one worker are in order.
   */
  batches: LogLines[];
}
/**
 * `patch/mark`: say what you think of hunks; a rejection with a comment reopens what wrote them.
 */
export interface MarkHunks {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  patchId: string;
  /**
   * Ids from `patch/get`; a hunk keeps its id as long as its content is the same.
   *
   * @minItems 1
   * @maxItems 10000
   */
  hunks: string[];
  /**
   * What you think of them; the latest mark counts.
   */
  as: Mark;
  /**
   * With a rejection: what is wrong, for those who wrote it.
   */
  comment?: string;
}
/**
 * A model that the installed Codex offers.
 */
export interface Model {
  /**
   * As `sextet.roles.<role>.models` takes it.
   */
  name: string;
  /**
   * Reasoning efforts that it knows, as Codex orders them; a role's `effort` may not take every one.
   */
  efforts: string[];
  /**
   * `true` for the one that is used where no model is set.
   */
  default: boolean;
}
/**
 * `models/list`, in Codex's order; empty when the transport (`codex exec`) cannot tell.
 */
export interface ModelList {
  models: Model[];
}
/**
 * No params.
 */
export interface Nothing {}
/**
 * Params that name a patch: `patch/get`, `patch/open`, `patch/retest`.
 */
export interface OfPatch {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  patchId: string;
}
/**
 * Params that name a run and who asks.
 */
export interface OfRun {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
}
/**
 * Params that name a task: `task/retry`, `task/open`.
 */
export interface OfTask {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  taskId: string;
}
/**
 * `patch/open` and `task/open`: a read-only document that was written for people.
 */
export interface Opened {
  /**
   * A `file:` URI below the state folder.
   */
  uri: string;
}
/**
 * The change from a run's base (or a follow-up's) to its integration tree.
 */
export interface Patch {
  id: string;
  number: number;
  /**
   * Tree that the patch starts from.
   */
  base: string;
  /**
   * The integration tree so far.
   */
  tree: string;
  /**
   * Commit in the mirror that holds `tree`.
   */
  commit: string;
  state: PatchState;
  /**
   * Implement tasks whose work is in it.
   */
  tasks: string[];
  /**
   * The tree that passed the tests; evidence only while it equals `tree`.
   */
  tested: string | null;
  /**
   * `true` when no test command is known, so that approval rests on the review alone.
   */
  untested: boolean;
  /**
   * All applies, the oldest first; also those that were taken back.
   */
  applied: Applied[];
  /**
   * Applies that were taken back.
   */
  reverted: string[];
  /**
   * How a person settled files in which the patch collides with what is there; for this tree only.
   */
  takes: {
    [k: string]: "mine" | "theirs" | "merge";
  };
}
/**
 * `patch/get`: the change set, and its picture for people.
 */
export interface PatchDetail {
  patch: Patch;
  changes: ChangeSet;
  /**
   * A unified diff, to read; never applied.
   */
  diff: string;
  /**
   * In the order of the diff.
   */
  hunks: PatchHunk[];
  /**
   * The latest tests on what the user has; evidence only while nothing has changed since.
   */
  retest: TestOutcome | null;
}
/**
 * A hunk of a patch with where it comes from and what became of it.
 *
 * A file that has no lines to show (binary, renamed mode, empty) is one hunk with line numbers 0.
 */
export interface PatchHunk {
  id: string;
  path: string;
  oldStart: number;
  oldLines: number;
  newStart: number;
  newLines: number;
  /**
   * `true` when its file steers tools, editors or CI.
   */
  control: boolean;
  /**
   * Implement tasks that wrote it, as far as git can tell; several when they cannot be told apart.
   */
  tasks: string[];
  /**
   * Who made their latest attempts.
   */
  workers: string[];
  /**
   * Models of their latest attempts; empty names are Codex's own default.
   */
  models: string[];
  /**
   * Requirements of the ledger that those tasks are there for.
   */
  requirements: string[];
  /**
   * `null`: nobody has marked it.
   */
  mark: HunkMark | null;
  /**
   * The apply that wrote it and was not taken back.
   */
  applied: string | null;
}
/**
 * `patch/file`: a file before and after a patch.
 */
export interface PatchFile {
  path: string;
  /**
   * The patch's tree that it was read from.
   */
  tree: string;
  before: FileSide;
  after: FileSide;
}
/**
 * `patch/list`, the oldest first.
 */
export interface PatchList {
  patches: Patch[];
}
/**
 * `artifact/read`: which files an attempt left behind, or a piece of one of them.
 */
export interface ReadArtifact {
  runId: string;
  taskId: string;
  /**
   * Which attempt; `null`: the task's latest.
   */
  epoch?: number | null;
  /**
   * A name as the list has it; empty: the list. `conversation.md` is the comments on the task.
   */
  name?: string;
  /**
   * Bytes of the file before the piece: 0, or the `next` of the piece before.
   */
  offset?: number;
  /**
   * Bytes of the piece at most.
   */
  limit?: number;
}
/**
 * `run/events`: entries after a sequence number, at most `limit`.
 */
export interface ReadEvents {
  runId: string;
  /**
   * The number of the last entry that is known; 0: from the beginning.
   */
  after?: number;
  /**
   * Entries at most.
   */
  limit?: number;
}
/**
 * `log/read`: lines of one worker.
 */
export interface ReadLog {
  runId: string;
  workerId: string;
  /**
   * Number of the first line that is wanted, from 1; negative: so many before the end.
   */
  fromSeq?: number;
  /**
   * Lines at most.
   */
  limit?: number;
}
/**
 * `patch/file`: a file that the patch changes.
 */
export interface ReadPatchFile {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  patchId: string;
  /**
   * As the change set names it.
   */
  path: string;
}
/**
 * `recover/list`: what is left of work that was cut off.
 */
export interface RecoverList {
  /**
   * Runs of ours that have not ended and that nobody works on: `run/resume` goes on with them.
   */
  runs: RunLine[];
  /**
   * The oldest first; also of runs that went on without it.
   */
  salvaged: Salvaged[];
  /**
   * The git folder with the commits.
   */
  mirror: string;
  /**
   * Sentences about patches that were cut off while they were written into the work tree.
   */
  applies: string[];
}
/**
 * One line of `run/list`.
 */
export interface RunLine {
  id: string;
  goal: string;
  /**
   * 0 when its `run.json` cannot be read.
   */
  createdAt: number;
  /**
   * As its journal says it last; `null` when that does not say.
   */
  state: RunState | null;
  /**
   * `false` for a run that was not made here: it can be looked at, and nothing else.
   */
  ours: boolean;
  /**
   * `true` while somebody works on it, prepares it, or has it in the queue.
   */
  live: boolean;
  /**
   * What is wrong with its `run.json`, or that it is not ours; empty when all is well.
   */
  problem: string;
}
/**
 * What an attempt that was stopped, failed or died had written, captured from its worktree.
 */
export interface Salvaged {
  runId: string;
  taskId: string;
  epoch: number;
  /**
   * In the mirror; its first parent is what the attempt began with.
   */
  commit: string;
}
/**
 * `error` of an answer: a verb was not carried out, and why.
 */
export interface Refusal {
  /**
   * As JSON-RPC and LSP know them; -32050 for all that is ours.
   */
  code: number;
  /**
   * What happened and why, in a sentence or two for the person.
   */
  message: string;
  data: RefusalData;
}
/**
 * `error.data`: what programs and people can go by.
 */
export interface RefusalData {
  /**
   * Decide by this; `code` and `message` say less, or change.
   */
  kind:
    | "apply"
    | "busy"
    | "cancelled"
    | "codex"
    | "defect"
    | "error"
    | "foreignRun"
    | "git"
    | "invalidTransition"
    | "journalDamaged"
    | "notFound"
    | "outcome"
    | "process"
    | "repository"
    | "scenario"
    | "settings"
    | "stale"
    | "store"
    | "trust"
    | "unsafePath"
    | "usage";
  /**
   * What the person can do now, as a sentence; empty when nothing is to be done.
   */
  nextStep: string;
  /**
   * Ids and figures for programs; `path` is the first bad field of the params.
   */
  facts: {
    [k: string]: JsonValue;
  };
}
/**
 * `sextet/resync`: entries of this run are missing, or the server has just found the run.
 *
 * Ask for `sextet/run/snapshot`; entries after its `seq` go on from there. It comes when more than 4 MiB
 * of entries waited for you, when a supervisor elsewhere is gone, and at the beginning for each run that
 * has not ended.
 */
export interface ResyncTold {
  runId: string;
  /**
   * The newest entry that is known of; your snapshot has at least that.
   */
  seq: number;
}
/**
 * `patch/retest`: how the tests went on what the user has.
 */
export interface Retested {
  outcome: TestOutcome;
}
/**
 * `patch/revert`: take back an apply (the latest one when none is named).
 */
export interface RevertPatch {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  patchId: string;
  /**
   * An apply of the patch that was not taken back; `null`: the latest one.
   */
  applyId?: string | null;
}
/**
 * `patch/revert`.
 */
export interface RevertResult {
  /**
   * What was written back.
   */
  files: string[];
  /**
   * Those of them in which later edits were merged.
   */
  merged: string[];
  /**
   * Files that saving changed afterwards.
   */
  altered: string[];
  /**
   * Files that hold it in the editor and wait there for being saved.
   */
  unsaved: string[];
}
/**
 * `sextet.roles.<role>`: how one role works.
 */
export interface RoleSettingsInput {
  /**
   * How many workers at most (a ceiling under `maxAgents`); 0 leaves the role without workers.
   */
  workers?: number;
  /**
   * Models in order of preference; empty: Codex's own default.
   *
   * @maxItems 20
   */
  models?: string[];
  /**
   * Spread the workers over the models instead of starting all at the first.
   */
  spread?: boolean;
  /**
   * Reasoning effort; empty: the model's default. Which ones a model knows differs from model to model.
   */
  effort?: "" | "minimal" | "low" | "medium" | "high" | "xhigh" | "max" | "ultra";
  /**
   * Deadline of one attempt.
   */
  timeoutMinutes?: number;
  /**
   * What the agent's commands may write; `off` needs trust.
   */
  sandbox?: "read-only" | "workspace-write" | "off";
  /**
   * Whether the agent's commands may use the network; needs trust.
   */
  network?: boolean;
  /**
   * Whether the agent may ask for more than its sandbox allows.
   */
  approvals?: "never" | "onRequest";
  /**
   * Added to the role's prompt.
   */
  instructions?: string;
}
/**
 * `roles/get`.
 */
export interface RolesInForce {
  /**
   * Every role.
   */
  roles: {
    [k: string]: RoleSettings;
  };
  /**
   * Where values come from, by key without `sextet.`; what is missing is at its default.
   *
   * Of a run, `run` also stands for what the settings would give to the next run in another way: they were
   * changed since it began, or its scenario has values of its own.
   */
  sources: {
    [k: string]: "run" | "editor" | "repository" | "user";
  };
  /**
   * What is not used of the settings as they are now, and why.
   */
  problems: Problem[];
}
/**
 * `run/list`, the newest first.
 */
export interface RunList {
  runs: RunLine[];
}
/**
 * `run/start`: which run it became.
 */
export interface RunRef {
  runId: string;
}
/**
 * `task/comment`, `task/requestChanges`, `task/steer`, `task/interrupt`.
 */
export interface SayToTask {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  taskId: string;
  /**
   * What is said; only `task/interrupt` does without, where it is the reason.
   */
  text?: string;
}
/**
 * `roles/set`: override role settings for this run; it takes effect at the next attempts.
 */
export interface SetRoles {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  /**
   * Whole settings of each role that changes: what is left out of them is at its default.
   */
  roles: {
    [k: string]: RoleSettingsInput;
  };
}
/**
 * `patch/resolve`: what becomes of a file in which the patch collides with what you have.
 */
export interface SettleFile {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  patchId: string;
  /**
   * A file that the patch changes.
   */
  file: string;
  /**
   * Your file, the patch's, both with conflict markers, or let the implementer do it again.
   */
  take: "mine" | "theirs" | "merge" | "sendBack";
}
/**
 * `run/snapshot`: everything that is shown of a run; events after `seq` go on from here.
 */
export interface Snapshot {
  runId: string;
  /**
   * The number of the last journal entry that is in it.
   */
  seq: number;
  /**
   * When that was written.
   */
  time: number;
  /**
   * `true` while a supervisor works on it.
   */
  live: boolean;
  state: RunState;
  /**
   * Why it is in this state; may be empty.
   */
  reason: string;
  /**
   * `codex` or `rehearsal`.
   */
  executor: string;
  /**
   * What was asked for at the beginning.
   */
  briefing: Briefing;
  /**
   * What the current patch starts from.
   */
  base: Base;
  createdAt: number;
  /**
   * Number of the current patch, from 1.
   */
  patch: number;
  /**
   * Rounds of rework of the current patch.
   */
  round: number;
  /**
   * Tokens of all attempts.
   */
  usage: Usage;
  /**
   * In the order in which they were added.
   */
  tasks: Task[];
  /**
   * Only open ones.
   */
  questions: Question[];
  /**
   * The oldest first.
   */
  patches: Patch[];
  /**
   * The latest consensus; `null` before the first.
   */
  ledger: Ledger | null;
  /**
   * By the consensus or review task that was approved.
   */
  approvals: {
    /**
     * This interface was referenced by `undefined`'s JSON-Schema definition
     * via the `patternProperty` "^[a-z0-9][a-z0-9-]{0,63}$".
     */
    [k: string]: Approval[];
  };
  /**
   * What follow-ups asked for, by number of the patch that it became.
   */
  wishes: {
    [k: string]: string;
  };
  /**
   * In force: overrides of this run included.
   */
  roles: {
    [k: string]: RoleSettings;
  };
  /**
   * Empty when nobody works on it.
   */
  workers: WorkerStatus[];
  /**
   * `null` when nobody works on it.
   */
  claims: ClaimCounts | null;
  /**
   * Warnings and remarks, the latest 200, the oldest first.
   */
  notes: string[];
  /**
   * Where its records are.
   */
  folder: string;
}
/**
 * `run/start`: take a goal through the roles.
 */
export interface StartRun {
  /**
   * What is wanted, in the words of the person.
   */
  goal: string;
  /**
   * A feature, or a hunt for bugs: its analysts are hunters.
   */
  mode?: Mode;
  /**
   * What the goal leaves open: constraints, hints.
   */
  guidance?: string;
  /**
   * How many analysts (or bug hunters) draft independently.
   */
  hunters?: number;
  /**
   * Who plays the roles; a rehearsal asks no model.
   */
  executor?: "codex" | "rehearsal";
  /**
   * Name or path of a rehearsal scenario; empty: the default one.
   */
  scenario?: string;
  /**
   * Settings of this run alone, keys without `sextet.`.
   */
  overrides?: {
    [k: string]: JsonValue;
  };
  /**
   * Trust what the repository's settings would execute, and write that down.
   */
  trust?: boolean;
  /**
   * Digests of a `trust` error's facts: the person was shown exactly this and agrees.
   *
   * @maxItems 200
   */
  agreed?: string[];
  /**
   * Begin at once; `false`: only make the run, `run/resume` begins it.
   */
  autoStart?: boolean;
  /**
   * A key of the client's choice: the same one again gives the run of the first time. Empty: none.
   */
  requestKey?: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
}
/**
 * `run/stop`: end a run; what is at work is captured.
 */
export interface StopRun {
  runId: string;
  /**
   * Who asks: a name, shown beside what was done.
   */
  by?: string;
  /**
   * Kept with the run; empty: that it was stopped, and by whom.
   */
  reason?: string;
}
