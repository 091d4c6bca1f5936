import { describe, expect, it } from 'vitest';
import { hostsOfApiSet, normalizeDllName } from '../../src/image/api-sets.ts';
import { buildDll, type DllSpec } from '../../src/image/builder.ts';
import { type FoundDll, type PlannedModule, planLoad } from '../../src/image/load-plan.ts';
import { parseForwarder, resolveExport } from '../../src/image/resolve.ts';
import { ascii, fixture, mustRead } from './fixtures.ts';
import { importing } from './importing.ts';

const CODE = Uint8Array.of(0xc3);

/** A DLL with the exports named: "Name" is code, "Name=DLL.Other" a forwarder. */
function dll(name: string, exports: readonly string[]): Uint8Array {
  const spec: DllSpec['exports'] = exports.map((text) => {
    const [symbol, target] = text.split('=');
    return target ? { kind: 'forward', name: symbol, target } : { kind: 'code', name: symbol, bytes: CODE };
  });
  return buildDll({ name, base: 0x1_8000_0000, exports: spec }).bytes;
}

/** A folder of files, and the names that were asked for. */
function folder(files: Record<string, Uint8Array>) {
  const asked: string[] = [];
  const find = (name: string): FoundDll | undefined => {
    asked.push(name);
    return files[name] && { file: files[name] };
  };
  return { asked, find };
}

/** A program of which only the imports matter. */
function program(imports: Record<string, readonly (string | number)[]>) {
  return mustRead(importing(imports));
}

const names = (modules: readonly PlannedModule[]) => modules.map((module) => module.name);
const bound = (module: PlannedModule) =>
  module.bindings.map((binding) => `${binding.module.name}+${binding.address.toString(16)}`);

