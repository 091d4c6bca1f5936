import {
  MEM_COMMIT,
  MEM_IMAGE,
  MEM_MAPPED,
  PAGE_EXECUTE,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_GUARD,
  PAGE_NOACCESS,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_WRITECOPY,
} from '../memory/constants.ts';
import type { RegionView } from '../memory/space.ts';
import type { Process } from '../process/process.ts';
import { KUSER } from '../process/teb.ts';

const PROTECTIONS = new Map([
  [PAGE_NOACCESS, '---'],
  [PAGE_READONLY, 'r--'],
  [PAGE_READWRITE, 'rw-'],
  [PAGE_WRITECOPY, 'rc-'],
  [PAGE_EXECUTE, '--x'],
  [PAGE_EXECUTE_READ, 'r-x'],
  [PAGE_EXECUTE_READWRITE, 'rwx'],
  [PAGE_EXECUTE_WRITECOPY, 'rcx'],
]);
/** Rows shown on either side of an address. */
const AROUND = 3;

/** "rw-", with "+guard" while the page is armed; reserved memory has none. */
export function protectionText(region: RegionView): string {
  if (region.state !== MEM_COMMIT) return 'reserved';
  const base = PROTECTIONS.get(region.protect & 0xff) ?? `0x${region.protect.toString(16)}`;
  return (region.protect & PAGE_GUARD) === 0 ? base : `${base}+guard`;
}

function typeText(region: RegionView): string {
  return region.type === MEM_IMAGE ? 'image' : region.type === MEM_MAPPED ? 'mapped' : 'private';
}

/** What a region is for, as far as the process knows. */
function useOf(process: Process, region: RegionView): string {
  const base = region.allocationBase;
  if (region.name !== '') return region.name;
  const module = process.modules.find((candidate) => candidate.base === base);
  if (module) return module.name;
  if (base === KUSER.address) return 'shared user data';
  if (base === process.peb) return 'PEB';
  if (process.heaps.list().includes(base)) return base === process.processHeap ? 'process heap' : 'heap';
  const thread = process.threads.find((candidate) => candidate.teb === base || candidate.stack.low === base);
  if (thread) return thread.teb === base ? `TEB of thread ${thread.id}` : `stack of thread ${thread.id}`;
  return '';
}

/** The regions of an address space as lines of text; with `around`, only those near that address. */
export function regionTable(process: Process, around?: number): string[] {
  const all = [...process.space.regions()];
  const at = around === undefined ? 0 : all.findIndex((region) => around < region.base + region.size);
  const middle = at < 0 ? all.length : at;
  const shown = around === undefined ? all : all.slice(Math.max(0, middle - AROUND), middle + AROUND + 1);
  const lines = shown.map((region) => {
    const mark =
      around !== undefined && around >= region.base && around < region.base + region.size ? '>' : ' ';
    const end = region.base + region.size - 1;
    const use = useOf(process, region);
    const text = `${mark} ${hex(region.base)}-${hex(end)} ${kib(region.size)} ${typeText(region).padEnd(7)} ${protectionText(region).padEnd(9)} ${use}`;
    return text.trimEnd();
  });
  if (around !== undefined && !lines.some((line) => line.startsWith('>'))) {
    const before = shown.filter((region) => region.base <= around).length;
    lines.splice(before, 0, `> ${hex(around)} is free`);
  }
  return lines;
}

function hex(address: number): string {
  return `0x${address.toString(16).padStart(12, '0')}`;
}

function kib(bytes: number): string {
  return `${Math.ceil(bytes / 1024)}K`.padStart(9);
}
