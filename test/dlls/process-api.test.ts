import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { consoleApi } from '../../src/dlls/kernel32/console.ts';
import { criticalSectionApi, slimLockApi } from '../../src/dlls/kernel32/critical-section.ts';
import { environmentApi } from '../../src/dlls/kernel32/environment.ts';
import { fileApi } from '../../src/dlls/kernel32/file.ts';
import { handleApi } from '../../src/dlls/kernel32/handle.ts';
import { kernel32FilesFamilies } from '../../src/dlls/kernel32/index-files.ts';
import { listApi, onceApi } from '../../src/dlls/kernel32/once.ts';
import { commandLineApi, processApi } from '../../src/dlls/kernel32/process.ts';
import { syncApi } from '../../src/dlls/kernel32/sync.ts';
import { pointerApi, utilityApi, versionApi } from '../../src/dlls/kernel32/system.ts';
import { clockApi, counterApi, sleepApi, timeApi } from '../../src/dlls/kernel32/time.ts';
import { flsApi, tlsApi } from '../../src/dlls/kernel32/tls.ts';
import { ServiceTable } from '../../src/dlls/service-table.ts';
import { servicesOf } from '../../src/dlls/services.ts';
import { Pending } from '../../src/process/thread.ts';
import { Guest } from './guest.ts';

const api = {
  ...consoleApi.functions,
  ...criticalSectionApi.functions,
  ...slimLockApi.functions,
  ...environmentApi.functions,
  ...fileApi.functions,
  ...handleApi.functions,
  ...listApi.functions,
  ...onceApi.functions,
  ...commandLineApi.functions,
  ...processApi.functions,
  ...syncApi.functions,
  ...utilityApi.functions,
  ...pointerApi.functions,
  ...versionApi.functions,
  ...clockApi.functions,
  ...counterApi.functions,
  ...sleepApi.functions,
  ...timeApi.functions,
  ...flsApi.functions,
  ...tlsApi.functions,
};
const STDIN = 0xffff_fff6;
const STDOUT = 0xffff_fff5;
const STDERR = 0xffff_fff4;
const CURRENT_PROCESS = -1;

let guest: Guest;
beforeEach(() => {
  guest = new Guest();
});
afterEach(() => guest.close());
const error = (result: number) => (result ? 0 : guest.lastError);

it('every family has its documentation, and no name is declared twice', () => {
  servicesOf('kernel32', kernel32FilesFamilies, 1);
  for (const { dll, pages } of kernel32FilesFamilies) {
    expect(dll).toBe('kernel32');
    expect(pages).toMatch(/^https:\/\/learn\.microsoft\.com\/.*\{\}$/);
  }
});

