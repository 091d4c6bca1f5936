import {
  FRAMES,
  PAGE_SIZE,
  TLB_ENTRIES,
  TLB_ENTRY_SIZE,
  TLB2_ENTRIES,
  TLB2_ENTRY_SIZE,
  TRANSLATOR_SCRATCH,
} from '../../machine/layout.ts';
import { STREAM_NUMBERS } from '../region/streams.ts';

/**
 * Translated code reaches a page only by way of a tag: its guest page address, negated (64 bits; an empty entry has the tag of
 * a page with another number): the sum of a tag and an address is the offset in the page. Only pages at
 * home (machine/placement.ts) have tags, so the low 32 bits of a guest address say where its bytes are, counted from
 * FRAMES. Entry number = page number modulo the count. The second level holds all pages: a tag and the addend (32 bits)
 * that turns the low 32 bits of a guest address into a host address. There the entry's number is mixed with higher bits
 * of the page's, for a program's image, at 5 GiB, has the same entries in the first level as its heap and stack far below.
 */
export const TLB_INDEX_SHIFT = 9;
export const TLB_INDEX_MASK = (TLB_ENTRIES - 1) * TLB_ENTRY_SIZE;
/** The page address whose tag an empty entry has, given the entry's byte offset in its TLB. */
export function emptyPage(entry: number): number {
  return entry === 0 ? PAGE_SIZE : 0;
}
export const TLB2_INDEX_SHIFT = 8;
/** The mixture: an address is shifted by both and combined by xor. By this one, what is above the first level's reach. */
export const TLB2_MIXED_SHIFT = TLB2_INDEX_SHIFT + Math.log2(TLB_ENTRIES);
export const TLB2_INDEX_MASK = (TLB2_ENTRIES - 1) * TLB2_ENTRY_SIZE;
export const TLB2_ADDEND = 8;
/** The addend of a page at home. */
export const HOME_ADDEND = FRAMES;

/**
 * The TLB of streams: accesses that mostly stay in one page (see region/streams.ts) have entries of their own, found by
 * number instead of by address. An entry: the guest page address (64 bits); below which offset in it a narrow access, and
 * a wide one, may begin (64 bits each; 0 = empty). What begins nearer to the page's end misses. Streams that share an entry
 * only take it from each other.
 */
export const STREAM_TLB = TRANSLATOR_SCRATCH + 0x1000;
export const STREAM_ENTRY_SIZE = 32;
export const STREAM_NARROW_LIMIT = 8;
export const STREAM_WIDE_LIMIT = 16;
/** Most bytes of a narrow access, and of a wide one: a group of accesses that are checked together. */
export const STREAM_NARROW = 16;
export const STREAM_WIDE = 64;
/** Entries of streams that read, then of those that write. */
export const READ_STREAMS = 0;
export const WRITE_STREAMS = READ_STREAMS + STREAM_NUMBERS;
export const STREAM_ENTRIES = WRITE_STREAMS + STREAM_NUMBERS;
export const STREAM_TLB_BYTES = STREAM_ENTRIES * STREAM_ENTRY_SIZE;

/**
 * The stack window: pages around the stack pointer, one after the other, that are all at home and can be written without
 * more ado. An entry: its first address (64 bits); then for each width in WINDOW_WIDTHS how far from there something so
 * wide may begin (64 bits each; all 0 = there is no window).
 */
export const STACK_WINDOW = TRANSLATOR_SCRATCH + 0x2000;
export const WINDOW_WIDTHS: readonly number[] = [
  32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768, 65536,
];
export const WINDOW_LIMITS = STACK_WINDOW + 8;
export const WIDEST_WINDOW = WINDOW_WIDTHS[WINDOW_WIDTHS.length - 1]!;
