import { expect, test } from "vitest";
import { LogBook, PAGE, WorkerLog } from "../../src/webview/logs";

const batch = (firstSeq: number, lines: string[], dropped = 0) => ({
  workerId: "tester-1",
  taskId: null,
  stream: "test",
  firstSeq,
  lines,
  dropped,
});

test("lines come back by their numbers, and a gap is asked for", () => {
  const log = new WorkerLog();
  log.add(batch(1, ["a", "b"]));
  log.add(batch(6, ["f"], 3));
  expect([log.line(2), log.line(4), log.line(6), log.last]).toEqual(["b", undefined, "f", 6]);
  expect(log.missing(1, 6)).toBe(3);
  log.fill(3, { first: 3, lines: ["c", "d", "e"], next: 6 });
  expect(log.missing(1, 6)).toBeUndefined();
  expect(log.leftOut(6)).toBe(0);
});

test("lines that nobody has are said to be left out", () => {
  const log = new WorkerLog();
  log.add(batch(1, ["a"]));
  log.add(batch(2, ["c"], 12));
  expect(log.leftOut(2)).toBe(12);
  log.fill(1, { first: 400, lines: ["x"], next: 401 });
  expect([log.first, log.leftOut(400)]).toEqual([400, 399]);
});

test("100 000 lines are told, a fifth of them is kept, and the rest can be asked for", () => {
  const log = new LogBook().of("tester-1");
  for (let seq = 1; seq < 100_000; seq += PAGE) {
    log.add(
      batch(
        seq,
        Array.from({ length: PAGE }, (_, index) => `line ${seq + index}`),
      ),
    );
  }
  expect(log.last).toBe(100_000);
  expect(log.line(99_999)).toBe("line 99999");
  expect(log.line(10)).toBeUndefined();
  expect(log.missing(10, 20)).toBe(10);
  log.fill(1, {
    first: 1,
    lines: Array.from({ length: PAGE }, (_, index) => `again ${index + 1}`),
    next: PAGE + 1,
  });
  expect(log.line(10)).toBe("again 10");
});
