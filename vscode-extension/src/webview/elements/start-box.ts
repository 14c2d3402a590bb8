/** The goal box: what is wanted, in which way, and what will happen when it starts. */

import { type PropertyValues, type TemplateResult, html, nothing } from "lit";
import type { NextRun } from "../../shared/pane";
import type { Mode, RoleSettings } from "../../shared/protocol";
import { preview } from "../../state/preview";
import { Light, icon } from "../light";
import type { Kept, Port } from "../port";

/** `<sextet-start-box>` */
export class StartBox extends Light {
  static override properties = {
    port: { attribute: false },
    next: { attribute: false },
    kept: { attribute: false },
    mode: { state: true },
    hunters: { state: true },
    roles: { state: true },
    busy: { state: true },
  };
  declare port: Port;
  declare next: NextRun | null;
  declare kept: Kept;
  declare mode: Mode;
  declare hunters: number;
  declare roles: Readonly<Record<string, RoleSettings>> | undefined;
  declare busy: boolean;

  constructor() {
    super();
    this.mode = "implement_feature";
    this.hunters = 3;
    this.busy = false;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has("next") && this.next) void this.#read();
  }

  async #read(): Promise<void> {
    this.roles = (await this.port.ask("roles/get", { runId: null }))?.roles;
  }

  protected override render(): TemplateResult {
    const { goal, guidance } = this.kept;
    const hunt = this.mode === "bug_hunt";
    return html`<form class="start-box pad" @submit=${this.#submit} @keydown=${this.#key}>
      <label for="goal">${hunt ? "What should be hunted?" : "What do you want?"}</label>
      <textarea
        id="goal"
        class="vscode-textarea"
        rows="4"
        maxlength="100000"
        .value=${goal}
        placeholder=${hunt ? "For example: everything that parses dates" : "For example: count words without regard to case"}
        @input=${(event: InputEvent) => {
          this.port.keep({ goal: (event.target as HTMLTextAreaElement).value });
        }}
      ></textarea>
      ${this.#modes()}
      <label for="guidance">Guidance <span class="quiet">(optional)</span></label>
      <textarea
        id="guidance"
        class="vscode-textarea"
        rows="2"
        maxlength="100000"
        .value=${guidance}
        placeholder="Constraints and hints"
        @input=${(event: InputEvent) => {
          this.port.keep({ guidance: (event.target as HTMLTextAreaElement).value });
        }}
      ></textarea>
      ${this.#preview()}
      <button class="vscode-button wide" type="submit" ?disabled=${this.busy || goal.trim() === ""}>
        ${icon(this.busy ? "loading" : "play", this.busy ? "codicon-modifier-spin" : "")}Start
      </button>
    </form>`;
  }

  #modes(): TemplateResult {
    const one = (mode: Mode, name: string, picture: string): TemplateResult =>
      html`<label class="choice">
        <input
          type="radio"
          name="mode"
          .checked=${this.mode === mode}
          @change=${() => {
            this.mode = mode;
          }}
        /><span>${icon(picture)} ${name}</span>
      </label>`;
    return html`<fieldset class="modes">
      <legend class="hidden">Mode</legend>
      ${one("implement_feature", "Feature", "lightbulb")} ${one("bug_hunt", "Bug hunt", "bug")}
      ${
        this.mode === "bug_hunt"
          ? html`<label class="hunters"
              >Hunters
              <input
                class="vscode-textfield"
                type="number"
                min="1"
                max="16"
                .value=${String(this.hunters)}
                @input=${(event: InputEvent) => {
                  const number = (event.target as HTMLInputElement).valueAsNumber;
                  if (number >= 1 && number <= 16) this.hunters = Math.round(number);
                }}
            /></label>`
          : nothing
      }
    </fieldset>`;
  }

  #preview(): TemplateResult | typeof nothing {
    if (!this.next || !this.roles) return nothing;
    const lines = preview(this.mode, this.hunters, this.roles, this.next);
    return html`<section class="preview" aria-label="What will happen">
      <h2>What will happen</h2>
      <ul>
        ${lines.map((each) => html`<li>${icon(each.icon)}<span>${each.text}</span></li>`)}
      </ul>
      <button
        class="link-button"
        type="button"
        @click=${() => {
          this.port.run("openSettings");
        }}
      >
        Change this in the settings
      </button>
    </section>`;
  }

  readonly #key = (event: KeyboardEvent): void => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      (event.currentTarget as HTMLFormElement).requestSubmit();
    }
  };

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (!this.busy) void this.#start();
  };

  async #start(): Promise<void> {
    const goal = this.kept.goal.trim();
    if (goal === "") return;
    this.busy = true;
    const hunters = this.mode === "bug_hunt" ? { hunters: this.hunters } : {};
    const told = { goal, mode: this.mode, guidance: this.kept.guidance.trim(), ...hunters };
    const begun = await this.port.ask("run/start", { ...told, requestKey: crypto.randomUUID() });
    this.busy = false;
    if (!begun) return;
    this.port.keep({ goal: "", guidance: "", tab: "tasks" });
    this.port.choose(begun.runId);
  }
}

customElements.define("sextet-start-box", StartBox);
