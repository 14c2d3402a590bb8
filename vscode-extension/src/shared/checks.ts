/** Looks at what the server tells before anybody relies on it. */

import type { Notifications } from "./methods";
import { isRecord } from "./refusal";

type Check = (value: Readonly<Record<string, unknown>>) => boolean;

const whole = (value: unknown): boolean =>
  typeof value === "number" && Number.isSafeInteger(value) && value >= 0;

const CHECKS: { readonly [N in keyof Notifications]: Check } = {
  event: (said) => whole(said["seq"]) && isEntry(said["event"]) && said["event"]["seq"] === said["seq"],
  heartbeat: (said) => whole(said["seq"]) && Array.isArray(said["workers"]),
  log: (said) => Array.isArray(said["batches"]) && said["batches"].every(isBatch),
  resync: (said) => whole(said["seq"]),
};

/** The names of all notifications. */
export const TOLD = Object.keys(CHECKS) as (keyof Notifications)[];

/** The params of a notification when they have the shape that they should have. */
export function checked<N extends keyof Notifications>(
  name: N,
  params: unknown,
): Notifications[N] | undefined {
  const fits = isRecord(params) && typeof params["runId"] === "string" && CHECKS[name](params);
  return fits ? (params as unknown as Notifications[N]) : undefined;
}

function isEntry(value: unknown): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && isRecord(value["event"]) && typeof value["event"]["kind"] === "string";
}

function isBatch(value: unknown): boolean {
  return isRecord(value) && typeof value["workerId"] === "string" && Array.isArray(value["lines"]);
}
