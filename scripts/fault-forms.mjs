// The forms of instruction that faults.exe tries. `{m}` in the code is the memory operand.
//   size: bytes of the operand   access: r, w, rw, or push and pop for the stack
//   undefinedFlags: what the instruction leaves undefined (Intel's manual, volume 2)
//   looseFlags: flags that processors of different makers leave different at the fault
//   shift: added to the base of the address, for instructions that add to it themselves

const CF = 1;
const PF = 4;
const AF = 0x10;
const ZF = 0x40;
const SF = 0x80;
const OF = 0x800;

const SIZES = [1, 2, 4, 8];
const SUFFIX = { 1: 'b', 2: 'w', 4: 'l', 8: 'q' };
const NAMES = {
  a: { 1: 'al', 2: 'ax', 4: 'eax', 8: 'rax' },
  c: { 1: 'cl', 2: 'cx', 4: 'ecx', 8: 'rcx' },
  d: { 1: 'dl', 2: 'dx', 4: 'edx', 8: 'rdx' },
  si: { 1: 'sil', 2: 'si', 4: 'esi', 8: 'rsi' },
  14: { 1: 'r14b', 2: 'r14w', 4: 'r14d', 8: 'r14' },
};
const reg = (name, size) => `%${NAMES[name][size]}`;

export const forms = [];
let group = '';
function form(name, size, access, code, options = {}) {
  forms.push({ group, name, size, access, code, ...options });
}

group = 'loads';
for (const size of SIZES) {
  form(`mov_r${size * 8}_m`, size, 'r', `mov {m}, ${reg('a', size)}`);
  form(`mov_r14_m${size * 8}`, size, 'r', `mov {m}, ${reg(14, size)}`);
  form(`movabs_a_m${size * 8}`, size, 'r', `movabs {m}, ${reg('a', size)}`, { addressing: 'absolute' });
}
form('mov_ah_m', 1, 'r', 'mov {m}, %ah', { addressing: '(%rbx)' });
form('mov_bh_m', 1, 'r', 'mov (%rdi), %bh', { registers: ({ target }) => ({ rdi: target }) });
form('mov_base_m', 8, 'r', 'mov {m}, %rbx', { addressing: '(%rbx)' });
form('mov_addr32', 4, 'r', 'mov (%ebx), %eax', { addressing: '(%rbx)' });
form('movzx_r16_m8', 1, 'r', 'movzbw {m}, %dx');
form('movzx_r32_m8', 1, 'r', 'movzbl {m}, %edx');
form('movzx_r64_m8', 1, 'r', 'movzbq {m}, %r14');
form('movzx_r32_m16', 2, 'r', 'movzwl {m}, %edx');
form('movzx_r64_m16', 2, 'r', 'movzwq {m}, %rdx');
form('movsx_r16_m8', 1, 'r', 'movsbw {m}, %dx');
form('movsx_r32_m8', 1, 'r', 'movsbl {m}, %edx');
form('movsx_r64_m8', 1, 'r', 'movsbq {m}, %r14');
form('movsx_r32_m16', 2, 'r', 'movswl {m}, %edx');
form('movsx_r64_m16', 2, 'r', 'movswq {m}, %rdx');
form('movsxd_r64_m32', 4, 'r', 'movslq {m}, %rdx');
form('xlat', 1, 'r', 'xlatb', { addressing: '(%rbx)', shift: -5, registers: () => ({ rax: 0x7705 }) });
for (const size of [2, 4, 8]) {
  form(`cmovc_taken_r${size * 8}_m`, size, 'r', `cmp $-1, %r10b; stc; cmovc {m}, ${reg('d', size)}`);
  form(`cmovc_not_taken_r${size * 8}_m`, size, 'r', `clc; cmovc {m}, ${reg('d', size)}`);
  form(`bsf_r${size * 8}_m`, size, 'r', `bsf {m}, ${reg('d', size)}`, {
    undefinedFlags: CF | PF | AF | SF | OF,
    keepsContents: true,
  });
  form(`bsr_r${size * 8}_m`, size, 'r', `bsr {m}, ${reg('d', size)}`, {
    undefinedFlags: CF | PF | AF | SF | OF,
    keepsContents: true,
  });
}

