import type { GuestMemory } from '../../memory/guest-memory.ts';
import { type Arguments, takeAddress, takeInt } from './arguments.ts';
import type { Dialect } from './dialect.ts';
import { floatText } from './format-float.ts';
import { signedText, unsignedText } from './format-integer.ts';
import { narrow, narrowUpTo, widen } from './locale-text.ts';
import { narrowText, readNarrow, readWide, wideText } from './text.ts';

/**
 * printf's formatting, as
 * https://learn.microsoft.com/cpp/c-runtime-library/format-specification-syntax-printf-and-wprintf-functions
 * describes it; where runtimes differ a Dialect says what holds. Narrow and wide formats give text of their own kind
 * (text.ts).
 */

/** Longer results are refused: no program prints so much at once, a forged width does. */
export const LONGEST_RESULT = 0x1000_0000;

/** One conversion specification. */
interface Specification {
  left: boolean;
  plus: boolean;
  space: boolean;
  alternate: boolean;
  zero: boolean;
  width: number;
  /** -1: none given. */
  precision: number;
  size: string;
  conversion: string;
  /** Index behind the specification. */
  end: number;
}

/** What a call of printf works with. */
interface Job {
  readonly memory: GuestMemory;
  readonly args: Arguments;
  readonly wide: boolean;
  readonly dialect: Dialect;
}

/** Why there is no text: a character has no place in the output, or the format or the length is not allowed. */
export type FormatError = 'unmappable' | 'invalid';

/** The formatted text, or why there is none. */
export function formatText(
  memory: GuestMemory,
  format: string,
  args: Arguments,
  wide: boolean,
  dialect: Dialect,
): { readonly text: string; readonly error?: undefined } | { readonly error: FormatError } {
  const job = { memory, args, wide, dialect };
  let out = '';
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf('%', at);
    if (percent < 0) return { text: out + format.slice(at) };
    out += format.slice(at, percent);
    if (format[percent + 1] === '%') {
      out += '%';
      at = percent + 2;
      continue;
    }
    const spec = parseSpecification(format, percent + 1, job);
    at = spec.end;
    if (Math.max(spec.width, spec.precision) + out.length > LONGEST_RESULT) return { error: 'invalid' };
    if (spec.conversion === 'n' && !dialect.counts) return { error: 'invalid' };
    const piece = spec.conversion === 'n' ? storeCount(job, spec, out.length) : convert(job, spec);
    if (piece === undefined) return { error: 'unmappable' };
    if (piece.length + out.length > LONGEST_RESULT) return { error: 'invalid' };
    out += piece;
  }
  return { text: out };
}

const FLAGS: Readonly<Record<string, 'left' | 'plus' | 'space' | 'alternate' | 'zero'>> = {
  '-': 'left',
  '+': 'plus',
  ' ': 'space',
  '#': 'alternate',
  '0': 'zero',
};

