import { FrameState, type Frames, recordOf } from '../../src/machine/frames.ts';
import type { HostError, HostFile, HostFileStatus } from '../../src/machine/host.ts';
import { FRAME_RECORD_SIZE, FRAME_RECORDS, MAX_FRAMES } from '../../src/machine/layout.ts';
import { Ram } from '../../src/machine/ram.ts';
import { GuestMemory } from '../../src/memory/guest-memory.ts';
import type { AddressSpace, MemoryInfo } from '../../src/memory/space.ts';
import { MemorySystem } from '../../src/memory/system.ts';

/** One RAM for all tests of a file: 4 GiB of address space each would add up. */
const ram = new Ram();

export interface Bench {
  system: MemorySystem;
  space: AddressSpace;
  memory: GuestMemory;
}

let last: Frames | undefined;

export function bench(frames = 4096): Bench {
  if (last !== undefined) wipe(last);
  const system = new MemorySystem(ram, { frames });
  last = system.frames;
  const space = system.createSpace();
  return { system, space, memory: new GuestMemory(space) };
}

/** Makes the RAM of frames that are used no more as good as new. */
export function wipe(frames: Frames): void {
  const used: number[] = [];
  for (let frame = 0; frame < MAX_FRAMES; frame++)
    if (frames.state(frame) !== FrameState.zeroed) {
      frames.bytes(frame).fill(0);
      used.push(frame);
    }
  for (const frame of used) {
    const record = FRAME_RECORDS + recordOf(frame) * 4;
    frames.ram.bytes.fill(0, record, record + FRAME_RECORD_SIZE);
    frames.setHoldsCode(frame, false);
  }
}

export function query(space: AddressSpace, address: number): MemoryInfo {
  const into: MemoryInfo = {
    baseAddress: -1,
    allocationBase: -1,
    allocationProtect: -1,
    regionSize: -1,
    state: -1,
    protect: -1,
    type: -1,
  };
  const status = space.query(address, into);
  if (status !== 0) throw new Error(`query(0x${address.toString(16)}) answered 0x${status.toString(16)}`);
  return into;
}

/** A host file in an array. */
export class TestFile implements HostFile {
  readonly identity: string;
  readonly writable: boolean;
  content: Uint8Array;
  closed = 0;
  /** When set, reads and writes fail with it. */
  broken: HostError | undefined = undefined;
  /** When it was changed last. */
  modified = 0;
  /** Where was read from. */
  readonly reads: number[] = [];
  /** truncate() fails with ENOSPC above this. */
  limit = Number.POSITIVE_INFINITY;

  constructor(content: Uint8Array | number, identity = 'test', writable = true) {
    this.content = typeof content === 'number' ? new Uint8Array(content) : content;
    this.identity = identity;
    this.writable = writable;
  }
  status(): HostFileStatus {
    const { identity, writable } = this;
    return {
      kind: 'file',
      size: this.content.length,
      identity,
      modified: this.modified,
      created: 0,
      accessed: 0,
      writable,
    };
  }
  size(): number {
    return this.content.length;
  }
  read(position: number, into: Uint8Array): number | HostError {
    if (this.broken !== undefined) return this.broken;
    this.reads.push(position);
    const bytes = this.content.subarray(position, position + into.length);
    into.set(bytes);
    return bytes.length;
  }
  write(position: number, from: Uint8Array): number | HostError {
    if (this.broken !== undefined) return this.broken;
    if (position + from.length > this.content.length) this.truncate(position + from.length);
    this.content.set(from, position);
    return from.length;
  }
  truncate(size: number): HostError | undefined {
    if (size > this.limit) return 'ENOSPC';
    const content = new Uint8Array(size);
    content.set(this.content.subarray(0, size));
    this.content = content;
    return undefined;
  }
  sync(): undefined {
    return undefined;
  }
  close(): void {
    this.closed++;
  }
}
