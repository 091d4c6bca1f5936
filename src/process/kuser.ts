import { PAGE_SIZE } from '../machine/layout.ts';
import { MEM_COMMIT, MEM_RESERVE, PAGE_READONLY, PAGE_READWRITE, READ } from '../memory/constants.ts';
import { OutOfMemory } from './out-of-memory.ts';
import type { Process } from './process.ts';
import { KUSER, WINDOWS } from './teb.ts';

const TICKS_PER_MS = 10_000;
/** Tick count of 2^24 per millisecond: what GetTickCount's formula multiplies with. */
const TICK_MULTIPLIER = 1 << 24;
const COOKIE = 0x5757_4d4d;

/** Maps KUSER_SHARED_DATA into a new process. */
export function mapSharedData(process: Process): void {
  const { space, memory, machine } = process;
  const at = KUSER.address;
  if (space.allocate(at, PAGE_SIZE, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) !== 0) {
    throw new OutOfMemory('the machine has too little RAM for a process');
  }
  memory.setU32(at + KUSER.tickCountMultiplier, TICK_MULTIPLIER);
  memory.setBytes(at + KUSER.ntSystemRoot, utf16('C:\\Windows'));
  memory.setU32(at + KUSER.largePageMinimum, 0x200000);
  memory.setU32(at + KUSER.ntBuildNumber, WINDOWS.build);
  memory.setU32(at + KUSER.ntProductType, 1);
  memory.setU32(at + KUSER.ntMajorVersion, WINDOWS.major);
  memory.setU32(at + KUSER.ntMinorVersion, WINDOWS.minor);
  memory.setU32(at + KUSER.numberOfPhysicalPages, machine.system.frames.count);
  memory.setU32(at + KUSER.cookie, COOKIE);
  memory.setU32(at + KUSER.activeProcessorCount, 1);
  space.protect(at, PAGE_SIZE, PAGE_READONLY);
  updateSharedData(process);
}

function utf16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2);
  for (let i = 0; i < text.length; i++) {
    bytes[i * 2] = text.charCodeAt(i) & 0xff;
    bytes[i * 2 + 1] = text.charCodeAt(i) >> 8;
  }
  return bytes;
}

/** Brings the page's clocks up to date; called at every slice. The page is read-only for the guest alone. */
export function updateSharedData(process: Process): void {
  const { space, machine } = process;
  const host = space.probe(KUSER.address, READ);
  if (host === 0) return;
  const view = machine.ram.view;
  const uptime = machine.clock.uptime();
  const time = machine.clock.fileTime();
  const interrupt = uptime * TICKS_PER_MS;
  threeWords(view, host + KUSER.interruptTime, interrupt >>> 0, Math.floor(interrupt / 0x1_0000_0000));
  threeWords(view, host + KUSER.systemTime, time.low, time.high);
  threeWords(view, host + KUSER.tickCount, uptime >>> 0, Math.floor(uptime / 0x1_0000_0000));
}

/** KSYSTEM_TIME: low, high, and high again for readers that look twice. */
function threeWords(view: DataView, at: number, low: number, high: number): void {
  view.setUint32(at, low, true);
  view.setUint32(at + 4, high, true);
  view.setUint32(at + 8, high, true);
}
