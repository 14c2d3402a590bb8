import { expect, test } from "vitest";
import { Life } from "../../src/server/life";

function ending(script: string): Promise<string> {
  return new Life({ command: "/bin/sh", args: ["-c", script], from: "a test" }, "/").cause();
}

test("how a process ended is told with its last words", async () => {
  expect(await ending("echo first >&2; echo boom. >&2; exit 3")).toBe("it ended with 3: boom");
  expect(await ending("kill -9 $$")).toBe("it ended with SIGKILL");
  expect(await ending("exit 0")).toBe("it ended with 0");
});

test("a program that cannot be started says so", async () => {
  const life = new Life({ command: "/nowhere/sextet", args: [], from: "a test" }, "/");
  expect(await life.cause()).toContain("ENOENT");
});
