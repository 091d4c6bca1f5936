import type { GuestMemory } from '../../memory/guest-memory.ts';
import { Pending, type Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { type Arguments, CallArguments, ListArguments } from './arguments.ts';
import { dataAddress } from './data.ts';
import { failInvalid } from './invalid.ts';
import { END, type Input, LATER, type ScanRules, scanText } from './scan.ts';
import { threadData } from './state.ts';
import { fillStream, isReadable, takeRead } from './stream.ts';
import { FILE } from './stream-table.ts';
import { readText } from './text.ts';

/** A stream; waiting for it parks the thread. */
class StreamInput implements Input {
  readonly #thread: Thread;
  readonly #file: number;

  constructor(thread: Thread, file: number) {
    this.#thread = thread;
    this.#file = file;
  }
  peek(): number {
    const { memory } = this.#thread;
    if (!isReadable(this.#thread, this.#file)) {
      const filled = fillStream(this.#thread, this.#file);
      if (filled < 0) return this.#thread.pending === Pending.park ? LATER : END;
    }
    return memory.u8(memory.u64(this.#file + FILE.ptr));
  }
  advance(): void {
    takeRead(this.#thread, this.#file, 1);
  }
}

/** A string, up to its zero or `limit` characters. */
class TextInput implements Input {
  readonly #memory: GuestMemory;
  readonly #wide: boolean;
  readonly #end: number;
  #at: number;

  constructor(memory: GuestMemory, address: number, wide: boolean, limit = Number.MAX_SAFE_INTEGER) {
    this.#memory = memory;
    this.#wide = wide;
    this.#at = address;
    this.#end = address + limit * (wide ? 2 : 1);
  }
  peek(): number {
    if (this.#at >= this.#end) return END;
    const character = this.#wide ? this.#memory.u16(this.#at) : this.#memory.u8(this.#at);
    return character === 0 ? END : character;
  }
  advance(): void {
    this.#at += this.#wide ? 2 : 1;
  }
}

/** Starts or goes on with a scan; one that must wait is kept on the thread, which calls again. */
function advance(thread: Thread, start: () => Generator<undefined, number, undefined>): number {
  const data = threadData(thread);
  const scan = data.scan ?? start();
  data.scan = undefined;
  const step = scan.next();
  if (step.done) return step.value;
  data.scan = scan;
  return 0;
}

/** fscanf. */
export function scanFile(
  thread: Thread,
  file: number,
  format: number,
  args: Arguments,
  rules: ScanRules,
): number {
  if (file === 0 || format === 0) return failInvalid(thread);
  return advance(thread, () =>
    scanText(
      thread.memory,
      new StreamInput(thread, file),
      readText(thread.memory, format, rules.wide),
      args,
      rules,
    ),
  );
}

/** sscanf: a string, up to its zero or `limit` characters, is never waited for. */
export function scanString(
  thread: Thread,
  { buffer, limit }: { readonly buffer: number; readonly limit?: number },
  format: number,
  args: Arguments,
  rules: ScanRules,
): number {
  if (buffer === 0 || format === 0) return failInvalid(thread);
  const input = new TextInput(thread.memory, buffer, rules.wide, limit);
  const text = readText(thread.memory, format, rules.wide);
  return scanText(thread.memory, input, text, args, rules).next().value ?? END;
}

const standardInput = (thread: Thread) => dataAddress(thread.process, '_iob');

/** What a name of scanf's family says: wv…scanf_s_l. */
interface Form extends ScanRules {
  /** The arguments are a va_list. */
  readonly list: boolean;
  /** A locale stands before the arguments. */
  readonly locale: boolean;
}

function scanFamily(form: Form) {
  const after = `format: address${form.locale ? ', locale: address' : ''}, ${form.list ? 'argptr: address' : '...'}`;
  const args = (t: Thread, before: number) => {
    const first = before + 1 + (form.locale ? 1 : 0);
    return form.list ? new ListArguments(t.memory, t.argument(first)) : new CallArguments(t, first);
  };
  return {
    scan: library(after as string, 'int', (t) =>
      scanFile(t, standardInput(t), t.argument(0), args(t, 0), form),
    ),
    fileScan: library(`stream: address, ${after}` as string, 'int', (t, file) =>
      scanFile(t, file!, t.argument(1), args(t, 1), form),
    ),
    stringScan: library(`buffer: address, ${after}` as string, 'int', (t, buffer) =>
      scanString(t, { buffer: buffer! }, t.argument(1), args(t, 1), form),
    ),
    boundedScan: library(`input: address, length: size, ${after}` as string, 'int', (t, buffer) =>
      scanString(t, { buffer: buffer!, limit: t.argument(1) }, t.argument(2), args(t, 2), form),
    ),
  };
}

const NARROW: Form = {
  wide: false,
  secure: false,
  c99: false,
  wideStrings: true,
  list: false,
  locale: false,
};
const WIDE: Form = { ...NARROW, wide: true };
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** scanf and its relatives under their names; the Universal C Runtime has them as __stdio_common functions only. */
export const scanfApi = family('crt', PAGES, () => {
  const narrow = scanFamily(NARROW);
  const narrowSecure = scanFamily({ ...NARROW, secure: true });
  const narrowLocal = scanFamily({ ...NARROW, locale: true });
  const narrowSecureLocal = scanFamily({ ...NARROW, secure: true, locale: true });
  const narrowList = scanFamily({ ...NARROW, list: true });
  const wide = scanFamily(WIDE);
  const wideSecure = scanFamily({ ...WIDE, secure: true });
  const wideLocal = scanFamily({ ...WIDE, locale: true });
  const wideSecureLocal = scanFamily({ ...WIDE, secure: true, locale: true });
  const wideList = scanFamily({ ...WIDE, list: true });
  return {
    scanf: narrow.scan,
    fscanf: narrow.fileScan,
    sscanf: narrow.stringScan,
    _snscanf: narrow.boundedScan,
    vscanf: narrowList.scan,
    vfscanf: narrowList.fileScan,
    vsscanf: narrowList.stringScan,
    scanf_s: narrowSecure.scan,
    fscanf_s: narrowSecure.fileScan,
    sscanf_s: narrowSecure.stringScan,
    _snscanf_s: narrowSecure.boundedScan,
    _scanf_l: narrowLocal.scan,
    _fscanf_l: narrowLocal.fileScan,
    _sscanf_l: narrowLocal.stringScan,
    _snscanf_l: narrowLocal.boundedScan,
    _scanf_s_l: narrowSecureLocal.scan,
    _fscanf_s_l: narrowSecureLocal.fileScan,
    _sscanf_s_l: narrowSecureLocal.stringScan,
    _snscanf_s_l: narrowSecureLocal.boundedScan,
    wscanf: wide.scan,
    fwscanf: wide.fileScan,
    swscanf: wide.stringScan,
    _snwscanf: wide.boundedScan,
    vwscanf: wideList.scan,
    vfwscanf: wideList.fileScan,
    vswscanf: wideList.stringScan,
    wscanf_s: wideSecure.scan,
    fwscanf_s: wideSecure.fileScan,
    swscanf_s: wideSecure.stringScan,
    _snwscanf_s: wideSecure.boundedScan,
    _wscanf_l: wideLocal.scan,
    _fwscanf_l: wideLocal.fileScan,
    _swscanf_l: wideLocal.stringScan,
    _snwscanf_l: wideLocal.boundedScan,
    _wscanf_s_l: wideSecureLocal.scan,
    _fwscanf_s_l: wideSecureLocal.fileScan,
    _swscanf_s_l: wideSecureLocal.stringScan,
    _snwscanf_s_l: wideSecureLocal.boundedScan,
  };
});
