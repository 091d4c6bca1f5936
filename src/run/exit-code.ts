/** A host has eight bits for an exit code; a code that is not zero never becomes zero. */
export function hostCodeOf(code: number): number {
  const low = code & 0xff;
  return low === 0 && code !== 0 ? 1 : low;
}
