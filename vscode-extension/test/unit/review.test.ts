import { expect, test } from "vitest";
import { actions } from "../../src/review/actions";
import { address, parts } from "../../src/review/address";
import { accepted, drawing, drawn, firstLine, written } from "../../src/review/hunks";
import { lenses } from "../../src/review/lenses";
import { remarks } from "../../src/review/remarks";
import { PatchShelf } from "../../src/review/shelf";
import { Feed } from "../../src/feed";
import type { Entry, Finding, PatchDetail, PatchHunk } from "../../src/shared/protocol";
import { Office } from "./fakes/desk";
import { hunk, patch, run, task } from "./fakes/runs";
import { Script } from "./fakes/verbs";

const DIFF = `diff --git a/a.txt b/a.txt
index 1..2 100644
--- a/a.txt
+++ b/a.txt
@@ -1,4 +1,5 @@
 one
-two
+zwei
+--- a/b.txt
 three
 four
@@ -20 +21,0 @@ context
-gone
diff --git a/old b/old
deleted file mode 100644
--- a/old
+++ /dev/null
@@ -1 +0,0 @@
-x
diff --git "a/\\303\\244 \\"q\\".txt" "b/\\303\\244 \\"q\\".txt"
--- "a/\\303\\244 \\"q\\".txt"
+++ "b/\\303\\244 \\"q\\".txt"
@@ -0,0 +1 @@
+new
\\ No newline at end of file
`;

function detail(...hunks: PatchHunk[]): PatchDetail {
  const files = [
    { path: "a.txt", oldBlob: "1", newBlob: "2" },
    { path: "old", oldBlob: "1", newBlob: null },
  ];
  return { patch: patch(), changes: { files }, diff: DIFF, hunks, retest: null } as unknown as PatchDetail;
}

const FIRST = hunk({ oldStart: 1, newStart: 1 });

test("a diff of git is read with its hunks, names and all", () => {
  const all = drawn(DIFF);
  expect(all.map((each) => [each.path, each.oldStart, each.newStart, each.lines.length])).toEqual([
    ["a.txt", 1, 1, 6],
    ["a.txt", 20, 21, 1],
    ["old", 1, 0, 1],
    ['ä "q".txt', 0, 1, 1],
  ]);
  expect(drawn("")).toEqual([]);
});

test("a hunk's lens stands above the first line that it changes", () => {
  const all = drawn(DIFF);
  expect(firstLine(FIRST, drawing(all, FIRST), "after")).toBe(1);
  expect(firstLine(hunk({ oldStart: 0, newStart: 0 }), undefined, "after")).toBe(0);
});

test("what an apply has written is found where it stands now, and not once it was changed", () => {
  const [first] = drawn(DIFF);
  expect(written(first!, "one\nzwei\n--- a/b.txt\nthree\nfour\n")).toEqual([1, 2]);
  expect(written(first!, "new\nline\none\r\nzwei\r\n--- a/b.txt\r\nthree\r\nfour\r\n")).toEqual([3, 4]);
  expect(written(first!, "one\nzwei!\n--- a/b.txt\nthree\nfour\n")).toEqual([]);
});

test("each hunk offers what can be done with it now", () => {
  const at = { runId: "r", patchId: "patch-1", tree: "t", path: "a.txt", side: "after" } as const;
  const mark = { by: "me", at: 0, comment: "" };
  const titles = (one: PatchHunk): string[] => lenses(detail(one), drawn(DIFF), at).map((each) => each.title);
  const story = { workers: ["implementer-1"], models: ["", "m"], requirements: ["R1"] };
  expect(titles({ ...FIRST, ...story })).toEqual([
    "implementer-1 (m) · for R1",
    "$(check) Accept",
    "$(close) Reject…",
    "$(comment) Comment…",
    "$(desktop-download) Apply",
  ]);
  expect(titles({ ...FIRST, mark: { ...mark, mark: "rejected" } })).not.toContain(
    "$(desktop-download) Apply",
  );
  expect(titles({ ...FIRST, applied: "apply-1" })).toContain("$(discard) Take the patch back");
  expect(lenses(detail(FIRST), drawn(DIFF), { ...at, side: "before" })).toEqual([]);
  expect(lenses(detail(FIRST), drawn(DIFF), { ...at, tree: "older" })).toEqual([]);
  const gone = hunk({ path: "old", oldStart: 1, newStart: 0 });
  expect(lenses(detail(gone), drawn(DIFF), { ...at, path: "old", side: "before" })).toHaveLength(5);
});

