import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { layOut } from '../../scripts/instruction-program.mjs';
import { decode } from '../../src/cpu/decode/decode.ts';
import { entryOf } from '../../src/cpu/lift/registry.ts';
import { isNear } from './near.ts';
import { recordedRuns, root, winmem, workFolder } from './programs.ts';

/*
 * test/guest/instructions-*.exe try every Code of the corpus, and every other that our cpuid offers, on edge and random
 * operands; test/recorded holds what the processor did. What is not there yet stands in not-yet.json, by run: what
 * works by now or is new there fails. After each run .cache/not-yet.json is the list as it should be.
 */
const PROGRAMS = ['integer', 'sse', 'x87'] as const;
type NotYet = Record<string, string[]>;
const NOT_YET = join(root, 'test/run/not-yet.json');
const FOUND = join(root, '.cache/not-yet.json');

const notYet: NotYet = JSON.parse(readFileSync(NOT_YET, 'utf8'));
const found: NotYet = {};
const cwd = workFolder();
afterAll(() => {
  rmSync(cwd, { recursive: true, force: true });
  mkdirSync(dirname(FOUND), { recursive: true });
  writeFileSync(FOUND, `${JSON.stringify(found, undefined, 2)}\n`);
});

function check(list: string, names: Iterable<string>): void {
  found[list] = [...names].sort();
  expect(found[list], list).toEqual(notYet[list] ?? []);
}

function checkStops(list: string, stopped: ReadonlySet<string>, codes: readonly string[]): void {
  check(list, stopped.size === codes.length ? ['everything'] : stopped);
}

/** Codes of which an instance is not decoded or not translated. */
function missingCodes(program: (typeof PROGRAMS)[number]): Set<string> {
  const missing = new Set<string>();
  for (const { name, bytes, entry } of layOut(program)) {
    const instruction = decode(new Uint8Array(bytes), entry, 0);
    if (typeof instruction !== 'object' || entryOf(instruction) === undefined) missing.add(name);
  }
  return missing;
}

interface Answers {
  /** A line for each Code (or, of near results, for each set of operands). */
  readonly lines: readonly string[];
  /** Codes at which the program was stopped. */
  readonly stopped: ReadonlySet<string>;
}

/** A program that gets past none of its first Codes cannot run at all. */
const MOST_FIRST_STOPS = 5;

const lineCode = (line: string) => line.slice(0, line.indexOf(' '));

/** Runs a program, again without each Code that stops it. */
function answers(
  exe: string,
  args: readonly string[],
  missing: ReadonlySet<string>,
  codes: string[],
): Answers {
  const stopped = new Set<string>();
  for (;;) {
    const without = [...missing, ...stopped];
    const ran = winmem(['run', exe, ...args, ...(without.length > 0 ? ['-x', without.join()] : [])], cwd);
    const lines = ran.stdout.split('\r\n').filter((line) => line !== '');
    if (ran.status === 0) return { lines, stopped };
    const last = lines.length > 0 ? codes.indexOf(lineCode(lines.at(-1)!)) : -1;
    const culprit = codes.slice(last + 1).find((code) => !without.includes(code));
    expect(culprit, ran.stderr).toBeDefined();
    stopped.add(culprit!);
    if (lines.length === 0 && stopped.size === MOST_FIRST_STOPS) return { lines, stopped: new Set(codes) };
  }
}

const runs = recordedRuns('test/guest', 'test/recorded').filter(({ name }) =>
  name.startsWith('instructions-'),
);

describe.each(PROGRAMS)('%s instructions', (program) => {
  const missing = missingCodes(program);

  test('are translated', () => {
    check(`${program}: not translated`, missing);
  });

  for (const { name, exe, args, stdout } of runs.filter((run) => run.name.split('-')[1] === program)) {
    if (args.includes('near')) {
      test(`${name}: results are as near as the processor promises, all else is the same`, {
        timeout: 300_000,
      }, () => {
        const lines = stdout.split('\r\n').filter((line) => line !== '');
        expect(lines.length).toBeGreaterThan(500);
        const codes = [...new Set(lines.map(lineCode))];
        const { lines: ours, stopped } = answers(exe, args, missing, codes);
        const keyOf = (line: string) => line.split(' ', 2).join(' ');
        const answered = new Map(ours.map((line) => [keyOf(line), line]));
        const tried = lines.filter((line) => !missing.has(lineCode(line)) && !stopped.has(lineCode(line)));
        const wrong = tried.filter((line) => !isNear(answered.get(keyOf(line)), line));
        checkStops(`${name}: stops at`, stopped, codes);
        check(`${name}: another result`, new Set(wrong.map(lineCode)));
      });
      continue;
    }
    test(`${name}: results, defined flags, memory and exceptions are the processor's`, {
      timeout: 300_000,
    }, () => {
      const lines = stdout.split('\r\n').filter((line) => line !== '');
      expect(lines.length).toBeGreaterThan(100);
      const codes = lines.map(lineCode);
      const { lines: ours, stopped } = answers(exe, args, missing, codes);
      const same = new Set(ours);
      const tried = lines.filter((line) => !missing.has(lineCode(line)) && !stopped.has(lineCode(line)));
      checkStops(`${name}: stops at`, stopped, codes);
      check(`${name}: another result`, tried.filter((line) => !same.has(line)).map(lineCode));
    });
  }
});
