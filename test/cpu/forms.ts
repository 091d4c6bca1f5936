/** What the random inputs of a form must look like. */
export type InputKind =
  | 'integer'
  | 'string'
  | 'divide'
  | 'vector'
  | 'single'
  | 'double'
  | 'convert'
  | 'letters'
  | 'edge-single'
  | 'edge-double';

/** One or more instructions (Intel syntax, `;` between them) that are run on many inputs. */
export interface Form {
  readonly asm: string;
  readonly kind: InputKind;
}

const R = {
  1: ['al', 'cl', 'dl', 'sil', 'r8b'],
  2: ['ax', 'cx', 'dx', 'si', 'r8w'],
  4: ['eax', 'ecx', 'edx', 'esi', 'r8d'],
  8: ['rax', 'rcx', 'rdx', 'rsi', 'r8'],
} as const;
type Size = keyof typeof R;
const SIZES: readonly Size[] = [1, 2, 4, 8];
const WIDE: readonly Size[] = [2, 4, 8];
const POINTER = { 1: 'byte', 2: 'word', 4: 'dword', 8: 'qword' } as const;
const CONDITIONS = ['o', 'no', 'b', 'ae', 'e', 'ne', 'be', 'a', 's', 'ns', 'p', 'np', 'l', 'ge', 'le', 'g'];
const IMMEDIATE = { 1: 0x85, 2: 0x1234, 4: 0x12345678, 8: -0x12345678 } as const;

const memory = (size: Size) => `${POINTER[size]} ptr [rbx+r9*4+8]`;
const plain = (size: Size) => `${POINTER[size]} ptr [rbx]`;

function* arithmetic(): Iterable<string> {
  for (const op of ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp', 'test']) {
    for (const size of SIZES) {
      const [a, b] = R[size];
      yield `${op} ${a}, ${b}`;
      yield `${op} ${a}, ${a}`;
      yield `${op} ${memory(size)}, ${b}`;
      if (op !== 'test') yield `${op} ${b}, ${memory(size)}`;
      yield `${op} ${b}, ${IMMEDIATE[size]}`;
      yield `${op} ${plain(size)}, ${size === 1 ? 1 : 0x7f}`;
    }
    yield `${op} ah, cl`;
    yield `${op} dh, ah`;
    yield `${op} bl, ch`;
  }
  for (const op of ['inc', 'dec', 'neg', 'not']) {
    for (const size of SIZES) {
      yield `${op} ${R[size][1]}`;
      yield `${op} ${memory(size)}`;
    }
    yield `${op} dh`;
  }
  yield 'lock add dword ptr [rbx], ecx';
  yield 'lock xor qword ptr [rbx+8], rdx';
  yield 'lock inc word ptr [rbx]';
  yield 'add rax, rcx; adc rdx, rsi';
  yield 'sub eax, ecx; sbb edx, esi; sbb r8d, r8d';
  yield 'add al, cl; adc ah, ch';
  yield 'cmp rax, rcx; sbb rdx, rdx';
}

function* shifts(): Iterable<string> {
  for (const op of ['shl', 'shr', 'sar', 'rol', 'ror', 'rcl', 'rcr']) {
    for (const size of SIZES) {
      const a = R[size][0];
      yield `${op} ${a}, cl`;
      yield `${op} ${memory(size)}, cl`;
      for (const count of [1, 3, size * 8 - 1, size === 8 ? 33 : 31]) yield `${op} ${a}, ${count}`;
      yield `${op} ${plain(size)}, 1`;
    }
    yield `${op} dh, 1`;
    yield `${op} dh, cl`;
    yield `${op} eax, 32`;
    yield `cmp rsi, rdi; ${op} eax, cl`;
    yield `${op} edx, cl; ${op} r8, cl; setb al`;
  }
  for (const op of ['shld', 'shrd']) {
    for (const size of WIDE) {
      const [a, , c] = R[size];
      yield `${op} ${a}, ${c}, cl`;
      yield `${op} ${a}, ${c}, 1`;
      yield `${op} ${a}, ${c}, 7`;
      yield `${op} ${memory(size)}, ${c}, 13`;
    }
  }
}

