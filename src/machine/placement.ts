import { MAX_FRAMES } from './layout.ts';

/**
 * The home of a guest page: the one frame in which translated code finds it without a second look (see layout.ts).
 * MAX_FRAMES or more where the page has none, in the last 45 MiB of each 4 GiB.
 */
export function homeOf(page: number): number {
  return page & 0xf_ffff;
}

/**
 * The place of what is kept for a frame, below FRAME_RECORD_COUNT. Regions begin at granules of 16 pages, and many have only
 * few pages in use: what is kept for frames 16 apart lies side by side, so that those few share lines and pages of the host.
 */
export function rankOf(frame: number): number {
  return (frame >>> 4) | ((frame & 15) << 16);
}

/**
 * Most freed frames that are left unused so that new pages can be at home. Above that a page takes a freed frame, for
 * the host never takes touched pages of a WebAssembly.Memory back.
 */
export const MOST_SPARE = 8192;

/** "Not shown at any address": for frames that a file is read into. */
export const NOWHERE = MAX_FRAMES;
