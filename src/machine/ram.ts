import { RAM_BYTES } from './layout.ts';

/**
 * A machine's memory: one WebAssembly.Memory made at its full 4 GiB and never grown, so these views stay
 * valid. Pages nobody has touched cost the host nothing.
 */
export class Ram {
  readonly memory: WebAssembly.Memory;
  readonly bytes: Uint8Array;
  readonly words: Uint32Array;
  readonly view: DataView;

  constructor() {
    const pages = RAM_BYTES / 0x10000;
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.bytes = new Uint8Array(this.memory.buffer);
    this.words = new Uint32Array(this.memory.buffer);
    this.view = new DataView(this.memory.buffer);
  }
}
