import type { ImageBytes } from './image-bytes.ts';
import { damaged, hex, type Refusal } from './refusal.ts';

/** Thread-local storage of an image. Addresses are RVAs. */
export interface TlsDirectory {
  /** What each thread's block starts as: bytes of the image (as relocated), then zeros. */
  readonly template: number;
  readonly templateSize: number;
  readonly zeroFill: number;
  /** Alignment of the block: a power of two from 1 to 8192. */
  readonly alignment: number;
  /** Where the loader stores the image's TLS index (32 bits). */
  readonly index: number;
  /** The zero-terminated array of callbacks in memory (0 = none), which programs may change at run time, and what it holds in the file. */
  readonly callbackArray: number;
  readonly callbacks: readonly number[];
}

const DIRECTORY_SIZE = 40;
const MOST_CALLBACKS = 4096;
/** Every thread pays for it. */
const LARGEST_BLOCK = 0x4000_0000;

/** Reads the TLS directory at `address` (0 = none). Its fields are addresses at the preferred base. */
export function readTls(
  bytes: ImageBytes,
  address: number,
  base: number,
): TlsDirectory | Refusal | undefined {
  if (address === 0) return undefined;
  if (!bytes.inside(address, DIRECTORY_SIZE)) return damaged('its TLS directory is outside the image');
  const start = bytes.u64(address);
  const end = bytes.u64(address + 8);
  const index = bytes.u64(address + 16) - base;
  const zeroFill = bytes.u32(address + 32);
  const size = end - start;
  if (size < 0 || (size > 0 && !bytes.inside(start - base, size))) {
    return damaged(`its TLS template ${hex(start)} to ${hex(end)} is outside the image`);
  }
  if (size + zeroFill > LARGEST_BLOCK)
    return damaged(`it wants ${hex(size + zeroFill)} bytes of TLS for each thread`);
  if (!bytes.inside(index, 4)) return damaged('its TLS index is outside the image');
  const array = bytes.u64(address + 24);
  const callbacks = array === 0 ? [] : readCallbacks(bytes, array - base, base);
  if (!Array.isArray(callbacks)) return callbacks;
  return {
    template: size === 0 ? 0 : start - base,
    templateSize: size,
    zeroFill,
    alignment: alignmentOf(bytes.u32(address + 36)),
    index,
    callbackArray: array === 0 ? 0 : array - base,
    callbacks,
  };
}

/** Bits 20–23 hold the alignment as a section header does: n means 2^(n-1), 0 the default of 16. */
function alignmentOf(characteristics: number): number {
  const field = (characteristics >>> 20) & 15;
  return field === 0 || field === 15 ? 16 : 2 ** (field - 1);
}

function readCallbacks(bytes: ImageBytes, array: number, base: number): number[] | Refusal {
  const callbacks: number[] = [];
  for (let at = array; ; at += 8) {
    if (!bytes.inside(at, 8)) return damaged('its list of TLS callbacks leaves the image');
    const callback = bytes.u64(at);
    if (callback === 0) return callbacks;
    if (!bytes.inside(callback - base, 1))
      return damaged(`its TLS callback ${hex(callback)} is outside the image`);
    if (callbacks.length === MOST_CALLBACKS) return damaged('it has too many TLS callbacks to be true');
    callbacks.push(callback - base);
  }
}
