/** A server without a process: answers by verb, and keeps what it was asked. */

import type { Verbs } from "../../../src/feed";
import type { ParamsOf, ResultOf, Verb } from "../../../src/shared/methods";

type Answer = (params: never) => unknown;

/** A server that answers what the test says. */
export class Script implements Verbs {
  readonly asked: [string, unknown][] = [];
  readonly #answers: Readonly<Record<string, Answer>>;

  constructor(answers: { readonly [V in Verb]?: (params: ParamsOf<V>) => unknown }) {
    this.#answers = answers;
  }

  request<V extends Verb>(verb: V, params: ParamsOf<V>): Promise<ResultOf<V>> {
    this.asked.push([verb, params]);
    const answer = this.#answers[verb];
    if (!answer) return Promise.reject(new Error(`nobody answers ${verb}`));
    try {
      return Promise.resolve(answer(params as never) as ResultOf<V>);
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** A refusal as it comes over the wire. */
export function refusal(kind: string, message: string, facts: Record<string, unknown> = {}): Error {
  return Object.assign(new Error(message), { code: -32050, data: { kind, nextStep: "", facts } });
}
