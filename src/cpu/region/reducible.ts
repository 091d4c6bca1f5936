import { type Block, emptyBlock, isReducible, reversePostorder } from './graph.ts';

/** Start of a block that no address leads to. */
const NOWHERE = -1;

/**
 * Gives each loop that can be entered at several blocks one header, a block that goes on to the one whose address is in
 * a local. So every graph has a structured form, and only what enters such a loop or goes around it takes longer.
 */
export function makeReducible(blocks: readonly Block[]): readonly Block[] {
  if (isReducible(blocks)) return blocks;
  const graph = [...blocks];
  addHeaders(graph, new Set(graph.keys()));
  return reversePostorder(graph);
}

/** Whether an address is one of addressesOf. */
export function isAddressOf(blocks: readonly Block[], index: number, address: number): boolean {
  const { start, successors } = blocks[index]!;
  return (
    start === address || (start === NOWHERE && successors.some((next) => isAddressOf(blocks, next, address)))
  );
}

/** Addresses of the blocks that a block stands for: its own, or those that a header goes on to. */
export function addressesOf(blocks: readonly Block[], index: number): number[] {
  const { start, successors } = blocks[index]!;
  return start === NOWHERE ? successors.flatMap((next) => addressesOf(blocks, next)) : [start];
}

/** For the loops among `nodes`, and then for those inside each, which are what is connected without its header. */
function addHeaders(graph: Block[], nodes: ReadonlySet<number>): void {
  for (const loop of loopsAmong(graph, nodes)) {
    const entries = [...loop].filter((index) =>
      graph[index]!.predecessors.some((predecessor) => !loop.has(predecessor)),
    );
    if (entries.length > 1) addHeader(graph, entries);
    else loop.delete(entries[0] ?? 0);
    addHeaders(graph, loop);
  }
}

/**
 * Turns all ways to the entries to a new block. A block that had two such ways keeps two, so that the header counts as
 * one that several ways reach.
 */
function addHeader(graph: Block[], entries: readonly number[]): void {
  const number = graph.length;
  const header: Block = { ...emptyBlock(NOWHERE), end: 'table', successors: [...entries] };
  for (const entry of entries) {
    for (const predecessor of graph[entry]!.predecessors) {
      const { successors } = graph[predecessor]!;
      successors[successors.indexOf(entry)] = number;
      header.predecessors.push(predecessor);
    }
    graph[entry]!.predecessors = [number];
  }
  graph.push(header);
}

/** The strongly connected parts of more than one block, by Tarjan's algorithm without recursion. */
function loopsAmong(blocks: readonly Block[], nodes: ReadonlySet<number>): Set<number>[] {
  const order = new Map<number, number>();
  const low = new Map<number, number>();
  const open: number[] = [];
  const isOpen = new Set<number>();
  const found: Set<number>[] = [];
  const path: { readonly index: number; next: number }[] = [];
  const reach = (index: number, number: number): void => {
    low.set(index, Math.min(low.get(index)!, number));
  };
  const visit = (index: number): void => {
    low.set(index, order.size);
    order.set(index, order.size);
    open.push(index);
    isOpen.add(index);
    path.push({ index, next: 0 });
  };
  for (const root of nodes) {
    if (!order.has(root)) visit(root);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const successor = blocks[top.index]!.successors[top.next++];
      if (successor !== undefined) {
        if (!nodes.has(successor)) continue;
        if (!order.has(successor)) visit(successor);
        else if (isOpen.has(successor)) reach(top.index, order.get(successor)!);
        continue;
      }
      path.pop();
      const above = path.at(-1);
      if (above !== undefined) reach(above.index, low.get(top.index)!);
      if (low.get(top.index) !== order.get(top.index)) continue;
      const part = new Set(open.splice(open.lastIndexOf(top.index)));
      for (const index of part) isOpen.delete(index);
      if (part.size > 1) found.push(part);
    }
  }
  return found;
}
