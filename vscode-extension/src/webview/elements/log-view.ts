/** A worker's log: only the lines in sight are drawn, new ones are followed, older ones are asked for. */

import { type TemplateResult, html, nothing } from "lit";
import { atEnd, windowOf } from "../../state/window";
import { many } from "../../state/words";
import { Light, button } from "../light";
import { PAGE, type WorkerLog } from "../logs";
import type { Port } from "../port";

/** Height of a line; the style sheet has the same. */
export const ROW = 18;
/** Lines that are reachable by scrolling: a browser cannot draw a box of any height. */
const MOST = 1_000_000;

/** `<sextet-log-view>` */
export class LogView extends Light {
  static override properties = {
    port: { attribute: false },
    runId: { attribute: false },
    workerId: { attribute: false },
    top: { state: true },
    following: { state: true },
    drawn: { state: true },
  };
  declare port: Port;
  declare runId: string;
  declare workerId: string;
  declare top: number;
  declare following: boolean;
  declare drawn: number;
  #asked = false;
  #reading = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.top = 0;
    this.drawn = 0;
    this.following = true;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#timer = setInterval(() => {
      this.drawn = this.#log.last;
    }, 100);
    void this.#begin();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  get #log(): WorkerLog {
    return this.port.logs.of(this.workerId);
  }

  get #first(): number {
    return Math.max(this.#log.first, this.#log.last - MOST + 1);
  }

  protected override render(): TemplateResult {
    const log = this.#log;
    const rows = Math.max(0, log.last - this.#first + 1);
    const { from, to } = windowOf({ top: this.top, height: this.#box?.clientHeight ?? 240, row: ROW, rows });
    return html`<div
        class="log"
        tabindex="0"
        role="log"
        aria-live="off"
        aria-label="Log of ${this.workerId}"
        @scroll=${this.#scrolled}
      >
        <div class="log-all">
          <div class="log-lines">${this.#lines(this.#first + from, this.#first + to - 1)}</div>
        </div>
      </div>
      <div class="row log-foot">
        <span class="quiet small grow">${rows === 0 ? "No line yet" : many(log.last, "line")}</span>
        ${this.following ? nothing : button("Follow", this.#follow, "plain", "arrow-down")}
      </div>`;
  }

  #lines(from: number, to: number): TemplateResult[] {
    const found: TemplateResult[] = [];
    for (let seq = from; seq <= to; seq += 1) {
      const left = this.#log.leftOut(seq);
      const gap = left > 0 ? html`<span class="gap">${many(left, "line")} left out</span>` : nothing;
      found.push(html`<div class="log-line">${gap}${this.#log.line(seq) ?? "…"}</div>`);
    }
    return found;
  }

  get #box(): HTMLElement | null {
    return this.querySelector<HTMLElement>(".log");
  }

  protected override updated(): void {
    const all = this.querySelector<HTMLElement>(".log-all");
    const lines = this.querySelector<HTMLElement>(".log-lines");
    if (!all || !lines || !this.#box) return;
    const rows = Math.max(0, this.#log.last - this.#first + 1);
    const { from, to } = windowOf({ top: this.top, height: this.#box.clientHeight, row: ROW, rows });
    all.style.height = `${rows * ROW}px`;
    lines.style.transform = `translateY(${from * ROW}px)`;
    if (this.following) this.#box.scrollTop = rows * ROW;
    void this.#fetch(this.#first + from, this.#first + to);
  }

  readonly #scrolled = (): void => {
    const box = this.#box;
    if (!box) return;
    const rows = this.#log.last - this.#first + 1;
    this.following = atEnd({ top: box.scrollTop, height: box.clientHeight, row: ROW, rows });
    this.top = box.scrollTop;
  };

  readonly #follow = (): void => {
    this.following = true;
  };

  async #begin(): Promise<void> {
    await this.#read(-PAGE);
    this.#asked = true;
    this.requestUpdate();
  }

  async #fetch(from: number, to: number): Promise<void> {
    const missing = this.#asked ? this.#log.missing(from, to) : undefined;
    if (missing === undefined || this.#reading) return;
    const start = Math.max(this.#first, missing - PAGE / 2);
    if (await this.#read(start)) this.requestUpdate();
  }

  async #read(fromSeq: number): Promise<boolean> {
    this.#reading = true;
    const { runId, workerId } = this;
    const page = await this.port.ask("log/read", { runId, workerId, fromSeq, limit: PAGE });
    this.#reading = false;
    if (!page || page.lines.length === 0) return false;
    this.#log.fill(fromSeq, page);
    return true;
  }
}

customElements.define("sextet-log-view", LogView);
