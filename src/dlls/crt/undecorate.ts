import {
  arrayOf,
  type Declarator,
  functionOf,
  functionPointer,
  plain,
  pointerTo,
  qualified,
  type Signature,
  textOf,
} from './declarator.ts';
import { DecoratedText, isDigit, NotDecorated } from './decorated-text.ts';
import {
  conventionOf,
  EXTENDED,
  FUNDAMENTAL,
  functionKindOf,
  NAMED,
  OF_MEMBER,
  OF_POINTER,
  OF_REFERENCE,
  OF_RVALUE_REFERENCE,
  OF_TYPE,
  OPERATORS,
  VARIABLE_KINDS,
} from './decoration-codes.ts';

/** The type that Visual C++ decorates as `decorated` (a TypeDescriptor's name behind its dot); itself if it is none. */
export function undecoratedType(decorated: string): string {
  try {
    const text = new DecoratedText(decorated);
    const type = textOf(readType(text));
    if (!text.ended) return decorated;
    return text.made(type).trimEnd();
  } catch (error) {
    if (error instanceof NotDecorated) return decorated;
    throw error;
  }
}

function known<T>(meaning: T | undefined): T {
  if (meaning === undefined) throw new NotDecorated();
  return meaning;
}

function readType(text: DecoratedText): Declarator {
  const type = text.nested(() => typeOf(text, text.take()));
  text.made(type.left);
  text.made(type.right);
  return type;
}

function typeOf(text: DecoratedText, code: string): Declarator {
  if (code === '?') {
    const words = known(OF_TYPE[text.take()]);
    // What a function returns that leaves it open: a name alone, such as <auto>.
    return qualified(text.skip('?') ? plain(qualifiedName(text)) : readType(text), words);
  }
  if (code === '_') return plain(known(EXTENDED[text.take()]));
  if (code === '$') {
    text.expect('$');
    return dollarType(text, text.take());
  }
  if (code in OF_REFERENCE) return indirection(text, '&', OF_REFERENCE[code]!);
  if (code in OF_POINTER) return indirection(text, '*', OF_POINTER[code]!);
  if (code in NAMED) {
    if (code === 'W') text.expect('4');
    return plain(`${NAMED[code]} ${qualifiedName(text)}`);
  }
  return plain(known(FUNDAMENTAL[code]));
}

/** Types that have two dollar signs before their letter. */
function dollarType(text: DecoratedText, code: string): Declarator {
  switch (code) {
    case 'A':
      return functionType(text);
    case 'B':
      text.expect('Y');
      return arrayType(text);
    case 'C': {
      const words = known(OF_TYPE[text.take()]);
      return qualified(readType(text), words);
    }
    case 'T':
      return plain('std::nullptr_t');
    case 'Y':
      return plain(qualifiedName(text));
    default:
      return indirection(text, '&&', known(OF_RVALUE_REFERENCE[code]));
  }
}

/** What is no pointer; an 8 is a function that has the const or the like of a member function. */
function functionType(text: DecoratedText): Declarator {
  if (text.skip('6')) return functionOf(signature(text, ''));
  text.expect('8@@');
  return functionOf(signature(text, thisQualifiers(text)));
}

function arrayType(text: DecoratedText): Declarator {
  const count = Number(text.number());
  let dimensions = '';
  // Each takes characters, so a count that is made up ends with the text.
  for (let i = 0; i < count; i++) dimensions += `[${text.number()}]`;
  if (dimensions === '') throw new NotDecorated();
  const element = readType(text);
  if (element.kind === 'array' || element.kind === 'function') throw new NotDecorated();
  return arrayOf(element, text.made(dimensions));
}

/** Letters between a pointer and what it points to. */
interface Modifiers {
  readonly ptr64: string;
  readonly unaligned: string;
  readonly restrict: string;
  /** Of a member function: whether its object is an lvalue or an rvalue. */
  readonly object: string;
}
function modifiers(text: DecoratedText): Modifiers {
  let [ptr64, unaligned, restrict, object] = ['', '', '', ''];
  for (;;) {
    if (text.skip('E')) ptr64 = ' __ptr64';
    else if (text.skip('F')) unaligned = '__unaligned';
    else if (text.skip('I')) restrict = ' __restrict';
    else if (text.skip('G')) object = '& ';
    else if (text.skip('H')) object = '&& ';
    else return { ptr64, unaligned, restrict, object };
  }
}

function both(first: string, second: string): string {
  return first === '' || second === '' ? first + second : `${first} ${second}`;
}

