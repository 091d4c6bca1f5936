/** Codes named as apart: in the corpus, but not tried. Code -> why. */
export function apartCodes(): Map<string, string>;
export const BY_PROPERTY: readonly string[];
export function codesByProgram(): Record<'integer' | 'sse' | 'x87', string[]>;
/** Sets of instructions, in iced's names, of which all are tried. */
export const OFFERED: ReadonlySet<string>;