group = 'stores';
for (const size of SIZES) {
  form(`mov_m_r${size * 8}`, size, 'w', `mov ${reg('a', size)}, {m}`);
  form(`mov_m${size * 8}_r14`, size, 'w', `mov ${reg(14, size)}, {m}`);
  form(`mov_m_imm${size * 8}`, size, 'w', `mov${SUFFIX[size]} $-0x5b, {m}`);
  form(`movabs_m${size * 8}_a`, size, 'w', `movabs ${reg('a', size)}, {m}`, { addressing: 'absolute' });
}
form('mov_m_ah', 1, 'w', 'mov %ah, {m}', { addressing: '(%rbx)' });
form('mov_m_sil', 1, 'w', 'mov %sil, {m}');
form('mov_m_base', 8, 'w', 'mov %rbx, {m}', { addressing: '(%rbx)' });
form('mov_addr32_store', 4, 'w', 'mov %eax, (%ebx)', { addressing: '(%rbx)' });
form('movnti_m32', 4, 'w', 'movnti %eax, {m}');
form('movnti_m64', 8, 'w', 'movnti %rax, {m}');
for (const condition of [
  'o',
  'no',
  'c',
  'nc',
  'z',
  'nz',
  'be',
  'a',
  's',
  'ns',
  'p',
  'np',
  'l',
  'ge',
  'le',
  'g',
])
  form(`set${condition}_m8`, 1, 'w', `set${condition} {m}`);

group = 'alu';
for (const name of ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp']) {
  const undefinedFlags = ['or', 'and', 'xor'].includes(name) ? AF : 0;
  const written = name === 'cmp' ? 'r' : 'rw';
  for (const size of SIZES) {
    form(`${name}_r${size * 8}_m`, size, 'r', `${name} {m}, ${reg('d', size)}`, { undefinedFlags });
    form(`${name}_m_r${size * 8}`, size, written, `${name} ${reg('si', size)}, {m}`, { undefinedFlags });
    form(`${name}_m${size * 8}_imm8`, size, written, `${name}${SUFFIX[size]} $-0x21, {m}`, {
      undefinedFlags,
    });
  }
  form(`${name}_m16_imm16`, 2, written, `${name}w $0x1234, {m}`, { undefinedFlags });
  form(`${name}_m32_imm32`, 4, written, `${name}l $0x12345678, {m}`, { undefinedFlags });
  form(`${name}_m64_imm32`, 8, written, `${name}q $-0x12345678, {m}`, { undefinedFlags });
  form(`${name}_m_ah`, 1, written, `${name} %ah, {m}`, { undefinedFlags, addressing: '(%rbx)' });
}
for (const size of SIZES) {
  form(`test_m_r${size * 8}`, size, 'r', `test ${reg('d', size)}, {m}`, { undefinedFlags: AF });
  form(`test_m${size * 8}_imm`, size, 'r', `test${SUFFIX[size]} $0x55, {m}`, { undefinedFlags: AF });
}

group = 'unary';
for (const size of SIZES) {
  const suffix = SUFFIX[size];
  for (const name of ['inc', 'dec', 'not', 'neg'])
    form(`${name}_m${size * 8}`, size, 'rw', `${name}${suffix} {m}`);
  const undefinedFlags = SF | ZF | AF | PF;
  form(`mul_m${size * 8}`, size, 'r', `mul${suffix} {m}`, { undefinedFlags });
  form(`imul_m${size * 8}`, size, 'r', `imul${suffix} {m}`, { undefinedFlags });
  for (const name of ['div', 'idiv'])
    form(`${name}_m${size * 8}`, size, 'r', `${name}${suffix} {m}`, {
      undefinedFlags: CF | PF | AF | ZF | SF | OF,
      keepsContents: true,
      registers: () => ({ rax: 0x12, rdx: 0 }),
    });
  if (size === 1) continue;
  form(`imul_r${size * 8}_m`, size, 'r', `imul {m}, ${reg('d', size)}`, { undefinedFlags });
  form(`imul_r${size * 8}_m_imm8`, size, 'r', `imul $-3, {m}, ${reg('d', size)}`, { undefinedFlags });
  form(`imul_r${size * 8}_m_imm`, size, 'r', `imul $0x1357, {m}, ${reg('d', size)}`, { undefinedFlags });
}

