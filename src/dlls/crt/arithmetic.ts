import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';

/** div_t and ldiv_t, both of two 32-bit numbers, come back in one register: quotient low, remainder high. */
function divide(thread: Thread, numer: number, denom: number): number {
  if (denom === 0) return thread.raise(0xc0000094);
  thread.resultHigh = (numer % denom) >>> 0;
  return Math.trunc(numer / denom) >>> 0;
}

function rotate(value: number, shift: number): number {
  return ((value << (shift & 31)) | (value >>> (-shift & 31))) >>> 0;
}

function signed64(low: number, high: number): bigint {
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}
function store64(thread: Thread, at: number, value: bigint): void {
  const bits = BigInt.asUintN(64, value);
  thread.memory.setHalves(at, Number(bits & 0xffffffffn), Number(bits >> 32n));
}

function rotate64(thread: Thread, low: number, high: number, shift: number): number {
  const count = shift & 63;
  const [first, second] = count < 32 ? [low, high] : [high, low];
  const bits = count & 31;
  if (bits === 0) {
    thread.resultHigh = second;
    return first;
  }
  thread.resultHigh = ((second << bits) | (first >>> (32 - bits))) >>> 0;
  return ((first << bits) | (second >>> (32 - bits))) >>> 0;
}

function swapBytes(value: number): number {
  return ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdlib.h: integer arithmetic. */
export const arithmeticApi = family('crt', PAGES, () => {
  const absolute64 = library('n: opaque64', 'opaque64', (thread, low, high) => {
    const negative = high >= 0x8000_0000;
    thread.resultHigh = (negative ? ~high + (low === 0 ? 1 : 0) : high) >>> 0;
    return negative ? -low >>> 0 : low;
  });
  /** lldiv_t does not fit a register: the caller gives it room. */
  const divide64 = library(
    'result: address, numer: opaque64, denom: opaque64',
    'address',
    (thread, result, low, high, denomLow, denomHigh) => {
      const numer = signed64(low, high);
      const denom = signed64(denomLow, denomHigh);
      if (denom === 0n) return thread.raise(0xc0000094);
      store64(thread, result, numer / denom);
      store64(thread, result + 8, numer % denom);
      return result;
    },
  );
  return {
    abs: library('n: int', 'int', (_thread, n) => Math.abs(n)),
    labs: library('n: int', 'int', (_thread, n) => Math.abs(n)),
    _abs64: absolute64,
    div: library('numer: int, denom: int', 'opaque64', divide),
    ldiv: library('numer: int, denom: int', 'opaque64', divide),
    llabs: absolute64,
    imaxabs: absolute64,
    lldiv: divide64,
    imaxdiv: divide64,
    _rotl64: library('value: opaque64, shift: int', 'opaque64', rotate64),
    _rotr64: library('value: opaque64, shift: int', 'opaque64', (t, low, high, shift) =>
      rotate64(t, low, high, -shift),
    ),
    _byteswap_uint64: library('value: opaque64', 'opaque64', (thread, low, high) => {
      thread.resultHigh = swapBytes(low);
      return swapBytes(high);
    }),
    /** Swaps the bytes of each pair; a single one at the end is left. */
    _swab: library('src: address, dest: address, n: int', 'void', ({ memory }, src, dest, n) => {
      for (let i = 0; i + 1 < n; i += 2) {
        const [first, second] = [memory.u8(src + i), memory.u8(src + i + 1)];
        memory.setU8(dest + i, second);
        memory.setU8(dest + i + 1, first);
      }
      return 0;
    }),
    _rotl: library('value: dword, shift: int', 'dword', (_thread, value, shift) => rotate(value, shift)),
    _rotr: library('value: dword, shift: int', 'dword', (_thread, value, shift) => rotate(value, -shift)),
    _lrotl: library('value: dword, shift: int', 'dword', (_thread, value, shift) => rotate(value, shift)),
    _lrotr: library('value: dword, shift: int', 'dword', (_thread, value, shift) => rotate(value, -shift)),
    _byteswap_ulong: library('value: dword', 'dword', (_thread, value) => swapBytes(value)),
    _byteswap_ushort: library(
      'value: word',
      'word',
      (_thread, value) => ((value << 8) | (value >>> 8)) & 0xffff,
    ),
  };
});
