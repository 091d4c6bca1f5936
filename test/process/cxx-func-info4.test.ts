import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MEM_COMMIT, MEM_RESERVE, PAGE_READWRITE } from '../../src/memory/constants.ts';
import { GuestFault, type GuestMemory } from '../../src/memory/guest-memory.ts';
import { CompactReader } from '../../src/process/compact-reader.ts';
import { readFuncInfo4 } from '../../src/process/cxx-func-info4.ts';
import { CorruptTables, type FunctionTable } from '../../src/process/cxx-tables.ts';
import { bench } from '../memory/support.ts';

const SIZE = 0x2_0000;
// RVAs: of the function, and of its tables, which the tests fill.
const [BEGIN, INFO, UNWIND, TRIES, HANDLERS, IPS, PARTS] = [
  0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000, 0x7000,
];
const HEADER = {
  isCatch: 1,
  isSeparated: 2,
  flags: 4,
  unwind: 8,
  tries: 16,
  isSynchronous: 32,
  isNoexcept: 64,
};
/** A number of one byte. */
const one = (value: number) => value * 2;
const rva = (value: number) => [0, 8, 16, 24].map((shift) => (value >>> shift) & 255);
/** 65537, one more than there may be. */
const TOO_MANY = [0x0b, 0, 0x08];

class Image {
  readonly memory: GuestMemory;
  readonly base: number;
  constructor() {
    const { space, memory } = bench();
    expect(space.allocate(0, SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE)).toBe(0);
    this.memory = memory;
    this.base = space.resultBase;
  }
  put(at: number, ...bytes: number[]): this {
    bytes.forEach((byte, i) => {
      this.memory.setU8(this.base + at + i, byte);
    });
    return this;
  }
  /** FuncInfo4 with these bits, for the maps that they say there are; `more` is what follows the header. */
  info(header: number, ...more: number[]): this {
    const maps = [
      ...((header & HEADER.unwind) !== 0 ? rva(UNWIND) : []),
      ...((header & HEADER.tries) !== 0 ? rva(TRIES) : []),
      ...rva((header & HEADER.isSeparated) !== 0 ? PARTS : IPS),
    ];
    return this.put(INFO, header, ...more, ...maps);
  }
  /** One try block with these handlers. */
  handlers(...bytes: number[]): this {
    return this.put(TRIES, one(1), one(0), one(0), one(1), ...rva(HANDLERS)).put(HANDLERS, ...bytes);
  }
  read(): FunctionTable {
    return readFuncInfo4(this.memory, { imageBase: this.base, table: INFO, begin: BEGIN });
  }
  stateAt(offset: number): number {
    return this.read().stateAt(this.base + BEGIN + offset);
  }
}

describe('a compressed number', () => {
  test.each([
    [[0x00], 0],
    [[0xfe], 127],
    [[0x01, 0x02], 128],
    [[0xfd, 0xff], 2 ** 14 - 1],
    [[0x03, 0x00, 0x02], 2 ** 14],
    [[0xfb, 0xff, 0xff], 2 ** 21 - 1],
    [[0x07, 0x00, 0x00, 0x02], 2 ** 21],
    [[0xf7, 0xff, 0xff, 0xff], 2 ** 28 - 1],
    [[0x0f, 0x00, 0x00, 0x00, 0x10], 2 ** 28],
    [[0xff, 0xff, 0xff, 0xff, 0xff], 2 ** 32 - 1],
    [[0x1f, 0x01, 0x00, 0x00, 0x00], 1],
  ])('of bytes %j is %i', (bytes, value) => {
    const { memory, base } = new Image().put(0, ...bytes, 0xaa);
    const reader = new CompactReader(memory, base);
    expect(reader.number()).toBe(value);
    expect(reader.at).toBe(base + bytes.length);
  });
});