describe('the console', () => {
  it('standard handles write to the host, and are pipes when it has no terminal', () => {
    const out = guest.call(api.GetStdHandle, STDOUT);
    guest.memory.setBytes(guest.buffer, Uint8Array.of(0x68, 0x69, 0x0d, 0x0a, 0xff));
    expect(guest.call(api.WriteFile, out, guest.buffer, 5, guest.buffer + 100, 0)).toBe(1);
    expect(guest.console.written).toEqual(['hi\r\n\xff']);
    expect(guest.call(api.GetFileType, out)).toBe(3);
    expect(error(guest.call(api.GetConsoleMode, out, guest.buffer))).toBe(6);
    expect(error(guest.call(api.WriteConsoleW, out, guest.buffer, 1, 0, 0))).toBe(6);
    expect(guest.call(api.GetStdHandle, STDERR)).not.toBe(out);
    expect([guest.call(api.GetStdHandle, 5), guest.lastError]).toEqual([-1, 6]);
  });
  it('WriteFile from memory that is not there fails with 998 and writes nothing', () => {
    const table = new ServiceTable();
    table.add(servicesOf('kernel32', [fileApi], 1), [fileApi]);
    table.thread = guest.thread;
    const out = guest.call(api.GetStdHandle, STDOUT);
    expect(() => guest.call(api.WriteFile, out, 0x10, 5, 0, 0)).toThrow();
    expect(guest.console.written).toEqual([]);
  });
  it('a read waits for input without blocking the host, and ends a closed pipe with 109', async () => {
    const input = guest.call(api.GetStdHandle, STDIN);
    const reading = guest.callParking(api.ReadFile, input, guest.buffer, 4, guest.buffer + 100, 0);
    setTimeout(() => guest.console.give('abcdef'), 5);
    expect([
      await reading,
      guest.memory.u32(guest.buffer + 100),
      guest.memory.asciiz(guest.buffer, 4),
    ]).toEqual([1, 4, 'abcd']);
    expect(await guest.callParking(api.ReadFile, input, guest.buffer, 4, guest.buffer + 100, 0)).toBe(1);
    expect(guest.memory.u32(guest.buffer + 100)).toBe(2);
    guest.console.end();
    expect(error(await guest.callParking(api.ReadFile, input, guest.buffer, 4, guest.buffer + 100, 0))).toBe(
      109,
    );
  });
  it('a terminal is a console: text in UTF-16, lines that end in CR LF, modes and code pages', async () => {
    guest.close();
    guest = new Guest({ terminal: true });
    const out = guest.call(api.GetStdHandle, STDOUT);
    const input = guest.call(api.GetStdHandle, STDIN);
    expect(guest.call(api.WriteConsoleW, out, 'grün €', 6, guest.buffer, 0)).toBe(1);
    expect(guest.console.written).toEqual(['gr\xc3\xbcn \xe2\x82\xac']);
    guest.console.give('é\n');
    expect(await guest.callParking(api.ReadConsoleW, input, guest.buffer, 100, guest.buffer + 200, 0)).toBe(
      1,
    );
    expect([guest.memory.u32(guest.buffer + 200), guest.memory.utf16z(guest.buffer, 3)]).toEqual([
      3,
      'é\r\n',
    ]);
    guest.console.give('a\nb');
    const read = async () => {
      guest.memory.fill(guest.buffer, 0, 10);
      await guest.callParking(api.ReadFile, input, guest.buffer, 2, guest.buffer + 200, 0);
      return guest.memory.asciiz(guest.buffer, guest.memory.u32(guest.buffer + 200));
    };
    expect([await read(), await read()]).toEqual(['a\r', '\nb']);
    guest.console.give('😀€!');
    const readUnits = async (count: number) => {
      await guest.callParking(api.ReadConsoleW, input, guest.buffer, count, guest.buffer + 200, 0);
      return guest.memory.utf16z(guest.buffer, guest.memory.u32(guest.buffer + 200));
    };
    expect([await readUnits(1), await readUnits(2), await readUnits(1), await readUnits(9)]).toEqual([
      '',
      '😀',
      '€',
      '!',
    ]);
    expect(guest.call(api.GetConsoleMode, input, guest.buffer)).toBe(1);
    expect(guest.memory.u32(guest.buffer)).toBe(0x1f7);
    guest.call(api.SetConsoleMode, input, 0x1);
    expect([guest.thread.pending, guest.thread.stopReason]).toEqual([
      Pending.stop,
      expect.stringContaining('ENABLE_LINE_INPUT'),
    ]);
    expect(guest.call(api.GetConsoleOutputCP)).toBe(65001);
    expect(guest.call(api.SetConsoleOutputCP, 437)).toBe(1);
    guest.memory.setU8(guest.buffer, 0x81);
    guest.call(api.WriteFile, out, guest.buffer, 1, 0, 0);
    expect(guest.console.written.at(-1)).toBe('\xc3\xbc');
    expect(error(guest.call(api.SetConsoleOutputCP, 932))).toBe(87);
  });
  it('a standard handle can be replaced and closed', () => {
    const out = guest.call(api.GetStdHandle, STDOUT);
    expect(guest.call(api.SetStdHandle, STDOUT, 0x444)).toBe(1);
    expect(guest.call(api.GetStdHandle, STDOUT)).toBe(0x444);
    expect(guest.call(api.CloseHandle, out)).toBe(1);
    expect(error(guest.call(api.WriteFile, out, guest.buffer, 1, 0, 0))).toBe(6);
  });
});

