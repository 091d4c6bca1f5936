import type { Call, Expression, FunctionSyntax, Statement, Type } from './syntax.ts';

const TOKEN =
  /\s*(?:\/\/[^\n]*\s*)*([A-Za-z_]\w*|0x[0-9a-fA-F_]+n?|\d[\d_]*n?|<=u\b|>=u\b|<u\b|>u\b|<<|>>>|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^~!<>=(){},;:?])/y;

/** Binary operators, loosest first; those of one level associate to the left. */
const LEVELS: readonly (readonly string[])[] = [
  ['||'],
  ['&&'],
  ['==', '!=', '<', '<=', '>', '>=', '<u', '<=u', '>u', '>=u'],
  ['|'],
  ['^'],
  ['&'],
  ['<<', '>>', '>>>'],
  ['+', '-'],
  ['*', '/', '%'],
];

/** The functions of a source text; an error names the token where it does not parse. */
export function parse(source: string): FunctionSyntax[] {
  const parser = new Parser(source);
  const functions: FunctionSyntax[] = [];
  while (parser.token !== '') functions.push(parser.function());
  return functions;
}

class Parser {
  readonly #source: string;
  #at = 0;
  token = '';

  constructor(source: string) {
    this.#source = source;
    this.#advance();
  }

  #advance(): void {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#source);
    if (match === null) {
      const rest = this.#source.slice(this.#at).replace(/\/\/[^\n]*/g, '');
      if (rest.trim() !== '') throw new Error(`no token at ${rest.slice(0, 40)}`);
      this.token = '';
      return;
    }
    this.#at = TOKEN.lastIndex;
    this.token = match[1]!;
  }
  #take(): string {
    const { token } = this;
    this.#advance();
    return token;
  }
  #accept(token: string): boolean {
    if (this.token !== token) return false;
    this.#advance();
    return true;
  }
  #expect(token: string): void {
    if (!this.#accept(token))
      throw new Error(
        `${token} expected, not ${this.token}, before ${this.#source.slice(this.#at, this.#at + 40)}`,
      );
  }
  #list<T>(end: string, item: () => T): T[] {
    const items: T[] = [];
    while (!this.#accept(end)) {
      if (items.length > 0) this.#expect(',');
      items.push(item());
    }
    return items;
  }

  function(): FunctionSyntax {
    this.#expect('fn');
    const name = this.#take();
    this.#expect('(');
    const parameters = this.#list(')', () => {
      const parameter = this.#take();
      this.#expect(':');
      return { name: parameter, type: this.#take() as Type };
    });
    const results: Type[] = [];
    if (this.#accept(':')) {
      do results.push(this.#take() as Type);
      while (this.#accept(','));
    }
    return { name, parameters, results, body: this.#block() };
  }

  #block(): Statement[] {
    if (!this.#accept('{')) return [this.#statement()];
    const statements: Statement[] = [];
    while (!this.#accept('}')) statements.push(this.#statement());
    return statements;
  }
  #statement(): Statement {
    const word = this.token;
    if (this.#accept('if')) return this.#if();
    if (this.#accept('while')) {
      this.#expect('(');
      const condition = this.#expression();
      this.#expect(')');
      return { kind: 'while', condition, body: this.#block() };
    }
    let statement: Statement;
    if (word === 'break' || word === 'continue') {
      this.#advance();
      statement = { kind: word };
    } else if (this.#accept('return')) {
      const values: Expression[] = [];
      if (this.token !== ';') {
        do values.push(this.#expression());
        while (this.#accept(','));
      }
      statement = { kind: 'return', values };
    } else statement = this.#assignmentOrCall();
    this.#expect(';');
    return statement;
  }
  #if(): Statement {
    this.#expect('(');
    const condition = this.#expression();
    this.#expect(')');
    const yes = this.#block();
    return { kind: 'if', condition, yes, no: this.#accept('else') ? this.#block() : [] };
  }
  #assignmentOrCall(): Statement {
    const isNew = this.#accept('let');
    if (this.#accept('(')) {
      const names = this.#list(')', () => this.#take());
      this.#expect('=');
      return { kind: 'assign', names, isNew, value: this.#expression() };
    }
    const name = this.#take();
    if (this.#accept('(')) return { kind: 'do', call: this.#call(name) };
    this.#expect('=');
    return { kind: 'assign', names: [name], isNew, value: this.#expression() };
  }

  #expression(): Expression {
    const condition = this.#binary(0);
    if (!this.#accept('?')) return condition;
    const yes = this.#expression();
    this.#expect(':');
    return { kind: 'choice', condition, yes, no: this.#expression() };
  }
  #binary(level: number): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    while (operators.includes(this.token)) {
      const operator = this.#take();
      left = { kind: 'binary', operator, left, right: this.#binary(level + 1) };
    }
    return left;
  }
  #unary(): Expression {
    if (this.token === '-' || this.token === '~' || this.token === '!') {
      const operator = this.#take();
      return { kind: 'unary', operator, operand: this.#unary() };
    }
    if (this.#accept('(')) {
      const inner = this.#expression();
      this.#expect(')');
      return inner;
    }
    const word = this.#take();
    if (/^\d/.test(word)) return literal(word);
    return this.#accept('(') ? this.#call(word) : { kind: 'name', name: word };
  }
  #call(name: string): Call {
    return { kind: 'call', name, operands: this.#list(')', () => this.#expression()) };
  }
}

function literal(word: string): Expression {
  const type = word.endsWith('n') ? 'i64' : undefined;
  return { kind: 'literal', value: BigInt(word.replace(/_|n$/g, '')), type };
}
