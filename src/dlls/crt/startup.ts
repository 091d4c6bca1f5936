import { environmentStrings } from '../../process/environment.ts';
import { findFiles } from '../../process/find-object.ts';
import type { Process } from '../../process/process.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, type GuestCall, library } from '../api.ts';
import { allocate } from './allocation.ts';
import { splitCommandLine } from './command-line.ts';
import { ansiText, dataAddress, newString } from './data.ts';
import { callInt } from './guest-call.ts';
import { failInvalid } from './invalid.ts';
import { crtOf } from './state.ts';

const POINTER = 8;

/** A null-terminated vector of strings in the process heap. */
export function newVector(process: Process, texts: readonly string[], wide: boolean): number {
  const vector = allocate(process, (texts.length + 1) * POINTER);
  if (vector === 0) return 0;
  for (const [i, text] of texts.entries()) {
    process.memory.setU64(vector + i * POINTER, newString(process, text, wide));
  }
  process.memory.setU64(vector + texts.length * POINTER, 0);
  return vector;
}

/** Makes argv and the environment on first use; the data exports hold them from then on. */
export function prepareArguments(process: Process, wide: boolean, expand: boolean): void {
  const { memory } = process;
  const vector = dataAddress(process, wide ? '__wargv' : '__argv');
  if (memory.u64(vector) !== 0) return;
  const split = splitCommandLine(process.commandLine);
  const args = (expand ? expandWildCards(process, split) : split).map((text) =>
    wide ? text : ansiText(text),
  );
  memory.setU64(vector, newVector(process, args, wide));
  memory.setU32(dataAddress(process, '__argc'), args.length);
  memory.setU64(dataAddress(process, wide ? '_wpgmptr' : '_pgmptr'), memory.u64(memory.u64(vector)));
  const initial = environmentVector(process, wide);
  memory.setU64(dataAddress(process, wide ? '__winitenv' : '__initenv'), initial);
}

/** The vector behind _environ (or _wenviron), made on first use. */
export function environmentVector(process: Process, wide: boolean): number {
  const slot = dataAddress(process, wide ? '_wenviron' : '_environ');
  const known = process.memory.u64(slot);
  return known !== 0 ? known : renewEnvironment(process, wide);
}

/** Makes the vector anew from the process's variables. */
export function renewEnvironment(process: Process, wide: boolean): number {
  const texts = environmentStrings(process).map((text) => (wide ? text : ansiText(text)));
  const vector = newVector(process, texts, wide);
  process.memory.setU64(dataAddress(process, wide ? '_wenviron' : '_environ'), vector);
  return vector;
}

/** Most names that a wild card stands for. */
const MOST_NAMES = 65536;

/** Arguments with the names of the files that "*" and "?" match, in order; what matches nothing stays. */
function expandWildCards(process: Process, args: readonly string[]): string[] {
  return args.flatMap((text, i) => (i > 0 && /[*?]/.test(text) ? namesMatching(process, text) : [text]));
}

function namesMatching(process: Process, pattern: string): string[] {
  const { drives } = process.machine;
  const search = drives ? findFiles(drives, process, pattern) : 0;
  if (typeof search === 'number') return [pattern];
  const folder = pattern.slice(0, Math.max(...['\\', '/', ':'].map((mark) => pattern.lastIndexOf(mark))) + 1);
  const names: string[] = [];
  for (let entry = search.peek(); entry && names.length < MOST_NAMES; entry = search.peek()) {
    if (entry.name !== '.' && entry.name !== '..') names.push(folder + entry.name);
    search.advance();
  }
  return names.length === 0 ? [pattern] : names.sort();
}

function getMainArguments(
  thread: Thread,
  argc: number,
  argv: number,
  env: number,
  doWildCard: number,
  wide: boolean,
): number {
  const { process, memory } = thread;
  prepareArguments(process, wide, doWildCard !== 0);
  memory.setU32(argc, memory.u32(dataAddress(process, '__argc')));
  memory.setU64(argv, memory.u64(dataAddress(process, wide ? '__wargv' : '__argv')));
  memory.setU64(env, environmentVector(process, wide));
  return 0;
}

