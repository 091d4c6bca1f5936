import { FLAGS, FLOW } from './effects.ts';
import { type Block, reversePostorder } from './graph.ts';

/** Copies in a region, by how many blocks it has. */
const BLOCKS_OF_A_COPY = 4;

/**
 * Gives each way to a block that is a conditional jump alone a block of its own: there the flags are those of one comparison,
 * known when the code is written, where otherwise several meet, of which each time it must be seen what kind they are.
 * Compilers write such jumps for `a == b || c < d`. Expects and yields blocks in reverse postorder.
 */
export function copyBranches(blocks: readonly Block[]): readonly Block[] {
  const graph = [...blocks];
  const most = blocks.length + Math.ceil(blocks.length / BLOCKS_OF_A_COPY);
  for (let index = 1; index < blocks.length; index++) {
    const block = blocks[index]!;
    if (!isBranchAlone(block) || isLoopHeader(blocks, index)) continue;
    for (const predecessor of block.predecessors.slice(1)) {
      if (graph.length === most) return reversePostorder(graph);
      addCopy(graph, index, predecessor);
    }
  }
  return graph.length === blocks.length ? blocks : reversePostorder(graph);
}

function isBranchAlone({ effects }: Block): boolean {
  const [only, more] = effects;
  return (
    only !== undefined &&
    more === undefined &&
    only.entry.flow === FLOW.branch &&
    (only.flags & FLAGS.read) !== 0
  );
}

/** Of the blocks as they came: what copies lead to comes after them. */
function isLoopHeader(blocks: readonly Block[], index: number): boolean {
  return blocks[index]!.predecessors.some(
    (predecessor) => predecessor >= index && predecessor < blocks.length,
  );
}

/** A copy of a block for one of its predecessors. */
function addCopy(graph: Block[], index: number, predecessor: number): void {
  const block = graph[index]!;
  const copy = { ...block, successors: [...block.successors], predecessors: [predecessor] };
  const number = graph.push(copy) - 1;
  const { successors } = graph[predecessor]!;
  successors[successors.indexOf(index)] = number;
  block.predecessors.splice(block.predecessors.indexOf(predecessor), 1);
  for (const successor of block.successors) graph[successor]!.predecessors.push(number);
}
