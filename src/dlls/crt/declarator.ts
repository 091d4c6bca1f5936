/** A type as C writes it: what it points to or returns stands around it. */
export interface Declarator {
  readonly left: string;
  readonly right: string;
  readonly kind: 'plain' | 'array' | 'function' | 'function pointer';
}

export function plain(left: string, right = ''): Declarator {
  return { left, right, kind: 'plain' };
}

/** The type alone. */
export function textOf({ left, right, kind }: Declarator): string {
  return kind === 'array' ? `${left} ${right}` : left + right;
}

/** `words`: const, volatile; of an array its elements are meant. */
export function qualified(type: Declarator, words: string): Declarator {
  return words === '' ? type : { ...type, left: `${type.left} ${words}` };
}

/** Whatever stands around a declarator of its own keeps no distance from the star of a pointer to a function. */
function distance({ kind }: Declarator): string {
  return kind === 'function pointer' ? '' : ' ';
}

/** `sigil`: a star or reference sign, with what is said of it. */
export function pointerTo(type: Declarator, sigil: string): Declarator {
  if (type.kind === 'array') return plain(`${type.left} (${sigil}`, `)${type.right}`);
  return plain(type.left + distance(type) + sigil, type.right);
}

export function arrayOf(element: Declarator, dimensions: string): Declarator {
  return { left: element.left, right: dimensions + element.right, kind: 'array' };
}

/** How a function is called, and with what. */
export interface Signature {
  /** Undefined of a constructor. */
  readonly result: Declarator | undefined;
  readonly convention: string;
  /** With parentheses, and what follows them. */
  readonly parameters: string;
}

/** `name`: of a function, if it has one. */
export function functionOf({ result, convention, parameters }: Signature, name = ''): Declarator {
  const head = name === '' ? convention : `${convention} ${name}`;
  if (!result) return { left: head, right: parameters, kind: 'function' };
  return {
    left: result.left + distance(result) + head,
    right: parameters + result.right,
    kind: 'function',
  };
}

/** `sigil`: the star with its const or volatile; `owner`: the class of a member. */
export function functionPointer(
  { result, convention, parameters }: Signature,
  sigil: string,
  owner = '',
): Declarator {
  const head = `(${convention}${owner === '' ? '' : ` ${owner}::`}${sigil}`;
  const left = result ? result.left + distance(result) + head : head;
  return {
    left,
    right: `)${parameters}${result ? result.right : ''}`,
    kind: owner === '' && !/\w$/.test(sigil) ? 'function pointer' : 'plain',
  };
}
