/** How the roles work, to look at and to change: for this run, or in the settings. */

import { type TemplateResult, html, nothing } from "lit";
import type { Model, RolesInForce, Role, RoleSettings } from "../../shared/protocol";
import { ended } from "../../state/people";
import type { RunShown } from "../../state/run";
import { ROLES } from "../../state/words";
import { Light, button } from "../light";
import type { Port } from "../port";
import "./role-card";

type Settings = Readonly<Record<string, RoleSettings>>;

/** `<sextet-role-grid>` */
export class RoleGrid extends Light {
  static override properties = {
    port: { attribute: false },
    run: { attribute: false },
    models: { state: true },
    sources: { state: true },
    draft: { state: true },
  };
  declare port: Port;
  declare run: RunShown;
  declare models: readonly Model[];
  declare sources: RolesInForce["sources"];
  declare draft: Settings;
  #runId = "";

  constructor() {
    super();
    this.models = [];
    this.sources = {};
    this.draft = {};
  }

  protected override willUpdate(): void {
    if (this.#runId === this.run.runId) return;
    this.#runId = this.run.runId;
    this.draft = {};
    void this.#read();
  }

  async #read(): Promise<void> {
    this.sources = (await this.port.ask("roles/get", { runId: this.run.runId }))?.sources ?? {};
    if (this.run.executor === "rehearsal") return;
    this.models = (await this.port.ask("models/list", {}))?.models ?? [];
  }

  protected override render(): TemplateResult {
    const over = ended(this.run.state) || !this.run.live;
    const changed = Object.keys(this.draft).length > 0;
    return html`<div class="row wrap sticky">
        ${over ? nothing : this.#applying(changed)}
        ${button("Save", this.#save, over ? "primary" : "secondary", "save")} ${over ? nothing : this.#all()}
      </div>
      <datalist id="models">
        ${this.models.map((each) => html`<option value=${each.name}></option>`)}
      </datalist>
      <ul class="cards roles">
        ${ROLES.map((role) => this.#card(role, over))}
      </ul>`;
  }

  #applying(changed: boolean): TemplateResult {
    return html`<button
        class="vscode-button"
        type="button"
        ?disabled=${!changed}
        @click=${() => void this.#apply()}
      >
        Apply to this run
      </button>
      ${button("Apply & start", () => void this.#applyAndStart(), "secondary")}`;
  }

  #all(): TemplateResult {
    const { runId } = this.run;
    return html`${button("Start all", () => void this.port.ask("workers/start", { runId }), "secondary")}
    ${button("Stop all", () => void this.port.ask("workers/stop", { runId, how: "drain" }), "secondary")}`;
  }

  #card(role: Role, over: boolean): TemplateResult {
    const settings = this.draft[role] ?? this.run.roles[role];
    const change = (changes: Partial<RoleSettings>): void => {
      if (settings) this.draft = { ...this.draft, [role]: { ...settings, ...changes } };
    };
    const reset = (): void => {
      this.draft = Object.fromEntries(Object.entries(this.draft).filter(([name]) => name !== role));
    };
    return html`<li>
      <sextet-role-card
        .port=${this.port}
        .run=${this.run}
        .role=${role}
        .settings=${settings}
        .changed=${role in this.draft}
        .over=${over}
        .origin=${this.#origin(role)}
        .models=${this.models}
        .change=${change}
        .reset=${reset}
      ></sextet-role-card>
    </li>`;
  }

  /** Where a role's values come from, when not all are at their defaults. */
  #origin(role: Role): string {
    const found = Object.entries(this.sources).filter(([key]) => key.startsWith(`roles.${role}.`));
    return [...new Set(found.map(([, source]) => source))].join(", ");
  }

  async #apply(): Promise<boolean> {
    if (Object.keys(this.draft).length === 0) return true;
    const done = await this.port.ask("roles/set", { runId: this.run.runId, roles: this.draft });
    if (done) this.draft = {};
    return done !== undefined;
  }

  async #applyAndStart(): Promise<void> {
    if (await this.#apply()) await this.port.ask("workers/start", { runId: this.run.runId });
  }

  readonly #save = (): void => {
    this.port.run("saveRoles", { roles: { ...this.run.roles, ...this.draft } });
  };
}

customElements.define("sextet-role-grid", RoleGrid);
