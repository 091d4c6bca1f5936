import { RAX, RCX, RDI, RSI, STATE } from '../../machine/cpu-state.ts';
import { PAGE_SIZE } from '../../machine/layout.ts';
import { Exit } from '../../process/executor.ts';
import { DF, FLAG } from '../region/flag-kinds.ts';
import { loadOp, storeOp } from '../tlb/tlb-runtime.ts';
import type { Code } from '../wasm/code.ts';
import { FC, I32, I64, OP, VOID } from '../wasm/opcodes.ts';
import type { RuntimeBuilder } from './builder.ts';
import { RuntimeFunction } from './function.ts';
import { HELPERS } from './helpers.ts';

/** First parameter of `repeat`: operation | log2(size) << 4 | REPEAT_NE | REPEAT_ADDRESS32. The second is the source's segment base. */
export const REPEAT = { movs: 0, stos: 1, lods: 2, scas: 3, cmps: 4 } as const;
export const REPEAT_NE = 0x100;
/** rsi, rdi and rcx count with their lower halves only. */
export const REPEAT_ADDRESS32 = 0x200;

const MODE = 0;
const BASE = 1;

/**
 * Repeated string instructions work on the registers in the state and keep them up to date, so that a fault or
 * the end of the fuel in the midst leaves a restartable instruction. movs and stos upwards go page by page.
 */
export function addStringFunctions(runtime: RuntimeBuilder): void {
  runtime.define('loadSized', loadSized());
  runtime.define('storeSized', storeSized(runtime));
  runtime.define('repeat', repeat(runtime));
}

function bySize(code: Code, log: number, arm: (size: 1 | 2 | 4 | 8) => void): void {
  for (const size of [1, 2, 4, 8] as const) {
    code.get(log);
    code.i32op(OP.i32_eq, Math.log2(size));
    code.if(VOID);
    arm(size);
    code.op(OP.return);
    code.end();
  }
  code.op(OP.unreachable);
}

/** (host, log2 size) → zero-extended value. */
function loadSized(): RuntimeFunction {
  const f = new RuntimeFunction({ params: [I32, I32], results: [I64] });
  bySize(f.code, 1, (size) => {
    f.code.get(0);
    loadOp(f.code, size);
    if (size < 8) f.code.op(OP.i64_extend_i32_u);
  });
  return f;
}

/** (address, value, log2 size) → status. */
function storeSized(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction({ params: [I64, I64, I32], results: [I32] });
  bySize(f.code, 2, (size) => {
    f.code.get(0);
    f.code.get(1);
    if (size < 8) f.code.op(OP.i32_wrap_i64);
    f.code.call(runtime.index(`store${size}`));
  });
  return f;
}

function repeat(runtime: RuntimeBuilder): RuntimeFunction {
  const f = new RuntimeFunction(HELPERS.repeat);
  const r = new RepeatWriter(f, runtime);
  r.write();
  return f;
}

/** Writes the repeat function; its methods are the function's parts, sharing its locals. */
class RepeatWriter {
  readonly f: RuntimeFunction;
  readonly code: Code;
  readonly runtime: RuntimeBuilder;
  readonly operation: number;
  readonly log: number;
  readonly size: number;
  readonly down: number;
  readonly source: number;
  readonly host: number;
  readonly hostSource: number;
  readonly count: number;
  readonly bytes: number;
  readonly left: number;
  readonly right: number;
  /** What of rsi, rdi and rcx counts. */
  readonly addressMask: number;

  constructor(f: RuntimeFunction, runtime: RuntimeBuilder) {
    this.f = f;
    this.code = f.code;
    this.runtime = runtime;
    this.operation = f.local(I32);
    this.log = f.local(I32);
    this.size = f.local(I32);
    this.down = f.local(I32);
    this.source = f.local(I64);
    this.host = f.local(I32);
    this.hostSource = f.local(I32);
    this.count = f.local(I32);
    this.bytes = f.local(I32);
    this.left = f.local(I64);
    this.right = f.local(I64);
    this.addressMask = f.local(I64);
  }

