import { family, library } from '../api.ts';
import { equalBytes, fill, move } from '../support/blocks.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/devnotes/{}';

/** Memory primitives; ntdll's own memcpy family is the same code under its C names. */
export const ntMemoryApi = family('ntdll', PAGES, () => ({
  RtlMoveMemory: library(
    'Destination: address, Source: address, Length: size',
    'void',
    (thread, to, from, length) => {
      move(thread, to, from, length);
      return 0;
    },
  ),
  RtlCopyMemory: library(
    'Destination: address, Source: address, Length: size',
    'void',
    (thread, to, from, length) => {
      move(thread, to, from, length);
      return 0;
    },
  ),
  RtlZeroMemory: library('Destination: address, Length: size', 'void', (thread, to, length) => {
    fill(thread, to, 0, length);
    return 0;
  }),
  RtlFillMemory: library(
    'Destination: address, Length: size, Fill: byte',
    'void',
    (thread, to, length, value) => {
      fill(thread, to, value, length);
      return 0;
    },
  ),
  RtlCompareMemory: library('Source1: address, Source2: address, Length: size', 'size', equalBytes),
}));
