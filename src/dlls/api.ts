import { CALLING_FRAME } from '../process/host-frames.ts';
import type { Thread } from '../process/thread.ts';
import type { CallShape } from './calling-convention.ts';

/**
 * How an API function is declared, once, for everybody who calls it: guest code by way of a stub in one of
 * our DLL images, TypeScript callers, `--trace` and the coverage page.
 */

/**
 * Parameter and result kinds.
 *  address, size  64-bit value as a number; above 2^53 it is rounded but stays above, so range checks refuse it
 *  handle         signed 64-bit value as a number (-1 is the current process)
 *  dword, int, bool, status, word, byte   the low 32 bits (int signed), 16 or 8 bits
 *  double, float  in an xmm register, by position; as a number
 *  opaque64       two numbers, low and high half; never converted
 *  void           a result nobody reads
 */
export type Kind =
  | 'address'
  | 'size'
  | 'handle'
  | 'dword'
  | 'int'
  | 'bool'
  | 'status'
  | 'word'
  | 'byte'
  | 'double'
  | 'float'
  | 'opaque64'
  | 'void';

/**
 * A call from a host function into the guest: `address` is called with up to four integer arguments on the
 * thread's stack, and the generator gets what it leaves in rax (as a number; the thread's registers have
 * the exact value).
 */
export interface GuestCall {
  readonly address: number;
  readonly args: readonly number[];
}

type Plain<A extends readonly number[]> = (thread: Thread, ...args: A) => number;
type Calling<A extends readonly number[]> = (
  thread: Thread,
  ...args: A
) => Generator<GuestCall, number, number>;

/** What a bad guest pointer does: see DESIGN decision 4 in ARCHITECTURE.md. */
export type FaultRule = 'service' | 'library';

export interface Parameter {
  readonly name: string;
  readonly kind: Kind;
}

/** What the stub of a calling function has on the stack. */
export interface StubFrame {
  /** Bytes: shadow space, stack arguments of what it calls, and what the function keeps there. */
  readonly size: number;
  /** Entered by the kernel, which has made its frame (process/stub-frames.ts), not by a call. */
  readonly interrupt?: boolean;
  /** Name of the hidden function in its DLL that is its language handler. */
  readonly handler?: string;
}
const PLAIN_FRAME: StubFrame = { size: CALLING_FRAME };

/** One API function. `A` are the numbers its implementation takes. */
export interface Declaration<A extends readonly number[] = readonly number[]> {
  readonly rule: FaultRule;
  readonly parameters: readonly Parameter[];
  readonly variadic: boolean;
  readonly result: Kind;
  readonly plain: Plain<A> | undefined;
  readonly calling: Calling<A> | undefined;
  /** The frame of a calling function's stub. */
  readonly frame: StubFrame;
  /** Not exported: a handler that frames of our own name. */
  readonly hidden: boolean;
  /** The documentation makes it do nothing; listed as such on the coverage page. */
  readonly documentedNoOp: boolean;
}

/** A declaration in its place: which DLL, which name, which page describes it. */
export interface ApiFunction extends Declaration<never[]> {
  readonly dll: string;
  readonly name: string;
  readonly page: string;
  readonly shape: CallShape;
}

type One<P extends string> = P extends `${string}: opaque64`
  ? [number, number]
  : P extends '...'
    ? []
    : [number];
/** The numbers that a parameter list such as 'lpAddress: address, dwSize: size' stands for. */
export type ParametersOf<S extends string> = S extends ''
  ? []
  : S extends `${infer Head}, ${infer Rest}`
    ? [...One<Head>, ...ParametersOf<Rest>]
    : One<S>;

function parseParameters(list: string): { parameters: Parameter[]; variadic: boolean } {
  const parameters: Parameter[] = [];
  let variadic = false;
  for (const part of list === '' ? [] : list.split(', ')) {
    if (part === '...') {
      variadic = true;
      continue;
    }
    const colon = part.indexOf(': ');
    if (colon < 0) throw new RangeError(`parameter "${part}" has no kind`);
    parameters.push({ name: part.slice(0, colon), kind: part.slice(colon + 2) as Kind });
  }
  return { parameters, variadic };
}

/** A declaration whose parameter list is read when it is first asked for: most functions are never called. */
class Declared<A extends readonly number[]> implements Declaration<A> {
  readonly rule: FaultRule;
  readonly result: Kind;
  readonly plain: Plain<A> | undefined;
  readonly calling: Calling<A> | undefined;
  readonly frame: StubFrame;
  readonly hidden: boolean;
  readonly documentedNoOp: boolean;
  readonly #list: string;
  #parsed: ReturnType<typeof parseParameters> | undefined = undefined;

  constructor(
    rule: FaultRule,
    list: string,
    result: Kind,
    plain: Plain<A> | undefined,
    calling: Calling<A> | undefined,
    rest: { frame?: StubFrame; hidden?: boolean; documentedNoOp?: boolean } = {},
  ) {
    this.rule = rule;
    this.#list = list;
    this.result = result;
    this.plain = plain;
    this.calling = calling;
    this.frame = rest.frame ?? PLAIN_FRAME;
    this.hidden = rest.hidden ?? false;
    this.documentedNoOp = rest.documentedNoOp ?? false;
  }

