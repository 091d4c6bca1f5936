import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { type Arguments, CallArguments, ListArguments } from './arguments.ts';
import { dataAddress } from './data.ts';
import { type Dialect, MSVCRT } from './dialect.ts';
import { EILSEQ, EINVAL, ERANGE, failErrno } from './errno.ts';
import { formatText } from './format.ts';
import { failInvalid } from './invalid.ts';
import { crtOf } from './state.ts';
import { putText } from './stream.ts';
import { FILE_SIZE } from './stream-table.ts';
import { readText, writeTerminated, writeText } from './text.ts';
import { putWideText } from './wide-stream.ts';

/** Address of standard output's FILE. */
export function standardOutput(thread: Thread): number {
  return dataAddress(thread.process, '_iob') + FILE_SIZE;
}

/** A format with its arguments and rules. */
export interface Printing {
  readonly format: number;
  readonly args: Arguments;
  readonly wide: boolean;
  readonly dialect: Dialect;
}

/** The text, or undefined with errno set. */
function render(thread: Thread, { format, args, wide, dialect }: Printing): string | undefined {
  const made = formatText(thread.memory, readText(thread.memory, format, wide), args, wide, dialect);
  if (made.error === undefined) return made.text;
  if (made.error === 'unmappable') failErrno(thread, EILSEQ);
  else failInvalid(thread);
  return undefined;
}

/** The whole text is made before the first character goes out. */
export function printTo(thread: Thread, file: number, printing: Printing): number {
  if (file === 0 || printing.format === 0) return failInvalid(thread);
  const text = render(thread, printing);
  if (text === undefined) return -1;
  const put = printing.wide ? putWideText(thread, file, text) : putText(thread, file, text);
  return put < 0 ? -1 : text.length;
}

/** sprintf: no bound. */
export function printInto(thread: Thread, buffer: number, printing: Printing): number {
  if (buffer === 0 || printing.format === 0) return failInvalid(thread);
  const text = render(thread, printing);
  if (text === undefined) return -1;
  writeTerminated(thread.memory, buffer, text, printing.wide);
  return text.length;
}

/**
 * _snprintf: a text of exactly `count` characters is stored without a terminator, a longer one is cut there and
 * answers -1; with no buffer and no room it only counts.
 */
export function printBounded(thread: Thread, buffer: number, count: number, printing: Printing): number {
  if (printing.format === 0 || (buffer === 0 && count > 0)) return failInvalid(thread);
  const text = render(thread, printing);
  if (text === undefined) return -1;
  if (buffer === 0) return text.length;
  if (text.length < count) writeTerminated(thread.memory, buffer, text, printing.wide);
  else writeText(thread.memory, buffer, text.slice(0, count), printing.wide);
  return text.length > count ? -1 : text.length;
}

/** C99's snprintf: always terminated, answers the whole length (or, with `cutFails`, -1 for a text that was cut). */
export function printStandard(
  thread: Thread,
  buffer: number,
  count: number,
  printing: Printing,
  cutFails: boolean,
): number {
  if (printing.format === 0 || (buffer === 0 && count > 0)) return failInvalid(thread);
  const text = render(thread, printing);
  if (text === undefined) return -1;
  if (count > 0) writeTerminated(thread.memory, buffer, text.slice(0, count - 1), printing.wide);
  return cutFails && buffer !== 0 && text.length >= count ? -1 : text.length;
}

/** _TRUNCATE, (size_t)-1, as a number. */
const TRUNCATE = 2 ** 64;

/** The _s forms: always terminated; what does not fit answers -1 and leaves an empty string, or is cut. */
export function printChecked(
  thread: Thread,
  buffer: number,
  size: number,
  count: number,
  printing: Printing,
): number {
  if (buffer === 0 && size === 0 && count === 0 && printing.format !== 0) return 0;
  if (buffer === 0 || size === 0 || printing.format === 0) return failInvalid(thread);
  const { wide } = printing;
  const text = render(thread, printing);
  if (text === undefined) {
    writeTerminated(thread.memory, buffer, '', wide);
    return -1;
  }
  const room = Math.min(size - 1, count);
  if (text.length <= room) {
    writeTerminated(thread.memory, buffer, text, wide);
    return text.length;
  }
  const cut = count >= TRUNCATE || count < size;
  writeTerminated(thread.memory, buffer, cut ? text.slice(0, room) : '', wide);
  return cut ? -1 : failInvalid(thread, crtOf(thread.process).isUniversal ? ERANGE : EINVAL);
}

/** The length that the text would have. */
export function countOnly(thread: Thread, printing: Printing): number {
  if (printing.format === 0) return failInvalid(thread);
  return render(thread, printing)?.length ?? -1;
}

/** msvcrt's rules in the locale that holds. */
function dialect(thread: Thread): Dialect {
  const { codePage } = crtOf(thread.process);
  return codePage === 0 ? MSVCRT : { ...MSVCRT, codePage };
}

