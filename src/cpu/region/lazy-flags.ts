import { STATE } from '../../machine/cpu-state.ts';
import { I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import type { Emitter } from './emitter.ts';
import {
  FLAG,
  FLAG_CONSTANT,
  FLAGS_DEAD,
  FLAGS_DYNAMIC,
  FLAGS_IN_MEMORY,
  MOST_FLAG_CONSTANT,
  sizeLog,
} from './flag-kinds.ts';

/** Where the flags are at one point of a region. */
export interface FlagPlacement {
  /** A kind, or one of FLAGS_IN_MEMORY, FLAGS_DYNAMIC and FLAGS_DEAD. */
  readonly kind: number;
  /** The local `left` holds the left operand of the comparison that set the flags. */
  readonly hasLeft: boolean;
  /** The right operand where it is a small constant, else -1. */
  readonly constant: number;
  /** These of the flags are in the local `changed`; the kind tells the others only. */
  readonly changed: number;
}

/** All flags as the kind says. */
export function flagsOfKind(kind: number): FlagPlacement {
  return { kind, hasLeft: false, constant: -1, changed: 0 };
}

/** The lazy flags (see flag-kinds.ts) of a region while its code is written. */
export class LazyFlags implements FlagPlacement {
  readonly #e: Emitter;
  readonly #locals = { kind: -1, a: -1, b: -1, result: -1, left: -1, changed: -1 };
  kind: number = FLAGS_IN_MEMORY;
  hasLeft = false;
  constant = -1;
  changed = 0;
  /** Whether anything can observe the flags that the instruction being lifted leaves. */
  live = true;

  constructor(e: Emitter) {
    this.#e = e;
  }
  placement(): FlagPlacement {
    const { kind, hasLeft, constant, changed } = this;
    return { kind, hasLeft, constant, changed };
  }
  restore({ kind, hasLeft, constant, changed }: FlagPlacement): void {
    this.kind = kind;
    this.hasLeft = hasLeft;
    this.constant = constant;
    this.changed = changed;
  }
  local(name: 'kind' | 'a' | 'b' | 'result' | 'left' | 'changed'): number {
    let local = this.#locals[name];
    if (local < 0) {
      local = this.#e.newLocal(name === 'kind' || name === 'changed' ? I32 : I64);
      this.#locals[name] = local;
    }
    return local;
  }
  /**
   * Notes the flags of an operation of `size` bytes. Each part pushes its value (i64 for size 8, else i32), or is
   * left out where the kind has none; `left` is the left operand, if comparisons may use it. `constant` is b, where b is
   * known now.
   */
  set(
    operation: number,
    size: number,
    parts: { result?: () => void; b?: () => void; a?: () => void; left?: () => void; constant?: bigint },
  ): void {
    this.restore(flagsOfKind(this.live ? operation + sizeLog(size) : FLAGS_DEAD));
    if (!this.live) return;
    for (const name of ['result', 'b', 'left', 'a'] as const) {
      const part = parts[name];
      if (part === undefined) continue;
      part();
      if (size < 8 || (name === 'a' && operation !== FLAG.cmp)) this.#e.code.op(OP.i64_extend_i32_u);
      this.#e.code.set(this.local(name));
    }
    this.hasLeft = parts.left !== undefined;
    const { constant } = parts;
    if (constant !== undefined && constant >= 0n && constant <= MOST_FLAG_CONSTANT)
      this.constant = Number(constant);
  }
  /** Sets the flags to the bits on the stack (i32). */
  setBits(): void {
    this.#e.code.op(OP.i64_extend_i32_u);
    this.#e.code.set(this.local('result'));
    this.restore(flagsOfKind(FLAG.raw));
  }
  /**
   * Sets some of the flags (a mask) to the bits on the stack (i32, those of the mask only). The others are not made bits of:
   * that waits for something that looks at them.
   */
  change(mask: number): void {
    const { code } = this.#e;
    const local = this.local('changed');
    const kept = this.changed & ~mask;
    if (kept !== 0) {
      code.get(local);
      code.i32op(OP.i32_and, kept);
      code.op(OP.i32_or);
    }
    code.set(local);
    this.changed |= mask;
  }
  /** Pushes the six flags as bits (i32). */
  pushBits(): void {
    const { code } = this.#e;
    this.#pushKindBits();
    if (this.changed === 0) return;
    code.i32op(OP.i32_and, ~this.changed);
    code.get(this.local('changed'));
    code.op(OP.i32_or);
  }
  /** Makes bits of the flags if some of them were changed after the rest. */
  #gather(): void {
    if (this.changed === 0) return;
    this.pushBits();
    this.setBits();
  }
  #pushKindBits(): void {
    const { code } = this.#e;
    if (this.kind === FLAG.raw) {
      code.get(this.local('result'));
      code.op(OP.i32_wrap_i64);
      return;
    }
    if (this.kind === FLAGS_DYNAMIC) code.get(this.local('kind'));
    else code.i32(this.kind === FLAGS_DEAD ? FLAG.raw : this.kind);
    code.get(this.local('a'));
    code.get(this.local('b'));
    code.get(this.local('result'));
    this.#e.call('flags');
  }
  /** Makes the kind a local, so that paths with different kinds can meet. */
  makeDynamic(): void {
    this.#gather();
    if (this.kind === FLAGS_DYNAMIC) return;
    this.#e.code.i32(this.kind === FLAGS_DEAD ? FLAGS_IN_MEMORY : this.kind);
    this.#e.code.set(this.local('kind'));
    this.kind = FLAGS_DYNAMIC;
    this.hasLeft = false;
  }
  /** Writes the flags back, so that paths with different kinds can meet. */
  putInMemory(): void {
    this.store();
    this.restore(flagsOfKind(FLAGS_IN_MEMORY));
  }
  /** Emits the store of the lazy flags, without change of the placement. */
  store(): void {
    const { code } = this.#e;
    if (this.changed !== 0) {
      this.pushBits();
      code.op(OP.i64_extend_i32_u);
      const bits = this.#e.save(I64);
      this.#e.storeState(I32, STATE.flagKind, () => code.i32(FLAG.raw));
      this.#e.storeState(I64, STATE.flagResult, () => code.get(bits));
      return;
    }
    if (this.kind === FLAGS_IN_MEMORY || this.kind === FLAGS_DEAD) return;
    if (this.kind === FLAGS_DYNAMIC) {
      code.get(this.local('kind'));
      code.i32op(OP.i32_ne, FLAGS_IN_MEMORY);
      code.if(VOID);
      this.#e.storeState(I32, STATE.flagKind, () => code.get(this.local('kind')));
      for (const part of ['result', 'b', 'a'] as const) this.#storePart(part);
      code.end();
      return;
    }
    if (this.constant < 0) this.#e.storeState(I32, STATE.flagKind, () => code.i32(this.kind));
    else {
      const kind = this.constant * 0x1_0000_0000 + (FLAG_CONSTANT | this.kind);
      this.#e.storeState(I64, STATE.flagKind, () => code.i64(kind));
    }
    for (const part of partsOf(this.kind & ~3)) if (part !== 'b' || this.constant < 0) this.#storePart(part);
  }
  #storePart(part: FlagPart): void {
    const offset = part === 'a' ? STATE.flagA : part === 'b' ? STATE.flagB : STATE.flagResult;
    this.#e.storeState(I64, offset, () => this.#e.code.get(this.local(part)));
  }
}

type FlagPart = 'a' | 'b' | 'result';

/** Which parts the flags of an operation consist of; see flag-kinds.ts. */
function partsOf(operation: number): readonly FlagPart[] {
  switch (operation) {
    case FLAG.raw:
    case FLAG.logic:
      return ['result'];
    case FLAG.inc:
    case FLAG.dec:
      return ['result', 'a'];
    case FLAG.cmp:
      return ['b', 'a'];
    case FLAG.adc:
    case FLAG.sbb:
      return ['result', 'b', 'a'];
    default:
      return ['result', 'b'];
  }
}
