import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Frames } from '../../src/machine/frames.ts';
import { Ram } from '../../src/machine/ram.ts';
import {
  EXECUTE,
  MEM_COMMIT,
  MEM_DECOMMIT,
  MEM_RELEASE,
  MEM_RESERVE,
  MEM_TOP_DOWN,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_GUARD,
  PAGE_NOACCESS,
  PAGE_NOCACHE,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
  READ,
  SEC_COMMIT,
  SEC_RESERVE,
  WRITE,
} from '../../src/memory/constants.ts';
import { Section } from '../../src/memory/section.ts';
import type { AddressSpace, MemoryInfo } from '../../src/memory/space.ts';
import { MemorySystem } from '../../src/memory/system.ts';
import {
  type Answer,
  MachineModel,
  PAGE,
  type Section as SectionModel,
  SpaceModel,
} from './reference-model.ts';
import { TestFile, wipe } from './support.ts';

const RUNS = Number(process.env.WINMEM_MODEL_RUNS ?? 500);
const CALLS = 200;
const ram = new Ram();
/** The window lies across the end of the first leaf of the page table (page 512). */
const FIRST = 448;
const END = 592;
const FRAME_COUNT = 160;
const LIMIT = 112;
const FILE_PAGES = 20;

const protections = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom(
      PAGE_READWRITE,
      PAGE_READWRITE,
      PAGE_READONLY,
      PAGE_NOACCESS,
      PAGE_EXECUTE_READWRITE,
      PAGE_EXECUTE_READ,
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(
      PAGE_WRITECOPY,
      PAGE_WRITECOPY,
      PAGE_READWRITE | PAGE_GUARD,
      PAGE_READONLY | PAGE_GUARD,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(0, 3, PAGE_NOACCESS | PAGE_GUARD, PAGE_READWRITE | PAGE_NOCACHE, 0x80),
  },
);
/**
 * Addresses in the window, mostly at page starts, and a few outside. Negative ones mean a place in one of the
 * regions that exist when the call is made (Pair.place): otherwise most calls would find nothing.
 */
const addresses = fc.oneof(
  { weight: 20, arbitrary: fc.integer({ min: -(2 ** 24), max: -1 }) },
  { weight: 3, arbitrary: fc.integer({ min: FIRST, max: END - 1 }).map((page) => page * PAGE) },
  { weight: 2, arbitrary: fc.integer({ min: FIRST * PAGE, max: END * PAGE - 1 }) },
  {
    weight: 2,
    arbitrary: fc.integer({ min: FIRST / 16, max: END / 16 - 1 }).map((granule) => granule * 16 * PAGE),
  },
  { weight: 1, arbitrary: fc.constantFrom(END * PAGE, 2 ** 47, 2 ** 53) },
);
const sizes = fc.oneof(
  { weight: 10, arbitrary: fc.integer({ min: 1, max: 6 }).map((pages) => pages * PAGE) },
  { weight: 5, arbitrary: fc.integer({ min: 1, max: 20 }).map((pages) => pages * PAGE) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 60 * PAGE }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 100 * PAGE, 2 ** 47) },
);
const types = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(MEM_RESERVE, MEM_RESERVE | MEM_COMMIT, MEM_COMMIT, MEM_COMMIT) },
  { weight: 2, arbitrary: fc.constantFrom(MEM_RESERVE | MEM_TOP_DOWN, MEM_COMMIT | MEM_TOP_DOWN) },
  { weight: 1, arbitrary: fc.constantFrom(0, MEM_TOP_DOWN, 1) },
);
const space = fc.nat(1);
const word = fc.integer({ min: 1, max: 0xffff_ffff });