group = 'shifts';
for (const name of ['rol', 'ror', 'rcl', 'rcr', 'shl', 'shr', 'sar']) {
  const rotates = name.startsWith('r');
  const many = rotates ? OF : OF | AF;
  for (const size of SIZES) {
    const suffix = SUFFIX[size];
    form(`${name}_m${size * 8}_1`, size, 'rw', `${name}${suffix} {m}`, { undefinedFlags: rotates ? 0 : AF });
    form(`${name}_m${size * 8}_imm`, size, 'rw', `${name}${suffix} $3, {m}`, { undefinedFlags: many });
    form(`${name}_m${size * 8}_cl`, size, 'rw', `${name}${suffix} %cl, {m}`, {
      undefinedFlags: many,
      registers: () => ({ rcx: 5 }),
    });
  }
  form(`${name}_m32_cl_of_0`, 4, 'rw', `${name}l %cl, {m}`, { registers: () => ({ rcx: 0x20 }) });
}
for (const name of ['shld', 'shrd'])
  for (const size of [2, 4, 8]) {
    form(`${name}_m${size * 8}_imm`, size, 'rw', `${name} $3, ${reg('d', size)}, {m}`, {
      undefinedFlags: OF | AF,
    });
    form(`${name}_m${size * 8}_cl`, size, 'rw', `${name} %cl, ${reg('d', size)}, {m}`, {
      undefinedFlags: OF | AF,
      registers: () => ({ rcx: 7 }),
    });
  }

group = 'bits';
for (const name of ['bt', 'bts', 'btr', 'btc']) {
  const access = name === 'bt' ? 'r' : 'rw';
  const undefinedFlags = PF | AF | SF | OF;
  for (const size of [2, 4, 8]) {
    form(`${name}_m${size * 8}_imm`, size, access, `${name}${SUFFIX[size]} $11, {m}`, { undefinedFlags });
    form(`${name}_m${size * 8}_r`, size, access, `${name} ${reg('c', size)}, {m}`, {
      undefinedFlags,
      registers: () => ({ rcx: 3 * size * 8 + 6 }),
      shift: -3 * size,
    });
    form(`${name}_m${size * 8}_r_negative`, size, access, `${name} ${reg('c', size)}, {m}`, {
      undefinedFlags,
      registers: () => ({ rcx: -2 * size * 8 + 13 }),
      shift: 2 * size,
    });
  }
}

