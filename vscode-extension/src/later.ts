/** Calls something later. */

/** The result calls that off. */
export function later(milliseconds: number, action: () => void): { dispose(): void } {
  const timer = setTimeout(action, milliseconds);
  return {
    dispose: () => {
      clearTimeout(timer);
    },
  };
}
