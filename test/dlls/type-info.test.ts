import { describe, expect, it } from 'vitest';
import { writeTerminated } from '../../src/dlls/crt/text.ts';
import { PAGE_READONLY, PAGE_READWRITE } from '../../src/memory/constants.ts';
import { STATUS_ACCESS_VIOLATION, STATUS_HEAP_CORRUPTION } from '../../src/memory/status.ts';
import { Pending } from '../../src/process/thread.ts';
import { CrtGuest } from './msvcrt-guest.ts';

const ucrt = () => new CrtGuest(undefined, 'ucrtbase');

/** __std_type_info_data. */
function typeData(guest: CrtGuest, decorated: string): number {
  const data = guest.block(8 + decorated.length + 1);
  guest.memory.setU64(data, 0);
  writeTerminated(guest.memory, data + 8, decorated, false);
  return data;
}
function listHeader(guest: CrtGuest): number {
  const list = guest.block(16);
  guest.memory.fill(list, 0, 16);
  return list;
}
const firstOf = (guest: CrtGuest, list: number) => guest.memory.u64(list + 8);
const depthOf = (guest: CrtGuest, list: number) => guest.memory.u16(list);
const blockSize = (guest: CrtGuest, block: number) => guest.call64('_msize', block);
const NO_BLOCK = 0xffff_ffff_ffff_ffffn;

describe('__std_type_info_name', () => {
  it('makes a name once, which the list then holds', () => {
    const guest = ucrt();
    const [data, list] = [typeData(guest, '.?AVfoo@@'), listHeader(guest)];
    const name = guest.call('__std_type_info_name', data, list);
    expect(guest.read(name, 10)).toBe('class foo\0');
    expect(guest.memory.u64(data)).toBe(name);
    expect(guest.call('__std_type_info_name', data, list)).toBe(name);
    expect(depthOf(guest, list)).toBe(1);
    guest.call('__std_type_info_name', typeData(guest, '.H'), list);
    expect(depthOf(guest, list)).toBe(2);
  });
  it('takes a name that somebody else has made', () => {
    const guest = ucrt();
    const [data, list] = [typeData(guest, '.?AVfoo@@'), listHeader(guest)];
    guest.memory.setU64(data, 0x1234);
    expect(guest.call('__std_type_info_name', data, list)).toBe(0x1234);
    expect(depthOf(guest, list)).toBe(0);
  });
  it('gives what is no type as it is, without its dot', () => {
    const guest = ucrt();
    const list = listHeader(guest);
    const named = (decorated: string) => {
      const name = guest.call('__std_type_info_name', typeData(guest, decorated), list);
      return guest.read(name, decorated.length + 1).split('\0')[0];
    };
    expect(['.?AVfoo', '.', '', '.?AV9@'].map(named)).toEqual(['?AVfoo', '', '', '?AV9@']);
  });
});

describe('types', () => {
  it('are the same where their names are, and hash alike', () => {
    const guest = ucrt();
    const [a, same, longer, high] = ['.?AVa@@', '.?AVa@@', '.?AVab@@', '.?AV\xe4@@'].map((name) =>
      typeData(guest, name),
    ) as [number, number, number, number];
    const compare = (left: number, right: number) => guest.int('__std_type_info_compare', left, right);
    expect([compare(a, a), compare(a, same)]).toEqual([0, 0]);
    expect([compare(a, longer), compare(longer, a), compare(high, longer)]).toEqual([-1, 1, 1]);
    const hash = (data: number) => guest.call('__std_type_info_hash', data);
    expect(hash(same)).toBe(hash(a));
    expect(new Set([a, longer, high].map(hash)).size).toBe(3);
  });
});

describe('__std_type_info_destroy_list', () => {
  it('frees all names and leaves an empty list', () => {
    const guest = ucrt();
    const list = listHeader(guest);
    for (const name of ['.H', '.D', '.?AVfoo@@'])
      guest.call('__std_type_info_name', typeData(guest, name), list);
    const entry = firstOf(guest, list);
    expect(blockSize(guest, entry)).not.toBe(NO_BLOCK);
    guest.call('__std_type_info_destroy_list', list);
    expect([firstOf(guest, list), depthOf(guest, list)]).toEqual([0, 0]);
    expect(blockSize(guest, entry)).toBe(NO_BLOCK);
    guest.call('__std_type_info_destroy_list', list);
  });
});