describe('processes', () => {
  it('pseudo-handles, ids and startup information', () => {
    expect([guest.call(api.GetCurrentProcess), guest.call(api.GetCurrentThread)]).toEqual([-1, -2]);
    expect(guest.call(api.GetProcessId, CURRENT_PROCESS)).toBe(guest.process.id);
    expect(guest.call(api.GetThreadId, -2)).toBe(guest.call(api.GetCurrentThreadId));
    guest.call(api.GetStartupInfoW, guest.buffer);
    expect(guest.memory.u32(guest.buffer)).toBe(104);
    expect(guest.memory.u64(guest.buffer + 0x58)).toBe(guest.call(api.GetStdHandle, STDOUT));
    const handle = guest.call(api.OpenProcess, 0x1fffff, 0, guest.process.id);
    expect(guest.call(api.GetProcessId, handle)).toBe(guest.process.id);
    expect(error(guest.call(api.OpenProcess, 0x1fffff, 0, 0x7777))).toBe(87);
    guest.call(api.GetExitCodeProcess, handle, guest.buffer);
    expect(guest.memory.u32(guest.buffer)).toBe(259);
    guest.call(api.CloseHandle, handle);
    expect(
      guest.call(api.GetProcessId, CURRENT_PROCESS),
      'closing a handle to a running process leaves it alone',
    ).toBe(guest.process.id);
    expect(guest.memory.u32(guest.buffer)).toBe(259);
  });
  it('the command line stays at one address in both forms', () => {
    guest.process.commandLine = 'app.exe "ä b"';
    const at = guest.call(api.GetCommandLineW);
    expect([guest.memory.utf16z(at), guest.call(api.GetCommandLineW)]).toEqual(['app.exe "ä b"', at]);
    expect(guest.memory.asciiz(guest.call(api.GetCommandLineA))).toBe('app.exe "\xe4 b"');
  });
  it('ExitProcess runs fiber-local callbacks once, then ends with the code', () => {
    const index = guest.call(api.FlsAlloc, 0x5000);
    guest.call(api.FlsSetValue, index, 7, 1);
    const calls: unknown[] = [];
    guest.callCalling(api.ExitProcess, (call) => calls.push(call), 3);
    expect(calls).toEqual([{ address: 0x5000, args: [0x1_0000_0007] }]);
    expect([guest.thread.pending, guest.process.exitCode]).toEqual([Pending.exitProcess, 3]);
  });
  it('TerminateProcess ends this process at once', () => {
    guest.call(api.TerminateProcess, CURRENT_PROCESS, 0xc000_0005);
    expect([guest.thread.pending, guest.process.exitCode]).toEqual([Pending.exitProcess, 0xc000_0005]);
  });
});

describe('the environment', () => {
  it('variables are found in any case, listed in order, set and removed', () => {
    guest.process.environment = new Map([
      ['b', '2'],
      ['A', '1'],
      ['=D:', 'D:\\x'],
    ]);
    expect(guest.call(api.SetEnvironmentVariableW, 'C', 'three')).toBe(1);
    expect(guest.call(api.GetEnvironmentVariableW, 'c', guest.buffer, 100)).toBe(5);
    expect(guest.memory.utf16z(guest.buffer)).toBe('three');
    expect(guest.call(api.GetEnvironmentVariableW, 'c', guest.buffer, 5)).toBe(6);
    expect(error(guest.call(api.GetEnvironmentVariableW, 'none', guest.buffer, 5))).toBe(203);
    const block = guest.call(api.GetEnvironmentStringsW);
    const text = new TextDecoder('utf-16le').decode(guest.memory.bytes(block, 50));
    expect(text.slice(0, text.indexOf('\0\0'))).toBe('=D:=D:\\x\0A=1\0b=2\0C=three');
    expect(guest.call(api.FreeEnvironmentStringsW, block)).toBe(1);
    expect(error(guest.call(api.FreeEnvironmentStringsW, block))).not.toBe(0);
    expect(guest.call(api.SetEnvironmentVariableW, 'B', 0)).toBe(1);
    expect(error(guest.call(api.GetEnvironmentVariableW, 'B', guest.buffer, 100))).toBe(203);
    expect(error(guest.call(api.SetEnvironmentVariableW, 'x=y', 'z'))).toBe(87);
    expect(guest.call(api.ExpandEnvironmentStringsW, '<%a%%NONE%%C%', guest.buffer, 100)).toBe(14);
    expect(guest.memory.utf16z(guest.buffer)).toBe('<1%NONE%three');
  });
});

