/** A hash function of addresses: `imul(address, multiplier) >>> shift`. */
export interface Scatter {
  /** Signed. */
  readonly multiplier: number;
  readonly shift: number;
  /** By hash: which of the addresses have it. */
  readonly buckets: readonly (readonly number[])[];
}

const TRIES = 48;
const FEWEST_BITS = 2;
/** 2^32 divided by the golden ratio: consecutive addresses get distant hashes. The others tried are its multiples. */
const FIRST_MULTIPLIER = 0x9e37_79b1;

/** Finds a hash for which as few as possible of these addresses share a bucket. */
export function scatter(addresses: readonly number[]): Scatter {
  const words = addresses.map((address) => (address % 0x1_0000_0000) | 0);
  const bits = Math.max(FEWEST_BITS, Math.ceil(Math.log2(addresses.length)) + 1);
  let [best, fewest] = [0, Number.POSITIVE_INFINITY];
  for (let tried = 0; tried < TRIES && fewest > 0; tried++) {
    const multiplier = Math.imul(FIRST_MULTIPLIER, 2 * tried + 1);
    const hashes = new Set(words.map((word) => Math.imul(word, multiplier) >>> (32 - bits)));
    const shared = words.length - hashes.size;
    if (shared < fewest) [best, fewest] = [multiplier, shared];
  }
  const buckets: number[][] = Array.from({ length: 1 << bits }, () => []);
  words.forEach((word, index) => {
    buckets[Math.imul(word, best) >>> (32 - bits)]!.push(index);
  });
  return { multiplier: best, shift: 32 - bits, buckets };
}
