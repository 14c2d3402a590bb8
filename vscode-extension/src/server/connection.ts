/** One life of a server: its process and the language client that speaks to it. */

import { type ChildProcess, spawn } from "node:child_process";
import { type LogOutputChannel, type WorkspaceFolder, workspace } from "vscode";
import {
  CloseAction,
  ErrorAction,
  type InitializeParams,
  LanguageClient,
  type LanguageClientOptions,
  type StaticFeature,
} from "vscode-languageclient/node";
import { TOLD, checked } from "../shared/checks";
import { type Methods, type Notifications, PREFIX, type ParamsOf, type ResultOf, type Verb } from "../shared/methods";
import type { InitializationOptions } from "../shared/protocol";
import type { Launch } from "./launch";
import { middleware } from "./middleware";
import { save } from "./saving";

/** What a connection is made of. */
export interface Order {
  readonly launch: Launch;
  /** Where the process runs: never in a folder that a person has opened. */
  readonly cwd: string;
  readonly options: InitializationOptions;
  /** The folders, the one that is worked on first. */
  readonly folders: readonly WorkspaceFolder[];
  readonly log: LogOutputChannel;
  told<N extends keyof Notifications>(name: N, params: Notifications[N]): void;
  /** The server ended although nobody asked it to; why, as far as it is known. */
  died(why: string): void;
}

/** One life of a server. */
export interface Connection {
  start(): Promise<void>;
  stop(): Promise<void>;
  request<V extends Verb>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V>>;
}

/** Milliseconds that a server may take to put its work down. */
const PATIENCE = 4_000;

/** A connection to a server that is not started yet. */
export function connect(order: Order): Connection {
  const words: string[] = [];
  let child: ChildProcess | undefined;
  const server = (): Promise<ChildProcess> => {
    child = begin(order, words);
    return Promise.resolve(child);
  };
  const client = new LanguageClient("sextet", "Sextet", server, clientOptions(order, () => cause(child, words)));
  client.registerFeature(firstFolders(order.folders));
  client.onRequest(`${PREFIX}save`, save);
  for (const name of TOLD) {
    client.onNotification(`${PREFIX}${name}`, (params: unknown) => {
      const said = checked(name, params);
      if (said) order.told(name, said);
      else order.log.warn(`A message of the server has another shape than expected: ${name}`);
    });
  }
  return {
    start: () => client.start(),
    stop: () => client.dispose(PATIENCE),
    request: (verb, params) => client.sendRequest<Methods[typeof verb]["result"]>(`${PREFIX}${verb}`, params),
  };
}

function begin(order: Order, words: string[]): ChildProcess {
  const { command, args } = order.launch;
  const child = spawn(command, args, { cwd: order.cwd, stdio: "pipe", shell: false });
  child.on("error", (error) => words.push(error.message));
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    words.push(...text.split("\n").filter((line) => line.trim() !== ""));
    words.splice(0, Math.max(words.length - 20, 0));
  });
  return child;
}

function cause(child: ChildProcess | undefined, words: readonly string[]): string {
  const end = child?.signalCode ?? child?.exitCode;
  const how = end === null || end === undefined ? "its connection closed" : `it ended with ${end}`;
  const last = words.at(-1);
  return last === undefined ? how : `${how}: ${last.slice(0, 300)}`;
}

function clientOptions(order: Order, why: () => string): LanguageClientOptions {
  return {
    documentSelector: [{ scheme: "file" }],
    outputChannel: order.log,
    initializationOptions: order.options,
    initializationFailedHandler: () => false,
    middleware: middleware((scope) => workspace.getConfiguration("sextet", scope)),
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        order.died(why());
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
  };
}

/** Names the folders in our order: the server takes the first one with a repository. */
function firstFolders(folders: readonly WorkspaceFolder[]): StaticFeature {
  return {
    fillInitializeParams: (params: InitializeParams) => {
      params.workspaceFolders = folders.map((each) => ({ uri: each.uri.toString(), name: each.name }));
    },
    fillClientCapabilities: () => undefined,
    initialize: () => undefined,
    getState: () => ({ kind: "static" }),
    clear: () => undefined,
  };
}