  write(): void {
    const { code, f } = this;
    code.get(MODE);
    code.i32op(OP.i32_and, 15);
    code.set(this.operation);
    code.get(MODE);
    code.i32op(OP.i32_shr_u, 4);
    code.i32op(OP.i32_and, 3);
    code.tee(this.log);
    code.set(this.size);
    code.i32(1);
    code.get(this.log);
    code.op(OP.i32_shl);
    code.set(this.size);
    f.loadState32(STATE.rflags);
    code.i32op(OP.i32_and, DF);
    code.set(this.down);
    code.i64(0xffff_ffff);
    code.i64(-1);
    code.get(MODE);
    code.i32op(OP.i32_and, REPEAT_ADDRESS32);
    code.op(OP.select);
    code.set(this.addressMask);
    code.loop(VOID);
    this.register(RCX);
    code.op(OP.i64_eqz);
    code.if(VOID);
    code.i32(0);
    code.op(OP.return);
    code.end();
    this.register(RSI);
    code.get(BASE);
    code.op(OP.i64_add);
    code.set(this.source);
    this.chooseCount();
    this.chargeFuel();
    code.get(this.count);
    code.i32op(OP.i32_gt_u, 1);
    code.if(VOID);
    this.chunk();
    code.else();
    this.element();
    code.end();
    code.br(0);
    code.end();
    code.op(OP.unreachable);
  }

  register(register: number): void {
    this.f.loadState64(STATE.gpr + register * 8);
    if (register === RAX) return;
    this.code.get(this.addressMask);
    this.code.op(OP.i64_and);
  }
  is(...operations: number[]): void {
    operations.forEach((operation, index) => {
      this.code.get(this.operation);
      this.code.i32op(OP.i32_eq, operation);
      if (index > 0) this.code.op(OP.i32_or);
    });
  }
  /** Returns 1 when the value on the stack is 0, else keeps it in `into`. */
  orLeave(into: number): void {
    const { code } = this;
    code.tee(into);
    code.op(OP.i32_eqz);
    code.if(VOID);
    code.i32(1);
    code.op(OP.return);
    code.end();
  }

  /** count = elements that lie within the pages of source and destination and rcx, 1 unless movs or stos upwards. */
  chooseCount(): void {
    const { code } = this;
    code.i32(1);
    code.set(this.count);
    this.is(REPEAT.movs, REPEAT.stos);
    code.get(this.down);
    code.op(OP.i32_eqz);
    code.op(OP.i32_and);
    code.if(VOID);
    this.register(RDI);
    code.op(OP.i32_wrap_i64);
    this.elementsToPageEnd();
    code.set(this.count);
    this.is(REPEAT.movs);
    code.if(VOID);
    code.get(this.source);
    code.op(OP.i32_wrap_i64);
    this.elementsToPageEnd();
    code.tee(this.bytes);
    code.get(this.count);
    code.op(OP.i32_lt_u);
    code.if(VOID);
    code.get(this.bytes);
    code.set(this.count);
    code.end();
    code.end();
    this.register(RCX);
    code.get(this.count);
    code.op(OP.i64_extend_i32_u);
    code.op(OP.i64_lt_u);
    code.if(VOID);
    this.register(RCX);
    code.op(OP.i32_wrap_i64);
    code.set(this.count);
    code.end();
    code.end();
  }
  /** (address on the stack) → whole elements before its page ends. */
  elementsToPageEnd(): void {
    const { code } = this;
    code.i32op(OP.i32_and, PAGE_SIZE - 1);
    code.set(this.bytes);
    code.i32(PAGE_SIZE);
    code.get(this.bytes);
    code.op(OP.i32_sub);
    code.get(this.log);
    code.op(OP.i32_shr_u);
  }