describe('the header', () => {
  test('tells of /EHs and noexcept', () => {
    expect(new Image().info(0).read()).toMatchObject({ isSynchronous: false, isNoexcept: false });
    expect(new Image().info(HEADER.isSynchronous).read()).toMatchObject({ isSynchronous: true });
    expect(new Image().info(HEADER.isNoexcept).read()).toMatchObject({ isNoexcept: true });
  });
  test('tells of flags of basic blocks, which are passed over', () => {
    const image = new Image().info(HEADER.flags | HEADER.unwind, 0x03, 0x00, 0x02);
    image.put(UNWIND, one(1), one(4)).put(IPS, one(1), one(3), one(1));
    expect(image.read().stepOut(0)).toEqual({ next: -1, action: 0, object: undefined });
    expect(image.stateAt(3)).toBe(0);
  });
  test('tells of a catch funclet, whose frame has the address of the one of its function', () => {
    const image = new Image().info(HEADER.isCatch).put(INFO + 5, one(0x38));
    expect(image.read().funclet).toEqual({ parent: 0x38, inside: undefined });
    expect(new Image().info(0).read().funclet).toBeUndefined();
  });
});

describe('states', () => {
  test('begin at the places that are told, each so far behind the one before', () => {
    const image = new Image().info(0).put(IPS, one(3), one(2), one(1), one(3), one(0), one(4), one(2));
    expect([0, 1, 2, 4, 5, 8, 9, 100].map((offset) => image.stateAt(offset))).toEqual([
      ...[-1, -1, 0, 0, -1, -1, 1, 1],
    ]);
  });
  test('of a function in parts are those of the part', () => {
    const image = new Image().info(HEADER.isSeparated);
    image.put(PARTS, one(2), ...rva(BEGIN + 1), ...rva(INFO), ...rva(BEGIN), ...rva(IPS));
    expect(image.put(IPS, one(1), one(0), one(8)).stateAt(0)).toBe(7);
  });
  test('lead out by distances in bytes, to funclets and destructors', () => {
    const image = new Image().info(HEADER.unwind);
    image.put(UNWIND, one(5), one((1 << 2) | 3), ...rva(0x1111)); // at 0, five bytes
    image.put(UNWIND + 6, one((5 << 2) | 1), ...rva(0x2222), one(0x20)); // at 5, six bytes, to 0
    image.put(UNWIND + 12, one((6 << 2) | 2), ...rva(0x3333), one(0x28)); // at 11, six bytes, to 5
    image.put(UNWIND + 18, one((17 << 2) | 0), one(19 << 2)); // at 17, to 0; at 18, outside
    const table = image.read();
    expect([0, 1, 2, 3, 4].map((state) => table.stepOut(state))).toEqual([
      { next: -1, action: 0x1111, object: undefined },
      { next: 0, action: 0x2222, object: { offset: 0x20, isPointer: false } },
      { next: 1, action: 0x3333, object: { offset: 0x28, isPointer: true } },
      { next: 0, action: 0, object: undefined },
      { next: -1, action: 0, object: undefined },
    ]);
  });
});

test('a handler has what its header tells, and ways on behind the function or in the image', () => {
  const image = new Image().info(HEADER.unwind | HEADER.tries);
  const [behind, inImage] = [
    [0x27, one(8), ...rva(0x111), one(0x30), ...rva(0x222), one(4), one(5)],
    [0x18, ...rva(0x333), ...rva(0x444)],
  ];
  image.handlers(one(3), ...behind, ...inImage, 0, ...rva(0x555));
  expect(image.read().tries).toEqual([
    {
      ...{ low: 0, high: 0, catchHigh: 1 },
      handlers: [
        {
          ...{ adjectives: 8, type: 0x111, variable: 0x30, funclet: 0x222 },
          continuations: [BEGIN + 4, BEGIN + 5],
        },
        { adjectives: 0, type: 0, variable: 0, funclet: 0x333, continuations: [0x444] },
        { adjectives: 0, type: 0, variable: 0, funclet: 0x555, continuations: [] },
      ],
    },
  ]);
});

