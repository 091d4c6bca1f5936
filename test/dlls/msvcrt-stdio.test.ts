import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Host, HostConsole } from '../../src/machine/host.ts';
import { nodeHost } from '../../src/machine/node-host.ts';
import { Drives } from '../../src/process/drives.ts';
import { Pending } from '../../src/process/thread.ts';
import { CrtGuest } from './msvcrt-guest.ts';

/** A console that keeps what is written, in pieces, and gives what it is told. */
class FakeConsole implements HostConsole {
  readonly writes: { stream: 1 | 2; text: string }[] = [];
  readonly input: string[] = [];
  ended = false;
  terminal = false;
  wake: (() => void) | undefined;

  write(stream: 1 | 2, bytes: Uint8Array): boolean {
    this.writes.push({ stream, text: Buffer.from(bytes).toString('latin1') });
    return true;
  }
  read(max: number): Uint8Array | undefined {
    const next = this.input.shift();
    if (next === undefined) return this.ended ? new Uint8Array(0) : undefined;
    if (next.length > max) this.input.unshift(next.slice(max));
    return Buffer.from(next.slice(0, max), 'latin1');
  }
  whenReadable(callback: () => void): void {
    this.wake = callback;
  }
  isTerminal(): boolean {
    return this.terminal;
  }
  get output(): string {
    return this.writes.map(({ text }) => text).join('');
  }
}

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function start(options: { terminal?: boolean } = {}) {
  const console = new FakeConsole();
  console.terminal = options.terminal ?? false;
  const node = nodeHost();
  const host: Host = { files: node.files, clock: node.clock, console, random: (into) => node.random(into) };
  const guest = new CrtGuest(host);
  const folder = mkdtempSync(join(tmpdir(), 'msvcrt-'));
  folders.push(folder);
  guest.machine.drives = new Drives(node.files);
  guest.machine.drives.add('X', folder, true);
  guest.thread.process.currentDirectory = 'X:\\';
  const iob = guest.call('__iob_func');
  return { guest, console, folder, stdin: iob, stdout: iob + 48, stderr: iob + 96 };
}

function content(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'latin1');
}

describe('standard output', () => {
  it('translates line ends and waits for a full buffer where it is no console', () => {
    const { guest, console, stdout } = start();
    guest.call('puts', guest.text('hello'));
    expect(console.output).toBe('');
    guest.call('fflush', stdout);
    expect(console.output).toBe('hello\r\n');
  });
  it('goes out at the end of each call on a console', () => {
    const { guest, console } = start({ terminal: true });
    guest.call('printf', guest.text('%d and %s\n'), 5, guest.text('six'));
    expect(console.writes).toEqual([{ stream: 1, text: '5 and six\r\n' }]);
  });
  it('is not buffered on standard error', () => {
    const { guest, console, stderr } = start();
    guest.call('fprintf', stderr, guest.text('oh: %d'), 3);
    expect(console.writes).toEqual([{ stream: 2, text: 'oh: 3' }]);
  });
  it('keeps bytes as they are in binary mode', () => {
    const { guest, console } = start();
    expect(guest.int('_setmode', 1, 0x8000)).toBe(0x4000);
    guest.call('puts', guest.text('a'));
    guest.call('fflush', 0);
    expect(console.output).toBe('a\n');
  });
  it('writes whole buffers in order when more comes than fits', () => {
    const { guest, console, stdout } = start();
    const text = Array.from({ length: 3000 }, (_, i) => `${i}\n`).join('');
    guest.call('fputc', 0x3e, stdout);
    expect(guest.call('fwrite', guest.text(text), 1, text.length, stdout)).toBe(text.length);
    guest.call('fflush', stdout);
    expect(console.output).toBe(`>${text.replaceAll('\n', '\r\n')}`);
  });
  it('takes what an inlined putc has put into the buffer', () => {
    const { guest, console, stdout } = start();
    guest.call('putchar', 0x61);
    const { memory } = guest;
    memory.setU8(memory.u64(stdout), 0x62);
    memory.setU64(stdout, memory.u64(stdout) + 1);
    memory.setU32(stdout + 8, memory.u32(stdout + 8) - 1);
    guest.call('fflush', stdout);
    expect(console.output).toBe('ab');
  });
});

