/** What all elements of the pane share: no shadow, so that one style sheet serves them all. */

import { LitElement, type TemplateResult, html, nothing } from "lit";

/** An element of the pane; it renders into itself. */
export abstract class Light extends LitElement {
  protected override createRenderRoot(): this {
    return this;
  }
}

/** A codicon; it says nothing to a screen reader. */
export function icon(name: string, more = ""): TemplateResult {
  return html`<i class="codicon codicon-${name} ${more}" aria-hidden="true"></i>`;
}

/** A button that is only an icon; its label is read and shown as a tip. */
export function iconButton(name: string, label: string, press: () => void): TemplateResult {
  return html`<button class="icon-button" type="button" title=${label} aria-label=${label} @click=${press}>
    ${icon(name)}
  </button>`;
}

/** A button with words. */
export function button(
  label: string,
  press: () => void,
  look: "primary" | "secondary" | "plain" = "secondary",
  name = "",
): TemplateResult {
  const style = look === "plain" ? "link-button" : `vscode-button ${look === "primary" ? "" : "secondary"}`;
  return html`<button class=${style} type="button" @click=${press}>
    ${name === "" ? nothing : icon(name)}${label}
  </button>`;
}