const calls = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('allocate' as const),
      space,
      base: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: addresses }),
      size: sizes,
      type: types,
      protect: protections,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constant('free' as const),
      space,
      base: addresses,
      size: fc.oneof(fc.constant(0), sizes),
      type: fc.constantFrom(MEM_DECOMMIT, MEM_RELEASE, MEM_DECOMMIT, MEM_RELEASE, 0),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('protect' as const),
      space,
      base: addresses,
      size: sizes,
      protect: protections,
    }),
  },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('query' as const), space, base: addresses }) },
  {
    weight: 10,
    arbitrary: fc.record({ op: fc.constant('write' as const), space, base: addresses, value: word }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('read' as const),
      space,
      base: addresses,
      access: fc.constantFrom(READ, READ, EXECUTE),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('lock' as const), space, base: addresses, size: sizes }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('unlock' as const), space, base: addresses, size: sizes }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('section' as const),
      pages: fc.integer({ min: 1, max: 40 }),
      protect: protections,
      reserve: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('close' as const), section: fc.nat(1000) }) },
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant('map' as const),
      space,
      section: fc.nat(1000),
      base: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: addresses }),
      offset: fc.constantFrom(0, 0, 0, 0x10000, 0x1000),
      size: fc.oneof(fc.constant(0), sizes),
      protect: protections,
      topDown: fc.boolean(),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('unmap' as const), space, base: addresses }) },
  { weight: 2, arbitrary: fc.record({ op: fc.constant('flush' as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('fileWrite' as const),
      page: fc.nat(FILE_PAGES - 1),
      value: word,
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constant('fileRead' as const), page: fc.nat(FILE_PAGES - 1) }) },
);
type Call = typeof calls extends fc.Arbitrary<infer T> ? T : never;

/** Shallow equality; expect() costs more than the calls under test. */
function alike(one: object, other: object): boolean {
  const a = one as Record<string, unknown>;
  const b = other as Record<string, unknown>;
  const same = (key: string): boolean =>
    a[key] === b[key] || (key === 'info' && alike(a.info as object, b.info as object));
  return Object.keys(a).every(same) && Object.keys(b).every(same);
}

let last: Frames | undefined;

/** The real memory manager beside the model, and what a TLB would remember of it. */
class Pair {
  readonly system: MemorySystem;
  readonly spaces: AddressSpace[];
  readonly model = new MachineModel(LIMIT);
  readonly models: SpaceModel[];
  readonly sections: Section[] = [];
  readonly file = new TestFile(FILE_PAGES * PAGE);
  readonly cache;
  readonly fileModel: SectionModel;
  lastLock = { space: 0, base: 0, size: 0 };
  /** Translations of each space: page * 16 + access -> offset in RAM. */
  readonly tlbs: Map<number, number>[] = [new Map(), new Map()];

  constructor() {
    if (last !== undefined) wipe(last);
    this.system = new MemorySystem(ram, { frames: FRAME_COUNT, commitLimit: LIMIT });
    last = this.system.frames;
    this.spaces = [this.system.createSpace(), this.system.createSpace()];
    this.models = this.spaces.map(() => new SpaceModel(this.model, FIRST, END));
    this.cache = this.system.files.open(this.file);
    this.sections.push(Section.file(this.system, this.cache, 0, PAGE_EXECUTE_READWRITE, SEC_COMMIT).section!);
    this.fileModel = this.model.addSection(FILE_PAGES, PAGE_EXECUTE_READWRITE, false, true);
    for (const [i, real] of this.spaces.entries()) {
      real.highest = END * PAGE - 1;
      real.allocate(0x10000, FIRST * PAGE - 0x10000, MEM_RESERVE, PAGE_NOACCESS);
      real.onTranslationChange = (_, first, count) => this.forget(this.tlbs[i]!, first, count);
    }
  }

  forget(tlb: Map<number, number>, first: number, count: number): void {
    for (const key of tlb.keys()) {
      const page = Math.floor(key / 16);
      if (page >= first && page < first + count) tlb.delete(key);
    }
  }

  run(planned: Call): void {
    const call = this.place(planned);
    const expected = this.expect(call);
    const got = this.perform(call);
    if (!alike(got, expected)) expect(got, JSON.stringify(call)).toEqual(expected);
    this.system.validate();
    if (this.system.commitCharge !== this.model.charge)
      expect(this.system.commitCharge).toBe(this.model.charge);
    for (const [i, real] of this.spaces.entries()) this.compare(real, this.models[i]!, this.tlbs[i]!);
  }

