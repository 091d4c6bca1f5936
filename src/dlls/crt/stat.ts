import type { HostFileStatus } from '../../machine/host.ts';
import { ERROR_INVALID_HANDLE } from '../../process/errors.ts';
import { attributesOf, FILE_ATTRIBUTE_READONLY } from '../../process/file-attributes.ts';
import { DiskFile, FILE_TYPE_CHAR } from '../../process/file-object.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { descriptorOf, fileOf } from './descriptor.ts';
import { EINVAL, failErrno, failWith } from './errno.ts';
import { existingPlace } from './filesystem.ts';
import { readPath } from './open-flags.ts';

/** Where the forms of struct _stat differ (bytes); the fields before the size are the same. */
interface Layout {
  readonly size: number;
  readonly sizeBytes: 4 | 8;
  /** Three times: access, change, creation. */
  readonly times: number;
  readonly timeBytes: 4 | 8;
  readonly total: number;
}
const SMALL: Layout = { size: 20, sizeBytes: 4, times: 24, timeBytes: 8, total: 48 };
const LARGE: Layout = { size: 24, sizeBytes: 8, times: 32, timeBytes: 8, total: 56 };
const SMALL_32: Layout = { size: 20, sizeBytes: 4, times: 24, timeBytes: 4, total: 36 };
const LARGE_32: Layout = { size: 24, sizeBytes: 8, times: 32, timeBytes: 4, total: 48 };
const MODE = 6;
const LINKS = 8;
const DEVICE = 0;
const RAW_DEVICE = 16;

// https://learn.microsoft.com/cpp/c-runtime-library/reference/stat-functions
const S_IFDIR = 0x4000;
const S_IFCHR = 0x2000;
const S_IFIFO = 0x1000;
const S_IFREG = 0x8000;
const READABLE = 0o444;
const WRITABLE = 0o222;
const EXECUTABLE = 0o111;

function modeOf(thread: Thread, status: HostFileStatus, path: string): number {
  const folder = status.kind === 'directory';
  const readOnly = (attributesOf(thread.process.machine.drives!, status) & FILE_ATTRIBUTE_READONLY) !== 0;
  const runs = folder || /\.(?:exe|com|bat|cmd)$/i.test(path);
  return (folder ? S_IFDIR : S_IFREG) | READABLE | (readOnly ? 0 : WRITABLE) | (runs ? EXECUTABLE : 0);
}

interface Facts {
  readonly mode: number;
  readonly size: number;
  readonly device: number;
  readonly times: readonly [number, number, number];
}

function store(thread: Thread, at: number, layout: Layout, facts: Facts): 0 {
  const { memory } = thread;
  memory.fill(at, 0, layout.total);
  memory.setU32(at + DEVICE, facts.device);
  memory.setU32(at + RAW_DEVICE, facts.device);
  memory.setU16(at + MODE, facts.mode);
  memory.setU16(at + LINKS, 1);
  if (layout.sizeBytes === 4) memory.setU32(at + layout.size, facts.size);
  else memory.setU64(at + layout.size, facts.size);
  for (const [i, time] of facts.times.entries()) {
    const slot = at + layout.times + i * layout.timeBytes;
    if (layout.timeBytes === 8) memory.setU64(slot, Math.floor(time / 1000));
    else memory.setU32(slot, Math.floor(time / 1000));
  }
  return 0;
}

function factsOf(thread: Thread, status: HostFileStatus, path: string, size: number): Facts {
  const device = Math.max(path.toUpperCase().charCodeAt(0) - 65, 0);
  const times = [status.accessed, status.modified, status.created] as const;
  return { mode: modeOf(thread, status, path), size: status.kind === 'directory' ? 0 : size, device, times };
}

function statPath(wide: boolean, layout: Layout) {
  return library('path: address, buffer: address', 'int', (thread, path, buffer) => {
    if (path === 0 || buffer === 0) return failErrno(thread, EINVAL);
    const place = existingPlace(thread.process, readPath(thread, path, wide));
    if (typeof place === 'number') return failWith(thread, place);
    return store(thread, buffer, layout, factsOf(thread, place.status, place.path, place.status.size));
  });
}

function statDescriptor(layout: Layout) {
  return library('fd: int, buffer: address', 'int', (thread, fd, buffer) => {
    const file = fileOf(thread, descriptorOf(thread, fd));
    if (!file) return -1;
    if (file instanceof DiskFile) {
      const status = file.disk.status();
      if (!status) return failWith(thread, ERROR_INVALID_HANDLE);
      return store(thread, buffer, layout, factsOf(thread, status, file.path, file.cache.size));
    }
    const mode = file.deviceType === FILE_TYPE_CHAR ? S_IFCHR : S_IFIFO;
    return store(thread, buffer, layout, {
      mode: mode | READABLE | WRITABLE,
      size: 0,
      device: fd,
      times: [0, 0, 0],
    });
  });
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** sys/stat.h: without a number in the name times have 64 bits on x64, and sizes 32. */
export const statApi = family('crt', PAGES, () => ({
  _stat: statPath(false, SMALL),
  _wstat: statPath(true, SMALL),
  _fstat: statDescriptor(SMALL),
  _stat64: statPath(false, LARGE),
  _wstat64: statPath(true, LARGE),
  _fstat64: statDescriptor(LARGE),
  _stati64: statPath(false, LARGE),
  _wstati64: statPath(true, LARGE),
  _fstati64: statDescriptor(LARGE),
  _stat64i32: statPath(false, SMALL),
  _wstat64i32: statPath(true, SMALL),
  _fstat64i32: statDescriptor(SMALL),
  _stat32: statPath(false, SMALL_32),
  _wstat32: statPath(true, SMALL_32),
  _fstat32: statDescriptor(SMALL_32),
  _stat32i64: statPath(false, LARGE_32),
  _wstat32i64: statPath(true, LARGE_32),
  _fstat32i64: statDescriptor(LARGE_32),
}));
