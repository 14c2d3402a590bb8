/** Models in the order in which they are tried. */

import { type TemplateResult, html, nothing } from "lit";
import { Light, iconButton } from "../light";

/** `<sextet-model-order>` */
export class ModelOrder extends Light {
  static override properties = {
    role: { attribute: false },
    chosen: { attribute: false },
    change: { attribute: false },
  };
  declare role: string;
  declare chosen: readonly string[];
  declare change: (models: string[]) => void;

  protected override render(): TemplateResult {
    return html`<div class="models">
      ${
        this.chosen.length === 0
          ? nothing
          : html`<ol aria-label="Models in order">
              ${this.chosen.map((each, at) => this.#one(each, at))}
            </ol>`
      }
      <input
        class="vscode-textfield"
        list="models"
        maxlength="100"
        aria-label="Add a model for the ${this.role}"
        placeholder=${this.chosen.length === 0 ? "Default model; add another" : "Add a model"}
        @change=${this.#add}
      />
    </div>`;
  }

  #one(name: string, at: number): TemplateResult {
    const without = this.chosen.filter((_, index) => index !== at);
    const up = (): void => {
      this.change([...without.slice(0, at - 1), name, ...without.slice(at - 1)]);
    };
    return html`<li>
      <span class="grow mono">${name}</span>
      ${at > 0 ? iconButton("arrow-up", `Try ${name} earlier`, up) : nothing}
      ${iconButton("close", `Do not use ${name}`, () => {
        this.change(without);
      })}
    </li>`;
  }

  readonly #add = (event: Event): void => {
    const input = event.target as HTMLInputElement;
    const name = input.value.trim();
    input.value = "";
    if (/^[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}$/.test(name) && !this.chosen.includes(name)) {
      this.change([...this.chosen, name]);
    }
  };
}

customElements.define("sextet-model-order", ModelOrder);
