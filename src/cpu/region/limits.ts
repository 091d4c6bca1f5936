/** Bounds of a region, so that hostile code cannot make a huge one. */
export interface RegionLimits {
  readonly instructions: number;
  readonly blocks: number;
  /** Instructions that it may repeat of others before it ends at what is translated. */
  readonly repeated: number;
  /** Only what lies ahead: jumps backwards and through tables lead out. */
  readonly isAhead: boolean;
  /** Whether it keeps to what leads back to its entry. */
  readonly loop: Loop;
}
/** Which loop a region keeps to. */
export const LOOP = {
  none: 0,
  outermost: 1,
  /** What lies before the entry belongs to loops around it. */
  innermost: 2,
} as const;
export type Loop = (typeof LOOP)[keyof typeof LOOP];
/**
 * Without some repetition, the cases of a switch in a loop would each leave for the head of the loop. With 100 instead of 50
 * speedtest1 translates 4 % more, and jpegtran -optimize takes 15 % longer.
 */
const REPEATED = { repeated: 50, isAhead: false, loop: LOOP.none };
/**
 * With more blocks V8's optimizing compiler takes 20 to 50 MB for one function, for values meet in each of them: 500 instead
 * of 200 cost jpegtran and bzip2 20 to 40 MB, and no program was faster.
 */
export const REGION_LIMITS: RegionLimits = { instructions: 2000, blocks: 200, ...REPEATED };
/**
 * A larger one is better without its tables: what lua's interpreter (3,297 instructions) takes in one region is 1.5 to 5
 * times as long as in one for each case, until the engine has optimized it, and not less after that.
 */
export const LIMITS_WITH_TABLES: RegionLimits = { instructions: 400, blocks: 200, ...REPEATED };
/** Instructions up to which a region takes in all cases of its tables, in loops or not: modules of their own would cost more. */
export const FEW_WITH_TABLES = 300;
/**
 * What begins inside a function is there for a case of a large switch, mostly, and all that follows would be translated
 * again for each case.
 */
export const LIMITS_INSIDE: RegionLimits = { instructions: 300, blocks: 300, ...REPEATED };
/**
 * What is resumed in the midst of a function (a frame that an unwind took off the host's stack) runs once, mostly: only
 * what lies ahead of it, up to the next loop or what is translated already.
 */
export const LIMITS_RESUMED: RegionLimits = {
  instructions: 60,
  blocks: 20,
  repeated: 0,
  isAhead: true,
  loop: LOOP.none,
};
/** But a loop that it comes to is taken in as a whole, for it may run for long. */
export const LIMITS_OF_A_LOOP: RegionLimits = {
  instructions: REGION_LIMITS.instructions,
  blocks: REGION_LIMITS.blocks,
  repeated: REGION_LIMITS.instructions,
  isAhead: false,
  loop: LOOP.outermost,
};
export const LIMITS_OF_AN_INNER_LOOP: RegionLimits = { ...LIMITS_OF_A_LOOP, loop: LOOP.innermost };
/** A region of the one instruction at its entry. */
export const SINGLE_STEP: RegionLimits = { instructions: 1, blocks: 1, ...REPEATED };
