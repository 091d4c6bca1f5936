import { type Block, emptyBlock, reversePostorder } from './graph.ts';

/** Loops that are given a header, at most. */
const MOST_ROUNDS = 30;
/** Start of a block that no address leads to. */
const NOWHERE = -1;

/**
 * Gives each loop that can be entered at several blocks one header, a block that goes on to the one whose address is in
 * a local: so all of the graph has a structured form, and only what enters such a loop or goes around it takes longer.
 */
export function makeReducible(blocks: readonly Block[]): readonly Block[] {
  let graph = blocks;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const all = new Set(graph.keys());
    const entries = severalEntries(graph, all);
    if (entries === undefined) break;
    graph = withHeader(graph, entries);
  }
  return graph;
}

/** Addresses of the blocks that a block stands for: its own, or those that a header goes on to. */
export function addressesOf(blocks: readonly Block[], index: number): number[] {
  const { start, successors } = blocks[index]!;
  return start === NOWHERE ? successors.flatMap((next) => addressesOf(blocks, next)) : [start];
}

/** The entries of a loop among `nodes` that has more than one, outer loops first. */
function severalEntries(blocks: readonly Block[], nodes: ReadonlySet<number>): number[] | undefined {
  for (const loop of cycles(blocks, nodes)) {
    const entries = [...loop].filter((index) =>
      blocks[index]!.predecessors.some((predecessor) => !loop.has(predecessor)),
    );
    if (entries.length > 1) return entries;
    const inner = new Set(loop);
    inner.delete(entries[0] ?? 0);
    const found = severalEntries(blocks, inner);
    if (found !== undefined) return found;
  }
  return undefined;
}

function withHeader(blocks: readonly Block[], entries: readonly number[]): Block[] {
  const header = blocks.length;
  for (const block of blocks)
    block.successors = block.successors.map((next) => (entries.includes(next) ? header : next));
  const added = { ...emptyBlock(NOWHERE), end: 'table' as const, successors: [...entries] };
  return reversePostorder([...blocks, added]);
}

/** The strongly connected parts of more than one block, by Tarjan's algorithm without recursion. */
function cycles(blocks: readonly Block[], nodes: ReadonlySet<number>): Set<number>[] {
  const order = new Map<number, number>();
  const low = new Map<number, number>();
  const open: number[] = [];
  const isOpen = new Set<number>();
  const found: Set<number>[] = [];
  const path: { readonly index: number; next: number }[] = [];
  const visit = (index: number): void => {
    order.set(index, order.size);
    low.set(index, order.get(index)!);
    open.push(index);
    isOpen.add(index);
    path.push({ index, next: 0 });
  };
  for (const root of nodes) {
    if (order.has(root)) continue;
    visit(root);
    while (path.length > 0) {
      const top = path[path.length - 1]!;
      const successor = blocks[top.index]!.successors[top.next++];
      if (successor !== undefined) {
        if (!nodes.has(successor)) continue;
        if (!order.has(successor)) visit(successor);
        else if (isOpen.has(successor))
          low.set(top.index, Math.min(low.get(top.index)!, order.get(successor)!));
        continue;
      }
      path.pop();
      const above = path[path.length - 1];
      if (above !== undefined) low.set(above.index, Math.min(low.get(above.index)!, low.get(top.index)!));
      if (low.get(top.index) !== order.get(top.index)) continue;
      const part = new Set<number>();
      for (let index = open.pop(); index !== undefined; index = open.pop()) {
        isOpen.delete(index);
        part.add(index);
        if (index === top.index) break;
      }
      if (part.size > 1) found.push(part);
    }
  }
  return found;
}
