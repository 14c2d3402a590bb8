/** What the server refuses, as an error that can be told apart and shown. */

import type { RefusalKind } from "./methods";

/** `lost`: the server ended before it answered. `unknown`: an error that is not the server's. */
export type Kind = RefusalKind | "lost" | "unknown";

/** An answer that is none: what happened, what can be done, and facts for programs. */
export class Refused extends Error {
  readonly kind: Kind;
  readonly nextStep: string;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(kind: Kind, what: string, nextStep = "", facts: Readonly<Record<string, unknown>> = {}) {
    super(what);
    this.name = "Refused";
    this.kind = kind;
    this.nextStep = nextStep;
    this.facts = facts;
  }

  /** The words for a person; steps that only a terminal can take are left out. */
  get words(): string {
    const terminal = /`sextet |(^|\s)--\w/.test(this.nextStep);
    return terminal || this.nextStep === "" ? this.message : `${this.message} ${this.nextStep}`;
  }
}

const GONE = new Set([-32097, -32096, -32099]);

/** Any error of a request as a refusal. */
export function refused(error: unknown): Refused {
  if (error instanceof Refused) return error;
  const code = member(error, "code");
  if (typeof code === "number" && GONE.has(code)) return lost();
  const message = member(error, "message");
  const words = typeof message === "string" ? message : String(error);
  const data = member(error, "data");
  const kind = member(data, "kind");
  if (typeof kind !== "string") return new Refused(code === -32800 ? "cancelled" : "unknown", words);
  const step = member(data, "nextStep");
  const facts = member(data, "facts");
  const known = isRecord(facts) ? facts : {};
  return new Refused(kind as Kind, words, typeof step === "string" ? step : "", known);
}

/** The refusal of a request that the server did not live to answer. */
export function lost(): Refused {
  return new Refused("lost", "The server ended before it answered.", "Try it again in a moment.");
}

/** A value as an object with members. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function member(value: unknown, name: string): unknown {
  return isRecord(value) || value instanceof Error ? (value as Record<string, unknown>)[name] : undefined;
}
