import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { type Arguments, CallArguments, ListArguments } from './arguments.ts';
import { dataAddress } from './data.ts';
import { EILSEQ, EINVAL, failErrno } from './errno.ts';
import { formatText, hasWideCharacter } from './format.ts';
import { putText } from './stream.ts';
import { FILE_SIZE } from './stream-table.ts';
import { readText, writeTerminated, writeText } from './text.ts';

/** Address of standard output's FILE. */
export function standardOutput(thread: Thread): number {
  return dataAddress(thread.process, '_iob') + FILE_SIZE;
}

function render(thread: Thread, format: number, args: Arguments, wide: boolean): string | undefined {
  return formatText(thread.memory, readText(thread.memory, format, wide), args, wide);
}

/** The whole text is made before the first character goes out. */
function printTo(thread: Thread, file: number, format: number, args: Arguments, wide: boolean): number {
  if (file === 0 || format === 0) return failErrno(thread, EINVAL);
  const text = render(thread, format, args, wide);
  // Wide text becomes bytes in the "C" locale.
  if (text === undefined || (wide && hasWideCharacter(text))) return failErrno(thread, EILSEQ);
  return putText(thread, file, text) < 0 ? -1 : text.length;
}

/** sprintf: no bound. */
function printInto(thread: Thread, buffer: number, format: number, args: Arguments, wide: boolean): number {
  const text = render(thread, format, args, wide);
  if (text === undefined) return failErrno(thread, EILSEQ);
  writeTerminated(thread.memory, buffer, text, wide);
  return text.length;
}

/**
 * _snprintf: a text of exactly `count` characters is stored without a terminator, a longer one is cut there and
 * answers -1; with no buffer and no room it only counts.
 */
function printBounded(
  thread: Thread,
  buffer: number,
  count: number,
  format: number,
  args: Arguments,
  wide: boolean,
): number {
  const text = render(thread, format, args, wide);
  if (text === undefined) return failErrno(thread, EILSEQ);
  if (buffer === 0 && count === 0) return text.length;
  if (text.length < count) writeTerminated(thread.memory, buffer, text, wide);
  else writeText(thread.memory, buffer, text.slice(0, count), wide);
  return text.length > count ? -1 : text.length;
}

/** _TRUNCATE, (size_t)-1, as a number. */
const TRUNCATE = 2 ** 64;

/** The _s forms: always terminated; what does not fit answers -1 and leaves an empty string, or is cut. */
function printChecked(
  thread: Thread,
  buffer: number,
  size: number,
  count: number,
  format: number,
  args: Arguments,
  wide: boolean,
): number {
  if (buffer === 0 || size === 0 || format === 0) return failErrno(thread, EINVAL);
  const text = render(thread, format, args, wide);
  if (text === undefined) return failErrno(thread, EILSEQ);
  const room = Math.min(size - 1, count);
  if (text.length <= room) {
    writeTerminated(thread.memory, buffer, text, wide);
    return text.length;
  }
  const cut = count >= TRUNCATE || count < size;
  writeTerminated(thread.memory, buffer, cut ? text.slice(0, room) : '', wide);
  return cut ? -1 : failErrno(thread, EINVAL);
}

function countOnly(thread: Thread, format: number, args: Arguments, wide: boolean): number {
  return render(thread, format, args, wide)?.length ?? failErrno(thread, EILSEQ);
}

const call = (thread: Thread, index: number) => new CallArguments(thread, index);
const list = (memory: GuestMemory, address: number) => new ListArguments(memory, address);

