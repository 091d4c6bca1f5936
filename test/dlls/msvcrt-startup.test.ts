import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { splitCommandLine } from '../../src/dlls/crt/command-line.ts';
import { dataAddress, initializeMsvcrtData } from '../../src/dlls/crt/data.ts';
import { msvcrtData, msvcrtFamilies } from '../../src/dlls/msvcrt/index.ts';
import { CrtGuest } from './msvcrt-guest.ts';

function textAt(guest: CrtGuest, address: number): string {
  return guest.read(address, guest.int('strlen', address));
}

describe('command lines', () => {
  it('are split as recorded', () => {
    const cases: { line: string; args: string[] }[] = JSON.parse(
      readFileSync(new URL('../recorded/msvcrt/argv.json', import.meta.url), 'utf8'),
    );
    expect(cases.length).toBeGreaterThan(20);
    for (const { line, args } of cases)
      expect({ line, args: splitCommandLine(`a.exe ${line}`).slice(1) }).toEqual({ line, args });
  });
});

describe('__getmainargs', () => {
  it('gives arguments and environment, also by way of the data exports', () => {
    const guest = new CrtGuest();
    const { process } = guest.thread;
    process.commandLine = '"C:\\my prog.exe" one "two three"';
    process.environment = new Map([
      ['Path', 'C:\\'],
      ['A', '1'],
    ]);
    const out = guest.block(64);
    expect(guest.int('__getmainargs', out, out + 8, out + 16, 0, out + 24)).toBe(0);
    const argv = guest.memory.u64(out + 8);
    const texts = [0, 1, 2].map((i) => textAt(guest, guest.memory.u64(argv + i * 8)));
    expect([guest.memory.u32(out), ...texts, guest.memory.u64(argv + 24)]).toEqual([
      3,
      'C:\\my prog.exe',
      'one',
      'two three',
      0,
    ]);
    const environment = guest.memory.u64(out + 16);
    expect([0, 1].map((i) => textAt(guest, guest.memory.u64(environment + i * 8)))).toEqual([
      'A=1',
      'Path=C:\\',
    ]);
    expect(guest.memory.u64(dataAddress(guest.thread.process, '_environ'))).toBe(environment);
  });
});

describe('the environment', () => {
  it('is read in any case and changed for runtime and process', () => {
    const guest = new CrtGuest();
    guest.thread.process.environment = new Map([['Name', 'value']]);
    expect(textAt(guest, guest.call('getenv', guest.text('NAME')))).toBe('value');
    expect(guest.int('_putenv', guest.text('NEW=thing'))).toBe(0);
    expect(textAt(guest, guest.call('getenv', guest.text('new')))).toBe('thing');
    expect(guest.thread.process.environment.get('NEW')).toBe('thing');
    guest.int('_putenv', guest.text('name='));
    expect(guest.call('getenv', guest.text('Name'))).toBe(0);
    expect(textAt(guest, guest.call('getenv', guest.text('NEW')))).toBe('thing');
  });
});

describe('initializers', () => {
  it('run in order, over gaps, and a checked table ends with the first error', () => {
    const guest = new CrtGuest();
    const order: number[] = [];
    const table = guest.block(40);
    [1, 0, 2, 3].forEach((n, i) => {
      const initializer = () => {
        order.push(n);
        return n === 2 ? 22 : 0;
      };
      const address = n === 0 ? 0 : guest.callback(initializer);
      guest.memory.setU64(table + i * 8, address);
    });
    guest.call('_initterm', table, table + 32);
    expect(order).toEqual([1, 2, 3]);
    expect(guest.int('_initterm_e', table, table + 32)).toBe(22);
    expect(order).toEqual([1, 2, 3, 1, 2]);
  });
});

describe('exports', () => {
  it('have one declaration each, functions and data together', () => {
    const names = [
      ...msvcrtFamilies().flatMap((family) => Object.keys(family.functions)),
      ...msvcrtData.map(({ name }) => name),
    ];
    expect(names.length).toBe(new Set(names).size);
    expect(names.length).toBeGreaterThan(500);
  });
  it('put data where the image has room for it', () => {
    const guest = new CrtGuest();
    guest.thread.process.commandLine = 'x.exe 1';
    const image = guest.block(4096);
    let at = image;
    const addresses = new Map<string, number>();
    for (const { name, size } of msvcrtData) {
      addresses.set(name, at);
      at += Math.ceil(size / 16) * 16;
    }
    initializeMsvcrtData(guest.thread.process, (name) => addresses.get(name)!);
    for (const [name, at] of addresses) {
      if (name === '_iob') expect(guest.call('__iob_func')).toBe(at);
      if (name === '_acmdln') expect(textAt(guest, guest.memory.u64(at))).toBe('x.exe 1');
    }
    expect(at - image).toBeLessThan(4096);
  });
});

describe('setjmp', () => {
  it('returns again with the value and the registers of its caller', () => {
    const guest = new CrtGuest();
    const { cpu } = guest.thread;
    const env = guest.block(272);
    const env16 = env + ((16 - (env % 16)) % 16);
    cpu.setGprHalves(12, 0x1234, 0x5678);
    guest.memory.setU64(cpu.rsp, 0x4000_1234);
    const rsp = cpu.rsp;
    expect(guest.int('_setjmp', env16, 0)).toBe(0);
    cpu.setGprHalves(12, 0, 0);
    guest.enter('longjmp', [env16, 0]);
    expect([cpu.rip, cpu.rsp, cpu.gpr(0), cpu.gprLow(12), cpu.gprHigh(12)]).toEqual([
      0x4000_1234,
      rsp + 8,
      1,
      0x1234,
      0x5678,
    ]);
  });
});