  /** The call with its negative base replaced by an address in a region. */
  place(call: Call): Call {
    if (!('base' in call) || call.base >= 0) return call;
    if (call.op === 'unlock' && call.base % 2 === 0) return { ...call, ...this.lastLock };
    const starts = this.models[call.space]!.regionBounds();
    const chosen = starts[-call.base % starts.length];
    if (chosen === undefined) return { ...call, base: FIRST * PAGE };
    const [start, end] = chosen;
    const rest = Math.floor(-call.base / 64);
    return { ...call, base: (rest % 3 === 0 ? start : start + (rest % (end - start))) * PAGE };
  }

  expect(call: Call): Answer {
    const { model, models } = this;
    switch (call.op) {
      case 'allocate':
        return models[call.space]!.allocate(call.base, call.size, call.type, call.protect);
      case 'free':
        return models[call.space]!.free(call.base, call.size, call.type);
      case 'protect':
        return models[call.space]!.protect(call.base, call.size, call.protect);
      case 'query':
        return models[call.space]!.query(call.base);
      case 'write':
        return models[call.space]!.access(call.base, WRITE, call.value);
      case 'read':
        return models[call.space]!.access(call.base, call.access);
      case 'lock':
        return models[call.space]!.lock(call.base, call.size);
      case 'unlock':
        return models[call.space]!.unlock(call.base, call.size);
      case 'section':
        return model.createSection(call.pages, call.protect, call.reserve);
      case 'close': {
        const section = model.sections[call.section % model.sections.length]!;
        const closes = section.handle && section !== this.fileModel;
        if (closes) section.handle = false;
        model.closeIfUnused(section);
        return { status: closes ? 0 : 1 };
      }
      case 'map': {
        const section = model.sections[call.section % model.sections.length]!;
        if (!section.handle) return { status: 1 };
        return models[call.space]!.map(
          section,
          call.base,
          call.offset,
          call.size,
          call.protect,
          call.topDown,
        );
      }
      case 'unmap':
        return models[call.space]!.unmap(call.base);
      case 'flush':
        return { status: 0 };
      case 'fileWrite':
        this.fileModel.values[call.page] = call.value;
        return { status: 0 };
      case 'fileRead':
        return { status: 0, value: this.fileModel.values[call.page]! };
    }
  }

  perform(call: Call): Answer {
    const real = 'space' in call ? this.spaces[call.space]! : this.spaces[0]!;
    const ranged = (status: number): Answer =>
      status === 0 ? { status, base: real.resultBase, size: real.resultSize } : { status };
    switch (call.op) {
      case 'allocate':
        return ranged(real.allocate(call.base, call.size, call.type, call.protect));
      case 'free':
        return ranged(real.free(call.base, call.size, call.type));
      case 'protect': {
        const answer = ranged(real.protect(call.base, call.size, call.protect));
        return answer.status === 0 ? { ...answer, protect: real.resultProtect } : answer;
      }
      case 'query':
        return this.query(real, call.base);
      case 'write':
        return this.access(call.space, call.base, WRITE, call.value);
      case 'read':
        return this.access(call.space, call.base, call.access);
      case 'lock':
        this.lastLock = { space: call.space, base: call.base, size: call.size };
        return ranged(real.lock(call.base, call.size));
      case 'unlock':
        return ranged(real.unlock(call.base, call.size));
      case 'section': {
        const { status, section } = Section.pagefile(
          this.system,
          call.pages * PAGE,
          call.protect,
          call.reserve ? SEC_RESERVE : SEC_COMMIT,
        );
        if (section !== undefined) this.sections.push(section);
        return { status };
      }
      case 'close':
        return { status: this.close(call.section % this.sections.length) };
      case 'map':
        return this.map(call, ranged);
      case 'unmap':
        return ranged(real.unmapView(call.base));
      case 'flush':
        return this.flush();
      case 'fileWrite': {
        const bytes = new Uint8Array(new Uint32Array([call.value]).buffer);
        return { status: this.cache.write(call.page * PAGE, bytes) };
      }
      case 'fileRead': {
        const into = new Uint8Array(4);
        const status = this.cache.read(call.page * PAGE, into);
        return { status, value: new DataView(into.buffer).getUint32(0, true) };
      }
    }
  }

