import { WRITE } from '../../memory/constants.ts';
import { ERROR_FILE_NOT_FOUND, ERROR_INVALID_HANDLE } from '../../process/errors.ts';
import { attributesOf } from '../../process/file-attributes.ts';
import { type FindObject, findFiles } from '../../process/find-object.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { ansiText } from './data.ts';
import { EINVAL, ENOENT, failErrno, failWith } from './errno.ts';
import { readPath } from './open-flags.ts';
import { writeTerminated } from './text.ts';

const LONGEST_NAME = 260;
const READ_ONLY_NORMAL = 0x80;

/** struct _finddata_t in one of its forms: attributes, three times, the size, the name. */
interface Form {
  readonly wide: boolean;
  /** Bytes of a time, and of the size. */
  readonly time: 4 | 8;
  readonly size: 4 | 8;
}
const timesAt = ({ time }: Form) => time;
const sizeAt = ({ time }: Form) => time * 4;
const nameAt = ({ time, size }: Form) => time * 4 + size;

/** Stores the next entry: 0, or -1 with ENOENT when there is none. */
function next(thread: Thread, search: FindObject, into: number, form: Form): number {
  const found = search.peek();
  if (!found) return failErrno(thread, ENOENT);
  const { memory } = thread;
  memory.touch(into, nameAt(form) + LONGEST_NAME * (form.wide ? 2 : 1), WRITE);
  const { status } = found;
  // A file without attributes has 0 here, not FILE_ATTRIBUTE_NORMAL.
  memory.setU32(into, attributesOf(search.drives, status) & ~READ_ONLY_NORMAL);
  for (const [i, time] of [status.created, status.accessed, status.modified].entries()) {
    const at = into + timesAt(form) + i * form.time;
    if (form.time === 8) memory.setU64(at, Math.floor(time / 1000));
    else memory.setU32(at, Math.floor(time / 1000));
  }
  const size = status.kind === 'directory' ? 0 : status.size;
  if (form.size === 8) memory.setU64(into + sizeAt(form), size);
  else memory.setU32(into + sizeAt(form), size);
  const name = (form.wide ? found.name : ansiText(found.name)).slice(0, LONGEST_NAME - 1);
  writeTerminated(memory, into + nameAt(form), name, form.wide);
  search.advance();
  return 0;
}

function findFirst(form: Form) {
  return library('filespec: address, fileinfo: address', 'handle', (thread, filespec, fileinfo) => {
    const { drives } = thread.process.machine;
    if (filespec === 0 || fileinfo === 0) return failErrno(thread, EINVAL);
    const search = drives
      ? findFiles(drives, thread.process, readPath(thread, filespec, form.wide))
      : ERROR_FILE_NOT_FOUND;
    if (typeof search === 'number') return failWith(thread, search);
    if (next(thread, search, fileinfo, form) !== 0) return -1;
    return thread.process.handles.add(search, 0) || failErrno(thread, EINVAL);
  });
}

function findNext(form: Form) {
  return library('handle: handle, fileinfo: address', 'int', (thread, handle, fileinfo) => {
    const search = thread.process.handles.object<FindObject>(handle, 'find');
    return search ? next(thread, search, fileinfo, form) : failErrno(thread, EINVAL);
  });
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** io.h: searching folders. Without a number in the name times have 64 bits on x64, and sizes 32. */
export const findApi = family('crt', PAGES, () => ({
  _findfirst: findFirst({ wide: false, time: 8, size: 4 }),
  _findnext: findNext({ wide: false, time: 8, size: 4 }),
  _findfirst64i32: findFirst({ wide: false, time: 8, size: 4 }),
  _findnext64i32: findNext({ wide: false, time: 8, size: 4 }),
  _findfirst64: findFirst({ wide: false, time: 8, size: 8 }),
  _findnext64: findNext({ wide: false, time: 8, size: 8 }),
  _findfirsti64: findFirst({ wide: false, time: 8, size: 8 }),
  _findnexti64: findNext({ wide: false, time: 8, size: 8 }),
  _findfirst32: findFirst({ wide: false, time: 4, size: 4 }),
  _findnext32: findNext({ wide: false, time: 4, size: 4 }),
  _findfirst32i64: findFirst({ wide: false, time: 4, size: 8 }),
  _findnext32i64: findNext({ wide: false, time: 4, size: 8 }),
  _wfindfirst: findFirst({ wide: true, time: 8, size: 4 }),
  _wfindnext: findNext({ wide: true, time: 8, size: 4 }),
  _wfindfirst64i32: findFirst({ wide: true, time: 8, size: 4 }),
  _wfindnext64i32: findNext({ wide: true, time: 8, size: 4 }),
  _wfindfirst64: findFirst({ wide: true, time: 8, size: 8 }),
  _wfindnext64: findNext({ wide: true, time: 8, size: 8 }),
  _wfindfirsti64: findFirst({ wide: true, time: 8, size: 8 }),
  _wfindnexti64: findNext({ wide: true, time: 8, size: 8 }),
  _wfindfirst32: findFirst({ wide: true, time: 4, size: 4 }),
  _wfindnext32: findNext({ wide: true, time: 4, size: 4 }),
  _wfindfirst32i64: findFirst({ wide: true, time: 4, size: 8 }),
  _wfindnext32i64: findNext({ wide: true, time: 4, size: 8 }),
  _findclose: library('handle: handle', 'int', (thread, handle) => {
    const search = thread.process.handles.object<FindObject>(handle, 'find');
    return search && thread.process.handles.close(handle) ? 0 : failWith(thread, ERROR_INVALID_HANDLE);
  }),
}));
