import type { HostConsole } from '../machine/host.ts';
import { decodeText, isSingleByte, UTF8 } from './code-pages.ts';
import { ERROR_ACCESS_DENIED, ERROR_BROKEN_PIPE, ERROR_NO_DATA } from './errors.ts';
import { FILE_TYPE_CHAR, FILE_TYPE_PIPE, FileObject, type NOT_YET } from './file-object.ts';
import { FILE_READ_DATA, FILE_WRITE_DATA } from './open-files.ts';

export const ENABLE_PROCESSED_INPUT = 0x1;
export const ENABLE_LINE_INPUT = 0x2;
export const ENABLE_ECHO_INPUT = 0x4;
const INPUT_MODE = 0x1f7;
const OUTPUT_MODE = 0x3;
/** A terminal gives a line at a time: more is asked for than the reader wants, so that no character is cut. */
const LONGEST_LINE = 4096;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const CONTROL_Z = 26;

/** What the console's windows share; one for the machine's console. */
export class ConsoleState {
  inputMode = INPUT_MODE;
  outputMode = OUTPUT_MODE;
  inputCodePage = UTF8;
  outputCodePage = UTF8;
  title = '';
  /** Input that came and that nobody has taken yet. */
  held: Uint8Array = new Uint8Array(0);
  /** Functions of SetConsoleCtrlHandler, last added last. */
  readonly controlHandlers: number[] = [];
}

/**
 * The host's console or pipe behind a standard handle. A terminal is a character device, everything else a
 * pipe. Bytes pass as they are: the console's code page is UTF-8 until a program sets another, and then
 * output to a terminal is translated.
 */
export class ConsoleObject extends FileObject {
  readonly stream: 0 | 1 | 2;
  readonly state: ConsoleState;
  readonly #console: HostConsole;
  /** Undefined until somebody asks. */
  #isTerminal: boolean | undefined = undefined;

  constructor(console: HostConsole, stream: 0 | 1 | 2, state: ConsoleState) {
    super(stream === 0 ? FILE_READ_DATA : FILE_WRITE_DATA);
    this.#console = console;
    this.stream = stream;
    this.state = state;
  }

  get isTerminal(): boolean {
    return (this.#isTerminal ??= this.#console.isTerminal(this.stream));
  }
  get deviceType(): number {
    return this.isTerminal ? FILE_TYPE_CHAR : FILE_TYPE_PIPE;
  }

  read(max: number): Uint8Array | number | typeof NOT_YET {
    if (this.stream !== 0) return ERROR_ACCESS_DENIED;
    if (max === 0) return new Uint8Array(0);
    const filled = this.#fill(max);
    if (filled === undefined) return undefined;
    // A pipe whose writer is gone answers an error, a console that ended (Ctrl-Z) answers nothing.
    if (!filled) return this.isTerminal ? new Uint8Array(0) : ERROR_BROKEN_PIPE;
    return this.#take(max);
  }

  /** ReadConsoleW: at most `max` UTF-16 units, whole characters, '' at the end; at least two units are needed. */
  readText(max: number): string | number | typeof NOT_YET {
    if (this.stream !== 0) return ERROR_ACCESS_DENIED;
    const filled = this.#fill(max);
    if (!filled) return filled === undefined ? undefined : '';
    const { held, inputCodePage } = this.state;
    if (inputCodePage !== UTF8) return decodeText(inputCodePage, this.#take(max));
    let bytes = 0;
    for (let units = 0; bytes < held.length; ) {
      const length = sequenceLength(held[bytes]!);
      units += length === 4 ? 2 : 1;
      if (units > max) break;
      bytes = Math.min(bytes + length, held.length);
    }
    return new TextDecoder('utf-8', { ignoreBOM: true }).decode(this.#take(bytes));
  }

  #take(count: number): Uint8Array {
    const { state } = this;
    const taken = state.held.subarray(0, count);
    state.held = state.held.subarray(taken.length);
    return taken;
  }

  /** Has input held: true, false at its end, undefined when none has come yet. */
  #fill(max: number): boolean | undefined {
    if (this.state.held.length > 0) return true;
    const bytes = this.#console.read(this.isTerminal ? Math.max(max, LONGEST_LINE) : max);
    if (bytes === undefined) return undefined;
    this.state.held = this.isTerminal ? this.#asConsoleInput(bytes) : bytes;
    return this.state.held.length > 0;
  }

  /** A console's line ends in CR LF; a line that begins with Ctrl-Z is the end of input. */
  #asConsoleInput(bytes: Uint8Array): Uint8Array {
    if ((this.state.inputMode & ENABLE_PROCESSED_INPUT) === 0) return bytes;
    if (bytes[0] === CONTROL_Z) return new Uint8Array(0);
    const out: number[] = [];
    for (const byte of bytes) {
      if (byte === LINE_FEED && out.at(-1) !== CARRIAGE_RETURN) out.push(CARRIAGE_RETURN);
      out.push(byte);
    }
    return Uint8Array.from(out);
  }

  override whenReadable(callback: () => void): void {
    if (this.state.held.length > 0) callback();
    else this.#console.whenReadable(callback);
  }

  write(bytes: Uint8Array): number {
    this.transferred = 0;
    if (this.stream === 0) return ERROR_ACCESS_DENIED;
    const { outputCodePage } = this.state;
    const translate = this.isTerminal && outputCodePage !== UTF8 && isSingleByte(outputCodePage);
    const out = translate ? new TextEncoder().encode(decodeText(outputCodePage, bytes)) : bytes;
    if (!this.#console.write(this.stream, out)) return ERROR_NO_DATA;
    this.transferred = bytes.length;
    return 0;
  }

  /** WriteConsoleW: text instead of bytes. */
  writeText(text: string): number {
    if (this.stream === 0) return ERROR_ACCESS_DENIED;
    return this.#console.write(this.stream, new TextEncoder().encode(text)) ? 0 : ERROR_NO_DATA;
  }
}

/** Bytes of the UTF-8 sequence that a byte begins; 1 for a byte that begins none. */
function sequenceLength(lead: number): number {
  if (lead < 0xc2 || lead > 0xf4) return 1;
  return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}
