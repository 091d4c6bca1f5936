import { Translator } from '../../src/cpu/translator.ts';
import { CpuState, RSP, STATE } from '../../src/machine/cpu-state.ts';
import { Ram } from '../../src/machine/ram.ts';
import {
  MEM_COMMIT,
  MEM_RESERVE,
  PAGE_EXECUTE_READWRITE,
  PAGE_READWRITE,
} from '../../src/memory/constants.ts';
import { GuestMemory } from '../../src/memory/guest-memory.ts';
import type { AddressSpace } from '../../src/memory/space.ts';
import { MemorySystem } from '../../src/memory/system.ts';
import type { ServiceHook } from '../../src/process/executor.ts';

export const CODE = 0x40_0000;
export const DATA = 0x80_0000;
export const STACK_TOP = 0x100_0000;
const STACK_BYTES = 0x10_0000;
/** Where a called function returns to: an int3, so that a run ends with Exit.breakpoint. */
export const END = 0x30_0000;

export const REGISTER = {
  rax: 0,
  rcx: 1,
  rdx: 2,
  rbx: 3,
  rsp: 4,
  rbp: 5,
  rsi: 6,
  rdi: 7,
  r8: 8,
  r9: 9,
} as const;

export function bytes(hex: string): Uint8Array {
  return new Uint8Array(
    hex
      .trim()
      .split(/\s+/)
      .map((pair) => Number.parseInt(pair, 16)),
  );
}

/** A number of 32 bits as in the code of an instruction. */
export function word(value: number): string {
  return [0, 8, 16, 24].map((shift) => ((value >> shift) & 0xff).toString(16).padStart(2, '0')).join(' ');
}

/** A machine with code, data and a stack, and a CPU. */
export class TestCpu {
  readonly system: MemorySystem;
  readonly space: AddressSpace;
  readonly memory: GuestMemory;
  readonly state: CpuState;
  readonly cpu: Translator;
  services: number[] = [];
  hook: ServiceHook = () => false;

  constructor(options: { codeBytes?: number; dataBytes?: number } = {}) {
    this.system = new MemorySystem(new Ram(), { frames: 0x4000 });
    this.space = this.system.createSpace();
    this.memory = new GuestMemory(this.space);
    this.state = new CpuState(this.system.ram);
    this.cpu = new Translator(this.system, (service) => this.#serve(service));
    this.map(END, 0x1000, PAGE_EXECUTE_READWRITE);
    this.map(CODE, options.codeBytes ?? 0x10_0000, PAGE_EXECUTE_READWRITE);
    this.map(DATA, options.dataBytes ?? 0x10_0000, PAGE_READWRITE);
    this.map(STACK_TOP - STACK_BYTES, STACK_BYTES, PAGE_READWRITE);
    this.memory.setBytes(END, new Uint8Array([0xcc]));
    this.cpu.activate(this.space);
    this.reset();
  }
  #serve(service: number): boolean {
    this.services.push(service);
    return this.hook(service);
  }
  map(base: number, size: number, protect: number): void {
    const status = this.space.allocate(base, size, MEM_RESERVE | MEM_COMMIT, protect);
    if (status !== 0) throw new Error(`allocate ${base.toString(16)}: ${status.toString(16)}`);
  }
  /** Puts code, given in hexadecimal, at an address. */
  code(hex: string, at = CODE): void {
    this.memory.setBytes(at, bytes(hex));
  }
  /** Calls the code at an address with registers set; yields the reason for its end. */
  call(registers: Partial<Record<keyof typeof REGISTER, number>> = {}, at = CODE): number {
    this.prepareCall(at);
    for (const [name, value] of Object.entries(registers))
      this.state.setGpr(REGISTER[name as keyof typeof REGISTER], value);
    return this.finish();
  }
  register(name: keyof typeof REGISTER): number {
    return this.state.gpr(REGISTER[name]);
  }
  reset(): void {
    this.state.slice(0, STATE.temp).fill(0);
    this.state.setWord(STATE.rflags, 0x202);
    this.state.setWord(STATE.mxcsr, 0x1f80);
    this.state.rsp = STACK_TOP - 0x108;
  }
  /** Calls a function: its return address is END. */
  prepareCall(address: number): void {
    this.state.rsp = STACK_TOP - 0x1008;
    this.memory.setU64(this.state.gpr(RSP), END);
    this.state.rip = address;
  }
  /** Runs until something else than the end of the fuel. */
  finish(fuel = 1_000_000, most = 3000): number {
    for (let round = 0; round < most; round++) {
      const reason = this.cpu.run(fuel);
      if (reason !== 1) return reason;
    }
    throw new Error('no end');
  }
}
