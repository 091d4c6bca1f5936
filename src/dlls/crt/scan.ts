import type { GuestMemory } from '../../memory/guest-memory.ts';
import { type Arguments, takeAddress, takeInt } from './arguments.ts';
import { parseFloating } from './float-parse.ts';
import { bitsOfDouble } from './float-text.ts';
import { digitValue, isSpace, parseInteger } from './number-parse.ts';

/**
 * scanf's reading, as https://learn.microsoft.com/cpp/c-runtime-library/format-specification-fields-scanf-and-wscanf-functions
 * describes it. It is a generator because input may have to be waited for: it yields, and goes on when resumed.
 */
export const END = -1;
export const LATER = -2;

/** Where the rules of runtimes and functions differ. */
export interface ScanRules {
  readonly wide: boolean;
  /** The _s forms: the size of its buffer follows each %s, %c and %[. */
  readonly secure: boolean;
  /** Hexadecimal numbers, inf and nan are read as floating-point numbers. */
  readonly c99: boolean;
  /** %s in a wide format is wide. */
  readonly wideStrings: boolean;
}

/** Where characters come from. */
export interface Input {
  /** The next character, END, or LATER. */
  peek(): number;
  /** Takes the character that peek() answered. */
  advance(): void;
}

type Scan<T> = Generator<undefined, T, undefined>;

interface Field {
  suppress: boolean;
  width: number;
  size: string;
  conversion: string;
  /** Members of %[…], by character. */
  set: Set<number> | undefined;
  inverted: boolean;
  end: number;
}

/** Why a field ends the call. */
type Outcome = 'stored' | 'skipped' | 'mismatch' | 'end';

class Scanner {
  readonly memory: GuestMemory;
  readonly input: Input;
  readonly rules: ScanRules;
  consumed = 0;

  constructor(memory: GuestMemory, input: Input, rules: ScanRules) {
    this.memory = memory;
    this.input = input;
    this.rules = rules;
  }

  *peek(): Scan<number> {
    for (;;) {
      const character = this.input.peek();
      if (character !== LATER) return character;
      yield;
    }
  }
  take(): void {
    this.input.advance();
    this.consumed++;
  }

  *skipSpace(): Scan<number> {
    for (;;) {
      const character = yield* this.peek();
      if (!isSpace(character)) return character;
      this.take();
    }
  }

  /** Takes characters while `accept` wants them, at most `width`. */
  *collect(width: number, accept: (character: number, soFar: string) => boolean): Scan<string> {
    let text = '';
    while (text.length < width) {
      const character = yield* this.peek();
      if (character === END || !accept(character, text)) break;
      text += String.fromCharCode(character);
      this.take();
    }
    return text;
  }
}

/** Runs a format over the input; returns the number of fields stored, or -1 for an end before the first. */
export function* scanText(
  memory: GuestMemory,
  input: Input,
  format: string,
  args: Arguments,
  rules: ScanRules,
): Scan<number> {
  const scanner = new Scanner(memory, input, rules);
  let stored = 0;
  let at = 0;
  while (at < format.length) {
    const code = format.charCodeAt(at);
    if (isSpace(code)) {
      at++;
      yield* scanner.skipSpace();
      continue;
    }
    let outcome: Outcome;
    if (code !== PERCENT || format.charCodeAt(at + 1) === PERCENT) {
      at += code === PERCENT ? 2 : 1;
      outcome = yield* literal(scanner, code);
    } else {
      const field = parseField(format, at + 1);
      at = field.end;
      outcome = yield* scanField(scanner, field, args);
    }
    if (outcome === 'stored') stored++;
    if (outcome === 'end') return stored === 0 ? END : stored;
    if (outcome === 'mismatch') return stored;
  }
  return stored;
}

const PERCENT = 0x25;

function* literal(scanner: Scanner, code: number): Scan<Outcome> {
  const character = yield* scanner.peek();
  if (character === END) return 'end';
  if (character !== code) return 'mismatch';
  scanner.take();
  return 'skipped';
}