describe('locks', () => {
  it("a critical section counts its owner's entries in guest memory", () => {
    const section = guest.buffer;
    guest.call(api.InitializeCriticalSection, section);
    expect(guest.memory.i32(section + 8)).toBe(-1);
    guest.call(api.EnterCriticalSection, section);
    expect(guest.call(api.TryEnterCriticalSection, section)).toBe(1);
    expect([
      guest.memory.i32(section + 8),
      guest.memory.u32(section + 12),
      guest.memory.u64(section + 16),
    ]).toEqual([-2, 2, guest.thread.id]);
    guest.call(api.LeaveCriticalSection, section);
    guest.call(api.LeaveCriticalSection, section);
    expect([
      guest.memory.i32(section + 8),
      guest.memory.u32(section + 12),
      guest.memory.u64(section + 16),
    ]).toEqual([-1, 0, 0]);
  });
  it('a section that another thread owns parks, and goes on when it is left', async () => {
    const section = guest.buffer;
    const other = guest.process.createThread(0x10000, 0x1000);
    guest.call(api.InitializeCriticalSection, section);
    api.EnterCriticalSection.plain!(other, section);
    expect(guest.call(api.TryEnterCriticalSection, section)).toBe(0);
    const entering = guest.callParking(api.EnterCriticalSection, section);
    setTimeout(() => api.LeaveCriticalSection.plain!(other, section), 5);
    await entering;
    expect(guest.memory.u32(section + 16)).toBe(guest.thread.id);
  });
  it('slim locks admit many readers or one writer', () => {
    const lock = guest.buffer;
    guest.call(api.AcquireSRWLockShared, lock);
    guest.call(api.AcquireSRWLockShared, lock);
    expect(guest.call(api.TryAcquireSRWLockExclusive, lock)).toBe(0);
    guest.call(api.ReleaseSRWLockShared, lock);
    guest.call(api.ReleaseSRWLockShared, lock);
    expect(guest.memory.u64(lock)).toBe(0);
    expect(guest.call(api.TryAcquireSRWLockExclusive, lock)).toBe(1);
    expect(guest.call(api.TryAcquireSRWLockShared, lock)).toBe(0);
    guest.call(api.ReleaseSRWLockExclusive, lock);
    expect(guest.call(api.TryAcquireSRWLockShared, lock)).toBe(1);
  });
  it('InitOnceExecuteOnce calls until it succeeds, once', () => {
    const [once, context] = [guest.buffer, guest.buffer + 0x100];
    const calls: number[] = [];
    const run = (answer: number) =>
      guest.callCalling(
        api.InitOnceExecuteOnce,
        (call) => {
          calls.push(call.address);
          guest.memory.setU64(context, 0x1_2345_6780);
          return answer;
        },
        once,
        0x1111,
        0x22,
        context,
      );
    expect([run(0), run(1)]).toEqual([0, 1]);
    guest.memory.setU64(context, 0);
    expect([run(1), calls.length, guest.memory.u64(context)]).toEqual([1, 2, 0x1_2345_6780]);
  });
  it('singly linked lists are last in, first out', () => {
    const list = guest.buffer;
    guest.call(api.InitializeSListHead, list);
    const [a, b] = [guest.buffer + 0x100, guest.buffer + 0x200];
    expect([
      guest.call(api.InterlockedPushEntrySList, list, a),
      guest.call(api.InterlockedPushEntrySList, list, b),
    ]).toEqual([0, a]);
    expect(guest.call(api.QueryDepthSList, list)).toBe(2);
    expect([
      guest.call(api.InterlockedPopEntrySList, list),
      guest.call(api.InterlockedFlushSList, list),
      guest.call(api.InterlockedPopEntrySList, list),
    ]).toEqual([b, a, 0]);
    expect(guest.call(api.QueryDepthSList, list)).toBe(0);
  });
});