describe('a load plan', () => {
  it('tells the first things that are absent, and how many more are', () => {
    const { find } = folder({ 'few.dll': dll('few.dll', ['Here']) });
    const told = (count: number) =>
      planLoad({
        name: 'many.exe',
        image: program({ 'few.dll': Array.from({ length: count }, (_, number) => `Absent${number}`) }),
        find,
      }).problems;
    expect(told(32)).toHaveLength(32);
    expect(told(100)).toHaveLength(33);
    expect(told(100)[31]).toBe('many.exe needs few.dll!Absent31, which is not there');
    expect(told(100)[32]).toBe('many.exe needs 68 more that cannot be had');
    expect(told(3000)[32]).toBe('many.exe needs at least 968 more that cannot be had');
  });

  it('counts nothing as absent that has a stand-in', () => {
    const { find } = folder({ 'few.dll': dll('few.dll', ['Here']) });
    const served = Array.from({ length: 1500 }, (_, number) => `Served${number}`);
    const plan = planLoad({
      name: 'many.exe',
      image: program({ 'few.dll': [...served, 'Absent'], 'gone.dll': ['Served0'] }),
      find,
      standIn: (_dll, symbol) => (symbol.startsWith('Served') ? 0x7000_0000 + symbol.length : undefined),
    });
    expect(plan.problems).toEqual([
      'many.exe needs few.dll!Absent, which is not there',
      'many.exe needs gone.dll, which is not there',
    ]);
    expect(plan.root.missing.slice(0, 1500).map(({ standIn }) => standIn)).toEqual(
      served.map((symbol) => 0x7000_0000 + symbol.length),
    );
    expect(plan.root.missing.slice(1500).map(({ standIn }) => standIn)).toEqual([undefined, undefined]);
  });

  it('binds the fixtures to each other by name, ordinal and forwarder', () => {
    const image = mustRead(fixture('user.exe'));
    const { find } = folder({ 'probe.dll': fixture('probe.dll') });
    const plan = planLoad({ name: 'user.exe', image, find });
    expect(names(plan.modules)).toEqual(['probe.dll', 'user.exe']);
    expect(plan.root.image).toBe(image);
    expect(bound(plan.root)).toEqual(['probe.dll+1006', 'probe.dll+1018', 'probe.dll+2008']);
    expect(plan.root.bindings.map(({ slot }) => slot)).toEqual(
      image.imports[2].symbols.map(({ slot }) => slot),
    );
    expect(plan.problems).toEqual([
      'user.exe needs KERNEL32.dll, which is not there',
      'user.exe needs msvcrt.dll, which is not there',
    ]);
    expect(plan.root.missing).toHaveLength(image.imports[0].symbols.length + image.imports[1].symbols.length);
    expect(plan.root.missing[0]).toEqual({
      slot: image.imports[0].symbols[0].slot,
      dll: 'KERNEL32.dll',
      symbol: 'DeleteCriticalSection',
      standIn: undefined,
    });
  });

  it('follows forwarders into DLLs that nobody imports', () => {
    const { find } = folder({
      'kernel32.dll': dll('kernel32.dll', ['HeapAlloc=NTDLL.RtlAllocateHeap', 'Sleep']),
      'ntdll.dll': dll('ntdll.dll', ['A', 'RtlAllocateHeap']),
    });
    const image = program({ 'KERNEL32.dll': ['Sleep', 'HeapAlloc'] });
    const plan = planLoad({ name: 'a.exe', image, find });
    expect(names(plan.modules)).toEqual(
      ['ntdll.dll', 'kernel32.dll', 'a.exe'].toSorted(
        (a, b) => names(plan.modules).indexOf(a) - names(plan.modules).indexOf(b),
      ),
    );
    expect(plan.modules.at(-1)).toBe(plan.root);
    expect(bound(plan.root)).toEqual(['kernel32.dll+1000', 'ntdll.dll+1010']);
    expect(plan.problems).toEqual([]);
  });

  it('puts dependencies first, and the DLLs that are always there before all', () => {
    const { find, asked } = folder({
      'a.dll': importing({ 'b.dll': ['fb'], 'c.dll': ['fc'] }, dllNamed('a.dll', ['fa'])),
      'b.dll': importing({ 'C.DLL': ['fc'] }, dllNamed('b.dll', ['fb'])),
      'c.dll': dll('c.dll', ['fc']),
      'ntdll.dll': dll('ntdll.dll', []),
    });
    const plan = planLoad({
      name: 'x.exe',
      image: program({ 'A.dll': ['fa'] }),
      find,
      always: ['ntdll.dll'],
    });
    expect(names(plan.modules)).toEqual(['ntdll.dll', 'c.dll', 'b.dll', 'a.dll', 'x.exe']);
    expect(plan.problems).toEqual([]);
    expect(asked.toSorted()).toEqual(['a.dll', 'b.dll', 'c.dll', 'ntdll.dll']);
  });

  it('tolerates DLLs that need each other, themselves, and the program', () => {
    const { find } = folder({
      'a.dll': importing({ 'b.dll': ['fb'], 'a.dll': ['fa'] }, dllNamed('a.dll', ['fa'])),
      'b.dll': importing({ 'a.dll': ['fa'], 'x.exe': ['plugin'] }, dllNamed('b.dll', ['fb'])),
    });
    const image = mustRead(importing({ 'a.dll': ['fa'] }, dllNamed('x.exe', ['plugin'])));
    const plan = planLoad({ name: 'X.exe', image, find });
    expect(names(plan.modules)).toEqual(['b.dll', 'a.dll', 'X.exe']);
    expect(bound(plan.modules[0]).map((text) => text.split('+')[0])).toEqual(['a.dll', 'X.exe']);
    expect(plan.problems).toEqual([]);
  });

  it('uses the modules that are loaded, and does not initialise them again', () => {
    const { find } = folder({ 'c.dll': dll('c.dll', ['fc']) });
    const first = planLoad({ name: 'x.exe', image: program({ 'c.dll': ['fc'] }), find });
    const second = planLoad({
      name: 'late.dll',
      image: program({ 'c.dll': ['fc'] }),
      find: () => undefined,
      loaded: first.modules,
    });
    expect(names(second.modules)).toEqual(['late.dll']);
    expect(second.root.bindings[0].module).toBe(first.modules[0]);
  });

  it('names what is missing, an absent DLL once', () => {
    const { find } = folder({
      'a.dll': dll('a.dll', ['Here', 'Gone=nowhere.Thing', 'Round=a.Trip', 'Trip=a.Round', 'Odd=nodot']),
      'text.dll': ascii('hello'),
    });
    const image = program({
      'a.dll': ['Here', 'Absent', 7777, 'Gone', 'Round', 'Odd'],
      'nowhere.dll': ['F', 'G'],
      'text.dll': ['F'],
      a: ['AlsoAbsent'],
    });
    const plan = planLoad({ name: 'app.exe', image, find });
    expect(bound(plan.root)).toEqual(['a.dll+1000']);
    expect(plan.problems).toEqual([
      'app.exe needs a.dll!Absent, which is not there',
      'app.exe needs a.dll!#7777, which is not there',
      'app.exe needs a.dll!Gone, which leads to nowhere.Thing, which is not there',
      'app.exe needs a.dll!Round, whose forwarders go in a circle (a.Round)',
      'app.exe needs a.dll!Odd, which leads to nodot, which is not there',
      'app.exe needs nowhere.dll, which is not there',
      'app.exe needs text.dll, which cannot be loaded: text file, not a Windows program',
      'app.exe needs a!AlsoAbsent, which is not there',
    ]);
    expect(plan.root.missing.map(({ symbol }) => symbol)).toEqual([
      'Absent',
      '#7777',
      'Gone',
      'Round',
      'Odd',
      'F',
      'G',
      'F',
      'AlsoAbsent',
    ]);
  });

  it('binds an API set to whichever of its DLLs has the function', () => {
    const { find } = folder({
      'kernelbase.dll': dll('kernelbase.dll', ['VirtualAlloc2']),
      'kernel32.dll': dll('kernel32.dll', ['VirtualAlloc']),
      'ucrtbase.dll': dll('ucrtbase.dll', ['malloc']),
    });
    const image = program({
      'api-ms-win-core-memory-l1-1-6.dll': ['VirtualAlloc2', 'VirtualAlloc', 'NoSuch'],
      'api-ms-win-crt-heap-l1-1-0.dll': ['malloc'],
      'api-ms-win-made-up-l1-1-0.dll': ['F'],
    });
    const plan = planLoad({ name: 'app.exe', image, find });
    expect(bound(plan.root)).toEqual(['kernelbase.dll+1000', 'kernel32.dll+1000', 'ucrtbase.dll+1000']);
    expect(plan.problems).toEqual([
      'app.exe needs api-ms-win-core-memory-l1-1-6.dll!NoSuch, which is not there',
      'app.exe needs api-ms-win-made-up-l1-1-0.dll, which is not there',
    ]);
  });

  it('ends for a chain of DLLs without end', () => {
    let made = 0;
    const find = (name: string): FoundDll => {
      made++;
      const next = `d${Number(name.slice(1, -4)) + 1}.dll`;
      return { file: importing({ [next]: ['f'] }, dllNamed(name, ['f'])) };
    };
    const plan = planLoad({ name: 'app.exe', image: program({ 'd0.dll': ['f'] }), find });
    expect(made).toBeLessThan(300);
    expect(plan.problems.at(-1)).toMatch(/^d\d+\.dll needs d\d+\.dll, which cannot be loaded: too many DLLs/);
  });
});

