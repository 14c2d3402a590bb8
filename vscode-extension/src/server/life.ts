/** One process of a server: how it ends, and what it said last. */

import { type ChildProcess, spawn } from "node:child_process";
import type { Launch } from "./launch";

/** Lines of stderr that are remembered. */
const KEPT = 20;

/** Milliseconds in which a process whose pipes are closed tells how it ended. */
const GRACE = 1_000;

/** A process that is begun at once. */
export class Life {
  readonly child: ChildProcess;
  readonly #words: string[] = [];
  readonly #ended: Promise<void>;

  constructor(launch: Launch, cwd: string) {
    const child = spawn(launch.command, launch.args, { cwd, stdio: "pipe", shell: false });
    this.child = child;
    this.#ended = new Promise((resolve) => {
      child.on("error", (error) => {
        this.#words.push(error.message);
        resolve();
      });
      child.on("close", () => {
        resolve();
      });
    });
    child.stdin.on("error", () => undefined); // that it is gone is told by its end
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#words.push(...text.split("\n").filter((line) => line.trim() !== ""));
      this.#words.splice(0, Math.max(this.#words.length - KEPT, 0));
    });
  }

  /** Why it ended, once that is known: `it ended with 3: its last words`. */
  async cause(): Promise<string> {
    await Promise.race([this.#ended, new Promise((resolve) => setTimeout(resolve, GRACE))]);
    const { signalCode, exitCode } = this.child;
    const end = signalCode ?? exitCode;
    const how = end === null ? "its connection closed" : `it ended with ${end}`;
    const last = this.#words.at(-1)?.trim().replace(/\.$/, "");
    return last === undefined ? how : `${how}: ${last.slice(0, 300)}`;
  }

  /** End it without asking. */
  kill(): void {
    this.child.kill("SIGKILL");
  }
}