/** A pointer or reference; `own`: its const or volatile. */
function indirection(text: DecoratedText, sign: string, own: string): Declarator {
  if (text.skip('6')) return functionPointer(signature(text, ''), sign + own);
  if (text.skip('8')) {
    const owner = qualifiedName(text);
    return functionPointer(signature(text, thisQualifiers(text)), sign + own, owner);
  }
  const { ptr64, unaligned, restrict, object } = modifiers(text);
  const code = text.take();
  const words = known(OF_TYPE[code] ?? OF_MEMBER[code]);
  if (object !== '') throw new NotDecorated();
  const owner = code in OF_MEMBER ? `${qualifiedName(text)}::` : '';
  const target = targetOf(text, both(words, unaligned));
  return pointerTo(target, both(owner + sign + ptr64 + restrict, own));
}

/** What is pointed to. A pointer says once more whether it is const. */
function targetOf(text: DecoratedText, words: string): Declarator {
  if (text.peek() in OF_POINTER)
    return text.nested(() => {
      text.take();
      return indirection(text, '*', words);
    });
  const target = text.skip('Y') ? arrayType(text) : readType(text);
  if (target.kind === 'function') throw new NotDecorated();
  return qualified(target, words);
}

/** What a member function says of its object. */
function thisQualifiers(text: DecoratedText): string {
  const { ptr64, unaligned, restrict, object } = modifiers(text);
  return both(known(OF_TYPE[text.take()]), unaligned) + ptr64 + restrict + object;
}

/** `after`: what stands behind the parameters. */
function signature(text: DecoratedText, after: string): Signature {
  const convention = known(conventionOf(text.take()));
  const result = text.skip('@') ? undefined : readType(text);
  if (result?.kind === 'array' || result?.kind === 'function') throw new NotDecorated();
  const list = `(${parameters(text)})${after}`;
  const throws = text.skip('_E') ? ' noexcept' : '';
  if (throws === '') text.expect('Z');
  return { result, convention, parameters: text.made(list + throws) };
}

function parameters(text: DecoratedText): string {
  if (text.skip('X')) return 'void';
  const { parameters: earlier } = text.references;
  const list: string[] = [];
  while (!text.skip('@')) {
    if (text.skip('Z')) return [...list, '...'].join();
    const begin = text.at;
    let type = text.reference(earlier);
    if (type === undefined) {
      type = text.made(textOf(readType(text)));
      if (text.at - begin > 1) text.remember(earlier, type);
    }
    list.push(type);
  }
  if (list.length === 0) throw new NotDecorated();
  return list.join();
}

/** A class or function and the scopes around it, the innermost first. */
function qualifiedName(text: DecoratedText): string {
  const name = text.peek() === '?' && text.peek(1) !== '$' ? '' : scope(text);
  if (name === '') throw new NotDecorated();
  return joined(text, [name, ...scopes(text)]);
}

function scopes(text: DecoratedText): string[] {
  const found: string[] = [];
  while (!text.skip('@')) found.push(text.made(scope(text)));
  return found;
}

function joined(text: DecoratedText, names: readonly string[]): string {
  return text.made([...names].reverse().join('::'));
}

/** One scope: a class, a namespace, a function or a block of one. */
function scope(text: DecoratedText): string {
  const { names } = text.references;
  const meant = text.reference(names);
  if (meant !== undefined) return meant;
  if (text.peek() !== '?') {
    const name = text.source();
    text.remember(names, name);
    return name;
  }
  text.take();
  if (text.skip('$')) {
    const name = template(text, () => text.source());
    text.remember(names, name);
    return name;
  }
  if (text.peek() === '?') return `\`${symbol(text)}'`;
  if (text.peek() !== 'A') return `\`${text.number()}'`;
  // Where it is referred to, Windows spells it as it is decorated: https://github.com/llvm/llvm-project/pull/188843
  text.remember(names, text.source());
  return "`anonymous namespace'";
}

/** A template's name and arguments. */
function template(text: DecoratedText, readName: () => string): string {
  return text.withOwnReferences(() => {
    const name = readName();
    text.remember(text.references.names, name);
    const list: string[] = [];
    while (!text.skip('@')) {
      const argument = templateArgument(text);
      if (argument !== undefined) list.push(text.made(argument));
    }
    const last = list.at(-1)?.endsWith('>') ? ' >' : '>';
    return text.made(`${name}<${list.join()}${last}`);
  });
}