group = 'atomic';
for (const size of SIZES) {
  const suffix = SUFFIX[size];
  const expected = ({ target, patternWord }) => ({ rax: patternWord(target) });
  form(`xchg_m_r${size * 8}`, size, 'rw', `xchg ${reg('si', size)}, {m}`);
  form(`xadd_m_r${size * 8}`, size, 'rw', `xadd ${reg('si', size)}, {m}`);
  form(`lock_xadd_m_r${size * 8}`, size, 'rw', `lock xadd ${reg('si', size)}, {m}`);
  form(`cmpxchg_equal_m_r${size * 8}`, size, 'rw', `cmpxchg ${reg('si', size)}, {m}`, {
    registers: expected,
  });
  form(`cmpxchg_other_m_r${size * 8}`, size, 'rw', `cmpxchg ${reg('si', size)}, {m}`);
  form(`lock_cmpxchg_equal_m_r${size * 8}`, size, 'rw', `lock cmpxchg ${reg('si', size)}, {m}`, {
    registers: expected,
  });
  form(`lock_cmpxchg_other_m_r${size * 8}`, size, 'rw', `lock cmpxchg ${reg('si', size)}, {m}`);
  for (const name of ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor']) {
    const undefinedFlags = ['or', 'and', 'xor'].includes(name) ? AF : 0;
    form(`lock_${name}_m_r${size * 8}`, size, 'rw', `lock ${name} ${reg('si', size)}, {m}`, {
      undefinedFlags,
    });
    form(`lock_${name}_m${size * 8}_imm8`, size, 'rw', `lock ${name}${suffix} $9, {m}`, { undefinedFlags });
  }
  for (const name of ['inc', 'dec', 'not', 'neg'])
    form(`lock_${name}_m${size * 8}`, size, 'rw', `lock ${name}${suffix} {m}`);
  if (size === 1) continue;
  for (const name of ['bts', 'btr', 'btc'])
    form(`lock_${name}_m${size * 8}_imm`, size, 'rw', `lock ${name}${suffix} $11, {m}`, {
      undefinedFlags: PF | AF | SF | OF,
    });
}
for (const prefix of ['', 'lock ']) {
  const name = prefix.trim() ? 'lock_' : '';
  const high = (word) => word >> 32n;
  const low = (word) => word & 0xffffffffn;
  const options = { addressing: '0x70(%r13)' };
  form(`${name}cmpxchg8b_equal`, 8, 'rw', `${prefix}cmpxchg8b {m}`, {
    ...options,
    registers: ({ target, patternWord }) => ({
      rax: low(patternWord(target)),
      rdx: high(patternWord(target)),
    }),
  });
  form(`${name}cmpxchg8b_other`, 8, 'rw', `${prefix}cmpxchg8b {m}`, options);
  form(`${name}cmpxchg16b_equal`, 16, 'rw', `${prefix}cmpxchg16b {m}`, {
    ...options,
    aligned: true,
    registers: ({ target, patternWord }) => ({ rax: patternWord(target), rdx: patternWord(target + 8) }),
  });
  form(`${name}cmpxchg16b_other`, 16, 'rw', `${prefix}cmpxchg16b {m}`, { ...options, aligned: true });
}

group = 'stack';
{
  const stack = (name, size, access, code, options = {}) =>
    form(name, size, access, code, {
      kind: 'stack',
      ...options,
      registers: (context) => ({ rsp: context.target, ...(options.registers?.(context) ?? {}) }),
    });
  stack('push_r64', 8, 'push', 'push %rax');
  stack('push_r14', 8, 'push', 'push %r14');
  stack('push_rsp', 8, 'push', 'push %rsp');
  stack('push_r16', 2, 'push', 'push %ax');
  stack('push_imm8', 8, 'push', 'push $-5');
  stack('push_imm32', 8, 'push', 'push $0x12345678');
  stack('pushfq', 8, 'push', 'pushfq');
  stack('call_relative', 8, 'push', 'call 1f; nop; 1:');
  stack('call_register', 8, 'push', 'call *%rax', { registers: ({ after }) => ({ rax: after }) });
  stack('enter', 8, 'push', 'enter $16, $0; mov %rax, -8(%rbp); mov %rdx, -16(%rbp)');
  stack('pop_r64', 8, 'pop', 'pop %rax');
  stack('pop_r14', 8, 'pop', 'pop %r14');
  stack('pop_r16', 2, 'pop', 'pop %ax');
  stack('pop_rsp', 8, 'pop', 'pop %rsp', {
    keepsContents: true,
    pokes: ({ target }) => [[target, 0x2100b000]],
  });
  stack('popfq', 8, 'pop', 'popfq', { keepsContents: true, pokes: ({ target }) => [[target, 0x8d7]] });
  const returns = { keepsContents: true, pokes: ({ target, after }) => [[target, after]] };
  stack('ret', 8, 'pop', 'ret', returns);
  stack('ret_imm', 8, 'pop', 'ret $24', returns);
  form('leave', 8, 'pop', 'leave', {
    kind: 'stack',
    registers: ({ target, STACK_POINTER }) => ({ rbp: target, rsp: STACK_POINTER - 0x100 }),
  });
}
form('push_m64', 8, 'r', 'push {m}');
form('push_m16', 2, 'r', 'pushw {m}');
form('pop_m64', 8, 'w', 'pop {m}');
form('pop_m16', 2, 'w', 'popw {m}');
form('pop_m64_by_rsp', 8, 'w', 'pop 8(%rsp)', {
  places: [{ at: 'first', target: 0x2100a000, bad: 0x2100a000, mode: 'readonly' }],
  registers: () => ({ rsp: 0x2100a000 - 16 }),
});
form('push_m64_by_rsp', 8, 'r', 'push 8(%rsp)', {
  places: [{ at: 'first', target: 0x2100a000, bad: 0x2100a000, mode: 'noaccess' }],
  registers: () => ({ rsp: 0x2100a000 - 8 }),
});
{
  const pokes = ({ target, after }) => [[target, after]];
  form('call_m64', 8, 'r', 'call *{m}', { pokes, keepsContents: true });
  form('jmp_m64', 8, 'r', 'jmp *{m}', { pokes, keepsContents: true });
}

