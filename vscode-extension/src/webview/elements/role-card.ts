/** How one role works, as fields that can be changed. */

import { type TemplateResult, html, nothing } from "lit";
import type { Model, Role, RoleSettings } from "../../shared/protocol";
import type { RunShown } from "../../state/run";
import { ROLE_NAMES } from "../../state/words";
import { Light, iconButton } from "../light";
import type { Port } from "../port";
import "./model-order";

const EFFORTS = ["", "minimal", "low", "medium", "high", "xhigh"] as const;
const SANDBOXES = ["read-only", "workspace-write", "off"] as const;

/** `<sextet-role-card>` */
export class RoleCard extends Light {
  static override properties = {
    port: { attribute: false },
    run: { attribute: false },
    role: { attribute: false },
    settings: { attribute: false },
    changed: { attribute: false },
    over: { attribute: false },
    origin: { attribute: false },
    models: { attribute: false },
    change: { attribute: false },
    reset: { attribute: false },
  };
  declare port: Port;
  declare run: RunShown;
  declare role: Role;
  declare settings: RoleSettings | undefined;
  declare changed: boolean;
  declare over: boolean;
  declare origin: string;
  declare models: readonly Model[];
  declare change: (changes: Partial<RoleSettings>) => void;
  declare reset: () => void;

  protected override render(): TemplateResult | typeof nothing {
    const { settings, role } = this;
    if (!settings) return nothing;
    return html`<fieldset class="card role">
      <legend class="hidden">${ROLE_NAMES[role]}</legend>
      <div class="row top">
        <strong>${ROLE_NAMES[role]}</strong>
        ${this.changed ? html`<span class="chip warn">changed</span>` : nothing}
        ${this.origin === "" ? nothing : html`<span class="chip" title="Where its values come from">${this.origin}</span>`}
        <span class="grow"></span>${this.#buttons(role)}
      </div>
      <div class="fields">
        ${this.#number("Workers", settings.workers, 0, 16, (workers) => ({ workers: Math.round(workers) }))}
        ${this.#number("Minutes", settings.timeoutMinutes, 0.1, 1440, (timeoutMinutes) => ({ timeoutMinutes }))}
        ${this.#select("Effort", settings.effort, EFFORTS, (effort) => ({ effort }))}
        ${this.#select("Sandbox", settings.sandbox, SANDBOXES, (sandbox) => ({ sandbox }))}
      </div>
      <sextet-model-order
        .role=${role}
        .chosen=${settings.models}
        .change=${(models: string[]) => {
          this.change({ models });
        }}
      ></sextet-model-order>
    </fieldset>`;
  }

  #buttons(role: Role): TemplateResult {
    const name = ROLE_NAMES[role].toLowerCase();
    const ids = { runId: this.run.runId, roles: [role] };
    const stop = (): void => void this.port.ask("workers/stop", { ...ids, how: "drain" });
    return html`<span class="actions">
      ${this.changed ? iconButton("discard", `Forget changes of the ${name}`, this.reset) : nothing}
      ${
        this.over
          ? nothing
          : html`${iconButton("play", `Start workers: ${name}`, () => void this.port.ask("workers/start", ids))}
            ${iconButton("debug-pause", `Stop workers after their tasks: ${name}`, stop)}`
      }
    </span>`;
  }

  #number(
    name: string,
    value: number,
    min: number,
    max: number,
    changes: (value: number) => Partial<RoleSettings>,
  ): TemplateResult {
    const set = (event: Event): void => {
      const number = (event.target as HTMLInputElement).valueAsNumber;
      if (number >= min && number <= max) this.change(changes(number));
    };
    return html`<label
      >${name}
      <input
        class="vscode-textfield"
        type="number"
        min=${min}
        max=${max}
        step="any"
        .value=${String(value)}
        @change=${set}
    /></label>`;
  }

  #select<T extends string>(
    name: string,
    value: T,
    all: readonly T[],
    changes: (value: T) => Partial<RoleSettings>,
  ): TemplateResult {
    const set = (event: Event): void => {
      this.change(changes((event.target as HTMLSelectElement).value as T));
    };
    const option = (each: T): TemplateResult =>
      html`<option value=${each} ?selected=${each === value}>${each === "" ? "default" : each}</option>`;
    return html`<label
      >${name}
      <span class="vscode-select"
        ><select .value=${value} @change=${set}>
          ${all.map(option)}</select
        ><i class="codicon codicon-chevron-down chevron-icon" aria-hidden="true"></i></span
    ></label>`;
  }
}

customElements.define("sextet-role-card", RoleCard);
