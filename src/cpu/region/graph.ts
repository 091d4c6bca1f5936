import type { Instruction } from '../decode/instruction.ts';
import type { Effects } from './effects.ts';

/** Why a block ends in the region without an instruction that transfers control. */
export type BlockEnd =
  /** Its last instruction says how control goes on. */
  | 'flow'
  /** It runs into the next block. */
  | 'fall'
  /** It has no instructions: jumps through one table, or ways into one loop, meet here, with the address in a local. */
  | 'table'
  /** It runs out of the region: past its limits, or into bytes that cannot be read now. */
  | 'out'
  /** There is no such instruction at `stop`. */
  | 'illegal'
  /** The instruction at `stop` is not implemented. */
  | 'unsupported';

/** A basic block. */
export interface Block {
  readonly start: number;
  readonly instructions: Instruction[];
  /** What each of them does. */
  readonly effects: Effects[];
  end: BlockEnd;
  /** Address after the last instruction: where it falls to or stops. */
  stop: number;
  /** It ends in a guest call. */
  isCall: boolean;
  /** Address of the table whose cases its successors are. */
  readonly table: number | undefined;
  /** Numbers of the blocks of this region that control may go to. */
  successors: number[];
  predecessors: number[];
}

export function emptyBlock(start: number): Block {
  return {
    start,
    instructions: [],
    effects: [],
    end: 'out',
    stop: start,
    isCall: false,
    table: undefined,
    successors: [],
    predecessors: [],
  };
}

/** What structured emission needs to know about a graph. */
export interface Shape {
  readonly dominator: Int32Array;
  /** Some edge goes back to it. */
  readonly isLoopHeader: Uint8Array;
  /** A loop header that can be reached again without a guest call (which charges fuel itself). */
  readonly chargesFuel: Uint8Array;
  /** Several forward edges meet in it. */
  readonly isMerge: Uint8Array;
  /** A table leads to it. */
  readonly isCase: Uint8Array;
  /** It lies on a cycle. */
  readonly isInLoop: Uint8Array;
  /** The blocks of each loop, the header first. Loops that share a header are apart. None if not reducible. */
  readonly loops: readonly (readonly number[])[];
  /** False: some edge goes back to a block that does not dominate it, so there is no structured form. */
  readonly isReducible: boolean;
}

/**
 * Puts blocks into reverse postorder from block 0, dropping what cannot be reached, and links predecessors: an edge to
 * a lower number goes back.
 */
export function reversePostorder(blocks: readonly Block[]): Block[] {
  const state = new Uint8Array(blocks.length);
  const order: number[] = [];
  const stack: number[] = [0];
  const nextChild = new Int32Array(blocks.length);
  state[0] = 1;
  while (stack.length > 0) {
    const at = stack[stack.length - 1]!;
    const { successors } = blocks[at]!;
    if (nextChild[at]! < successors.length) {
      const child = successors[successors.length - 1 - nextChild[at]!++]!;
      if (state[child] === 0) {
        state[child] = 1;
        stack.push(child);
      }
    } else {
      order.push(at);
      stack.pop();
    }
  }
  order.reverse();
  const number = new Int32Array(blocks.length).fill(-1);
  order.forEach((old, index) => {
    number[old] = index;
  });
  const sorted = order.map((old) => blocks[old]!);
  for (const block of sorted) {
    block.successors = block.successors.map((old) => number[old]!);
    block.predecessors = [];
  }
  sorted.forEach((block, index) => {
    for (const successor of block.successors) sorted[successor]!.predecessors.push(index);
  });
  return sorted;
}

/**
 * Data flow: visits the blocks in rounds, forwards or backwards, until no visit changes anything, and each again only after
 * one has changed that its facts follow from. `visit` says whether it did. False: not done after so many rounds.
 */