group = 'strings';
{
  // The pattern of memory repeats every 256 bytes, so this place holds what `target` holds.
  const like = (target, down) => 0x20002000 + (target % 256) + (down ? 0x400 : 0);
  const string = (name, size, access, code, registers, options = {}) =>
    form(name, size, access, code, { kind: 'string', registers, keepsContents: true, ...options });
  for (const size of SIZES) {
    const s = SUFFIX[size];
    const source = ({ target }) => ({ rsi: target, rdi: 0x20001100, rcx: 40 });
    const destination = ({ target }) => ({ rdi: target, rsi: 0x20001100, rcx: 40 });
    const both = (down) => ({
      source: ({ target }) => ({ rsi: target, rdi: like(target, down), rcx: 40 }),
      destination: ({ target }) => ({ rdi: target, rsi: like(target, down), rcx: 40 }),
    });
    for (const down of [false, true]) {
      const d = down ? '_down' : '';
      const options = { down };
      string(`movs${s}_from${d}`, size, 'r', `movs${s}`, source, options);
      string(`movs${s}_to${d}`, size, 'w', `movs${s}`, destination, options);
      string(`stos${s}${d}`, size, 'w', `stos${s}`, destination, options);
      string(`lods${s}${d}`, size, 'r', `lods${s}`, source, options);
      string(`scas${s}${d}`, size, 'r', `scas${s}`, destination, options);
      string(`cmps${s}_from${d}`, size, 'r', `cmps${s}`, source, options);
      string(`cmps${s}_to${d}`, size, 'r', `cmps${s}`, destination, options);

      const repeated = { down, rep: true };
      // Intel's manual restores the flags of before the instruction, AMD's processors have the last element's.
      const compared = { ...repeated, looseFlags: CF | PF | AF | ZF | SF | OF };
      const far = ({ target }) => ({ rdi: target, rsi: 0x20001800, rcx: 40 });
      const farSource = ({ target }) => ({ rsi: target, rdi: 0x20001800, rcx: 40 });
      string(`rep_movs${s}_from${d}`, size, 'r', `rep movs${s}`, farSource, repeated);
      string(`rep_movs${s}_to${d}`, size, 'w', `rep movs${s}`, far, repeated);
      string(`rep_stos${s}${d}`, size, 'w', `rep stos${s}`, far, repeated);
      string(`rep_lods${s}${d}`, size, 'r', `rep lods${s}`, farSource, repeated);
      const equal = both(down);
      string(`repe_cmps${s}_from${d}`, size, 'r', `repe cmps${s}`, equal.source, compared);
      string(`repe_cmps${s}_to${d}`, size, 'r', `repe cmps${s}`, equal.destination, compared);
      string(`repne_cmps${s}${d}`, size, 'r', `repne cmps${s}`, farSource, compared);
      string(`repne_scas${s}${d}`, size, 'r', `repne scas${s}`, far, compared);
    }
    string(
      `rep_movs${s}_overlapping`,
      size,
      'w',
      `rep movs${s}`,
      ({ target }) => ({ rdi: target, rsi: target - size, rcx: 40 }),
      {
        rep: true,
      },
    );
    string(
      `repe_cmps${s}_until_different`,
      size,
      'r',
      `repe cmps${s}`,
      ({ target }) => ({ rsi: target, rdi: like(target), rcx: 40 }),
      {
        rep: true,
        looseFlags: CF | PF | AF | ZF | SF | OF,
        pokes: ({ target }) => [[like(target) + 24 * size, 0]],
      },
    );
    string(
      `repne_scas${s}_until_found`,
      size,
      'r',
      `repne scas${s}`,
      ({ target, patternWord }) => ({
        rdi: target,
        rcx: 40,
        rax: patternWord(target + 30 * size),
      }),
      { rep: true, looseFlags: CF | PF | AF | ZF | SF | OF },
    );
    string(
      `rep_movs${s}_of_none`,
      size,
      'w',
      `rep movs${s}`,
      () => ({ rdi: 0x20005000, rsi: 0x20005800, rcx: 0 }),
      {
        places: [{ at: 'first', target: 0x20005000, bad: 0x20005000, mode: 'noaccess' }],
      },
    );
  }
}

