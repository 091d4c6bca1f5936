import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { allocate, release } from '../crt/allocation.ts';
import { byteLength, readNarrow } from '../crt/text.ts';

/** __std_exception_data: the text, and whether it is the object's own. */
const WHAT = 0;
const OWNED = 8;

/** A copy of an exception has a copy of its text; without memory it has none. */
function copyException(thread: Thread, from: number, to: number): number {
  const { memory, process } = thread;
  const what = memory.u64(from + WHAT);
  if (memory.u8(from + OWNED) === 0 || what === 0) {
    memory.setU64(to + WHAT, what);
    memory.setU8(to + OWNED, 0);
    return 0;
  }
  const length = byteLength(memory, what) + 1;
  const copy = allocate(process, length);
  if (copy !== 0) memory.copy(copy, what, length);
  memory.setU64(to + WHAT, copy);
  memory.setU8(to + OWNED, copy === 0 ? 0 : 1);
  return 0;
}

/** Decorated names decide: they follow the pointer to the undecorated one. */
const DECORATED = 8;
const FNV_PRIME = 0x01000193;
const FNV_BASIS = 0x811c9dc5;

const PAGES = 'https://learn.microsoft.com/cpp/cpp/type-info-class';

/** What std::exception and std::type_info of a program built with Visual C++ call. */
export const typeInfoApi = family('crt', PAGES, () => ({
  __std_exception_copy: library('from: address, to: address', 'void', copyException),
  __std_exception_destroy: library('data: address', 'void', ({ memory, process }, data) => {
    if (memory.u8(data + OWNED) !== 0) release(process, memory.u64(data + WHAT));
    memory.fill(data, 0, 16);
    return 0;
  }),
  __std_type_info_compare: library('lhs: address, rhs: address', 'int', ({ memory }, lhs, rhs) => {
    if (lhs === rhs) return 0;
    const [left, right] = [readNarrow(memory, lhs + DECORATED), readNarrow(memory, rhs + DECORATED)];
    return left === right ? 0 : left < right ? -1 : 1;
  }),
  __std_type_info_hash: library('data: address', 'size', ({ memory }, data) => {
    let hash = FNV_BASIS;
    for (const character of readNarrow(memory, data + DECORATED))
      hash = Math.imul(hash ^ character.charCodeAt(0), FNV_PRIME) >>> 0;
    return hash;
  }),
}));