function parseSpecification(format: string, start: number, job: Job): Specification {
  const spec: Specification = {
    left: false,
    plus: false,
    space: false,
    alternate: false,
    zero: false,
    width: 0,
    precision: -1,
    size: '',
    conversion: '',
    end: start,
  };
  const position = job.dialect.positional ? takePosition(format, spec) : 0;
  for (let flag = FLAGS[format[spec.end]!]; flag; flag = FLAGS[format[++spec.end]!]) spec[flag] = true;
  spec.width = parseNumber(format, spec, job);
  if (spec.width < 0) {
    spec.left = true;
    spec.width = -spec.width;
  }
  if (format[spec.end] === '.') {
    spec.end++;
    spec.precision = Math.max(parseNumber(format, spec, job), -1);
  }
  parseSize(format, spec, job.dialect);
  if (position > 0) job.args.moveTo(position - 1);
  spec.conversion = format[spec.end] ?? '';
  if (spec.end < format.length) spec.end++;
  return spec;
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

/** The n of "n$", or 0 when there is none. */
function takePosition(format: string, spec: Specification): number {
  let end = spec.end;
  while (isDigit(format[end])) end++;
  if (end === spec.end || format[end] !== '$') return 0;
  const position = Number(format.slice(spec.end, end));
  spec.end = end + 1;
  return Math.min(position, 0xffff);
}

/** Digits, or an argument for "*"; 0 when neither is there. */
function parseNumber(format: string, spec: Specification, { args, dialect }: Job): number {
  if (format[spec.end] === '*') {
    spec.end++;
    const position = dialect.positional ? takePosition(format, spec) : 0;
    if (position > 0) args.moveTo(position - 1);
    return takeInt(args);
  }
  let value = 0;
  while (isDigit(format[spec.end])) value = Math.min(value * 10 + Number(format[spec.end++]), 0x7fff_ffff);
  return value;
}

/** Size prefixes; in msvcrt F and N are leftovers of 16-bit compilers that still are read over. */
function parseSize(format: string, spec: Specification, { c99 }: Dialect): void {
  for (;;) {
    const two = format.slice(spec.end, spec.end + 3);
    if (two === 'I64' || two === 'I32') {
      spec.size = two === 'I64' ? 'll' : '';
      spec.end += 3;
      continue;
    }
    const character = format[spec.end];
    if (character === undefined || !(c99 ? 'hlwLIztj' : 'hlwLIFNztj').includes(character)) return;
    if (character === 'l') spec.size = spec.size === 'l' ? 'll' : 'l';
    else if (character === 'h') spec.size = spec.size === 'h' ? 'hh' : 'h';
    else if ('Iztj'.includes(character)) spec.size = 'll';
    else if (character !== 'F' && character !== 'N') spec.size = character;
    spec.end++;
  }
}

function convert(job: Job, spec: Specification): string | undefined {
  switch (spec.conversion) {
    case 'd':
    case 'i':
      return signedInteger(job, spec);
    case 'u':
      return unsignedInteger(job, spec, 10, '');
    case 'o':
      return unsignedInteger(job, spec, 8, '0');
    case 'x':
      return unsignedInteger(job, spec, 16, '0x');
    case 'X':
      return unsignedInteger(job, spec, 16, '0x').toUpperCase();
    case 'p':
      spec.size = 'll';
      spec.precision = 16;
      return unsignedInteger(job, spec, 16, '0x').toUpperCase();
    case 'c':
    case 'C':
      return character(job, spec);
    case 's':
    case 'S':
      return string(job, spec);
    case 'Z':
      return countedString(job, spec);
    case '%':
      return '';
    default:
      return isFloat(spec.conversion, job.dialect) ? float(job, spec) : spec.conversion;
  }
}

function isFloat(conversion: string, { c99 }: Dialect): boolean {
  return conversion !== '' && (c99 ? 'eEfFgGaA' : 'eEfgGaA').includes(conversion);
}

function isWideArgument(spec: Specification, { wide, dialect }: Job): boolean {
  if (spec.size.startsWith('h')) return false;
  if (spec.size.startsWith('l') || spec.size === 'w') return true;
  const plain = spec.conversion === 's' || spec.conversion === 'c';
  const native = wide && dialect.wideStrings;
  return plain ? native : !native;
}

function character(job: Job, spec: Specification): string | undefined {
  job.args.take();
  const wideArgument = isWideArgument(spec, job);
  const code = job.args.low & (wideArgument ? 0xffff : 0xff);
  const text = transcribe(job, String.fromCharCode(code), wideArgument, undefined);
  return text === undefined ? undefined : pad(spec, '', text, spec.zero);
}

/** Text of the argument's kind as text of the output's, at most `limit` characters of it. */
function transcribe(
  { wide, dialect }: Job,
  text: string,
  wideArgument: boolean,
  limit: number | undefined,
): string | undefined {
  if (wide === wideArgument) return text.slice(0, limit);
  if (wide) return widen(dialect.codePage, text).slice(0, limit);
  return limit === undefined ? narrow(dialect.codePage, text) : narrowUpTo(dialect.codePage, text, limit);
}

function string(job: Job, spec: Specification): string | undefined {
  const address = takeAddress(job.args);
  const limit = spec.precision < 0 ? undefined : spec.precision;
  if (address === 0) return pad(spec, '', '(null)'.slice(0, limit), spec.zero);
  const wideArgument = isWideArgument(spec, job);
  const read = wideArgument ? readWide : readNarrow;
  const text = transcribe(job, read(job.memory, address, limit), wideArgument, limit);
  return text === undefined ? undefined : pad(spec, '', text, spec.zero);
}

/** %Z: an ANSI_STRING (or, wide, a UNICODE_STRING) of a length in bytes. */
function countedString(job: Job, spec: Specification): string | undefined {
  const { memory } = job;
  const address = takeAddress(job.args);
  const wideArgument = isWideArgument({ ...spec, conversion: 's' }, job);
  const buffer = address === 0 ? 0 : memory.u64(address + 8);
  if (buffer === 0) return pad(spec, '', '(null)', spec.zero);
  const bytes = memory.bytes(buffer, memory.u16(address));
  const text = transcribe(job, wideArgument ? wideText(bytes) : narrowText(bytes), wideArgument, undefined);
  return text === undefined ? undefined : pad(spec, '', text, spec.zero);
}

function pad(spec: Specification, sign: string, digits: string, zeros: boolean): string {
  const length = sign.length + digits.length;
  if (length >= spec.width) return sign + digits;
  if (spec.left) return (sign + digits).padEnd(spec.width);
  if (zeros) return sign + digits.padStart(spec.width - sign.length, '0');
  return (sign + digits).padStart(spec.width);
}

/** Precision is the least number of digits; given, it switches the flag 0 off (documented). */
function padInteger(spec: Specification, sign: string, digits: string): string {
  if (spec.precision === 0 && digits === '0') digits = '';
  return pad(spec, sign, digits.padStart(spec.precision, '0'), spec.zero && spec.precision < 0);
}

function signOf(spec: Specification, negative: boolean): string {
  return negative ? '-' : spec.plus ? '+' : spec.space ? ' ' : '';
}

function signedInteger({ args, dialect }: Job, spec: Specification): string {
  args.take();
  if (spec.size === 'll') {
    const { negative, digits } = signedText(args.low, args.high);
    return padInteger(spec, signOf(spec, negative), digits);
  }
  const bits = narrowBits(spec, dialect);
  const value = (args.low << (32 - bits)) >> (32 - bits);
  return padInteger(spec, signOf(spec, value < 0), String(Math.abs(value)));
}

/** Bits of an int argument that count; msvcrt knows no hh. */
function narrowBits(spec: Specification, { c99 }: Dialect): number {
  if (spec.size === 'hh') return c99 ? 8 : 16;
  return spec.size === 'h' ? 16 : 32;
}

function unsignedInteger({ args, dialect }: Job, spec: Specification, base: number, prefix: string): string {
  args.take();
  const high = spec.size === 'll' ? args.high : 0;
  const low = (args.low & (2 ** narrowBits(spec, dialect) - 1)) >>> 0;
  const digits = unsignedText(low, high, base);
  if (!spec.alternate || prefix === '') return padInteger(spec, '', digits);
  if (base === 8) return padInteger(spec, '', digits === '0' ? digits : prefix + digits);
  return padInteger(spec, digits === '0' && spec.conversion !== 'p' ? '' : prefix, digits);
}

function float({ args, dialect }: Job, spec: Specification): string {
  args.take();
  const text = floatText(spec.conversion, args.low, args.high, spec.precision, spec.alternate, dialect);
  const sign = signOf(spec, args.high >= 0x8000_0000);
  if (dialect.c99 && /^[IiNn]/.test(text)) return pad(spec, sign, text, false);
  const hexadecimal = text.startsWith('0x') || text.startsWith('0X');
  if (!hexadecimal) return pad(spec, sign, text, spec.zero);
  return pad(spec, sign + text.slice(0, 2), text.slice(2), spec.zero);
}

function storeCount({ memory, args }: Job, spec: Specification, count: number): string {
  const address = takeAddress(args);
  if (spec.size === 'll') memory.setU64(address, count);
  else if (spec.size === 'hh') memory.setU8(address, count);
  else if (spec.size === 'h') memory.setU16(address, count);
  else memory.setU32(address, count);
  return '';
}