function* multiplication(): Iterable<string> {
  for (const op of ['mul', 'imul']) {
    for (const size of SIZES) {
      yield `${op} ${R[size][1]}`;
      yield `${op} ${memory(size)}`;
    }
    yield `${op} ah`;
  }
  for (const size of WIDE) {
    const [a, b] = R[size];
    yield `imul ${a}, ${b}`;
    yield `imul ${a}, ${memory(size)}`;
    yield `imul ${a}, ${b}, 77`;
    yield `imul ${a}, ${b}, -${size === 2 ? 30000 : 300000}`;
    yield `imul ${a}, ${memory(size)}, 0x55`;
  }
}

function* division(): Iterable<string> {
  for (const op of ['div', 'idiv']) {
    for (const size of SIZES) {
      yield `${op} ${R[size][1]}`;
      yield `${op} ${memory(size)}`;
    }
    yield `${op} ch`;
  }
}

function* moves(): Iterable<string> {
  for (const size of SIZES) {
    const [a, b] = R[size];
    yield `mov ${a}, ${b}`;
    yield `mov ${a}, ${IMMEDIATE[size]}`;
    yield `mov ${a}, ${memory(size)}`;
    yield `mov ${memory(size)}, ${b}`;
    yield `mov ${plain(size)}, ${IMMEDIATE[size]}`;
    yield `xchg ${a}, ${b}`;
    yield `xchg ${memory(size)}, ${b}`;
    yield `xadd ${a}, ${b}`;
    yield `xadd ${a}, ${a}`;
    yield `lock xadd ${memory(size)}, ${b}`;
    yield `cmpxchg ${memory(size)}, ${b}`;
    yield `mov ${a}, ${memory(size)}; cmpxchg ${memory(size)}, ${b}`;
    yield `mov ${a}, ${R[size][2]}; cmpxchg ${R[size][2]}, ${b}`;
  }
  yield 'mov ah, cl';
  yield 'mov dl, dh';
  yield 'mov ch, byte ptr [rbx]';
  yield 'mov byte ptr [rbx+3], ah';
  yield 'xchg al, ah';
  yield 'xchg dh, byte ptr [rbx]';
  yield 'movabs rax, 0x123456789abcdef0';
  yield 'movabs rcx, -2';
  yield 'xchg rax, r8';
  yield 'cmpxchg8b qword ptr [rbx]';
  yield 'mov eax, [rbx]; mov edx, [rbx+4]; cmpxchg8b qword ptr [rbx]';
  yield 'mov r11, rbx; mov rcx, rsi; mov rbx, rdi; cmpxchg16b [r11]';
  yield 'mov r11, rbx; mov rax, [rbx]; mov rdx, [rbx+8]; mov rbx, rdi; lock cmpxchg16b [r11]';
  for (const [to, from] of [
    [2, 1],
    [4, 1],
    [8, 1],
    [4, 2],
    [8, 2],
  ] as const) {
    for (const op of ['movzx', 'movsx']) {
      yield `${op} ${R[to][0]}, ${R[from][1]}`;
      yield `${op} ${R[to][0]}, ${memory(from)}`;
    }
  }
  yield 'movzx eax, ch';
  yield 'movsx ecx, ah';
  yield 'movsxd rax, ecx';
  yield 'movsxd rdx, dword ptr [rbx]';
  for (const size of WIDE) {
    const [a, b] = R[size];
    yield `lea ${a}, [rbx+rcx*8-0x77]`;
    yield `lea ${a}, [ecx+edx*2+5]`;
    yield `lea ${a}, [rdx*4+0x1000]`;
    yield `movbe ${a}, ${memory(size)}`;
    yield `movbe ${memory(size)}, ${b}`;
    for (const condition of CONDITIONS) yield `cmov${condition} ${a}, ${b}`;
    yield `cmovl ${a}, ${memory(size)}`;
  }
  for (const condition of CONDITIONS) yield `set${condition} dl`;
  yield 'sete ah';
  yield 'setg byte ptr [rbx]';
  yield 'bswap eax';
  yield 'bswap rcx';
  for (const op of ['cbw', 'cwde', 'cdqe', 'cwd', 'cdq', 'cqo']) yield op;
  yield 'and eax, 15; xlatb';
  yield 'movnti [rbx], ecx';
}

