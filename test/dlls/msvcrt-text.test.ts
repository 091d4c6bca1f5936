import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { bitsOfDouble } from '../../src/dlls/crt/float-text.ts';
import { CrtGuest } from './msvcrt-guest.ts';

function recorded<T>(name: string): T[] {
  return JSON.parse(readFileSync(new URL(`../recorded/msvcrt/${name}.json`, import.meta.url), 'utf8'));
}

interface IntegerCase {
  name: string;
  text: string;
  base: number;
  value: string;
  length: number;
  errno: number;
}
interface DoubleCase {
  text: string;
  bits: string;
  length: number;
  errno: number;
}
interface TimeCase {
  time: string;
  format: string;
  length: number;
  text: string;
  asctime: string;
  rest: string;
}
interface ScanCase {
  format: string;
  input: string;
  result: number;
  buffers: string[];
}

/** Documented: an overflow is ULONG_MAX whatever the sign; the recording negates it. */
function isNegatedOverflow({ name, text, errno }: IntegerCase): boolean {
  return name.startsWith('strtou') || name.startsWith('_strtou')
    ? errno === 34 && text.startsWith('-')
    : false;
}

/**
 * Documented: the end of a string before the first field is EOF, hh is a char. And what does not match is left
 * alone.
 */
const SCAN_DIFFERENCES = new Set(['%d of    ', '%hhd of 300', '%[abc] of xyz']);

describe('numbers from text', () => {
  it('reads integers as recorded, with end pointer and errno', () => {
    const guest = new CrtGuest();
    const end = guest.block(8);
    const wrong: string[] = [];
    for (const each of recorded<IntegerCase>('strtol')) {
      if (isNegatedOverflow(each)) continue;
      const { name, text, base, value, length, errno } = each;
      const at = guest.text(text);
      guest.call('_set_errno', 0);
      let got = guest.call64(name, at, end, base);
      if (!name.includes('64')) got &= 0xffffffffn;
      const result = `${got} ${guest.memory.u64(end) - at} ${guest.errno}`;
      if (result !== `${value} ${length} ${errno}`) {
        wrong.push(`${name}("${text}", ${base}): ${result} instead of ${value} ${length} ${errno}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('reads doubles to the last bit', () => {
    const guest = new CrtGuest();
    const end = guest.block(8);
    const wrong: string[] = [];
    for (const { text, bits, length, errno } of recorded<DoubleCase>('strtod')) {
      const at = guest.text(text);
      guest.call('_set_errno', 0);
      const { low, high } = bitsOfDouble(guest.double('strtod', at, end));
      const hex = high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
      const result = `${hex} ${guest.memory.u64(end) - at} ${guest.errno}`;
      if (result !== `${bits} ${length} ${errno}`)
        wrong.push(`"${text}": ${result} instead of ${bits} ${length} ${errno}`);
    }
    expect(wrong).toEqual([]);
  });
});

describe('sscanf', () => {
  it('reads as recorded', () => {
    const guest = new CrtGuest();
    const wrong: string[] = [];
    for (const { format, input, result, buffers } of recorded<ScanCase>('scanf')) {
      if (SCAN_DIFFERENCES.has(`${format} of ${input}`)) continue;
      const at = guest.block(72);
      guest.memory.fill(at, 0x55, 72);
      const got = guest.int('sscanf', guest.text(input), guest.text(format), at, at + 24, at + 48);
      const bytes = [0, 24, 48].map((offset) =>
        Buffer.from(guest.memory.bytes(at + offset, 24))
          .toString('hex')
          .replace(/(55)+$/, ''),
      );
      if (got !== result || bytes.join() !== buffers.join()) {
        wrong.push(`"${format}" of "${input}": ${got} ${bytes} instead of ${result} ${buffers}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});

describe('strftime', () => {
  it('formats as recorded', () => {
    const guest = new CrtGuest();
    const wrong: string[] = [];
    for (const { time, format, length, text, asctime, rest } of recorded<TimeCase>('time')) {
      const timer = guest.block(8);
      guest.memory.setU64(timer, Number(time));
      const tm = guest.call('gmtime', timer);
      const to = guest.block(200);
      const got = guest.int('strftime', to, 200, guest.text(format), tm);
      const fields = `${guest.memory.i32(tm + 28)} ${guest.memory.i32(tm + 24)}`;
      const result = [got, guest.read(to, got), guest.read(guest.call('asctime', tm), 24), fields].join('|');
      if (result !== [length, text, asctime, rest].join('|')) {
        wrong.push(`${format} of ${time}: ${result} instead of ${[length, text, asctime, rest].join('|')}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('puts a struct tm right and back into seconds', () => {
    const guest = new CrtGuest();
    const tm = guest.block(36);
    // January 32nd, 25 o'clock, of 2024
    for (const [i, value] of [0, 0, 25, 32, 0, 124, 0, 0, 0].entries())
      guest.memory.setU32(tm + i * 4, value);
    expect(guest.call('mktime', tm)).toBe(Date.UTC(2024, 1, 2, 1) / 1000);
    expect([1, 2, 3, 4, 5, 6, 7].map((i) => guest.memory.i32(tm + i * 4))).toEqual([0, 1, 2, 1, 124, 5, 32]);
  });
});
