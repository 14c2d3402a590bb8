/** A private environment with the server that the extension brings along, made at its first use. */

import { join } from "node:path";
import { CHOOSE_PYTHON, LOG, Obstacle, RETRY } from "./launch";
import type { Machine } from "./machine";
import type { Python } from "./python";

/** What the extension brings along, and where it may put something. */
export interface Bundle {
  /** The wheel with the server. */
  readonly wheel: string;
  readonly constraints: string;
  /** The version of the server in it. */
  readonly version: string;
  /** A folder of the extension's own. */
  readonly storage: string;
}

/** Minutes that an installation may take. */
const PATIENCE = 10 * 60;

/** The Python of the private environment; it may not be there yet. */
export function privatePython(bundle: Bundle): string {
  return join(home(bundle), "bin", "python");
}

/** Make the environment; the steps are told as they begin. */
export async function make(
  machine: Machine,
  bundle: Bundle,
  base: Python,
  step: (words: string) => void,
): Promise<string> {
  if (!base.venv) throw noVenv(base);
  const spare = `${home(bundle)}.${process.pid}`;
  try {
    await machine.folder(bundle.storage);
    await machine.remove(spare);
    step("Making an environment for the server");
    await must(machine, base.command, ["-m", "venv", spare]);
    step("Installing the server");
    const install = ["-m", "pip", "install", "--quiet", "--constraint", bundle.constraints, bundle.wheel];
    await must(machine, join(spare, "bin", "python"), install);
    if (!(await machine.executable(privatePython(bundle)))) await machine.remove(home(bundle));
    await machine.rename(spare, home(bundle)); // another window may have been faster
  } finally {
    await machine.remove(spare);
  }
  return privatePython(bundle);
}

function home(bundle: Bundle): string {
  return join(bundle.storage, `server-${bundle.version}`);
}

async function must(machine: Machine, command: string, args: readonly string[]): Promise<void> {
  const ran = await machine.run(command, args, PATIENCE);
  if (ran.code !== 0) throw failed(ran.stderr);
}

const OFFLINE = /connection|network|resolve|unreachable|timed out|no matching distribution|proxy|ssl/i;

function failed(stderr: string): Obstacle {
  const last = stderr.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
  const why = OFFLINE.test(stderr)
    ? "its packages could not be fetched. Connect this machine to the network or to a package index, once"
    : "pip failed";
  const words = `The server could not be installed: ${why}. Or choose a Python that has Sextet.`;
  return new Obstacle(last === "" ? words : `${words} (${last})`, [RETRY, CHOOSE_PYTHON, LOG]);
}

function noVenv(base: Python): Obstacle {
  const words = `${base.command} cannot make environments. Install its venv package (Debian: python3-venv).`;
  return new Obstacle(words, [RETRY, CHOOSE_PYTHON]);
}
