import type { Ram } from '../../machine/ram.ts';
import { runtimeCode } from './runtime-code.ts';

/** What the runtime module calls. Guest addresses come in two halves, signed. */
export interface RuntimeHost {
  /** Host address of a page's byte after the fault ladder, or 0 with the reason for leaving in the state. */
  probeRead(low: number, high: number): number;
  probeWrite(low: number, high: number, size: number): number;
  /** Function table index of the translation at an address, which control reached so (see REACHED); 0 = leave. */
  find(low: number, high: number, reached: number): number;
  /** Lays the stack window around so many bytes at an address; 0 = cannot be. */
  hostRefillStack(low: number, high: number, width: number): number;
  /** Makes sure of the bytes of a group, for an access at an address; not 0 = leave. The last says how: see HOLD. */
  hostHold(low: number, high: number, size: number, distance: number, width: number, how: number): number;
  /** Serves a `syscall`; not 0 = leave. */
  hostService(service: number): number;
  /** The fuel has run out at a RIP with so much host stack left: not 0 = leave; 0 = some more is in the state. */
  hostOutOfFuel(low: number, high: number, stack: number): number;
  /** Serves a rare instruction on the registers in the state; not 0 = leave. */
  hostRare(which: number): number;
  /** Makes the x87 helpers: the function table index of the first, of which the others follow. */
  hostLoadX87(): number;
  /** Makes the exact operations of SSE: their function table index. */
  hostLoadSse(): number;
}

let compiled: WebAssembly.Module | undefined;

/** The static WebAssembly module over a machine's memory: dispatcher and helpers of translated code. */
export class Runtime {
  /** What translated modules import. */
  readonly imports: WebAssembly.Imports;
  readonly leave: WebAssembly.ExportValue;
  /** Runs from the RIP in the state until something must be left; the reason is in the state. */
  readonly run: () => void;
  /** Runs one function by its table index; 1 = done, and the RIP is where control goes on. */
  readonly runOnce: (index: number) => number;
  /** Makes rflags in the state exact from the lazy flags. */
  readonly materialise: () => void;
  /** Takes rflags in the state as the lazy flags. */
  readonly adopt: () => void;

  constructor(ram: Ram, table: WebAssembly.Table, host: RuntimeHost) {
    compiled ??= new WebAssembly.Module(runtimeCode() as BufferSource);
    const machine = { memory: ram.memory, table };
    const { exports } = new WebAssembly.Instance(compiled, { m: machine, r: { ...host } });
    this.imports = { m: machine, r: exports };
    this.leave = exports.leave!;
    this.run = exports.run as () => void;
    this.runOnce = exports.runOnce as (index: number) => number;
    this.materialise = exports.materialise as () => void;
    this.adopt = exports.adopt as () => void;
  }
}