describe('hostile', () => {
  const unwinding = (...bytes: number[]) => {
    const table = new Image()
      .info(HEADER.unwind)
      .put(UNWIND, ...bytes)
      .read();
    return () => table.stepOut(1);
  };
  test('a state that leads to itself is none', () => {
    expect(unwinding(one(2), one(1 << 2), one(0))).toThrow(CorruptTables);
  });
  test('a state that leads into the middle of another is none', () => {
    expect(unwinding(one(2), one((1 << 2) | 3), 0, 0, 0, 0, one(4 << 2))).toThrow(CorruptTables);
  });
  test('a state behind the last is none, and without a map there are none', () => {
    expect(unwinding(one(1), one(1 << 2))).toThrow(CorruptTables);
    expect(() => new Image().info(0).read().stepOut(0)).toThrow(CorruptTables);
  });
  test('more than 65536 states, try blocks, handlers, parts or ranges are no table', () => {
    // Each entry leads to the one before.
    const states = new Image().info(HEADER.unwind);
    states.memory.fill(states.base + UNWIND, one(1 << 2), 0x1_1000);
    expect(states.put(UNWIND, 0x03, 0, 0x08).read().stepOut(0xffff).next).toBe(0xfffe);
    expect(() =>
      states
        .put(UNWIND, ...TOO_MANY)
        .read()
        .stepOut(1),
    ).toThrow(CorruptTables);
    const tables = new Image().info(HEADER.tries).put(TRIES, ...TOO_MANY);
    expect(() => tables.read()).toThrow(CorruptTables);
    const handlers = new Image().info(HEADER.tries).handlers(...TOO_MANY);
    expect(() => handlers.read()).toThrow(CorruptTables);
    const parts = new Image().info(HEADER.isSeparated).put(PARTS, ...TOO_MANY);
    expect(() => parts.read()).toThrow(CorruptTables);
    const ranges = new Image().info(0).put(IPS, ...TOO_MANY);
    expect(() => ranges.stateAt(0)).toThrow(CorruptTables);
  });
  test('try blocks that together have more than 65536 handlers are no table', () => {
    const image = new Image().info(HEADER.tries).put(HANDLERS, 0x01, 0x40);
    image.put(TRIES, one(127));
    for (let i = 0; i < 127; i++) image.put(TRIES + 1 + i * 7, 0, 0, 0, ...rva(HANDLERS));
    expect(() => image.read()).toThrow(CorruptTables);
  });
  test('a part that there is not has no states', () => {
    const image = new Image().info(HEADER.isSeparated).put(PARTS, one(1), ...rva(BEGIN + 1), ...rva(IPS));
    expect(() => image.read()).toThrow(CorruptTables);
  });
  test('a handler with three ways on is none', () => {
    expect(() => new Image().info(HEADER.tries).handlers(one(1), 0x30, 0, 0, 0, 0).read()).toThrow(
      CorruptTables,
    );
  });
  test('random tables are read or refused', () => {
    const image = new Image();
    const outcomes = new Set<string>();
    const places = [INFO, UNWIND, TRIES, HANDLERS, IPS, PARTS];
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 64 * places.length, maxLength: 64 * places.length }),
        fc.nat(3),
        fc.nat(255),
        (bytes, count, header) => {
          places.forEach((at, i) => {
            image.put(at, ...bytes.subarray(i * 64, (i + 1) * 64));
          });
          for (const map of [UNWIND, TRIES, IPS, PARTS]) image.put(map, one(count));
          image.info(header & ~HEADER.flags);
          outcomes.add(outcomeOf(image));
        },
      ),
      { numRuns: 500 },
    );
    expect([...outcomes].sort()).toEqual(['CorruptTables', 'GuestFault', 'read']);
  });
});

function outcomeOf(image: Image): string {
  try {
    const table = image.read();
    table.stateAt(image.base + BEGIN + 16);
    table.stepOut(0);
    return 'read';
  } catch (error) {
    if (!(error instanceof CorruptTables || error instanceof GuestFault)) throw error;
    return error.constructor.name;
  }
}
