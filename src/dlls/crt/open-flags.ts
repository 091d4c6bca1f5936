import { ANSI_CODE_PAGE, decodeText } from '../../process/code-pages.ts';
import { ERROR_SUCCESS } from '../../process/errors.ts';
import { DiskFile } from '../../process/file-object.ts';
import {
  CREATE_ALWAYS,
  CREATE_NEW,
  OPEN_ALWAYS,
  OPEN_EXISTING,
  openFile,
  TRUNCATE_EXISTING,
} from '../../process/open-file.ts';
import type { Thread } from '../../process/thread.ts';
import { dataAddress } from './data.ts';
import { addDescriptor, type Descriptor, type Encoding, newDescriptor } from './descriptor.ts';
import { EINVAL, EMFILE, failErrno, failWith } from './errno.ts';
import { crtOf } from './state.ts';
import { narrowBytes, readNarrow, readWide } from './text.ts';

/** fcntl.h: https://learn.microsoft.com/cpp/c-runtime-library/file-constants */
export const O_WRONLY = 1;
export const O_RDWR = 2;
export const O_APPEND = 8;
const O_TEMPORARY = 0x40;
export const O_CREAT = 0x100;
export const O_TRUNC = 0x200;
export const O_EXCL = 0x400;
export const O_TEXT = 0x4000;
export const O_BINARY = 0x8000;
export const O_WTEXT = 0x10000;
export const O_U16TEXT = 0x20000;
export const O_U8TEXT = 0x40000;
const O_UNICODE = O_WTEXT | O_U16TEXT | O_U8TEXT;
const ACCESS_MODE = 3;

const GENERIC_READ = 0x8000_0000;
const GENERIC_WRITE = 0x4000_0000;
const SHARE_READ_WRITE = 3;
const ATTRIBUTE_READONLY = 1;
const ATTRIBUTE_NORMAL = 0x80;
export const S_IWRITE = 0x80;

/** A path in the program's memory. */
export function readPath(thread: Thread, address: number, wide: boolean): string {
  return wide
    ? readWide(thread.memory, address)
    : decodeText(ANSI_CODE_PAGE, narrowBytes(readNarrow(thread.memory, address)));
}

function disposition(flags: number): number {
  if ((flags & O_CREAT) !== 0) {
    if ((flags & O_EXCL) !== 0) return CREATE_NEW;
    return (flags & O_TRUNC) !== 0 ? CREATE_ALWAYS : OPEN_ALWAYS;
  }
  return (flags & O_TRUNC) !== 0 ? TRUNCATE_EXISTING : OPEN_EXISTING;
}

/** Whether a file is opened in text mode: as asked for, else by _fmode. */
function isText(thread: Thread, flags: number): boolean {
  if ((flags & (O_TEXT | O_BINARY)) !== 0) return (flags & O_BINARY) === 0;
  return thread.memory.u32(dataAddress(thread.process, '_fmode')) !== O_BINARY;
}

/** Opens a file: its descriptor, or -1 with errno. `share` is FILE_SHARE_* bits. */
export function openPath(
  thread: Thread,
  path: string,
  flags: number,
  permission = S_IWRITE,
  share = SHARE_READ_WRITE,
): number {
  const mode = flags & ACCESS_MODE;
  if (mode === ACCESS_MODE) return failErrno(thread, EINVAL);
  const access = (mode !== O_WRONLY ? GENERIC_READ : 0) + (mode !== 0 ? GENERIC_WRITE : 0);
  const { object, error } = openFile(thread.process, path, {
    access,
    share,
    disposition: disposition(flags),
    attributes:
      (flags & O_CREAT) !== 0 && (permission & ~crtOf(thread.process).permissionMask & S_IWRITE) === 0
        ? ATTRIBUTE_READONLY
        : ATTRIBUTE_NORMAL,
    deleteOnClose: (flags & O_TEMPORARY) !== 0,
  });
  if (!object) return failWith(thread, error);
  const handle = thread.process.handles.add(object, object.access);
  if (handle === 0) return failErrno(thread, EMFILE);
  const append = (flags & O_APPEND) !== 0;
  if (append && object instanceof DiskFile) object.position = object.cache.size;
  thread.lastError = ERROR_SUCCESS;
  const descriptor = newDescriptor(handle, isText(thread, flags), append);
  const fd = addDescriptor(thread, descriptor);
  if (fd < 0) thread.process.handles.close(handle);
  else if ((flags & O_UNICODE) !== 0 && object instanceof DiskFile) beginUnicode(descriptor, object, flags);
  return fd;
}

const MARKS: readonly (readonly [Encoding, readonly number[]])[] = [
  ['utf8', [0xef, 0xbb, 0xbf]],
  ['utf16', [0xff, 0xfe]],
];

/** A file in a Unicode mode: its mark says which; one that is empty and can be written gets a mark. */
function beginUnicode(descriptor: Descriptor, file: DiskFile, flags: number): void {
  const asked = (flags & O_U8TEXT) !== 0 ? 'utf8' : 'utf16';
  const mode = flags & ACCESS_MODE;
  descriptor.text = true;
  descriptor.encoding = asked;
  if (file.cache.size === 0 && mode !== 0) {
    file.write(Uint8Array.from(MARKS.find(([encoding]) => encoding === asked)![1]), undefined);
    return;
  }
  const found = mode === O_WRONLY ? undefined : markAt(file);
  if (found) descriptor.encoding = found;
  // _O_WTEXT alone leaves a file without a mark in the locale's bytes.
  else if ((flags & (O_U8TEXT | O_U16TEXT)) === 0) descriptor.encoding = 'locale';
}

/** The encoding that a file's first bytes name, with the position behind them; else the position is kept. */
function markAt(file: DiskFile): Encoding | undefined {
  const position = file.position;
  file.position = 0;
  const bytes = file.read(3);
  const found = MARKS.find(
    ([, mark]) => bytes instanceof Uint8Array && mark.every((byte, i) => bytes[i] === byte),
  );
  file.position = position > 0 ? position : (found?.[1].length ?? 0);
  return found?.[0];
}

/** What an fopen mode means, or undefined for none. */
export function parseMode(mode: string): { flags: number; update: boolean } | undefined {
  const text = mode.trimStart();
  const update = text.includes('+');
  const access = update ? O_RDWR : text[0] === 'r' ? 0 : O_WRONLY;
  const creation = { r: 0, w: O_CREAT | O_TRUNC, a: O_CREAT | O_APPEND }[text[0] ?? ''];
  if (creation === undefined) return undefined;
  let flags = access | creation;
  for (const letter of text.slice(1).split(',')[0]!) {
    if (letter === 'b') flags |= O_BINARY;
    else if (letter === 't') flags |= O_TEXT;
    else if (letter === 'D') flags |= O_TEMPORARY;
    else if (letter === 'x') flags |= O_EXCL;
    else if (!'+cnSRTN '.includes(letter)) return undefined;
  }
  const ccs = /,\s*ccs\s*=\s*([\w-]+)\s*$/i.exec(text)?.[1]?.toUpperCase();
  if (text.includes(',') && ccs === undefined) return undefined;
  if (ccs !== undefined) {
    const mode = { UNICODE: O_WTEXT, 'UTF-8': O_U8TEXT, 'UTF-16LE': O_U16TEXT }[ccs];
    if (mode === undefined) return undefined;
    flags |= mode;
  }
  return { flags, update };
}
