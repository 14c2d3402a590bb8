import { existsSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COMMANDS, UI } from "../../src/commands";
import { contexts } from "../../src/contexts";
import { actions } from "../../src/review/actions";
import { run } from "./fakes/runs";

interface Item {
  readonly command: string;
  readonly when?: string;
}

interface Manifest {
  readonly contributes: {
    readonly commands: readonly (Item & { title: string; category: string; icon?: string })[];
    readonly menus: Readonly<Record<string, readonly Item[]>>;
    readonly keybindings: readonly Item[];
    readonly walkthroughs: readonly {
      steps: readonly { description: string; media: { markdown: string } }[];
    }[];
    readonly configuration: readonly {
      properties: Readonly<Record<string, { default: unknown; scope: string }>>;
    }[];
  };
  readonly capabilities: {
    readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] };
  };
}

const { contributes, capabilities } = JSON.parse(readFileSync("package.json", "utf8")) as Manifest;
const told = contributes.commands.map((each) => each.command);
const known = [
  ...Object.keys(COMMANDS),
  ...Object.keys(actions({ known: () => undefined, look: () => Promise.reject(new Error()) })),
].map((id) => UI + id);

test("the palette offers every command that there is, and no other", () => {
  expect(told.filter((id) => id !== "sextet.review.say").toSorted()).toEqual(known.toSorted());
  for (const each of contributes.commands) expect(each.category).toBe("Sextet");
});

test("menus and keys name only commands that there are", () => {
  const used = [...Object.values(contributes.menus).flat(), ...contributes.keybindings].map(
    (each) => each.command,
  );
  expect(used.filter((id) => !told.includes(id) && id !== "sextet.pane.focus")).toEqual([]);
});

test("clauses ask only for context keys that are set", () => {
  const keys = new Set(Object.keys(contexts("running", run())));
  const items = [...Object.values(contributes.menus).flat(), ...contributes.keybindings];
  const asked = items.flatMap((each) => each.when?.match(/sextet\.[a-zA-Z]+/g) ?? []);
  const names = new Set(["sextet.pane", "sextet.review"]);
  expect(asked.filter((key) => !keys.has(key) && !names.has(key))).toEqual([]);
});

test("the first steps lead to commands and pages that there are", () => {
  for (const step of contributes.walkthroughs.flatMap((each) => each.steps)) {
    expect(existsSync(step.media.markdown)).toBe(true);
    const [, command] = /\(command:([\w.]+)\)/.exec(step.description) ?? [];
    expect(told).toContain(command);
  }
});

test("a folder that is not trusted cannot set what executes", () => {
  const restricted = capabilities.untrustedWorkspaces.restrictedConfigurations;
  for (const key of [
    "tester.commands",
    "worktree.setupCommand",
    "codex.path",
    "server.path",
    "patch.apply",
  ]) {
    expect(restricted).toContain(`sextet.${key}`);
  }
});

test("what names a program is the user's own and no repository's", () => {
  const all = Object.assign({}, ...contributes.configuration.map((each) => each.properties)) as Record<
    string,
    { scope: string }
  >;
  for (const key of ["codex.path", "codex.home", "server.python", "server.path", "server.extraArgs"]) {
    expect(all[`sextet.${key}`]?.scope).toBe("machine");
  }
});