function dllNamed(name: string, exports: readonly string[]): DllSpec {
  return {
    name,
    base: 0x1_8000_0000,
    exports: exports.map((symbol) => ({ kind: 'code', name: symbol, bytes: CODE })),
  };
}

describe('resolving an export', () => {
  it('follows forwarders by name and ordinal', () => {
    const modules = new Map([
      ['a.dll', { image: mustRead(dll('a.dll', ['F=B.#2', 'G=b.y'])) }],
      ['b.dll', { image: mustRead(dll('b.dll', ['x', 'y'])) }],
    ]);
    const find = (name: string) => modules.get(name);
    const b = modules.get('b.dll');
    expect(resolveExport(modules.get('a.dll')!, 'F', find)).toEqual({ module: b, address: 0x1010 });
    expect(resolveExport(modules.get('a.dll')!, 2, find)).toEqual({ module: b, address: 0x1010 });
    expect(resolveExport(b!, 'z', find)).toEqual({ absent: 'which is not there' });
  });

  it('splits a forwarder at its last dot', () => {
    expect(parseForwarder('NTDLL.RtlAllocateHeap')).toEqual({ dll: 'NTDLL.dll', symbol: 'RtlAllocateHeap' });
    expect(parseForwarder('my.lib.#12')).toEqual({ dll: 'my.lib.dll', symbol: 12 });
    for (const bad of ['', '.', 'x.', '.x', 'x.#y', 'nodot'])
      expect(parseForwarder(bad), bad).toBeUndefined();
  });
});

describe('DLL names', () => {
  it('are lower case with an extension', () => {
    expect(['KERNEL32', 'Foo.DLL', 'x.exe', 'plain.'].map(normalizeDllName)).toEqual([
      'kernel32.dll',
      'foo.dll',
      'x.exe',
      'plain',
    ]);
  });

  it('of API sets have hosts whatever their version', () => {
    expect(hostsOfApiSet('api-ms-win-crt-stdio-l1-1-0.dll')).toEqual(['ucrtbase.dll']);
    expect(hostsOfApiSet('api-ms-win-core-synch-l1-2-99.dll')?.[0]).toBe('kernelbase.dll');
    expect(hostsOfApiSet('api-ms-win-core-rtlsupport-l1-1-0.dll')?.[0]).toBe('ntdll.dll');
    expect(hostsOfApiSet('api-ms-win-core-heap.dll')).toBeUndefined();
    expect(hostsOfApiSet('kernel32.dll')).toBeUndefined();
  });
});
