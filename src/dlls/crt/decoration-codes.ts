/**
 * The letters of decorated names and what Windows spells for them.
 * https://en.wikiversity.org/wiki/Visual_C%2B%2B_name_mangling
 */

export const FUNDAMENTAL: Readonly<Record<string, string>> = {
  C: 'signed char',
  D: 'char',
  E: 'unsigned char',
  F: 'short',
  G: 'unsigned short',
  H: 'int',
  I: 'unsigned int',
  J: 'long',
  K: 'unsigned long',
  M: 'float',
  N: 'double',
  O: 'long double',
  X: 'void',
};

/** Behind an underline. */
export const EXTENDED: Readonly<Record<string, string>> = {
  D: '__int8',
  E: 'unsigned __int8',
  F: '__int16',
  G: 'unsigned __int16',
  H: '__int32',
  I: 'unsigned __int32',
  J: '__int64',
  K: 'unsigned __int64',
  L: '__int128',
  M: 'unsigned __int128',
  N: 'bool',
  P: 'auto',
  Q: 'char8_t',
  S: 'char16_t',
  T: 'decltype(auto)',
  U: 'char32_t',
  W: 'wchar_t',
};

/** Types that have a name; an enum of int, which all of Visual C++'s say they are, has a 4 besides. */
export const NAMED: Readonly<Record<string, string>> = {
  T: 'union',
  U: 'struct',
  V: 'class',
  W: 'enum',
  Y: 'cointerface',
};

const QUALIFIERS = ['', 'const', 'volatile', 'const volatile'];
function qualifiersFrom(first: string): Readonly<Record<string, string>> {
  const codes = QUALIFIERS.map((words, i) => [String.fromCharCode(first.charCodeAt(0) + i), words]);
  return Object.fromEntries(codes);
}
/** Of a type; behind these those of what a pointer to a member points to; and those of a pointer itself. */
export const OF_TYPE = qualifiersFrom('A');
export const OF_MEMBER = qualifiersFrom('Q');
export const OF_POINTER = qualifiersFrom('P');
/** A reference is at most volatile. */
export const OF_REFERENCE: Readonly<Record<string, string>> = { A: '', B: 'volatile' };
export const OF_RVALUE_REFERENCE: Readonly<Record<string, string>> = { Q: '', R: 'volatile' };

/** Every second letter is the same convention, of a function that is exported. */
const CONVENTIONS: Readonly<Record<string, string>> = {
  A: '__cdecl',
  C: '__pascal',
  E: '__thiscall',
  G: '__stdcall',
  I: '__fastcall',
  M: '__clrcall',
  O: '__eabi',
  Q: '__vectorcall',
};
export function conventionOf(code: string): string | undefined {
  return CONVENTIONS[code] ?? CONVENTIONS[String.fromCharCode(code.charCodeAt(0) - 1)];
}

const ACCESS = ['private: ', 'protected: ', 'public: '];
/** What a function is: its letter, by eights of the access, and by twos of the kind. The last kind is a thunk. */
export interface FunctionKind {
  readonly prefix: string;
  readonly hasThis: boolean;
}
export function functionKindOf(code: string): FunctionKind | undefined {
  if (code === 'Y' || code === 'Z') return { prefix: '', hasThis: false };
  const at = code.charCodeAt(0) - 0x41;
  const kind = ['', 'static ', 'virtual '][(at % 8) >> 1];
  const access = ACCESS[Math.floor(at / 8)];
  if (kind === undefined || access === undefined) return undefined;
  return { prefix: access + kind, hasThis: kind !== 'static ' };
}

/** What a variable is, by its digit. */
export const VARIABLE_KINDS: readonly string[] = [
  'private: static ',
  'protected: static ',
  'public: static ',
  '',
  '',
];

/** Operators by their letter, which follows a question mark. Constructors, destructors and conversions are not here. */
export const OPERATORS: Readonly<Record<string, string>> = {
  2: ' new',
  3: ' delete',
  4: '=',
  5: '>>',
  6: '<<',
  7: '!',
  8: '==',
  9: '!=',
  A: '[]',
  C: '->',
  D: '*',
  E: '++',
  F: '--',
  G: '-',
  H: '+',
  I: '&',
  J: '->*',
  K: '/',
  L: '%',
  M: '<',
  N: '<=',
  O: '>',
  P: '>=',
  Q: ',',
  R: '()',
  S: '~',
  T: '^',
  U: '|',
  V: '&&',
  W: '||',
  X: '*=',
  Y: '+=',
  Z: '-=',
  _0: '/=',
  _1: '%=',
  _2: '>>=',
  _3: '<<=',
  _4: '&=',
  _5: '|=',
  _6: '^=',
  _U: ' new[]',
  _V: ' delete[]',
  __L: ' co_await',
  __M: '<=>',
};
