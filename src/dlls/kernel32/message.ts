import {
  ERROR_INSUFFICIENT_BUFFER,
  ERROR_INVALID_PARAMETER,
  ERROR_MR_MID_NOT_FOUND,
  ERROR_NOT_ENOUGH_MEMORY,
} from '../../process/errors.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { ANSI, type TextForm, WIDE, writeText } from '../guest-text.ts';
import { SYSTEM_MESSAGES } from './message-texts.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/winbase/nf-winbase-{}';

const FORMAT_MESSAGE_ALLOCATE_BUFFER = 0x100;
const FORMAT_MESSAGE_IGNORE_INSERTS = 0x200;
const FORMAT_MESSAGE_FROM_STRING = 0x400;
const FORMAT_MESSAGE_FROM_HMODULE = 0x800;
const FORMAT_MESSAGE_FROM_SYSTEM = 0x1000;
const FORMAT_MESSAGE_ARGUMENT_ARRAY = 0x2000;
const MAX_WIDTH_MASK = 0xff;
/** Longest message, in characters: 64 KiB in either form. */
const LONGEST_MESSAGE = 0x7fff;
const TWO_32 = 0x1_0000_0000;

/** A message cannot be made: last error, or a stop that is pending. */
const FAILED = undefined;

/** Reads the arguments of inserts: 8 bytes each, from an array or by way of a va_list. */
class Inserts {
  readonly #thread: Thread;
  readonly #form: TextForm;
  readonly #base: number;

  constructor(thread: Thread, form: TextForm, base: number) {
    this.#thread = thread;
    this.#form = form;
    this.#base = base;
  }

