import { PAGE_SIZE } from '../../machine/layout.ts';
import { READ, WRITE } from '../../memory/constants.ts';
import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Thread } from '../../process/thread.ts';
import { progress, setProgress } from './progress.ts';

/** Bytes probed and then changed in one step: what an interrupted call does again at most. */
const STEP = 0x10000;

/** memset: whole steps are done or not; the number done survives a fault. */
export function fill(thread: Thread, dest: number, value: number, count: number): number {
  const { memory } = thread;
  if (count <= STEP) {
    memory.touch(dest, count, WRITE);
    memory.fill(dest, value & 0xff, count);
    return dest;
  }
  for (let step = progress(thread); step * STEP < count; step++) {
    setProgress(thread, step);
    if (thread.isTired) return thread.again();
    const at = step * STEP;
    const size = Math.min(STEP, count - at);
    memory.touch(dest + at, size, WRITE);
    memory.fill(dest + at, value & 0xff, size);
  }
  return dest;
}

/** memmove, from the end where the areas overlap so that the source must be read first there. */
export function move(thread: Thread, dest: number, src: number, count: number): number {
  if (count <= STEP) {
    moveStep(thread.memory, dest, src, count);
    return dest;
  }
  const backward = dest > src && dest < src + count;
  const steps = Math.ceil(count / STEP);
  for (let step = progress(thread); step < steps; step++) {
    setProgress(thread, step);
    if (thread.isTired) return thread.again();
    const at = (backward ? steps - 1 - step : step) * STEP;
    moveStep(thread.memory, dest + at, src + at, Math.min(STEP, count - at));
  }
  return dest;
}

function moveStep(memory: GuestMemory, dest: number, src: number, size: number): void {
  memory.touch(src, size, READ);
  memory.touch(dest, size, WRITE);
  memory.copy(dest, src, size);
}

/** How many leading bytes of two areas are equal (RtlCompareMemory). Nothing beyond the page of a difference is read. */
export function equalBytes(thread: Thread, a: number, b: number, count: number): number {
  for (let step = progress(thread); step * STEP < count; step++) {
    setProgress(thread, step);
    if (thread.isTired) return thread.again();
    const at = step * STEP;
    const equal = equalInStep(thread.memory, a + at, b + at, Math.min(STEP, count - at));
    if (equal < Math.min(STEP, count - at)) return at + equal;
  }
  return count;
}

function equalInStep(memory: GuestMemory, a: number, b: number, size: number): number {
  for (let done = 0; done < size; ) {
    const piece = Math.min(
      PAGE_SIZE - ((a + done) % PAGE_SIZE),
      PAGE_SIZE - ((b + done) % PAGE_SIZE),
      size - done,
    );
    const left = memory.bytes(a + done, piece);
    const right = memory.bytes(b + done, piece);
    for (let i = 0; i < piece; i++) if (left[i] !== right[i]) return done + i;
    done += piece;
  }
  return size;
}
