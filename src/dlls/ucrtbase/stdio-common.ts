import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { ListArguments } from '../crt/arguments.ts';
import { LEGACY_NULL_TERMINATION, printfDialect, STANDARD_SNPRINTF } from '../crt/dialect.ts';
import { failInvalid } from '../crt/invalid.ts';
import { codePageOf } from '../crt/locale-object.ts';
import {
  countOnly,
  type Printing,
  printBounded,
  printChecked,
  printStandard,
  printTo,
} from '../crt/printf.ts';
import { scanFile, scanString } from '../crt/scanf.ts';
import { crtOf } from '../crt/state.ts';

/** The printf that a call asks for; the option bits' high half is not used. */
function printing(
  thread: Thread,
  options: number,
  format: number,
  locale: number,
  args: number,
  wide: boolean,
  positional = false,
): Printing {
  const crt = crtOf(thread.process);
  return {
    format,
    args: new ListArguments(thread.memory, args),
    wide,
    dialect: printfDialect(options, {
      codePage: codePageOf(thread, locale),
      counts: crt.printfCounts,
      positional,
    }),
  };
}

function toFile(wide: boolean, positional = false) {
  return library(
    'options: dword, stream: address, format: address, locale: address, arglist: address',
    'int',
    (t, options, file, format, locale, args) =>
      printTo(t, file, printing(t, options, format, locale, args, wide, positional)),
  );
}

function toBuffer(wide: boolean, positional = false) {
  return library(
    'options: dword, buffer: address, count: size, format: address, locale: address, arglist: address',
    'int',
    (t, options, buffer, count, format, locale, args) => {
      const job = printing(t, options, format, locale, args, wide, positional);
      if (buffer === 0 && count === 0) return countOnly(t, job);
      if ((options & STANDARD_SNPRINTF) !== 0) return printStandard(t, buffer, count, job, false);
      if ((options & LEGACY_NULL_TERMINATION) !== 0) return printBounded(t, buffer, count, job);
      return printStandard(t, buffer, count, job, true);
    },
  );
}

function toCheckedBuffer(wide: boolean, positional = false) {
  return library(
    'options: dword, buffer: address, count: size, format: address, locale: address, arglist: address',
    'int',
    (t, options, buffer, count, format, locale, args) =>
      printChecked(t, buffer, count, count, printing(t, options, format, locale, args, wide, positional)),
  );
}

function toBoundedBuffer(wide: boolean) {
  return library(
    'options: dword, buffer: address, size: size, count: size, format: address, locale: address, arglist: address',
    'int',
    (t, options, buffer, size, count, format, locale, args) =>
      printChecked(t, buffer, size, count, printing(t, options, format, locale, args, wide)),
  );
}

/** Option bit of scanf: sizes follow the buffers of %s, %c and %[. */
const SECURE = 1;
const LEGACY_WIDE = 2;

function fromFile(wide: boolean) {
  return library(
    'options: dword, stream: address, format: address, locale: address, arglist: address',
    'int',
    (t, options, file, format, _locale, args) =>
      scanFile(t, file, format, new ListArguments(t.memory, args), scanRules(options, wide)),
  );
}

function fromBuffer(wide: boolean) {
  return library(
    'options: dword, buffer: address, count: size, format: address, locale: address, arglist: address',
    'int',
    (t, options, buffer, count, format, _locale, args) =>
      buffer === 0
        ? failInvalid(t)
        : scanString(
            t,
            { buffer, limit: count },
            format,
            new ListArguments(t.memory, args),
            scanRules(options, wide),
          ),
  );
}

function scanRules(options: number, wide: boolean) {
  return {
    wide,
    secure: (options & SECURE) !== 0,
    c99: true,
    wideStrings: (options & LEGACY_WIDE) !== 0,
  };
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/internal-crt-globals-and-functions';

/** What the headers' inline printf and scanf functions call. */
export const stdioCommonApi = family('crt', PAGES, () => ({
  __stdio_common_vfprintf: toFile(false),
  __stdio_common_vfprintf_s: toFile(false),
  __stdio_common_vfprintf_p: toFile(false, true),
  __stdio_common_vfwprintf: toFile(true),
  __stdio_common_vfwprintf_s: toFile(true),
  __stdio_common_vfwprintf_p: toFile(true, true),
  __stdio_common_vsprintf: toBuffer(false),
  __stdio_common_vsprintf_s: toCheckedBuffer(false),
  __stdio_common_vsprintf_p: toBuffer(false, true),
  __stdio_common_vsnprintf_s: toBoundedBuffer(false),
  __stdio_common_vswprintf: toBuffer(true),
  __stdio_common_vswprintf_s: toCheckedBuffer(true),
  __stdio_common_vswprintf_p: toBuffer(true, true),
  __stdio_common_vsnwprintf_s: toBoundedBuffer(true),
  __stdio_common_vfscanf: fromFile(false),
  __stdio_common_vfwscanf: fromFile(true),
  __stdio_common_vsscanf: fromBuffer(false),
  __stdio_common_vswscanf: fromBuffer(true),
  _get_printf_count_output: library('', 'int', (t) => (crtOf(t.process).printfCounts ? 1 : 0)),
  _set_printf_count_output: library('enable: int', 'int', (t, enable) => {
    const crt = crtOf(t.process);
    const before = crt.printfCounts ? 1 : 0;
    crt.printfCounts = enable !== 0;
    return before;
  }),
}));
