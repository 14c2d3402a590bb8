/** The whole pane: what is at the top for every run, and one of its parts below. */

import { type PropertyValues, type TemplateResult, html, nothing } from "lit";
import { TABS, type Tab } from "../../shared/pane";
import { board } from "../../state/board";
import type { PaneState } from "../../state/pane";
import type { RunShown } from "../../state/run";
import { many } from "../../state/words";
import { Light, button, icon, iconButton } from "../light";
import type { Store } from "../store";
import "./flow-graph";
import "./inbox";
import "./ledger";
import "./patch-list";
import "./role-grid";
import "./run-header";
import "./run-list";
import "./start-box";
import "./task-board";
import "./worker-list";

const NAMES: Readonly<Record<Tab, readonly [name: string, icon: string]>> = {
  tasks: ["Tasks", "checklist"],
  workers: ["Workers", "vm-running"],
  patch: ["Patch", "diff"],
  consensus: ["Consensus", "law"],
  roles: ["Roles", "settings"],
};

/** `<sextet-pane>` */
export class Pane extends Light {
  static override properties = { store: { attribute: false }, now: { state: true } };
  declare store: Store | undefined;
  declare now: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.now = Date.now() / 1_000;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => {
      this.now = Date.now() / 1_000;
    }, 1_000);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (!changed.has("store")) return;
    this.store?.onChange(() => {
      this.now = Date.now() / 1_000;
      this.requestUpdate();
    });
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.store) return nothing;
    const { state, kept } = this.store;
    const body =
      state.connection === "untrusted"
        ? untrusted()
        : state.run
          ? this.#run(state.run, kept.tab)
          : this.#new(state);
    return html`${this.#trouble()}${this.#connection(state)}${body}`;
  }

  #new(state: PaneState): TemplateResult {
    if (state.current !== null) return html`<p class="quiet pad" role="status">Reading the run …</p>`;
    return html`<sextet-start-box
        .port=${this.store}
        .kept=${this.store?.kept}
        .next=${state.next}
      ></sextet-start-box>
      <sextet-run-list .port=${this.store} .runs=${state.runs} .now=${this.now}></sextet-run-list>`;
  }

  #run(run: RunShown, tab: Tab): TemplateResult {
    const store = this.store;
    return html`<sextet-run-header .port=${store} .run=${run} .now=${this.now}></sextet-run-header>
      <sextet-flow-graph .run=${run}></sextet-flow-graph>
      <sextet-inbox .port=${store} .run=${run} .now=${this.now}></sextet-inbox>
      ${this.#tabs(run, tab)}
      <div role="tabpanel" id="panel" class="panel" aria-labelledby="tab-${tab}">
        ${this.#panel(run, tab)}
      </div>`;
  }

  #panel(run: RunShown, tab: Tab): TemplateResult {
    const { store, now } = this;
    const beat = store?.state.beat ?? null;
    switch (tab) {
      case "tasks":
        return html`<sextet-task-board .port=${store} .run=${run} .now=${now}></sextet-task-board>`;
      case "workers":
        return html`<sextet-worker-list
          .port=${store}
          .run=${run}
          .now=${now}
          .beat=${beat}
        ></sextet-worker-list>`;
      case "patch":
        return html`<sextet-patch-list .port=${store} .run=${run}></sextet-patch-list>`;
      case "consensus":
        return html`<sextet-ledger .port=${store} .run=${run}></sextet-ledger>`;
      case "roles":
        return html`<sextet-role-grid .port=${store} .run=${run}></sextet-role-grid>`;
    }
  }

  #tabs(run: RunShown, tab: Tab): TemplateResult {
    const counts: Readonly<Partial<Record<Tab, number>>> = {
      tasks: board(run).get("needs you")?.length ?? 0,
      patch: run.patches.filter((each) => each.state === "proposed").length,
    };
    const one = (name: Tab): TemplateResult => {
      const count = counts[name] ?? 0;
      return html`<button
        role="tab"
        type="button"
        id="tab-${name}"
        title=${NAMES[name][0]}
        aria-controls="panel"
        aria-selected=${name === tab ? "true" : "false"}
        tabindex=${name === tab ? 0 : -1}
        @click=${() => this.store?.keep({ tab: name })}
      >
        ${icon(NAMES[name][1])}<span class="tab-name">${NAMES[name][0]}</span>${
          count === 0
            ? nothing
            : html`<span class="vscode-badge counter" title="${many(count, "thing")} for you">${count}</span>`
        }
      </button>`;
    };
    return html`<div class="tabs" role="tablist" aria-label="Parts of the run" @keydown=${this.#key}>
      ${TABS.map(one)}
    </div>`;
  }

  readonly #key = (event: KeyboardEvent): void => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0 || !this.store) return;
    const at = TABS.indexOf(this.store.kept.tab);
    const tab = TABS[(at + step + TABS.length) % TABS.length] ?? "tasks";
    this.store.keep({ tab });
    void this.updateComplete.then(() => {
      this.querySelector<HTMLElement>(`#tab-${tab}`)?.focus();
    });
  };

  #connection(state: PaneState): TemplateResult | typeof nothing {
    const words: Readonly<Partial<Record<PaneState["connection"], string>>> = {
      starting: "Starting the server …",
      waiting: "The server ended and comes back by itself.",
      stopped: "The server is stopped.",
      failed: "The server does not run.",
    };
    const what = words[state.connection];
    if (what === undefined) return nothing;
    const stuck = state.connection === "failed" || state.connection === "stopped";
    return html`<div class="bar ${stuck ? "warning" : ""}" role="status">
      ${icon(stuck ? "warning" : "loading", stuck ? "" : "codicon-modifier-spin")}
      <span class="grow">${what} ${state.words}</span>
      ${stuck ? button("Start", () => this.store?.run("restart"), "plain") : nothing}
      ${stuck ? button("Log", () => this.store?.run("showOutput"), "plain") : nothing}
    </div>`;
  }

  #trouble(): TemplateResult | typeof nothing {
    const trouble = this.store?.trouble;
    if (!trouble) return nothing;
    return html`<div class="bar error" role="alert">
      ${icon("error")}<span class="grow">${trouble.words} ${trouble.step}</span>
      ${iconButton("close", "Close this message", () => this.store?.say(undefined))}
    </div>`;
  }
}

function untrusted(): TemplateResult {
  return html`<p class="pad">
    Nothing starts in a folder that you have not trusted. Trust it, and Sextet begins.
  </p>`;
}

customElements.define("sextet-pane", Pane);
declare global {
  interface HTMLElementTagNameMap {
    "sextet-pane": Pane;
  }
}
