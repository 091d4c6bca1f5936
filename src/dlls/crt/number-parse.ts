/** An integer as written in text: its magnitude in two halves. */
export interface ParsedInteger {
  readonly negative: boolean;
  readonly low: number;
  readonly high: number;
  /** The magnitude does not fit into 64 bits. */
  readonly overflow: boolean;
  /** Characters that belong to it; 0 when there is no number. */
  readonly length: number;
}

/** White space of the "C" locale. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** Value of a digit in bases up to 36, or 36. */
export function digitValue(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a ? lower - 0x61 + 10 : 36;
}

/** Reads a number as strtol does; `at(i)` is the i-th character, NaN or 0 behind the end. */
export function parseInteger(at: (index: number) => number, base: number): ParsedInteger {
  let i = 0;
  while (isSpace(at(i))) i++;
  const negative = at(i) === 0x2d;
  if (negative || at(i) === 0x2b) i++;
  // A prefix without digits behind it is no number, as observed of msvcrt.
  const prefixed = at(i) === 0x30 && (at(i + 1) | 0x20) === 0x78;
  if (base === 0) base = prefixed ? 16 : at(i) === 0x30 ? 8 : 10;
  if (base === 16 && prefixed) i += 2;
  const start = i;
  let low = 0;
  let high = 0;
  let overflow = false;
  for (let digit = digitValue(at(i)); digit < base; digit = digitValue(at(++i))) {
    const next = low * base + digit;
    low = next % 0x1_0000_0000;
    high = high * base + Math.floor(next / 0x1_0000_0000);
    if (high >= 0x1_0000_0000) overflow = true;
    high %= 0x1_0000_0000;
  }
  return { negative, low, high, overflow, length: i === start ? 0 : i };
}
