import { ANSI_CODE_PAGE, decodeText } from '../../process/code-pages.ts';
import { setEnvironmentValue } from '../../process/environment.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { resize } from './allocation.ts';
import { dataAddress, newString } from './data.ts';
import { EINVAL, ENOMEM, ERANGE, failErrno } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { environmentVector, renewEnvironment } from './startup.ts';
import { narrowBytes, readText } from './text.ts';

const POINTER = 8;
/** More variables than a process can have: the bound of walks over the program's own vector. */
const MOST = 65536;

/** Index of a variable in the vector and the number of entries; -1 when it is not there. */
function find(thread: Thread, vector: number, name: string, wide: boolean): { index: number; count: number } {
  const wanted = `${name.toUpperCase()}=`;
  let index = -1;
  let count = 0;
  for (; count < MOST; count++) {
    const entry = thread.memory.u64(vector + count * POINTER);
    if (entry === 0) break;
    if (index < 0 && readText(thread.memory, entry, wide, wanted.length).toUpperCase() === wanted)
      index = count;
  }
  return { index, count };
}

/** getenv: address of the value in the environment, or 0. */
function get(thread: Thread, name: number, wide: boolean): number {
  const text = name === 0 ? '' : readText(thread.memory, name, wide);
  if (text === '') return 0;
  const vector = environmentVector(thread.process, wide);
  const { index } = find(thread, vector, text, wide);
  return index < 0 ? 0 : thread.memory.u64(vector + index * POINTER) + (text.length + 1) * (wide ? 2 : 1);
}

/** Changes the runtime's environment and the process's; an empty value removes the variable. */
function put(thread: Thread, name: string, value: string, wide: boolean): number {
  if (name === '') return failErrno(thread, EINVAL);
  const { memory, process } = thread;
  const decode = (text: string) => (wide ? text : decodeText(ANSI_CODE_PAGE, narrowBytes(text)));
  const slot = dataAddress(process, wide ? '_wenviron' : '_environ');
  let vector = environmentVector(process, wide);
  const { index, count } = find(thread, vector, name, wide);
  if (value === '') {
    for (let i = index; index >= 0 && i < count; i++) {
      memory.setU64(vector + i * POINTER, memory.u64(vector + (i + 1) * POINTER));
    }
  } else {
    const entry = newString(process, `${name}=${value}`, wide);
    if (entry === 0) return failErrno(thread, ENOMEM);
    if (index < 0) {
      vector = resize(process, vector, (count + 2) * POINTER);
      if (vector === 0) return failErrno(thread, ENOMEM);
      memory.setU64(vector + (count + 1) * POINTER, 0);
      memory.setU64(slot, vector);
    }
    memory.setU64(vector + (index < 0 ? count : index) * POINTER, entry);
  }
  setEnvironmentValue(process, decode(name), value === '' ? undefined : decode(value));
  const other = dataAddress(process, wide ? '_environ' : '_wenviron');
  if (memory.u64(other) !== 0) renewEnvironment(process, !wide);
  return 0;
}

function putText(thread: Thread, address: number, wide: boolean): number {
  const text = readText(thread.memory, address, wide);
  const equals = text.indexOf('=');
  return equals <= 0
    ? failErrno(thread, EINVAL)
    : put(thread, text.slice(0, equals), text.slice(equals + 1), wide);
}

/** getenv_s: the size with its terminator goes to *pReturnValue. */
function getChecked(
  thread: Thread,
  pReturn: number,
  buffer: number,
  size: number,
  name: number,
  wide: boolean,
): number {
  const at = get(thread, name, wide);
  if (at === 0) {
    thread.memory.setU64(pReturn, 0);
    return 0;
  }
  const value = readText(thread.memory, at, wide);
  thread.memory.setU64(pReturn, value.length + 1);
  if (size <= value.length) return size === 0 ? 0 : failErrno(thread, ERANGE, ERANGE);
  thread.memory.copy(buffer, at, (value.length + 1) * (wide ? 2 : 1));
  return 0;
}

/** _dupenv_s: a copy in a new block, NULL for a variable that is not there. */
function duplicate(thread: Thread, buffer: number, size: number, name: number, wide: boolean): number {
  const { memory, process } = thread;
  if (buffer === 0 || name === 0) return failInvalid(thread, EINVAL, EINVAL);
  const at = get(thread, name, wide);
  const value = at === 0 ? undefined : readText(memory, at, wide);
  const copy = value === undefined ? 0 : newString(process, value, wide);
  if (value !== undefined && copy === 0) return failErrno(thread, ENOMEM, ENOMEM);
  memory.setU64(buffer, copy);
  if (size !== 0) memory.setU64(size, value === undefined ? 0 : value.length + 1);
  return 0;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** stdlib.h: the environment. */
export const environmentApi = family('crt', PAGES, () => ({
  getenv: library('varname: address', 'address', (t, name) => get(t, name, false)),
  _wgetenv: library('varname: address', 'address', (t, name) => get(t, name, true)),
  getenv_s: library(
    'pReturnValue: address, buffer: address, numberOfElements: size, varname: address',
    'int',
    (t, pReturn, buffer, size, name) => getChecked(t, pReturn, buffer, size, name, false),
  ),
  _wgetenv_s: library(
    'pReturnValue: address, buffer: address, numberOfElements: size, varname: address',
    'int',
    (t, pReturn, buffer, size, name) => getChecked(t, pReturn, buffer, size, name, true),
  ),
  _dupenv_s: library(
    'buffer: address, numberOfElements: address, varname: address',
    'int',
    (t, buffer, size, name) => duplicate(t, buffer, size, name, false),
  ),
  _wdupenv_s: library(
    'buffer: address, numberOfElements: address, varname: address',
    'int',
    (t, buffer, size, name) => duplicate(t, buffer, size, name, true),
  ),
  _wputenv_s: library('varname: address, value: address', 'int', (t, name, value) =>
    put(t, readText(t.memory, name, true), readText(t.memory, value, true), true) === 0 ? 0 : EINVAL,
  ),
  _putenv: library('envstring: address', 'int', (t, text) => putText(t, text, false)),
  _wputenv: library('envstring: address', 'int', (t, text) => putText(t, text, true)),
  _putenv_s: library('varname: address, value: address', 'int', (t, name, value) =>
    put(t, readText(t.memory, name, false), readText(t.memory, value, false), false) === 0 ? 0 : EINVAL,
  ),
  _get_wenviron: library('pValue: address', 'int', (t, pValue) => {
    t.memory.setU64(pValue, environmentVector(t.process, true));
    return 0;
  }),
  _get_environ: library('pValue: address', 'int', (t, pValue) => {
    t.memory.setU64(pValue, environmentVector(t.process, false));
    return 0;
  }),
}));
