import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { expect, test } from 'vitest';

const src = resolve(import.meta.dirname, '../src');

/** Which rooms each room may import, besides itself. */
const ALLOWED: Record<string, readonly string[]> = {
  machine: [],
  memory: ['machine'],
  heap: ['machine', 'memory'],
  process: ['machine', 'memory', 'heap'],
  dlls: ['machine', 'memory', 'heap', 'process'],
  image: ['machine', 'memory'],
  cpu: ['machine', 'memory', 'process'],
};

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory()
      ? sources(join(folder, entry.name))
      : entry.name.endsWith('.ts')
        ? [join(folder, entry.name)]
        : [],
  );
}
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  return [...text.matchAll(/^(?:import|export)[^'"]*?from '(\.[^']+)';/gms)].map((match) =>
    resolve(dirname(file), match[1]!),
  );
}
const roomOf = (file: string) => relative(src, file).split('/')[0]!;

test('rooms import one way only', () => {
  const wrong: string[] = [];
  for (const file of sources(src)) {
    const allowed = ALLOWED[roomOf(file)];
    if (!allowed) continue;
    for (const target of importsOf(file)) {
      const room = roomOf(target);
      if (room !== roomOf(file) && !allowed.includes(room))
        wrong.push(`${relative(src, file)} imports ${relative(src, target)}`);
    }
  }
  expect(wrong).toEqual([]);
});

test('cpu knows of process only the Executor interface', () => {
  const wrong = sources(join(src, 'cpu')).flatMap((file) =>
    importsOf(file)
      .filter((target) => roomOf(target) === 'process' && !target.endsWith('process/executor.ts'))
      .map((target) => `${relative(src, file)} imports ${relative(src, target)}`),
  );
  expect(wrong).toEqual([]);
});

test('winmem/memory loads neither image nor cpu nor anything of Node', () => {
  const seen = new Set<string>();
  const queue = [join(src, 'memory.ts')];
  while (queue.length > 0) {
    const file = queue.pop()!;
    if (seen.has(file)) continue;
    seen.add(file);
    queue.push(...importsOf(file));
  }
  const rooms = new Set([...seen].map(roomOf));
  expect(rooms.has('memory')).toBe(true);
  expect([rooms.has('image'), rooms.has('cpu'), rooms.has('run')]).toEqual([false, false, false]);
  const node = [...seen].filter((file) => /from 'node:/.test(readFileSync(file, 'utf8')));
  expect(node).toEqual([]);
});

test('no source file is longer than 600 lines', () => {
  const long = sources(src)
    .map((file) => ({ file: relative(src, file), lines: readFileSync(file, 'utf8').split('\n').length }))
    .filter(({ file, lines }) => lines > 600 && !file.startsWith('dlls/known-exports/'));
  expect(long).toEqual([]);
});

test('hostile: translated code touches host bytes only through the TLB module', () => {
  // Lifters and regions must not emit memory instructions: emitter.ts does at constant addresses of the CPU state,
  // leaving.ts in the jump cache, which is ours.
  const emits = /\.(?:memory|simdMemory|loadType|storeType)\(|(?:OP|SIMD)\.\w+_(?:load|store)\w*/;
  const files = [...sources(join(src, 'cpu/lift')), ...sources(join(src, 'cpu/region'))];
  expect(files.length).toBeGreaterThan(20);
  const touching = files
    .filter((file) => emits.test(readFileSync(file, 'utf8')))
    .map((file) => relative(src, file));
  expect(touching).toEqual(['cpu/region/emitter.ts', 'cpu/region/leaving.ts']);
  const emitter = readFileSync(join(src, 'cpu/region/emitter.ts'), 'utf8');
  // The last constant pushed before each is its address, and its offset is 0 or not given.
  const instructions = [...emitter.matchAll(/\.(?:loadType|storeType|memory)\(([^;]*)\);/g)];
  expect(instructions.length).toBeGreaterThan(2);
  for (const { index, 1: given } of instructions) {
    const pushed = [...emitter.slice(0, index).matchAll(/\.i32\(([^;]*)\);/g)].at(-1)?.[1];
    expect(pushed).toMatch(/^(stateOffset\(|CPU_STATE \+)/);
    expect(given).toMatch(/^(OP\.i32_load16_u|OP\.i32_store16|.*, 0)$/);
  }
});