  get parameters(): readonly Parameter[] {
    this.#parsed ??= parseParameters(this.#list);
    return this.#parsed.parameters;
  }
  get variadic(): boolean {
    this.#parsed ??= parseParameters(this.#list);
    return this.#parsed.variadic;
  }
}

/** A system service: a bad pointer becomes its documented status, nothing is raised. */
export function service<const S extends string>(
  list: S,
  result: Kind,
  run: Plain<ParametersOf<S>>,
): Declaration<ParametersOf<S>> {
  return new Declared('service', list, result, run, undefined);
}

/** A library function: a bad pointer raises the access violation in its caller, and can be resumed. */
export function library<const S extends string>(
  list: S,
  result: Kind,
  run: Plain<ParametersOf<S>>,
): Declaration<ParametersOf<S>> {
  return new Declared('library', list, result, run, undefined);
}

/** A library function that calls back into the guest. */
export function calling<const S extends string>(
  list: S,
  result: Kind,
  run: Calling<ParametersOf<S>>,
  frame?: StubFrame,
): Declaration<ParametersOf<S>> {
  return new Declared('library', list, result, undefined, run, { frame });
}

const HANDLER =
  'ExceptionRecord: address, EstablisherFrame: address, ContextRecord: address, DispatcherContext: address';
type HandlerArguments = ParametersOf<typeof HANDLER>;

/** The language handler of a frame of ours, which names it (StubFrame.handler): no export. */
export function frameHandler(run: Plain<HandlerArguments>): Declaration<HandlerArguments> {
  return new Declared('library', HANDLER, 'int', run, undefined, { hidden: true });
}

/** A frame handler that calls back. */
export function callingFrameHandler(run: Calling<HandlerArguments>): Declaration<HandlerArguments> {
  return new Declared('library', HANDLER, 'int', undefined, run, { hidden: true });
}

/** A language handler that programs name: an export. */
export function languageHandler(
  run: Calling<HandlerArguments>,
  frame?: StubFrame,
): Declaration<HandlerArguments> {
  return new Declared('library', HANDLER, 'int', undefined, run, { frame });
}

/** A function that is no export: process.hiddenFunctions has its address. */
export function hidden<const A extends readonly number[]>(declaration: Declaration<A>): Declaration<A> {
  const { rule, result, plain, calling: run, frame } = declaration;
  const list = declaration.parameters.map(({ name, kind }) => `${name}: ${kind}`).join(', ');
  return new Declared(rule, list, result, plain, run, { frame, hidden: true });
}

/** A function that the documentation makes a no-op (a hint, a 16-bit leftover): returns `value`, does nothing else. */
export function documentedNoOp<const S extends string>(
  list: S,
  result: Kind,
  value = 0,
): Declaration<number[]> {
  return new Declared<number[]>('service', list, result, () => value, undefined, { documentedNoOp: true });
}

/** The functions of one header, with the address of their documentation; `{}` in `pages` is the lower-case name. */
export interface Family<
  F extends Record<string, Declaration<never[]>> = Record<string, Declaration<never[]>>,
> {
  readonly dll: string;
  readonly pages: string;
  readonly functions: F;
}

// biome-ignore lint/suspicious/noExplicitAny: a family mixes functions of every parameter list
type AnyDeclaration = Declaration<any>;

/** A family whose functions are declared when somebody asks for one: most families of a DLL never are. */
class LazyFamily<F extends Record<string, AnyDeclaration>> implements Family<F> {
  readonly dll: string;
  readonly pages: string;
  readonly #declare: () => F;
  #functions: F | undefined = undefined;

  constructor(dll: string, pages: string, declare: () => F) {
    this.dll = dll;
    this.pages = pages;
    this.#declare = declare;
  }

  get functions(): F {
    this.#functions ??= this.#declare();
    return this.#functions;
  }
}

/** The functions that `declare` returns, of one header, for a DLL. */
export function family<F extends Record<string, AnyDeclaration>>(
  dll: string,
  pages: string,
  declare: () => F,
): Family<F> {
  return new LazyFamily(dll, pages, declare);
}

/** Families as a DLL exports them: under its name, without the exports that `has` says no to. */
export function exportedBy(
  dll: string,
  families: readonly Family[],
  has: (name: string) => boolean,
): readonly Family[] {
  return families.map((of) =>
    family(dll, of.pages, () => {
      const { functions } = of;
      const kept: Record<string, AnyDeclaration> = {};
      for (const name in functions) if (functions[name]!.hidden || has(name)) kept[name] = functions[name]!;
      return kept;
    }),
  );
}

/** Arguments from TypeScript: numbers, or a string for a pointer to text. */
type FromTypeScript<A> = A extends readonly number[] ? { [I in keyof A]: number | string } : never;

/** The typed face of a family for TypeScript callers: the same names and parameters, number out. */
export type ApiOf<F> =
  F extends Family<infer Functions>
    ? {
        readonly [Name in keyof Functions]: Functions[Name] extends Declaration<infer A>
          ? (...args: FromTypeScript<A>) => number
          : never;
      }
    : never;

/** Where Microsoft documents `name` of this family. */
export function pageOf(of: Family, name: string): string {
  return of.pages.replace('{}', name.toLowerCase());
}
