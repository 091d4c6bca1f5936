/**
 * VEX-encoded BMI1 and BMI2, all with VEX.L = 0. AVX is not offered by CPUID, so its instructions do not exist here.
 * The row format is in README.md.
 */
export const VEX_0F38 = {
  'np f2': 'andn Gy,By,Ey',
  'np f3 /1': 'blsr|blsmsk|blsi By,Ey',
  'np f5': 'bzhi Gy,Ey,By',
  'f3 f5': 'pext Gy,By,Ey',
  'f2 f5': 'pdep Gy,By,Ey',
  'f2 f6': 'mulx Gy,By,Ey',
  'np f7': 'bextr Gy,Ey,By',
  '66 f7': 'shlx Gy,Ey,By',
  'f3 f7': 'sarx Gy,Ey,By',
  'f2 f7': 'shrx Gy,Ey,By',
} as const;

export const VEX_0F3A = {
  'f2 f0': 'rorx Gy,Ey,ub',
} as const;
