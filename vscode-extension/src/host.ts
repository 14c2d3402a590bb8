/** The server of this window in its surroundings: where it is found, what it is told, what of it is shown. */

import {
  type ExtensionContext,
  type LogOutputChannel,
  ProgressLocation,
  type WorkspaceFolder,
  env,
  window,
  workspace,
  Uri,
  commands,
} from "vscode";
import { Server, type ServerState } from "./client";
import type { Host } from "./commands/desk";
import { Owner } from "./dispose";
import { Feed } from "./feed";
import { later } from "./later";
import { Memory } from "./memory";
import { bundled } from "./server/bundle";
import { type Connection, connect } from "./server/connection";
import { type Folder, folders } from "./server/folder";
import { LOG, Obstacle, RETRY, type Remedy } from "./server/launch";
import { type Wanted, locate } from "./server/locate";
import { thisMachine } from "./server/machine";
import { selectedPython } from "./server/python_extension";
import { CrashBudget } from "./server/restarts";
import type { Refused } from "./shared/refusal";
import { SETTINGS } from "./shared/settings";

/** This window's server, feed and memory. */
export class WindowHost extends Owner implements Host {
  readonly #context: ExtensionContext;
  readonly #log: LogOutputChannel;
  readonly #changed = new Set<(state: ServerState) => void>();
  readonly memory: Memory;
  readonly server: Server;
  readonly feed: Feed;

  constructor(context: ExtensionContext, log: LogOutputChannel) {
    super();
    this.#context = context;
    this.#log = log;
    this.memory = new Memory(context.workspaceState, Date.now);
    this.server = this.own(new Server(this.#surroundings()));
    this.feed = new Feed(this.server, (words) => {
      log.warn(words);
    });
    this.own(workspace.onDidGrantWorkspaceTrust(() => void this.restart().catch(() => undefined)));
    this.own(workspace.onDidChangeWorkspaceFolders(() => void this.restart().catch(() => undefined)));
    this.own(
      workspace.onDidChangeConfiguration((event) => {
        const keys = Object.keys(SETTINGS).filter((key) => SETTINGS[key]?.restart === true);
        const hit = keys.find((key) => event.affectsConfiguration(`sextet.${key}`));
        if (hit !== undefined) void this.#offerRestart(hit);
      }),
    );
  }

  /** Hear of the server's state from now on. */
  onState(heard: (state: ServerState) => void): { dispose(): void } {
    this.#changed.add(heard);
    return { dispose: () => this.#changed.delete(heard) };
  }

  restart(): Promise<void> {
    return this.server.restart();
  }

  showLog(): void {
    this.#log.show(true);
  }

  folders(): readonly Folder[] {
    return folders({
      folders: (workspace.workspaceFolders ?? []).map(({ name, uri }) => ({
        name,
        scheme: uri.scheme,
        path: uri.fsPath,
      })),
      platform: process.platform,
      picked: this.memory.folder,
    });
  }

  async chooseFolder(path: string): Promise<void> {
    this.memory.folder = path;
    await this.restart();
  }

  workOn(runId: string): void {
    this.memory.workOn(runId);
  }

  #surroundings(): ConstructorParameters<typeof Server>[0] {
    return {
      budget: new CrashBudget(),
      connect: (died) => this.#connect(died),
      running: (again) => void (again ? this.feed.reattach() : undefined),
      changed: (state) => {
        for (const each of this.#changed) each(state);
      },
      failed: (why) => void this.#failed(why),
      info: (words) => {
        this.#log.info(words);
      },
      now: Date.now,
      later,
    };
  }

  async #connect(died: (why: string) => void): Promise<Connection> {
    const all = workspace.workspaceFolders ?? [];
    const ordered = this.folders().flatMap(({ path }) => all.find((each) => each.uri.fsPath === path) ?? []);
    const storage = this.#context.globalStorageUri.fsPath;
    const machine = thisMachine(storage);
    const bundle = await bundled(this.#context.extensionPath, storage);
    const launch = await locate(machine, bundle, this.#wanted(ordered[0]));
    this.#log.info(`The server is ${launch.from}: ${launch.command} ${launch.args.join(" ")}`);
    const options = { trusted: workspace.isTrusted, extension: true, resume: this.memory.resume };
    this.memory.seen();
    return connect({
      launch,
      cwd: storage,
      options,
      folders: ordered,
      log: this.#log,
      told: (name, params) => {
        this.feed.told(name, params);
      },
      died,
    });
  }

  #wanted(folder: WorkspaceFolder | undefined): Wanted {
    const settings = workspace.getConfiguration("sextet.server");
    return {
      path: settings.get("path", ""),
      python: settings.get("python", ""),
      extraArgs: settings.get<string[]>("extraArgs", []),
      // A project may bring its own interpreter along, and that is a program of the project.
      selected: () => (workspace.isTrusted ? selectedPython(folder?.uri) : Promise.resolve(undefined)),
      progress: async (title, work) =>
        window.withProgress({ location: ProgressLocation.Notification, title }, (progress) =>
          work((message) => {
            progress.report({ message });
          }),
        ),
    };
  }

  async #failed(why: Obstacle | Refused): Promise<void> {
    this.#log.error(why.message);
    const restart: Remedy = { ...RETRY, title: "Restart" };
    const remedies = why instanceof Obstacle ? why.remedies : [restart, LOG];
    const words = why instanceof Obstacle ? why.message : `Sextet: ${why.message}`;
    const pressed = await window.showErrorMessage(words, ...remedies.map((each) => each.title));
    const remedy = remedies.find((each) => each.title === pressed);
    if (remedy) await this.#help(remedy);
  }

  async #help(remedy: Remedy): Promise<void> {
    if (remedy.do === "retry") await this.restart().catch(() => undefined);
    else if (remedy.do === "open") await env.openExternal(Uri.parse(remedy.url));
    else if (remedy.do === "settings")
      await commands.executeCommand("workbench.action.openSettings", remedy.key);
    else await Promise.resolve(commands.executeCommand(remedy.command)).catch(() => undefined);
  }

  async #offerRestart(key: string): Promise<void> {
    const restart = "Restart Now";
    const words = `\`sextet.${key}\` takes effect when the server is started again.`;
    if ((await window.showInformationMessage(words, restart)) === restart)
      await this.restart().catch(() => undefined);
  }
}