function parseField(format: string, start: number): Field {
  const field: Field = {
    suppress: false,
    width: 0,
    size: '',
    conversion: '',
    set: undefined,
    inverted: false,
    end: start,
  };
  if (format[field.end] === '*') {
    field.suppress = true;
    field.end++;
  }
  while (format[field.end] !== undefined && /[0-9]/.test(format[field.end]!)) {
    field.width = Math.min(field.width * 10 + Number(format[field.end++]), 0x7fff_ffff);
  }
  const size = /^(?:I64|I32|I|hh|h|ll|l|L|w|z|t|j)/.exec(format.slice(field.end, field.end + 3))?.[0] ?? '';
  field.end += size.length;
  field.size = { I64: 'll', I32: '', I: 'll', hh: 'hh', z: 'll', t: 'll', j: 'll' }[size] ?? size;
  field.conversion = format[field.end++] ?? '';
  if (field.conversion === '[') parseSet(format, field);
  return field;
}

/** %[abc], %[^abc], %[]abc], ranges a-z. */
function parseSet(format: string, field: Field): void {
  const members = new Set<number>();
  field.set = members;
  if (format[field.end] === '^') {
    field.inverted = true;
    field.end++;
  }
  for (let first = true; field.end < format.length && (first || format[field.end] !== ']'); first = false) {
    const low = format.charCodeAt(field.end++);
    const ranges =
      format[field.end] === '-' && format[field.end + 1] !== ']' && field.end + 1 < format.length;
    let high = low;
    if (ranges) {
      high = format.charCodeAt(field.end + 1);
      field.end += 2;
    }
    for (let code = Math.min(low, high); code <= Math.max(low, high); code++) members.add(code);
  }
  field.end++;
}

function* scanField(scanner: Scanner, field: Field, args: Arguments): Scan<Outcome> {
  switch (field.conversion) {
    case 'd':
    case 'u':
      return yield* scanInteger(scanner, field, args, 10);
    case 'i':
      return yield* scanInteger(scanner, field, args, 0);
    case 'o':
      return yield* scanInteger(scanner, field, args, 8);
    case 'x':
    case 'X':
      return yield* scanInteger(scanner, field, args, 16);
    case 'p':
      field.size = 'll';
      return yield* scanInteger(scanner, field, args, 16);
    case 'e':
    case 'E':
    case 'f':
    case 'g':
    case 'G':
    case 'a':
    case 'A':
      return yield* scanDouble(scanner, field, args);
    case 's':
    case 'S':
    case 'c':
    case 'C':
    case '[':
      return yield* scanString(scanner, field, args);
    case 'n':
      if (!field.suppress) storeInteger(scanner.memory, takeAddress(args), field.size, scanner.consumed, 0);
      return 'skipped';
    default:
      return yield* literal(scanner, field.conversion === '' ? PERCENT : field.conversion.charCodeAt(0));
  }
}

const UNBOUNDED = Number.MAX_SAFE_INTEGER;

function isSign(character: number): boolean {
  return character === 0x2b || character === 0x2d;
}

/** The text of an integer grows character by character, as only one can be given back. */
function acceptsInteger(base: number): (character: number, soFar: string) => boolean {
  return (character, soFar) => {
    const digits = soFar.replace(/^[+-]/, '');
    if (soFar === '' && isSign(character)) return true;
    const hexadecimal = base === 16 || (base === 0 && /^0x/i.test(digits));
    if ((character | 0x20) === 0x78) return digits === '0' && (base === 16 || base === 0);
    const actual = hexadecimal ? 16 : base === 0 ? (digits.startsWith('0') ? 8 : 10) : base;
    return digitValue(character) < actual;
  };
}

function* scanInteger(scanner: Scanner, field: Field, args: Arguments, base: number): Scan<Outcome> {
  if ((yield* scanner.skipSpace()) === END) return 'end';
  const text = yield* scanner.collect(field.width || UNBOUNDED, acceptsInteger(base));
  const parsed = parseInteger((i) => text.charCodeAt(i), base);
  if (parsed.length === 0) return 'mismatch';
  if (field.suppress) return 'skipped';
  const negate = parsed.negative;
  const low = negate ? -parsed.low >>> 0 : parsed.low;
  const high = negate ? (~parsed.high + (parsed.low === 0 ? 1 : 0)) >>> 0 : parsed.high;
  storeInteger(scanner.memory, takeAddress(args), field.size, low, high);
  return 'stored';
}

function storeInteger(memory: GuestMemory, address: number, size: string, low: number, high: number): void {
  if (size === 'll') memory.setHalves(address, low, high);
  else if (size === 'hh') memory.setU8(address, low);
  else if (size === 'h') memory.setU16(address, low);
  else memory.setU32(address, low);
}