describe('waiting', () => {
  it('events, mutexes and semaphores answer at once, time out, or fail', async () => {
    const wait = (handle: number, ms = 0) => guest.callParking(api.WaitForSingleObject, handle, ms);
    const auto = guest.call(api.CreateEventW, 0, 0, 1, 0);
    expect([await wait(auto), await wait(auto), await wait(auto, 5)]).toEqual([0, 258, 258]);
    const manual = guest.call(api.CreateEventW, 0, 1, 1, 0);
    expect([await wait(manual), await wait(manual)]).toEqual([0, 0]);
    guest.call(api.ResetEvent, manual);
    const waiting = wait(manual, 10_000);
    setTimeout(
      () => guest.process.handles.object<never>(manual, 'event') && api.SetEvent.plain!(guest.thread, manual),
      5,
    );
    expect(await waiting).toBe(0);
    const mutex = guest.call(api.CreateMutexW, 0, 1, 0);
    expect([
      await wait(mutex),
      guest.call(api.ReleaseMutex, mutex),
      guest.call(api.ReleaseMutex, mutex),
    ]).toEqual([0, 1, 1]);
    expect(error(guest.call(api.ReleaseMutex, mutex))).toBe(288);
    const semaphore = guest.call(api.CreateSemaphoreW, 0, 1, 2, 0);
    expect([await wait(semaphore), await wait(semaphore)]).toEqual([0, 258]);
    expect(error(guest.call(api.ReleaseSemaphore, semaphore, 3, 0))).toBe(298);
    expect([await wait(0x1234), guest.lastError]).toEqual([0xffff_ffff, 6]);
    expect(await wait(CURRENT_PROCESS)).toBe(258);
  });
  it('waits for any and for all', async () => {
    const a = guest.call(api.CreateEventW, 0, 0, 0, 0);
    const b = guest.call(api.CreateEventW, 0, 0, 1, 0);
    guest.memory.setU64(guest.buffer, a);
    guest.memory.setU64(guest.buffer + 8, b);
    const wait = (all: number) => guest.callParking(api.WaitForMultipleObjects, 2, guest.buffer, all, 0);
    expect([await wait(1), await wait(0), await wait(0)]).toEqual([258, 1, 258]);
    guest.call(api.SetEvent, a);
    guest.call(api.SetEvent, b);
    expect([await wait(1), await wait(0)]).toEqual([0, 258]);
    expect([
      await guest.callParking(api.WaitForMultipleObjects, 65, guest.buffer, 0, 0),
      guest.lastError,
    ]).toEqual([0xffff_ffff, 87]);
  });
  it('names are shared and typed', () => {
    const first = guest.call(api.CreateEventW, 0, 0, 0, 'name');
    expect(guest.lastError).toBe(0);
    const second = guest.call(api.CreateEventW, 0, 0, 0, 'Local\\name');
    expect(guest.lastError).toBe(183);
    guest.call(api.SetEvent, first);
    expect(guest.call(api.WaitForSingleObject, second, 0)).toBe(0);
    expect(error(guest.call(api.CreateMutexW, 0, 0, 'name'))).toBe(6);
    expect(guest.call(api.OpenEventW, 0x1f0003, 0, 'name')).toBeGreaterThan(0);
    expect(error(guest.call(api.OpenEventW, 0x1f0003, 0, 'other'))).toBe(2);
  });
  it('Sleep parks for the time, or moves a virtual clock at once', async () => {
    const before = performance.now();
    await guest.callParking(api.Sleep, 20);
    expect(performance.now() - before).toBeGreaterThanOrEqual(19);
    guest.close();
    guest = new Guest({ deterministic: 1 });
    const ticks = guest.call(api.GetTickCount64);
    guest.call(api.Sleep, 3_600_000);
    expect([guest.thread.pending, guest.call(api.GetTickCount64)]).toEqual([Pending.none, ticks + 3_600_000]);
  });
});

