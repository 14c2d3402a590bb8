/** A desk with a scripted server and a person who answers what the test says. */

import { Desk, type Editor, type Host } from "../../../src/commands/desk";
import { Feed } from "../../../src/feed";
import { Runs } from "../../../src/runs";
import type { Snapshot } from "../../../src/shared/protocol";
import { Person } from "./people";
import type { Script } from "./verbs";

/** Everything that a command did, by what it did it with. */
export class Office {
  readonly person = new Person();
  readonly did: string[] = [];
  readonly files: Record<string, string> = {};
  readonly runs: Runs;
  readonly desk: Desk;
  trusted = true;

  constructor(script: Script, ...all: readonly Snapshot[]) {
    const feed = new Feed(script, (words) => this.did.push(`trouble ${words}`));
    this.runs = new Runs(feed, () => ({ dispose: () => undefined }));
    for (const each of all) this.runs.snapshot(each);
    this.desk = new Desk({
      verbs: script,
      runs: this.runs,
      window: this.person,
      editor: this.#editor(),
      review: { open: (runId, patchId) => Promise.resolve(void this.did.push(`review ${runId} ${patchId}`)) },
      host: this.#host(),
    });
  }

  #editor(): Editor {
    const trusted = (): boolean => this.trusted;
    return {
      run: (command, ...args) =>
        Promise.resolve(void this.did.push(["run", command, ...args.map(String)].join(" "))),
      read: (title, text) => Promise.resolve(void this.did.push(`read ${title}\n${text}`)),
      open: (uri) => Promise.resolve(void this.did.push(`open ${uri}`)),
      file: (name) => Promise.resolve(this.files[name]),
      set: (key, value) => Promise.resolve(void this.did.push(`set ${key} ${JSON.stringify(value)}`)),
      get: () => "",
      terminal: (title, words) => void this.did.push(`terminal ${title}: ${words}`),
      get trusted() {
        return trusted();
      },
    };
  }

  #host(): Host {
    return {
      restart: () => Promise.resolve(void this.did.push("restart")),
      showLog: () => void this.did.push("log"),
      folders: () => ["a", "b"].map((name) => ({ name, scheme: "file", path: `/${name}` })),
      chooseFolder: (path) => Promise.resolve(void this.did.push(`folder ${path}`)),
      workOn: (runId) => void this.did.push(`work on ${runId}`),
    };
  }
}
