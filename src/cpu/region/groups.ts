import type { Access, BlockAccesses } from './accesses.ts';

/** Widest group: the wider, the more often it crosses a page and every member takes the slow path. */
const MOST_BYTES = 256;

/**
 * Accesses of one block at constant distances from each other: push after push, the fields of a struct. The first
 * one checks for all; the others only ask whether that succeeded.
 */
export interface AccessGroup {
  /** Range relative to the group's base value. */
  low: number;
  high: number;
  /** Some member writes, so the check is one for writing. */
  writes: boolean;
  /** Local with 1, or 0 after a failed check; -1 before the first member is emitted. */
  checked: number;
}

export interface Member {
  readonly group: AccessGroup;
  readonly offset: number;
}

/** For one instruction. */
export interface AccessPlan {
  /** Its explicit memory operand, and its stack access, where they are members of groups. */
  operand?: Member;
  stack?: Member;
  /** Its memory operand is a stream of this number. */
  stream?: number;
  /** Bytes of its memory operand, and of its stack access, that are known to be accessible: see stack-needs.ts. */
  operandChecked?: number;
  stackChecked?: number;
}

/** Plans the merged checks of a block, but for accesses through the bases in `checked`. */
export function planGroups(
  { byBase }: BlockAccesses,
  checked: ReadonlySet<number>,
  plans: (AccessPlan | undefined)[],
): void {
  for (const [base, accesses] of byBase)
    if (accesses.length > 1 && !checked.has(base)) mergeNear(accesses, plans);
}

function mergeNear(accesses: readonly Access[], plans: (AccessPlan | undefined)[]): void {
  let first = 0;
  while (first < accesses.length) {
    const group: AccessGroup = { low: accesses[first]!.offset, high: 0, writes: false, checked: -1 };
    group.high = group.low + accesses[first]!.size;
    let end = first;
    for (; end < accesses.length; end++) {
      const { offset, size } = accesses[end]!;
      const low = Math.min(group.low, offset);
      const high = Math.max(group.high, offset + size);
      if (high - low > MOST_BYTES) break;
      group.low = low;
      group.high = high;
      if (accesses[end]!.writes) group.writes = true;
    }
    if (end - first > 1) {
      for (const { at, which, offset } of accesses.slice(first, end))
        (plans[at] ??= {})[which] = { group, offset };
    }
    first = end;
  }
}
