/** Which folder of a window Sextet works on, and what is in the way. Pure. */

import { Obstacle, RETRY } from "./launch";

/** A folder of the window. */
export interface Folder {
  readonly name: string;
  /** The scheme of its address; only `file` is on this machine's disk. */
  readonly scheme: string;
  readonly path: string;
}

/** What is known of the window. */
export interface Window {
  readonly folders: readonly Folder[];
  /** `process.platform`. */
  readonly platform: string;
  /** The path of the folder that the person picked; undefined: none. */
  readonly picked: string | undefined;
}

const OPEN = { title: "Open Folder", do: "command", command: "vscode.openFolder" } as const;
const WSL = "https://code.visualstudio.com/docs/remote/wsl";

/** The folders in the order in which the server looks for a repository: a picked one is first. */
export function folders(window: Window): readonly Folder[] {
  if (window.platform === "win32") {
    throw new Obstacle("Sextet runs on Linux and macOS. On Windows it works inside WSL: reopen the folder there.", [
      { title: "Reopen in WSL", do: "command", command: "remote-wsl.reopenInWSL" },
      { title: "About WSL", do: "open", url: WSL },
    ]);
  }
  if (window.folders.length === 0) {
    throw new Obstacle("No folder is open. Sextet works on a folder with a git repository.", [OPEN]);
  }
  const local = window.folders.filter((each) => each.scheme === "file");
  if (local.length === 0) {
    throw new Obstacle(
      "This folder is not on the disk of the machine that extensions run on, so Codex cannot work in it." +
        " Open a clone of it instead.",
      [{ title: "Clone Repository", do: "command", command: "git.clone" }, OPEN],
    );
  }
  return local.toSorted((a, b) => Number(b.path === window.picked) - Number(a.path === window.picked));
}

/** What is in the way when git cannot be used. */
export function noGit(): Obstacle {
  return new Obstacle("Git 2.38 or newer is needed, and none was found on the PATH of the editor.", [
    { title: "Install Git", do: "open", url: "https://git-scm.com/downloads" },
    RETRY,
  ]);
}

/** What is in the way when no folder has a repository. */
export function noRepository(words: string): Obstacle {
  return new Obstacle(words, [{ title: "Initialize Repository", do: "command", command: "git.init" }, OPEN]);
}
