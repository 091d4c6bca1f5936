/**
 * Hears of every block's birth, resize and death, after the fact and in order. Addresses are the program's
 * (behind the block header), sizes the ones it asked for.
 */
export interface HeapListener {
  allocated(heap: number, address: number, size: number): void;
  /** The block may have moved; the old address then names nothing. */
  resized(heap: number, oldAddress: number, oldSize: number, address: number, size: number): void;
  freed(heap: number, address: number, size: number): void;
  /** The heap went with all blocks that it still had. */
  destroyed(heap: number): void;
}
