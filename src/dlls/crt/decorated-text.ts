/**
 * A name as Visual C++ decorates it, while it is read. The program may have made it up: how deep it nests, how long
 * what comes of it gets, and how much is made on the way are bounded.
 */

/** The text is no decorated name, or one that is nested or repeated beyond all that a compiler writes. */
export class NotDecorated {}

/** Compilers write a hash in place of a name of more than 4,095 characters. */
export const LONGEST_NAME = 0x10000;
const DEEPEST = 200;
const MOST_MADE = 0x400000;
/** A digit refers to what was written before. */
const REFERENCES = 10;
const HEX_DIGITS = 16;

/** What digits mean. A template has meanings of its own. */
export interface References {
  readonly names: string[];
  /** Types of function parameters that took more than one character. */
  readonly parameters: string[];
  /** Likewise of template arguments. */
  readonly templateArguments: string[];
}

const noReferences = (): References => ({ names: [], parameters: [], templateArguments: [] });

export class DecoratedText {
  references = noReferences();
  readonly #text: string;
  #at = 0;
  #depth = 0;
  #made = 0;

  constructor(text: string) {
    if (text.length > LONGEST_NAME) throw new NotDecorated();
    this.#text = text;
  }

  get at(): number {
    return this.#at;
  }
  get ended(): boolean {
    return this.#at === this.#text.length;
  }
  /** The next character or the one `ahead` of it; empty behind the end. */
  peek(ahead = 0): string {
    return this.#text.charAt(this.#at + ahead);
  }
  take(): string {
    if (this.ended) throw new NotDecorated();
    return this.#text.charAt(this.#at++);
  }
  /** Whether this comes next; it is then behind us. */
  skip(expected: string): boolean {
    if (!this.#text.startsWith(expected, this.#at)) return false;
    this.#at += expected.length;
    return true;
  }
  expect(expected: string): void {
    if (!this.skip(expected)) throw new NotDecorated();
  }

  /** Letters that end with an @. */
  source(): string {
    const end = this.#text.indexOf('@', this.#at);
    if (end <= this.#at) throw new NotDecorated();
    const source = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return source;
  }

  /** 1 to 10 is a digit, others are hexadecimal digits A to P and an @. */
  number(): string {
    const sign = this.skip('?') ? '-' : '';
    if (isDigit(this.peek())) return `${sign}${Number(this.take()) + 1}`;
    let value = 0n;
    let digits = 0;
    for (; !this.skip('@'); digits++) {
      const digit = this.take().charCodeAt(0) - 0x41;
      if (digit < 0 || digit > 15 || digits === HEX_DIGITS) throw new NotDecorated();
      value = value * 16n + BigInt(digit);
    }
    if (digits === 0) throw new NotDecorated();
    return `${sign}${value}`;
  }

  /** What a digit refers to; undefined where there is no digit. */
  reference(list: readonly string[]): string | undefined {
    if (!isDigit(this.peek())) return undefined;
    const meant = list[Number(this.take())];
    if (meant === undefined) throw new NotDecorated();
    return this.made(meant);
  }
  /** Only as many as there are digits. */
  remember(list: string[], text: string): void {
    if (list.length < REFERENCES) list.push(text);
  }

  /** Reads with meanings of digits that begin and end here. */
  withOwnReferences<T>(read: () => T): T {
    const outer = this.references;
    this.references = noReferences();
    const result = read();
    this.references = outer;
    return result;
  }

  /** Reads what may hold more of its kind. */
  nested<T>(read: () => T): T {
    if (++this.#depth > DEEPEST) throw new NotDecorated();
    const result = read();
    this.#depth--;
    return result;
  }

  /** Counts a text that was put together. */
  made(text: string): string {
    this.#made += text.length;
    if (text.length > LONGEST_NAME || this.#made > MOST_MADE) throw new NotDecorated();
    return text;
  }
}

export function isDigit(character: string): boolean {
  return character >= '0' && character <= '9';
}
