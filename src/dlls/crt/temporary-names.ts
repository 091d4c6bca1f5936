import { environmentValue } from '../../process/environment.ts';
import type { Process } from '../../process/process.ts';
import { temporaryFolder } from '../../process/temporary-folder.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { allocate } from './allocation.ts';
import { EEXIST, EINVAL, ENOMEM, ERANGE, failErrno } from './errno.ts';
import { existingPlace } from './filesystem.ts';
import { failInvalid } from './invalid.ts';
import { crtOf, keptBlock } from './state.ts';
import { byteLength, readText, wideLength, writeTerminated } from './text.ts';

/** TMP_MAX of msvcrt, the lower one: so many names tmpnam makes. */
const MOST_NAMES = 32_767;
/** L_tmpnam of the Universal C Runtime; msvcrt's names, in the root of the drive, are shorter than its 14. */
const LONGEST_NAME = 260;
/** A folder may be full of such names. */
const TRIES = 1000;

function exists(process: Process, path: string): boolean {
  return typeof existingPlace(process, path) !== 'number';
}

/** The next of the names that tell this process, and that no file has; undefined when there are none left. */
function nextName(thread: Thread): string | undefined {
  const { process } = thread;
  const crt = crtOf(process);
  const folder = crt.isUniversal ? temporaryFolder(process) : '\\';
  while (crt.temporaryNames < MOST_NAMES) {
    const number = crt.temporaryNames++;
    const count = number === 0 && !crt.isUniversal ? '' : number.toString(32);
    const name = `${folder}s${process.id.toString(32)}.${count}`;
    if (name.length < LONGEST_NAME && !exists(process, name)) return name;
  }
  return undefined;
}

/** tmpnam: into the program's buffer, or the thread's own. */
function temporaryName(wide: boolean) {
  return library('str: address', 'address', (thread, into) => {
    const name = nextName(thread);
    if (name === undefined) return 0;
    const block = `temporary ${wide ? 'wide ' : ''}name of ${thread.id}`;
    const at = into === 0 ? keptBlock(crtOf(thread.process), block, LONGEST_NAME * 2, () => {}) : into;
    writeTerminated(thread.memory, at, name, wide);
    return at;
  });
}

function temporaryNameChecked(wide: boolean) {
  return library('str: address, sizeInChars: size', 'int', (thread, into, size) => {
    if (into === 0) return failInvalid(thread, EINVAL, EINVAL);
    const name = nextName(thread);
    if (name === undefined) return failErrno(thread, EINVAL, EINVAL);
    if (name.length >= size) {
      if (size > 0) writeTerminated(thread.memory, into, '', wide);
      return failInvalid(thread, ERANGE, ERANGE);
    }
    writeTerminated(thread.memory, into, name, wide);
    return 0;
  });
}

/** The folder of TMP, then the program's, then the root of the drive: the first that is there. */
function folderFor(process: Process, wanted: string): string {
  const folders = [environmentValue(process, 'TMP') ?? '', wanted];
  const folder = folders.find((path) => path !== '' && exists(process, path)) ?? '\\';
  return /[\\/]$/.test(folder) ? folder : `${folder}\\`;
}

/** _tempnam: a name in a block of its own, which the program frees. */
function nameInFolder(wide: boolean) {
  return library('dir: address, prefix: address', 'address', (thread, dir, prefix) => {
    const { process, memory } = thread;
    const read = (at: number): string => (at === 0 ? '' : readText(memory, at, wide, LONGEST_NAME));
    const start = `${folderFor(process, read(dir))}${read(prefix)}${process.id}`;
    const crt = crtOf(process);
    for (let i = 0; i < TRIES; i++) {
      const name = `${start}${++crt.namesInFolders}`;
      if (exists(process, name)) continue;
      const block = allocate(process, (name.length + 1) * (wide ? 2 : 1));
      if (block === 0) return failErrno(thread, ENOMEM, 0);
      writeTerminated(memory, block, name, wide);
      return block;
    }
    return failErrno(thread, EEXIST, 0);
  });
}

const PLACEHOLDERS = 'XXXXXX';
/** Each template serves for 26 names. */
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';

/** No path is longer. */
const LONGEST_PATH = 32_767;

function lengthOf(thread: Thread, text: number, wide: boolean, limit = LONGEST_PATH): number {
  return (wide ? wideLength : byteLength)(thread.memory, text, Math.min(limit, LONGEST_PATH));
}

/** Replaces the six X at a template's end by a letter and five digits of the process; 0, or an errno value. */
function fillTemplate(thread: Thread, template: number, length: number, wide: boolean): number {
  const { memory, process } = thread;
  const text = readText(memory, template, wide, length);
  if (!text.endsWith(PLACEHOLDERS)) return EINVAL;
  const start = text.slice(0, -PLACEHOLDERS.length);
  const digits = (process.id % 100_000).toString().padStart(5, '0');
  const letter = [...LETTERS].find((tried) => !exists(process, start + tried + digits));
  if (letter === undefined) return EEXIST;
  writeTerminated(memory, template, start + letter + digits, wide);
  return 0;
}

function fromTemplate(wide: boolean) {
  return library('nameTemplate: address', 'address', (thread, template) => {
    if (template === 0) return failInvalid(thread, EINVAL, 0);
    const length = lengthOf(thread, template, wide);
    const error = length >= LONGEST_PATH ? EINVAL : fillTemplate(thread, template, length, wide);
    return error === 0 ? template : failErrno(thread, error, 0);
  });
}

function fromTemplateChecked(wide: boolean) {
  return library('nameTemplate: address, sizeInChars: size', 'int', (thread, template, size) => {
    if (template === 0) return failInvalid(thread, EINVAL, EINVAL);
    const length = lengthOf(thread, template, wide, size);
    const error =
      length >= Math.min(size, LONGEST_PATH) ? EINVAL : fillTemplate(thread, template, length, wide);
    if (error === 0) return 0;
    if (size > 0) writeTerminated(thread.memory, template, '', wide);
    return failInvalid(thread, error, error);
  });
}

const REFERENCE = 'https://learn.microsoft.com/cpp/c-runtime-library/reference';

/** stdio.h: names for temporary files. Nothing is made: between the name and the file somebody else may come first. */
export const temporaryNamesApi = family('crt', `${REFERENCE}/tempnam-wtempnam-tmpnam-wtmpnam`, () => ({
  tmpnam: temporaryName(false),
  _wtmpnam: temporaryName(true),
  _tempnam: nameInFolder(false),
  _wtempnam: nameInFolder(true),
}));

export const temporaryNamesCheckedApi = family('crt', `${REFERENCE}/tmpnam-s-wtmpnam-s`, () => ({
  tmpnam_s: temporaryNameChecked(false),
  _wtmpnam_s: temporaryNameChecked(true),
}));

/** io.h: names from a template that ends with XXXXXX. */
export const nameTemplateApi = family('crt', `${REFERENCE}/mktemp-wmktemp`, () => ({
  _mktemp: fromTemplate(false),
  _wmktemp: fromTemplate(true),
}));

export const nameTemplateCheckedApi = family('crt', `${REFERENCE}/mktemp-s-wmktemp-s`, () => ({
  _mktemp_s: fromTemplateChecked(false),
  _wmktemp_s: fromTemplateChecked(true),
}));
