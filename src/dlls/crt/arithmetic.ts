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

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdlib.h: integer arithmetic. */
export const arithmeticApi = family('crt', PAGES, {
  abs: library('n: int', 'int', (_thread, n) => Math.abs(n)),
  labs: library('n: int', 'int', (_thread, n) => Math.abs(n)),
  _abs64: library('n: opaque64', 'opaque64', (thread, low, high) => {
    const negative = high >= 0x8000_0000;
    thread.resultHigh = (negative ? ~high + (low === 0 ? 1 : 0) : high) >>> 0;
    return negative ? -low >>> 0 : low;
  }),
  div: library('numer: int, denom: int', 'opaque64', divide),
  ldiv: library('numer: int, denom: int', 'opaque64', divide),
  _rotl: library('value: dword, shift: int', 'dword', (_thread, value, shift) => rotate(value, shift)),
  _rotr: library('value: dword, shift: int', 'dword', (_thread, value, shift) => rotate(value, -shift)),
  _lrotl: library('value: dword, shift: int', 'dword', (_thread, value, shift) => rotate(value, shift)),
  _lrotr: library('value: dword, shift: int', 'dword', (_thread, value, shift) => rotate(value, -shift)),
  _byteswap_ulong: library(
    'value: dword',
    'dword',
    (_thread, value) =>
      ((value << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24)) >>> 0,
  ),
  _byteswap_ushort: library(
    'value: word',
    'word',
    (_thread, value) => ((value << 8) | (value >>> 8)) & 0xffff,
  ),
});