describe('ending', () => {
  it('runs exit functions last first, then flushes, then ends with the code', () => {
    const { guest, console } = start();
    const order: string[] = [];
    const first = guest.callback(() => order.push('first'));
    const second = guest.callback(() => {
      order.push('second');
      return 0;
    });
    guest.call('atexit', first);
    guest.call('_onexit', second);
    guest.call('puts', guest.text('bye'));
    guest.enter('exit', [7]);
    expect(order).toEqual(['second', 'first']);
    expect(console.output).toBe('bye\r\n');
    expect(guest.pending).toBe(Pending.exitProcess);
    expect(guest.thread.process.exitCode).toBe(7);
  });
  it('aborts with 3 after the handler of SIGABRT', () => {
    const { guest } = start();
    const seen: number[] = [];
    guest.call(
      'signal',
      22,
      guest.callback((signal) => seen.push(signal!)),
    );
    guest.enter('abort', []);
    expect(seen).toEqual([22]);
    expect(guest.thread.process.exitCode).toBe(3);
  });
});

describe('standard input', () => {
  it('parks until input comes and then goes on where it was', () => {
    const { guest, console, stdin } = start();
    const line = guest.block(64);
    console.input.push('one ');
    guest.enter('fgets', [line, 64, stdin]);
    expect(guest.pending).toBe(Pending.park);
    console.input.push('two\r\nthree');
    guest.resume();
    expect(guest.pending).toBe(Pending.none);
    expect(guest.read(line, 9)).toBe('one two\n\0');
  });
  it('lets scanf wait in the middle of a number', () => {
    const { guest, console } = start();
    const numbers = guest.block(8);
    console.input.push('12');
    guest.enter('scanf', [guest.text('%d %d'), numbers, numbers + 4]);
    expect(guest.pending).toBe(Pending.park);
    console.input.push('3 4');
    guest.resume();
    expect(guest.pending).toBe(Pending.park);
    console.input.push('5\n');
    guest.resume();
    expect(guest.pending).toBe(Pending.none);
    expect([guest.memory.u32(numbers), guest.memory.u32(numbers + 4)]).toEqual([123, 45]);
    expect(guest.int('getchar')).toBe(10);
  });
  it('ends where the pipe ends', () => {
    const { guest, console, stdin } = start();
    console.ended = true;
    expect(guest.int('getchar')).toBe(-1);
    expect(guest.int('feof', stdin)).not.toBe(0);
  });
  it('joins a line end that came in two pieces', () => {
    const { guest, console } = start();
    console.input.push('a\r', '\nb');
    expect([guest.int('getchar'), guest.int('getchar'), guest.int('getchar')]).toEqual([0x61, 10, 0x62]);
  });
});

