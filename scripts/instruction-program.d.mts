/** One instance of a Code, as far as tests look at it. */
export interface Instance {
  readonly name: string;
  readonly bytes: readonly number[];
  /** Where the instruction begins in `bytes`. */
  readonly entry: number;
}
/** Codes whose results are approximations. */
export const NEAR: ReadonlySet<string>;
export function layOut(program: 'integer' | 'sse' | 'x87'): Instance[];
