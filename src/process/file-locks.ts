/** Bytes from `from` up to `end`, held by an opening. */
interface Lock {
  readonly owner: object;
  readonly from: bigint;
  readonly end: bigint;
  readonly isExclusive: boolean;
}

/** More than any program holds; each costs the others time. */
const MOST_LOCKS = 16_384;

/**
 * Locked ranges of a file. They may lie past its end. Who owns one is the opening that asked for it, whatever
 * handles lead there. https://learn.microsoft.com/windows/win32/fileio/locking-and-unlocking-byte-ranges-in-files
 */
export class FileLocks {
  readonly #locks: Lock[] = [];
  readonly #waiting = new Set<() => void>();

  get isEmpty(): boolean {
    return this.#locks.length === 0;
  }

  get isFull(): boolean {
    return this.#locks.length >= MOST_LOCKS;
  }

  /** Locks a range, unless others' locks are in the way. An exclusive lock is in the way of any, a shared one of exclusive ones. */
  lock(owner: object, from: bigint, end: bigint, isExclusive: boolean): boolean {
    for (const lock of this.#locks) {
      if (!overlap(lock, from, end) || !(isExclusive || lock.isExclusive)) continue;
      // Its own exclusive lock can be overlaid with a shared one.
      if (isExclusive || lock.owner !== owner) return false;
    }
    this.#locks.push({ owner, from, end, isExclusive });
    return true;
  }

  /** Gives back exactly what was locked, an exclusive lock before a shared one; false when there is no such lock. */
  unlock(owner: object, from: bigint, end: bigint): boolean {
    const same = this.#locks.filter((lock) => lock.owner === owner && lock.from === from && lock.end === end);
    const lock = same.find(({ isExclusive }) => isExclusive) ?? same[0];
    if (lock === undefined) return false;
    this.#locks.splice(this.#locks.indexOf(lock), 1);
    this.#wake();
    return true;
  }

  /** Whether a lock forbids an opening to read or write there. A shared lock forbids writing to its owner as well. */
  forbids(owner: object, position: number, length: number, writes: boolean): boolean {
    if (this.isEmpty || length === 0 || !Number.isSafeInteger(position)) return false;
    const from = BigInt(position);
    return this.#locks.some(
      (lock) =>
        overlap(lock, from, from + BigInt(length)) && (lock.isExclusive ? lock.owner !== owner : writes),
    );
  }

  /** The opening ends: so do its locks. */
  release(owner: object): void {
    if (this.isEmpty) return;
    const kept = this.#locks.filter((lock) => lock.owner !== owner);
    this.#locks.splice(0, this.#locks.length, ...kept);
    this.#wake();
  }

  /** Calls back once when a lock has been given back. */
  whenReleased(callback: () => void): void {
    this.#waiting.add(callback);
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }
}

/** An empty range overlaps nothing. */
function overlap(lock: Lock, from: bigint, end: bigint): boolean {
  return lock.from < end && from < lock.end && lock.from < lock.end;
}