function* stack(): Iterable<string> {
  yield 'push rax';
  yield 'push rsp';
  yield 'push cx';
  yield 'push 0x12';
  yield 'push -0x12345678';
  yield 'push qword ptr [rbx]';
  yield 'push qword ptr [rsp+8]';
  yield 'pop rdx';
  yield 'pop dx';
  yield 'pop rsp';
  yield 'pop qword ptr [rbx+8]';
  yield 'pop qword ptr [rsp+8]';
  yield 'push rax; push rcx; pop rdx; pop rsi';
  yield 'mov rbp, rsp; sub rbp, 16; leave';
  yield 'enter 32, 0';
  yield 'pushfq';
  yield 'and rax, 0xcd5; push rax; popfq';
  yield 'lahf';
  yield 'sahf';
  yield 'call 1f; 1: pop rax; sub rax, rax';
  yield 'clc';
  yield 'stc';
  yield 'cmc';
}

function* bits(): Iterable<string> {
  for (const op of ['bt', 'bts', 'btr', 'btc']) {
    for (const size of WIDE) {
      const [a, b] = R[size];
      const index = { 2: 'r10w', 4: 'r10d', 8: 'r10' }[size as 2 | 4 | 8];
      yield `${op} ${a}, ${b}`;
      yield `${op} ${a}, 13`;
      yield `${op} ${memory(size)}, 5`;
      yield `${op} ${plain(size)}, ${index}`;
    }
  }
  for (const op of ['bsf', 'bsr', 'tzcnt', 'lzcnt', 'popcnt']) {
    for (const size of WIDE) {
      yield `${op} ${R[size][0]}, ${R[size][1]}`;
      yield `${op} ${R[size][0]}, ${memory(size)}`;
      yield `xor ecx, ecx; ${op} ${R[size][0]}, ${R[size][1]}`;
    }
  }
}

/** Flags used at once by what follows: the fused forms. */
function* fused(): Iterable<string> {
  for (const condition of CONDITIONS) {
    for (const size of SIZES) {
      const [a, b, , d] = R[size];
      yield `cmp ${a}, ${b}; set${condition} dil`;
      yield `test ${a}, ${b}; set${condition} dil`;
      yield `add ${a}, ${b}; set${condition} dil`;
      yield `dec ${d}; set${condition} dil`;
    }
    yield `cmp ah, cl; set${condition} dil`;
    yield `cmp rax, rcx; j${condition} 1f; mov edx, 5; 1: mov esi, edx`;
    yield `cmp rax, rcx; mov rax, rdx; cmov${condition} edx, esi`;
    yield `inc ecx; cmov${condition} rdx, rsi`;
    yield `sub eax, ecx; cmov${condition} edx, esi`;
    yield `neg ecx; set${condition} dil`;
    yield `shl eax, 3; set${condition} dil`;
    yield `imul eax, ecx; setb dil; setno sil; cmp eax, edx; set${condition} r8b`;
    yield `adc eax, ecx; set${condition} dil`;
    yield `sbb cx, dx; set${condition} dil`;
    yield `test cl, 1; je 1f; add eax, edx; 1: set${condition} dil`;
    yield `shr rax, cl; set${condition} dil`;
  }
  yield 'lea rcx, [r9+1]; 1: add rax, rdx; loop 1b';
  yield 'mov ecx, 5; 1: dec r8; loopne 1b';
  yield 'mov ecx, 5; 1: cmp al, al; loope 1b';
  yield 'and ecx, 1; jrcxz 1f; inc rax; 1: inc rdx';
  yield 'and ecx, 1; jecxz 1f; inc rax; 1: inc rdx';
}

function* strings(): Iterable<string> {
  for (const suffix of ['b', 'w', 'd', 'q']) {
    for (const op of ['movs', 'stos', 'lods']) {
      yield `${op}${suffix}`;
      yield `rep ${op}${suffix}`;
    }
    for (const op of ['scas', 'cmps']) {
      yield `${op}${suffix}`;
      yield `repe ${op}${suffix}`;
      yield `repne ${op}${suffix}`;
    }
    yield `mov rdi, rsi; add rdi, 1; rep movs${suffix}`;
    yield `mov rdi, rsi; repe cmps${suffix}`;
    yield `mov rax, [rdi+16]; repne scas${suffix}; sete dl; setb r8b`;
  }
}