  /** One unit a step, and one for each 64 bytes of a chunk. */
  chargeFuel(): void {
    const { code, f } = this;
    f.loadState32(STATE.fuel);
    code.i32op(OP.i32_lt_s, 0);
    code.if(VOID);
    f.storeState32(STATE.exit, () => code.i32(Exit.fuel));
    code.i32(1);
    code.op(OP.return);
    code.end();
    f.storeState32(STATE.fuel, () => {
      f.loadState32(STATE.fuel);
      code.get(this.count);
      code.get(this.log);
      code.op(OP.i32_shl);
      code.i32op(OP.i32_shr_u, 6);
      code.i32op(OP.i32_add, 1);
      code.op(OP.i32_sub);
    });
  }

  /** Several elements of movs or stos within one page each. */
  chunk(): void {
    const { code, runtime } = this;
    code.get(this.count);
    code.get(this.log);
    code.op(OP.i32_shl);
    code.set(this.bytes);
    this.is(REPEAT.movs);
    code.if(VOID);
    code.get(this.source);
    code.get(this.bytes);
    code.call(runtime.index('pageRead'));
    this.orLeave(this.hostSource);
    code.end();
    this.register(RDI);
    code.get(this.bytes);
    code.call(runtime.index('pageWrite'));
    this.orLeave(this.host);
    this.is(REPEAT.movs);
    code.if(VOID);
    this.copyChunk();
    code.else();
    this.fillChunk();
    code.end();
    this.advance();
  }
  /** A destination that begins inside the source repeats what was just written: element by element. */
  copyChunk(): void {
    const { code } = this;
    code.get(this.host);
    code.get(this.hostSource);
    code.op(OP.i32_sub);
    code.i32op(OP.i32_sub, 1);
    code.get(this.bytes);
    code.i32op(OP.i32_sub, 1);
    code.op(OP.i32_lt_u);
    code.if(VOID);
    this.eachElement(() => {
      code.get(this.hostSource);
      code.get(this.log);
      code.call(this.runtime.index('loadSized'));
      code.set(this.left);
    });
    code.else();
    code.get(this.host);
    code.get(this.hostSource);
    code.get(this.bytes);
    code.fc(FC.memory_copy);
    code.end();
  }
  fillChunk(): void {
    const { code } = this;
    this.register(RAX);
    code.set(this.left);
    code.get(this.log);
    code.op(OP.i32_eqz);
    code.if(VOID);
    code.get(this.host);
    code.get(this.left);
    code.op(OP.i32_wrap_i64);
    code.get(this.bytes);
    code.fc(FC.memory_fill);
    code.else();
    this.eachElement(() => {});
    code.end();
  }
  /** Stores `left` (set by `prepare`) to each of the elements at `host`; leaves `host` changed. */
  eachElement(prepare: () => void): void {
    const { code } = this;
    const end = this.f.local(I32);
    code.get(this.host);
    code.get(this.bytes);
    code.op(OP.i32_add);
    code.set(end);
    code.loop(VOID);
    prepare();
    for (const size of [1, 2, 4, 8]) {
      code.get(this.size);
      code.i32op(OP.i32_eq, size);
      code.if(VOID);
      code.get(this.host);
      code.get(this.left);
      if (size < 8) code.op(OP.i32_wrap_i64);
      storeOp(code, size);
      code.end();
    }
    code.get(this.hostSource);
    code.get(this.size);
    code.op(OP.i32_add);
    code.set(this.hostSource);
    code.get(this.host);
    code.get(this.size);
    code.op(OP.i32_add);
    code.tee(this.host);
    code.get(end);
    code.op(OP.i32_ne);
    code.brIf(0);
    code.end();
  }

