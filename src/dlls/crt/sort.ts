import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Thread } from '../../process/thread.ts';
import { calling, family, type GuestCall, library } from '../api.ts';
import { callInt } from './guest-call.ts';
import { failInvalid } from './invalid.ts';
import { threadData } from './state.ts';

/** Arrays up to this long are sorted by insertion. */
const SHORT = 8;

/** An array of a qsort call and the program's comparison. */
interface Sorting {
  readonly thread: Thread;
  readonly memory: GuestMemory;
  readonly base: number;
  readonly width: number;
  /** The call of the comparison, used again each time; its last two arguments are the elements. */
  readonly call: { readonly address: number; readonly args: number[] };
}

type Step<T> = Generator<GuestCall, T, number>;

const WORD = 4;

function swap(s: Sorting, i: number, j: number): void {
  const { memory } = s;
  const a = s.base + i * s.width;
  const b = s.base + j * s.width;
  let at = 0;
  for (; at + WORD <= s.width; at += WORD) {
    const held = memory.u32(a + at);
    memory.setU32(a + at, memory.u32(b + at));
    memory.setU32(b + at, held);
  }
  for (; at < s.width; at++) {
    const held = memory.u8(a + at);
    memory.setU8(a + at, memory.u8(b + at));
    memory.setU8(b + at, held);
  }
}

function* compare(s: Sorting, i: number, j: number): Step<number> {
  const { args } = s.call;
  args[args.length - 2] = s.base + i * s.width;
  args[args.length - 1] = s.base + j * s.width;
  return yield* callInt(s.thread, s.call);
}

/** Sorts [first, last], however wrong the comparison: every loop is bounded by the array. */
function* sortRange(s: Sorting, first: number, last: number): Step<void> {
  const ranges: [number, number, number][] = [[first, last, 2 * Math.ceil(Math.log2(last - first + 2))]];
  for (let range = ranges.pop(); range; range = ranges.pop()) {
    const [low, high, depth] = range;
    if (high - low < SHORT) yield* insertionSort(s, low, high);
    else if (depth === 0) yield* heapSort(s, low, high);
    else {
      const { left, right } = yield* partition(s, low, high);
      ranges.push([low, left, depth - 1], [right, high, depth - 1]);
    }
  }
}

function* insertionSort(s: Sorting, low: number, high: number): Step<void> {
  for (let i = low + 1; i <= high; i++) {
    for (let j = i; j > low && (yield* compare(s, j - 1, j)) > 0; j--) swap(s, j - 1, j);
  }
}

/** Quicksort's step, around the median of three: [low, left] and [right, high] remain to be sorted. */
function* partition(s: Sorting, low: number, high: number): Step<{ left: number; right: number }> {
  const middle = low + Math.floor((high - low) / 2);
  if ((yield* compare(s, low, middle)) > 0) swap(s, low, middle);
  if ((yield* compare(s, low, high)) > 0) swap(s, low, high);
  if ((yield* compare(s, middle, high)) > 0) swap(s, middle, high);
  swap(s, middle, low + 1);
  const pivot = low + 1;
  let i = pivot;
  let j = high;
  for (;;) {
    do i++;
    while (i < high && (yield* compare(s, i, pivot)) < 0);
    do j--;
    while (j > pivot && (yield* compare(s, j, pivot)) > 0);
    if (i >= j) break;
    swap(s, i, j);
  }
  swap(s, pivot, j);
  return { left: j - 1, right: j + 1 };
}

function* heapSort(s: Sorting, low: number, high: number): Step<void> {
  const count = high - low + 1;
  for (let i = Math.floor(count / 2) - 1; i >= 0; i--) yield* sift(s, low, i, count);
  for (let end = count - 1; end > 0; end--) {
    swap(s, low, low + end);
    yield* sift(s, low, 0, end);
  }
}

function* sift(s: Sorting, low: number, root: number, count: number): Step<void> {
  for (let child = 2 * root + 1; child < count; child = 2 * root + 1) {
    if (child + 1 < count && (yield* compare(s, low + child, low + child + 1)) < 0) child++;
    if ((yield* compare(s, low + root, low + child)) >= 0) return;
    swap(s, low + root, low + child);
    root = child;
  }
}

