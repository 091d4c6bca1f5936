import { HeapManager } from '../../src/heap/heap-manager.ts';
import { Ram } from '../../src/machine/ram.ts';
import { GuestMemory } from '../../src/memory/guest-memory.ts';
import type { AddressSpace, MemoryInfo } from '../../src/memory/space.ts';
import { MemorySystem } from '../../src/memory/system.ts';

export interface Machine {
  system: MemorySystem;
  space: AddressSpace;
  memory: GuestMemory;
  heaps: HeapManager;
}

let ram: Ram | undefined;

/** A process with nothing in it but its memory; `frames` is all the memory there is. */
export function machine(frames = 0x8000): Machine {
  ram ??= new Ram();
  const system = new MemorySystem(ram, { frames });
  const space = system.createSpace();
  const memory = new GuestMemory(space);
  return { system, space, memory, heaps: new HeapManager(space, memory) };
}

/** What VirtualQuery would say. */
export function query(m: Machine, address: number): MemoryInfo {
  const info: MemoryInfo = {
    baseAddress: 0,
    allocationBase: 0,
    allocationProtect: 0,
    regionSize: 0,
    state: 0,
    protect: 0,
    type: 0,
  };
  m.space.query(address, info);
  return info;
}
