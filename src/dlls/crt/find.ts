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

/** struct _finddata_t in its two forms: byte offsets. Attributes and three 64-bit times come first. */
const TIMES = 8;
const SIZE = 32;
const NAME_SMALL = 36;
const NAME_LARGE = 40;
const LONGEST_NAME = 260;
const READ_ONLY_NORMAL = 0x80;

interface Form {
  readonly wide: boolean;
  /** The size has 64 bits. */
  readonly large: boolean;
}

/** Stores the next entry: 0, or -1 with ENOENT when there is none. */
function next(thread: Thread, search: FindObject, into: number, form: Form): number {
  const found = search.peek();
  if (!found) return failErrno(thread, ENOENT);
  const { memory } = thread;
  const nameAt = form.large ? NAME_LARGE : NAME_SMALL;
  memory.touch(into, nameAt + LONGEST_NAME * (form.wide ? 2 : 1), WRITE);
  const { status } = found;
  // A file without attributes has 0 here, not FILE_ATTRIBUTE_NORMAL.
  memory.setU32(into, attributesOf(search.drives, status) & ~READ_ONLY_NORMAL);
  for (const [i, time] of [status.created, status.accessed, status.modified].entries()) {
    memory.setU64(into + TIMES + i * 8, Math.floor(time / 1000));
  }
  const size = status.kind === 'directory' ? 0 : status.size;
  if (form.large) memory.setU64(into + SIZE, size);
  else memory.setU32(into + SIZE, size);
  const name = (form.wide ? found.name : ansiText(found.name)).slice(0, LONGEST_NAME - 1);
  writeTerminated(memory, into + nameAt, name, form.wide);
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

const SMALL: Form = { wide: false, large: false };
const LARGE: Form = { wide: false, large: true };
const WIDE_SMALL: Form = { wide: true, large: false };
const WIDE_LARGE: Form = { wide: true, large: true };
const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';

/** io.h: searching folders. Times have 64 bits on x64. */
export const findApi = family('crt', PAGES, {
  _findfirst: findFirst(SMALL),
  _findnext: findNext(SMALL),
  _findfirst64: findFirst(LARGE),
  _findnext64: findNext(LARGE),
  _findfirsti64: findFirst(LARGE),
  _findnexti64: findNext(LARGE),
  _wfindfirst: findFirst(WIDE_SMALL),
  _wfindnext: findNext(WIDE_SMALL),
  _wfindfirst64: findFirst(WIDE_LARGE),
  _wfindnext64: findNext(WIDE_LARGE),
  _wfindfirsti64: findFirst(WIDE_LARGE),
  _wfindnexti64: findNext(WIDE_LARGE),
  _findclose: library('handle: handle', 'int', (thread, handle) => {
    const search = thread.process.handles.object<FindObject>(handle, 'find');
    return search && thread.process.handles.close(handle) ? 0 : failWith(thread, ERROR_INVALID_HANDLE);
  }),
});
