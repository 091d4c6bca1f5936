const TEN_6 = 1_000_000;

/** An unsigned 64-bit number, as two halves, in decimal. */
function decimal(low: number, high: number): string {
  if (high < 0x200000) return String(high * 0x1_0000_0000 + low);
  // Base 10^6: every intermediate value stays below 2^53.
  let rest = '';
  for (let i = 0; i < 2; i++) {
    const middle = (high % TEN_6) * 0x1_0000_0000 + low;
    high = Math.floor(high / TEN_6);
    low = Math.floor(middle / TEN_6);
    rest = String(middle - low * TEN_6).padStart(6, '0') + rest;
  }
  return String(high * 0x1_0000_0000 + low) + rest;
}

/** An unsigned 64-bit number, as two halves, in a base from 2 to 36, in lower case. */
export function unsignedText(low: number, high: number, base: number): string {
  if (base === 10) return decimal(low, high);
  if (high === 0) return low.toString(base);
  if (base === 16) return high.toString(16) + low.toString(16).padStart(8, '0');
  if (high < 0x200000) return (high * 0x1_0000_0000 + low).toString(base);
  return divided(low, high, base);
}

function divided(low: number, high: number, base: number): string {
  let text = '';
  while (high !== 0 || low !== 0) {
    const middle = (high % base) * 0x1_0000_0000 + low;
    high = Math.floor(high / base);
    const quotient = Math.floor(middle / base);
    text = (middle - quotient * base).toString(base) + text;
    low = quotient;
  }
  return text;
}

/** The digits of a signed 64-bit number's magnitude, and whether it is negative. */
export function signedText(low: number, high: number): { negative: boolean; digits: string } {
  if (high < 0x8000_0000) return { negative: false, digits: decimal(low, high) };
  const negatedLow = -low >>> 0;
  const negatedHigh = (~high + (low === 0 ? 1 : 0)) >>> 0;
  return { negative: true, digits: decimal(negatedLow, negatedHigh) };
}