describe('files', () => {
  it('are written in text mode and read back, with positions', () => {
    const { guest, folder } = start();
    const file = guest.call('fopen', guest.text('a.txt'), guest.text('w'));
    guest.call('fprintf', file, guest.text('one\ntwo\n%d\n'), 3);
    expect(guest.int('ftell', file)).toBe(13);
    guest.call('fclose', file);
    expect(content(folder, 'a.txt')).toBe('one\r\ntwo\r\n3\r\n');
    const again = guest.call('fopen', guest.text('X:/A.TXT'), guest.text('r'));
    const line = guest.block(100);
    expect(guest.call('fgets', line, 100, again)).toBe(line);
    expect(guest.read(line, 5)).toBe('one\n\0');
    expect(guest.int('ftell', again)).toBe(5);
    expect(guest.int('fseek', again, -3, 2)).toBe(0);
    expect(guest.int('getc', again)).toBe(0x33);
    expect(guest.int('ungetc', 0x39, again)).toBe(0x39);
    expect(guest.int('getc', again)).toBe(0x39);
    expect([guest.int('getc', again), guest.int('getc', again)]).toEqual([10, -1]);
    expect(guest.int('fclose', again)).toBe(0);
  });
  it('fail with errno', () => {
    const { guest } = start();
    expect(guest.call('fopen', guest.text('none.txt'), guest.text('r'))).toBe(0);
    expect(guest.errno).toBe(2);
    expect(guest.call('fopen', guest.text('a.txt'), guest.text('q'))).toBe(0);
    expect(guest.errno).toBe(22);
    expect(guest.int('_close', 77)).toBe(-1);
    expect(guest.errno).toBe(9);
  });
  it('append at the end whatever the position', () => {
    const { guest, folder } = start();
    writeFileSync(join(folder, 'log'), 'abc');
    const file = guest.call('fopen', guest.text('log'), guest.text('ab+'));
    guest.call('rewind', file);
    expect(guest.int('fgetc', file)).toBe(0x61);
    guest.call('fseek', file, 0, 0);
    guest.call('fputs', guest.text('def'), file);
    guest.call('fclose', file);
    expect(content(folder, 'log')).toBe('abcdef');
  });
  it('read large blocks past the buffer and small ones by way of it', () => {
    const { guest, folder } = start();
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 31) % 251));
    writeFileSync(join(folder, 'big'), bytes);
    const file = guest.call('fopen', guest.text('big'), guest.text('rb'));
    const to = guest.block(100_001);
    expect(guest.call('fread', to, 1, 10, file)).toBe(10);
    expect(guest.call('fread', to + 10, 1, 99_991, file)).toBe(99_990);
    expect(Buffer.from(guest.memory.bytes(to, 100_000)).equals(bytes)).toBe(true);
    expect(guest.int('feof', file)).not.toBe(0);
  });
  it('end at Ctrl-Z in text mode', () => {
    const { guest, folder } = start();
    writeFileSync(join(folder, 'z'), 'ab\x1acd');
    const file = guest.call('fopen', guest.text('z'), guest.text('r'));
    expect([0, 0, 0].map(() => guest.int('fgetc', file))).toEqual([0x61, 0x62, -1]);
  });
  it('switch between reading and writing', () => {
    const { guest, folder } = start();
    writeFileSync(join(folder, 'rw'), '0123456789');
    const file = guest.call('fopen', guest.text('rw'), guest.text('r+b'));
    guest.int('fgetc', file);
    guest.call('fseek', file, 0, 1);
    guest.call('fputc', 0x58, file);
    guest.call('fflush', file);
    guest.call('fseek', file, 0, 1);
    expect(guest.int('fgetc', file)).toBe(0x32);
    guest.call('fclose', file);
    expect(content(folder, 'rw')).toBe('0X23456789');
  });
  it('are there by number as well', () => {
    const { guest, folder } = start();
    const fd = guest.int('_open', guest.text('n'), 0x8102, 0x180);
    expect(fd).toBe(3);
    expect(guest.int('_write', fd, guest.text('hello'), 5)).toBe(5);
    expect(guest.int('_lseek', fd, 1, 0)).toBe(1);
    const to = guest.block(8);
    expect(guest.int('_read', fd, to, 8)).toBe(4);
    expect(guest.read(to, 4)).toBe('ello');
    expect(guest.int('_close', fd)).toBe(0);
    expect(content(folder, 'n')).toBe('hello');
  });
  it('go away when they were temporary', () => {
    const { guest } = start();
    guest.thread.process.environment.set('TMP', 'X:\\');
    const file = guest.call('tmpfile');
    expect(file).not.toBe(0);
    guest.call('fputs', guest.text('x'), file);
    expect(guest.int('fclose', file)).toBe(0);
  });
});
