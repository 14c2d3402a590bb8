/** What is asked of the machine: files, and programs that end by themselves. */

import { execFile } from "node:child_process";
import { access, constants, mkdir, rename, rm } from "node:fs/promises";

/** How a program ended. */
export interface Ran {
  /** Undefined when it could not be started or was stopped. */
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The machine, as far as it is needed to find a server; a port, so that tests have one of their own. */
export interface Machine {
  readonly platform: string;
  run(command: string, args: readonly string[], seconds: number): Promise<Ran>;
  executable(path: string): Promise<boolean>;
  /** Make a folder where there is none. */
  folder(path: string): Promise<void>;
  /** Remove a folder with all that is in it. */
  remove(path: string): Promise<void>;
  /** Give a folder its name; false: there is one already. */
  rename(from: string, to: string): Promise<boolean>;
}

/** This machine; programs run in `folder`, never in what a person has opened. */
export function thisMachine(folder: string): Machine {
  return {
    platform: process.platform,
    run: async (command, args, seconds) => {
      await mkdir(folder, { recursive: true });
      return run(folder, command, args, seconds);
    },
    executable: (path) => holds(access(path, constants.X_OK)),
    folder: async (path) => {
      await mkdir(path, { recursive: true });
    },
    remove: (path) => rm(path, { recursive: true, force: true }),
    rename: (from, to) => holds(rename(from, to)),
  };
}

function run(cwd: string, command: string, args: readonly string[], seconds: number): Promise<Ran> {
  const options = { cwd, timeout: seconds * 1_000, maxBuffer: 1 << 22, env: quiet() };
  return new Promise((resolve) => {
    execFile(command, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      const failed = stderr === "" && error !== null ? error.message : stderr;
      resolve({ code: typeof code === "number" ? code : undefined, stdout, stderr: failed });
    });
  });
}

function quiet(): NodeJS.ProcessEnv {
  return { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: "1", PIP_NO_INPUT: "1", PYTHONUTF8: "1" };
}

async function holds(done: Promise<unknown>): Promise<boolean> {
  try {
    await done;
    return true;
  } catch {
    return false;
  }
}
