import { WRITE } from '../../memory/constants.ts';
import type { Thread } from '../../process/thread.ts';
import { family, library } from '../api.ts';
import { allocate, release } from '../crt/allocation.ts';
import { LONGEST_NAME } from '../crt/decorated-text.ts';
import { raisedCorruption } from '../crt/malloc.ts';
import { compare } from '../crt/string.ts';
import { byteLength, narrowBytes, readNarrow } from '../crt/text.ts';
import { undecoratedType } from '../crt/undecorate.ts';
import { flushEntries, nextEntry, pushEntry } from '../support/slist.ts';

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

/**
 * __std_type_info_data: the undecorated name, once somebody has asked for it, and the decorated one, which decides
 * whether types are the same.
 */
const UNDECORATED = 0;
const DECORATED = 8;
const FNV_PRIME = 0x01000193;
const FNV_BASIS = 0x811c9dc5;

/** An entry of the list that a module keeps of its names: the link, and behind it the name. */
const NAME = 16;

/** The name of a type, made at the first call and kept until the module's list is destroyed; 0 without memory. */
function typeName(thread: Thread, data: number, list: number): number {
  const { memory, process } = thread;
  const cached = memory.u64(data + UNDECORATED);
  if (cached !== 0) return cached;
  memory.touch(data + UNDECORATED, 8, WRITE);
  // The dot says no more than that it is a type.
  const decorated = data + DECORATED + (memory.u8(data + DECORATED) === 0 ? 0 : 1);
  const length = byteLength(memory, decorated);
  const name =
    length > LONGEST_NAME ? undefined : narrowBytes(undecoratedType(readNarrow(memory, decorated)));
  const size = name?.length ?? length;
  const entry = allocate(process, NAME + size + 1);
  if (entry === 0) return 0;
  if (name) memory.setBytes(entry + NAME, name);
  else memory.copy(entry + NAME, decorated, size);
  memory.setU8(entry + NAME + size, 0);
  pushEntry(memory, list, entry);
  memory.setU64(data + UNDECORATED, entry + NAME);
  return entry + NAME;
}

function destroyNames(thread: Thread, list: number): 0 {
  const { memory, process } = thread;
  let entry = flushEntries(memory, list);
  while (entry !== 0) {
    const next = nextEntry(memory, entry);
    // What has been released is no block any more, so a list that runs in a circle ends.
    if (!release(process, entry)) {
      raisedCorruption(thread);
      return 0;
    }
    entry = next;
  }
  return 0;
}

const PAGES = 'https://learn.microsoft.com/cpp/cpp/type-info-class';

/** What std::exception and std::type_info of a program built with Visual C++ call. */
export const typeInfoApi = family('crt', PAGES, () => ({
  __std_exception_copy: library('from: address, to: address', 'void', copyException),
  __std_exception_destroy: library('data: address', 'void', ({ memory, process }, data) => {
    if (memory.u8(data + OWNED) !== 0) release(process, memory.u64(data + WHAT));
    memory.fill(data, 0, 16);
    return 0;
  }),
  __std_type_info_compare: library('lhs: address, rhs: address', 'int', ({ memory }, lhs, rhs) =>
    lhs === rhs ? 0 : compare(memory, lhs + DECORATED, rhs + DECORATED, Number.POSITIVE_INFINITY),
  ),
  /** type_info::name: what typeid says the type is called, as a person writes it. */
  __std_type_info_name: library('data: address, header: address', 'address', typeName),
  /** A module that ends gives back the names it has asked for. */
  __std_type_info_destroy_list: library('header: address', 'void', destroyNames),
  __std_type_info_hash: library('data: address', 'size', ({ memory }, data) => {
    let hash = FNV_BASIS;
    // A name may be longer than a text of the host can be.
    for (let at = data + DECORATED; ; at++) {
      const byte = memory.u8(at);
      if (byte === 0) return hash;
      hash = Math.imul(hash ^ byte, FNV_PRIME) >>> 0;
    }
  }),
}));