/** With a 67 prefix only the lower halves of rsi, rdi and rcx count. */
function* shortStrings(): Iterable<string> {
  for (const suffix of ['b', 'w', 'd', 'q']) {
    for (const op of ['movs', 'stos', 'lods', 'scas', 'cmps']) {
      yield `bts rsi, 40; bts rdi, 50; addr32 ${op}${suffix}`;
      yield `bts rsi, 40; bts rdi, 50; bts rcx, 60; addr32 rep ${op}${suffix}`;
    }
    yield `addr32 repne cmps${suffix}`;
  }
}

function* rareIntegers(): Iterable<string> {
  for (const nesting of [1, 2, 5, 33]) yield `mov rbp, rbx; enter 16, ${nesting}`;
  yield 'clflush [rbx]';
  yield '.byte 0x66, 0x63, 0xc1';
  yield 'bt dword ptr [ebx], r10d';
}

function* vectorMoves(): Iterable<string> {
  for (const op of ['movaps', 'movapd', 'movdqa', 'movups', 'movupd', 'movdqu']) {
    const at = op.includes('u') ? 'rbx+3' : 'rbx+16';
    yield `${op} xmm0, xmm1`;
    yield `${op} xmm2, [${at}]`;
    yield `${op} [${at}], xmm1`;
  }
  for (const op of ['movss', 'movsd']) {
    const size = op === 'movss' ? 'dword' : 'qword';
    yield `${op} xmm0, xmm1`;
    yield `${op} xmm0, ${size} ptr [rbx+r9*4]`;
    yield `${op} ${size} ptr [rbx+1], xmm1`;
  }
  yield 'movd xmm0, ecx';
  yield 'movd edx, xmm1';
  yield 'movd xmm0, dword ptr [rbx]';
  yield 'movd dword ptr [rbx], xmm0';
  yield 'movq xmm0, rcx';
  yield 'movq rdx, xmm1';
  yield 'movq xmm0, xmm1';
  yield 'movq xmm0, qword ptr [rbx]';
  yield 'movq qword ptr [rbx+5], xmm0';
  for (const op of ['movlps', 'movlpd', 'movhps', 'movhpd']) {
    yield `${op} xmm0, qword ptr [rbx+1]`;
    yield `${op} qword ptr [rbx+1], xmm0`;
  }
  for (const op of ['movhlps', 'movlhps']) yield `${op} xmm0, xmm1`;
  for (const op of ['movmskps', 'movmskpd', 'pmovmskb']) yield `${op} eax, xmm1`;
  for (const index of [0, 3, 7]) {
    yield `pextrw ecx, xmm0, ${index}`;
    yield `pinsrw xmm0, ecx, ${index}`;
    yield `pinsrw xmm1, word ptr [rbx], ${index}`;
  }
  for (const op of ['movntps', 'movntpd', 'movntdq']) yield `${op} [rbx], xmm1`;
}

const VECTOR_PAIRS = [
  'paddb paddw paddd paddq paddsb paddsw paddusb paddusw psubb psubw psubd psubq psubsb psubsw psubusb psubusw',
  'pand pandn por pxor andps andnps orps xorps andpd andnpd orpd xorpd pcmpeqb pcmpeqw pcmpeqd pcmpgtb pcmpgtw pcmpgtd',
  'pminub pmaxub pminsw pmaxsw pavgb pavgw pmullw pmulhw pmulhuw pmuludq pmaddwd psadbw packsswb packuswb packssdw',
  'punpcklbw punpckhbw punpcklwd punpckhwd punpckldq punpckhdq punpcklqdq punpckhqdq unpcklps unpckhps unpcklpd unpckhpd',
]
  .join(' ')
  .split(' ');

function* vectors(): Iterable<string> {
  for (const op of VECTOR_PAIRS) {
    yield `${op} xmm0, xmm1`;
    yield `${op} xmm0, xmmword ptr [rbx+16]`;
    yield `${op} xmm2, xmm2`;
  }
  for (const op of ['psllw', 'pslld', 'psllq', 'psrlw', 'psrld', 'psrlq', 'psraw', 'psrad']) {
    for (const count of [0, 1, 15, 31, 63, 200]) yield `${op} xmm0, ${count}`;
    yield `movd xmm1, r9d; ${op} xmm0, xmm1`;
    yield `${op} xmm0, xmm1`;
  }
  for (const op of ['pslldq', 'psrldq'])
    for (const count of [0, 1, 7, 15, 16, 99]) yield `${op} xmm0, ${count}`;
  for (const op of ['pshufd', 'pshuflw', 'pshufhw']) {
    for (const order of [0x1b, 0xe4, 0x39]) yield `${op} xmm0, xmm1, ${order}`;
    yield `${op} xmm0, xmmword ptr [rbx+32], 0x93`;
  }
  for (const order of [0, 1, 2, 0x1b, 0xe4]) {
    yield `shufps xmm0, xmm1, ${order}`;
    yield `shufpd xmm0, xmm1, ${order & 3}`;
  }
}

