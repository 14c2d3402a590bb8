// Generated from the server's contract by `npm run generate`; never edited.
/** Verbs and notifications by name, without the prefix `sextet/`. */

import type * as p from "./protocol";

/** What stands before every name on the wire. */
export const PREFIX = "sextet/";

/** Every verb with its params and its result. */
export interface Methods {
  /** List the files that an attempt left behind, or read one of them in pieces. */
  "artifact/read": { params: p.ReadArtifact; result: p.ArtifactPage };
  /** Find, and remove if asked to, worktrees and runs that are no longer needed. */
  clean: { params: p.Clean; result: p.CleanResult };
  /** Look at what Sextet needs of this machine and this repository. */
  doctor: { params: p.Nothing; result: p.DoctorReport };
  /** Read lines of a worker's log. */
  "log/read": { params: p.ReadLog; result: p.LogPage };
  /** The models that the installed Codex offers; starts Codex for it. */
  "models/list": { params: p.Nothing; result: p.ModelList };
  /** Write a patch, or chosen hunks of it, into the work tree, all or nothing. */
  "patch/apply": { params: p.ApplyPatch; result: p.ApplyResult };
  /** Remark on a hunk or a line; those who wrote it read that at their next attempt. */
  "patch/comment": { params: p.CommentPatch; result: p.Done };
  /** One file of a patch as it is before and after, whole. */
  "patch/file": { params: p.ReadPatchFile; result: p.PatchFile };
  /** The change set of a patch, its hunks, and a diff to read. */
  "patch/get": { params: p.OfPatch; result: p.PatchDetail };
  /** The patches of a run. */
  "patch/list": { params: p.OfRun; result: p.PatchList };
  /** Say what you think of hunks; a rejection with a comment reopens what wrote them. */
  "patch/mark": { params: p.MarkHunks; result: p.Done };
  /** Write a patch as a read-only document for people. */
  "patch/open": { params: p.OfPatch; result: p.Opened };
  /** Say what becomes of a file in which the patch collides with what you have. */
  "patch/resolve": { params: p.SettleFile; result: p.Done };
  /** Run the tests on what you have now. */
  "patch/retest": { params: p.OfPatch; result: p.Retested };
  /** Take back an apply by a three-way merge; later edits of yours stay. */
  "patch/revert": { params: p.RevertPatch; result: p.RevertResult };
  /** Answer a question; the first answer counts. */
  "question/answer": { params: p.AnswerQuestion; result: p.Done };
  /** Runs that were cut off, and work that was kept of attempts that died. */
  "recover/list": { params: p.Nothing; result: p.RecoverList };
  /** How the roles work, in a run or in the next one, and where each value comes from. */
  "roles/get": { params: p.GetRoles; result: p.RolesInForce };
  /** Override role settings for one run, from its next attempts on. */
  "roles/set": { params: p.SetRoles; result: p.Done };
  /** Read the journal of a run, page by page. */
  "run/events": { params: p.ReadEvents; result: p.EventsPage };
  /** Ask for more in the same run; it becomes a new patch. */
  "run/followUp": { params: p.FollowUp; result: p.Done };
  /** The runs of this work tree. */
  "run/list": { params: p.Nothing; result: p.RunList };
  /** Go on with a run that was interrupted, or begin one that was only made. */
  "run/resume": { params: p.OfRun; result: p.Done };
  /** Everything that is shown of a run; events after its `seq` go on from there. */
  "run/snapshot": { params: p.OfRun; result: p.Snapshot };
  /** Take a goal through the roles. */
  "run/start": { params: p.StartRun; result: p.RunRef };
  /** End a run; what is at work is captured. */
  "run/stop": { params: p.StopRun; result: p.Done };
  /** Give a named approval of exactly what was seen, a consensus or a patch. */
  "task/approve": { params: p.ApproveTask; result: p.Done };
  /** Leave a remark that the agent reads at its next attempt. */
  "task/comment": { params: p.SayToTask; result: p.Done };
  /** Stop the attempt that is at work on a task; it is not repeated by itself. */
  "task/interrupt": { params: p.SayToTask; result: p.Done };
  /** Write what is known of a task as a read-only document for people. */
  "task/open": { params: p.OfTask; result: p.Opened };
  /** Say that a result will not do; its task is done again and reads why. */
  "task/requestChanges": { params: p.SayToTask; result: p.Done };
  /** Ask for another attempt of a task that failed, is blocked or was stopped. */
  "task/retry": { params: p.OfTask; result: p.Done };
  /** Say something to the agent in the middle of its turn. */
  "task/steer": { params: p.SayToTask; result: p.Done };
  /** Let workers of roles that were stopped claim tasks again. */
  "workers/start": { params: p.ChooseWorkers; result: p.Done };
  /** Stop workers, of whole roles or single ones, at once or after what they are at. */
  "workers/stop": { params: p.ChooseWorkers; result: p.Done };
}

/** Every notification of the server with its params. */
export interface Notifications {
  event: p.EventTold;
  heartbeat: p.Heartbeat;
  log: p.LogTold;
  resync: p.ResyncTold;
}

/** The name of a verb. */
export type Verb = keyof Methods;

/** The names of all verbs. */
export const VERBS: readonly Verb[] = [
  "artifact/read",
  "clean",
  "doctor",
  "log/read",
  "models/list",
  "patch/apply",
  "patch/comment",
  "patch/file",
  "patch/get",
  "patch/list",
  "patch/mark",
  "patch/open",
  "patch/resolve",
  "patch/retest",
  "patch/revert",
  "question/answer",
  "recover/list",
  "roles/get",
  "roles/set",
  "run/events",
  "run/followUp",
  "run/list",
  "run/resume",
  "run/snapshot",
  "run/start",
  "run/stop",
  "task/approve",
  "task/comment",
  "task/interrupt",
  "task/open",
  "task/requestChanges",
  "task/retry",
  "task/steer",
  "workers/start",
  "workers/stop",
];

/** What a verb takes. */
export type ParamsOf<V extends Verb> = Methods[V]["params"];

/** What a verb gives. */
export type ResultOf<V extends Verb> = Methods[V]["result"];

/** What refusals are told apart by. */
export type RefusalKind =
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
