import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { distanceOf, expectGuestToEnd } from './forged.ts';
import { root, winmem, workFolder } from './programs.ts';

const cwd = workFolder();
afterAll(() => rmSync(cwd, { recursive: true, force: true }));

const program = join(root, 'test/guest/cxx-msvc.exe');
/** Exit code of abort, which std::terminate calls. */
const ABORTED = 3;

// https://learn.microsoft.com/en-us/cpp/cpp/exceptions-and-stack-unwinding-in-cpp; Wine lets these exceptions pass.
describe.each([
  ['__CxxFrameHandler3', program],
  ['__CxxFrameHandler4', join(root, 'test/guest/cxx-fh4.exe')],
])('by %s std::terminate ends the program', (_handler, exe) => {
  test.each([
    ['a destructor throws while the stack is unwound', '-d'],
    ['the copy constructor of what is caught throws', '-c'],
    ['nothing is caught that could be thrown again', '-r'],
    ['a function that is noexcept throws', '-n'],
  ])('when %s', (_what, how) => {
    const ran = winmem(['run', exe, how], cwd);
    expect(ran.stdout).not.toContain('not reached');
    expect(ran.status).toBe(ABORTED);
  });
});

const FUNC_INFO = 0x19930522;
/** Offsets in FuncInfo. */
const [STATES, UNWIND_MAP, TRIES, TRY_MAP, IPS, IP_MAP] = [4, 8, 12, 16, 20, 24];
const OUTSIDE = 0x7000_0000;

const original = readFileSync(program);

/** Where the tables of the program's functions are in its file; those with try blocks. */
function functionTables(): number[] {
  const found: number[] = [];
  for (let at = 0; at + 40 <= original.length; at += 4) {
    if (original.readUInt32LE(at) === FUNC_INFO && original.readUInt32LE(at + TRIES) > 0) found.push(at);
  }
  return found;
}

type Forge = (bytes: Buffer, table: number) => void;
const set = (offset: number, value: number): Forge => {
  return (bytes, table) => bytes.writeUInt32LE(value >>> 0, table + offset);
};
/** Changes a field of every entry of the map that FuncInfo names at `map`. */
function inMap(
  map: number,
  count: number,
  size: number,
  offset: number,
  value: (i: number) => number,
): Forge {
  return (bytes, table) => {
    const at = bytes.readUInt32LE(table + map) - distanceOf(original, table);
    for (let i = 0; i < bytes.readUInt32LE(table + count); i++)
      bytes.writeUInt32LE(value(i) >>> 0, at + i * size + offset);
  };
}

const FORGERIES: readonly (readonly [string, Forge])[] = [
  ['2^31 states', set(STATES, 2 ** 31)],
  ['no states', set(STATES, 0)],
  ['2^31 try blocks', set(TRIES, 2 ** 31)],
  ['65536 try blocks', set(TRIES, 0x10000)],
  ['2^31 ranges of states', set(IPS, 2 ** 31)],
  ['an unwind map outside of memory', set(UNWIND_MAP, OUTSIDE)],
  ['try blocks outside of memory', set(TRY_MAP, OUTSIDE)],
  ['ranges outside of memory', set(IP_MAP, OUTSIDE)],
  ['states that lead to themselves', inMap(UNWIND_MAP, STATES, 8, 0, (i) => i)],
  ['states that lead to later ones', inMap(UNWIND_MAP, STATES, 8, 0, (i) => i + 1)],
  ['states that lead below all', inMap(UNWIND_MAP, STATES, 8, 0, () => -2)],
  ['destructors outside of memory', inMap(UNWIND_MAP, STATES, 8, 4, () => OUTSIDE)],
  ['2^31 handlers', inMap(TRY_MAP, TRIES, 20, 12, () => 2 ** 31)],
  ['65536 handlers', inMap(TRY_MAP, TRIES, 20, 12, () => 0x10000)],
  ['handlers outside of memory', inMap(TRY_MAP, TRIES, 20, 16, () => OUTSIDE)],
  ['try blocks of all states', inMap(TRY_MAP, TRIES, 20, 0, () => -(2 ** 31))],
  ['states that there are not', inMap(IP_MAP, IPS, 8, 4, () => 0x7fff_ffff)],
];

describe('forged tables end the guest, not the host', () => {
  const tables = functionTables();
  test('the program has tables to forge', () => {
    expect(tables.length).toBeGreaterThanOrEqual(5);
  });
  test.each(FORGERIES)('%s', (_what, forge) => {
    const bytes = Buffer.from(original);
    for (const table of tables) forge(bytes, table);
    expect(bytes.equals(original)).toBe(false);
    expectGuestToEnd(bytes, cwd);
  });
});
