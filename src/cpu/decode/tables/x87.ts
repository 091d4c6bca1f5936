/**
 * Opcodes D8 to DF. The row format is in README.md. Second encodings that every CPU has (fcom, fxch, fstp) are listed;
 * the 8087 and 287 instructions that do nothing on later CPUs are `fnop`.
 */
export const X87 = {
  'd8 /0 mem': 'fadd|fmul|fcom|fcomp|fsub|fsubr|fdiv|fdivr Md',
  'd8 /0 reg': 'fadd|fmul|fcom|fcomp|fsub|fsubr|fdiv|fdivr ST,STi',

  'd9 /0 mem': 'fld Md',
  'd9 /2 mem': 'fst|fstp Md',
  'd9 /4 mem': 'fldenv Me',
  'd9 /5 mem': 'fldcw Mw',
  'd9 /6 mem': 'fnstenv Me',
  'd9 /7 mem': 'fnstcw Mw',
  'd9 /0 reg': 'fld STi',
  'd9 /1 reg': 'fxch ST,STi',
  'd9 d0': 'fnop',
  'd9 /3 reg': 'fstpnce STi',
  'd9 e0': 'fchs|fabs',
  'd9 e4': 'ftst|fxam',
  'd9 e8': 'fld1|fldl2t|fldl2e|fldpi|fldlg2|fldln2|fldz',
  'd9 f0': 'f2xm1|fyl2x|fptan|fpatan|fxtract|fprem1|fdecstp|fincstp',
  'd9 f8': 'fprem|fyl2xp1|fsqrt|fsincos|frndint|fscale|fsin|fcos',

  'da /0 mem': 'fiadd|fimul|ficom|ficomp|fisub|fisubr|fidiv|fidivr Md',
  'da /0 reg': 'fcmovb|fcmove|fcmovbe|fcmovu ST,STi',
  'da e9': 'fucompp',

  'db /0 mem': 'fild|fisttp|fist|fistp Md',
  'db /5 mem': 'fld M10',
  'db /7 mem': 'fstp M10',
  'db /0 reg': 'fcmovnb|fcmovne|fcmovnbe|fcmovnu ST,STi',
  'db e0': 'fnop|fnop|fnclex|fninit|fnop',
  'db /5 reg': 'fucomi|fcomi ST,STi',

  'dc /0 mem': 'fadd|fmul|fcom|fcomp|fsub|fsubr|fdiv|fdivr Mq',
  'dc /0 reg': 'fadd|fmul STi,ST',
  'dc /2 reg': 'fcom|fcomp ST,STi',
  'dc /4 reg': 'fsubr|fsub|fdivr|fdiv STi,ST',

  'dd /0 mem': 'fld Mq',
  'dd /1 mem': 'fisttp|fst|fstp Mq',
  'dd /4 mem': 'frstor Ms',
  'dd /6 mem': 'fnsave Ms',
  'dd /7 mem': 'fnstsw Mw',
  'dd /0 reg': 'ffree STi',
  'dd /1 reg': 'fxch ST,STi',
  'dd /2 reg': 'fst|fstp STi',
  'dd /4 reg': 'fucom|fucomp ST,STi',

  'de /0 mem': 'fiadd|fimul|ficom|ficomp|fisub|fisubr|fidiv|fidivr Mw',
  'de /0 reg': 'faddp|fmulp STi,ST',
  'de /2 reg': 'fcomp ST,STi',
  'de d9': 'fcompp',
  'de /4 reg': 'fsubrp|fsubp|fdivrp|fdivp STi,ST',

  'df /0 mem': 'fild|fisttp|fist|fistp Mw',
  'df /4 mem': 'fbld M10',
  'df /5 mem': 'fild Mq',
  'df /6 mem': 'fbstp M10',
  'df /7 mem': 'fistp Mq',
  'df /0 reg': 'ffreep STi',
  'df /1 reg': 'fxch ST,STi',
  'df /2 reg': 'fstp|fstp STi',
  'df e0': 'fnstsw AX',
  'df /5 reg': 'fucomip|fcomip ST,STi',
} as const;
