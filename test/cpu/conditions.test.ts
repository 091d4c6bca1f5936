import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { copyBranches } from '../../src/cpu/region/branch-copies.ts';
import { FLAGS, FLOW } from '../../src/cpu/region/effects.ts';
import { type Block, emptyBlock, reversePostorder } from '../../src/cpu/region/graph.ts';
import { CODE, DATA, REGISTER, TestCpu } from './support.ts';

/** Arithmetic that sets the flags; the register of its left operand is rax, of the right one rcx. */
const OPERATIONS = { add: 0x00, sub: 0x28, cmp: 0x38 } as const;
type Operation = keyof typeof OPERATIONS;
const PREFIXES: Readonly<Record<number, string>> = { 1: '', 2: '66', 4: '', 8: '48' };

const hex = (byte: number) => byte.toString(16).padStart(2, '0');
/** The instruction on rax and rcx (modrm c8), or on rdx and rbx (da). */
const code = (operation: Operation, size: number, modrm = 'c8') =>
  `${PREFIXES[size]} ${hex(OPERATIONS[operation] + (size === 1 ? 0 : 1))} ${modrm}`;

/** Whether each of the 16 conditions holds, from the meaning of the operation alone. */
function conditionsAfter(operation: Operation, size: number, a: bigint, b: bigint): boolean[] {
  const bits = size * 8;
  const [left, right] = [BigInt.asUintN(bits, a), BigInt.asUintN(bits, b)];
  const [low, high] = [BigInt.asIntN(bits, a), BigInt.asIntN(bits, b)];
  const [unsigned, signed] = operation === 'add' ? [left + right, low + high] : [left - right, low - high];
  const result = BigInt.asIntN(bits, signed);
  const ones = [...(Number(BigInt.asUintN(8, signed)) >>> 0).toString(2)].filter((one) => one === '1');
  const [zero, sign, overflow] = [result === 0n, result < 0n, result !== signed];
  const carry = unsigned !== BigInt.asUintN(bits, unsigned);
  const even = [overflow, carry, zero, carry || zero, sign, ones.length % 2 === 0, sign !== overflow];
  return [...even, zero || sign !== overflow].flatMap((holds) => [holds, !holds]);
}

const bound = (size: number) => 1n << BigInt(size * 8 - 1);
const valuesOf = (size: number) => [0n, 1n, 2n, -1n, -2n, bound(size) - 1n, bound(size), bound(size) + 1n];

describe('conditions right after an operation, which look at its operands', () => {
  const cases = (['add', 'sub', 'cmp'] as const).flatMap((operation) =>
    [1, 2, 4, 8].map((size) => [operation, size] as const),
  );
  test.each(cases)('say of %s of %d bytes what its flags say', (operation, size) => {
    const cpu = new TestCpu();
    // The operation, then setcc [rdi+condition] for each; ret
    const sets = Array.from(
      { length: 16 },
      (_, condition) => `0f ${hex(0x90 + condition)} 47 ${hex(condition)}`,
    );
    cpu.code([code(operation, size), ...sets, 'c3'].join(' '));
    for (const a of valuesOf(size)) {
      for (const b of valuesOf(size)) {
        setAndCall(cpu, { rax: a, rcx: b });
        const holds = [...cpu.memory.bytes(DATA, 16)].map((byte) => byte === 1);
        expect(holds, `${operation} ${a}, ${b}`).toEqual(conditionsAfter(operation, size, a, b));
      }
    }
  });
});

function setAndCall(cpu: TestCpu, registers: Partial<Record<keyof typeof REGISTER, bigint>>): void {
  cpu.prepareCall(CODE);
  for (const [name, value] of Object.entries({ ...registers, rdi: BigInt(DATA) })) {
    const number = REGISTER[name as keyof typeof REGISTER];
    cpu.state.setGprHalves(
      number,
      Number(BigInt.asUintN(32, value)),
      Number(BigInt.asUintN(32, value >> 32n)),
    );
  }
  cpu.finish();
}

