import { expect, test } from 'vitest';
import { family, library } from '../../src/dlls/api.ts';
import { familiesOf } from '../../src/dlls/registry.ts';
import { ABSENT_SERVICES, FIRST_ABSENT, ServiceTable } from '../../src/dlls/service-table.ts';
import { servicesOf } from '../../src/dlls/services.ts';
import { PeImage, readImage } from '../../src/image/pe.ts';
import { nodeHost } from '../../src/machine/node-host.ts';
import { Machine } from '../../src/process/machine.ts';
import { buildOwnImage, type OwnImage, STUB_SIZE } from '../../src/run/dll-images.ts';
import { DllSource } from '../../src/run/image-source.ts';
import { ownDlls } from '../../src/run/own-dlls.ts';
import { ownImages } from '../../src/run/own-images.ts';

const all = ownDlls().map((own) => ({ own, made: ownImages.get(`${own.dll}.dll`)!() }));
/** The longest code that a stub has before it enters the host: sub rsp, frame. */
const LONGEST_PROLOG = 7;
const OWN_CODE = 0x7fff_0000_0000;

function imageOf(made: OwnImage): PeImage {
  return readImage(made.bytes, 'library').image!;
}

/** The service number with which the code at an RVA enters the host, within its first bytes. */
function entered(image: PeImage, address: number, within = LONGEST_PROLOG): number | undefined {
  const { bytes } = image;
  for (let at = address; at <= address + within; at++) {
    if (bytes.u8(at) === 0xb8 && bytes.u16(at + 5) === 0x050f) return bytes.u32(at + 1);
  }
  return undefined;
}

function tableOf({ services }: OwnImage): ServiceTable {
  const table = new ServiceTable();
  table.add(services, familiesOf[services.dll]!());
  return table;
}

for (const { own, made } of all) {
  const { services, hidden } = made;
  const names = services.names.split(' ');

  test(`every function of ${own.dll} has its own number, name and place in the image`, () => {
    const table = tableOf(made);
    const observed = imageOf(buildOwnImage(own, services, true));
    const image = imageOf(made);
    names.forEach((name, i) => {
      const service = services.first + i;
      const api = table.at(service)!;
      expect([api.dll, api.name, table.number(own.dll, name)]).toEqual([own.dll, name, service]);
      expect(Object.hasOwn(hidden, name)).toBe(api.hidden);
      expect(image.exports.resolve(name) === undefined).toBe(api.hidden);
      if (!api.hidden) expect(entered(observed, observed.exports.resolve(name)!.address!)).toBe(service);
      else expect(entered(image, hidden[name]!)).toBe(service);
    });
    const { data = [], forwards = [] } = own;
    const shown = names.filter((name) => !Object.hasOwn(hidden, name)).length + data.length + forwards.length;
    expect(image.exports.list().length).toBe(shown);
  });

  test(`variables of ${own.dll} are where its exports say`, () => {
    const { exports } = imageOf(made);
    expect(Object.keys(made.data)).toEqual((own.data ?? []).map(({ name }) => name));
    for (const name in made.data) expect(exports.resolve(name)).toEqual({ address: made.data[name] });
  });
}

test('the numbers of our DLLs follow one another, behind those of absent functions', () => {
  let next = FIRST_ABSENT + ABSENT_SERVICES;
  for (const { services } of all
    .map(({ made }) => made)
    .sort((a, b) => a.services.first - b.services.first)) {
    expect(services.first).toBe(next);
    next += services.names.split(' ').length;
  }
});

test('absent functions have a number and a stub each, until there are no more', () => {
  const { absent, ...ntdll } = all.find(({ own }) => own.absent)!.made;
  const image = imageOf({ absent, ...ntdll });
  const table = tableOf({ absent, ...ntdll });
  for (let i = 0; i < ABSENT_SERVICES; i++) {
    const service = table.addAbsent('kernel32', `Absent${i}`)!;
    expect(table.at(service)?.name).toBe(`Absent${i}`);
    expect(entered(image, absent! + (service - FIRST_ABSENT) * STUB_SIZE, 0)).toBe(service);
  }
  expect(table.addAbsent('kernel32', 'OneMore')).toBeUndefined();
});

test('strlen is code of its own, and enters the host in a run that is observed', () => {
  const { own, made } = all.find(({ own }) => own.dll === 'msvcrt')!;
  const observed = imageOf(buildOwnImage(own, made.services, true));
  const service = tableOf(made).number('msvcrt', 'strlen');
  expect(entered(imageOf(made), imageOf(made).exports.resolve('strlen')!.address!, 0)).toBeUndefined();
  expect(entered(observed, observed.exports.resolve('strlen')!.address!, 0)).toBe(service);
  const table = new ServiceTable();
  table.observer = { called: () => {}, returned: () => {} };
  const found = new DllSource(nodeHost().files, [], table).find('msvcrt.dll')!.file;
  expect(found).toBeInstanceOf(PeImage);
  const strlen = (found as PeImage).exports.resolve('strlen')!.address!;
  expect(entered(found as PeImage, strlen, 0)).toBe(service);
});

test('a family is asked for its functions when one of them is called', () => {
  const asked: string[] = [];
  const of = (name: string) =>
    family('own', 'https://learn.microsoft.com/{}', () => {
      asked.push(name);
      return { [name]: library('', 'int', () => 7), [`${name}2`]: library('', 'int', () => 8) };
    });
  const services = servicesOf('own', [of('a'), of('b')], 10);
  expect(services).toEqual({ dll: 'own', first: 10, counts: [2, 2], names: 'a a2 b b2' });
  asked.length = 0;
  const table = new ServiceTable();
  table.add(services, [of('a'), of('b')]);
  expect([asked, table.number('own', 'b2')]).toEqual([[], 13]);
  expect([table.at(13)?.name, table.at(13)?.page, asked]).toEqual([
    'b2',
    'https://learn.microsoft.com/b2',
    ['b'],
  ]);
  expect(table.at(13)).toBe(table.at(13));
});

test('a function that a DLL declares twice is refused', () => {
  const of = () => family('own', '', () => ({ same: library('', 'int', () => 0) }));
  expect(() => servicesOf('own', [of(), of()], 1)).toThrow(new RangeError('own!same is declared twice'));
});

test('hostile: a number of no loaded DLL, or one from code that is not ours, ends the run', () => {
  const machine = new Machine({ ram: 64 << 20 });
  const { mainThread: thread } = machine.createProcess();
  const [ntdll, other] = [all[0]!.made, all[1]!.made];
  const table = tableOf(ntdll);
  table.thread = thread;
  const { first, names } = ntdll.services;
  const last = first + names.split(' ').length - 1;
  const outside = [FIRST_ABSENT, first - 1, other.services.first, 0x7fff_ffff, 0xffff_ffff];
  const calls = [...outside.map((number) => ({ number, rip: OWN_CODE })), { number: last, rip: 0x40_1000 }];
  for (const { number, rip } of calls) {
    thread.cpu.rip = rip;
    thread.stopReason = '';
    expect(table.serve(number)).toBe(true);
    expect(thread.stopReason).toContain(`a raw system call with number 0x${number.toString(16)} at `);
  }
});
