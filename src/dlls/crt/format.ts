import type { GuestMemory } from '../../memory/guest-memory.ts';
import { type Arguments, takeAddress, takeInt } from './arguments.ts';
import { floatText } from './format-float.ts';
import { signedText, unsignedText } from './format-integer.ts';
import { readNarrow, readWide } from './text.ts';

/**
 * printf's formatting, as
 * https://learn.microsoft.com/cpp/c-runtime-library/format-specification-syntax-printf-and-wprintf-functions
 * describes it for msvcrt. Narrow and wide formats give text of their own kind (text.ts).
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

/** The formatted text, or undefined where a character has no place in the output or the text gets too long. */
export function formatText(
  memory: GuestMemory,
  format: string,
  args: Arguments,
  wide: boolean,
): string | undefined {
  let out = '';
  let at = 0;
  while (at < format.length) {
    const percent = format.indexOf('%', at);
    if (percent < 0) return out + format.slice(at);
    out += format.slice(at, percent);
    if (format[percent + 1] === '%') {
      out += '%';
      at = percent + 2;
      continue;
    }
    const spec = parseSpecification(format, percent + 1, args);
    at = spec.end;
    if (Math.max(spec.width, spec.precision) + out.length > LONGEST_RESULT) return undefined;
    const piece =
      spec.conversion === 'n'
        ? storeCount(memory, spec, args, out.length)
        : convert(memory, spec, args, wide);
    if (piece === undefined || piece.length + out.length > LONGEST_RESULT) return undefined;
    out += piece;
  }
  return out;
}

const FLAGS: Readonly<Record<string, 'left' | 'plus' | 'space' | 'alternate' | 'zero'>> = {
  '-': 'left',
  '+': 'plus',
  ' ': 'space',
  '#': 'alternate',
  '0': 'zero',
};

function parseSpecification(format: string, start: number, args: Arguments): Specification {
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
  for (let flag = FLAGS[format[spec.end]!]; flag; flag = FLAGS[format[++spec.end]!]) spec[flag] = true;
  spec.width = parseNumber(format, spec, args);
  if (spec.width < 0) {
    spec.left = true;
    spec.width = -spec.width;
  }
  if (format[spec.end] === '.') {
    spec.end++;
    spec.precision = Math.max(parseNumber(format, spec, args), -1);
  }
  parseSize(format, spec);
  spec.conversion = format[spec.end] ?? '';
  if (spec.end < format.length) spec.end++;
  return spec;
}

function isDigit(character: string | undefined): boolean {
  return character !== undefined && character >= '0' && character <= '9';
}

/** Digits, or an argument for "*"; 0 when neither is there. */
function parseNumber(format: string, spec: Specification, args: Arguments): number {
  if (format[spec.end] === '*') {
    spec.end++;
    return takeInt(args);
  }
  let value = 0;
  while (isDigit(format[spec.end])) value = Math.min(value * 10 + Number(format[spec.end++]), 0x7fff_ffff);
  return value;
}

/** Size prefixes; F and N are leftovers of 16-bit compilers that still are read over. */
function parseSize(format: string, spec: Specification): void {
  for (;;) {
    const two = format.slice(spec.end, spec.end + 3);
    if (two === 'I64' || two === 'I32') {
      spec.size = two === 'I64' ? 'll' : '';
      spec.end += 3;
      continue;
    }
    const character = format[spec.end];
    if (character === undefined || !'hlwLIFNztj'.includes(character)) return;
    if (character === 'l') spec.size = spec.size === 'l' ? 'll' : 'l';
    else if ('Iztj'.includes(character)) spec.size = 'll';
    else if (character !== 'F' && character !== 'N') spec.size = character;
    spec.end++;
  }
}

