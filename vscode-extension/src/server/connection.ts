/** One life of a server: its process and the language client that speaks to it. */

import type { ChildProcess } from "node:child_process";
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
import { Refused } from "../shared/refusal";
import type { Launch } from "./launch";
import { Life } from "./life";
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

/** Milliseconds that it may take to say hello. */
const HELLO = 30_000;

/** A client that only writes its troubles down: what a person sees of them is told once, by us. */
class QuietClient extends LanguageClient {
  override error(message: string, data?: unknown): void {
    super.error(message, data, false);
  }
}

/** A connection to a server that is not started yet. */
export function connect(order: Order): Connection {
  let life: Life | undefined;
  const server = (): Promise<ChildProcess> => {
    life = new Life(order.launch, order.cwd);
    return Promise.resolve(life.child);
  };
  const cause = async (): Promise<string> => (await life?.cause()) ?? "it was never begun";
  const client = new QuietClient("sextet", "Sextet", server, clientOptions(order, cause));
  client.registerFeature(firstFolders(order.folders));
  client.onRequest(`${PREFIX}save`, save);
  listen(client, order);
  return {
    start: () => started(client.start(), cause, () => life?.kill()),
    stop: () => client.dispose(PATIENCE),
    request: (verb, params) => client.sendRequest<Methods[typeof verb]["result"]>(`${PREFIX}${verb}`, params),
  };
}

/** Waits for the hello, and tells why there is none. */
async function started(start: Promise<void>, cause: () => Promise<string>, kill: () => void): Promise<void> {
  const patience = { over: false };
  const timer = setTimeout(() => {
    patience.over = true;
    kill();
  }, HELLO);
  try {
    await start;
  } catch {
    throw new Refused("lost", patience.over ? `it said nothing for ${HELLO / 1_000} s` : await cause());
  } finally {
    clearTimeout(timer);
  }
}

function listen(client: LanguageClient, order: Order): void {
  for (const name of TOLD) {
    client.onNotification(`${PREFIX}${name}`, (params: unknown) => {
      const said = checked(name, params);
      if (said) order.told(name, said);
      else order.log.warn(`A message of the server has another shape than expected: ${name}`);
    });
  }
}

function clientOptions(order: Order, cause: () => Promise<string>): LanguageClientOptions {
  return {
    documentSelector: [{ scheme: "file" }],
    outputChannel: order.log,
    initializationOptions: order.options,
    initializationFailedHandler: () => false,
    middleware: middleware((scope) => workspace.getConfiguration("sextet", scope)),
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: async () => {
        order.died(await cause());
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
