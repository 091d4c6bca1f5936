import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Block, emptyBlock, reversePostorder, shapeOf } from '../../src/cpu/region/graph.ts';
import { addressesOf, makeReducible } from '../../src/cpu/region/reducible.ts';
import { Exit } from '../../src/process/executor.ts';
import { CODE, TestCpu } from './support.ts';

/** Blocks whose addresses are their numbers. */
function graph(edges: readonly (readonly number[])[]): Block[] {
  const blocks = edges.map((successors, number) => ({
    ...emptyBlock(number),
    end: 'flow' as const,
    successors: [...successors],
  }));
  return reversePostorder(blocks);
}

function isReducible(blocks: readonly Block[]): boolean {
  return shapeOf(blocks).isReducible;
}

/** The addresses that each block of the guest's goes on to, by its own. */
function ways(blocks: readonly Block[]): Map<number, number[]> {
  const real = blocks.filter(({ start }) => start >= 0);
  return new Map(
    real.map(({ start, successors }) => {
      const to = successors.flatMap((next) => addressesOf(blocks, next));
      return [start, to.sort((a, b) => a - b)];
    }),
  );
}

test('a loop with two entries gets one header, and its blocks stay as they are', () => {
  const blocks = makeReducible(graph([[1, 2], [2], [1, 3], []]));
  expect(isReducible(graph([[1, 2], [2], [1, 3], []]))).toBe(false);
  expect(isReducible(blocks)).toBe(true);
  expect(blocks.map(({ start }) => start).sort()).toEqual([-1, 0, 1, 2, 3]);
});

test('a graph that is reducible stays as it is', () => {
  const blocks = graph([[1], [2, 3], [1], []]);
  expect(makeReducible(blocks)).toBe(blocks);
});

test.each([12, 60])(
  'any graph of %d blocks becomes reducible, and each block goes on to what it did',
  (size) => {
    const block = fc.array(fc.nat(size - 1), { maxLength: 2 });
    fc.assert(
      fc.property(fc.array(block, { minLength: size, maxLength: size }), (edges) => {
        const before = graph(edges);
        const expected = ways(before);
        const after = makeReducible(before);
        expect(isReducible(after)).toBe(true);
        for (const [start, to] of ways(after)) {
          // A way to two entries of one loop goes to its header, once.
          for (const address of expected.get(start)!) expect(to).toContain(address);
        }
        expect([...ways(after).keys()].sort()).toEqual([...expected.keys()].sort());
      }),
      { numRuns: 500 },
    );
  },
);

test('a loop entered at two places counts the same from both, wherever the fuel ends', () => {
  const cpu = new TestCpu();
  // 0: test dl, 1; jnz 7; 5: inc eax; 7: add eax, 16; dec ecx; jnz 5; ret
  cpu.code('f6 c2 01 75 02 ff c0 83 c0 10 ff c9 75 f7 c3');
  for (const fuel of [1, 3, 50, 10_000]) {
    for (const edx of [0, 1]) {
      cpu.prepareCall(CODE);
      cpu.state.setGpr(0, 0);
      cpu.state.setGpr(1, 1000);
      cpu.state.setGpr(2, edx);
      expect(cpu.finish(fuel, 10_000)).toBe(Exit.breakpoint);
      expect(cpu.register('rax'), `fuel ${fuel}, edx ${edx}`).toBe(17_000 - edx);
    }
  }
});

test('a hostile nest of two hundred loops, each entered at two places, ends reducible', () => {
  // Block n goes on to n + 1, and back to one of the two blocks around it.
  const edges = Array.from({ length: 500 }, (_, n) =>
    n < 250 ? [n + 1, n + 2] : [Math.min(n + 1, 499), 500 - n],
  );
  expect(isReducible(makeReducible(graph(edges)))).toBe(true);
});
