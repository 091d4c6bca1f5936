import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readNarrow } from '../../src/dlls/crt/text.ts';
import { nodeHost } from '../../src/machine/node-host.ts';
import { Drives } from '../../src/process/drives.ts';
import { setEnvironmentValue } from '../../src/process/environment.ts';
import { CrtGuest } from './msvcrt-guest.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

const EEXIST = 17;
const EINVAL = 22;

function start(runtime: 'msvcrt' | 'ucrtbase' = 'msvcrt') {
  const host = nodeHost();
  const guest = new CrtGuest(host, runtime);
  const folder = mkdtempSync(join(tmpdir(), 'names-'));
  folders.push(folder);
  guest.machine.drives = new Drives(host.files);
  guest.machine.drives.add('X', folder, true);
  const { process } = guest.thread;
  process.currentDirectory = 'X:\\';
  setEnvironmentValue(process, 'TMP', undefined);
  return {
    guest,
    folder,
    process,
    text: (address: number) => (address === 0 ? undefined : readNarrow(guest.memory, address)),
    make: (name: string) => writeFileSync(join(folder, name), ''),
    digits: (process.id % 100_000).toString().padStart(5, '0'),
  };
}

describe('a template', () => {
  it('gives the first name that no file has, 26 in all', () => {
    const { guest, text, make, digits } = start();
    const next = () => text(guest.call('_mktemp', guest.text('fnXXXXXX')));
    expect(next()).toBe(`fna${digits}`);
    expect(next()).toBe(`fna${digits}`);
    for (const letter of 'abcdefghijklmnopqrstuvwxy') {
      expect(next()).toBe(`fn${letter}${digits}`);
      make(`fn${letter}${digits}`);
    }
    expect(next()).toBe(`fnz${digits}`);
    make(`fnz${digits}`);
    expect(next()).toBeUndefined();
    expect(guest.errno).toBe(EEXIST);
  });

  it('must end with six X and fit into its buffer', () => {
    const { guest, text, digits } = start();
    for (const template of ['fnXXXXX', 'XXXXXXfn', '']) {
      expect(guest.call('_mktemp', guest.text(template))).toBe(0);
      expect(guest.errno).toBe(EINVAL);
    }
    const template = guest.text('fnXXXXXX');
    expect(guest.int('_mktemp_s', template, 9)).toBe(0);
    expect(text(template)).toBe(`fna${digits}`);
    const short = guest.text('fnXXXXXX');
    expect(guest.int('_mktemp_s', short, 8)).toBe(EINVAL);
    expect(text(short)).toBe('');
    expect(guest.call('_wmktemp', guest.wide('wXXXXXX'))).not.toBe(0);
  });

  it('that never ends is refused', () => {
    const { guest } = start();
    expect(guest.call('_mktemp', guest.text(`${'X'.repeat(40_000)}`))).toBe(0);
    expect(guest.errno).toBe(EINVAL);
  });
});

describe('tmpnam', () => {
  it('gives new names in the root of the drive, into the own buffer or the program’s', () => {
    const { guest, text, make, process } = start();
    const id = process.id.toString(32);
    const own = guest.call('tmpnam', 0);
    expect(text(own)).toBe(`\\s${id}.`);
    make(`s${id}.1`);
    const into = guest.block(14);
    expect(guest.call('tmpnam', into)).toBe(into);
    expect(text(into)).toBe(`\\s${id}.2`);
    expect(guest.call('tmpnam', 0)).toBe(own);
    expect(text(own)).toBe(`\\s${id}.3`);
  });

  it('of the Universal C Runtime gives names in the folder for temporary files', () => {
    const { guest, text, process } = start('ucrtbase');
    setEnvironmentValue(process, 'TMP', 'X:\\t');
    const name = guest.block(260);
    expect(guest.int('tmpnam_s', name, 260)).toBe(0);
    expect(text(name)).toBe(`X:\\t\\s${process.id.toString(32)}.0`);
    // An invalid parameter, for which the program has no handler.
    expect(() => guest.int('tmpnam_s', name, 8)).toThrow('"code":3221226505');
    expect(text(name)).toBe('');
  });

  it('ends after TMP_MAX names', () => {
    const { guest } = start();
    const into = guest.block(14);
    let count = 0;
    while (guest.call('tmpnam', into) !== 0 && count < 50_000) count++;
    expect(count).toBe(32_767);
  });
});

describe('_tempnam', () => {
  it('looks at TMP, at the folder asked for, and takes the root else', () => {
    const { guest, text, folder, process } = start();
    mkdirSync(join(folder, 'tmp'));
    mkdirSync(join(folder, 'mine'));
    const name = (dir: string) => text(guest.call('_tempnam', guest.text(dir), guest.text('pre')));
    expect(name('X:\\mine')).toBe(`X:\\mine\\pre${process.id}1`);
    expect(name('X:\\none')).toBe(`\\pre${process.id}2`);
    setEnvironmentValue(process, 'TMP', 'X:\\tmp\\');
    expect(name('X:\\mine')).toBe(`X:\\tmp\\pre${process.id}3`);
    setEnvironmentValue(process, 'TMP', 'X:\\none');
    writeFileSync(join(folder, 'mine', `pre${process.id}4`), '');
    expect(name('X:\\mine')).toBe(`X:\\mine\\pre${process.id}5`);
  });
});
