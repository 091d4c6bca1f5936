/**
 * A small language for helper functions that are too long to write instruction by instruction:
 *
 *     fn shiftJam(value: i64, count: i32): i64 {
 *       if (count >u 63) return i64(value != 0);
 *       let lost = value << (64 - count);
 *       return value >>> count | i64(lost != 0);
 *     }
 *
 * Types are i32 and i64; a literal and a shift count take the type of the other operand, and `1n` is an i64. `>>` is signed, `>>>` is not;
 * `<` is signed, `<u` is not; `/` and `%` are unsigned. `&` `^` `|` bind tighter than comparisons. Functions may return
 * several values: `let (high, low) = multiply(a, b);`. Built in: i32(x), i64(x) (zero-extends), signed(x), clz(x), ctz(x),
 * load8 load16 load32 load64 (address), store8 store16 store32 store64 (address, value), trap().
 */
export type Type = 'i32' | 'i64';

export type Expression =
  | { readonly kind: 'literal'; readonly value: bigint; readonly type: Type | undefined }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'unary'; readonly operator: string; readonly operand: Expression }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: 'choice';
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | Call;
export interface Call {
  readonly kind: 'call';
  readonly name: string;
  readonly operands: readonly Expression[];
}

export type Statement =
  | {
      readonly kind: 'assign';
      readonly names: readonly string[];
      readonly isNew: boolean;
      readonly value: Expression;
    }
  | {
      readonly kind: 'if';
      readonly condition: Expression;
      readonly yes: readonly Statement[];
      readonly no: readonly Statement[];
    }
  | { readonly kind: 'while'; readonly condition: Expression; readonly body: readonly Statement[] }
  | { readonly kind: 'break' | 'continue' }
  | { readonly kind: 'return'; readonly values: readonly Expression[] }
  | { readonly kind: 'do'; readonly call: Call };

export interface FunctionSyntax {
  readonly name: string;
  readonly parameters: readonly { readonly name: string; readonly type: Type }[];
  readonly results: readonly Type[];
  readonly body: readonly Statement[];
}