group = 'sse';
for (const name of ['movups', 'movupd', 'movdqu']) {
  form(`${name}_load`, 16, 'r', `${name} {m}, %xmm5`);
  form(`${name}_store`, 16, 'w', `${name} %xmm3, {m}`);
}
for (const name of ['movaps', 'movapd', 'movdqa']) {
  form(`${name}_load`, 16, 'r', `${name} {m}, %xmm5`, { aligned: true });
  form(`${name}_store`, 16, 'w', `${name} %xmm13, {m}`, { aligned: true });
  const places = [{ at: 'misaligned', target: 0x20005008, bad: 0x20005000, mode: 'none' }];
  form(`${name}_load`, 16, 'r', `${name} {m}, %xmm5`, { places });
  form(`${name}_store`, 16, 'w', `${name} %xmm3, {m}`, { places });
}
for (const name of ['movntps', 'movntpd', 'movntdq'])
  form(`${name}_store`, 16, 'w', `${name} %xmm3, {m}`, { aligned: true });
for (const [name, size] of [
  ['movss', 4],
  ['movsd', 8],
  ['movd', 4],
  ['movq', 8],
]) {
  form(`${name}_load`, size, 'r', `${name} {m}, %xmm5`);
  form(`${name}_store`, size, 'w', `${name} %xmm11, {m}`);
}
for (const name of ['movlps', 'movlpd', 'movhps', 'movhpd']) {
  form(`${name}_load`, 8, 'r', `${name} {m}, %xmm5`);
  form(`${name}_store`, 8, 'w', `${name} %xmm11, {m}`);
}