function* floats(suffixes: readonly string[], size: string): Iterable<string> {
  for (const suffix of suffixes) {
    const isScalar = suffix.startsWith('s');
    const at = isScalar ? `${size} ptr [rbx+4]` : 'xmmword ptr [rbx+16]';
    for (const op of ['add', 'sub', 'mul', 'div', 'min', 'max', 'sqrt']) {
      yield `${op}${suffix} xmm0, xmm1`;
      yield `${op}${suffix} xmm0, ${at}`;
    }
    for (let predicate = 0; predicate < 8; predicate++) yield `cmp${suffix} xmm0, xmm1, ${predicate}`;
    yield `cmp${suffix} xmm0, ${at}, 1`;
  }
  const scalar = suffixes.find((suffix) => suffix.startsWith('s'))!;
  for (const op of ['ucomi', 'comi']) {
    yield `${op}${scalar} xmm0, xmm1`;
    yield `${op}${scalar} xmm0, ${size} ptr [rbx]`;
    yield `${op}${scalar} xmm0, xmm0`;
    for (const condition of ['a', 'ae', 'b', 'be', 'e', 'ne', 'p', 'np'])
      yield `${op}${scalar} xmm0, xmm1; set${condition} dl`;
  }
  for (const register of ['ecx', 'rcx']) {
    yield `cvtsi2${scalar} xmm0, ${register}`;
    yield `cvtt${scalar}2si ${register}, xmm1`;
    yield `cvt${scalar}2si ${register}, xmm1`;
  }
  yield `cvtsi2${scalar} xmm0, dword ptr [rbx]`;
  yield `cvtsi2${scalar} xmm0, qword ptr [rbx]`;
  yield `cvtt${scalar}2si edx, ${size} ptr [rbx]`;
}

function* conversions(): Iterable<string> {
  for (const op of ['cvtss2sd', 'cvtsd2ss', 'cvtps2pd', 'cvtpd2ps', 'cvtdq2ps', 'cvtdq2pd'])
    yield `${op} xmm0, xmm1`;
  for (const op of ['cvttps2dq', 'cvtps2dq', 'cvttpd2dq', 'cvtpd2dq']) yield `${op} xmm0, xmm1`;
  yield 'cvtps2pd xmm0, qword ptr [rbx+4]';
  yield 'cvtdq2pd xmm0, qword ptr [rbx+4]';
}

const SSE3_TO_4_PAIRS = [
  'pshufb phaddw phaddd phaddsw pmaddubsw phsubw phsubd phsubsw psignb psignw psignd pmulhrsw pabsb pabsw pabsd',
  'ptest pmuldq pcmpeqq packusdw pcmpgtq pminsb pminsd pminuw pminud pmaxsb pmaxsd pmaxuw pmaxud pmulld phminposuw',
  'aesimc aesenc aesenclast aesdec aesdeclast movsldup movshdup',
]
  .join(' ')
  .split(' ');

