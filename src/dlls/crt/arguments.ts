import type { GuestMemory } from '../../memory/guest-memory.ts';
import type { Thread } from '../../process/thread.ts';

/**
 * The arguments behind the "..." of a call, one 8-byte slot each. On x64 a double stands in the integer slot
 * too, so every argument is read the same way.
 */
export interface Arguments {
  /** Halves of the argument that take() moved to. */
  low: number;
  high: number;
  take(): void;
  /** The argument that the next take() takes: the index-th behind the format. */
  moveTo(index: number): void;
}

/** An argument as a guest address. */
export function takeAddress(args: Arguments): number {
  args.take();
  return args.low + args.high * 0x1_0000_0000;
}
/** An argument as a signed int. */
export function takeInt(args: Arguments): number {
  args.take();
  return args.low | 0;
}

/** The arguments of the API call itself, from `index` on. */
export class CallArguments implements Arguments {
  low = 0;
  high = 0;
  readonly #thread: Thread;
  readonly #first: number;
  #index: number;

  constructor(thread: Thread, index: number) {
    this.#thread = thread;
    this.#first = index;
    this.#index = index;
  }

  moveTo(index: number): void {
    this.#index = this.#first + index;
  }

  take(): void {
    this.low = this.#thread.argumentLow(this.#index);
    this.high = this.#thread.argumentHigh(this.#index);
    this.#index++;
  }
}

/** A va_list: a pointer to slots. */
export class ListArguments implements Arguments {
  low = 0;
  high = 0;
  readonly #memory: GuestMemory;
  readonly #first: number;
  #address: number;

  constructor(memory: GuestMemory, address: number) {
    this.#memory = memory;
    this.#first = address;
    this.#address = address;
  }

  moveTo(index: number): void {
    this.#address = this.#first + index * 8;
  }

  take(): void {
    this.low = this.#memory.u32(this.#address);
    this.high = this.#memory.u32(this.#address + 4);
    this.#address += 8;
  }
}