  /** Whose handles are closed already: of these the model has handle = false before perform() runs. */
  readonly closed = new Set<number>([0]);
  close(index: number): number {
    if (this.closed.has(index)) return 1;
    this.closed.add(index);
    this.sections[index]!.release();
    return 0;
  }

  map(call: Call & { op: 'map' }, ranged: (status: number) => Answer): Answer {
    const index = call.section % this.sections.length;
    if (index !== 0 && this.closed.has(index)) return { status: 1 };
    const { base, offset, size, protect } = call;
    const type = call.topDown ? MEM_TOP_DOWN : 0;
    return ranged(
      this.spaces[call.space]!.mapView(this.sections[index]!, { base, offset, size, protect, type }),
    );
  }

  query(real: AddressSpace, address: number): Answer {
    const info: MemoryInfo = {
      baseAddress: 0,
      allocationBase: 0,
      allocationProtect: 0,
      regionSize: 0,
      state: 0,
      protect: 0,
      type: 0,
    };
    const status = real.query(address, info);
    return status === 0 ? { status, info } : { status };
  }

  access(index: number, address: number, access: number, value?: number): Answer {
    const real = this.spaces[index]!;
    const at = real.probe(address, access);
    if (at === 0) {
      if (real.faultAddress !== address || real.faultAccess !== access)
        throw new Error('a fault names another byte');
      return { status: real.faultStatus };
    }
    const page = Math.floor(address / PAGE);
    const start = at - (address - page * PAGE);
    this.tlbs[index]!.set(page * 16 + access, start);
    if (value !== undefined) ram.view.setUint32(start, value, true);
    return { status: 0, value: ram.view.getUint32(start, true) };
  }

  flush(): Answer {
    const status = this.cache.flush();
    const view = new DataView(this.file.content.buffer);
    for (let page = 0; page < FILE_PAGES; page++)
      expect(view.getUint32(page * PAGE, true), `file page ${page}`).toBe(this.fileModel.values[page]);
    return { status };
  }

  /** The whole window of a space is as the model says, and so is all that a TLB may still believe. */
  compare(real: AddressSpace, model: SpaceModel, tlb: Map<number, number>): void {
    for (let at = FIRST * PAGE; at < END * PAGE; ) {
      const { info } = this.query(real, at);
      const expected = model.query(at);
      if (!alike(info!, expected.info!)) expect(info).toEqual(expected.info);
      at += (info as MemoryInfo).regionSize;
    }
    if (real.lockedPages !== model.lockedPages) expect(real.lockedPages).toBe(model.lockedPages);
    for (const [key, offset] of tlb) {
      const page = Math.floor(key / 16);
      if (real.probe(page * PAGE, key % 16) !== offset)
        throw new Error(`page ${page} changed without a word`);
    }
  }

  /** Ends everything: nothing may be left. */
  end(): void {
    for (const real of this.spaces) real.destroy();
    this.flush();
    for (let index = 1; index < this.sections.length; index++) this.close(index);
    this.sections[0]!.release();
    this.cache.release();
    this.system.validate();
    expect([this.system.commitCharge, this.system.frames.inUse, this.file.closed]).toEqual([0, 0, 1]);
  }
}

test(`random sequences of ${CALLS} calls answer as the reference model says, and every invariant holds after each`, {
  timeout: 600_000,
}, () => {
  fc.assert(
    fc.property(
      fc.array(fc.option(calls, { freq: 1e9 }), { minLength: CALLS, maxLength: CALLS }),
      (sequence) => {
        const pair = new Pair();
        // A failing sequence shrinks by calls that become null.
        for (const call of sequence) if (call !== null) pair.run(call);
        pair.end();
      },
    ),
    { numRuns: RUNS },
  );
});
