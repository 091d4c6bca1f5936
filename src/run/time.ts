import type { ServiceTable } from '../dlls/service-table.ts';
import { monotonic } from '../machine/monotonic.ts';

/** Milliseconds of host time of a run, apart from starting and ending it. */
export interface Time {
  /** Making WebAssembly of guest code. */
  readonly translate: number;
  /** In the engine's compiler, as far as the run waited for it. */
  readonly compile: number;
  /** In translated code, page faults included; API calls, too, where `api` is absent. */
  readonly guest: number;
  /** In API calls; absent where the run was not asked to measure them. */
  readonly api?: number;
}

/** Serves API calls and counts how long they take. */
export class TimedServices {
  readonly #table: ServiceTable;
  /** Milliseconds so far. */
  time = 0;

  constructor(table: ServiceTable) {
    this.#table = table;
  }
  serve(service: number): boolean {
    const started = monotonic();
    const leaves = this.#table.serve(service);
    this.time += monotonic() - started;
    return leaves;
  }
}
