/** Small checks that are put together to shapes: whether a value from elsewhere is what it should be. */

/** Whether a value has a shape. */
export type Shape = (value: unknown) => boolean;

/** Text of at most so many characters. */
export function text(most = 1_000_000): Shape {
  return (value) => typeof value === "string" && value.length <= most;
}

/** A number that is one. */
export const number: Shape = (value) => typeof value === "number" && Number.isFinite(value);

/** A number of things. */
export const count: Shape = (value) => Number.isSafeInteger(value) && (value as number) >= 0;

/** True or false. */
export const flag: Shape = (value) => typeof value === "boolean";

/** One of these words. */
export function one(...words: readonly string[]): Shape {
  return (value) => typeof value === "string" && words.includes(value);
}

/** A list of values of a shape. */
export function list(each: Shape, most = 100_000): Shape {
  return (value) => Array.isArray(value) && value.length <= most && value.every(each);
}

/** Nothing, or a value of a shape. */
export function orNull(shape: Shape): Shape {
  return (value) => value === null || shape(value);
}

/** An object with text as keys and values of a shape. */
export function map(each: Shape): Shape {
  return (value) => isObject(value) && Object.values(value).every(each);
}

/** An object that has these members, and perhaps others. */
export function having(members: Readonly<Record<string, Shape>>): Shape {
  return (value) => isObject(value) && Object.entries(members).every(([name, shape]) => shape(value[name]));
}

/** An object that has these members, perhaps the optional ones, and no others. */
export function exactly(
  members: Readonly<Record<string, Shape>>,
  optional: Readonly<Record<string, Shape>> = {},
): Shape {
  const all = new Map(Object.entries({ ...members, ...optional }));
  return (value) =>
    isObject(value) &&
    Object.keys(members).every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, each]) => each === undefined || all.get(name)?.(each) === true);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
