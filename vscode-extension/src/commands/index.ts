/** Every command of the palette, by its id. */

import type { Desk, Given } from "./desk";
import { applyHunk, applyPatch, openPatch, retest, revertPatch } from "./patches";
import { answer } from "./questions";
import { followUp, openRun, resumeRun, startRun, stopRun } from "./runs";
import { approve, comment, interrupt, openConversation, requestChanges, retry, steer } from "./tasks";
import {
  chooseFolder,
  clean,
  detectTests,
  doctor,
  editRoles,
  login,
  settings,
  showWorkerLog,
  walkthrough,
} from "./tools";
import { startWorkers, stopWorkers } from "./workers";

/** Does what a command says, for a person. */
export type Command = (desk: Desk, given?: Given) => Promise<unknown>;

/** What stands before the ids of the palette; the verbs themselves are `sextet.<verb>`. */
export const UI = "sextet.ui.";

/** The commands of the palette, without the prefix. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  startRun,
  stopRun,
  resumeRun,
  followUp,
  openRun,
  startWorkers,
  stopWorkers,
  approve,
  requestChanges,
  comment,
  steer,
  interrupt,
  retry,
  openConversation,
  answer,
  openPatch,
  applyPatch,
  applyHunk,
  revertPatch,
  retest,
  doctor,
  clean,
  showLog: (desk) => {
    desk.host.showLog();
    return Promise.resolve();
  },
  showWorkerLog,
  editRoles,
  settings,
  walkthrough,
  login,
  detectTests,
  chooseFolder,
  restartServer: (desk) => desk.host.restart().catch(() => undefined),
};