/** Undefined: a parameter pack that is empty. */
function templateArgument(text: DecoratedText): string | undefined {
  const { templateArguments: earlier } = text.references;
  const meant = text.reference(earlier);
  if (meant !== undefined) return meant;
  if (text.skip('$$V') || text.skip('$$Z') || text.skip('$$$V') || text.skip('$S')) return undefined;
  const begin = text.at;
  const argument = typeOrValue(text);
  if (text.at - begin > 1) text.remember(earlier, argument);
  return argument;
}

function typeOrValue(text: DecoratedText): string {
  if (text.peek() !== '$' || text.peek(1) === '$') return textOf(readType(text));
  text.take();
  // A value whose type the template left open.
  if (text.skip('M')) readType(text);
  return value(text, text.take());
}

/** A template argument that is no type. */
function value(text: DecoratedText, code: string): string {
  switch (code) {
    case '0':
      return text.number();
    case '1':
      return `&${symbol(text)}`;
    case 'E':
      return symbol(text);
    // Pointers to members of classes with more than one base or with virtual ones.
    case 'F':
      return `{${text.number()},${text.number()}}`;
    case 'G':
      return `{${text.number()},${text.number()},${text.number()}}`;
    case 'H':
      return `{${symbol(text)},${text.number()}}`;
    case 'I':
      return `{${symbol(text)},${text.number()},${text.number()}}`;
    case 'J':
      return `{${symbol(text)},${text.number()},${text.number()},${text.number()}}`;
    default:
      throw new NotDecorated();
  }
}

/** A function or variable with its type. */
function symbol(text: DecoratedText): string {
  return text.made(text.nested(() => symbolOf(text)));
}

function symbolOf(text: DecoratedText): string {
  text.expect('?');
  const { own, special, rest } = symbolName(text);
  const around = scopes(text);
  const named = (name: string): string => joined(text, [name + rest, ...around]);
  const name = (): string => {
    if (special === 'constructor') return named(known(around[0]));
    if (special === 'destructor') return named(`~${known(around[0])}`);
    if (special === 'conversion') throw new NotDecorated();
    return named(own);
  };
  // A function of C has no type.
  if (text.skip('9')) return name();
  if (isDigit(text.peek())) return variable(text, name());
  const { prefix, hasThis } = known(functionKindOf(text.take()));
  const type = signature(text, hasThis ? thisQualifiers(text) : '');
  if (special !== 'conversion') return prefix + textOf(functionOf(type, name()));
  const converts = named(`operator ${textOf(known(type.result))}`);
  return prefix + textOf(functionOf({ ...type, result: undefined }, converts));
}

/** What a function is called within its scope. */
interface OwnName {
  readonly own: string;
  /** Its name is that of its class or of what it returns. */
  readonly special?: 'constructor' | 'destructor' | 'conversion';
  /** The template arguments. */
  readonly rest: string;
}

function symbolName(text: DecoratedText): OwnName {
  const { names } = text.references;
  const meant = text.reference(names);
  if (meant !== undefined) return { own: meant, rest: '' };
  if (text.skip('?$')) {
    let inner: OwnName = { own: '', rest: '' };
    const whole = template(text, () => {
      inner = text.skip('?') ? operator(text) : { own: text.source(), rest: '' };
      return inner.own;
    });
    return { ...inner, rest: whole.slice(inner.own.length) };
  }
  if (text.skip('?')) return operator(text);
  const own = text.source();
  text.remember(names, own);
  return { own, rest: '' };
}

function operator(text: DecoratedText): OwnName {
  let code = text.take();
  while (code === '_' || code === '__') code += text.take();
  if (code === '0') return { own: '', special: 'constructor', rest: '' };
  if (code === '1') return { own: '', special: 'destructor', rest: '' };
  if (code === 'B') return { own: '', special: 'conversion', rest: '' };
  const own = code === '__K' ? ` "" ${text.source()}` : known(OPERATORS[code]);
  return { own: `operator${own}`, rest: '' };
}

/** Of a pointer the letters at the end repeat what its type has said, and whether it has 64 bits. */
function variable(text: DecoratedText, name: string): string {
  const kind = VARIABLE_KINDS[Number(text.take())];
  const isPointer = /[ABP-S]/.test(text.peek()) || (text.peek() === '$' && text.peek(2) !== 'C');
  const type = readType(text);
  const { ptr64 } = modifiers(text);
  const code = text.take();
  const words = known(OF_TYPE[code] ?? OF_MEMBER[code]);
  if (code in OF_MEMBER) qualifiedName(text);
  const own = isPointer || words === '' ? '' : ` ${words}`;
  return `${known(kind)}${type.left}${own}${ptr64} ${name}${type.right}`;
}
