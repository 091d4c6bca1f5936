const node = globalThis.process?.hrtime as (() => [seconds: number, nanoseconds: number]) | undefined;

/**
 * Milliseconds since a moment of the host's choice; never goes back. Node has `performance` too, but loads it when it is first
 * used, which takes 2 ms of each start.
 */
export const monotonic: () => number =
  node === undefined
    ? () => performance.now()
    : () => {
        const [seconds, nanoseconds] = node();
        return seconds * 1e3 + nanoseconds / 1e6;
      };

/** The last moment of a millisecond that a double of today's time still tells from the next one. */
const LAST_FRACTION = 1 - 2 ** -10;

/**
 * The time of day, in milliseconds since 1970 with a fraction: always within the millisecond that Date.now() says, and
 * going back only when that does.
 */
export class TimeOfDay {
  readonly #date: () => number;
  readonly #monotonic: () => number;
  /** What monotonic() is behind the time of day. At first short of a millisecond, until Date.now() is seen to go on. */
  #behind = 0;

  constructor(date: () => number = Date.now, clock: () => number = monotonic) {
    this.#date = date;
    this.#monotonic = clock;
  }

  now(): number {
    const date = this.#date();
    const fraction = this.#monotonic() + this.#behind - date;
    if (fraction >= 0 && fraction <= LAST_FRACTION) return date + fraction;
    const allowed = fraction < 0 ? 0 : LAST_FRACTION;
    this.#behind += allowed - fraction;
    return date + allowed;
  }
}
