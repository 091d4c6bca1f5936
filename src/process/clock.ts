import type { HostClock } from '../machine/host.ts';

/** Ticks of 100 ns between 1601-01-01 and 1970-01-01. */
const EPOCH_DIFFERENCE = 116_444_736_000_000_000n;
/** A deterministic machine is switched on at this moment (ms since 1970): 2026-01-01 UTC. */
const DETERMINISTIC_START = 1_767_225_600_000;
/** Counts per second of QueryPerformanceCounter, as on current Windows. */
export const PERFORMANCE_FREQUENCY = 10_000_000;
/** How long the machine had been up when its first program started, so that early tick counts are not zero. */
const UPTIME_AT_START = 60_000;

/** The guest's clocks: the host's, or with a seed a virtual one that only advance() moves. */
export class Clock {
  readonly #host: HostClock | undefined;
  readonly #start: number;
  #virtual = 0;

  constructor(host: HostClock | undefined, deterministic: number | undefined) {
    this.#host = deterministic === undefined ? host : undefined;
    this.#start = this.#host?.monotonic() ?? 0;
  }

  /** Only advance() moves it: who waits for a moment moves the clock there. */
  get isVirtual(): boolean {
    return this.#host === undefined;
  }
  /** Milliseconds since the machine was switched on, with fractions. */
  uptime(): number {
    return UPTIME_AT_START + (this.#host ? this.#host.monotonic() - this.#start : this.#virtual);
  }
  /** Milliseconds since the machine's first program started. */
  runningTime(): number {
    return this.uptime() - UPTIME_AT_START;
  }
  /** When that was, as a FILETIME. */
  fileTimeAtStart(): { low: number; high: number } {
    return fileTimeOf(this.now() - this.runningTime());
  }
  /** Milliseconds since 1970 UTC. */
  now(): number {
    return this.#host ? this.#host.now() : DETERMINISTIC_START + this.#virtual;
  }
  /** Moves a virtual clock by milliseconds; without effect on the host's. */
  advance(milliseconds: number): void {
    this.#virtual += milliseconds;
  }
  /** Now as a FILETIME, in two halves. */
  fileTime(): { low: number; high: number } {
    return fileTimeOf(this.now());
  }
  /** QueryPerformanceCounter's value: exact for centuries. */
  performanceCounter(): number {
    return Math.floor(this.uptime() * (PERFORMANCE_FREQUENCY / 1000));
  }
}

/** Milliseconds since 1970 UTC as a FILETIME (100 ns since 1601), in two halves. */
export function fileTimeOf(milliseconds: number): { low: number; high: number } {
  const ticks = BigInt(Math.round(milliseconds * 10_000)) + EPOCH_DIFFERENCE;
  return { low: Number(ticks & 0xffff_ffffn), high: Number(ticks >> 32n) };
}
