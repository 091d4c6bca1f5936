const HIGH = 0x1_0000_0000;
/** Fuel that code goes on with at a time when it has none left, and how often at most: until a good place comes. */
export const EXTENSION_FUEL = 300;
const EXTENSIONS = 1000;
/** Fuel of a run for which it gets one of them: a hundredth more at most does not matter to the caller. */
const FUEL_OF_AN_EXTENSION = 30_000;
/** The part of them that is used to see how few functions are under way at best. */
const LOOKS = 0.4;
/** Places that are remembered. */
const MOST_PLACES = 4096;

/**
 * Where code leaves whose fuel is used up. It matters, for all functions that are under way then must be translated
 * from there to be resumed. The best place is one where code has left before, for then they are; else one where few are under way.
 */
export class WayOut {
  #extensions = 0;
  #looks = 0;
  /** The most host stack left that was seen since begin(). */
  #mostStack = 0;
  readonly #places = new Set<number>();

  /** Begins to look for a place, after a run that got so much fuel. */
  begin(fuel: number): void {
    this.#extensions = Math.min(EXTENSIONS, Math.floor(fuel / FUEL_OF_AN_EXTENSION));
    this.#looks = Math.floor(this.#extensions * LOOKS);
    this.#mostStack = 0;
  }

  /**
   * Whether to leave at a RIP, with so much host stack left (which stands for who has called whom), or to go on with
   * EXTENSION_FUEL. Where nobody has left before, only at an address that is translated already, unless it has taken too long.
   */
  isHere(rip: number, stack: number, isTranslated: (rip: number) => boolean): boolean {
    const place = (rip % HIGH) + stack * HIGH;
    if (this.#places.has(place)) return true;
    if (this.#extensions > 0 && !this.#isGood(rip, stack, isTranslated)) return false;
    if (this.#places.size === MOST_PLACES) this.#places.clear();
    this.#places.add(place);
    return true;
  }

  #isGood(rip: number, stack: number, isTranslated: (rip: number) => boolean): boolean {
    this.#extensions--;
    if (this.#looks === 0) return stack >= this.#mostStack && isTranslated(rip);
    this.#looks--;
    this.#mostStack = Math.max(this.#mostStack, stack);
    return false;
  }
}
