/** Which rows of a long list have to be drawn. */

/** A list with rows of one height, scrolled to `top`. */
export interface Scrolled {
  readonly top: number;
  /** Height of what is seen. */
  readonly height: number;
  readonly row: number;
  readonly rows: number;
}

/** Rows that are drawn above and below what is seen. */
const MORE = 15;

/** The first row to draw and the one after the last, from 0. */
export function windowOf({ top, height, row, rows }: Scrolled): { from: number; to: number } {
  const from = Math.max(0, Math.min(rows, Math.floor(top / row)) - MORE);
  const to = Math.min(rows, Math.ceil((top + height) / row) + MORE);
  return { from, to: Math.max(from, to) };
}

/** Whether the end is in sight, so that new rows should be followed. */
export function atEnd({ top, height, row, rows }: Scrolled): boolean {
  return top + height >= rows * row - row;
}