// Several instructions in a row, where a translator that merges checks or keeps values for later must still be
// exact in the middle.
group = 'rows';
{
  const across = (offset, mode, bad = 0x20005000) => [
    { at: `at-${offset}`, target: bad - offset, bad, mode },
  ];
  const row = (name, code, places, options = {}) =>
    form(name, 8, 'rw', code, { addressing: '(%rbx)', places, ...options });
  const stack = (offset, mode = 'guard') => [
    { at: `at-${offset}`, target: 0x2100a000 + offset, bad: 0x21009000, mode },
  ];
  const onStack = { registers: ({ target }) => ({ rsp: target }) };
  row(
    'stores',
    'mov %rax, (%rbx); mov %rdx, 8(%rbx); mov %rsi, 16(%rbx); mov %rdi, 24(%rbx)',
    across(16, 'readonly'),
  );
  row(
    'stores_across',
    'mov %rax, (%rbx); mov %rdx, 8(%rbx); mov %rsi, 16(%rbx); mov %rdi, 24(%rbx)',
    across(20, 'noaccess'),
  );
  row(
    'stores_backwards',
    'mov %rax, 24(%rbx); mov %rdx, 16(%rbx); mov %rsi, 8(%rbx); mov %rdi, (%rbx)',
    across(16, 'readonly'),
  );
  row(
    'loads',
    'mov (%rbx), %rax; add 8(%rbx), %rax; mov 16(%rbx), %rdx; sub %rdx, %rax',
    across(16, 'noaccess'),
  );
  row(
    'loads_base_last',
    'mov (%rbx), %rdx; mov 8(%rbx), %rsi; mov 16(%rbx), %rbx; lea 1(%rbx), %rbx',
    across(16, 'noaccess'),
  );
  row(
    'load_then_store',
    'mov (%rbx), %rax; mov %rax, 16(%rbx); mov 8(%rbx), %rdx; mov %rdx, 24(%rbx)',
    across(16, 'readonly'),
  );
  row(
    'carry_chain',
    'add %rax, (%rbx); adc %rdx, 8(%rbx); adc %rsi, 16(%rbx); adc %rdi, 24(%rbx)',
    across(16, 'readonly'),
  );
  row('flags_kept', 'cmp %rdx, %rax; mov (%rbx), %rsi; setb %dl; adc $0, %rdi', across(0, 'noaccess'));
  row('flags_of_inc', 'stc; inc %rdx; mov %rsi, (%rbx); adc $0, %rdi', across(0, 'readonly'));
  row('flags_of_shift', 'shl $3, %rdx; mov (%rbx), %rsi; rcl $1, %rdi; seto %al', across(0, 'noaccess'), {
    undefinedFlags: AF,
    looseFlags: AF | OF,
  });
  row('compare_memory', 'cmp (%rbx), %rax; cmovb %rdx, %rsi; sete %dl', across(4, 'noaccess'));
  row(
    'high_bytes',
    'mov (%rbx), %ah; mov 1(%rbx), %dh; mov %dh, %al; mov %ah, 2(%rbx)',
    across(1, 'readonly'),
  );
  row(
    'high_bytes_read',
    'mov (%rbx), %ah; mov 1(%rbx), %dh; mov %dh, %al; mov %ah, 2(%rbx)',
    across(1, 'noaccess'),
  );
  row(
    'copy_16',
    'movups (%rsi), %xmm0; movups 16(%rsi), %xmm1; movups %xmm0, (%rbx); movups %xmm1, 16(%rbx)',
    across(20, 'readonly'),
    {
      registers: () => ({ rsi: 0x20001100 }),
    },
  );
  row('pushes', 'push %rax; push %rdx; push %rsi; push %rdi', stack(16), onStack);
  row('pushes_across', 'push %rax; push %rdx; push %rsi; push %rdi', stack(20), onStack);
  row(
    'prologue',
    'push %rbp; mov %rsp, %rbp; sub $48, %rsp; mov %rax, -16(%rbp); mov %rdx, 8(%rsp)',
    stack(8),
    onStack,
  );
  row(
    'pops',
    'pop %rax; pop %rdx; pop %rsi; pop %rdi',
    [{ at: 'at-16', target: 0x2100a000 - 16, bad: 0x2100a000, mode: 'noaccess' }],
    onStack,
  );
  row('byte_loop', '1:; mov %dl, (%rbx); inc %rbx; dec %ecx; jnz 1b', across(20, 'readonly'), {
    registers: () => ({ rcx: 30 }),
  });
  row(
    'sum_loop',
    'xor %eax, %eax; 1:; add (%rbx,%rcx,8), %rax; adc $0, %rsi; sub $1, %rcx; jae 1b',
    [{ at: 'at-16', target: 0x20006000 - 16, bad: 0x20005000, mode: 'noaccess' }],
    { registers: ({ target }) => ({ rbx: target - 64, rcx: 12 }) },
  );
  row(
    'in_a_call',
    'call 1f; call 1f; jmp 2f; 1:; push %rbp; mov %rsp, %rbp; mov (%rbx), %rax; add %rax, (%rbx); add $1, %rdx; pop %rbp; ret; 2:',
    across(0, 'noaccess'),
  );
  row(
    'in_a_recursion',
    'call 1f; jmp 3f; 1:; push %rcx; dec %ecx; jnz 2f; mov (%rbx), %rax; jmp 4f; 2:; call 1b; 4:; pop %rcx; add %rcx, %rax; ret; 3:',
    across(3, 'noaccess'),
    {
      registers: () => ({ rcx: 6 }),
    },
  );
  row('two_pages', 'mov (%rbx), %rax; mov %rax, 0x1000(%rbx); mov %rdx, (%rbx)', across(4, 'noaccess'));
}

group = 'later';
for (const size of [2, 4, 8]) {
  form(`movbe_r${size * 8}_m`, size, 'r', `movbe {m}, ${reg('d', size)}`);
  form(`movbe_m_r${size * 8}`, size, 'w', `movbe ${reg('d', size)}, {m}`);
  for (const name of ['popcnt', 'lzcnt', 'tzcnt'])
    form(`${name}_r${size * 8}_m`, size, 'r', `${name} {m}, ${reg('d', size)}`, {
      undefinedFlags: name === 'popcnt' ? 0 : PF | AF | SF | OF,
    });
}
for (const size of SIZES)
  form(`crc32_m${size * 8}`, size, 'r', `crc32${SUFFIX[size]} {m}, ${size === 8 ? '%rdx' : '%edx'}`);
