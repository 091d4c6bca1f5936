/** fprem and fprem1. */
export const REMAINDER_SOURCE = `
fn setQuotient(q: i32, isPartial: i32) {
  if (unmasked(DE)) return;
  store16(SW, load16(SW) & ~(C3 | C2 | C0) | (isPartial ? C2 : (q & 4 ? C0 : 0) | (q & 2 ? C3 : 0)));
  if (!isPartial && q & 1) raise(C1);
}
fn remainder(aSe: i32, aM: i64, bSe: i32, bM: i64, nearest: i32): i32, i64 {
  if (isUnsupported(aSe, aM) | isUnsupported(bSe, bM)) return invalid();
  if (isNan(aSe, aM) | isNan(bSe, bM)) return nanOf(aSe, aM, bSe, bM);
  if (isInfinite(aSe, aM) | isZero(bSe, bM)) return invalid();
  noteDenormal(aSe, aM);
  noteDenormal(bSe, bM);
  setQuotient(0, 0);
  if (isZero(aSe, aM)) return aSe, aM;
  let sign = aSe >>> 15;
  let (aE, r) = unpack(aSe, aM);
  if (isInfinite(bSe, bM)) return pack(sign, aE, r, 0, 0);
  let (bE, b) = unpack(bSe, bM);
  let steps = aE - bE;
  if (steps < -1 || steps == -1 && !nearest) return pack(sign, aE, r, 0, 0);
  let q = 0;
  if (steps == -1) {
    if (r <=u b) return pack(sign, aE, r, 0, 0);
    setQuotient(1, 0);
    return packRemainder(sign ^ 1, aE, b - (r - b));
  }
  let isPartial = steps >= 64;
  if (isPartial) steps = 32 + (steps & 31);
  let exp = aE - steps;
  let over = 0;
  while (1) {
    q = q << 1;
    if (over || r >=u b) {
      r = r - b;
      q = q | 1;
    }
    if (steps == 0) break;
    over = r < 0;
    r = r << 1;
    steps = steps - 1;
  }
  if (nearest && !isPartial && (r >u b - r || r == b - r && q & 1)) {
    r = b - r;
    q = q + 1;
    sign = sign ^ 1;
  }
  setQuotient(q, isPartial);
  return packRemainder(sign, exp, r);
}
fn packRemainder(sign: i32, exp: i32, r: i64): i32, i64 {
  if (r == 0) return sign << 15, 0;
  let shift = i32(clz(r));
  return pack(sign, exp - shift, r << shift, 0, 0);
}
fn remainderTop(host: i32, nearest: i32): i32 {
  begin();
  store16(SW, load16(SW) & ~C2);
  let s = 0;
  let m = 0n;
  if (isEmpty(0) | isEmpty(1)) (s, m) = underflow();
  else (s, m) = remainder(se(0), mantissa(0), se(1), mantissa(1), nearest);
  return finishTop(s, m);
}
`;