function convert(
  memory: GuestMemory,
  spec: Specification,
  args: Arguments,
  wide: boolean,
): string | undefined {
  switch (spec.conversion) {
    case 'd':
    case 'i':
      return signedInteger(spec, args);
    case 'u':
      return unsignedInteger(spec, args, 10, '');
    case 'o':
      return unsignedInteger(spec, args, 8, '0');
    case 'x':
      return unsignedInteger(spec, args, 16, '0x');
    case 'X':
      return unsignedInteger(spec, args, 16, '0x').toUpperCase();
    case 'p':
      spec.size = 'll';
      spec.precision = 16;
      return unsignedInteger(spec, args, 16, '0x').toUpperCase();
    case 'c':
    case 'C':
      return character(spec, args, wide);
    case 's':
    case 'S':
      return string(memory, spec, args, wide);
    case '%':
      return '';
    default:
      return 'eEfgGaA'.includes(spec.conversion) && spec.conversion !== ''
        ? float(spec, args)
        : spec.conversion;
  }
}

function isWideArgument(spec: Specification, wide: boolean): boolean {
  if (spec.size === 'h') return false;
  if (spec.size.startsWith('l') || spec.size === 'w') return true;
  return spec.conversion === 's' || spec.conversion === 'c' ? wide : !wide;
}

function character(spec: Specification, args: Arguments, wide: boolean): string | undefined {
  args.take();
  const code = isWideArgument(spec, wide) ? args.low & 0xffff : args.low & 0xff;
  if (!wide && code > 0xff) return undefined;
  return pad(spec, '', String.fromCharCode(code), spec.zero);
}

function string(
  memory: GuestMemory,
  spec: Specification,
  args: Arguments,
  wide: boolean,
): string | undefined {
  const address = takeAddress(args);
  const limit = spec.precision < 0 ? undefined : spec.precision;
  let text = '(null)';
  if (address !== 0)
    text = isWideArgument(spec, wide) ? readWide(memory, address, limit) : readNarrow(memory, address, limit);
  if (limit !== undefined) text = text.slice(0, limit);
  if (!wide && hasWideCharacter(text)) return undefined;
  return pad(spec, '', text, spec.zero);
}

/** The "C" locale has bytes for the characters up to U+00FF and no others. */
export function hasWideCharacter(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return true;
  return false;
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

function signedInteger(spec: Specification, args: Arguments): string {
  args.take();
  if (spec.size === 'll') {
    const { negative, digits } = signedText(args.low, args.high);
    return padInteger(spec, signOf(spec, negative), digits);
  }
  const value = spec.size === 'h' ? (args.low << 16) >> 16 : args.low | 0;
  return padInteger(spec, signOf(spec, value < 0), String(Math.abs(value)));
}

function unsignedInteger(spec: Specification, args: Arguments, base: number, prefix: string): string {
  args.take();
  const high = spec.size === 'll' ? args.high : 0;
  const low = spec.size === 'h' ? args.low & 0xffff : args.low;
  const digits = unsignedText(low, high, base);
  if (!spec.alternate || prefix === '') return padInteger(spec, '', digits);
  if (base === 8) return padInteger(spec, '', digits === '0' ? digits : prefix + digits);
  return padInteger(spec, digits === '0' && spec.conversion !== 'p' ? '' : prefix, digits);
}

function float(spec: Specification, args: Arguments): string {
  args.take();
  const text = floatText(spec.conversion, args.low, args.high, spec.precision, spec.alternate);
  const sign = signOf(spec, args.high >= 0x8000_0000);
  const hexadecimal = text.startsWith('0x') || text.startsWith('0X');
  if (!hexadecimal) return pad(spec, sign, text, spec.zero);
  return pad(spec, sign + text.slice(0, 2), text.slice(2), spec.zero);
}

function storeCount(memory: GuestMemory, spec: Specification, args: Arguments, count: number): string {
  const address = takeAddress(args);
  if (spec.size === 'll') memory.setU64(address, count);
  else if (spec.size === 'h') memory.setU16(address, count);
  else memory.setU32(address, count);
  return '';
}
