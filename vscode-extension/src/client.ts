/** The server of this window through all of its lives: started, restarted with pauses, never silently gone. */

import { Owner } from "./dispose";
import type { Verbs } from "./feed";
import type { Connection } from "./server/connection";
import { Obstacle } from "./server/launch";
import type { CrashBudget } from "./server/restarts";
import { coalesced } from "./server/restarts";
import type { ParamsOf, ResultOf, Verb } from "./shared/methods";
import { Refused, lost, refused } from "./shared/refusal";

/** Where the server stands; `waiting`: it crashed and comes back by itself. */
export type ServerState = "stopped" | "starting" | "running" | "waiting" | "failed";

/** What it needs of the rest; a port, so that tests have one of their own. */
export interface Surroundings {
  readonly budget: CrashBudget;
  /** A connection to a server that is found now; `died` is called when it ends without being asked to. */
  connect(died: (why: string) => void): Promise<Connection>;
  /** It runs; `again`: after another one. */
  running(again: boolean): void;
  changed(state: ServerState): void;
  /** It does not come back by itself: the one message that a person sees. */
  failed(why: Obstacle | Refused): void;
  info(words: string): void;
  now(): number;
  /** Call later; the result calls that off. */
  later(milliseconds: number, action: () => void): { dispose(): void };
}

/** The server of this window. */
export class Server extends Owner implements Verbs {
  readonly #around: Surroundings;
  #state: ServerState = "stopped";
  #connection: Connection | undefined;
  #starting: Promise<void> | undefined;
  #lives = 0;
  #waiting: { dispose(): void } | undefined;

  /** Stop it and start another one; calls meanwhile become one more. */
  readonly restart = coalesced(async () => {
    await this.stop();
    this.#around.budget.forgive();
    await this.start();
  });

  constructor(around: Surroundings) {
    super();
    this.#around = around;
    this.own({ dispose: () => void this.stop() });
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Start it unless it runs; rejects with what is in the way, after that was shown. */
  start(): Promise<void> {
    this.#waiting?.dispose();
    this.#waiting = undefined;
    if (this.#state === "running") return Promise.resolve();
    this.#starting ??= this.#begin().finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  /** Stop it, and let it put its work down. */
  async stop(): Promise<void> {
    this.#waiting?.dispose();
    this.#waiting = undefined;
    await this.#starting?.catch(() => undefined);
    const connection = this.#connection;
    this.#connection = undefined;
    this.#become("stopped");
    await connection?.stop().catch((error: unknown) => {
      this.#around.info(`The server did not stop as asked: ${refused(error).message}`);
    });
  }

  /** Carry out a verb; a server that is not there is started for it. */
  async request<V extends Verb>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V>> {
    await this.start();
    const connection = this.#connection;
    if (!connection) throw lost();
    try {
      return await connection.request(verb, params);
    } catch (error) {
      throw this.#connection === connection ? refused(error) : lost();
    }
  }

  async #begin(): Promise<void> {
    this.#become("starting");
    let why = "";
    try {
      const connection = await this.#around.connect((words) => {
        why = words;
        if (this.#connection === connection) this.#crashed(words);
      });
      await connection.start();
      if (why !== "") throw new Refused("lost", why);
      this.#connection = connection;
    } catch (error) {
      throw this.#notStarted(error, why);
    }
    this.#become("running");
    this.#lives += 1;
    this.#around.running(this.#lives > 1);
  }

  #notStarted(error: unknown, why: string): Error {
    if (error instanceof Obstacle) {
      this.#become("failed");
      this.#around.failed(error);
      return error;
    }
    this.#crashed(why === "" ? refused(error).message : why);
    return new Refused(
      "lost",
      `The server could not be started: ${why === "" ? refused(error).message : why}`,
    );
  }

  #crashed(why: string): void {
    this.#connection = undefined;
    const pause = this.#around.budget.crashed(this.#around.now());
    if (pause === undefined) {
      this.#become("failed");
      const times = this.#around.budget.crashes;
      this.#around.failed(new Refused("lost", `The server ended ${times} times in a short while: ${why}.`));
      return;
    }
    this.#around.info(`The server ended: ${why}. It is started again in ${pause} ms.`);
    this.#become("waiting");
    this.#waiting = this.#around.later(pause, () => void this.start().catch(() => undefined));
  }

  #become(state: ServerState): void {
    if (this.#state === state) return;
    this.#around.info(`The server was ${this.#state} and is ${state} now.`);
    this.#state = state;
    this.#around.changed(state);
  }
}