  /** Moves rcx, and rsi and rdi as the operation does, on by `count` elements. */
  advance(): void {
    const { code, f } = this;
    const step = f.local(I64);
    code.get(this.count);
    code.get(this.log);
    code.op(OP.i32_shl);
    code.op(OP.i64_extend_i32_u);
    code.set(step);
    code.get(this.down);
    code.if(VOID);
    code.i64(0);
    code.get(step);
    code.op(OP.i64_sub);
    code.set(step);
    code.end();
    const move = (register: number, amount: () => void, op: number) => {
      f.storeState64(STATE.gpr + register * 8, () => {
        this.register(register);
        amount();
        code.op(op);
        code.get(this.addressMask);
        code.op(OP.i64_and);
      });
    };
    this.is(REPEAT.movs, REPEAT.lods, REPEAT.cmps);
    code.if(VOID);
    move(RSI, () => code.get(step), OP.i64_add);
    code.end();
    this.is(REPEAT.lods);
    code.op(OP.i32_eqz);
    code.if(VOID);
    move(RDI, () => code.get(step), OP.i64_add);
    code.end();
    move(
      RCX,
      () => {
        code.get(this.count);
        code.op(OP.i64_extend_i32_u);
      },
      OP.i64_sub,
    );
  }

  /** One element of any operation, also one that crosses a page. */
  element(): void {
    const { code } = this;
    code.i32(1);
    code.set(this.count);
    this.is(REPEAT.movs, REPEAT.lods, REPEAT.cmps);
    code.if(VOID);
    this.load(() => code.get(this.source), this.left);
    code.else();
    this.register(RAX);
    code.set(this.left);
    code.end();
    this.is(REPEAT.movs, REPEAT.stos);
    code.if(VOID);
    this.register(RDI);
    code.get(this.left);
    code.get(this.log);
    code.call(this.runtime.index('storeSized'));
    code.if(VOID);
    code.i32(1);
    code.op(OP.return);
    code.end();
    code.end();
    this.is(REPEAT.lods);
    code.if(VOID);
    this.setAccumulator();
    code.end();
    this.is(REPEAT.scas, REPEAT.cmps);
    code.if(VOID);
    this.compare();
    code.else();
    this.advance();
    code.end();
  }
  load(address: () => void, into: number): void {
    const { code } = this;
    address();
    code.get(this.size);
    code.call(this.runtime.index('missRead'));
    this.orLeave(this.host);
    code.get(this.host);
    code.get(this.log);
    code.call(this.runtime.index('loadSized'));
    code.set(into);
  }
  setAccumulator(): void {
    const { code, f } = this;
    f.storeState64(STATE.gpr + RAX * 8, () => {
      this.register(RAX);
      code.i64(-0x100);
      code.i64(-0x10000);
      code.get(this.log);
      code.op(OP.i32_eqz);
      code.op(OP.select);
      code.i64(0);
      code.get(this.log);
      code.i32op(OP.i32_lt_u, 2);
      code.op(OP.select);
      code.op(OP.i64_and);
      code.get(this.left);
      code.op(OP.i64_or);
    });
  }
  /** Compares; the flags are written only when the instruction ends, by count or by the comparison. */
  compare(): void {
    const { code, f } = this;
    const mask = f.local(I64);
    this.load(() => this.register(RDI), this.right);
    this.advance();
    code.i64(-1);
    code.i64(64);
    code.get(this.size);
    code.op(OP.i64_extend_i32_u);
    code.i64op(OP.i64_shl, 3);
    code.op(OP.i64_sub);
    code.op(OP.i64_shr_u);
    code.tee(mask);
    code.get(this.left);
    code.op(OP.i64_and);
    code.tee(this.left);
    code.get(this.right);
    code.op(OP.i64_eq);
    code.get(MODE);
    code.i32op(OP.i32_and, REPEAT_NE);
    code.op(OP.i32_eqz);
    code.op(OP.i32_ne);
    this.register(RCX);
    code.op(OP.i64_eqz);
    code.op(OP.i32_or);
    code.if(VOID);
    f.storeState32(STATE.flagKind, () => {
      code.get(this.log);
      code.i32op(OP.i32_or, FLAG.sub);
    });
    f.storeState64(STATE.flagB, () => code.get(this.right));
    f.storeState64(STATE.flagResult, () => {
      code.get(this.left);
      code.get(this.right);
      code.op(OP.i64_sub);
      code.get(mask);
      code.op(OP.i64_and);
    });
    code.i32(0);
    code.op(OP.return);
    code.end();
  }
}
