/** Comparisons, ftst and fxam. */
export const COMPARE_SOURCE = `
// C3, C2, C0 of a compared with b. quiet: only signalling NaNs are invalid.
fn compare(aSe: i32, aM: i64, bSe: i32, bM: i64, quiet: i32): i32 {
  if (!(isPlain(aSe, aM) & isPlain(bSe, bM))) {
    if (isUnsupported(aSe, aM) | isUnsupported(bSe, bM)) {
      store32(RAISED, IE);
      return C3 | C2 | C0;
    }
    let aNan = isNan(aSe, aM);
    let bNan = isNan(bSe, bM);
    if (aNan | bNan) {
      store32(RAISED, load32(RAISED) & IE);
      if (!quiet || aNan && (aM & QUIET) == 0 || bNan && (bM & QUIET) == 0) raise(IE);
      return C3 | C2 | C0;
    }
    noteDenormal(aSe, aM);
    noteDenormal(bSe, bM);
    if (isZero(aSe, aM) & isZero(bSe, bM)) return C3;
  }
  if (((aSe ^ bSe) & SIGN) != 0) return aSe & SIGN ? C0 : 0;
  let (aE, aN) = unpack(aSe, aM);
  let (bE, bN) = unpack(bSe, bM);
  if (aE == bE && aN == bN) return C3;
  let less = aN == 0 || bN != 0 && (aE < bE || aE == bE && aN <u bN);
  return less != aSe >>> 15 ? C0 : 0;
}
// Compares ST with b into the condition codes; pops as told unless an exception is not masked.
fn compareTop(bSe: i32, bM: i64, isMissing: i32, quiet: i32, pops: i32): i32 {
  let conditions = C3 | C2 | C0;
  if (isMissing | isEmpty(0)) store32(RAISED, IE | STACK_FAULT);
  else conditions = compare(se(0), mantissa(0), bSe, bM, quiet);
  let isBlocked = unmasked(IE | DE);
  if (!isBlocked) {
    while (pops != 0) {
      pop();
      pops = pops - 1;
    }
  }
  end();
  store16(SW, load16(SW) & ~(C3 | C2 | C0) | conditions);
  return conditions;
}
// imm: register | pops << 4 | quiet << 8. Yields the condition codes.
fn compareReg(host: i32, imm: i32): i32 {
  begin();
  let i = imm & 7;
  return compareTop(se(i), mantissa(i), isEmpty(i), imm >>> 8, imm >>> 4 & 3);
}
// As compareReg; yields ZF, PF and CF and leaves the condition codes alone, but C1 at a stack fault.
fn compareToFlags(host: i32, imm: i32): i32 {
  let before = load16(SW) & CONDITIONS;
  let conditions = compareReg(host, imm);
  if (load32(RAISED) & STACK_FAULT) before = before & ~C1;
  store16(SW, load16(SW) & ~CONDITIONS | before);
  return conditions >>> 8;
}
fn test(host: i32, imm: i32): i32 {
  begin();
  return compareTop(0, 0n, 0, 0, 0);
}
fn examine(host: i32, imm: i32): i32 {
  begin();
  let conditions = 0;
  let s = se(0);
  let m = mantissa(0);
  if (isEmpty(0)) conditions = C3 | C0;
  else if (isUnsupported(s, m)) conditions = 0;
  else if (isNan(s, m)) conditions = C0;
  else if (isInfinite(s, m)) conditions = C2 | C0;
  else if (isZero(s, m)) conditions = C3;
  else if (isDenormal(s, m)) conditions = C3 | C2;
  else conditions = C2;
  if (s & SIGN) conditions = conditions | C1;
  store16(SW, load16(SW) & ~(C3 | C2 | C1 | C0) | conditions);
  return 0;
}
`;
