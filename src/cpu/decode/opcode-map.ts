import type { Mnemonic } from './mnemonic.ts';

/** Sizes that depend on prefixes are negative; a positive size is bytes. */
export const SIZE = {
  /** Operand size. */
  v: -1,
  /** Operand size, at most 4. */
  z: -2,
  /** 8 with REX.W, else 4. */
  y: -3,
  /** Twice `y`. */
  p: -4,
  /** Far pointer: operand size + 2. */
  f: -5,
  /** fldenv and fnstenv image. */
  e: -6,
  /** fnsave and frstor image. */
  s: -7,
} as const;

const FIXED_SIZE: Record<string, number> = { b: 1, w: 2, d: 4, q: 8, x: 16 };

/** Where an operand comes from. The letters are explained in tables/README.md. */
export const PLACE = {
  E: 0,
  R: 1,
  G: 2,
  B: 3,
  Z: 4,
  M: 5,
  A: 6,
  V: 7,
  W: 8,
  U: 9,
  P: 10,
  Q: 11,
  N: 12,
  I: 13,
  u: 14,
  J: 15,
  O: 16,
  S: 17,
  C: 18,
  D: 19,
  ST: 20,
  STi: 21,
  rA: 22,
  CL: 23,
  DX: 24,
  FS: 25,
  GS: 26,
  one: 27,
} as const;

/** Names that stand for a whole operand, not for a place followed by a size. */
const WHOLE: Record<string, [place: number, size: number]> = {
  M: [PLACE.M, 0],
  A: [PLACE.A, 0],
  S: [PLACE.S, 0],
  C: [PLACE.C, 0],
  D: [PLACE.D, 0],
  ST: [PLACE.ST, 0],
  STi: [PLACE.STi, 0],
  AL: [PLACE.rA, 1],
  AX: [PLACE.rA, 2],
  rA: [PLACE.rA, SIZE.v],
  CL: [PLACE.CL, 0],
  DX: [PLACE.DX, 0],
  FS: [PLACE.FS, 0],
  GS: [PLACE.GS, 0],
  '1': [PLACE.one, 0],
};

const NEEDS_MODRM = 'ERGMAVWUPQNSCD';

export interface OperandSpec {
  readonly place: number;
  /** Of the register form, or of the only form. */
  readonly size: number;
  readonly memorySize: number;
}

/** How prefixes decide the operand size. */
export const SIZE_RULE = { normal: 0, byte: 1, default64: 2, force64: 3, atMost4: 4 } as const;

const FLAG_RULE: Record<string, number> = {
  ':b': SIZE_RULE.byte,
  ':d64': SIZE_RULE.default64,
  ':f64': SIZE_RULE.force64,
  ':z': SIZE_RULE.atMost4,
};

const STRING_INSTRUCTIONS: ReadonlySet<string> = new Set('ins outs movs cmps stos lods scas'.split(' '));
const LOCKABLE: ReadonlySet<string> = new Set(
  'add adc and btc btr bts cmpxchg cmpxchg8b cmpxchg16b dec inc neg not or sbb sub xor xadd xchg'.split(' '),
);

/** What one row says of one encoding. */
export interface Template {
  /** At operand size 2, 4 and 8. */
  readonly names: readonly [Mnemonic, Mnemonic, Mnemonic];
  readonly operands: readonly OperandSpec[];
  readonly sizeRule: number;
  /** 66 is part of the opcode and does not change the operand size. */
  readonly takes66: boolean;
  readonly modrm: boolean;
  /** ModRM.mod means nothing: the rm field is a register. */
  readonly anyMod: boolean;
  /** The low four bits of the opcode are a condition. */
  readonly conditional: boolean;
  readonly repeats: boolean;
  /** LOCK is allowed if the first operand is in memory. */
  readonly lockable: boolean;
  readonly usesVvvv: boolean;
}

/** The encodings of an opcode under one mandatory prefix. */
export interface Encodings {
  /** Of an opcode that ModRM does not split, else undefined. */
  only: Template | undefined;
  /** By ModRM.reg where ModRM is memory; empty while there is `only`. */
  memory: (Template | undefined)[];
  /** By the low six bits of ModRM where it is a register; empty while there is `only`. */
  register: (Template | undefined)[];
}

const UNSPLIT: (Template | undefined)[] = [];

/** Columns of an opcode: no mandatory prefix, 66, F3, F2. */
export type Slot = (Encodings | undefined)[];

/** Index in the one-byte map of opcode 90 with REX.B, which is not a nop. */
export const OPCODE_90_REX_B = 0x100;

const COLUMNS: Record<string, readonly number[]> = { np: [0], '66': [1], f3: [2], f2: [3], os: [0, 1] };
const ALL_COLUMNS = [0, 1, 2, 3];

function sizeOf(text: string): number {
  return FIXED_SIZE[text] ?? SIZE[text as keyof typeof SIZE] ?? Number(text);
}

function operandSpec(text: string): OperandSpec {
  const whole = WHOLE[text];
  if (whole !== undefined) return { place: whole[0], size: whole[1], memorySize: whole[1] };
  const [size, memorySize] = text.slice(1).split('/');
  const place = PLACE[text[0] as keyof typeof PLACE];
  return { place, size: sizeOf(size!), memorySize: sizeOf(memorySize ?? size!) };
}

function namesBySize(name: string): Template['names'] {
  const names = name.split('/') as Mnemonic[];
  return [names[0]!, names[1] ?? names[0]!, names[2] ?? names[0]!];
}