function printFamily(wide: boolean) {
  return {
    print: library('format: address, ...', 'int', (t, format) =>
      printTo(t, standardOutput(t), format, call(t, 1), wide),
    ),
    filePrint: library('stream: address, format: address, ...', 'int', (t, file, format) =>
      printTo(t, file, format, call(t, 2), wide),
    ),
    listPrint: library('format: address, argptr: address', 'int', (t, format, args) =>
      printTo(t, standardOutput(t), format, list(t.memory, args), wide),
    ),
    fileListPrint: library(
      'stream: address, format: address, argptr: address',
      'int',
      (t, file, format, args) => printTo(t, file, format, list(t.memory, args), wide),
    ),
    into: library('buffer: address, format: address, ...', 'int', (t, buffer, format) =>
      printInto(t, buffer, format, call(t, 2), wide),
    ),
    listInto: library('buffer: address, format: address, argptr: address', 'int', (t, buffer, format, args) =>
      printInto(t, buffer, format, list(t.memory, args), wide),
    ),
    bounded: library(
      'buffer: address, count: size, format: address, ...',
      'int',
      (t, buffer, count, format) => printBounded(t, buffer, count, format, call(t, 3), wide),
    ),
    listBounded: library(
      'buffer: address, count: size, format: address, argptr: address',
      'int',
      (t, buffer, count, format, args) => printBounded(t, buffer, count, format, list(t.memory, args), wide),
    ),
    checked: library('buffer: address, size: size, format: address, ...', 'int', (t, buffer, size, format) =>
      printChecked(t, buffer, size, size, format, call(t, 3), wide),
    ),
    listChecked: library(
      'buffer: address, size: size, format: address, argptr: address',
      'int',
      (t, buffer, size, format, args) =>
        printChecked(t, buffer, size, size, format, list(t.memory, args), wide),
    ),
    boundedChecked: library(
      'buffer: address, size: size, count: size, format: address, ...',
      'int',
      (t, buffer, size, count, format) => printChecked(t, buffer, size, count, format, call(t, 4), wide),
    ),
    listBoundedChecked: library(
      'buffer: address, size: size, count: size, format: address, argptr: address',
      'int',
      (t, buffer, size, count, format, args) =>
        printChecked(t, buffer, size, count, format, list(t.memory, args), wide),
    ),
    count: library('format: address, ...', 'int', (t, format) => countOnly(t, format, call(t, 1), wide)),
    listCount: library('format: address, argptr: address', 'int', (t, format, args) =>
      countOnly(t, format, list(t.memory, args), wide),
    ),
  };
}

const narrow = printFamily(false);
const wide = printFamily(true);
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** printf and its relatives. */
export const printfApi = family('crt', PAGES, {
  printf: narrow.print,
  fprintf: narrow.filePrint,
  vprintf: narrow.listPrint,
  vfprintf: narrow.fileListPrint,
  sprintf: narrow.into,
  vsprintf: narrow.listInto,
  _snprintf: narrow.bounded,
  _vsnprintf: narrow.listBounded,
  sprintf_s: narrow.checked,
  vsprintf_s: narrow.listChecked,
  _snprintf_s: narrow.boundedChecked,
  _vsnprintf_s: narrow.listBoundedChecked,
  _scprintf: narrow.count,
  _vscprintf: narrow.listCount,
  printf_s: narrow.print,
  fprintf_s: narrow.filePrint,
  vprintf_s: narrow.listPrint,
  vfprintf_s: narrow.fileListPrint,
  wprintf: wide.print,
  fwprintf: wide.filePrint,
  vwprintf: wide.listPrint,
  vfwprintf: wide.fileListPrint,
  // msvcrt's swprintf takes no size, unlike the standard's.
  swprintf: wide.into,
  vswprintf: wide.listInto,
  _swprintf: wide.into,
  _vswprintf: wide.listInto,
  _snwprintf: wide.bounded,
  _vsnwprintf: wide.listBounded,
  swprintf_s: wide.checked,
  vswprintf_s: wide.listChecked,
  _snwprintf_s: wide.boundedChecked,
  _vsnwprintf_s: wide.listBoundedChecked,
  _scwprintf: wide.count,
  _vscwprintf: wide.listCount,
  wprintf_s: wide.print,
  fwprintf_s: wide.filePrint,
  vwprintf_s: wide.listPrint,
  vfwprintf_s: wide.fileListPrint,
});
