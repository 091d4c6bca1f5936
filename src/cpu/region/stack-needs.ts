import { RSP } from '../../machine/cpu-state.ts';
import { WIDEST_WINDOW } from '../tlb/layout.ts';
import type { Access, BlockAccesses, StackBase } from './accesses.ts';
import { comesBack } from './effects.ts';
import { type Block, settle } from './graph.ts';
import type { RegionValues } from './values.ts';

/** Bytes around the stack pointer: from `low` to before `high`, both relative to it. */
export interface Range {
  readonly low: number;
  readonly high: number;
}

/** What a block needs of the stack, which is checked before. */
export interface StackNeeds {
  /** At its start, for itself and for what follows. */
  readonly atStart: Range | undefined;
  /** After the instructions of these numbers, which give the stack pointer a new value. */
  readonly after: ReadonlyMap<number, Range>;
}

/** Accesses farther from the stack pointer are checked one by one. */
const FARTHEST = 0x4000;
/** Rounds after which a region whose needs still grow (a loop that pushes) goes without. */
const MOST_ROUNDS = 16;
export const NO_NEEDS: StackNeeds = { atStart: undefined, after: new Map() };

/** What one block does with the stack pointer. */
export interface Stack {
  /** By each base that the stack pointer has, in order: the accesses, by their distance from it where it begins. */
  readonly own: readonly {
    readonly at: number;
    readonly accesses: readonly Access[];
    readonly range: Range | undefined;
  }[];
  /** Distance of the stack pointer at the end from the last of them. */
  readonly moved: number;
  /** What follows is another matter: it comes after a call, or the host. */
  readonly isEnd: boolean;
}

/** What each block needs, or undefined where there is no bound. */
export function needsOf(blocks: readonly Block[], stacks: readonly Stack[]): StackNeeds[] | undefined {
  const atStart = new Array<Range | undefined>(blocks.length).fill(undefined);
  const following = (index: number): Range | undefined =>
    stacks[index]!.isEnd
      ? undefined
      : shift(
          blocks[index]!.successors.reduce<Range | undefined>((all, to) => join(all, atStart[to]), undefined),
          stacks[index]!.moved,
        );
  const settled = settle(
    blocks,
    'backwards',
    (index) => {
      const { own } = stacks[index]!;
      const { range } = own[0]!;
      const need = own.length > 1 ? range : join(range, following(index));
      if (need?.low === atStart[index]?.low && need?.high === atStart[index]?.high) return false;
      atStart[index] = need;
      return true;
    },
    MOST_ROUNDS,
  );
  if (!settled) return undefined;
  const needs = stacks.map(({ own }, index): StackNeeds => {
    const after = new Map<number, Range>();
    own.forEach(({ at, range }, number) => {
      const need = number === own.length - 1 ? join(range, following(index)) : range;
      if (number > 0 && need !== undefined) after.set(at, need);
    });
    return { atStart: atStart[index], after };
  });
  return needs.every(isBounded) ? needs : undefined;
}

const NO_ACCESSES: readonly Access[] = [];

/** What a block does with the stack pointer, of the values of its region. */
export function stackOf(block: Block, index: number, accesses: BlockAccesses, values: RegionValues): Stack {
  const byBase = values.accesses(index);
  const own = accesses.stackBases.map(({ base: ofBlock, at }: StackBase) => {
    const { base, delta } = values.resolve(index, { base: ofBlock, delta: 0 });
    const all = byBase.get(base) ?? NO_ACCESSES;
    const near = (
      delta === 0 ? all : all.map((access) => ({ ...access, offset: access.offset - delta }))
    ).filter(({ offset }) => Math.abs(offset) <= FARTHEST);
    return { at, accesses: near, range: hull(near) };
  });
  const { effects, successors } = block;
  return {
    own,
    moved: accesses.values[RSP]!.delta,
    isEnd: successors.length === 0 || comesBack(effects[effects.length - 1]),
  };
}

function hull(accesses: readonly Access[]): Range | undefined {
  let range: Range | undefined;
  for (const { offset, size } of accesses) range = join(range, { low: offset, high: offset + size });
  return range;
}

function isBounded({ atStart, after }: StackNeeds): boolean {
  return [atStart, ...after.values()].every(
    (range) => range === undefined || range.high - range.low <= WIDEST_WINDOW,
  );
}

function join(a: Range | undefined, b: Range | undefined): Range | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return { low: Math.min(a.low, b.low), high: Math.max(a.high, b.high) };
}

function shift(range: Range | undefined, distance: number): Range | undefined {
  if (range === undefined || distance === 0) return range;
  return { low: range.low + distance, high: range.high + distance };
}
