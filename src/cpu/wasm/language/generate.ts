import { Code } from '../code.ts';
import type { FunctionType } from '../module.ts';
import { I32, I64, OP, type ValueType, VOID } from '../opcodes.ts';
import type { Expression, FunctionSyntax, Statement, Type } from './syntax.ts';

/** Named constants: a number fits either type, a bigint is an i64. */
export type Constants = Readonly<Record<string, number | bigint>>;

/** What a body may refer to besides its own locals. */
export interface Surroundings {
  readonly constants: Constants;
  /** The function of a name: its index in the module and its type, or undefined. */
  find(name: string): { readonly index: number; readonly type: FunctionType } | undefined;
}

const WASM_TYPE: Record<Type, ValueType> = { i32: I32, i64: I64 };

export function functionType({ parameters, results }: FunctionSyntax): FunctionType {
  return {
    params: parameters.map(({ type }) => WASM_TYPE[type]),
    results: results.map((type) => WASM_TYPE[type]),
  };
}

/** The body of a function as WebAssembly. */
export function generate(
  syntax: FunctionSyntax,
  surroundings: Surroundings,
): { readonly locals: readonly ValueType[]; readonly code: Uint8Array } {
  const generator = new Generator(syntax, surroundings);
  try {
    generator.statements(syntax.body);
  } catch (error) {
    throw new Error(`in ${syntax.name}: ${(error as Error).message}`);
  }
  if (syntax.results.length > 0) generator.code.op(OP.unreachable);
  const { code, locals } = generator;
  return { locals, code: code.bytes.slice(0, code.length) };
}

/** [i32 opcode, i64 opcode] of the operators that keep their operands' type. */
const ARITHMETIC: Readonly<Record<string, readonly [number, number]>> = {
  '+': [OP.i32_add, OP.i64_add],
  '-': [OP.i32_sub, OP.i64_sub],
  '*': [OP.i32_mul, OP.i64_mul],
  '/': [OP.i32_div_u, OP.i64_div_u],
  '%': [OP.i32_rem_u, OP.i64_rem_u],
  '&': [OP.i32_and, OP.i64_and],
  '|': [OP.i32_or, OP.i64_or],
  '^': [OP.i32_xor, OP.i64_xor],
  '<<': [OP.i32_shl, OP.i64_shl],
  '>>': [OP.i32_shr_s, OP.i64_shr_s],
  '>>>': [OP.i32_shr_u, OP.i64_shr_u],
};
const COMPARISON: Readonly<Record<string, readonly [number, number]>> = {
  '==': [OP.i32_eq, OP.i64_eq],
  '!=': [OP.i32_ne, OP.i64_ne],
  '<': [OP.i32_lt_s, OP.i64_lt_s],
  '<=': [OP.i32_le_s, OP.i64_le_s],
  '>': [OP.i32_gt_s, OP.i64_gt_s],
  '>=': [OP.i32_ge_s, OP.i64_ge_s],
  '<u': [OP.i32_lt_u, OP.i64_lt_u],
  '<=u': [OP.i32_le_u, OP.i64_le_u],
  '>u': [OP.i32_gt_u, OP.i64_gt_u],
  '>=u': [OP.i32_ge_u, OP.i64_ge_u],
};
/** Loads by name: opcode and the type they yield. */
const LOADS: Readonly<Record<string, readonly [number, Type]>> = {
  load8: [OP.i32_load8_u, 'i32'],
  load16: [OP.i32_load16_u, 'i32'],
  load32: [OP.i32_load, 'i32'],
  load64: [OP.i64_load, 'i64'],
};
const STORES: Readonly<Record<string, readonly [number, Type]>> = {
  store8: [OP.i32_store8, 'i32'],
  store16: [OP.i32_store16, 'i32'],
  store32: [OP.i32_store, 'i32'],
  store64: [OP.i64_store, 'i64'],
};

class Generator {
  readonly code = new Code(512);
  readonly locals: ValueType[] = [];
  readonly #syntax: FunctionSyntax;
  readonly #surroundings: Surroundings;
  readonly #names = new Map<string, { readonly index: number; readonly type: Type }>();
  /** Open blocks, and their number at each enclosing loop. */
  #depth = 0;
  readonly #loops: number[] = [];

  constructor(syntax: FunctionSyntax, surroundings: Surroundings) {
    this.#syntax = syntax;
    this.#surroundings = surroundings;
    syntax.parameters.forEach(({ name, type }, index) => {
      this.#names.set(name, { index, type });
    });
  }

