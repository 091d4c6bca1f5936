/**
 * Where things live in a machine's one WebAssembly.Memory. Every number is a byte offset into it.
 *
 *     0x000000  nothing (a host address of 0 means "no address")
 *     0x001000  state of the running CPU (cpu-state.ts)
 *     0x020000  constants and scratch of the translator
 *     0x040000  first-level TLB, reads    16384 entries x 8 bytes
 *     0x060000  first-level TLB, writes   16384 entries x 8 bytes
 *     0x080000  jump cache                16384 entries x 16 bytes
 *     0x100000  second-level TLB: 1 MiB for reads, 1 MiB for writes (of the running address space)
 *     0x400000  the frame database (frames.ts): 32 bytes a frame, then a byte, 4 bytes and a byte
 *     0x2c00000 frames
 *     the last 64 KiB: where translated code puts accesses together that cross a page
 *
 * The frames are a window onto guest address space: the home of a guest page is the frame at the low 32 bits of its
 * address, counted from FRAMES. Translated code finds a page at home without looking up where its frame is.
 */

/** Bytes in a page of guest address space and in the frame behind it. */
export const PAGE_SIZE = 0x1000;
/** Allocation granularity: reservations and views begin at multiples of this. */
export const GRANULE = 0x10000;
/** First and last address a program can have (GetSystemInfo's documented values for x64). */
export const LOWEST_ADDRESS = 0x10000;
export const HIGHEST_ADDRESS = 0x7fff_fffe_ffff;

export const CPU_STATE = 0x1000;
export const TRANSLATOR_SCRATCH = 0x20000;
export const TLB_READ = 0x40000;
export const TLB_WRITE = 0x60000;
export const TLB_ENTRIES = 16384;
export const TLB_ENTRY_SIZE = 8;
export const JUMP_CACHE = 0x80000;
export const JUMP_CACHE_ENTRIES = 16384;
export const TLB2_READ = 0x100000;
export const TLB2_WRITE = 0x200000;
export const TLB2_ENTRIES = 0x8000;
export const TLB2_ENTRY_SIZE = 16;
/** Byte offset of frame 0. */
export const FRAMES = 0x2c0_0000;
/** Size of the WebAssembly.Memory in bytes: 4 GiB, all that 32-bit wasm can address. */
export const RAM_BYTES = 0x1_0000_0000;
/** Where an access that crosses a page is put together. */
export const CROSSING = RAM_BYTES - GRANULE;
/** Most frames that a machine can have. */
export const MAX_FRAMES = (CROSSING - FRAMES) / PAGE_SIZE;
/** Records of frames. */
export const FRAME_RECORDS = 0x40_0000;
export const FRAME_RECORD_SIZE = 32;
/** There is room for a record of each page of 4 GiB. */
export const FRAME_RECORD_COUNT = 0x10_0000;
/** A byte for each record: whether code was translated from the frame. */
export const FRAME_CODE = FRAME_RECORDS + FRAME_RECORD_COUNT * FRAME_RECORD_SIZE;
/** A number of 32 bits for each frame: the stack of free ones. */
export const FREE_FRAMES = FRAME_CODE + FRAME_RECORD_COUNT;
/** A byte for each record: whether there may be a TLB entry for writing. */
export const FRAME_WRITABLE = FREE_FRAMES + MAX_FRAMES * 4;
