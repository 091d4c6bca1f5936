import { RAM_BYTES } from './layout.ts';

/** Memory for a Ram. V8 collects garbage when it hears of so much of it: made before all else, that costs little. */
export function ramMemory(): WebAssembly.Memory {
  const pages = RAM_BYTES / 0x10000;
  return new WebAssembly.Memory({ initial: pages, maximum: pages });
}

/**
 * A machine's memory: one WebAssembly.Memory made at its full 4 GiB and never grown, so these views stay
 * valid. Pages nobody has touched cost the host nothing.
 */
export class Ram {
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly view: DataView;

  /** Takes over `memory`, which is of ramMemory() and has not been used. */
  constructor(memory = ramMemory()) {
    this.memory = memory;
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new Uint32Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
  }
}