describe('thread-local storage', () => {
  it('slots hold 64 bits, in the TEB and past it, and start at zero each time', () => {
    const indexes = Array.from({ length: 1088 }, () => guest.call(api.TlsAlloc));
    expect([indexes[0], indexes[64], indexes.at(-1)]).toEqual([0, 64, 1087]);
    expect(guest.call(api.TlsAlloc)).toBe(0xffff_ffff);
    for (const index of [0, 63, 64, 1087]) {
      guest.thread.lastError = 5;
      expect([guest.call(api.TlsGetValue, index), guest.lastError]).toEqual([0, 0]);
      expect(guest.call(api.TlsSetValue, index, 0xffff_fffe, 0x8000_0000)).toBe(1);
      expect([guest.call(api.TlsGetValue, index), guest.thread.resultHigh]).toEqual([
        0xffff_fffe, 0x8000_0000,
      ]);
    }
    expect(guest.memory.u64(guest.thread.teb + 0x1480)).toBeCloseTo(2 ** 63 + 2 ** 32);
    expect([guest.call(api.TlsFree, 64), guest.call(api.TlsAlloc), guest.call(api.TlsGetValue, 64)]).toEqual([
      1, 64, 0,
    ]);
    expect(error(guest.call(api.TlsFree, 5000))).toBe(87);
    expect([guest.call(api.TlsSetValue, 1088, 1, 0), guest.lastError]).toEqual([0, 87]);
  });
});

describe('time', () => {
  it('file times and system times convert both ways and refuse what is none', () => {
    const [file, system] = [guest.buffer, guest.buffer + 0x100];
    for (const [i, value] of [2024, 2, 0, 29, 23, 59, 58, 999].entries())
      guest.memory.setU16(system + i * 2, value);
    expect(guest.call(api.SystemTimeToFileTime, system, file)).toBe(1);
    const ticks = (BigInt(guest.memory.u32(file + 4)) << 32n) | BigInt(guest.memory.u32(file));
    expect(ticks).toBe(BigInt(Date.UTC(2024, 1, 29, 23, 59, 58, 999) + 11_644_473_600_000) * 10_000n);
    guest.memory.fill(system, 0, 16);
    expect(guest.call(api.FileTimeToSystemTime, file, system)).toBe(1);
    expect(Array.from({ length: 8 }, (_, i) => guest.memory.u16(system + i * 2))).toEqual([
      2024, 2, 4, 29, 23, 59, 58, 999,
    ]);
    guest.memory.setU16(system + 6, 30);
    expect(error(guest.call(api.SystemTimeToFileTime, system, file))).toBe(87);
    guest.memory.setHalves(file, 0, 0x8000_0000);
    expect(error(guest.call(api.FileTimeToSystemTime, file, system))).toBe(87);
  });
  it('clocks agree with one another', () => {
    guest.call(api.GetSystemTimeAsFileTime, guest.buffer);
    const milliseconds = guest.memory.u64(guest.buffer) / 10_000 - 11_644_473_600_000;
    expect(Math.abs(milliseconds - Date.now())).toBeLessThan(1000);
    guest.call(api.QueryPerformanceFrequency, guest.buffer);
    const frequency = guest.memory.u64(guest.buffer);
    guest.call(api.QueryPerformanceCounter, guest.buffer);
    const uptime = (guest.memory.u64(guest.buffer) / frequency) * 1000;
    expect(Math.abs(uptime - guest.call(api.GetTickCount))).toBeLessThan(100);
  });
});

it('versions, pointers and MulDiv', () => {
  expect(guest.call(api.GetVersion)).toBe(((19045 << 16) | 10) >>> 0);
  guest.memory.setU32(guest.buffer, 284);
  expect(guest.call(api.GetVersionExW, guest.buffer)).toBe(1);
  expect(guest.memory.u32(guest.buffer + 12)).toBe(19045);
  guest.memory.setU32(guest.buffer, 100);
  expect(error(guest.call(api.GetVersionExW, guest.buffer))).toBe(122);
  const low = guest.call(api.EncodePointer, 0x1234, 0x7ff);
  const high = guest.thread.resultHigh;
  expect([guest.call(api.DecodePointer, low, high), guest.thread.resultHigh]).toEqual([0x1234, 0x7ff]);
  expect(
    [
      [100, 3, 2],
      [-7, 1, 2],
      [7, 1, 2],
      [1, 1, 0],
      [0x7fffffff, 0x7fffffff, 1],
    ].map(([a, b, c]) => guest.call(api.MulDiv, a!, b!, c!)),
  ).toEqual([150, -4, 4, -1, -1]);
});