function template(name: string, operandText: string, flags: string[], key: Key): Template {
  const operands = operandText === '-' ? [] : operandText.split(',');
  const names = namesBySize(name);
  return {
    names,
    operands: operands.map(operandSpec),
    sizeRule: flags.map((flag) => FLAG_RULE[flag]).find((rule) => rule !== undefined) ?? SIZE_RULE.normal,
    takes66: key.column === '66',
    modrm: operands.some(
      (operand) => !(operand in WHOLE && operand.length > 1) && NEEDS_MODRM.includes(operand[0]!),
    ),
    anyMod: flags.includes(':anymod'),
    conditional: key.family === 'c',
    repeats: STRING_INSTRUCTIONS.has(names[0]),
    lockable: LOCKABLE.has(names[0]),
    usesVvvv: operands.some((operand) => operand[0] === 'B'),
  };
}

interface Key {
  readonly column: string | undefined;
  readonly opcode: number;
  /** `r`: eight opcodes, `c`: sixteen, `8`: a list goes in steps of eight. */
  readonly family: string | undefined;
  /** ModRM.reg of the first name. */
  readonly reg: number | undefined;
  /** The whole ModRM byte of the first name. */
  readonly modrm: number | undefined;
  readonly form: 'mem' | 'reg' | undefined;
  readonly rexB: boolean;
}

function parseKey(text: string): Key {
  const words = text.split(' ');
  // 66, F2 and F3 are opcodes as well in some maps: they are a column if an opcode follows.
  const column =
    words.length > 1 && words[0]! in COLUMNS && /^[0-9a-f]{2}/.test(words[1]!) ? words.shift() : undefined;
  const [opcode, family] = words.shift()!.split('+');
  const exact = words.find((word) => /^[0-9a-f]{2}$/.test(word));
  const group = words.find((word) => word.startsWith('/'));
  return {
    column,
    opcode: Number.parseInt(opcode!, 16),
    family,
    reg: group === undefined ? undefined : Number(group.slice(1)),
    modrm: exact === undefined ? undefined : Number.parseInt(exact, 16),
    form: words.includes('mem') ? 'mem' : words.includes('reg') ? 'reg' : undefined,
    rexB: words.includes('rex.b'),
  };
}

/** General rows first, so that rows for one opcode or one prefix replace a part of them. */
function rank(key: Key): number {
  return key.column !== undefined ? 2 : key.family !== undefined ? 0 : 1;
}

function place(into: Encodings, key: Key, step: number, made: Template): void {
  if (key.modrm !== undefined) {
    splitByModrm(into);
    into.register[(key.modrm + step) & 0x3f] = made;
  } else if (key.reg !== undefined || key.form !== undefined) {
    splitByModrm(into);
    for (let reg = 0; reg < 8; reg++) {
      if (key.reg !== undefined && reg !== key.reg + step) continue;
      if (key.form !== 'reg') into.memory[reg] = made;
      if (key.form !== 'mem') into.register.fill(made, reg * 8, reg * 8 + 8);
    }
  } else {
    into.only = made;
  }
}

function splitByModrm(encodings: Encodings): void {
  if (encodings.memory !== UNSPLIT) return;
  encodings.memory = new Array<Template | undefined>(8).fill(encodings.only);
  encodings.register = new Array<Template | undefined>(64).fill(encodings.only);
  encodings.only = undefined;
}

/** A row of a table, and of its names the one that an opcode has. */
interface Row {
  readonly key: Key;
  readonly text: string;
  readonly step: number;
}

function addRow(slot: Slot, { key, text, step }: Row): void {
  const [list, operands = '-', ...flags] = text.split(' ');
  const made = template(list!.split('|')[step]!, operands, flags, key);
  for (const column of key.column === undefined ? ALL_COLUMNS : COLUMNS[key.column]!) {
    slot[column] ??= { only: undefined, memory: UNSPLIT, register: UNSPLIT };
    place(slot[column], key, step, made);
  }
}

/**
 * One opcode map out of tables in the format of tables/README.md. What the rows say of an opcode is worked out when that is
 * first looked up: programs have few, and all of them took 4 ms of each start.
 */
export class OpcodeMap {
  readonly #rows: (Row[] | undefined)[] = new Array<undefined>(OPCODE_90_REX_B + 1).fill(undefined);
  readonly #slots: (Slot | undefined)[] = new Array<undefined>(OPCODE_90_REX_B + 1).fill(undefined);

  constructor(...tables: Readonly<Record<string, string>>[]) {
    for (const table of tables) for (const key in table) this.#add(parseKey(key), table[key]!);
  }
  #add(key: Key, text: string): void {
    const repeat = key.family === 'r' ? 8 : key.family === 'c' ? 16 : 1;
    const stride = key.reg !== undefined || key.modrm !== undefined ? 0 : key.family === '8' ? 8 : 1;
    const names = text.split(' ', 1)[0]!.split('|').length;
    for (let step = 0; step < names; step++) {
      for (let low = 0; low < repeat; low++) {
        const opcode = key.rexB ? OPCODE_90_REX_B : key.opcode + low + step * stride;
        (this.#rows[opcode] ??= []).push({ key, text, step });
      }
    }
  }
  /** What an opcode is, by its mandatory prefix, or undefined. */
  slot(opcode: number): Slot | undefined {
    const rows = this.#rows[opcode];
    return rows === undefined ? undefined : (this.#slots[opcode] ??= slotOf(rows));
  }
}

function slotOf(rows: Row[]): Slot {
  const slot: Slot = [undefined, undefined, undefined, undefined];
  for (const row of rows.sort((a, b) => rank(a.key) - rank(b.key))) addRow(slot, row);
  return slot;
}
