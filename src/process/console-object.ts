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
  /** Functions of SetConsoleCtrlHandler, last added last. */
  readonly controlHandlers: number[] = [];
}

/**
 * The host's console or pipe behind a standard handle. A terminal is a character device, everything else a
 * pipe. Bytes pass as they are: the console's code page is UTF-8 until a program sets another, and then
 * output to a terminal is translated.
 */
export class ConsoleObject extends FileObject {
  readonly deviceType: number;
  readonly stream: 0 | 1 | 2;
  readonly state: ConsoleState;
  readonly #console: HostConsole;
  /** Input that came and that nobody has taken: a line end that was one byte and is two. */
  #held: Uint8Array = new Uint8Array(0);

  constructor(console: HostConsole, stream: 0 | 1 | 2, state: ConsoleState) {
    super(stream === 0 ? FILE_READ_DATA : FILE_WRITE_DATA);
    this.#console = console;
    this.stream = stream;
    this.state = state;
    this.deviceType = console.isTerminal(stream) ? FILE_TYPE_CHAR : FILE_TYPE_PIPE;
  }

  get isTerminal(): boolean {
    return this.deviceType === FILE_TYPE_CHAR;
  }

  read(max: number): Uint8Array | number | typeof NOT_YET {
    if (this.stream !== 0) return ERROR_ACCESS_DENIED;
    if (max === 0) return new Uint8Array(0);
    if (this.#held.length === 0) {
      const bytes = this.#console.read(max);
      if (bytes === undefined) return undefined;
      // A pipe whose writer is gone answers an error, a console that ended (Ctrl-Z) answers nothing.
      if (bytes.length === 0) return this.isTerminal ? bytes : ERROR_BROKEN_PIPE;
      this.#held = this.isTerminal ? this.#asConsoleInput(bytes) : bytes;
    }
    const taken = this.#held.subarray(0, max);
    this.#held = this.#held.subarray(taken.length);
    return taken;
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
    if (this.#held.length > 0) callback();
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