  /** Insert `index` (from 1) in a printf format without its "%"; undefined when the format is not built. */
  format(index: number, format: string): string | undefined {
    const parts = /^([-+ #0]*)(\d*)(?:\.(\d*))?(I64|I32|I|ll|l|h|w)?([a-zA-Z])$/.exec(format);
    if (!parts || this.#base === 0) return undefined;
    const [, flags, width, precision, size, type] = parts as unknown as [
      string,
      string,
      string,
      string | undefined,
      string | undefined,
      string,
    ];
    const body = this.#body(this.#base + (index - 1) * 8, type, size, flags, precision);
    if (body === undefined) return undefined;
    const digits =
      precision === undefined || /[sScC]/.test(type) ? 0 : Math.min(Number(precision), LONGEST_MESSAGE);
    const signed = body.replace(
      /^(-?)(.*)$/s,
      (_all, sign: string, rest: string) => sign + rest.padStart(digits, '0'),
    );
    const columns = Math.min(Number(width), LONGEST_MESSAGE);
    if (flags.includes('-')) return signed.padEnd(columns);
    return flags.includes('0') && !/[sScC]/.test(type)
      ? signed.padStart(columns, '0')
      : signed.padStart(columns);
  }

  #body(
    at: number,
    type: string,
    size: string | undefined,
    flags: string,
    precision: string | undefined,
  ): string | undefined {
    const { memory } = this.#thread;
    const low = memory.u32(at);
    const high = memory.u32(at + 4);
    const is64 = size === 'I64' || size === 'I' || size === 'll';
    switch (type) {
      case 's':
      case 'S': {
        const narrow = size === 'h' || (size === undefined && (type === 's') === (this.#form.unit === 1));
        const address = high * TWO_32 + low;
        const text = address === 0 ? '(null)' : (narrow ? ANSI : WIDE).read(memory, address, LONGEST_MESSAGE);
        return precision === undefined ? text : text.slice(0, Number(precision));
      }
      case 'c':
      case 'C':
        return this.#form.unit === 1
          ? ANSI.decode(Uint8Array.of(low & 0xff))
          : String.fromCharCode(low & 0xffff);
      case 'd':
      case 'i':
        return (is64 ? BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low)) : low | 0).toString();
      case 'u':
        return (is64 ? (BigInt(high) << 32n) | BigInt(low) : low).toString();
      case 'x':
      case 'X':
      case 'p': {
        const digits = (is64 || type === 'p' ? (BigInt(high) << 32n) | BigInt(low) : low).toString(16);
        if (type === 'p') return digits.toUpperCase().padStart(16, '0');
        const prefixed = flags.includes('#') ? `0x${digits}` : digits;
        return type === 'X' ? prefixed.toUpperCase() : prefixed;
      }
      default:
        return undefined;
    }
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\r\n',
  r: '\r',
  t: '\t',
  b: ' ',
  ' ': ' ',
  '.': '.',
  '!': '!',
  '%': '%',
};

/** The message with inserts and escapes worked out; an `!format!` that is not built comes back as an error. */
function expand(text: string, inserts: Inserts | undefined): string | { unbuilt: string } {
  let out = '';
  for (let i = 0; i < text.length && out.length <= LONGEST_MESSAGE; i++) {
    if (text[i] !== '%') {
      out += text[i];
      continue;
    }
    const insert = /^%([1-9]\d?)(?:!([^!]*)!)?/.exec(text.slice(i, i + 64));
    if (insert) {
      const made = inserts ? inserts.format(Number(insert[1]), insert[2] ?? 's') : insert[0];
      if (made === undefined) return { unbuilt: insert[0] };
      out += made;
      i += insert[0].length - 1;
      continue;
    }
    const next = text[++i];
    if (next === '0') break;
    // Without inserts only line ends and tabs are worked out.
    if (next === undefined) out += '%';
    else out += inserts || 'nrt'.includes(next) ? (ESCAPES[next] ?? next) : `%${next}`;
  }
  return out;
}

/** Line ends become spaces with a width of 0xff; no width leaves them. */
function sourceText(
  thread: Thread,
  form: TextForm,
  name: string,
  flags: number,
  source: number,
  id: number,
): string | typeof FAILED {
  if ((flags & FORMAT_MESSAGE_FROM_STRING) !== 0) return form.read(thread.memory, source, LONGEST_MESSAGE);
  if ((flags & FORMAT_MESSAGE_FROM_SYSTEM) !== 0) {
    const message = SYSTEM_MESSAGES.get(id);
    if (message !== undefined) return `${message}\r\n`;
    thread.fail(ERROR_MR_MID_NOT_FOUND);
  } else if ((flags & FORMAT_MESSAGE_FROM_HMODULE) !== 0) {
    thread.stop(`kernel32!${name}: FORMAT_MESSAGE_FROM_HMODULE is not built yet`);
  } else thread.fail(ERROR_INVALID_PARAMETER);
  return FAILED;
}

function formatMessage(form: TextForm, name: string) {
  return (
    thread: Thread,
    flags: number,
    source: number,
    id: number,
    _language: number,
    buffer: number,
    size: number,
    args: number,
  ): number => {
    const { memory, process } = thread;
    const text = sourceText(thread, form, name, flags, source, id);
    if (text === FAILED) return 0;
    const width = flags & MAX_WIDTH_MASK;
    if (width !== 0 && width !== MAX_WIDTH_MASK)
      return thread.stop(`kernel32!${name}: a maximum width is not built yet`);
    const ignores = (flags & FORMAT_MESSAGE_IGNORE_INSERTS) !== 0;
    const base =
      ignores || args === 0 || (flags & FORMAT_MESSAGE_ARGUMENT_ARRAY) !== 0 ? args : memory.u64(args);
    const lines = width === 0 ? text : text.replace(/ *\r?\n/g, ' ');
    const message = expand(lines, ignores ? undefined : new Inserts(thread, form, base));
    if (typeof message !== 'string') {
      if (base === 0) return thread.fail(ERROR_INVALID_PARAMETER);
      return thread.stop(`kernel32!${name}: the insert ${message.unbuilt} is not built yet`);
    }
    const units = form.encode(message).length / form.unit;
    if (units === 0) return thread.fail(0);
    if ((flags & FORMAT_MESSAGE_ALLOCATE_BUFFER) === 0) {
      if (units >= size) return thread.fail(ERROR_INSUFFICIENT_BUFFER);
      writeText(thread, form, buffer, message);
      return units;
    }
    const made = process.heaps.allocate(
      process.processHeap,
      0,
      Math.max(units + 1, Math.min(size, LONGEST_MESSAGE)) * form.unit,
    );
    if (made === 0) return thread.fail(ERROR_NOT_ENOUGH_MEMORY);
    writeText(thread, form, made, message);
    memory.setU64(buffer, made);
    return units;
  };
}

const FORMAT =
  'dwFlags: dword, lpSource: address, dwMessageId: dword, dwLanguageId: dword, lpBuffer: address, nSize: dword, Arguments: address';

/** winbase.h: message texts. */
export const messageApi = family('kernel32', PAGES, () => ({
  FormatMessageA: library(FORMAT, 'dword', formatMessage(ANSI, 'FormatMessageA')),
  FormatMessageW: library(FORMAT, 'dword', formatMessage(WIDE, 'FormatMessageW')),
}));
