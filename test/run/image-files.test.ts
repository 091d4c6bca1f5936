import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { ServiceTable } from '../../src/dlls/service-table.ts';
import type { ImageFile } from '../../src/image/image-file.ts';
import { readImage } from '../../src/image/pe.ts';
import type { Host, HostFile, HostFiles } from '../../src/machine/host.ts';
import { nodeHost } from '../../src/machine/node-host.ts';
import { DllSource } from '../../src/run/image-source.ts';
import { runProgram } from '../../src/run/run-program.ts';
import { root, workFolder } from './programs.ts';

const work = workFolder();
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** Many times what is read of a small program. */
const PADDING = 2 * 1024 * 1024;

/** A program's file with bytes behind it that nobody asks for, and a symbol after them: `name` at `rva`, in section 1. */
function padded(file: string, symbol?: { name: string; rva: number }): Buffer {
  const original = readFileSync(join(root, file));
  const bytes = Buffer.concat([original, Buffer.alloc(PADDING, 0xcc), Buffer.alloc(22)]);
  if (symbol === undefined) return bytes;
  const header = bytes.readUInt32LE(0x3c);
  const at = bytes.length - 22;
  bytes.writeUInt32LE(at, header + 12);
  bytes.writeUInt32LE(1, header + 16);
  bytes.write(symbol.name, at, 'latin1');
  bytes.writeUInt32LE(symbol.rva - 0x1000, at + 8);
  bytes.writeUInt16LE(1, at + 12);
  bytes.writeUInt16LE(0x20, at + 14);
  bytes.writeUInt8(2, at + 16);
  return bytes;
}

const FAR = 0x10_0000;
/** The file with the data of a section far behind everything else. */
function withFar(bytes: Buffer, name: string): Buffer {
  const section = bytes.indexOf(`${name}\0`, bytes.readUInt32LE(0x3c), 'latin1');
  const [size, offset] = [bytes.readUInt32LE(section + 16), bytes.readUInt32LE(section + 20)];
  bytes.copy(bytes, FAR, offset, offset + size);
  bytes.writeUInt32LE(FAR, section + 20);
  return bytes;
}

let printed = '';
let onPrint: (text: string) => void;
/** Where reading a file fails from. */
let broken: number;
/** Bytes read of each file, and how often it was opened and closed. */
let files: Map<string, { read: number; most: number; opened: number; closed: number }>;
beforeEach(() => {
  printed = '';
  onPrint = () => {};
  broken = Number.POSITIVE_INFINITY;
  files = new Map();
});

function watched(file: HostFile, path: string): HostFile {
  const facts = files.get(basename(path)) ?? { read: 0, most: 0, opened: 0, closed: 0 };
  files.set(basename(path), facts);
  facts.opened++;
  return {
    identity: file.identity,
    writable: file.writable,
    status: () => file.status(),
    size: () => file.size(),
    read: (position, into) => {
      facts.read += into.length;
      facts.most = Math.max(facts.most, into.length);
      return position + into.length > broken ? 'EIO' : file.read(position, into);
    },
    write: (position, from) => file.write(position, from),
    truncate: (size) => file.truncate(size),
    sync: () => file.sync(),
    close: () => {
      facts.closed++;
      file.close();
    },
  };
}

const node = nodeHost();
const host: Host = {
  ...node,
  files: Object.assign(Object.create(node.files) as HostFiles, {
    open: (path: string, options: Parameters<HostFiles['open']>[1]) => {
      const file = node.files.open(path, options);
      return typeof file === 'string' ? file : watched(file, path);
    },
  }),
  console: {
    write: (_stream, bytes) => {
      printed += Buffer.from(bytes).toString('latin1');
      onPrint(printed);
      return true;
    },
    read: () => new Uint8Array(0),
    whenReadable: (callback) => queueMicrotask(callback),
    isTerminal: () => false,
  },
};
let runs = 0;

function run(program: string, ...args: string[]) {
  const scratch = join(work, `scratch-${runs++}`);
  mkdirSync(scratch);
  return runProgram({ host, program: join(work, program), args, scratch, cwd: work });
}

test('of a large program and its large DLL only what is used is read, and their files are closed', async () => {
  writeFileSync(join(work, 'plugin-host.exe'), padded('examples/plugin-host.exe'));
  writeFileSync(join(work, 'plugin.dll'), padded('examples/plugin.dll'));
  const { outcome } = await run('plugin-host.exe');
  expect(outcome).toMatchObject({ outcome: 'exited', exitCode: 0 });
  expect(printed.replaceAll('\r', '')).toBe(
    readFileSync(join(root, 'examples/expected/plugin-host.txt'), 'latin1').replaceAll('\r', ''),
  );
  for (const name of ['plugin-host.exe', 'plugin.dll']) {
    const { read, most, opened, closed } = files.get(name)!;
    expect(read).toBeGreaterThan(4096);
    expect(read).toBeLessThan(PADDING / 8);
    expect(most).toBe(0x4000);
    expect([opened, closed]).toEqual([1, 1]);
  }
});

