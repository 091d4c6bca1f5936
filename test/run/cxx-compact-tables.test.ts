import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { expectGuestToEnd, placeOf } from './forged.ts';
import { root, winmem, workFolder } from './programs.ts';

const cwd = workFolder();
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const original = readFileSync(join(root, 'test/guest/cxx-fh4.exe'));
const [HAS_UNWIND_MAP, HAS_TRIES, IS_SEPARATED] = [8, 16, 2];
const EXCEPTION_DIRECTORY = 24 + 112 + 3 * 8;
const HAS_HANDLER = 1 << 3;
const OUTSIDE = 0x7000_0000;

/** RVA of a function's language handler, and the place in the file of the table that it gets; of all functions. */
function handlersOf(): { handler: number; table: number }[] {
  const directory = original.readUInt32LE(0x3c) + EXCEPTION_DIRECTORY;
  const entries = placeOf(original, original.readUInt32LE(directory));
  const found: { handler: number; table: number }[] = [];
  for (let at = entries; at < entries + original.readUInt32LE(directory + 4); at += 12) {
    const unwind = placeOf(original, original.readUInt32LE(at + 8));
    if ((original.readUInt8(unwind) & HAS_HANDLER) === 0) continue;
    const data = unwind + 4 + ((original.readUInt8(unwind + 2) + 1) & ~1) * 2;
    found.push({ handler: original.readUInt32LE(data), table: original.readUInt32LE(data + 4) });
  }
  return found;
}

/** Functions of __try have another handler, and fewer. */
const handlers = handlersOf();
const most = handlers.filter((one) => handlers.filter((other) => other.handler === one.handler).length > 20);
const infos = most.map(({ table }) => placeOf(original, table));

/** Where in the file the maps of a FuncInfo4 are, by the place in FuncInfo4 that names them; 0 for none. */
function mapsOf(info: number): { unwind: number; tries: number; ips: number } {
  const header = original.readUInt8(info);
  const hasUnwindMap = (header & HAS_UNWIND_MAP) !== 0;
  const hasTries = (header & HAS_TRIES) !== 0;
  const unwind = hasUnwindMap ? info + 1 : 0;
  const tries = hasTries ? info + 1 + (hasUnwindMap ? 4 : 0) : 0;
  return { unwind, tries, ips: info + 1 + (hasUnwindMap ? 4 : 0) + (hasTries ? 4 : 0) };
}

type Forge = (bytes: Buffer, at: number) => void;
const bytesAre =
  (...values: number[]): Forge =>
  (bytes, at) =>
    Buffer.from(values).copy(bytes, at);
const HUGE = [0x0f, 0, 0, 0, 0x80];
/** 65536 in three bytes. */
const MOST = [0x03, 0, 0x08];

/** Forges a map of every table that has it: at its beginning, or so many bytes on. */
const inMap =
  (map: 'unwind' | 'tries' | 'ips', forge: Forge, offset = 0): Forge =>
  (bytes, info) => {
    const name = mapsOf(info)[map];
    if (name !== 0) forge(bytes, placeOf(original, original.readUInt32LE(name)) + offset);
  };
const mapIsOutside =
  (map: 'unwind' | 'tries' | 'ips'): Forge =>
  (bytes, info) => {
    const name = mapsOf(info)[map];
    if (name !== 0) bytes.writeUInt32LE(OUTSIDE, name);
  };
/** Forges the handlers of every function's first try block, behind its three states of a byte each. */
const inHandlers = (forge: Forge, offset = 0): Forge =>
  inMap('tries', (bytes, at) => forge(bytes, placeOf(original, original.readUInt32LE(at + 3)) + offset), 1);

const FORGERIES: readonly (readonly [string, Forge])[] = [
  ['nothing in a table', bytesAre(0)],
  ['every flag of a table', bytesAre(0xff)],
  [
    'parts that there are not',
    (bytes, info) => bytes.writeUInt8(original.readUInt8(info) | IS_SEPARATED, info),
  ],
  ['2^31 states', inMap('unwind', bytesAre(...HUGE))],
  ['65536 states', inMap('unwind', bytesAre(...MOST))],
  ['no states', inMap('unwind', bytesAre(0))],
  ['an unwind map outside of memory', mapIsOutside('unwind')],
  ['a state that leads to itself', inMap('unwind', bytesAre(0), 1)],
  ['a destructor outside of memory', inMap('unwind', bytesAre(0x0e, 0, 0, 0, 0x70), 1)],
  ['2^31 try blocks', inMap('tries', bytesAre(...HUGE))],
  ['65536 try blocks', inMap('tries', bytesAre(...MOST))],
  ['try blocks outside of memory', mapIsOutside('tries')],
  ['try blocks of states that there are not', inMap('tries', bytesAre(0xfe, 0xfe, 0xfe), 1)],
  ['handlers outside of memory', inMap('tries', bytesAre(0, 0, 0, 0x70), 4)],
  ['2^31 handlers', inHandlers(bytesAre(...HUGE))],
  ['65536 handlers', inHandlers(bytesAre(...MOST))],
  ['handlers with three ways on', inHandlers(bytesAre(0x30), 1)],
  ['a catch block outside of memory', inHandlers(bytesAre(0, 0, 0, 0, 0x70), 1)],
  ['2^31 ranges of states', inMap('ips', bytesAre(...HUGE))],
  ['ranges outside of memory', mapIsOutside('ips')],
  ['states that there are not', inMap('ips', bytesAre(0xfe), 3)],
];

describe('forged tables of __CxxFrameHandler4 end the guest, not the host', () => {
  test('the program has tables to forge', () => {
    expect(infos.length).toBeGreaterThanOrEqual(20);
    expect(infos.filter((info) => mapsOf(info).tries !== 0).length).toBeGreaterThanOrEqual(5);
  });
  test.each(FORGERIES)('%s', (_what, forge) => {
    const bytes = Buffer.from(original);
    for (const info of infos) forge(bytes, info);
    expect(bytes.equals(original)).toBe(false);
    expectGuestToEnd(bytes, cwd);
  });
});

/** mov eax, 1; add rsp, …: how a catch block answers that it goes on in the second place. */
const ANSWER = Buffer.from([0xb8, 1, 0, 0, 0, 0x48, 0x83, 0xc4]);
/** Exit code of abort, which std::terminate calls. */
const ABORTED = 3;

test('a catch block that goes on in the third of two places ends the program', () => {
  const bytes = readFileSync(join(root, 'test/guest/cxx-fh4-shapes.exe'));
  let at = bytes.indexOf(ANSWER);
  expect(at).toBeGreaterThan(0);
  for (; at >= 0; at = bytes.indexOf(ANSWER, at)) bytes.writeUInt32LE(2, at + 1);
  const forged = join(cwd, 'forged.exe');
  writeFileSync(forged, bytes);
  expect(winmem(['run', forged], cwd).status).toBe(ABORTED);
});