function* laterVectors(): Iterable<string> {
  for (const op of SSE3_TO_4_PAIRS) {
    yield `${op} xmm0, xmm1`;
    yield `${op} xmm0, xmmword ptr [rbx+16]`;
    yield `${op} xmm2, xmm2`;
  }
  for (const op of ['pblendvb', 'blendvps', 'blendvpd']) {
    yield `${op} xmm1, xmm2, xmm0`;
    yield `${op} xmm0, xmmword ptr [rbx+16], xmm0`;
  }
  for (const [op, ...numbers] of [
    ['palignr', 0, 1, 7, 15, 16, 17, 31, 32, 99],
    ['pblendw', 0, 0x5a, 0xff],
    ['blendps', 0, 5, 0xfa],
    ['blendpd', 1, 2, 3],
    ['mpsadbw', 0, 3, 5, 6],
    ['aeskeygenassist', 0, 0x1b],
    ['pclmulqdq', 0, 1, 0x10, 0x11],
    ['insertps', 0, 0x50, 0xe4, 0x9b, 0x2f],
  ] as const) {
    const at = op === 'insertps' ? 'dword ptr [rbx+4]' : 'xmmword ptr [rbx+32]';
    for (const number of numbers) yield `${op} xmm0, xmm1, ${number}`;
    yield `${op} xmm0, ${at}, ${numbers[1]}`;
  }
  for (const [op, size] of [
    ['bw', 'qword'],
    ['bd', 'dword'],
    ['bq', 'word'],
    ['wd', 'qword'],
    ['wq', 'dword'],
    ['dq', 'qword'],
  ]) {
    for (const sign of ['s', 'z']) {
      yield `pmov${sign}x${op} xmm0, xmm1`;
      yield `pmov${sign}x${op} xmm1, ${size} ptr [rbx+3]`;
    }
  }
  yield 'ptest xmm0, xmm1; setb dl; sete sil';
  yield 'movddup xmm0, xmm1';
  yield 'movddup xmm0, qword ptr [rbx+1]';
  yield 'lddqu xmm0, [rbx+3]';
  yield 'movntdqa xmm0, [rbx+16]';
  yield 'mov rdi, rbx; maskmovdqu xmm0, xmm1';
}

function* lanesAndCrc(): Iterable<string> {
  for (const [suffix, register, size, last] of [
    ['b', 'ecx', 'byte', 15],
    ['w', 'ecx', 'word', 7],
    ['d', 'ecx', 'dword', 3],
    ['q', 'rcx', 'qword', 1],
  ] as const) {
    for (const index of [0, last, 0xf0]) {
      yield `pextr${suffix} ${register}, xmm0, ${index}`;
      yield `pinsr${suffix} xmm0, ${register}, ${index}`;
    }
    yield `pextr${suffix} ${size} ptr [rbx+1], xmm0, ${last}`;
    yield `pinsr${suffix} xmm0, ${size} ptr [rbx+1], ${last}`;
  }
  yield 'extractps ecx, xmm0, 2';
  yield 'extractps dword ptr [rbx+1], xmm0, 3';
  for (const source of ['cl', 'ch', 'cx', 'ecx', 'byte ptr [rbx]', 'dword ptr [rbx]'])
    yield `crc32 eax, ${source}`;
  for (const source of ['cl', 'rcx', 'qword ptr [rbx+1]']) yield `crc32 rax, ${source}`;
}

function* horizontals(size: 's' | 'd'): Iterable<string> {
  for (const op of ['hadd', 'hsub', 'addsub']) {
    yield `${op}p${size} xmm0, xmm1`;
    yield `${op}p${size} xmm0, xmmword ptr [rbx+16]`;
  }
  for (const control of size === 's' ? [0xff, 0x71, 0x3a, 0x50] : [0x31, 0x33, 0x12])
    yield `dpp${size} xmm0, xmm1, ${control}`;
  yield `dpp${size} xmm0, xmmword ptr [rbx+16], 0xf1`;
  for (const control of [0, 1, 2, 3, 4, 9]) {
    yield `roundp${size} xmm0, xmm1, ${control}`;
    yield `rounds${size} xmm0, xmm1, ${control}`;
  }
  yield `roundp${size} xmm0, xmmword ptr [rbx+16], 3`;
  yield `rounds${size} xmm0, ${size === 's' ? 'd' : 'q'}word ptr [rbx+4], 1`;
}

/** Sets MXCSR, does something, and stores MXCSR where the state shows it. */
function withControl(control: number, asm: string): string {
  return `mov dword ptr [rbx-16], ${control}; ldmxcsr [rbx-16]; ${asm}; stmxcsr [rbx-16]`;
}

/** As after a program's start; down; up, flushing both ways; toward zero; flushing results; flushing operands. */
const CONTROLS = [0x1f80, 0x3f80, 0xdfc0, 0x7f80, 0x9f80, 0x1fc0];
/** After an inexact operation, where results are taken from wasm. */
const INEXACT_BEFORE = 0x1fa0;

