/** What a form's memory operand and registers are filled with; see x87-inputs.ts. */
export type X87Kind =
  | 'register'
  | 'single'
  | 'double'
  | 'integer'
  | 'extended'
  | 'bcd'
  | 'control'
  | 'argument'
  | 'power'
  | 'near'
  | 'pointers';

export interface X87Form {
  /** In Intel syntax; rbx points to the memory operand. */
  readonly asm: string;
  readonly kind: X87Kind;
  /** Transcendental: the significand may differ from the processor's by so many units in the last place. */
  readonly ulps: number;
}

export const X87_FORMS: X87Form[] = [];

function add(kind: X87Kind, ...lines: string[]): void {
  for (const asm of lines) X87_FORMS.push({ asm, kind, ulps: 0 });
}

const ARITHMETIC = ['fadd', 'fmul', 'fsub', 'fsubr', 'fdiv', 'fdivr'];

for (const name of ARITHMETIC) {
  add('register', `${name} st, st(1)`, `${name} st(3), st`, `${name}p st(1), st`, `${name} st, st(0)`);
  add('single', `${name} dword ptr [rbx]`);
  add('double', `${name} qword ptr [rbx]`);
  const integer = name.replace('f', 'fi');
  add('integer', `${integer} word ptr [rbx]`, `${integer} dword ptr [rbx]`);
}
for (const name of ['fcom', 'fcomp']) {
  add('register', `${name} st(1)`, `${name} st(5)`);
  add('single', `${name} dword ptr [rbx]`);
  add('double', `${name} qword ptr [rbx]`);
  add('integer', `${name.replace('f', 'fi')} word ptr [rbx]`, `${name.replace('f', 'fi')} dword ptr [rbx]`);
}
for (const name of ['fucom', 'fucomp']) add('register', `${name} st(1)`, `${name} st(6)`);
for (const name of ['fcomi', 'fcomip', 'fucomi', 'fucomip'])
  add('register', `${name} st, st(1)`, `${name} st, st(7)`);
add('register', 'fcompp', 'fucompp', 'ftst', 'fxam', 'fchs', 'fabs', 'fsqrt', 'frndint');
add('single', 'fld dword ptr [rbx]');
add('double', 'fld qword ptr [rbx]');
add('extended', 'fld tbyte ptr [rbx]');
add('integer', 'fild word ptr [rbx]', 'fild dword ptr [rbx]', 'fild qword ptr [rbx]');
add('bcd', 'fbld tbyte ptr [rbx]');
for (const size of ['dword', 'qword'])
  add(size === 'dword' ? 'single' : 'double', `fst ${size} ptr [rbx]`, `fstp ${size} ptr [rbx]`);
add('extended', 'fstp tbyte ptr [rbx]');
for (const size of ['word', 'dword', 'qword']) {
  if (size !== 'qword') add('integer', `fist ${size} ptr [rbx]`);
  add('integer', `fistp ${size} ptr [rbx]`, `fisttp ${size} ptr [rbx]`);
}
add('bcd', 'fbstp tbyte ptr [rbx]');
add('register', 'fld st(0)', 'fld st(1)', 'fld st(7)', 'fst st(1)', 'fst st(6)', 'fstp st(0)', 'fstp st(2)');
add('register', 'fxch st(1)', 'fxch st(4)', 'ffree st(0)', 'ffree st(3)', '.byte 0xdf, 0xc2', 'fincstp');
add('register', 'fdecstp', 'fld1', 'fldl2t', 'fldl2e', 'fldpi', 'fldlg2', 'fldln2', 'fldz');
for (const condition of ['b', 'e', 'be', 'u', 'nb', 'ne', 'nbe', 'nu'])
  add('register', `fcmov${condition} st, st(1)`);
add('control', 'fldcw word ptr [rbx]', 'fnstcw word ptr [rbx]', 'fnstsw word ptr [rbx]', 'fnstsw ax');
add('control', 'fninit', 'fnclex');
add('register', 'fprem', 'fprem1', 'fscale', 'fxtract');
add('control', 'fldenv [rbx]', 'data16 fldenv [rbx]', 'frstor [rbx]', 'data16 frstor [rbx]');
add('register', 'fnsave [rbx]', 'data16 fnsave [rbx]', 'fnstenv [rbx]', 'data16 fnstenv [rbx]');
for (const asm of [
  'fadd st(3), st',
  'fxch st(5)',
  'fchs',
  'ffree st(1)',
  'fincstp',
  'fdecstp',
  'fnop',
  'fsqrt',
])
  add('pointers', `${asm}; fnstenv [rbx]`);
for (const asm of [
  'fild word ptr [rbx]',
  'fcom qword ptr [rbx]',
  'fldcw word ptr [rbx]',
  'fnstcw word ptr [rbx]',
])
  add('pointers', `${asm}; fnstenv [rbx]`);
for (const asm of [
  'fucomi st, st(2)',
  'fcmovne st, st(3)',
  'ffreep st(0)',
  'fxam',
  'fldpi',
  'fnclex',
  'fninit',
])
  add('pointers', `${asm.replace('ffreep st(0)', '.byte 0xdf, 0xc0')}; fnstenv [rbx]`);
for (const asm of ['fyl2x', 'fpatan', 'fsin', 'fcos', 'fsincos', 'fptan'])
  X87_FORMS.push({ asm, kind: 'argument', ulps: 1 });
X87_FORMS.push({ asm: 'f2xm1', kind: 'power', ulps: 1 }, { asm: 'fyl2xp1', kind: 'near', ulps: 1 });
