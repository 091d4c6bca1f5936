import { ERROR_INVALID_HANDLE } from '../../process/errors.ts';
import { DiskFile } from '../../process/file-object.ts';
import { FILE_WRITE_ATTRIBUTES } from '../../process/open-files.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { closeDescriptor, descriptorOf, fileOf } from './descriptor.ts';
import { EINVAL, failErrno, failWith } from './errno.ts';
import { failInvalid } from './invalid.ts';
import { O_BINARY, O_RDWR, openPath, readPath } from './open-flags.ts';
import { LAST_SECOND } from './time.ts';

/** _utimbuf: two times in seconds since 1970 UTC, each of so many bits. */
type Bits = 32 | 64;

/** Times of access and of change in milliseconds: now if `times` is 0; undefined when one is none. */
function readTimes(thread: Thread, times: number, bits: Bits): readonly [number, number] | undefined {
  const { memory, process } = thread;
  if (times === 0) {
    const now = process.machine.clock.now();
    return [now, now];
  }
  const accessed = bits === 32 ? memory.i32(times) : memory.u64(times);
  const modified = bits === 32 ? memory.i32(times + 4) : memory.u64(times + 8);
  const known = [accessed, modified].every((time) => time >= 0 && time <= LAST_SECOND);
  return known ? [accessed * 1000, modified * 1000] : undefined;
}

/** SetFileTime's page decides that the file must have been opened for writing. */
function setTimes(thread: Thread, fd: number, times: number, bits: Bits): number {
  const file = fileOf(thread, descriptorOf(thread, fd));
  if (!file) return failWith(thread, ERROR_INVALID_HANDLE);
  const read = readTimes(thread, times, bits);
  const changeable = file instanceof DiskFile && (file.access & FILE_WRITE_ATTRIBUTES) !== 0;
  if (read === undefined || !changeable) return failErrno(thread, EINVAL);
  const error = file.disk.setTimes(...read);
  return error === 0 ? 0 : failWith(thread, error);
}

function ofPath(wide: boolean, bits: Bits) {
  return library('filename: address, times: address', 'int', (thread, filename, times) => {
    if (filename === 0) return failInvalid(thread);
    const fd = openPath(thread, readPath(thread, filename, wide), O_RDWR | O_BINARY, 0);
    if (fd < 0) return -1;
    const result = setTimes(thread, fd, times, bits);
    closeDescriptor(thread, fd);
    return result;
  });
}

function ofDescriptor(bits: Bits) {
  return library('fd: int, filetime: address', 'int', (thread, fd, times) =>
    setTimes(thread, fd, times, bits),
  );
}

const PATH_PAGES =
  'https://learn.microsoft.com/cpp/c-runtime-library/reference/utime-utime32-utime64-wutime-wutime32-wutime64';
const DESCRIPTOR_PAGES =
  'https://learn.microsoft.com/cpp/c-runtime-library/reference/futime-futime32-futime64';

/** sys/utime.h by path: sets when a file was read and changed last. Without a number in the name times have 64 bits. */
export const utimeApi = family('crt', PATH_PAGES, () => ({
  _utime: ofPath(false, 64),
  _utime32: ofPath(false, 32),
  _utime64: ofPath(false, 64),
  _wutime: ofPath(true, 64),
  _wutime32: ofPath(true, 32),
  _wutime64: ofPath(true, 64),
}));

/** sys/utime.h by descriptor. */
export const futimeApi = family('crt', DESCRIPTOR_PAGES, () => ({
  _futime: ofDescriptor(64),
  _futime32: ofDescriptor(32),
  _futime64: ofDescriptor(64),
}));
