/**
 * Where printf's and scanf's rules differ: between msvcrt and the Universal C Runtime, and by the option bits of the
 * latter's __stdio_common functions.
 */
export interface Dialect {
  /** C99: inf and nan, hh, exponents of two digits. */
  readonly c99: boolean;
  readonly exponentDigits: 2 | 3;
  /** %s and %c in a wide format are wide, as they always were in Microsoft's; in C99 they are narrow. */
  readonly wideStrings: boolean;
  /** Exact halves are rounded to even; else away from zero. */
  readonly toEven: boolean;
  /** %n stores; else it is an invalid parameter. */
  readonly counts: boolean;
  /** Arguments by number: %1$d. */
  readonly positional: boolean;
  /** Code page of the locale: 0 is "C". */
  readonly codePage: number;
}

/** msvcrt's, in the "C" locale. */
export const MSVCRT: Dialect = {
  c99: false,
  exponentDigits: 3,
  wideStrings: true,
  toEven: false,
  counts: true,
  positional: false,
  codePage: 0,
};

// Option bits of __stdio_common_v…printf.
export const LEGACY_NULL_TERMINATION = 0x01;
export const STANDARD_SNPRINTF = 0x02;
const LEGACY_WIDE_SPECIFIERS = 0x04;
const LEGACY_COMPATIBILITY = 0x08;
const THREE_DIGIT_EXPONENTS = 0x10;
const STANDARD_ROUNDING = 0x20;

/** The rules that printf's option bits ask for. */
export function printfDialect(
  options: number,
  { codePage, counts, positional }: Pick<Dialect, 'codePage' | 'counts' | 'positional'>,
): Dialect {
  return {
    c99: (options & LEGACY_COMPATIBILITY) === 0,
    exponentDigits: (options & THREE_DIGIT_EXPONENTS) !== 0 ? 3 : 2,
    wideStrings: (options & LEGACY_WIDE_SPECIFIERS) !== 0,
    toEven: (options & STANDARD_ROUNDING) !== 0,
    counts,
    positional,
    codePage,
  };
}