describe('hostile', () => {
  /** A list with these entries, of which each points to the next. */
  function forgedList(guest: CrtGuest, ...entries: number[]): number {
    const list = listHeader(guest);
    guest.memory.setU64(list + 8, entries[0]!);
    for (const [i, next] of entries.slice(1).entries()) guest.memory.setU64(entries[i]!, next);
    return list;
  }

  it('a list that runs in a circle is a corrupt heap', () => {
    const guest = ucrt();
    const [a, b] = [guest.block(32), guest.block(32)];
    guest.enter('__std_type_info_destroy_list', [forgedList(guest, a, b, a)]);
    expect([guest.pending, guest.thread.exception?.code]).toEqual([Pending.raise, STATUS_HEAP_CORRUPTION]);
  });
  it('an entry that points to itself is a corrupt heap', () => {
    const guest = ucrt();
    const a = guest.block(32);
    guest.enter('__std_type_info_destroy_list', [forgedList(guest, a, a)]);
    expect(guest.thread.exception?.code).toBe(STATUS_HEAP_CORRUPTION);
  });
  it('an entry that is no block is a corrupt heap', () => {
    const guest = ucrt();
    const inside = guest.block(256) + 64;
    guest.memory.fill(inside - 64, 0, 256);
    guest.enter('__std_type_info_destroy_list', [forgedList(guest, inside)]);
    expect(guest.thread.exception?.code).toBe(STATUS_HEAP_CORRUPTION);
  });
  it('an entry at no address is an access violation', () => {
    for (const address of [0x10, 2 ** 47, 2 ** 60]) {
      const guest = ucrt();
      guest.enter('__std_type_info_destroy_list', [forgedList(guest, address)]);
      expect(guest.thread.exception?.code).toBe(STATUS_ACCESS_VIOLATION);
    }
  });
  it('no list, or no type, is an access violation', () => {
    const guest = ucrt();
    const data = typeData(guest, '.H');
    for (const args of [
      [data, 0],
      [data, 2 ** 60],
      [0, listHeader(guest)],
    ]) {
      guest.enter('__std_type_info_name', args);
      expect(guest.thread.exception?.code).toBe(STATUS_ACCESS_VIOLATION);
      expect(guest.memory.u64(data)).toBe(0);
    }
    guest.enter('__std_type_info_destroy_list', [0]);
    expect(guest.thread.exception?.code).toBe(STATUS_ACCESS_VIOLATION);
  });
  it('a type that cannot be written adds nothing to the list', () => {
    const guest = ucrt();
    const { space } = guest.thread;
    expect(space.allocate(0, 0x1000, 0x3000, PAGE_READWRITE)).toBe(0);
    const data = space.resultBase;
    writeTerminated(guest.memory, data + 8, '.H', false);
    expect(space.protect(data, 0x1000, PAGE_READONLY)).toBe(0);
    const list = listHeader(guest);
    guest.enter('__std_type_info_name', [data, list]);
    expect(guest.thread.exception?.code).toBe(STATUS_ACCESS_VIOLATION);
    expect(depthOf(guest, list)).toBe(0);
  });
  it('a name of many megabytes stays as it is, and without memory for a copy there is none', () => {
    const guest = ucrt();
    const list = listHeader(guest);
    const size = 24 << 20;
    const data = guest.block(size);
    guest.memory.fill(data, 0x48, size - 1);
    guest.memory.setU8(data + size - 1, 0);
    guest.memory.setU64(data, 0);
    const name = guest.call('__std_type_info_name', data, list);
    expect(guest.read(name, 4)).toBe('HHHH');
    expect(guest.read(name + size - 10, 1)).toBe('\0');
    guest.memory.setU64(data, 0);
    expect(guest.call('__std_type_info_name', data, list)).toBe(0);
    expect([depthOf(guest, list), guest.memory.u64(data)]).toEqual([1, 0]);
  });
});
