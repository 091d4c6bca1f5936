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

const systems = new Map<number, MemorySystem>();
const used: AddressSpace[] = [];

/** A process with nothing in it but its memory; `frames` is all the memory there is. The one before it ends. */
export function machine(frames = 0x8000): Machine {
  used.pop()?.destroy();
  const system = systems.get(frames) ?? new MemorySystem(new Ram(), { frames });
  systems.set(frames, system);
  const space = system.createSpace();
  used.push(space);
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
