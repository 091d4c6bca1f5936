import { type StdioOptions, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HostFile } from '../../src/machine/host.ts';
import { TimeOfDay } from '../../src/machine/monotonic.ts';
import { nodeHost } from '../../src/machine/node-host.ts';

const host = nodeHost();
let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'winmem-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const readWrite = { write: true, create: true, exclusive: false, truncate: false };
const readOnly = { write: false, create: false, exclusive: false, truncate: false };

function open(name: string, options = readWrite): HostFile {
  const file = host.files.open(join(folder, name), options);
  if (typeof file === 'string') throw new Error(file);
  return file;
}

describe('files', () => {
  test('are written and read at positions, and tell their size', () => {
    const file = open('a');
    expect(file.write(10, new Uint8Array([1, 2, 3]))).toBe(3);
    expect(file.size()).toBe(13);
    const into = new Uint8Array(8).fill(9);
    expect(file.read(8, into)).toBe(5);
    expect([...into]).toEqual([0, 0, 1, 2, 3, 9, 9, 9]);
    expect(file.truncate(11)).toBeUndefined();
    expect(file.sync()).toBeUndefined();
    expect(file.status()).toMatchObject({ kind: 'file', size: 11, writable: true });
    file.close();
  });

  test('have one identity under all their names', () => {
    const file = open('b');
    symlinkSync(join(folder, 'b'), join(folder, 'c'));
    const again = open('c', readOnly);
    expect(again.identity).toBe(file.identity);
    expect(open('d').identity).not.toBe(file.identity);
    expect(host.files.linkStatus(join(folder, 'c'))).toMatchObject({ kind: 'link' });
    expect(host.files.status(join(folder, 'c'))).toMatchObject({ kind: 'file', identity: file.identity });
    expect(host.files.realPath(join(folder, 'c'))).toBe(join(host.files.realPath(folder), 'b'));
  });

  test('answer in words what went wrong, and never throw', () => {
    expect(host.files.open(join(folder, 'none'), readOnly)).toBe('ENOENT');
    expect(host.files.open(join(folder, 'no\0pe'), readOnly)).toBe('EINVAL');
    expect(host.files.open(folder, readOnly)).toBe('EISDIR');
    expect(host.files.open('/dev/null', readOnly)).toBe('EACCES');
    writeFileSync(join(folder, 'there'), 'x');
    expect(host.files.open(join(folder, 'there'), { ...readWrite, exclusive: true })).toBe('EEXIST');
    expect(host.files.status(join(folder, 'there', 'x'))).toBe('ENOTDIR');
    expect(host.files.removeDirectory(folder)).toBe('ENOTEMPTY');
    const reader = open('there', readOnly);
    expect(reader.write(0, new Uint8Array(1))).toBe('EIO');
    reader.close();
  });

  test('directories are made, listed in order, renamed and removed', () => {
    const at = join(folder, 'dir');
    expect(host.files.makeDirectory(at)).toBeUndefined();
    expect(host.files.makeDirectory(at)).toBe('EEXIST');
    for (const name of ['z', 'a', 'm']) writeFileSync(join(at, name), name);
    expect(host.files.rename(join(at, 'z'), join(at, 'b'))).toBeUndefined();
    expect(host.files.list(at)).toEqual(['a', 'b', 'm']);
    for (const name of ['a', 'b', 'm']) expect(host.files.remove(join(at, name))).toBeUndefined();
    expect(host.files.removeDirectory(at)).toBeUndefined();
    expect(host.files.list(at)).toBe('ENOENT');
  });
});

test('the monotonic clock does not run backwards and random bytes differ', () => {
  const before = host.clock.monotonic();
  expect(host.clock.monotonic()).toBeGreaterThanOrEqual(before);
  expect(Math.abs(host.clock.now() - Date.now())).toBeLessThan(1000);
  const a = new Uint8Array(16);
  const b = new Uint8Array(16);
  host.random(a);
  host.random(b);
  expect(a).not.toEqual(b);
});

/** Runs a module against a fresh Node host, bundled so that any Node can run it. */
function run(
  body: string,
  input: string,
  stdio: StdioOptions = 'pipe',
): { stdout: string; status: number | null } {
  const script = join(folder, 'script.mjs');
  buildSync({
    entryPoints: ['src/machine/node-host.ts'],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: join(folder, 'host.mjs'),
    logLevel: 'silent',
  });
  writeFileSync(script, `import { nodeHost } from './host.mjs'; const { console: c } = nodeHost();\n${body}`);
  return spawnSync(process.execPath, [script], {
    input,
    stdio,
    encoding: 'utf8',
    timeout: 20000,
    maxBuffer: 2 ** 24,
  });
}

test('standard input comes in pieces, then ends, and standard output takes megabytes in order', () => {
  const body = `
    const out = (text) => c.write(1, new TextEncoder().encode(text));
    let total = '';
    (function next() {
      const piece = c.read(5);
      if (piece === undefined) return c.whenReadable(next);
      if (piece.length === 0) { out('['); out(total); out(']'); out('y'.repeat(3_000_000)); return; }
      total += new TextDecoder().decode(piece);
      next();
    })();`;
  const { stdout, status } = run(body, 'hello, wide world');
  expect(status).toBe(0);
  expect(stdout).toBe(`[hello, wide world]${'y'.repeat(3_000_000)}`);
});

test('a program that reads nothing ends although its input stays open', () => {
  expect(run('c.write(1, new Uint8Array([104, 105]));', 'unread')).toMatchObject({ stdout: 'hi', status: 0 });
});

test('a stream that goes nowhere is no terminal, which takes no module for terminals to find out', () => {
  const body = `
    const terminals = [0, 1, 2].filter((stream) => c.isTerminal(stream));
    if (terminals.length > 0) process.exitCode = 1;
    if (process.moduleLoadList.some((name) => / (tty|net)$/.test(name))) process.exitCode = 2;`;
  expect(run(body, '', 'ignore').status).toBe(0);
});

describe('the time of day', () => {
  const start = 1_795_000_000_000;
  /** The true time, the step that its owner made in the date, and how fast the monotonic clock runs. */
  function clocks() {
    const at = { time: 0.75, step: 0, rate: 1 };
    const date = () => Math.floor(start + at.time + at.step);
    return { at, date, day: new TimeOfDay(date, () => at.time * at.rate + 12.5) };
  }

  test('has a fraction of a millisecond once the date has gone on', () => {
    const { at, day } = clocks();
    expect(day.now()).toBe(start);
    at.time = 2;
    expect(day.now()).toBe(start + 2);
    at.time = 2.25;
    expect(day.now()).toBe(start + 2.25);
    at.time = 1000.5;
    expect(day.now()).toBe(start + 1000.5);
  });

  test.each([0.97, 1, 1.03])(
    'is within the date and never goes back, by a clock at %s of the true speed',
    (rate) => {
      const { at, date, day } = clocks();
      at.rate = rate;
      let last = 0;
      for (let i = 0; i < 5000; i++) {
        at.time += 0.11;
        const now = day.now();
        expect(Math.floor(now)).toBe(date());
        expect(now).toBeGreaterThanOrEqual(last);
        last = now;
      }
    },
  );

  test('follows the date when that is set', () => {
    const { at, date, day } = clocks();
    day.now();
    for (const step of [3_600_000, -3_600_000]) {
      at.step = step;
      at.time += 0.5;
      expect(Math.floor(day.now())).toBe(date());
    }
  });
});
