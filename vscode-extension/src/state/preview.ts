/** What will happen when a run starts, in sentences, before it does. */

import type { NextRun } from "../shared/pane";
import type { Mode, RoleSettings } from "../shared/protocol";
import { ROLES, many, modelName, tokens } from "./words";

/** One line of the preview. */
export interface PreviewLine {
  readonly icon: string;
  readonly text: string;
}

type Roles = Readonly<Record<string, RoleSettings>>;

/** The lines of the preview; `hunters` counts in a hunt for bugs only. */
export function preview(mode: Mode, hunters: number, roles: Roles, next: NextRun): PreviewLine[] {
  return [
    { icon: "organization", text: people(mode, hunters, roles, next.maxAgents) },
    { icon: "hubot", text: models(roles) },
    { icon: "beaker", text: tests(next.testCommands) },
    { icon: "dashboard", text: budget(next) },
    { icon: "check-all", text: gates(next) },
  ];
}

function people(mode: Mode, hunters: number, roles: Roles, maxAgents: number): string {
  const names = ROLES.map((role) => {
    const hunt = role === "analyst" && mode === "bug_hunt";
    const number = hunt ? hunters : (roles[role]?.workers ?? 0);
    const name: [string, string?] = hunt ? ["hunter"] : NAMES[role];
    return many(number, ...name);
  });
  return `${names.join(", ")}; at most ${many(maxAgents, "agent")} at once.`;
}

const NAMES: Readonly<Record<(typeof ROLES)[number], [string, string?]>> = {
  analyst: ["analyst"],
  consensus: ["consensus builder"],
  splitter: ["splitter"],
  implementer: ["implementer"],
  tester: ["tester"],
  reviewer: ["reviewer"],
};

function models(roles: Roles): string {
  const by = new Map<string, string[]>();
  for (const role of ROLES) {
    const found = roles[role]?.models ?? [];
    const words = found.length === 0 ? modelName("") : found.join(", then ");
    by.set(words, [...(by.get(words) ?? []), role]);
  }
  if (by.size === 1) return `All on ${[...by.keys()].join("")}.`;
  return `${[...by].map(([words, who]) => `${who.join(", ")}: ${words}`).join("; ")}.`;
}

function tests(commands: readonly string[]): string {
  if (commands.length === 0) return "No test command is set: the tester finds out how to test.";
  return `Tests: ${commands.join(" && ")}`;
}

function budget(next: NextRun): string {
  if (next.budget.runTokens === 0) return "No limit of tokens.";
  return `Asks you after ${tokens(next.budget.runTokens)} tokens.`;
}

function gates({ approvals }: NextRun): string {
  const consensus =
    approvals.consensus === 0 ? "" : `${many(approvals.consensus, "approval")} of the consensus, `;
  const patch = approvals.patch === 0 ? "no approval" : many(approvals.patch, "approval");
  return `Needs ${consensus}${patch} of the patch; nothing is written before you apply it.`;
}
