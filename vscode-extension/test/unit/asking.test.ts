import { expect, test } from "vitest";
import { asking } from "../../src/asking";
import { Person } from "./fakes/people";
import { Script, refusal } from "./fakes/verbs";

const ONE = { runId: "r", patchId: "patch-1" };

function careful(): Script {
  return new Script({
    "patch/apply": (params) => {
      if (!params.controlFiles)
        throw refusal("apply", "Files that steer.", { control: ["Makefile"], tree: "t" });
      if (!params.merge) throw refusal("apply", "Files have changed.", { merge: true, tree: "t" });
      return { applied: { id: "apply-1" } };
    },
    "run/start": (params) => {
      if (params.agreed?.[0] !== "d") throw refusal("trust", "It would run `make`.", { digests: ["d"] });
      return { runId: "r" };
    },
  });
}

test("control files and a merge are each asked about, and the yes names the tree that was shown", async () => {
  const person = new Person();
  const script = careful();
  person.answers = ["Apply These Too", "Merge and Apply"];
  expect(await asking(script, person, "patch/apply", ONE)).toHaveProperty("applied.id", "apply-1");
  expect(person.heard[0]).toContain("Makefile");
  expect(script.asked.at(-1)?.[1]).toEqual({ ...ONE, controlFiles: true, merge: true, seen: "t" });
});

test("who does not agree changes nothing", async () => {
  const person = new Person();
  const script = careful();
  person.answers = [undefined];
  expect(await asking(script, person, "run/start", { goal: "g" })).toBeUndefined();
  expect(script.asked).toHaveLength(1);
  person.answers = ["Trust and Start"];
  expect(await asking(script, person, "run/start", { goal: "g" })).toEqual({ runId: "r" });
});

test("nobody is asked twice the same, nor for a yes to what cannot be shown whole", async () => {
  const person = new Person();
  person.answers = ["Apply These Too", "Apply These Too"];
  const always = (words: string): Script =>
    new Script({
      "patch/apply": () => {
        throw refusal("apply", words, { control: ["x"], tree: "t" });
      },
    });
  await expect(asking(always("Again."), person, "patch/apply", ONE)).rejects.toThrow("Again.");
  expect(person.heard).toHaveLength(1);
  await expect(asking(always("x".repeat(5_000)), person, "patch/apply", ONE)).rejects.toThrow("xxx");
  expect(person.heard).toHaveLength(1);
});
