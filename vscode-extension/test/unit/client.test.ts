import { beforeEach, expect, test } from "vitest";
import { Server, type ServerState } from "../../src/client";
import type { Connection } from "../../src/server/connection";
import { Obstacle } from "../../src/server/launch";
import { CrashBudget } from "../../src/server/restarts";
import type { Refused } from "../../src/shared/refusal";

class Life implements Connection {
  readonly died: (why: string) => void;
  readonly #waiting: ((error: Error) => void)[] = [];
  stopped = false;

  constructor(died: (why: string) => void) {
    this.died = died;
  }
  start(): Promise<void> {
    return Promise.resolve();
  }
  stop(): Promise<void> {
    this.stopped = true;
    return Promise.resolve();
  }
  request(): Promise<never> {
    return new Promise((_, reject) => this.#waiting.push(reject));
  }
  crash(why: string): void {
    this.died(why);
    for (const each of this.#waiting) each(Object.assign(new Error("disposed"), { code: -32097 }));
  }
}

let lives: Life[];
let states: ServerState[];
let failed: (Obstacle | Refused)[];
let attached: boolean[];
let later: { pause: number; action: () => void; off: boolean }[];
let obstacle: Obstacle | undefined;

function server(): Server {
  return new Server({
    budget: new CrashBudget(),
    connect: (died) => {
      if (obstacle) return Promise.reject(obstacle);
      lives.push(new Life(died));
      return Promise.resolve(lives.at(-1)!);
    },
    running: (again) => attached.push(again),
    changed: (state) => states.push(state),
    failed: (why) => failed.push(why),
    info: () => undefined,
    now: () => 0,
    later: (pause, action) => {
      const call = { pause, action, off: false };
      later.push(call);
      return { dispose: () => (call.off = true) };
    },
  });
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

beforeEach(() => {
  lives = [];
  states = [];
  failed = [];
  attached = [];
  later = [];
  obstacle = undefined;
});

test("two who start it get one server", async () => {
  const it = server();
  await Promise.all([it.start(), it.start()]);
  expect([lives.length, states, attached]).toEqual([1, ["starting", "running"], [false]]);
});

test("a crash rejects what waits by name, pauses, and comes back attached again", async () => {
  const it = server();
  await it.start();
  const waiting = [it.request("run/list", {}), it.request("doctor", {})].map((each) =>
    each.catch((error: unknown) => (error as Refused).kind),
  );
  await settle();
  lives[0]!.crash("it ended with 3");
  expect(await Promise.all(waiting)).toEqual(["lost", "lost"]);
  expect([it.state, later.map((each) => each.pause), failed]).toEqual(["waiting", [500], []]);
  later[0]!.action();
  await settle();
  expect([it.state, attached]).toEqual(["running", [false, true]]);
});

test("a server that keeps crashing is told of once, with the cause", async () => {
  const it = server();
  await it.start();
  for (let crash = 0; crash < 6; crash += 1) {
    lives.at(-1)!.crash("it ended with 3: boom");
    later[crash]?.action();
    await settle();
  }
  expect([it.state, later.map((each) => each.pause)]).toEqual(["failed", [500, 1_000, 2_000, 4_000, 8_000]]);
  expect(failed.map((each) => each.message)).toEqual([
    "The server ended 6 times in a short while: it ended with 3: boom.",
  ]);
  await it.restart();
  expect(it.state).toBe("running");
});

test("what is in the way is shown once and not tried again by itself", async () => {
  obstacle = new Obstacle("No Python.", []);
  const it = server();
  await expect(it.start()).rejects.toBe(obstacle);
  expect([it.state, later, failed]).toEqual(["failed", [], [obstacle]]);
});

test("a server that is stopped on purpose is no crash", async () => {
  const it = server();
  await it.start();
  await it.stop();
  lives[0]!.crash("it ended with 0");
  expect([it.state, lives[0]!.stopped, later]).toEqual(["stopped", true, []]);
});

test("who asks while it is down starts it", async () => {
  const it = server();
  void it.request("run/list", {}).catch(() => undefined);
  await settle();
  expect(lives).toHaveLength(1);
});