function* floatStates(size: 's' | 'd'): Iterable<string> {
  const other = size === 's' ? 'd' : 's';
  const scalar = ['add', 'sub', 'mul', 'div', 'min', 'max', 'sqrt'].map((op) => `${op}s${size} xmm0, xmm1`);
  for (const predicate of [0, 1, 6, 7]) scalar.push(`cmps${size} xmm0, xmm1, ${predicate}`);
  for (const op of ['ucomi', 'comi']) scalar.push(`${op}s${size} xmm0, xmm1`);
  for (const register of ['ecx', 'rcx']) {
    scalar.push(`cvts${size}2si ${register}, xmm1`, `cvtts${size}2si ${register}, xmm1`);
    scalar.push(`cvtsi2s${size} xmm0, ${register}`);
  }
  scalar.push(`cvts${size}2s${other} xmm0, xmm1`);
  for (const rounding of [1, 4, 12]) scalar.push(`rounds${size} xmm0, xmm1, ${rounding}`);
  for (const asm of scalar) for (const control of CONTROLS) yield withControl(control, asm);
  const packed = ['add', 'sub', 'mul', 'div', 'min', 'max', 'sqrt', 'hadd', 'addsub'].map(
    (op) => `${op}p${size} xmm0, xmm1`,
  );
  packed.push(`cmpp${size} xmm0, xmm1, 2`, `dpp${size} xmm0, xmm1, 0x31`, `roundp${size} xmm0, xmm1, 4`);
  const conversions =
    size === 's'
      ? ['cvtps2pd', 'cvtps2dq', 'cvttps2dq', 'cvtdq2ps']
      : ['cvtpd2ps', 'cvtpd2dq', 'cvttpd2dq', 'cvtdq2pd'];
  packed.push(...conversions.map((op) => `${op} xmm0, xmm1`));
  for (const asm of packed) for (const control of [0x1f80, 0xdfc0]) yield withControl(control, asm);
  for (const asm of [...scalar, ...packed]) yield withControl(INEXACT_BEFORE, asm);
}

/** Short alphabets and zeros, so that strings of all lengths match here and there. */
function* stringComparisons(): Iterable<string> {
  const few = 'pxor xmm2, xmm2; pcmpgtb xmm2, xmm1; pand xmm1, xmm2';
  for (let control = 0; control < 0x80; control++) {
    yield `pcmpistri xmm0, xmm1, ${control}`;
    yield `and eax, 31; and edx, 15; pcmpestri xmm0, xmm1, ${control}`;
    if (control % 5 === 0) yield `pcmpistrm xmm1, xmm0, ${control}`;
    if (control % 7 === 0) yield `and eax, 15; and edx, 7; pcmpestrm xmm2, xmmword ptr [rbx+5], ${control}`;
    if (control % 9 === 0) yield `${few}; pcmpistri xmm1, xmmword ptr [rbx+1], ${control}; seta al`;
  }
  yield 'mov eax, 9; mov edx, -3; pcmpestri xmm0, xmm1, 12';
  yield 'mov rax, -2; rex.w pcmpestri xmm0, xmm1, 8';
  yield 'mov eax, 5; shl rax, 32; rex.w pcmpestri xmm0, xmm1, 8';
}

const kinds: readonly [InputKind, () => Iterable<string>][] = [
  ['integer', arithmetic],
  ['integer', shifts],
  ['integer', multiplication],
  ['divide', division],
  ['integer', moves],
  ['integer', stack],
  ['integer', bits],
  ['integer', fused],
  ['string', strings],
  ['vector', vectorMoves],
  ['vector', vectors],
  ['single', () => floats(['ps', 'ss'], 'dword')],
  ['double', () => floats(['pd', 'sd'], 'qword')],
  ['convert', conversions],
  ['vector', laterVectors],
  ['vector', lanesAndCrc],
  ['single', () => horizontals('s')],
  ['double', () => horizontals('d')],
  ['string', shortStrings],
  ['integer', rareIntegers],
  ['edge-single', () => floatStates('s')],
  ['edge-double', () => floatStates('d')],
  ['letters', stringComparisons],
];

/** All forms, in the order of the recording. */
export const FORMS: readonly Form[] = kinds.flatMap(([kind, make]) =>
  [...make()].map((asm) => ({ asm, kind })),
);
