import { allocate } from '../../src/dlls/crt/allocation.ts';
import { narrowText, writeTerminated } from '../../src/dlls/crt/text.ts';
import { familiesOf } from '../../src/dlls/registry.ts';
import { CALLBACK_RETURN, ServiceTable } from '../../src/dlls/service-table.ts';
import { servicesOfAll } from '../../src/dlls/services.ts';
import { R8, R9, RAX, RCX, RDX, STATE } from '../../src/machine/cpu-state.ts';
import type { Host } from '../../src/machine/host.ts';
import { Machine } from '../../src/process/machine.ts';
import { Pending, type Thread } from '../../src/process/thread.ts';

/** An argument: an integer or address, 64 bits, or `{ double }`. */
export type Argument = number | bigint | { double: number };

const REGISTERS = [RCX, RDX, R8, R9];
/** Addresses that call() takes for the program's own functions. */
const CALLBACKS = 0x7000_0000;
/** Only stubs of our own DLLs may make system calls; they lie up here. */
const OWN_CODE = 0x7fff_0000_0000;

const scratch = new DataView(new ArrayBuffer(8));
function slot(argument: Argument): bigint {
  if (typeof argument === 'bigint') return BigInt.asUintN(64, argument);
  if (typeof argument === 'number') return BigInt.asUintN(64, BigInt(argument));
  scratch.setFloat64(0, argument.double);
  return scratch.getBigUint64(0);
}

/** Calls msvcrt as translated code does: registers, stack slots, one `syscall`. */
export class CrtGuest {
  readonly machine: Machine;
  readonly thread: Thread;
  readonly table = new ServiceTable();
  readonly callbacks = new Map<number, (...args: number[]) => number>();

  readonly runtime: 'msvcrt' | 'ucrtbase';

  constructor(host?: Host, runtime: 'msvcrt' | 'ucrtbase' = 'msvcrt') {
    this.runtime = runtime;
    this.machine = new Machine({ ram: 64 << 20, host });
    this.thread = this.machine.createProcess().mainThread;
    this.table.add(servicesOfAll().get(runtime)!, familiesOf[runtime]!());
    this.table.thread = this.thread;
    this.thread.cpu.rsp = this.thread.stack.high - 0x800;
    this.thread.cpu.rip = OWN_CODE;
  }

  get memory() {
    return this.thread.memory;
  }
  get pending(): number {
    return this.thread.pending;
  }

  /** Registers a function that the guest code would have; its address. */
  callback(run: (...args: number[]) => number): number {
    const address = CALLBACKS + this.callbacks.size * 16;
    this.callbacks.set(address, run);
    return address;
  }

  /** A block of guest memory. */
  block(size: number): number {
    return allocate(this.thread.process, size);
  }
  text(value: string): number {
    const address = this.block(value.length + 1);
    writeTerminated(this.memory, address, value, false);
    return address;
  }
  wide(value: string): number {
    const address = this.block(value.length * 2 + 2);
    writeTerminated(this.memory, address, value, true);
    return address;
  }
  read(address: number, length: number): string {
    return narrowText(this.memory.bytes(address, length));
  }

  /** Puts arguments where the calling convention wants them and enters the function. */
  enter(name: string, args: readonly Argument[]): void {
    const number = this.table.number(this.runtime, name);
    if (number === undefined) throw new Error(`${this.runtime}!${name} is not declared`);
    const { cpu } = this.thread;
    cpu.setGpr(RAX, number);
    const calling = this.table.at(number)!.calling !== undefined;
    const stack = cpu.rsp + (calling ? 0x68 : 0) + 0x28;
    args.forEach((argument, i) => {
      const bits = slot(argument);
      const low = Number(bits & 0xffffffffn);
      const high = Number(bits >> 32n);
      if (i < 4) cpu.setGprHalves(REGISTERS[i]!, low, high);
      else this.memory.setHalves(stack + (i - 4) * 8, low, high);
      if (i < 4 && typeof argument === 'object') {
        cpu.setWord(STATE.xmm + i * 16, low);
        cpu.setWord(STATE.xmm + i * 16 + 4, high);
      }
    });
    this.resume();
  }

  /** Executes the `syscall` of the present call (again). */
  resume(): void {
    const { cpu } = this.thread;
    const number = cpu.gprLow(RAX);
    const calling = this.table.at(number)!.calling !== undefined;
    this.thread.pending = Pending.none;
    this.table.serve(number);
    if (!calling) return;
    while (this.thread.pending === Pending.none && cpu.gpr(RAX) !== 0) {
      const run = this.callbacks.get(cpu.gpr(RAX));
      if (!run) throw new Error(`a call of 0x${cpu.gpr(RAX).toString(16)}, which is no function`);
      cpu.setGpr(RCX, run(...REGISTERS.map((register) => cpu.gpr(register))));
      this.table.serve(CALLBACK_RETURN);
    }
    if (this.thread.pending === Pending.none) cpu.setGprHalves(RAX, cpu.gprLow(RDX), cpu.gprHigh(RDX));
  }

  /** The function's result as an unsigned 64-bit number; it must return. */
  call64(name: string, ...args: Argument[]): bigint {
    this.enter(name, args);
    if (this.thread.pending !== Pending.none) {
      throw new Error(
        `${name} did not return: ${this.thread.stopReason} ${JSON.stringify(this.thread.exception)}`,
      );
    }
    const { cpu } = this.thread;
    return (BigInt(cpu.gprHigh(RAX)) << 32n) | BigInt(cpu.gprLow(RAX));
  }
  /** As an address. */
  call(name: string, ...args: Argument[]): number {
    return Number(this.call64(name, ...args));
  }
  /** As an int. */
  int(name: string, ...args: Argument[]): number {
    return Number(this.call64(name, ...args) & 0xffffffffn) | 0;
  }
  /** What a function left in xmm0. */
  double(name: string, ...args: Argument[]): number {
    this.call64(name, ...args);
    scratch.setUint32(4, this.thread.cpu.word(STATE.xmm));
    scratch.setUint32(0, this.thread.cpu.word(STATE.xmm + 4));
    return scratch.getFloat64(0);
  }
  get errno(): number {
    return this.memory.i32(this.call('_errno'));
  }
}
