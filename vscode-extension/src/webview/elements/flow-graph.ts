/** The six roles as a graph: where work is, the way that it took, and the way back for rework. */

import { type TemplateResult, html, nothing, svg } from "lit";
import { type Flow, type FlowNode, flow } from "../../state/flow";
import type { RunShown } from "../../state/run";
import { ROLE_NAMES } from "../../state/words";
import { Light } from "../light";

const STEP = 62;
const LEFT = 31;
const TOP = 19;
const RADIUS = 13;
const SHORT: Readonly<Record<string, string>> = { analyst: "Analyse", consensus: "Agree", splitter: "Split" };
const VERBS: Readonly<Record<string, string>> = {
  ...SHORT,
  implementer: "Implement",
  tester: "Test",
  reviewer: "Review",
};
const WORDS = { pending: "not begun", active: "at work", done: "done", error: "in trouble" };

/** `<sextet-flow-graph>` */
export class FlowGraph extends Light {
  static override properties = { run: { attribute: false } };
  declare run: RunShown | undefined;

  protected override render(): TemplateResult | typeof nothing {
    if (!this.run) return nothing;
    const graph = flow(this.run);
    return html`<svg class="flow" viewBox="0 0 372 72" role="img" aria-label=${told(graph)}>
      ${graph.edges.map((taken, index) => edge(index, taken, graph.nodes[index + 1]?.state === "active"))}
      ${loop(graph.loop)} ${graph.nodes.map(node)}
    </svg>`;
  }
}

function told(graph: Flow): string {
  const nodes = graph.nodes.map((each) => `${ROLE_NAMES[each.role]}: ${WORDS[each.state]}`);
  const back =
    graph.loop === "active" ? "; rework goes on" : graph.loop === "taken" ? "; there was rework" : "";
  return `${nodes.join(", ")}${back}`;
}

function edge(index: number, taken: boolean, active: boolean): TemplateResult {
  const from = LEFT + index * STEP + RADIUS + 3;
  const to = LEFT + (index + 1) * STEP - RADIUS - 3;
  const look = active ? "active" : taken ? "taken" : "";
  return svg`<line class="edge ${look}" x1=${from} y1=${TOP} x2=${to} y2=${TOP}></line>`;
}

function loop(state: Flow["loop"]): TemplateResult | typeof nothing {
  if (state === "unused") return nothing;
  const from = LEFT + 5 * STEP;
  const to = LEFT + 3 * STEP;
  const path = `M ${from} 50 v 8 q 0 5 -5 5 h ${to - from + 10} q -5 0 -5 -5 v -8`;
  return svg`<path class="edge loop ${state}" d=${path}></path>
    <path class="tip ${state}" d="M ${to - 3.5} 53 l 3.5 -5 l 3.5 5 z"></path>
    <text class="loop-name ${state}" x=${(from + to) / 2} y="66">rework</text>`;
}

function node(each: FlowNode, index: number): TemplateResult {
  const x = LEFT + index * STEP;
  return svg`<g class="node ${each.state}">
    <title>${ROLE_NAMES[each.role]}: ${WORDS[each.state]}, ${each.done} of ${each.all} done</title>
    <circle cx=${x} cy=${TOP} r=${RADIUS}></circle>
    ${each.state === "active" ? svg`<circle class="pulse" cx=${x} cy=${TOP} r=${RADIUS + 3}></circle>` : nothing}
    ${mark(each, x)}
    <text class="name" x=${x} y="45">${VERBS[each.role]}</text>
  </g>`;
}

function mark(each: FlowNode, x: number): TemplateResult {
  if (each.state === "done") {
    return svg`<path class="mark" d="M ${x - 5} ${TOP} l 3.5 4 l 6.5 -7.5"></path>`;
  }
  const words = each.state === "error" ? "!" : each.all === 0 ? "" : `${each.done}/${each.all}`;
  return svg`<text class="count" x=${x} y=${TOP + 3.5}>${words}</text>`;
}

customElements.define("sextet-flow-graph", FlowGraph);
