import { beforeEach, expect, test } from "vitest";
import { folders } from "../../src/server/folder";
import { locate } from "../../src/server/locate";
import type { Machine, Ran } from "../../src/server/machine";

const BUNDLE = {
  wheel: "/ext/sextet-0.1.0.whl",
  constraints: "/ext/c.txt",
  version: "0.1.0",
  storage: "/store",
};
const OWN = "/store/server-0.1.0/bin/python";

let programs: Record<string, Ran | undefined>;
let ran: string[];
let files: Set<string>;
let removed: string[];
let told: string[];

const ok = (stdout = ""): Ran => ({ code: 0, stdout, stderr: "" });
const python = (version: number[], sextet = "", venv = true): Ran =>
  ok(JSON.stringify([version, sextet, venv]));

const machine: Machine = {
  platform: "linux",
  run: (command, args) => {
    ran.push([command, ...args].join(" "));
    const step = args[0] === "-m" ? `${command} ${args[1]!}` : command;
    return Promise.resolve(programs[step] ?? { code: undefined, stdout: "", stderr: "not found" });
  },
  executable: (path) => Promise.resolve(files.has(path)),
  folder: () => Promise.resolve(),
  remove: (path) => Promise.resolve(void removed.push(path)),
  rename: () => Promise.resolve(true),
};

function find(wanted: { path?: string; python?: string; selected?: string } = {}): Promise<{
  command: string;
  args: readonly string[];
}> {
  return locate(machine, BUNDLE, {
    path: wanted.path ?? "",
    python: wanted.python ?? "",
    extraArgs: [],
    selected: () => Promise.resolve(wanted.selected),
    progress: (_, work) => work((words) => told.push(words)),
  });
}

beforeEach(() => {
  programs = { git: ok("git version 2.39.5") };
  ran = [];
  files = new Set();
  removed = [];
  told = [];
});

test("a command that is named is taken before all others", async () => {
  files.add("/opt/sextet");
  expect(await find({ path: "/opt/sextet", python: "/no" })).toMatchObject({
    command: "/opt/sextet",
    args: ["serve"],
  });
  await expect(find({ path: "/gone" })).rejects.toThrow("`sextet.server.path` names /gone");
});

test("a Python that is named serves when it has Sextet, and never looks into the folder it runs in", async () => {
  programs["/py"] = python([3, 11], "0.1.3");
  expect(await find({ python: "/py", selected: "/other" })).toMatchObject({
    command: "/py",
    args: ["-P", "-m", "sextet", "serve"],
  });
  expect(ran.some((line) => line.startsWith("/other"))).toBe(false);
});

test("a Python that is named and does not do says why", async () => {
  await expect(find({ python: "/no" })).rejects.toThrow("`sextet.server.python` names /no");
  programs["/old"] = python([3, 9]);
  await expect(find({ python: "/old" })).rejects.toThrow("Python 3.11 or newer is needed; /old is 3.9.");
});

test("the selected Python serves only with a server that fits", async () => {
  programs["/venv"] = python([3, 12], "0.1.0");
  expect((await find({ selected: "/venv" })).command).toBe("/venv");
  programs["/venv"] = python([3, 12], "0.2.0");
  programs[OWN] = python([3, 12], "0.1.0");
  expect((await find({ selected: "/venv" })).command).toBe(OWN);
});

test("the private environment is made once, from the first Python that can", async () => {
  programs["python3"] = python([3, 10]);
  programs["python3.12"] = python([3, 12]);
  programs["python3.12 venv"] = ok();
  programs[`/store/server-0.1.0.${process.pid}/bin/python pip`] = ok();
  expect((await find()).command).toBe(OWN);
  expect(told).toEqual(["Making an environment for the server", "Installing the server"]);
  expect(ran.find((line) => line.includes("install"))).toContain(
    "--constraint /ext/c.txt /ext/sextet-0.1.0.whl",
  );
  programs[OWN] = python([3, 12], "0.1.0");
  told = [];
  await find();
  expect(told).toEqual([]);
});

test("an installation without a network says so, and leaves nothing half", async () => {
  programs["python3"] = python([3, 12]);
  programs["python3 venv"] = ok();
  const spare = `/store/server-0.1.0.${process.pid}`;
  programs[`${spare}/bin/python pip`] = {
    code: 1,
    stdout: "",
    stderr: "ERROR: No matching distribution found for x",
  };
  const failed = await find().catch((error: unknown) => error as Error & { remedies: { title: string }[] });
  expect(failed).toHaveProperty("message", expect.stringContaining("could not be fetched"));
  expect((failed as { remedies: { title: string }[] }).remedies.map((each) => each.title)).toEqual([
    "Try Again",
    "Choose a Python",
    "Show Log",
  ]);
  expect(removed.at(-1)).toBe(spare);
});

test("no Python, one that is too old, one that makes no environments, no git, an old git", async () => {
  await expect(find()).rejects.toThrow("none was found on the PATH");
  programs["python3"] = python([3, 8]);
  await expect(find()).rejects.toThrow("python3 is 3.8");
  programs["python3"] = python([3, 12], "", false);
  await expect(find()).rejects.toThrow("python3-venv");
  programs["git"] = ok("git version 2.30.2");
  await expect(find()).rejects.toThrow("Git 2.38 or newer is needed; this is git version 2.30.2.");
  delete programs["git"];
  await expect(find()).rejects.toThrow("Git 2.38 or newer is needed, and none was found");
});

test("the picked folder is first, and what is on no disk is left out", () => {
  const all = ["a", "b"].map((name) => ({ name, scheme: "file", path: `/${name}` }));
  const far = { name: "far", scheme: "vscode-vfs", path: "/far" };
  const found = folders({ folders: [far, ...all], platform: "linux", picked: "/b" });
  expect(found.map((each) => each.name)).toEqual(["b", "a"]);
  const open = { platform: "linux", picked: undefined };
  expect(() => folders({ ...open, folders: [] })).toThrow("No folder is open");
  expect(() => folders({ ...open, folders: [far] })).toThrow("not on the disk");
  expect(() => folders({ ...open, folders: all, platform: "win32" })).toThrow("inside WSL");
});
