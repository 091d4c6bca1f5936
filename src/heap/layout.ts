/**
 * How a heap lies in guest memory. All of a heap's truth is there; TypeScript keeps none of it.
 *
 * heap      = a header page, segments and large blocks; its handle is the address of the header
 * segment   = one reservation, committed from its start up to its end block; the first one begins with the heap header
 * block     = a 16-byte header and the bytes behind it; neighbours touch, so each knows the size of the one before
 * end block = the header without bytes that closes a segment's committed part
 * large block = a block in a reservation of its own
 * address of a block = address of its header; what the program gets is 16 more
 * unit      = 16 bytes; block sizes count units, header included
 *
 * Where a field stands where Windows' debuggers show one (dt _HEAP), it has Windows' offset; the rest is ours.
 */
export const UNIT = 16;
export const BLOCK_HEADER = 16;
/** Smallest block: its header and the two links that it needs while it is free. */
export const MIN_UNITS = 2;

// HEAP_* options and flags: https://learn.microsoft.com/windows/win32/api/heapapi/nf-heapapi-heapcreate
export const HEAP_NO_SERIALIZE = 0x1;
export const HEAP_GROWABLE = 0x2;
export const HEAP_GENERATE_EXCEPTIONS = 0x4;
export const HEAP_ZERO_MEMORY = 0x8;
export const HEAP_REALLOC_IN_PLACE_ONLY = 0x10;
export const HEAP_CREATE_ENABLE_EXECUTE = 0x40000;

/** Largest block of a segment, in units: "slightly under 1 MiB". More goes to a large block or is refused. */
export const LARGEST_UNITS = 0xff00;
/** Largest request that a segment serves, in bytes. */
export const LARGEST_SIZE = (LARGEST_UNITS - 1) * UNIT;

// ---- block header: four 32-bit words ----
/** Units of this block. Of an end block: its segment's base / 64 KiB. */
export const BLOCK_UNITS = 0;
/** Units of the block before it, 0 for the first of a segment. */
export const BLOCK_PREVIOUS = 1;
/** State in the low byte; of a busy block, the bytes at its end that were not asked for in the high half. */
export const BLOCK_STATE = 2;
/** Check value over the three words above, the block's address and the heap's cookie. */
export const BLOCK_CHECK = 3;

export const BUSY = 1;
/** In a bin; merged with its neighbours. */
export const FREE = 2;
/** Freed but kept whole for the next allocation of its size (front end). */
export const QUICK = 3;
export const LARGE = 4;
export const END = 5;

// ---- links of a free block, in words from its first byte ----
export const LINK_NEXT = 0;
export const LINK_PREVIOUS = 2;

// ---- segment header; every offset from here on is in bytes, and pointers take 8 ----
export const SEGMENT_SIGNATURE_AT = 0x10;
export const SEGMENT_SIGNATURE = 0xffeeffee;
export const SEGMENT_NEXT = 0x18;
export const SEGMENT_RESERVED_END = 0x20;
export const SEGMENT_HEAP = 0x28;
export const SEGMENT_FIRST_BLOCK = 0x40;
export const SEGMENT_END_BLOCK = 0x48;
export const SEGMENT_HEADER = 0x70;

// ---- heap header, behind its segment header ----
export const HEAP_FLAGS = 0x70;
export const HEAP_FORCE_FLAGS = 0x74;
export const HEAP_COOKIE = 0x88;
export const HEAP_SIGNATURE_AT = 0x98;
export const HEAP_SIGNATURE = 0xeeffeeff;
/** The heaps of a process form a ring that starts at the process heap. */
export const HEAP_NEXT = 0xa0;
export const HEAP_PREVIOUS = 0xa8;
export const HEAP_FIRST_LARGE = 0xb8;
export const HEAP_SEGMENT_COUNT = 0xc0;
/** Units waiting in quick lists. */
export const HEAP_QUICK_UNITS = 0xc4;
/** Committed bytes of all segments (8 bytes). */
export const HEAP_COMMITTED = 0xc8;
/** Page protection of the heap's memory. */
export const HEAP_PROTECT = 0xd0;
/** 1 when small blocks go through quick lists: growable heaps only, as with Windows' low-fragmentation heap. */
export const HEAP_FRONT_END = 0xd4;

// ---- bins of free blocks: one list for each size below 64 units, then 8 for each power of two ----
export const EXACT_BINS = 64;
export const FIRST_LEVEL = 6;
export const BINS_PER_LEVEL = 8;
export const LEVELS = 26;
/** One bit for each exact bin that is not empty (two words). */
export const EXACT_MAP = 0x100;
/** One bit for each level that is not empty. */
export const LEVEL_MAP = 0x108;
/** For each level a word with one bit for each of its bins that is not empty. */
export const LEVEL_BIN_MAPS = 0x10c;
export const EXACT_BIN_HEADS = 0x180;
export const LEVEL_BIN_HEADS = EXACT_BIN_HEADS + EXACT_BINS * 8;

/**
 * Quick lists: one for each size up to 64 units, then 8 for each power of two up to 1024 (16 KiB). Blocks for
 * quick lists have exactly one of these sizes.
 */
export const QUICK_MAX_UNITS = 1024;
export const QUICK_LISTS = 97;
/** Allocations of a size before it gets its quick list; Windows' low-fragmentation heap waits about as long. */
export const QUICK_AFTER = 16;
export const QUICK_HEADS = LEVEL_BIN_HEADS + LEVELS * BINS_PER_LEVEL * 8;
/** For each list how often its size was asked for, up to QUICK_AFTER (4 bytes each). */
export const QUICK_USES = QUICK_HEADS + QUICK_LISTS * 8;
export const GROWABLE_HEADER = Math.ceil((QUICK_USES + QUICK_LISTS * 4) / UNIT) * UNIT;

// ---- large block: this before its block header ----
export const LARGE_PREVIOUS = 0x00;
export const LARGE_NEXT = 0x08;
/** Committed bytes from the base of its reservation. */
export const LARGE_COMMITTED = 0x10;
/** Bytes the program asked for. */
export const LARGE_SIZE = 0x18;
export const LARGE_HEAP = 0x20;
export const LARGE_CHECK = 0x28;
export const LARGE_BLOCK = 0x30;

/** Most segments a heap can have, and most heaps a process can have: the bounds of our walks. */
export const MAX_SEGMENTS = 4096;
export const MAX_HEAPS = 65536;

/** Bytes of a fixed heap's header: as many levels of bins as its reservation can fill, and no quick lists. */
export function fixedHeaderSize(reserve: number): number {
  const units = Math.min(reserve / UNIT, 0xffffffff);
  const levels = Math.max(0, 32 - Math.clz32(units) - FIRST_LEVEL);
  return LEVEL_BIN_HEADS + levels * BINS_PER_LEVEL * 8;
}

/** Units of the block for a request; size 0 gets a block of its own too. */
export function unitsFor(size: number): number {
  return size <= UNIT ? MIN_UNITS : ((size + UNIT - 1) >>> 4) + 1;
}
