import { expect, test } from 'vitest';
import { parseArguments } from '../../src/cli/options.ts';
import { formatSize, parseSize } from '../../src/cli/sizes.ts';
import { commandLine } from '../../src/run/command-line.ts';
import { hostCodeOf } from '../../src/run/exit-code.ts';

function runOf(...argv: string[]) {
  const parsed = parseArguments(['run', ...argv]);
  if (parsed.kind !== 'run') throw new Error(parsed.kind === 'usage' ? parsed.message : parsed.kind);
  return parsed.command;
}
function complaint(...argv: string[]): string {
  const parsed = parseArguments(argv);
  return parsed.kind === 'usage' ? parsed.message : `no complaint: ${parsed.kind}`;
}

test("options before the program are ours, all after it is the program's", () => {
  const command = runOf('--ram', '64M', 'app.exe', '--ram', '1G', '--help');
  expect(command.ram).toBe(64 * 1024 * 1024);
  expect(command.program).toBe('app.exe');
  expect(command.args).toEqual(['--ram', '1G', '--help']);
});

test('--trace takes its pattern only behind an equals sign', () => {
  expect(runOf('--trace', 'app.exe').trace).toBe('*');
  expect(runOf('--trace=Heap*', 'app.exe').trace).toBe('Heap*');
});

test('values may follow in the next word or behind an equals sign', () => {
  expect(runOf('--timeout=1.5', 'a.exe').timeout).toBe(1500);
  expect(runOf('--timeout', '2', 'a.exe').timeout).toBe(2000);
  expect(runOf('--drive', 'x=/tmp:ro', '--drive=Y=/var', 'a.exe').drives).toEqual([
    { letter: 'X', path: '/tmp', writable: false },
    { letter: 'Y', path: '/var', writable: true },
  ]);
  expect(runOf('--env', 'A=b=c', 'a.exe').env).toEqual([['A', 'b=c']]);
});

test('two dashes end our options', () => {
  expect(runOf('--', '--odd.exe').program).toBe('--odd.exe');
});

test('wrong usage is refused by name', () => {
  expect(complaint()).toContain('no command');
  expect(complaint('rnu')).toContain('did you mean run?');
  expect(complaint('run')).toContain('no program');
  expect(complaint('run', '--ram', 'lots', 'a.exe')).toContain('"lots"');
  expect(complaint('run', '--stat', 'a.exe')).toContain('did you mean --stats?');
  expect(complaint('run', '--timeout', '0', 'a.exe')).toContain('"0"');
  expect(complaint('run', '--drive', '/tmp', 'a.exe')).toContain('X=PATH');
  expect(complaint('run', '--json')).toContain('needs a value');
});

test('options whose part is not built yet are refused by name', () => {
  expect(complaint('run', '--pagefile', 'p.sys', 'a.exe')).toContain('--pagefile');
  expect(complaint('run', '--deterministic=3', 'a.exe')).toContain('--deterministic');
  expect(complaint('check', 'a.exe')).toContain('not built yet');
});

test('sizes read as people write them', () => {
  expect(parseSize('64M')).toBe(67_108_864);
  expect(parseSize('2G')).toBe(2_147_483_648);
  expect(parseSize('4096')).toBe(4096);
  expect(parseSize('0')).toBeUndefined();
  expect(parseSize('-1')).toBeUndefined();
  expect(parseSize('1T')).toBeUndefined();
  expect(formatSize(1536)).toBe('1.5 K');
});

test('an exit code that does not fit eight bits keeps its low ones, and never becomes success', () => {
  expect(hostCodeOf(3)).toBe(3);
  expect(hostCodeOf(0xc0000005)).toBe(5);
  expect(hostCodeOf(0x100)).toBe(1);
  expect(hostCodeOf(0)).toBe(0);
});

test('arguments are quoted so that the C runtime gives them back', () => {
  expect(commandLine('D:\\a.exe', ['x', 'a b', '', 'q"q', 'end\\', 'sp end\\'])).toBe(
    'D:\\a.exe x "a b" "" "q\\"q" end\\ "sp end\\\\"',
  );
});
