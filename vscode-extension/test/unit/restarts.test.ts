import { expect, test } from "vitest";
import { CrashBudget, coalesced } from "../../src/server/restarts";

test("each crash waits longer, and one too many ends it", () => {
  const budget = new CrashBudget();
  const pauses = [0, 1, 2, 3, 4, 5].map((at) => budget.crashed(at));
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, undefined]);
});

test("a crash is forgotten after a while, and all of them when a person wants it anew", () => {
  const budget = new CrashBudget([10], 100);
  expect(budget.crashed(0)).toBe(10);
  expect(budget.crashed(99)).toBeUndefined();
  expect(budget.crashed(300)).toBe(10);
  budget.forgive();
  expect(budget.crashed(301)).toBe(10);
});

test("restarts that are asked for while one runs become one more", async () => {
  let begun = 0;
  const ends: (() => void)[] = [];
  const restart = coalesced(() => {
    begun += 1;
    return new Promise<void>((resolve) => ends.push(resolve));
  });
  const all = [restart(), restart(), restart()];
  expect(begun).toBe(1);
  ends[0]!();
  await all[0];
  await Promise.resolve();
  expect(begun).toBe(2);
  ends[1]!();
  await Promise.all(all);
  expect(begun).toBe(2);
});

test("a restart that fails does not end the next", async () => {
  let begun = 0;
  const restart = coalesced(() => {
    begun += 1;
    return begun === 1 ? Promise.reject(new Error("no")) : Promise.resolve();
  });
  const first = restart();
  const second = restart();
  await expect(first).rejects.toThrow("no");
  await second;
  expect(begun).toBe(2);
});