  statements(list: readonly Statement[]): void {
    for (const statement of list) this.#statement(statement);
  }
  #statement(statement: Statement): void {
    const { code } = this;
    switch (statement.kind) {
      case 'assign':
        this.#assign(statement.names, statement.isNew, statement.value);
        return;
      case 'if':
        this.#condition(statement.condition);
        code.if(VOID);
        this.#depth++;
        this.statements(statement.yes);
        if (statement.no.length > 0) {
          code.else();
          this.statements(statement.no);
        }
        this.#depth--;
        code.end();
        return;
      case 'while':
        this.#while(statement.condition, statement.body);
        return;
      case 'break':
      case 'continue':
        code.br(this.#depth - this.#loops[this.#loops.length - 1]! + (statement.kind === 'break' ? 1 : 0));
        return;
      case 'return':
        this.#return(statement.values);
        return;
      default:
        for (const _ of this.#call(statement.call.name, statement.call.operands)) code.op(OP.drop);
    }
  }
  #while(condition: Expression, body: readonly Statement[]): void {
    const { code } = this;
    code.block(VOID);
    code.loop(VOID);
    this.#depth += 2;
    this.#loops.push(this.#depth);
    this.#condition(condition);
    code.op(OP.i32_eqz);
    code.brIf(1);
    this.statements(body);
    code.br(0);
    this.#loops.pop();
    this.#depth -= 2;
    code.end();
    code.end();
  }
  #return(values: readonly Expression[]): void {
    const { results } = this.#syntax;
    if (values.length === 1 && results.length > 1) {
      const call = values[0]!;
      if (call.kind !== 'call') throw new Error('one value returned for several');
      this.#sameTypes(this.#call(call.name, call.operands), results);
    } else {
      if (values.length !== results.length) throw new Error(`returns ${values.length} values`);
      values.forEach((value, index) => {
        this.#expression(value, results[index]!);
      });
    }
    this.code.op(OP.return);
  }
  #sameTypes(got: readonly Type[], wanted: readonly Type[]): void {
    if (got.join() !== wanted.join()) throw new Error(`${got.join()} where ${wanted.join()} is wanted`);
  }
  #assign(names: readonly string[], isNew: boolean, value: Expression): void {
    let types: readonly Type[];
    if (names.length === 1) {
      const known = isNew ? undefined : this.#local(names[0]!).type;
      types = [this.#expression(value, known ?? this.#typeOf(value) ?? 'i32')];
    } else {
      if (value.kind !== 'call') throw new Error(`${names.join()} want a call`);
      types = this.#call(value.name, value.operands);
      if (types.length !== names.length) throw new Error(`${value.name} yields ${types.join()}`);
    }
    if (isNew) {
      names.forEach((name, index) => {
        this.#declare(name, types[index]!);
      });
    } else
      this.#sameTypes(
        types,
        names.map((name) => this.#local(name).type),
      );
    for (const name of [...names].reverse()) this.code.set(this.#local(name).index);
  }
  /** A name may be declared again, with the same type, in another block: it is the same local then. */
  #declare(name: string, type: Type): void {
    const known = this.#names.get(name);
    if (known !== undefined) {
      if (known.type !== type) throw new Error(`${name} is ${known.type} elsewhere`);
      return;
    }
    const index = this.#syntax.parameters.length + this.locals.push(WASM_TYPE[type]) - 1;
    this.#names.set(name, { index, type });
  }
  #local(name: string): { readonly index: number; readonly type: Type } {
    const local = this.#names.get(name);
    if (local === undefined) throw new Error(`no local ${name}`);
    return local;
  }

  /** The type of an expression, or undefined for a literal that fits both. */
  #typeOf(expression: Expression): Type | undefined {
    switch (expression.kind) {
      case 'literal':
        return expression.type;
      case 'name': {
        const constant = this.#surroundings.constants[expression.name];
        if (constant !== undefined) return typeof constant === 'bigint' ? 'i64' : undefined;
        return this.#local(expression.name).type;
      }
      case 'unary':
        return expression.operator === '!' ? 'i32' : this.#typeOf(expression.operand);
      case 'binary':
        if (expression.operator in COMPARISON || expression.operator.length === 2) {
          if (!(expression.operator in ARITHMETIC)) return 'i32';
        }
        return this.#typeOf(expression.left) ?? this.#typeOf(expression.right);
      case 'choice':
        return this.#typeOf(expression.yes) ?? this.#typeOf(expression.no);
      default:
        return this.#typeOfCall(expression.name, expression.operands);
    }
  }
  #typeOfCall(name: string, operands: readonly Expression[]): Type | undefined {
    if (name === 'i32') return 'i32';
    if (name === 'i64' || name === 'signed') return 'i64';
    if (name === 'clz' || name === 'ctz') return this.#typeOf(operands[0]!);
    const load = LOADS[name];
    if (load !== undefined) return load[1];
    const result = this.#surroundings.find(name)?.type.results[0];
    return result === undefined ? undefined : result === I64 ? 'i64' : 'i32';
  }

  #condition(expression: Expression): void {
    const type = this.#typeOf(expression) ?? 'i32';
    this.#expression(expression, type);
    if (type === 'i64') {
      this.code.op(OP.i64_eqz);
      this.code.op(OP.i32_eqz);
    }
  }
  /** Emits an expression of the wanted type; yields that type. */
  #expression(expression: Expression, wanted: Type): Type {
    const type = this.#typeOf(expression) ?? wanted;
    if (type !== wanted) throw new Error(`${type} where ${wanted} is wanted: ${describe(expression)}`);
    switch (expression.kind) {
      case 'literal':
        this.#literal(expression.value, wanted);
        break;
      case 'name': {
        const constant = this.#surroundings.constants[expression.name];
        if (constant !== undefined) this.#literal(BigInt(constant), wanted);
        else this.code.get(this.#local(expression.name).index);
        break;
      }
      case 'unary':
        this.#unary(expression.operator, expression.operand, wanted);
        break;
      case 'binary':
        this.#binary(expression.operator, expression.left, expression.right, wanted);
        break;
      case 'choice':
        this.#condition(expression.condition);
        this.code.if(WASM_TYPE[wanted]);
        this.#expression(expression.yes, wanted);
        this.code.else();
        this.#expression(expression.no, wanted);
        this.code.end();
        break;
      default:
        this.#call(expression.name, expression.operands, wanted);
    }
    return wanted;
  }
  #literal(value: bigint, type: Type): void {
    if (type === 'i64') this.code.i64(BigInt.asIntN(64, value));
    else this.code.i32(Number(BigInt.asIntN(32, value)));
  }
  #unary(operator: string, operand: Expression, type: Type): void {
    const { code } = this;
    if (operator === '!') {
      this.#condition(operand);
      code.op(OP.i32_eqz);
    } else if (operator === '~') {
      this.#expression(operand, type);
      if (type === 'i64') code.i64op(OP.i64_xor, -1);
      else code.i32op(OP.i32_xor, -1);
    } else {
      this.#literal(0n, type);
      this.#expression(operand, type);
      code.op(type === 'i64' ? OP.i64_sub : OP.i32_sub);
    }
  }
  #binary(operator: string, left: Expression, right: Expression, type: Type): void {
    const { code } = this;
    if (operator === '&&' || operator === '||') {
      this.#condition(left);
      code.if(I32);
      if (operator === '||') code.i32(1);
      else this.#truth(right);
      code.else();
      if (operator === '||') this.#truth(right);
      else code.i32(0);
      code.end();
      return;
    }
    const comparison = COMPARISON[operator];
    if (comparison !== undefined) {
      const common = this.#typeOf(left) ?? this.#typeOf(right) ?? 'i32';
      this.#expression(left, common);
      this.#expression(right, common);
      code.op(comparison[common === 'i64' ? 1 : 0]);
      return;
    }
    this.#expression(left, type);
    const isShift = operator === '<<' || operator === '>>' || operator === '>>>';
    if (isShift && type === 'i64' && this.#typeOf(right) === 'i32') {
      this.#expression(right, 'i32');
      code.op(OP.i64_extend_i32_u);
    } else this.#expression(right, type);
    code.op(ARITHMETIC[operator]![type === 'i64' ? 1 : 0]);
  }
  #truth(expression: Expression): void {
    this.#condition(expression);
    if (this.#typeOf(expression) !== 'i64') {
      this.code.op(OP.i32_eqz);
      this.code.op(OP.i32_eqz);
    }
  }

  /** Emits a call; yields the types of its results. */
  #call(name: string, operands: readonly Expression[], wanted?: Type): readonly Type[] {
    const builtIn = this.#builtIn(name, operands, wanted);
    if (builtIn !== undefined) return builtIn;
    const called = this.#surroundings.find(name);
    if (called === undefined) throw new Error(`no function ${name}`);
    const { params, results } = called.type;
    if (params.length !== operands.length) throw new Error(`${name} takes ${params.length} operands`);
    operands.forEach((operand, index) => {
      this.#expression(operand, params[index] === I64 ? 'i64' : 'i32');
    });
    this.code.call(called.index);
    return results.map((result) => (result === I64 ? 'i64' : 'i32'));
  }
  #builtIn(name: string, operands: readonly Expression[], wanted?: Type): readonly Type[] | undefined {
    const { code } = this;
    const [first, second] = operands as [Expression, Expression];
    const load = LOADS[name];
    if (load !== undefined) {
      this.#expression(first, 'i32');
      code.memory(load[0]);
      return [load[1]];
    }
    const store = STORES[name];
    if (store !== undefined) {
      this.#expression(first, 'i32');
      this.#expression(second, store[1]);
      code.memory(store[0]);
      return [];
    }
    switch (name) {
      case 'i32':
        this.#expression(first, 'i64');
        code.op(OP.i32_wrap_i64);
        return ['i32'];
      case 'i64':
      case 'signed':
        this.#expression(first, 'i32');
        code.op(name === 'i64' ? OP.i64_extend_i32_u : OP.i64_extend_i32_s);
        return ['i64'];
      case 'clz':
      case 'ctz': {
        const type = this.#expression(first, this.#typeOf(first) ?? wanted ?? 'i32');
        if (name === 'clz') code.op(type === 'i64' ? OP.i64_clz : OP.i32_clz);
        else code.op(type === 'i64' ? OP.i64_ctz : OP.i32_ctz);
        return [type];
      }
      case 'trap':
        code.op(OP.unreachable);
        return [];
      default:
        return undefined;
    }
  }
}

function describe(expression: Expression): string {
  return JSON.stringify(expression, (_, value) => (typeof value === 'bigint' ? String(value) : value)).slice(
    0,
    200,
  );
}