function* sort(
  thread: Thread,
  base: number,
  num: number,
  width: number,
  call: Sorting['call'],
): Step<number> {
  if (num > 1 && width > 0)
    yield* sortRange({ thread, memory: thread.memory, base, width, call }, 0, num - 1);
  return 0;
}

function* search(
  thread: Thread,
  key: number,
  base: number,
  num: number,
  width: number,
  compareAt: number,
  context: readonly number[] = [],
): Step<number> {
  let low = 0;
  let high = num - 1;
  while (low <= high) {
    const middle = Math.floor((low + high) / 2);
    const element = base + middle * width;
    const order = yield* callInt(thread, { address: compareAt, args: [...context, key, element] });
    if (order === 0) return element;
    if (order < 0) high = middle - 1;
    else low = middle + 1;
  }
  return 0;
}

/** _lfind (and _lsearch, which adds what it does not find): *num elements from `base` on. */
function* scan(
  thread: Thread,
  key: number,
  base: number,
  num: number,
  width: number,
  compareAt: number,
  add: boolean,
  context: readonly number[] = [],
): Step<number> {
  const { memory } = thread;
  const count = memory.u32(num);
  for (let i = 0; i < count; i++) {
    const element = base + i * width;
    if ((yield* callInt(thread, { address: compareAt, args: [...context, key, element] })) === 0)
      return element;
  }
  if (!add) return 0;
  memory.copy(base + count * width, key, width);
  memory.setU32(num, count + 1);
  return base + count * width;
}

const PAGES = 'https://learn.microsoft.com/cpp/c-runtime-library/reference/{}';
const MULTIPLIER = 214013;
const INCREMENT = 2531011;

/** stdlib.h and search.h: sorting and searching with the program's comparison; random numbers. */
export const sortApi = family('crt', PAGES, () => ({
  qsort: calling(
    'base: address, number: size, width: size, compare: address',
    'void',
    (t, base, num, width, address) => sort(t, base, num, width, { address, args: [0, 0] }),
  ),
  qsort_s: calling(
    'base: address, num: size, width: size, compare: address, context: address',
    'void',
    (t, base, num, width, address, context) =>
      sort(t, base, num, width, {
        address,
        args: [context, 0, 0],
      }),
  ),
  bsearch: calling(
    'key: address, base: address, num: size, width: size, compare: address',
    'address',
    (t, key, base, num, width, compareAt) => search(t, key, base, num, width, compareAt),
  ),
  _lfind: calling(
    'key: address, base: address, num: address, width: dword, compare: address',
    'address',
    (t, key, base, num, width, compareAt) => scan(t, key, base, num, width, compareAt, false),
  ),
  _lsearch: calling(
    'key: address, base: address, num: address, width: dword, compare: address',
    'address',
    (t, key, base, num, width, compareAt) => scan(t, key, base, num, width, compareAt, true),
  ),
  bsearch_s: calling(
    'key: address, base: address, num: size, width: size, compare: address, context: address',
    'address',
    (t, key, base, num, width, compareAt, context) => search(t, key, base, num, width, compareAt, [context]),
  ),
  _lfind_s: calling(
    'key: address, base: address, num: address, width: size, compare: address, context: address',
    'address',
    (t, key, base, num, width, compareAt, context) =>
      scan(t, key, base, num, width, compareAt, false, [context]),
  ),
  _lsearch_s: calling(
    'key: address, base: address, num: address, width: size, compare: address, context: address',
    'address',
    (t, key, base, num, width, compareAt, context) =>
      scan(t, key, base, num, width, compareAt, true, [context]),
  ),
  /** Random bits of the system. */
  rand_s: library('randomValue: address', 'int', (thread, at) => {
    if (at === 0) return failInvalid(thread, 22, 22);
    const { host } = thread.process.machine;
    if (!host) return thread.stop('rand_s: the machine stands on no host that has random bits');
    const bytes = new Uint8Array(4);
    host.random(bytes);
    thread.memory.setBytes(at, bytes);
    return 0;
  }),
  srand: library('seed: dword', 'void', (thread, seed) => {
    threadData(thread).seed = seed;
    return 0;
  }),
  rand: library('', 'int', (thread) => {
    const data = threadData(thread);
    data.seed = (Math.imul(data.seed, MULTIPLIER) + INCREMENT) >>> 0;
    return (data.seed >>> 16) & 0x7fff;
  }),
}));
