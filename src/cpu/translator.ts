import { CpuState, RAX, RBX, RCX, RDX, STATE } from '../machine/cpu-state.ts';
import { FRAMES, PAGE_SIZE } from '../machine/layout.ts';
import { monotonic } from '../machine/monotonic.ts';
import { EXECUTE, READ, WRITE } from '../memory/constants.ts';
import type { AddressSpace } from '../memory/space.ts';
import { STATUS_ACCESS_VIOLATION } from '../memory/status.ts';
import type { MemorySystem } from '../memory/system.ts';
import { type Executor, Exit, type ExitReason, type ServiceHook } from '../process/executor.ts';
import { CodeCache, entryKey, SpaceCode } from './code/code-cache.ts';
import { Compiler, type TranslationStatistics } from './code/compiler.ts';
import { FunctionTable } from './code/function-table.ts';
import { JumpCache } from './code/jump-cache.ts';
import { EXTENSION_FUEL, WayOut } from './code/way-out.ts';
import { cpuid } from './cpuid.ts';
import { TF } from './region/flag-kinds.ts';
import { HOLD, INTERNAL_EXIT, RARE, REACHED, type Reached } from './runtime/helpers.ts';
import { Runtime } from './runtime/runtime.ts';
import { MXCSR } from './runtime/sse/layout.ts';
import { instantiateSse } from './runtime/sse/sse-module.ts';
import { instantiateX87 } from './runtime/x87/x87-module.ts';
import { enterPages } from './tlb/ready-pages.ts';
import { layStackWindow } from './tlb/stack-window.ts';
import { Tlb } from './tlb/tlb.ts';
import { describeInstruction } from './unsupported.ts';

const HIGH = 0x1_0000_0000;
/** High halves of addresses from here on are no user space's. */
const USER_HIGH = 0x8000;
/** High halves from here on, with the low ones below, are not canonical. */
const KERNEL_HIGH = 0xffff_8000;
/** Translations in the machine after which all are dropped: hostile code makes new code without end. */
const MOST_FUNCTIONS = 60_000;
/** Fuel that translating one guest instruction costs, so that translation counts as time, too. */
const TRANSLATION_FUEL = 50;
/** Fuel that executing one instruction by a translation of its own costs. */
const STEP_FUEL = 2000;
/** All of MXCSR but its flags. */
const MXCSR_CONTROL = 0xffc0;
/** Table index of the function that leaves the dispatcher. */
const LEAVE = 0;

/** Reasons for leaving translated code that the state holds; see Exit and INTERNAL_EXIT. */
type Reason = ExitReason | (typeof INTERNAL_EXIT)[keyof typeof INTERNAL_EXIT];

const noMore = (): number => 0;

export interface TranslatorOptions {
  /** Counts for rdtsc, about a nanosecond each. */
  readonly timestamp?: () => number;
}

/**
 * The CPU: translates guest functions to WebAssembly when they are first reached and runs them. One translator
 * serves all address spaces of a machine, one of them at a time.
 */
export class Translator implements Executor {
  readonly #system: MemorySystem;
  readonly #service: ServiceHook;
  readonly #timestamp: () => number;
  readonly #state: CpuState;
  readonly #tlb: Tlb;
  readonly #jumpCache: JumpCache;
  readonly #table = new FunctionTable();
  readonly #cache: CodeCache;
  readonly #runtime: Runtime;
  readonly #compiler: Compiler;
  readonly #codes = new WeakMap<AddressSpace, SpaceCode>();
  #space!: AddressSpace;
  #code!: SpaceCode;
  #unsupported = '';
  #fuelGiven = 0;
  readonly #wayOut = new WayOut();
  /** The fuel is used up, and a place to leave is looked for. */
  #isLeaving = false;
  #refuel: () => number = noMore;
  #areFloatsExact = false;

