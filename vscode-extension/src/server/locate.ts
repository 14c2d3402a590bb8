/** Which server this window starts: the one that is named, the project's, or the one that comes along. */

import { type Bundle, make, privatePython } from "./environment";
import { noGit } from "./folder";
import { CHOOSE_PYTHON, type Launch, Obstacle, RETRY } from "./launch";
import type { Machine } from "./machine";
import { OLDEST, type Python, QUESTION, answered, candidates, modern } from "./python";

/** What the person and the window say. */
export interface Wanted {
  /** `sextet.server.path`; empty: none. */
  readonly path: string;
  /** `sextet.server.python`; empty: none. */
  readonly python: string;
  /** `sextet.server.extraArgs`. */
  readonly extraArgs: readonly string[];
  /** The Python that is selected for the folder; never asked for in a folder that is not trusted. */
  selected(): Promise<string | undefined>;
  /** Show that something takes its time. */
  progress<T>(title: string, work: (step: (words: string) => void) => Promise<T>): Promise<T>;
}

const PYTHON_ORG = "https://www.python.org/downloads/";
const SECONDS = 20;

/** The server to start; what is in the way is an `Obstacle`. */
export async function locate(machine: Machine, bundle: Bundle | undefined, wanted: Wanted): Promise<Launch> {
  await needGit(machine);
  const args = ["serve", ...wanted.extraArgs];
  if (wanted.path !== "") {
    if (await machine.executable(wanted.path)) return { command: wanted.path, args, from: "sextet.server.path" };
    throw missing("sextet.server.path", wanted.path);
  }
  const found = await ofPython(machine, bundle, wanted);
  return { command: found.command, args: ["-P", "-m", "sextet", ...args], from: found.from };
}

async function ofPython(
  machine: Machine,
  bundle: Bundle | undefined,
  wanted: Wanted,
): Promise<{ command: string; from: string }> {
  const named = wanted.python === "" ? undefined : await the(machine, wanted.python);
  if (named && fits(named, bundle)) return { command: named.command, from: "sextet.server.python" };
  const selected = named ? undefined : await ofProject(machine, bundle, wanted);
  if (selected) return { command: selected.command, from: "the selected Python" };
  if (!bundle) throw nothingBundled();
  const own = await ask(machine, privatePython(bundle));
  if (own?.sextet === bundle.version) return { command: own.command, from: "its own environment" };
  const base = named ?? (await anyPython(machine));
  const command = await wanted.progress("Sextet", (step) => make(machine, bundle, base, step));
  return { command, from: "its own environment, made anew" };
}

/** The Python that is selected for the project, when it has a server. */
async function ofProject(
  machine: Machine,
  bundle: Bundle | undefined,
  wanted: Wanted,
): Promise<Python | undefined> {
  const selected = await wanted.selected();
  const python = selected === undefined ? undefined : await ask(machine, selected);
  return python && fits(python, bundle) ? python : undefined;
}

/** Whether a Python has a server that this extension understands. */
function fits(python: Python, bundle: Bundle | undefined): boolean {
  if (python.sextet === "" || !modern(python)) return false;
  const line = (version: string): string => version.split(".").slice(0, 2).join(".");
  return !bundle || line(python.sextet) === line(bundle.version);
}

async function ask(machine: Machine, command: string): Promise<Python | undefined> {
  const ran = await machine.run(command, QUESTION, SECONDS);
  return ran.code === 0 ? answered(command, ran.stdout) : undefined;
}

/** The Python that a setting names. */
async function the(machine: Machine, command: string): Promise<Python> {
  const python = await ask(machine, command);
  if (!python) throw missing("sextet.server.python", command);
  if (!modern(python)) throw tooOld(python);
  return python;
}

async function anyPython(machine: Machine): Promise<Python> {
  const found: Python[] = [];
  for (const command of candidates(machine.platform)) {
    const python = await ask(machine, command);
    if (python && modern(python) && python.venv) return python;
    if (python) found.push(python);
  }
  const [bare] = found.filter(modern);
  if (bare) return bare;
  throw found[0] ? tooOld(found[0]) : noPython();
}

async function needGit(machine: Machine): Promise<void> {
  const ran = await machine.run("git", ["--version"], SECONDS);
  const [, major, minor] = /(\d+)\.(\d+)/.exec(ran.stdout)?.map(Number) ?? [];
  if (ran.code !== 0 || major === undefined || minor === undefined) throw noGit();
  if (major < 2 || (major === 2 && minor < 38)) {
    throw new Obstacle(`Git 2.38 or newer is needed; this is ${ran.stdout.trim()}.`, noGit().remedies);
  }
}

// What is in the way ---------------------------------------------------------------------------------
function missing(key: string, value: string): Obstacle {
  const words = `\`${key}\` names ${value}, and that cannot be run here.`;
  return new Obstacle(words, [{ title: "Open Setting", do: "settings", key }, RETRY]);
}

function tooOld(python: Python): Obstacle {
  const words = `Python ${OLDEST.join(".")} or newer is needed; ${python.command} is ${python.version.join(".")}.`;
  return new Obstacle(words, [CHOOSE_PYTHON, { title: "Get Python", do: "open", url: PYTHON_ORG }, RETRY]);
}

function noPython(): Obstacle {
  const words = `Python ${OLDEST.join(".")} or newer is needed, and none was found on the PATH of the editor.`;
  return new Obstacle(words, [{ title: "Get Python", do: "open", url: PYTHON_ORG }, CHOOSE_PYTHON, RETRY]);
}

function nothingBundled(): Obstacle {
  const words = "This build of the extension carries no server. Choose a Python that has Sextet, or a `sextet` command.";
  const path = { title: "Choose a Command", do: "settings", key: "sextet.server.path" } as const;
  return new Obstacle(words, [CHOOSE_PYTHON, path]);
}
