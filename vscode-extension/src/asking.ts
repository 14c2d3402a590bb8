/** Refusals that a person can lift with one word; the yes is bound to what was shown. */

import type { Verbs } from "./feed";
import type { ParamsOf, ResultOf, Verb } from "./shared/methods";
import type { Refused } from "./shared/refusal";
import { type Kind, refused } from "./shared/refusal";
import type { Window } from "./window";

interface Ask {
  readonly verb: Verb;
  readonly kind: Kind;
  /** A fact that a refusal has when it can be lifted. */
  readonly fact: string;
  readonly title: string;
  readonly agree: string;
  /** From the facts to the params that are added. */
  adds(facts: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>>;
}

const ASKS: readonly Ask[] = [
  {
    verb: "run/start",
    kind: "trust",
    fact: "digests",
    title: "This run would execute something that you have not trusted yet.",
    agree: "Trust and Start",
    adds: (facts) => ({ agreed: facts["digests"] }),
  },
  {
    verb: "patch/apply",
    kind: "apply",
    fact: "control",
    title: "This patch changes files that steer tools, editors or CI.",
    agree: "Apply These Too",
    adds: (facts) => ({ controlFiles: true, seen: facts["tree"] }),
  },
  {
    verb: "patch/apply",
    kind: "apply",
    fact: "merge",
    title: "Your files have changed since the run began.",
    agree: "Merge and Apply",
    adds: (facts) => ({ merge: true, seen: facts["tree"] }),
  },
];

/** Characters of a question: nobody is asked for a yes to what cannot be shown whole. */
const LONGEST = 4_000;

/** Carry out a verb, and ask the person where that helps; undefined: they did not agree. */
export async function asking<V extends Verb>(
  verbs: Verbs,
  window: Window,
  verb: V,
  params: ParamsOf<V>,
): Promise<ResultOf<V> | undefined> {
  let now = params;
  for (const asked = new Set<Ask>(); ;) {
    try {
      return await verbs.request(verb, now);
    } catch (error) {
      const why = refused(error);
      const ask = question(verb, why);
      if (!ask || asked.has(ask)) throw why;
      asked.add(ask);
      if ((await window.decide(ask.title, detail(why), [ask.agree])) !== ask.agree) return undefined;
      now = { ...now, ...ask.adds(why.facts) };
    }
  }
}

function question(verb: Verb, why: Refused): Ask | undefined {
  const found = ASKS.find(
    (each) => each.verb === verb && each.kind === why.kind && Boolean(why.facts[each.fact]),
  );
  return why.message.length <= LONGEST ? found : undefined;
}

function detail(why: Refused): string {
  const control = why.facts["control"];
  return Array.isArray(control) ? control.map(String).join("\n") : why.message.trim();
}
