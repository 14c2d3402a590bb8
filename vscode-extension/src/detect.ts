/** Which test commands a folder seems to have, from its files alone: nothing is run. Pure. */

/** Reads a file of the folder; undefined: there is none. */
export type Read = (name: string) => Promise<string | undefined>;

interface Sign {
  readonly file: string;
  readonly command: string;
  shows(text: string): boolean;
}

const SIGNS: readonly Sign[] = [
  { file: "Makefile", command: "make test", shows: (text) => /^test\s*:/m.test(text) },
  { file: "justfile", command: "just test", shows: (text) => /^test\b.*:/m.test(text) },
  { file: "package.json", command: "npm test", shows: hasTestScript },
  { file: "pyproject.toml", command: "python3 -m pytest -q", shows: (text) => text.includes("pytest") },
  { file: "pytest.ini", command: "python3 -m pytest -q", shows: () => true },
  { file: "tox.ini", command: "tox", shows: (text) => text.includes("[tox]") },
  { file: "Cargo.toml", command: "cargo test", shows: () => true },
  { file: "go.mod", command: "go test ./...", shows: () => true },
  { file: "pom.xml", command: "mvn -q test", shows: () => true },
  { file: "build.gradle", command: "./gradlew test", shows: () => true },
  { file: "build.gradle.kts", command: "./gradlew test", shows: () => true },
  { file: "mix.exs", command: "mix test", shows: () => true },
];

const PLACEHOLDER = "no test specified";

/** Commands that are likely to test the folder, the likeliest first, each once. */
export async function testCommands(read: Read): Promise<readonly string[]> {
  const found = await Promise.all(
    SIGNS.map(async (sign) => {
      const text = await read(sign.file);
      return text !== undefined && sign.shows(text) ? [sign.command] : [];
    }),
  );
  return [...new Set(found.flat())];
}

function hasTestScript(text: string): boolean {
  try {
    const said = JSON.parse(text) as { scripts?: { test?: unknown } } | null;
    const test = said?.scripts?.test;
    return typeof test === "string" && !test.includes(PLACEHOLDER);
  } catch {
    return false;
  }
}