for (const name of ['pshufb', 'pmulld', 'aesenc', 'ptest', 'movntdqa'])
  form(`${name}_load`, 16, 'r', `${name} {m}, %xmm5`, { aligned: true });
for (const [name, code, size] of [
  ['pmovzxbq', 'pmovzxbq {m}, %xmm5', 2],
  ['pmovsxbd', 'pmovsxbd {m}, %xmm5', 4],
  ['pmovzxwd', 'pmovzxwd {m}, %xmm5', 8],
  ['insertps', 'insertps $0x10, {m}, %xmm5', 4],
  ['lddqu', 'lddqu {m}, %xmm5', 16],
  ['pcmpistri', 'pcmpistri $0x0c, {m}, %xmm5', 16],
  ['pcmpestrm', 'pcmpestrm $0x08, {m}, %xmm5', 16],
  ['clflush', 'clflush {m}', 1],
])
  form(name, size, 'r', code);
for (const [suffix, size] of [
  ['b', 1],
  ['w', 2],
  ['d', 4],
  ['q', 8],
]) {
  form(`pinsr${suffix}`, size, 'r', `pinsr${suffix} $1, {m}, %xmm5`);
  form(`pextr${suffix}`, size, 'w', `pextr${suffix} $1, %xmm3, {m}`);
}
form('extractps', 4, 'w', 'extractps $2, %xmm3, {m}');
form('pblendvb', 16, 'r', 'pblendvb %xmm0, {m}, %xmm5', { aligned: true });
form('stmxcsr', 4, 'w', 'stmxcsr {m}');
form('maskmovdqu', 16, 'w', 'pcmpeqb %xmm4, %xmm4; maskmovdqu %xmm4, %xmm3', {
  registers: ({ target }) => ({ rdi: target }),
  addressing: '(%rbx)',
});
form('addr32_movs', 4, 'r', 'addr32 movsl', {
  kind: 'string',
  keepsContents: true,
  registers: ({ target }) => ({ rsi: target + 2 ** 40, rdi: 0x20001100 }),
});
form('addr32_rep_stos', 4, 'w', 'addr32 rep stosl', {
  kind: 'string',
  keepsContents: true,
  rep: true,
  registers: ({ target }) => ({ rdi: target, rcx: 40 }),
});
form(
  'enter_nested',
  8,
  'push',
  'enter $32, $3; mov %rax, -32(%rbp); mov %rdx, -40(%rbp); mov %rax, -48(%rbp); mov %rdx, -56(%rbp)',
  {
    kind: 'stack',
    registers: ({ target }) => ({ rsp: target, rbp: 0x20001100 }),
  },
);

// A store of MXCSR before it makes the flags in the handler's context exact from the first case on.
group = 'floats';
const observed = (code) => `stmxcsr -32(%rsp); ${code}`;
for (const name of ['addps', 'divpd', 'haddpd', 'roundps'])
  form(`${name}_load`, 16, 'r', observed(`${name} ${name === 'roundps' ? '$2, ' : ''}{m}, %xmm5`), {
    aligned: true,
  });
for (const name of ['addss', 'sqrtss', 'cvtss2sd', 'ucomiss', 'minss'])
  form(`${name}_load`, 4, 'r', observed(`${name} {m}, %xmm5`));
for (const name of ['addsd', 'sqrtsd', 'cvtsd2ss', 'comisd', 'maxsd', 'cvtps2pd', 'movddup'])
  form(`${name}_load`, 8, 'r', observed(`${name} {m}, %xmm5`));
form('cvttsd2si', 8, 'r', observed('cvttsd2si {m}, %edx'));
form('cvtsi2sd_m32', 4, 'r', observed('cvtsi2sdl {m}, %xmm5'));
form('roundsd', 8, 'r', observed('roundsd $1, {m}, %xmm5'));
