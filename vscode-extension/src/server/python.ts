/** Which Python runs the server: what to ask one, and how to read its answer. Pure. */

/** What a Python says of itself. */
export interface Python {
  readonly command: string;
  /** `[3, 12]`. */
  readonly version: readonly [number, number];
  /** The version of Sextet that it has; empty: none. */
  readonly sextet: string;
  /** Whether it can make environments. */
  readonly venv: boolean;
}

/** The oldest that will do. */
export const OLDEST = [3, 11] as const;

/** A program that tells all of that in one line of JSON; `-P` keeps the folder it runs in out of its path. */
export const QUESTION: readonly string[] = [
  "-c",
  [
    "import sys",
    "sys.path[:] = [p for p in sys.path if p]",
    "import json",
    "from importlib import metadata, util",
    "found = [d.version for d in metadata.distributions(name='sextet')]",
    "venv = bool(util.find_spec('venv') and util.find_spec('ensurepip'))",
    "print(json.dumps([list(sys.version_info[:2]), found[0] if found else '', venv]))",
  ].join("; "),
];

/** What the answer says; undefined: it is none. */
export function answered(command: string, stdout: string): Python | undefined {
  let said: unknown;
  try {
    said = JSON.parse(stdout);
  } catch {
    return undefined;
  }
  if (!Array.isArray(said) || !Array.isArray(said[0])) return undefined;
  const [version, sextet, venv] = said as [unknown[], unknown, unknown];
  const [major, minor] = version;
  if (typeof major !== "number" || typeof minor !== "number") return undefined;
  return { command, version: [major, minor], sextet: typeof sextet === "string" ? sextet : "", venv: venv === true };
}

/** Whether it is new enough. */
export function modern(python: Python): boolean {
  const [major, minor] = python.version;
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** Where a Python may be, the likeliest first. */
export function candidates(platform: string): readonly string[] {
  const names = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python"];
  const mac = ["/opt/homebrew/bin/python3", "/usr/local/bin/python3"];
  return platform === "darwin" ? [...names, ...mac] : names;
}
