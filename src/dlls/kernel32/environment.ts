import { GRANULE } from '../../machine/layout.ts';
import { MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE } from '../../memory/constants.ts';
import {
  environmentStrings,
  environmentValue,
  expandEnvironment,
  setEnvironmentValue,
} from '../../process/environment.ts';
import { ERROR_ENVVAR_NOT_FOUND, ERROR_INVALID_PARAMETER } from '../../process/errors.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { ANSI, giveText, type TextForm, WIDE, writeText } from '../guest-text.ts';

const PAGES = 'https://learn.microsoft.com/windows/win32/api/processenv/nf-processenv-{}';
/** Longest name or value of a variable. */
const LONGEST_VARIABLE = 32767;

/** The block that programs walk: a region of its own, given back by FreeEnvironmentStrings. */
function getStrings(form: TextForm) {
  return (thread: Thread): number => {
    const block = form.encode(`${environmentStrings(thread.process).join('\0')}\0\0`);
    const size = Math.ceil(block.length / GRANULE) * GRANULE;
    const status = thread.space.allocate(0, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
    if (status !== 0) return thread.failStatus(status);
    const at = thread.space.resultBase;
    thread.memory.setBytes(at, block);
    return at;
  };
}

function freeStrings(thread: Thread, block: number): number {
  return thread.succeed(thread.space.free(block, 0, MEM_RELEASE));
}

/** An empty value and an absent variable both answer 0: last error tells them apart. */
function getVariable(form: TextForm) {
  return (thread: Thread, name: number, buffer: number, size: number): number => {
    const value = environmentValue(thread.process, form.read(thread.memory, name));
    if (value === undefined) return thread.fail(ERROR_ENVVAR_NOT_FOUND);
    thread.lastError = 0;
    return giveText(thread, form, buffer, size, value);
  };
}

function setVariable(form: TextForm) {
  return (thread: Thread, nameAddress: number, valueAddress: number): number => {
    const name = form.read(thread.memory, nameAddress);
    // A name may begin with "=" (current directories of drives) and has none further on.
    if (name === '' || name.indexOf('=', 1) > 0 || name.length > LONGEST_VARIABLE)
      return thread.fail(ERROR_INVALID_PARAMETER);
    const value = valueAddress === 0 ? undefined : form.read(thread.memory, valueAddress);
    if (value !== undefined && value.length > LONGEST_VARIABLE) return thread.fail(ERROR_INVALID_PARAMETER);
    setEnvironmentValue(thread.process, name, value);
    return 1;
  };
}

/** Unlike its kind, it counts the NUL also when all fits. */
function expandStrings(form: TextForm) {
  return (thread: Thread, source: number, target: number, size: number): number => {
    const text = expandEnvironment(thread.process, form.read(thread.memory, source));
    const units = form.encode(text).length / form.unit + 1;
    if (size >= units) writeText(thread, form, target, text);
    return units;
  };
}

/** processenv.h: environment variables. They are user-mode functions: a bad pointer raises. */
export const environmentApi = family('kernel32', PAGES, () => ({
  GetEnvironmentStrings: library('', 'address', getStrings(ANSI)),
  GetEnvironmentStringsA: library('', 'address', getStrings(ANSI)),
  GetEnvironmentStringsW: library('', 'address', getStrings(WIDE)),
  FreeEnvironmentStringsA: library('penv: address', 'bool', freeStrings),
  FreeEnvironmentStringsW: library('penv: address', 'bool', freeStrings),
  GetEnvironmentVariableA: library(
    'lpName: address, lpBuffer: address, nSize: dword',
    'dword',
    getVariable(ANSI),
  ),
  GetEnvironmentVariableW: library(
    'lpName: address, lpBuffer: address, nSize: dword',
    'dword',
    getVariable(WIDE),
  ),
  SetEnvironmentVariableA: library('lpName: address, lpValue: address', 'bool', setVariable(ANSI)),
  SetEnvironmentVariableW: library('lpName: address, lpValue: address', 'bool', setVariable(WIDE)),
  ExpandEnvironmentStringsA: library(
    'lpSrc: address, lpDst: address, nSize: dword',
    'dword',
    expandStrings(ANSI),
  ),
  ExpandEnvironmentStringsW: library(
    'lpSrc: address, lpDst: address, nSize: dword',
    'dword',
    expandStrings(WIDE),
  ),
}));
