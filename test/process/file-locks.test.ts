import { describe, expect, it } from 'vitest';
import { FileLocks } from '../../src/process/file-locks.ts';

const one = {};
const two = {};

describe('locks on ranges of a file', () => {
  it('tell who waits when one is given back, and once only', () => {
    const locks = new FileLocks();
    let told = 0;
    expect(locks.lock(one, 0n, 10n, true)).toBe(true);
    expect(locks.lock(two, 5n, 6n, false)).toBe(false);
    locks.whenReleased(() => told++);
    expect(locks.unlock(one, 0n, 9n)).toBe(false);
    expect(told).toBe(0);
    expect(locks.unlock(one, 0n, 10n)).toBe(true);
    expect(told).toBe(1);
    expect(locks.lock(two, 5n, 6n, false)).toBe(true);
    locks.release(two);
    expect(told).toBe(1);
  });

  it('end with their opening, others stay', () => {
    const locks = new FileLocks();
    let told = 0;
    locks.lock(one, 0n, 10n, true);
    locks.lock(two, 10n, 20n, true);
    locks.whenReleased(() => told++);
    locks.release(one);
    expect(told).toBe(1);
    expect(locks.lock(two, 0n, 10n, true)).toBe(true);
    expect(locks.lock(one, 19n, 30n, false)).toBe(false);
  });

  it('of the last byte that an offset reaches stand in nobody else’s way', () => {
    const locks = new FileLocks();
    const end = 1n << 64n;
    expect(locks.lock(one, end - 1n, end, true)).toBe(true);
    expect(locks.lock(two, end - 1n, end, false)).toBe(false);
    expect(locks.lock(two, 0n, end - 1n, true)).toBe(true);
    expect(locks.forbids(one, 2 ** 53, 10, false)).toBe(false);
    expect(locks.forbids(one, 2 ** 53 - 20, 10, false)).toBe(true);
  });

  it('are refused when a program takes more than any program needs', () => {
    const locks = new FileLocks();
    let taken = 0;
    for (; taken < 1_000_000 && !locks.isFull; taken++) locks.lock({}, -1n, -1n, false);
    expect(taken).toBe(16_384);
  });
});
