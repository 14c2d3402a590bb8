/** A small box for a few words to somebody, with a button to send them. */

import { type TemplateResult, html } from "lit";
import { Light } from "../light";

/** `<sextet-ask-box>` */
export class AskBox extends Light {
  static override properties = {
    label: {},
    action: {},
    send: { attribute: false },
    cancel: { attribute: false },
    busy: { state: true },
  };
  declare label: string;
  declare action: string;
  declare send: (text: string) => Promise<void>;
  declare cancel: () => void;
  declare busy: boolean;

  constructor() {
    super();
    this.busy = false;
  }

  protected override firstUpdated(): void {
    this.querySelector("textarea")?.focus();
  }

  protected override render(): TemplateResult {
    return html`<form class="ask-box" @submit=${this.#submit} @keydown=${this.#key}>
      <textarea
        class="vscode-textarea"
        rows="3"
        name="words"
        aria-label=${this.label}
        placeholder=${this.label}
      ></textarea>
      <div class="row">
        <button class="vscode-button" type="submit" ?disabled=${this.busy}>${this.action}</button>
        <button
          class="vscode-button secondary"
          type="button"
          @click=${() => {
            this.cancel();
          }}
        >
          Cancel
        </button>
      </div>
    </form>`;
  }

  readonly #key = (event: KeyboardEvent): void => {
    if (event.key === "Escape") this.cancel();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      (event.currentTarget as HTMLFormElement).requestSubmit();
    }
  };

  readonly #submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const words = this.querySelector("textarea")?.value.trim() ?? "";
    if (words === "" || this.busy) return;
    this.busy = true;
    void this.send(words).finally(() => {
      this.busy = false;
    });
  };
}

customElements.define("sextet-ask-box", AskBox);
