import { expect, test } from "vitest";
import { Feed } from "../../src/feed";
import type { Entry } from "../../src/shared/protocol";
import { refusal, Script } from "./fakes/verbs";
import { run } from "./fakes/runs";

const ID = run().runId;

function entry(seq: number): Entry {
  return {
    seq,
    time: 0,
    actor: "sextet",
    event: { kind: "noted", text: String(seq), nextStep: "" },
  } as Entry;
}

function journal(length: number, last = length): Script {
  const all = Array.from({ length }, (_, at) => entry(at + 1));
  return new Script({
    "run/snapshot": () => run({ seq: last }),
    "run/events": ({ after }) => ({ entries: all.slice(after, (after ?? 0) + 2), last: length }),
  });
}

function follow(script: Script): { feed: Feed; heard: (string | number)[]; trouble: string[] } {
  const heard: (string | number)[] = [];
  const trouble: string[] = [];
  const feed = new Feed(script, (words) => trouble.push(words));
  feed.listen({
    snapshot: (found) => heard.push(`all ${found.seq}`),
    entry: (_, each) => heard.push(each.seq),
  });
  return { feed, heard, trouble };
}

test("the first that is heard of a run brings its snapshot, and what is in it is not told again", async () => {
  const { feed, heard } = follow(journal(3));
  feed.told("event", { runId: ID, seq: 3, event: entry(3) });
  feed.told("event", { runId: ID, seq: 4, event: entry(4) });
  feed.told("event", { runId: ID, seq: 4, event: entry(4) });
  await feed.look(ID);
  expect(heard).toEqual(["all 3", 4, "all 3"]);
});

test("a gap is filled page by page, in order", async () => {
  const { feed, heard } = follow(journal(7, 1));
  feed.told("resync", { runId: ID, seq: 1 });
  feed.told("event", { runId: ID, seq: 7, event: entry(7) });
  await feed.look(ID);
  expect(heard).toEqual(["all 1", 2, 3, 4, 5, 6, 7, "all 1"]);
});

test("after a crash the missed entries come first, then the whole", async () => {
  const script = journal(5, 2);
  const { feed, heard } = follow(script);
  await feed.look(ID);
  await feed.reattach();
  expect(heard).toEqual(["all 2", 3, 4, 5, "all 2"]);
  expect(script.asked.map(([verb]) => verb)).toEqual([
    "run/snapshot",
    "run/events",
    "run/events",
    "run/snapshot",
  ]);
});

test("trouble with a run is told and ends nothing; a run that is gone is forgotten", async () => {
  let answers = 0;
  const script = new Script({
    "run/snapshot": () => {
      answers += 1;
      if (answers === 1) throw refusal("notFound", "There is no such run.");
      return run();
    },
  });
  const { feed, heard, trouble } = follow(script);
  await feed.look(ID);
  expect(trouble).toEqual([`${ID}: There is no such run.`]);
  await feed.reattach();
  expect(answers).toBe(1);
  await feed.look(ID);
  expect(heard).toEqual(["all 1"]);
});
