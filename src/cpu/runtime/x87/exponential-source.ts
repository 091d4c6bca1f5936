import { polynomial } from './wide-source.ts';

/** 1/(k+1)!: e^t - 1 = t * sum of t^k / (k+1)!. */
const COEFFICIENTS: bigint[] = [];
for (let k = 1n, factorial = 1n; k <= 23n; k++) {
  factorial *= k;
  COEFFICIENTS.push(factorial);
}

/** f2xm1, fscale and fxtract. */
export const EXPONENTIAL_SOURCE = `
fn expAdd(xh: i64, xl: i64): i64, i64 {
  ${polynomial(COEFFICIENTS, 'addProduct')}
  return sh, sl;
}
fn expSubtract(xh: i64, xl: i64): i64, i64 {
  ${polynomial(COEFFICIENTS, 'subtractProduct')}
  return sh, sl;
}
// 2^x - 1 for -1 <= x <= 1; beyond, where it is not defined, x.
fn powerLessOne(s: i32, m: i64): i32, i64 {
  if (isUnsupported(s, m)) return invalid();
  if (isNan(s, m)) return nanOf(s, m, 0, 0);
  if (isInfinite(s, m)) {
    if (s & SIGN) return SIGN | BIAS, ONE;
    return s, m;
  }
  if (m == 0) return s, m;
  noteDenormal(s, m);
  let sign = s >>> 15;
  let (exp, n) = unpack(s, m);
  exp = exp - BIAS;
  if (exp >= 0) {
    if (exp != 0 || n != ONE) raise(PE);
    else if (sign) return SIGN | BIAS - 1, ONE;
    return s, m;
  }
  // y = x * ln 2
  let (yE, yh, yl) = wideMultiply(exp, n, 0, -1, LN2_HIGH, LN2_LOW);
  let (th, tl) = toFraction(yE, yh, yl);
  let sh = 0n;
  let sl = 0n;
  if (sign) (sh, sl) = expSubtract(th, tl);
  else (sh, sl) = expAdd(th, tl);
  // the sum halved is a fraction of 0.36 to 0.73
  let sE = 0;
  if (sh >= 0) {
    (sh, sl) = shiftLeft(sh, sl, 1);
    sE = -1;
  }
  let (rE, rh, rl) = wideMultiply(yE, yh, yl, sE, sh, sl);
  return packWide(sign, rE, rh, rl);
}
fn powerLessOneTop(host: i32, imm: i32): i32 {
  begin();
  let s = 0;
  let m = 0n;
  if (isEmpty(0)) (s, m) = underflow();
  else (s, m) = powerLessOne(se(0), mantissa(0));
  return finishTop(s, m);
}

// a * 2^(b without its fraction)
fn scale(aSe: i32, aM: i64, bSe: i32, bM: i64): i32, i64 {
  if (isUnsupported(aSe, aM) | isUnsupported(bSe, bM)) return invalid();
  if (isNan(aSe, aM) | isNan(bSe, bM)) return nanOf(aSe, aM, bSe, bM);
  if (isInfinite(bSe, bM)) {
    if (bSe & SIGN) {
      if (isInfinite(aSe, aM)) return invalid();
      noteDenormal(aSe, aM);
      return aSe & SIGN, 0;
    }
    if (isZero(aSe, aM)) return invalid();
    noteDenormal(aSe, aM);
    return aSe & SIGN | EXPONENT, ONE;
  }
  noteDenormal(aSe, aM);
  noteDenormal(bSe, bM);
  if (isInfinite(aSe, aM) | isZero(aSe, aM)) return aSe, aM;
  let by = 0;
  let bE = (bSe & EXPONENT) - BIAS;
  if (bE >= 0) by = bE < 16 ? i32(bM >>> (63 - bE)) : 0x10000;
  if (bSe & SIGN) by = -by;
  let (exp, n) = unpack(aSe, aM);
  let (e, m) = round(aSe >>> 15, exp + by, n, 0, 0, EXPONENT);
  // unmasked, and too far out for the moved exponent
  if (e < 0 || e > EXPONENT) raise(PE);
  if (e > EXPONENT) return aSe & SIGN | EXPONENT, ONE;
  if (e < 0) return aSe & SIGN, 0;
  return aSe & SIGN | e, m;
}
fn scaleTop(host: i32, imm: i32): i32 {
  begin();
  let s = 0;
  let m = 0n;
  if (isEmpty(0) | isEmpty(1)) (s, m) = underflow();
  else (s, m) = scale(se(0), mantissa(0), se(1), mantissa(1));
  return finishTop(s, m);
}

// ST becomes the exponent; the significand is pushed.
fn extract(host: i32, imm: i32): i32 {
  begin();
  let s = se(0);
  let m = mantissa(0);
  let eSe = 0;
  let eM = 0n;
  if (isEmpty(0)) {
    (s, m) = underflow();
    (eSe, eM) = underflow();
  } else if (!isEmpty(7)) {
    (s, m) = underflow();
    (eSe, eM) = underflow();
    raise(C1);
  } else if (isUnsupported(s, m)) {
    (s, m) = invalid();
    (eSe, eM) = invalid();
  } else if (isNan(s, m)) {
    (s, m) = nanOf(s, m, 0, 0);
    eSe = s;
    eM = m;
  } else if (isInfinite(s, m)) {
    eSe = EXPONENT;
    eM = m;
  } else if (m == 0) {
    raise(ZE);
    eSe = 0xffff;
    eM = ONE;
  } else {
    noteDenormal(s, m);
    let (exp, n) = unpack(s, m);
    (eSe, eM) = fromInteger(signed(exp - BIAS));
    s = s & SIGN | BIAS;
    m = n;
  }
  if (!isForbidden()) {
    setReg(0, eSe, eM);
    turn(-1);
    setReg(0, s, m);
  }
  end();
  return 0;
}
`;
