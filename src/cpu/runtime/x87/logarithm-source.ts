import { polynomial } from './wide-source.ts';

/** 1/(2k+1): artanh s = s * sum of s^2k / (2k+1); s^2 is at most 0.0295. */
const COEFFICIENTS = Array.from({ length: 19 }, (_, k) => BigInt(2 * k + 1));

/** fyl2x and fyl2xp1. */
export const LOGARITHM_SOURCE = `
fn artanhSum(xh: i64, xl: i64): i64, i64 {
  ${polynomial(COEFFICIENTS, 'addProduct')}
  return sh, sl;
}
// log2((1 + s) / (1 - s)) = 2 / ln 2 * artanh s
fn logOfRatio(sE: i32, sh: i64, sl: i64): i32, i64, i64 {
  let (zE, zh, zl) = wideMultiply(sE, sh, sl, sE, sh, sl);
  (zh, zl) = toFraction(zE, zh, zl);
  let (ph, pl) = artanhSum(zh, zl);
  let (rE, rh, rl) = wideMultiply(sE, sh, sl, 0, ph, pl);
  return wideMultiply(rE, rh, rl, 1, LOG2E_HIGH, LOG2E_LOW);
}
// log2 of n / 2^63 * 2^exp, not 1: sign and wide number.
fn logarithm(exp: i32, n: i64): i32, i32, i64, i64 {
  let sign = n >u 0xb504f333f9de6484n;
  // n - 1 or, for the half of n, 1 - n / 2; and the sum of the same
  let numerator = n - ONE;
  let high = (n >>> 1) + (ONE >>> 1);
  if (sign) {
    exp = exp + 1;
    numerator = -n;
    high = n >>> 1 | ONE;
  }
  let shift = i32(clz(numerator));
  let (sE, sh, sl) = wideDivide(-sign - shift, numerator << shift, 0, 1 - sign, high, n << 63);
  let (lE, lh, ll) = logOfRatio(sE, sh, sl);
  if (exp == 0) return sign, lE, lh, ll;
  // the sum with exp, of which 15 bits stand before the point
  (lh, ll) = shiftJam(lh, ll, 15 - lE);
  let eSign = exp < 0;
  let eh = signed(eSign ? -exp : exp) << 48;
  if (sign == eSign) (lh, ll) = addFractions(eh, 0, lh, ll);
  else (lh, ll) = subtractFractions(eh, 0, lh, ll);
  (lE, lh, ll) = normalize(15, lh, ll);
  return eSign, lE, lh, ll;
}
fn timesLog(sign: i32, yE: i32, yN: i64, lE: i32, lh: i64, ll: i64): i32, i64 {
  let (rE, rh, rl) = wideMultiply(yE - BIAS, yN, 0, lE, lh, ll);
  return packWide(sign, rE, rh, rl);
}

fn yLogX(ySe: i32, yM: i64, xSe: i32, xM: i64): i32, i64 {
  if (isUnsupported(ySe, yM) | isUnsupported(xSe, xM)) return invalid();
  if (isNan(ySe, yM) | isNan(xSe, xM)) return nanOf(ySe, yM, xSe, xM);
  let ySign = ySe & SIGN;
  if (isZero(xSe, xM)) {
    if (isZero(ySe, yM)) return invalid();
    if (isInfinite(ySe, yM)) return (ySign ^ SIGN) | EXPONENT, ONE;
    noteDenormal(ySe, yM);
    raise(ZE);
    return (ySign ^ SIGN) | EXPONENT, ONE;
  }
  if (xSe & SIGN) return invalid();
  let isOne = xSe == BIAS && xM == ONE;
  if (isInfinite(xSe, xM)) {
    if (isZero(ySe, yM)) return invalid();
    noteDenormal(ySe, yM);
    return ySign | EXPONENT, ONE;
  }
  if (isInfinite(ySe, yM)) {
    if (isOne) return invalid();
    noteDenormal(xSe, xM);
    return (xSe < BIAS ? ySign ^ SIGN : ySign) | EXPONENT, ONE;
  }
  noteDenormal(ySe, yM);
  noteDenormal(xSe, xM);
  if (isOne) return ySign, 0;
  if (isZero(ySe, yM)) return xSe < BIAS ? ySign ^ SIGN : ySign, 0;
  let (xE, xN) = unpack(xSe, xM);
  let (yE, yN) = unpack(ySe, yM);
  xE = xE - BIAS;
  if (xN == ONE) {
    // a power of two: the product is that of y with an integer; processors call it inexact all the same
    raise(PE);
    let (eSe, eM) = fromInteger(signed(xE));
    let (high, low) = multiply(yN, eM);
    let exp = yE + (eSe & EXPONENT) - BIAS + 1;
    (exp, high, low) = normalize(exp, high, low);
    return pack((ySign ^ eSe & SIGN) >>> 15, exp, high, low, 0);
  }
  let (sign, lE, lh, ll) = logarithm(xE, xN);
  return timesLog(ySign >>> 15 ^ sign, yE, yN, lE, lh, ll);
}

// y * log2(1 + x); not defined from 1 - sqrt(1/2) in size on, where it is exact enough, or x from -1 on.
fn yLogOnePlusX(ySe: i32, yM: i64, xSe: i32, xM: i64): i32, i64 {
  if (isUnsupported(ySe, yM) | isUnsupported(xSe, xM)) return invalid();
  if (isNan(ySe, yM) | isNan(xSe, xM)) return nanOf(ySe, yM, xSe, xM);
  let sign = (ySe ^ xSe) & SIGN;
  if (isInfinite(xSe, xM)) {
    if (xSe & SIGN || isZero(ySe, yM)) return invalid();
    noteDenormal(ySe, yM);
    return sign | EXPONENT, ONE;
  }
  if (isInfinite(ySe, yM)) {
    if (isZero(xSe, xM)) return invalid();
    noteDenormal(xSe, xM);
    return sign | EXPONENT, ONE;
  }
  noteDenormal(ySe, yM);
  noteDenormal(xSe, xM);
  if (isZero(xSe, xM) | isZero(ySe, yM)) return sign, 0;
  let (xE, xN) = unpack(xSe, xM);
  let (yE, yN) = unpack(ySe, yM);
  xE = xE - BIAS;
  if (xE >= 0) {
    if (xSe & SIGN) {
      raise(PE);
      return xSe, xM;
    }
    // 1 + x, rounded to 64 bits
    let (oneSe, oneM) = add(xSe, xM, BIAS, ONE);
    begin();
    noteDenormal(ySe, yM);
    let (lSign, aE, ah, al) = logarithm((oneSe & EXPONENT) - BIAS, oneM);
    return timesLog(ySe >>> 15, yE, yN, aE, ah, al);
  }
  // s = x / (2 + x), 2 + x being the denominator with exponent 1 or 0
  let (h, l) = shiftJam(xN, 0, 1 - xE);
  let dE = 1;
  if (xSe & SIGN) {
    (h, l) = subtractFractions(ONE, 0, h, l);
    (dE, h, l) = normalize(1, h, l);
  } else h = h | ONE;
  let (sE, sh, sl) = wideDivide(xE, xN, 0, dE, h, l);
  let (lE, lh, ll) = logOfRatio(sE, sh, sl);
  return timesLog(sign >>> 15, yE, yN, lE, lh, ll);
}
// Puts a function of ST1 and ST into ST1 and pops. imm: 0 yLogX, 1 yLogOnePlusX, 2 arctangent
fn twoToOne(host: i32, imm: i32): i32 {
  begin();
  let s = 0;
  let m = 0n;
  if (isEmpty(0) | isEmpty(1)) (s, m) = underflow();
  else if (imm == 0) (s, m) = yLogX(se(1), mantissa(1), se(0), mantissa(0));
  else if (imm == 1) (s, m) = yLogOnePlusX(se(1), mantissa(1), se(0), mantissa(0));
  else (s, m) = arctangent(se(1), mantissa(1), se(0), mantissa(0));
  if (!isForbidden()) {
    setReg(1, s, m);
    pop();
  }
  end();
  return 0;
}
`;
