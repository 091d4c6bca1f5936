import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import type { Host } from '../../src/machine/host.ts';
import { nodeHost } from '../../src/machine/node-host.ts';
import { type RunRequest, runProgram } from '../../src/run/run-program.ts';
import { root, workFolder } from './programs.ts';

const work = workFolder();
const cwd = join(work, 'cwd');
mkdirSync(cwd);
afterAll(() => rmSync(work, { recursive: true, force: true }));

let printed = '';
beforeEach(() => {
  printed = '';
});
const host: Host = {
  ...nodeHost(),
  console: {
    write: (_stream, bytes) => {
      printed += Buffer.from(bytes).toString('latin1');
      return true;
    },
    read: () => new Uint8Array(0),
    whenReadable: (callback) => queueMicrotask(callback),
    isTerminal: () => false,
  },
};
let runs = 0;

function runFile(program: string, more: Partial<RunRequest> = {}) {
  const scratch = join(work, `scratch-${runs++}`);
  mkdirSync(scratch);
  return runProgram({ host, program, scratch, cwd, ...more });
}

test('a run answers its outcome and prints on the console that it was given', async () => {
  const { outcome, lines } = await runFile(join(root, 'examples/hello.exe'));
  expect(outcome).toMatchObject({ schema: 'winmem-run/1', outcome: 'exited', hostCode: 0, exitCode: 0 });
  expect(lines).toEqual([]);
  expect(printed).toMatch(/hello/i);
});

test('one process can run many programs, each on a fresh machine', async () => {
  const first = await runFile(join(root, 'examples/heap.exe'));
  const said = printed;
  printed = '';
  const second = await runFile(join(root, 'examples/heap.exe'));
  expect(printed).toBe(said);
  expect(second.outcome.statistics).toEqual(first.outcome.statistics);
});

test('the time of a run is split into translating, compiling, the program and its API calls', async () => {
  const started = performance.now();
  const { time } = (await runFile(join(root, 'examples/heap.exe'), { timed: true })).outcome;
  const { translate, compile, guest, api } = time!;
  for (const part of [translate, compile, guest, api!]) expect(part).toBeGreaterThan(0);
  expect(translate + compile + guest + api!).toBeLessThan(performance.now() - started);
  const untimed = (await runFile(join(root, 'examples/heap.exe'))).outcome.time!;
  expect(untimed).not.toHaveProperty('api');
  const endless = await runFile(join(root, 'test/guest/endless.exe'), { timeout: 1000, timed: true });
  const parts = endless.outcome.time!;
  expect(parts.guest).toBeGreaterThan(parts.api!);
  expect(parts.translate + parts.compile + parts.guest + parts.api!).toBeGreaterThan(800);
});

test('a name below a file is no program, like one that is not there', async () => {
  writeFileSync(join(work, 'plain'), '');
  for (const name of ['nowhere.exe', 'plain/below.exe']) {
    const { outcome, lines } = await runFile(join(work, name));
    expect(outcome).toMatchObject({ outcome: 'refused', hostCode: 127 });
    expect(lines).toEqual([`${join(work, name)}: there is no such file`]);
  }
});

test('time and patience end a run with their outcome and one line', async () => {
  const endless = join(root, 'test/guest/endless.exe');
  const late = await runFile(endless, { timeout: 50 });
  expect(late).toMatchObject({ outcome: { outcome: 'timeout', hostCode: 124 }, lines: ['timed out'] });
  const stopped = await runFile(endless, { interrupted: () => true });
  expect(stopped).toMatchObject({
    outcome: { outcome: 'interrupted', hostCode: 130 },
    lines: ['interrupted'],
  });
});

test('a folder that is not there is a mistake of the caller', async () => {
  const cwd = join(work, 'nowhere');
  await expect(runFile(join(root, 'examples/hello.exe'), { cwd })).rejects.toThrow(RangeError);
});

// Offsets in the headers of a PE file, from its signature.
const SIZES: [what: string, reserve: number, commit: number][] = [
  ['stack', 0x60, 0x68],
  ['heap', 0x70, 0x78],
];
for (const [what, reserve, commit] of SIZES) {
  test(`a program whose headers ask for a ${what} larger than the machine is refused in one line`, async () => {
    const bytes = readFileSync(join(root, 'examples/hello.exe'));
    const header = bytes.readUInt32LE(0x3c);
    for (const size of [0x1_0000_0000n, 0x7fff_ffff_0000n, 0xffff_ffff_ffff_ffffn]) {
      bytes.writeBigUInt64LE(size, header + reserve);
      bytes.writeBigUInt64LE(size, header + commit);
      writeFileSync(join(work, 'greedy.exe'), bytes);
      const { outcome, lines } = await runFile(join(work, 'greedy.exe'));
      expect(outcome).toMatchObject({ outcome: 'refused', hostCode: 126 });
      expect(lines).toEqual([expect.stringMatching(/^greedy\.exe needs more memory than there is: .*$/)]);
    }
  });
}

test('a TLS index that the loader may not write is refused in one line', async () => {
  const bytes = readFileSync(join(root, 'examples/guard.exe'));
  const header = bytes.readUInt32LE(0x3c);
  const base = Number(bytes.readBigUInt64LE(header + 0x30));
  const text = base + bytes.readUInt32LE(header + 24 + bytes.readUInt16LE(header + 20) + 12);
  const directory = bytes.readUInt32LE(header + 0xd0);
  bytes.writeBigUInt64LE(BigInt(text), fileOffset(bytes, directory) + 16);
  writeFileSync(join(work, 'plugin-host.exe'), bytes);
  const { outcome, lines } = await runFile(join(work, 'plugin-host.exe'));
  expect(outcome).toMatchObject({ outcome: 'refused', hostCode: 126 });
  const address = text.toString(16);
  expect(lines).toEqual([
    `plugin-host.exe cannot be loaded: the loader has to write 0x${address}, and may not (status 0xc0000005)`,
  ]);
});

/** Where in the file an address of the image is. */
function fileOffset(bytes: Buffer, rva: number): number {
  const header = bytes.readUInt32LE(0x3c);
  const table = header + 24 + bytes.readUInt16LE(header + 20);
  for (let at = table; at < table + bytes.readUInt16LE(header + 6) * 40; at += 40) {
    const start = bytes.readUInt32LE(at + 12);
    if (rva >= start && rva < start + bytes.readUInt32LE(at + 16)) {
      return bytes.readUInt32LE(at + 20) + rva - start;
    }
  }
  throw new Error(`no section holds 0x${rva.toString(16)}`);
}