test('a page that the file of a program lost while it ran is an in-page error', async () => {
  writeFileSync(join(work, 'plugin-host.exe'), withFar(padded('examples/plugin-host.exe'), '.text'));
  writeFileSync(join(work, 'plugin.dll'), padded('examples/plugin.dll'));
  onPrint = () => truncateSync(join(work, 'plugin-host.exe'), FAR);
  const { outcome, lines } = await run('plugin-host.exe');
  expect(outcome).toMatchObject({ outcome: 'exception', exception: { code: 0xc000_0006 } });
  expect(lines[0]).toMatch(/^unhandled exception 0xc0000006 \(in-page error\): \w+ of 0x/);
  expect(printed).toMatch(/^plugin: TLS callback/);
  expect(printed).not.toContain('host: main');
  expect(files.get('plugin-host.exe')).toMatchObject({ opened: 1, closed: 1 });
});

test('a crash report names the symbols of a large program, read from its file', async () => {
  const bare = readFileSync(join(root, 'test/guest/crash.exe'));
  writeFileSync(join(work, 'crash.exe'), bare);
  const { place } = (await run('crash.exe', 'read')).outcome.exception!;
  const rva = Number(place.slice('crash.exe+'.length));
  expect(files.get('crash.exe')!.read).toBe(bare.length);
  files.clear();
  writeFileSync(join(work, 'crash.exe'), padded('test/guest/crash.exe', { name: 'crashes', rva: rva - 2 }));
  const { lines } = await run('crash.exe', 'read');
  expect(lines[0]).toMatch(/at crash\.exe\+0x[0-9a-f]+ \(crashes\+0x2\)$/);
  expect(files.get('crash.exe')).toMatchObject({ opened: 1, closed: 1 });
});

test('files of programs and DLLs that are refused are closed', async () => {
  const damaged = padded('examples/plugin.dll');
  damaged.writeUInt16LE(0x14c, damaged.readUInt32LE(0x3c) + 4);
  writeFileSync(join(work, 'plugin.dll'), damaged);
  writeFileSync(join(work, 'plugin-host.exe'), padded('examples/plugin-host.exe'));
  const { outcome, lines } = await run('plugin-host.exe');
  expect(outcome).toMatchObject({ outcome: 'refused', hostCode: 126 });
  expect(lines[0]).toMatch(/plugin\.dll, which cannot be loaded: .*32-bit x86/);
  writeFileSync(join(work, 'dll.exe'), padded('examples/plugin.dll'));
  expect((await run('dll.exe')).lines).toEqual([expect.stringMatching(/^dll\.exe: DLL, not a program/)]);
  for (const name of ['plugin-host.exe', 'plugin.dll', 'dll.exe']) {
    const { opened, closed } = files.get(name)!;
    expect([name, opened, closed]).toEqual([name, 1, 1]);
  }
});

test('the files of DLLs are closed when the program that needs them cannot be loaded', async () => {
  const needy = padded('examples/plugin-host.exe');
  needy.write('gone', needy.lastIndexOf('plugin_triple\0'));
  writeFileSync(join(work, 'plugin-host.exe'), needy);
  writeFileSync(join(work, 'plugin.dll'), padded('examples/plugin.dll'));
  const { lines } = await run('plugin-host.exe');
  expect(lines).toEqual([expect.stringMatching(/plugin\.dll!gonein_triple, which is not there/)]);
  expect(files.get('plugin.dll')).toMatchObject({ opened: 1, closed: 1 });
});

test('a DLL whose exports cannot be read is told to be unreadable, not to lack them', async () => {
  writeFileSync(join(work, 'plugin-host.exe'), readFileSync(join(root, 'examples/plugin-host.exe')));
  writeFileSync(join(work, 'plugin.dll'), withFar(padded('examples/plugin.dll'), '.edata'));
  expect((await run('plugin-host.exe')).outcome).toMatchObject({ outcome: 'exited', exitCode: 0 });
  broken = FAR;
  expect((await run('plugin-host.exe')).lines).toEqual([
    'plugin-host.exe: plugin.dll: the file cannot be read, or was changed while it was',
  ]);
});

test('hostile: a program that loads DLLs without end keeps a bounded number of files open', () => {
  writeFileSync(join(work, 'plugin.dll'), readFileSync(join(root, 'examples/plugin.dll')));
  const source = new DllSource(host.files, [{ hostPath: work, guestPath: 'D:\\' }], new ServiceTable());
  const found = Array.from({ length: 300 }, () => source.find('plugin.dll')!.file as ImageFile);
  const { opened, closed } = files.get('plugin.dll')!;
  expect(opened).toBe(300);
  expect(opened - closed).toBe(256);
  source.close();
  expect(files.get('plugin.dll')!.closed).toBe(300);
  expect(readImage(found.at(-1)!, 'library').image?.exports.list().length).toBeGreaterThan(0);
});