/** Calls the functions of a table in order; null entries are gaps. With `checked`, the first error ends it. */
function* callTable(
  thread: Thread,
  start: number,
  end: number,
  checked: boolean,
): Generator<GuestCall, number, number> {
  for (let at = start; at < end; at += POINTER) {
    const address = thread.memory.u64(at);
    if (address === 0) continue;
    const result = yield* callInt(thread, { address, args: [] });
    if (checked && result !== 0) return result;
  }
  return 0;
}

/** __p_ functions: each answers the address of a data export. */
function addressOf(name: string) {
  return library('', 'address', (thread) => dataAddress(thread.process, name));
}

function intAt(name: string) {
  return library('pValue: address', 'int', (thread, pValue) => {
    thread.memory.setU32(pValue, thread.memory.u32(dataAddress(thread.process, name)));
    return 0;
  });
}

function pointerAt(name: string) {
  return library('pValue: address', 'int', (thread, pValue) => {
    if (pValue === 0) return failInvalid(thread, 22, 22);
    prepareArguments(thread.process, name === '_wpgmptr', false);
    thread.memory.setU64(pValue, thread.memory.u64(dataAddress(thread.process, name)));
    return 0;
  });
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/{}';

/** What a program's start-up code calls before main. */
export const startupApi = family('crt', PAGES, () => ({
  __getmainargs: library(
    'argc: address, argv: address, env: address, doWildCard: int, startInfo: address',
    'int',
    (thread, argc, argv, env, doWildCard) => getMainArguments(thread, argc, argv, env, doWildCard, false),
  ),
  __wgetmainargs: library(
    'argc: address, argv: address, env: address, doWildCard: int, startInfo: address',
    'int',
    (thread, argc, argv, env, doWildCard) => getMainArguments(thread, argc, argv, env, doWildCard, true),
  ),
  __set_app_type: library('appType: int', 'void', (thread, appType) => {
    crtOf(thread.process).appType = appType;
    return 0;
  }),
  _get_app_type: library('', 'int', (thread) => crtOf(thread.process).appType),
  __setusermatherr: library('pf: address', 'void', (thread, pf) => {
    crtOf(thread.process).hooks.userMathError = pf;
    return 0;
  }),
  _initterm: calling('start: address, end: address', 'void', (thread, start, end) =>
    callTable(thread, start, end, false),
  ),
  _initterm_e: calling('start: address, end: address', 'int', (thread, start, end) =>
    callTable(thread, start, end, true),
  ),
  __iob_func: addressOf('_iob'),
  __p__iob: addressOf('_iob'),
  __p__fmode: addressOf('_fmode'),
  __p__commode: addressOf('_commode'),
  __p__acmdln: addressOf('_acmdln'),
  __p__wcmdln: addressOf('_wcmdln'),
  __p__environ: addressOf('_environ'),
  __p__wenviron: addressOf('_wenviron'),
  __p___initenv: addressOf('__initenv'),
  __p___winitenv: addressOf('__winitenv'),
  __p___argc: addressOf('__argc'),
  __p___argv: addressOf('__argv'),
  __p___wargv: addressOf('__wargv'),
  __p__pgmptr: addressOf('_pgmptr'),
  __p__wpgmptr: addressOf('_wpgmptr'),
  _get_fmode: intAt('_fmode'),
  _set_fmode: library('mode: int', 'int', (thread, mode) => {
    thread.memory.setU32(dataAddress(thread.process, '_fmode'), mode);
    return 0;
  }),
  _get_osver: intAt('_osver'),
  _get_winmajor: intAt('_winmajor'),
  _get_winminor: intAt('_winminor'),
  _get_pgmptr: pointerAt('_pgmptr'),
  _get_wpgmptr: pointerAt('_wpgmptr'),
}));