export function settle(
  blocks: readonly Block[],
  direction: 'forwards' | 'backwards',
  visit: (index: number) => boolean,
  mostRounds = Number.POSITIVE_INFINITY,
): boolean {
  const isForward = direction === 'forwards';
  const count = blocks.length;
  const isWaiting = new Uint8Array(count).fill(1);
  for (let round = 0, changed = true; changed; round++) {
    if (round === mostRounds) return false;
    changed = false;
    for (let step = 0; step < count; step++) {
      const index = isForward ? step : count - 1 - step;
      if (isWaiting[index] === 0) continue;
      isWaiting[index] = 0;
      if (!visit(index)) continue;
      changed = true;
      const { successors, predecessors } = blocks[index]!;
      for (const next of isForward ? successors : predecessors) isWaiting[next] = 1;
    }
  }
  return true;
}

/** Whether every edge that goes back leads to a block that dominates its source. */
export function isReducible(blocks: readonly Block[], dominator?: Int32Array): boolean {
  return blocks.every(({ predecessors }, index) =>
    predecessors.every((from) => {
      if (from < index) return true;
      dominator ??= immediateDominators(blocks);
      return dominates(dominator, index, from);
    }),
  );
}

/** Dominators by Cooper, Harvey and Kennedy's iteration, and what follows from them. */
export function shapeOf(blocks: readonly Block[]): Shape {
  const dominator = immediateDominators(blocks);
  const isLoopHeader = new Uint8Array(blocks.length);
  const isMerge = new Uint8Array(blocks.length);
  const isCase = new Uint8Array(blocks.length);
  blocks.forEach((block, index) => {
    let forward = 0;
    for (const predecessor of block.predecessors) {
      if (predecessor < index) forward++;
      else isLoopHeader[index] = 1;
    }
    if (forward > 1) isMerge[index] = 1;
    if (block.end === 'table') for (const target of block.successors) isCase[target] = 1;
  });
  const reducible = isReducible(blocks, dominator);
  const loops = reducible ? naturalLoops(blocks) : [];
  const isInLoop = isMerge.map(() => (reducible ? 0 : 1));
  for (const index of loops.flat()) isInLoop[index] = 1;
  const chargesFuel = isLoopHeader.map((is, header) => (is && loopsWithoutCall(blocks, header) ? 1 : 0));
  return {
    dominator,
    isLoopHeader,
    chargesFuel,
    isMerge,
    isCase,
    isInLoop,
    loops,
    isReducible: reducible,
  };
}

function loopsWithoutCall(blocks: readonly Block[], header: number): boolean {
  const seen = new Set<number>();
  const waiting = [header];
  for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
    const block = blocks[index]!;
    if (block.isCall) continue;
    for (const successor of block.successors) {
      if (successor === header) return true;
      // Only higher numbers: a cycle through a lower one has that as its own header.
      if (successor > header && !seen.has(successor)) {
        seen.add(successor);
        waiting.push(successor);
      }
    }
  }
  return false;
}

/** The natural loop of each back edge: its header, and what reaches the edge without passing the header. */
function naturalLoops(blocks: readonly Block[]): number[][] {
  const loops: number[][] = [];
  blocks.forEach(({ predecessors }, header) => {
    for (const end of predecessors) {
      if (end < header) continue;
      const waiting = [end];
      const body = new Set([header]);
      for (let index = waiting.pop(); index !== undefined; index = waiting.pop()) {
        if (body.has(index)) continue;
        body.add(index);
        waiting.push(...blocks[index]!.predecessors);
      }
      loops.push([...body]);
    }
  });
  return loops;
}

function immediateDominators(blocks: readonly Block[]): Int32Array {
  const dominator = new Int32Array(blocks.length).fill(-1);
  dominator[0] = 0;
  for (let changed = true; changed; ) {
    changed = false;
    for (let index = 1; index < blocks.length; index++) {
      let common = -1;
      for (const predecessor of blocks[index]!.predecessors) {
        if (dominator[predecessor] === -1) continue;
        common = common === -1 ? predecessor : intersect(dominator, predecessor, common);
      }
      if (common !== dominator[index]) {
        dominator[index] = common;
        changed = true;
      }
    }
  }
  return dominator;
}

function intersect(dominator: Int32Array, a: number, b: number): number {
  while (a !== b) {
    if (a > b) a = dominator[a]!;
    else b = dominator[b]!;
  }
  return a;
}

function dominates(dominator: Int32Array, above: number, below: number): boolean {
  while (below > above) below = dominator[below]!;
  return below === above;
}
