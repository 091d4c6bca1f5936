import { describe, expect, it } from 'vitest';
import { buildDll } from '../../src/image/builder.ts';
import { ModuleMap } from '../../src/image/module-map.ts';
import { fixture, mustRead } from './fixtures.ts';

describe('a module map', () => {
  const modules = new ModuleMap();
  const user = { name: 'user.exe', base: 0x1_4000_0000, size: 0xc000, image: mustRead(fixture('user.exe')) };
  const probe = {
    name: 'probe.dll',
    base: 0x1_3000_0000,
    size: 0x9000,
    image: mustRead(fixture('probe.dll')),
  };
  modules.add(user);
  modules.add(probe);

  it('finds the module of an address', () => {
    expect(modules.find(0x1_4000_0000)).toBe(user);
    expect(modules.find(0x1_4000_bfff)).toBe(user);
    expect(modules.find(0x1_4000_c000)).toBeUndefined();
    expect(modules.find(0x1_3000_8fff)).toBe(probe);
    expect(modules.find(0)).toBeUndefined();
    expect(modules.byName('USER.EXE')).toBe(user);
    expect([...modules]).toEqual([probe, user]);
  });

  it('describes code by linker symbol or export, data too', () => {
    expect(modules.describe(user.base + 0x1538)).toBe('user.exe!add_up');
    expect(modules.describe(user.base + 0x1540)).toBe('user.exe!add_up+0x8');
    expect(modules.describe(user.base + 0xa084)).toBe('user.exe!per_thread');
    expect(modules.describe(probe.base + 0x1007)).toMatch(/^probe\.dll!(by_name|alias_of_name)\+0x1$/);
    expect(modules.describe(probe.base + 0x1018)).toBe('probe.dll!#12');
    expect(modules.describe(probe.base + 0x2008)).toBe('probe.dll!shared_value');
  });

  it('describes the rest by offset or address', () => {
    // A header, a function without a name before the first export, and no module.
    expect(modules.describe(user.base + 0x10)).toBe('user.exe+0x10');
    expect(modules.describe(probe.base + 0x1002)).toBe('probe.dll+0x1002');
    expect(modules.describe(0xdead_0000)).toBe('0xdead0000');
  });

  it('does not name a function after the export before it', () => {
    const frame = { prologSize: 1, steps: [{ at: 1, op: 'push', register: 3 }] } as const;
    const bytes = new Uint8Array(16);
    const { bytes: file, addresses } = buildDll({
      name: 'a.dll',
      base: 0x1_0000_0000,
      exports: [{ kind: 'code', name: 'shown', bytes }],
      internal: [{ kind: 'code', name: 'hidden', bytes, unwind: frame }],
    });
    const map = new ModuleMap();
    map.add({ name: 'a.dll', base: 0x1000_0000, size: 0x9000, image: mustRead(file) });
    expect(map.describe(0x1000_0000 + addresses.get('shown')! + 2)).toBe('a.dll!shown+0x2');
    expect(map.describe(0x1000_0000 + addresses.get('hidden')! + 2)).toBe('a.dll+0x1012');
  });

  it('forgets modules that are removed', () => {
    const map = new ModuleMap();
    map.add({ name: 'a', base: 0x10000, size: 0x1000 });
    map.add({ name: 'b', base: 0x20000, size: 0x1000 });
    map.remove(0x10000);
    map.remove(0x20001);
    expect([...map].map(({ name }) => name)).toEqual(['b']);
    expect(map.describe(0x20010)).toBe('b+0x10');
  });
});