/** What can still become a number: sign, digits with one point, exponent. */
const DECIMAL = /^[+-]?(?:\d*\.?\d*|(?:\d+\.?\d*|\.\d+)[eE][+-]?\d*)$/;
const HEXADECIMAL =
  /^[+-]?0[xX](?:[0-9a-fA-F]*\.?[0-9a-fA-F]*|(?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?\d*)$/;
const SPECIAL =
  /^[+-]?(?:i(?:n(?:f(?:i(?:n(?:i(?:t(?:y)?)?)?)?)?)?)?|n(?:a(?:n(?:\((?:[a-z0-9_]*\)?)?)?)?)?)$/i;

function acceptsDouble(c99: boolean): (character: number, soFar: string) => boolean {
  return (character, soFar) => {
    const candidate = soFar + String.fromCharCode(character);
    return DECIMAL.test(candidate) || (c99 && (HEXADECIMAL.test(candidate) || SPECIAL.test(candidate)));
  };
}

function* scanDouble(scanner: Scanner, field: Field, args: Arguments): Scan<Outcome> {
  if ((yield* scanner.skipSpace()) === END) return 'end';
  const { c99 } = scanner.rules;
  const text = yield* scanner.collect(field.width || UNBOUNDED, acceptsDouble(c99));
  const double = field.size.toLowerCase().startsWith('l');
  const { value, length } = parseFloating(text, c99, !double);
  // The beginning of a number ("1e", "-.") is none, and an end of input there counts as that.
  if (length === 0 || length < text.length) return (yield* scanner.peek()) === END ? 'end' : 'mismatch';
  if (field.suppress) return 'skipped';
  const address = takeAddress(args);
  if (double) {
    const { low, high } = bitsOfDouble(value);
    scanner.memory.setHalves(address, low, high);
  } else {
    single.setFloat32(0, value);
    scanner.memory.setU32(address, single.getUint32(0));
  }
  return 'stored';
}

const single = new DataView(new ArrayBuffer(4));

function isWideField(field: Field, { wide, wideStrings }: ScanRules): boolean {
  if (field.size === 'h' || field.size === 'hh') return false;
  if (field.size === 'l' || field.size === 'll' || field.size === 'w') return true;
  const native = wide && wideStrings;
  return field.conversion === 'S' || field.conversion === 'C' ? !native : native;
}

function acceptsString(field: Field): (character: number) => boolean {
  const { set, inverted } = field;
  if (set) return (character) => set.has(character) !== inverted;
  return field.conversion.toLowerCase() === 'c' ? () => true : (character) => !isSpace(character);
}

/** Characters are stored one by one, as they come. */
function* scanString(scanner: Scanner, field: Field, args: Arguments): Scan<Outcome> {
  const single = field.conversion.toLowerCase() === 'c';
  const first = field.conversion.toLowerCase() === 's' ? yield* scanner.skipSpace() : yield* scanner.peek();
  if (first === END) return 'end';
  const address = field.suppress ? 0 : takeAddress(args);
  const room = field.suppress || !scanner.rules.secure ? UNBOUNDED : takeInt(args) >>> 0;
  const wide = isWideField(field, scanner.rules);
  const accept = acceptsString(field);
  const width = field.width || (single ? 1 : UNBOUNDED);
  let count = 0;
  for (; count < width; count++) {
    const character = yield* scanner.peek();
    if (character === END || !accept(character)) break;
    if (count + (single ? 0 : 1) >= room) return tooLong(scanner, address, room, wide);
    if (!field.suppress) storeCharacter(scanner.memory, address, count, character, wide);
    scanner.take();
  }
  if (count === 0) return 'mismatch';
  if (field.suppress) return 'skipped';
  if (!single) storeCharacter(scanner.memory, address, count, 0, wide);
  return 'stored';
}

/** A buffer of an _s form that is too small is left empty, and ends the call. */
function tooLong(scanner: Scanner, address: number, room: number, wide: boolean): Outcome {
  if (room > 0) storeCharacter(scanner.memory, address, 0, 0, wide);
  return 'mismatch';
}

function storeCharacter(
  memory: GuestMemory,
  address: number,
  index: number,
  character: number,
  wide: boolean,
): void {
  if (wide) memory.setU16(address + index * 2, character);
  else memory.setU8(address + index, character);
}