describe('a conditional jump that two comparisons lead to', () => {
  const conditions = Array.from({ length: 16 }, (_, condition) => condition);
  test.each(conditions)(
    'of condition %d and one behind it go by the comparison that was made last',
    (condition) => {
      const cpu = new TestCpu();
      const second = (condition + 5) % 16;
      // cmp rax, rcx; je 1f; add edx, ebx; 1: jcc 2f; jcc 3f; mov eax, 0; ret; 2: mov eax, 1; ret; 3: mov eax, 2; ret
      const jumps = `${hex(0x70 + condition)} 08 ${hex(0x70 + second)} 0c`;
      const ends = [0, 1, 2].map((end) => `b8 ${hex(end)} 00 00 00 c3`).join(' ');
      cpu.code(`${code('cmp', 8)} 74 02 ${code('add', 4, 'da')} ${jumps} ${ends}`);
      for (const rdx of valuesOf(4)) {
        for (const [rax, rcx] of [
          [5n, 5n],
          [5n, 6n],
        ] as const) {
          setAndCall(cpu, { rax, rcx, rdx, rbx: 1n });
          const holds =
            rax === rcx ? conditionsAfter('cmp', 8, rax, rcx) : conditionsAfter('add', 4, rdx, 1n);
          expect(cpu.register('rax')).toBe(holds[condition] ? 1 : holds[second] ? 2 : 0);
        }
      }
    },
  );
});

describe('copies of conditional jumps', () => {
  /** Blocks whose addresses are their numbers; the ones listed are conditional jumps alone. */
  function graph(edges: readonly (readonly number[])[], branches: readonly number[]): Block[] {
    const branch = { entry: { flow: FLOW.branch }, flags: FLAGS.read } as Block['effects'][number];
    const blocks = edges.map((successors, number) => ({
      ...emptyBlock(number),
      effects: branches.includes(number) ? [branch] : [],
      successors: [...new Set(successors)],
    }));
    return reversePostorder(blocks);
  }
  const starts = (blocks: readonly Block[]) => blocks.map(({ start }) => start).sort((a, b) => a - b);
  const waysOf = (blocks: readonly Block[]) =>
    blocks.map(({ start, successors }) => [start, successors.map((next) => blocks[next]!.start)]);

  test('are one for each way to them, up to a quarter of the blocks', () => {
    const diamond = [[1, 2], [3], [3], [4, 5], [], []];
    expect(starts(copyBranches(graph(diamond, [3])))).toEqual([0, 1, 2, 3, 3, 4, 5]);
    expect(starts(copyBranches(graph(diamond, [])))).toEqual([0, 1, 2, 3, 4, 5]);
    const chain = [[1, 2], [3], [3], [4, 5], [6, 7], [], [], []];
    expect(starts(copyBranches(graph(chain, [3, 4])))).toEqual([0, 1, 2, 3, 3, 4, 4, 5, 6, 7]);
    const many = [[1, 2], [3, 4], [3, 4], [5, 6], [5, 6], [7, 8], [7, 8], [], []];
    expect(copyBranches(graph(many, [3, 4, 5, 6]))).toHaveLength(many.length + 3);
  });

  test('are not made of the header of a loop', () => {
    const loop = graph([[1], [2, 3], [1], []], [1]);
    expect(copyBranches(loop)).toBe(loop);
  });

  test('lead to what the jump led to, and are linked both ways', () => {
    const block = fc.array(fc.nat(11), { maxLength: 2 });
    fc.assert(
      fc.property(
        fc.array(block, { minLength: 12, maxLength: 12 }),
        fc.array(fc.nat(11)),
        (edges, branches) => {
          const before = graph(edges, branches);
          const ways = new Map(waysOf(before) as [number, number[]][]);
          const after = copyBranches(before);
          expect(new Set(starts(after))).toEqual(new Set(starts(before)));
          for (const [start, to] of waysOf(after)) expect(to).toEqual(ways.get(start as number));
          after.forEach(({ predecessors }, index) => {
            const leading = after.flatMap(({ successors }, from) =>
              successors.includes(index) ? [from] : [],
            );
            expect([...predecessors].sort()).toEqual(leading.sort());
          });
        },
      ),
      { numRuns: 500 },
    );
  });
});
