import type { Access } from './accesses.ts';
import type { Block } from './graph.ts';
import type { RegionValues } from './values.ts';

/** Widest group: the wider, the more often it crosses a page. */
const MOST_BYTES = 256;
/** Groups with one base that an access looks at, the latest first. */
const MOST_LOOKED_AT = 8;

/**
 * Accesses at constant distances from each other, all behind the first: the fields of a struct. The first one checks the
 * bytes of all, and where they cannot be accessed as they are control goes on in the careful translation.
 */
export interface AccessGroup {
  /** Range relative to the group's base value. */
  readonly low: number;
  readonly high: number;
  /** The check is one for writing. */
  readonly writes: boolean;
}

/** The first of a group. */
export interface Leader {
  readonly group: AccessGroup;
  readonly offset: number;
}

/** For one instruction. */
export interface AccessPlan {
  /** Its explicit memory operand, and its stack access, where they check for a group. */
  operand?: Leader;
  stack?: Leader;
  /** Its memory operand is a stream of this number. */
  stream?: number;
  /** Bytes of its memory operand, and of its stack access, that are known to be accessible. */
  operandChecked?: number;
  stackChecked?: number;
}

/** An access as the region sees it. */
interface Placed extends Access {
  readonly block: number;
}

class Group implements AccessGroup {
  readonly leader: Placed;
  readonly members: Placed[] = [];
  low: number;
  high: number;
  writes: boolean;

  constructor(leader: Placed) {
    this.leader = leader;
    this.low = leader.offset;
    this.high = leader.offset + leader.size;
    this.writes = leader.writes;
  }
  /**
   * Takes an access in that always comes after the leader. One that writes makes the check one for writing only where it
   * follows in the same block: elsewhere it may never come to it, and there is much that can only be read.
   */
  accepts(access: Placed): boolean {
    const { block, offset, size, writes } = access;
    const low = Math.min(this.low, offset);
    const high = Math.max(this.high, offset + size);
    if (high - low > MOST_BYTES || (writes && !this.writes && block !== this.leader.block)) return false;
    this.low = low;
    this.high = high;
    this.writes ||= writes;
    this.members.push(access);
    return true;
  }
}

/**
 * Plans the merged checks of a region, but for what the plans have as checked already. A value's number says that nothing
 * else has run since it was made, so what is checked of it stays so.
 */
export function planGroups(
  blocks: readonly Block[],
  values: RegionValues,
  dominator: Int32Array,
  plans: readonly (AccessPlan | undefined)[][],
): void {
  const groups = new Map<number, Group[]>();
  for (let block = 0; block < blocks.length; block++) {
    for (const [base, list] of values.accesses(block)) {
      for (const access of list) {
        const plan = plans[block]![access.at];
        if ((access.which === 'operand' ? plan?.operandChecked : plan?.stackChecked) !== undefined) continue;
        enter(groups, base, { block, ...access }, dominator);
      }
    }
  }
  for (const ofBase of groups.values()) for (const group of ofBase) note(group, plans);
}

function enter(groups: Map<number, Group[]>, base: number, access: Placed, dominator: Int32Array): void {
  const ofBase = groups.get(base);
  if (ofBase === undefined) {
    groups.set(base, [new Group(access)]);
    return;
  }
  for (let index = ofBase.length - 1; index >= 0 && index >= ofBase.length - MOST_LOOKED_AT; index--) {
    const group = ofBase[index]!;
    if (dominates(group.leader.block, access.block, dominator) && group.accepts(access)) return;
  }
  ofBase.push(new Group(access));
}

/** Blocks are in an order in which each comes after those that dominate it. */
function dominates(first: number, second: number, dominator: Int32Array): boolean {
  let at = second;
  while (at > first) at = dominator[at]!;
  return at === first;
}

function note(group: Group, plans: readonly (AccessPlan | undefined)[][]): void {
  const { leader, members } = group;
  if (members.length === 0) return;
  const plan = (plans[leader.block]![leader.at] ??= {});
  plan[leader.which] = { group, offset: leader.offset };
  for (const member of members) markChecked(plans[member.block]!, member);
}

/** Notes in the plans of its block that an access needs no check. */
export function markChecked(plans: (AccessPlan | undefined)[], { at, which, size }: Access): void {
  const plan = (plans[at] ??= {});
  if (which === 'operand') plan.operandChecked = size;
  else plan.stackChecked = size;
}