  constructor(system: MemorySystem, service: ServiceHook, options: TranslatorOptions = {}) {
    this.#system = system;
    this.#service = service;
    this.#timestamp = options.timestamp ?? (() => monotonic() * 1e6);
    this.#state = new CpuState(system.ram);
    this.#tlb = new Tlb(system.ram);
    this.#jumpCache = new JumpCache(system.ram);
    this.#cache = new CodeCache(system.frames, this.#table, this.#jumpCache);
    this.#runtime = new Runtime(system.ram, this.#table.table, {
      probeRead: (low, high) => this.#probeRead(low, high),
      probeWrite: (low, high, size) => this.#probeWrite(low, high, size),
      find: (low, high, reached) => this.#find(low, high, reached as Reached),
      hostRefillStack: (low, high, width) => this.#refillStack(low, high, width),
      hostHold: (low, high, size, distance, width, how) => this.#hold(low, high, size, distance, width, how),
      hostService: (service) => this.#serve(service),
      hostOutOfFuel: (low, high, stack) => this.#outOfFuel(low, high, stack),
      hostRare: (which) => this.#rare(which),
      hostLoadSse: () => this.#table.addPermanent(instantiateSse(system.ram, this.#table.table)),
      hostLoadX87: () => this.#table.addPermanent(instantiateX87(system.ram, this.#table.table)),
    });
    this.#table.setLeave(this.#runtime.leave);
    this.#compiler = new Compiler(this.#table, this.#runtime.imports);
    system.onCodeChange = (frame) => this.#cache.dropFrame(frame);
  }

  get unsupported(): string {
    return this.#unsupported;
  }
  get statistics(): TranslationStatistics {
    return this.#compiler.statistics;
  }

  get translatedBytes(): number {
    return this.statistics.guestBytes;
  }

  activate(space: AddressSpace): void {
    if (space === this.#space) return;
    this.#space = space;
    let code = this.#codes.get(space);
    if (code === undefined) {
      code = new SpaceCode();
      this.#codes.set(space, code);
      space.onTranslationChange = (changed, firstPage, count) =>
        this.#translationChanged(changed, firstPage, count);
    }
    this.#code = code;
    this.#tlb.flush();
    this.#jumpCache.flush();
  }

  #translationChanged(space: AddressSpace, firstPage: number, count: number): void {
    if (space === this.#space) this.#tlb.drop(firstPage, count);
    this.#cache.detachPages(this.#codes.get(space)!, firstPage, count);
  }

  run(fuel: number, refuel: () => number = noMore): ExitReason {
    const state = this.#state;
    const runtime = this.#runtime;
    runtime.adopt();
    this.#lookAtFloats();
    // Translated code leaves when it finds less than nothing left.
    state.setWord(STATE.fuel, fuel - 1);
    this.#refuel = refuel;
    this.#fuelGiven = fuel;
    this.#isLeaving = false;
    let reason: Reason = INTERNAL_EXIT.retry;
    do {
      this.#cache.hasDropped = false;
      state.setWord(STATE.exit, 0);
      if (this.#table.count > MOST_FUNCTIONS) this.#cache.dropAll();
      if (state.word(STATE.rflags) & TF) reason = this.#step() ?? Exit.singleStep;
      else if (reason === INTERNAL_EXIT.step) reason = this.#step() ?? INTERNAL_EXIT.retry;
      else {
        runtime.run();
        reason = state.word(STATE.exit) as Reason;
      }
      // An instruction that is executed alone has no careful translation to go on in.
      if (reason === INTERNAL_EXIT.careful) reason = INTERNAL_EXIT.retry;
      if (reason === INTERNAL_EXIT.retry && (state.word(STATE.fuel) | 0) < 0) reason = Exit.fuel;
      if (reason === Exit.fuel && this.#addFuel()) reason = INTERNAL_EXIT.retry;
    } while (reason === INTERNAL_EXIT.retry || reason === INTERNAL_EXIT.step);
    runtime.materialise();
    if (reason === Exit.unsupported) this.#unsupported = describeInstruction(this.#space, state.rip);
    return reason;
  }

  /** Executes the one instruction at the RIP by a translation of its own. Undefined when it was completed. */
  #step(): Reason | undefined {
    const { rip } = this.#state;
    const reader = rip < HIGH * USER_HIGH ? this.#compiler.reader(this.#space, rip) : undefined;
    if (reader === undefined) {
      this.#executeFault(rip % HIGH, Math.floor(rip / HIGH));
      return Exit.fault;
    }
    this.#charge(STEP_FUEL);
    const index = this.#compiler.compileStep(reader, rip);
    this.#lookAtFloats();
    const isDone = this.#runtime.runOnce(this.#table.ready(index)) === 1;
    this.#table.remove(index);
    return isDone ? undefined : (this.#state.word(STATE.exit) as Reason);
  }

  // Called by translated code

  #refillStack(low: number, high: number, width: number): number {
    const start = (high >>> 0) * HIGH + (low >>> 0);
    return layStackWindow(this.#tlb, this.#space, this.#system.frames, start, width) ? 1 : 0;
  }

  #probeRead(low: number, high: number): number {
    const host = this.#probe(low >>> 0, high >>> 0, READ);
    if (host === 0) return 0;
    if (this.#cache.hasDropped) return this.#leave(INTERNAL_EXIT.retry);
    this.#tlb.fillRead(low, high, host);
    return this.#tlb.hasLost ? this.#leave(INTERNAL_EXIT.careful) : host;
  }

  /** A frame with translated code gets no TLB entry for writing, so that each store to it comes here. */
  #probeWrite(low: number, high: number, size: number): number {
    const host = this.#probe(low >>> 0, high >>> 0, WRITE);
    if (host === 0) return 0;
    if (this.#cache.hasDropped) return this.#leave(INTERNAL_EXIT.step);
    const frame = (host - FRAMES) >>> 12;
    if (!this.#system.frames.holdsCode(frame)) this.#tlb.fillWrite(low, high, host);
    else if (this.#cache.isCode(frame, low & (PAGE_SIZE - 1), size)) {
      this.#cache.dropFrame(frame);
      return this.#leave(INTERNAL_EXIT.step);
    }
    return this.#tlb.hasLost ? this.#leave(INTERNAL_EXIT.careful) : host;
  }

  /**
   * Makes sure of `width` bytes, which begin `distance` from an address where `size` bytes are accessed: what the access
   * itself brings about may happen, nothing else. Not 0: the access failed, or not all bytes are at home and accessible.
   */
  #hold(low: number, high: number, size: number, distance: number, width: number, how: number): number {
    const host = how === HOLD.holdWrite ? this.#probeWrite(low, high, size) : this.#probeRead(low, high);
    if (host === 0) return 1;
    const isInPage = (low & (PAGE_SIZE - 1)) + size <= PAGE_SIZE;
    const start = (high >>> 0) * HIGH + (low >>> 0) + distance;
    const access = how === HOLD.holdRead ? READ : WRITE;
    if (isInPage && enterPages(this.#tlb, this.#space, this.#system.frames, start, width, access)) return 0;
    this.#leave(INTERNAL_EXIT.careful);
    return 1;
  }

  /** What brings one page in may take another away that code under way relies on: then it has to leave. */
  #probe(low: number, high: number, access: number): number {
    this.#tlb.hasLost = false;
    if (high >= USER_HIGH) {
      this.#outsideUserSpace(low, high, access);
      return 0;
    }
    const host = this.#space.probe(high * HIGH + low, access);
    if (host === 0) this.#spaceFault();
    return host;
  }
  #spaceFault(): void {
    const { faultStatus, faultAddress, faultAccess } = this.#space;
    const state = this.#state;
    state.setWord(STATE.exit, Exit.fault);
    state.setWord(STATE.exitCode, faultStatus);
    state.setNumber64(STATE.faultAddress, faultAddress);
    state.setWord(STATE.faultAccess, faultAccess);
  }
  /** The upper half of the address space faults at its address; what lies between is a #GP, which tells none. */
  #outsideUserSpace(low: number, high: number, access: number): void {
    const state = this.#state;
    const isCanonical = high >= KERNEL_HIGH;
    state.setWord(STATE.exit, Exit.fault);
    state.setWord(STATE.exitCode, STATUS_ACCESS_VIOLATION);
    state.setWord(STATE.faultAddress, isCanonical ? low : 0xffff_ffff);
    state.setWord(STATE.faultAddress + 4, isCanonical ? high : 0xffff_ffff);
    state.setWord(STATE.faultAccess, isCanonical ? access : READ);
  }
  #leave(reason: Reason): number {
    this.#state.setWord(STATE.exit, reason);
    return 0;
  }

  /** Table index of the translation at an address, made now if there is none. */
  #find(lowSigned: number, highSigned: number, reached: Reached): number {
    const low = lowSigned >>> 0;
    const high = highSigned >>> 0;
    if (high >= USER_HIGH) return this.#executeFault(low, high);
    const rip = high * HIGH + low;
    const entry = entryKey(rip, reached);
    const index =
      this.#code.entries.get(entry) ??
      this.#cache.adopt(entry, this.#code, (span) => this.#compiler.holds(this.#space, span)) ??
      this.#translate(rip, reached);
    if (index === LEAVE) return LEAVE;
    if (this.#cache.hasDropped) {
      this.#state.rip = rip;
      return this.#leave(INTERNAL_EXIT.retry);
    }
    if (reached !== REACHED.careful) this.#jumpCache.set(low, high, index);
    return this.#table.ready(index);
  }
  #executeFault(low: number, high: number): number {
    if (high >= USER_HIGH) this.#outsideUserSpace(low, high, EXECUTE);
    else this.#spaceFault();
    this.#state.setWord(STATE.rip, low);
    this.#state.setWord(STATE.rip + 4, high);
    return LEAVE;
  }
  #translate(rip: number, reached: Reached): number {
    const reader = this.#compiler.reader(this.#space, rip);
    if (reader === undefined) return this.#executeFault(rip % HIGH, Math.floor(rip / HIGH));
    if (this.#table.count > MOST_FUNCTIONS) {
      this.#state.rip = rip;
      return this.#leave(INTERNAL_EXIT.retry);
    }
    const before = this.statistics.instructions;
    const batch = this.#compiler.compile(reader, rip, this.#code, reached);
    this.#lookAtFloats();
    for (const { frame } of batch.spans) this.#tlb.forbidWrites(frame);
    this.#cache.add(batch, this.#code);
    this.#charge((this.statistics.instructions - before) * TRANSLATION_FUEL);
    return this.#code.entries.get(entryKey(rip, reached))!;
  }
  /** Drops translations that do not keep MXCSR exactly, once it matters. */
  #lookAtFloats(): void {
    if (this.#areFloatsExact) return;
    const state = this.#state;
    const isUsual = (state.word(STATE.mxcsr) & MXCSR_CONTROL) === MXCSR.MASKS;
    if (isUsual && state.word(STATE.observesMxcsr) === 0 && !this.#compiler.exactFloats) return;
    this.#areFloatsExact = true;
    this.#compiler.exactFloats = true;
    this.#cache.dropAll();
  }
  #charge(fuel: number): void {
    this.#state.setWord(STATE.fuel, this.#state.word(STATE.fuel) - fuel);
  }

  /** The RIP in the state is after the syscall. Not 0: leave. */
  #serve(service: number): number {
    if (this.#service(service)) {
      this.#state.setWord(STATE.exit, Exit.service);
      return 1;
    }
    this.#lookAtFloats();
    if (!this.#cache.hasDropped) return 0;
    this.#state.setWord(STATE.exit, INTERNAL_EXIT.retry);
    return 1;
  }

  #addFuel(): boolean {
    const fuel = this.#refuel();
    if (fuel <= 0) return false;
    this.#fuelGiven += fuel;
    this.#state.setWord(STATE.fuel, fuel - 1);
    return true;
  }
  /** At a loop header or the entry of a function: the last instruction has ended and the next has not begun. */
  #outOfFuel(low: number, high: number, stack: number): number {
    if (!this.#isLeaving) {
      this.#tlb.hasLost = false;
      if (this.#addFuel()) return this.#tlb.hasLost ? 1 : 0;
      this.#isLeaving = true;
      this.#wayOut.begin(this.#fuelGiven);
    }
    const rip = (high >>> 0) * HIGH + (low >>> 0);
    if (this.#wayOut.isHere(rip, stack, (address) => this.#code.entries.has(address))) return 1;
    this.#state.setWord(STATE.fuel, EXTENSION_FUEL);
    return 0;
  }

  #rare(which: number): number {
    const state = this.#state;
    if (which === RARE.cpuid) {
      const answer = cpuid(state.gprLow(RAX));
      [RAX, RBX, RCX, RDX].forEach((register, at) => {
        state.setGprHalves(register, answer[at]! >>> 0, 0);
      });
    } else {
      const count = Math.floor(this.#timestamp());
      state.setGprHalves(RAX, count >>> 0, 0);
      state.setGprHalves(RDX, Math.floor(count / HIGH) >>> 0, 0);
      if (which === RARE.rdtscp) state.setGprHalves(RCX, 0, 0);
    }
    return 0;
  }
}