/** The last parameters of a printf: the locale of the _l forms, the list of the v forms. */
interface Form {
  readonly wide: boolean;
  /** The arguments are a va_list. */
  readonly list: boolean;
  /** A locale stands before the arguments. */
  readonly locale: boolean;
  readonly positional: boolean;
}

/** What stands behind the first `before` parameters: format, locale, arguments. */
function printing(thread: Thread, before: number, { wide, list, locale, positional }: Form): Printing {
  const format = thread.argument(before);
  const first = before + 1 + (locale ? 1 : 0);
  const rules = dialect(thread);
  return {
    format,
    args: list ? new ListArguments(thread.memory, thread.argument(first)) : new CallArguments(thread, first),
    wide,
    dialect: positional ? { ...rules, positional } : rules,
  };
}

/** The parameter list behind the first parameters. */
function rest({ list, locale }: Form): string {
  return `format: address${locale ? ', locale: address' : ''}, ${list ? 'argptr: address' : '...'}`;
}

function printFamily(form: Form) {
  const after = rest(form);
  const declare = <const S extends string>(
    before: S,
    count: number,
    run: (thread: Thread, printing: Printing, ...args: number[]) => number,
  ) =>
    library(`${before}${after}` as string, 'int', (t, ...args) => run(t, printing(t, count, form), ...args));
  return {
    print: declare('', 0, (t, printing) => printTo(t, standardOutput(t), printing)),
    filePrint: declare('stream: address, ', 1, (t, printing, file) => printTo(t, file!, printing)),
    into: declare('buffer: address, ', 1, (t, printing, buffer) => printInto(t, buffer!, printing)),
    bounded: declare('buffer: address, count: size, ', 2, (t, printing, buffer, count) =>
      printBounded(t, buffer!, count!, printing),
    ),
    /** _snprintf_c and _vswprintf_c: always terminated. */
    terminated: declare('buffer: address, count: size, ', 2, (t, printing, buffer, count) =>
      printStandard(t, buffer!, count!, printing, true),
    ),
    checked: declare('buffer: address, size: size, ', 2, (t, printing, buffer, size) =>
      printChecked(t, buffer!, size!, size!, printing),
    ),
    boundedChecked: declare(
      'buffer: address, size: size, count: size, ',
      3,
      (t, printing, buffer, size, count) => printChecked(t, buffer!, size!, count!, printing),
    ),
    count: declare('', 0, (t, printing) => countOnly(t, printing)),
  };
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** printf and its relatives under their names; the Universal C Runtime has them as __stdio_common functions only. */
export const printfApi = family('crt', PAGES, () => {
  const narrow = printFamily({ wide: false, list: false, locale: false, positional: false });
  const narrowPositional = printFamily({ wide: false, list: false, locale: false, positional: true });
  const narrowLocal = printFamily({ wide: false, list: false, locale: true, positional: false });
  const narrowLocalPositional = printFamily({ wide: false, list: false, locale: true, positional: true });
  const narrowList = printFamily({ wide: false, list: true, locale: false, positional: false });
  const narrowListPositional = printFamily({ wide: false, list: true, locale: false, positional: true });
  const narrowListLocal = printFamily({ wide: false, list: true, locale: true, positional: false });
  const narrowListLocalPositional = printFamily({ wide: false, list: true, locale: true, positional: true });
  const wide = printFamily({ wide: true, list: false, locale: false, positional: false });
  const widePositional = printFamily({ wide: true, list: false, locale: false, positional: true });
  const wideLocal = printFamily({ wide: true, list: false, locale: true, positional: false });
  const wideLocalPositional = printFamily({ wide: true, list: false, locale: true, positional: true });
  const wideList = printFamily({ wide: true, list: true, locale: false, positional: false });
  const wideListPositional = printFamily({ wide: true, list: true, locale: false, positional: true });
  const wideListLocal = printFamily({ wide: true, list: true, locale: true, positional: false });
  const wideListLocalPositional = printFamily({ wide: true, list: true, locale: true, positional: true });
  return {
    printf: narrow.print,
    fprintf: narrow.filePrint,
    sprintf: narrow.into,
    _snprintf: narrow.bounded,
    _scprintf: narrow.count,
    printf_s: narrow.print,
    fprintf_s: narrow.filePrint,
    sprintf_s: narrow.checked,
    _snprintf_s: narrow.boundedChecked,
    _snprintf_c: narrow.terminated,
    _printf_p: narrowPositional.print,
    _fprintf_p: narrowPositional.filePrint,
    _sprintf_p: narrowPositional.terminated,
    _scprintf_p: narrowPositional.count,
    _printf_l: narrowLocal.print,
    _fprintf_l: narrowLocal.filePrint,
    _sprintf_l: narrowLocal.into,
    _snprintf_l: narrowLocal.bounded,
    _scprintf_l: narrowLocal.count,
    _printf_s_l: narrowLocal.print,
    _fprintf_s_l: narrowLocal.filePrint,
    _sprintf_s_l: narrowLocal.checked,
    _snprintf_s_l: narrowLocal.boundedChecked,
    _snprintf_c_l: narrowLocal.terminated,
    _printf_p_l: narrowLocalPositional.print,
    _fprintf_p_l: narrowLocalPositional.filePrint,
    _sprintf_p_l: narrowLocalPositional.terminated,
    _scprintf_p_l: narrowLocalPositional.count,
    vprintf: narrowList.print,
    vfprintf: narrowList.filePrint,
    vsprintf: narrowList.into,
    _vsnprintf: narrowList.bounded,
    _vscprintf: narrowList.count,
    vprintf_s: narrowList.print,
    vfprintf_s: narrowList.filePrint,
    vsprintf_s: narrowList.checked,
    _vsnprintf_s: narrowList.boundedChecked,
    _vsnprintf_c: narrowList.terminated,
    _vprintf_p: narrowListPositional.print,
    _vfprintf_p: narrowListPositional.filePrint,
    _vsprintf_p: narrowListPositional.terminated,
    _vscprintf_p: narrowListPositional.count,
    _vprintf_l: narrowListLocal.print,
    _vfprintf_l: narrowListLocal.filePrint,
    _vsprintf_l: narrowListLocal.into,
    _vsnprintf_l: narrowListLocal.bounded,
    _vscprintf_l: narrowListLocal.count,
    _vprintf_s_l: narrowListLocal.print,
    _vfprintf_s_l: narrowListLocal.filePrint,
    _vsprintf_s_l: narrowListLocal.checked,
    _vsnprintf_s_l: narrowListLocal.boundedChecked,
    _vsnprintf_c_l: narrowListLocal.terminated,
    _vprintf_p_l: narrowListLocalPositional.print,
    _vfprintf_p_l: narrowListLocalPositional.filePrint,
    _vsprintf_p_l: narrowListLocalPositional.terminated,
    _vscprintf_p_l: narrowListLocalPositional.count,
    wprintf: wide.print,
    fwprintf: wide.filePrint,
    swprintf: wide.into,
    _swprintf: wide.into,
    _snwprintf: wide.bounded,
    _scwprintf: wide.count,
    wprintf_s: wide.print,
    fwprintf_s: wide.filePrint,
    swprintf_s: wide.checked,
    _snwprintf_s: wide.boundedChecked,
    _swprintf_c: wide.terminated,
    _wprintf_p: widePositional.print,
    _fwprintf_p: widePositional.filePrint,
    _swprintf_p: widePositional.terminated,
    _scwprintf_p: widePositional.count,
    _wprintf_l: wideLocal.print,
    _fwprintf_l: wideLocal.filePrint,
    _swprintf_l: wideLocal.into,
    _snwprintf_l: wideLocal.bounded,
    _scwprintf_l: wideLocal.count,
    _wprintf_s_l: wideLocal.print,
    _fwprintf_s_l: wideLocal.filePrint,
    _swprintf_s_l: wideLocal.checked,
    _snwprintf_s_l: wideLocal.boundedChecked,
    _swprintf_c_l: wideLocal.terminated,
    _wprintf_p_l: wideLocalPositional.print,
    _fwprintf_p_l: wideLocalPositional.filePrint,
    _swprintf_p_l: wideLocalPositional.terminated,
    _scwprintf_p_l: wideLocalPositional.count,
    vwprintf: wideList.print,
    vfwprintf: wideList.filePrint,
    vswprintf: wideList.into,
    _vswprintf: wideList.into,
    _vsnwprintf: wideList.bounded,
    _vscwprintf: wideList.count,
    vwprintf_s: wideList.print,
    vfwprintf_s: wideList.filePrint,
    vswprintf_s: wideList.checked,
    _vsnwprintf_s: wideList.boundedChecked,
    _vswprintf_c: wideList.terminated,
    _vwprintf_p: wideListPositional.print,
    _vfwprintf_p: wideListPositional.filePrint,
    _vswprintf_p: wideListPositional.terminated,
    _vscwprintf_p: wideListPositional.count,
    _vwprintf_l: wideListLocal.print,
    _vfwprintf_l: wideListLocal.filePrint,
    _vswprintf_l: wideListLocal.into,
    _vsnwprintf_l: wideListLocal.bounded,
    _vscwprintf_l: wideListLocal.count,
    _vwprintf_s_l: wideListLocal.print,
    _vfwprintf_s_l: wideListLocal.filePrint,
    _vswprintf_s_l: wideListLocal.checked,
    _vsnwprintf_s_l: wideListLocal.boundedChecked,
    _vswprintf_c_l: wideListLocal.terminated,
    _vwprintf_p_l: wideListLocalPositional.print,
    _vfwprintf_p_l: wideListLocalPositional.filePrint,
    _vswprintf_p_l: wideListLocalPositional.terminated,
    _vscwprintf_p_l: wideListLocalPositional.count,
  };
});
