/** fld1 and its kin, rounded as the control word says. */
export const CONSTANTS_SOURCE = `
// imm: 0 one, 1 log2(10), 2 log2(e), 3 pi, 4 log10(2), 5 ln(2), 6 zero. Below: the bits that follow the significand.
fn loadConstant(host: i32, imm: i32): i32 {
  begin();
  let s = BIAS;
  let m = ONE;
  let below = 0n;
  if (imm == 1) {
    s = BIAS + 1;
    m = 0xd49a784bcd1b8afen;
    below = 0x492bf6ff4dafdb4cn;
  } else if (imm == 2) {
    m = 0xb8aa3b295c17f0bbn;
    below = 0xbe87fed0691d3e88n;
  } else if (imm == 3) {
    s = BIAS + 1;
    m = 0xc90fdaa22168c234n;
    below = 0xc4c6628b80dc1cd1n;
  } else if (imm == 4) {
    s = BIAS - 2;
    m = 0x9a209a84fbcff798n;
    below = 0x8f8959ac0b7c9178n;
  } else if (imm == 5) {
    s = BIAS - 1;
    m = 0xb17217f7d1cf79abn;
    below = 0xc9e3b39803f2f6afn;
  } else if (imm == 6) {
    s = 0;
    m = 0n;
  }
  if (roundsUp(0, below, i32(m) & 1)) m = m + 1;
  push(s, m);
  return 0;
}
`;