test("an address survives being a URI, and a forged one is none", () => {
  const at = { runId: "r", patchId: "p", tree: "t", path: "ä b/c#d.txt", side: "after" } as const;
  expect(address(parts(at))).toEqual(at);
  expect(address({ ...parts(at), scheme: "file" })).toBeUndefined();
  expect(address({ ...parts(at), query: "{" })).toBeUndefined();
  expect(address({ ...parts(at), query: '{"runId":1,"side":"after"}' })).toBeUndefined();
});

test("remarks are those about the patch as it is, each once", () => {
  const finding = (more: Partial<Finding>): Finding =>
    ({
      source: "review",
      severity: "major",
      message: "Why?",
      file: "a.txt",
      line: 2,
      baseline: false,
      ...more,
    }) as Finding;
  const outcome = (tree: string, findings: Finding[]): never => ({ kind: "review", tree, findings }) as never;
  const tasks = [
    task({ id: "review-1", outcome: outcome("t", [finding({}), finding({ file: "other" })]) }),
    task({ id: "test-1", outcome: outcome("older", [finding({ message: "Old." })]) }),
    task({ findings: [finding({}), finding({ baseline: true, message: "Was so." })] }),
  ];
  const turned = { ...FIRST, mark: { mark: "rejected", by: "me", at: 0, comment: "No." } as const };
  expect(
    remarks(run({ tasks }), detail(turned), drawn(DIFF)).map((each) => [each.author, each.line, each.text]),
  ).toEqual([
    ["reviewer", 1, "Why?"],
    ["me", 1, "No."],
  ]);
});

test("what was accepted and is not applied yet is known", () => {
  const mark = { by: "me", at: 0, comment: "", mark: "accepted" } as const;
  const found = detail(
    { ...FIRST, id: "1", mark },
    { ...FIRST, id: "2", mark, applied: "a" },
    { ...FIRST, id: "3" },
  );
  expect(accepted(found)).toEqual(["1"]);
});

test("hunks are marked, turned down with or without a reason, and applied", async () => {
  const script = new Script({ "patch/mark": () => ({ seq: 1 }), "patch/comment": () => ({ seq: 1 }) });
  const office = new Office(script, run({ patches: [patch()] }));
  const found = detail({ ...FIRST, mark: { by: "me", at: 0, comment: "", mark: "accepted" } });
  const review = actions({ known: () => found, look: () => Promise.resolve(found) });
  const one = { runId: run().runId, patchId: "patch-1", hunks: ["h1"] };
  await review["acceptHunk"]!(office.desk, one);
  office.person.answers = ["", undefined, "Explain"];
  await review["rejectHunk"]!(office.desk, one);
  await review["rejectHunk"]!(office.desk, one);
  await review["commentHunk"]!(office.desk, one);
  await review["acceptFile"]!(office.desk, { ...one, hunks: undefined, path: "a.txt" });
  const { hunks, ...named } = one;
  expect(script.asked.map(([, params]) => params)).toEqual([
    { ...one, as: "accepted", comment: "" },
    { ...one, as: "rejected", comment: "" },
    { ...named, hunk: hunks[0], text: "Explain" },
    { ...one, as: "accepted", comment: "" },
  ]);
  await review["applyAccepted"]!(office.desk, undefined);
  expect(office.did).toEqual(["run sextet.ui.applyHunk [object Object]"]);
  await review["acceptHunk"]!(office.desk, {});
  expect(office.person.heard.at(-1)).toContain("Put the cursor into a hunk");
});

test("a patch that is looked at is read again when something happens to it, and its files once", async () => {
  const script = new Script({
    "patch/get": () => detail(FIRST),
    "patch/file": () => ({ path: "a.txt", tree: "t", before: {}, after: {} }),
  });
  const calls: (() => void)[] = [];
  const shelf = new PatchShelf(script, new Feed(script, () => undefined), (_, action) => {
    calls.push(action);
    return { dispose: () => undefined };
  });
  const event = (kind: string): Entry => ({ seq: 1, time: 0, actor: "me", event: { kind } }) as Entry;
  shelf.entry("r", event("hunks_marked"));
  expect(calls).toHaveLength(0);
  await shelf.look("r", "patch-1");
  shelf.entry("r", event("task_claimed"));
  shelf.entry("r", event("hunks_marked"));
  shelf.entry("r", event("patch_applied"));
  expect(calls).toHaveLength(1);
  calls[0]!();
  const at = { runId: "r", patchId: "patch-1", tree: "t", path: "a.txt" };
  await Promise.all([shelf.file(at), shelf.file(at)]);
  expect(script.asked.map(([verb]) => verb)).toEqual(["patch/get", "patch/get", "patch/file"]);
});
