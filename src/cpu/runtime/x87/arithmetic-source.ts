/** Addition, subtraction, multiplication, division and square root of two numbers (sign and exponent, significand). */
export const ARITHMETIC_SOURCE = `
fn add(aSe: i32, aM: i64, bSe: i32, bM: i64): i32, i64 {
  if (isPlain(aSe, aM) & isPlain(bSe, bM)) {
    return addFinite(aSe >>> 15, aSe & EXPONENT, aM, bSe >>> 15, bSe & EXPONENT, bM);
  }
  if (isUnsupported(aSe, aM) | isUnsupported(bSe, bM)) return invalid();
  if (isNan(aSe, aM) | isNan(bSe, bM)) return nanOf(aSe, aM, bSe, bM);
  if (isInfinite(aSe, aM)) {
    if (isInfinite(bSe, bM) && aSe != bSe) return invalid();
    noteDenormal(bSe, bM);
    return aSe, aM;
  }
  noteDenormal(aSe, aM);
  if (isInfinite(bSe, bM)) return bSe, bM;
  noteDenormal(bSe, bM);
  let (aE, aN) = unpack(aSe, aM);
  let (bE, bN) = unpack(bSe, bM);
  if (aN == 0 && bN == 0) return aSe == bSe ? aSe : zeroSign() << 15, 0;
  if (aN == 0) return pack(bSe >>> 15, bE, bN, 0, precision());
  if (bN == 0) return pack(aSe >>> 15, aE, aN, 0, precision());
  return addFinite(aSe >>> 15, aE, aN, bSe >>> 15, bE, bN);
}
// The sign of a sum of opposite numbers.
fn zeroSign(): i32 { return (load16(CW) >>> 10 & 3) == 1; }
fn addFinite(aS: i32, aE: i32, aM: i64, bS: i32, bE: i32, bM: i64): i32, i64 {
  if (aE < bE || aE == bE && aM <u bM) return addOrdered(bS, bE, bM, aS, aE, aM);
  return addOrdered(aS, aE, aM, bS, bE, bM);
}
fn addOrdered(aS: i32, aE: i32, aM: i64, bS: i32, bE: i32, bM: i64): i32, i64 {
  let (m, low) = shiftJam(bM, 0, aE - bE);
  if (aS == bS) {
    m = m + aM;
    if (m <u aM) {
      low = low >>> 1 | m << 63 | low & 1;
      m = m >>> 1 | ONE;
      aE = aE + 1;
    }
  } else {
    m = aM - m - i64(low != 0);
    low = -low;
    if ((m | low) == 0) return zeroSign() << 15, 0;
    (aE, m, low) = normalize(aE, m, low);
  }
  return pack(aS, aE, m, low, precision());
}
fn normalize(exp: i32, high: i64, low: i64): i32, i64, i64 {
  let shift = high == 0 ? 64 + i32(clz(low)) : i32(clz(high));
  (high, low) = shiftLeft(high, low, shift);
  return exp - shift, high, low;
}
fn subtract(aSe: i32, aM: i64, bSe: i32, bM: i64): i32, i64 {
  return add(aSe, aM, isNan(bSe, bM) ? bSe : bSe ^ SIGN, bM);
}

fn times(aSe: i32, aM: i64, bSe: i32, bM: i64): i32, i64 {
  let sign = (aSe ^ bSe) >>> 15;
  if (!(isPlain(aSe, aM) & isPlain(bSe, bM))) {
    if (isUnsupported(aSe, aM) | isUnsupported(bSe, bM)) return invalid();
    if (isNan(aSe, aM) | isNan(bSe, bM)) return nanOf(aSe, aM, bSe, bM);
    if (isInfinite(aSe, aM) | isInfinite(bSe, bM)) {
      if (isZero(aSe, aM) | isZero(bSe, bM)) return invalid();
      noteDenormal(aSe, aM);
      noteDenormal(bSe, bM);
      return sign << 15 | EXPONENT, ONE;
    }
    noteDenormal(aSe, aM);
    noteDenormal(bSe, bM);
  }
  let (aE, aN) = unpack(aSe, aM);
  let (bE, bN) = unpack(bSe, bM);
  if (aN == 0 || bN == 0) return sign << 15, 0;
  let exp = aE + bE - BIAS + 1;
  let (high, low) = multiply(aN, bN);
  if (high >= 0) {
    high = high << 1 | low >>> 63;
    low = low << 1;
    exp = exp - 1;
  }
  return pack(sign, exp, high, low, precision());
}

fn over(aSe: i32, aM: i64, bSe: i32, bM: i64): i32, i64 {
  let sign = (aSe ^ bSe) >>> 15;
  if (!(isPlain(aSe, aM) & isPlain(bSe, bM))) {
    if (isUnsupported(aSe, aM) | isUnsupported(bSe, bM)) return invalid();
    if (isNan(aSe, aM) | isNan(bSe, bM)) return nanOf(aSe, aM, bSe, bM);
    if (isInfinite(aSe, aM)) {
      if (isInfinite(bSe, bM)) return invalid();
      noteDenormal(bSe, bM);
      return sign << 15 | EXPONENT, ONE;
    }
    if (isZero(bSe, bM)) {
      if (isZero(aSe, aM)) return invalid();
      store32(RAISED, ZE);
      return sign << 15 | EXPONENT, ONE;
    }
    noteDenormal(aSe, aM);
    noteDenormal(bSe, bM);
    if (isInfinite(bSe, bM) | isZero(aSe, aM)) return sign << 15, 0;
  }
  let (aE, aN) = unpack(aSe, aM);
  let (bE, bN) = unpack(bSe, bM);
  let (exp, q, low) = quotient(aE, aN, bE, bN);
  return pack(sign, exp, q, low, precision());
}
// aN / bN: exponent, 64 bits, and bits below that are right in their first and in being zero or not.
fn quotient(aE: i32, aN: i64, bE: i32, bN: i64): i32, i64, i64 {
  let exp = aE - bE + BIAS;
  let low = 0n;
  if (aN >=u bN) {
    low = aN << 63;
    aN = aN >>> 1;
  } else exp = exp - 1;
  let (q, r) = divide(aN, low, bN);
  if (r == 0) return exp, q, 0;
  if (r >u bN - r) return exp, q, ONE | 1;
  return exp, q, r == bN - r ? ONE : 1;
}

fn squareRoot(se: i32, m: i64): i32, i64 {
  if (isUnsupported(se, m)) return invalid();
  if (isNan(se, m)) return nanOf(se, m, 0, 0);
  if (isZero(se, m)) return se, m;
  if (se & SIGN) return invalid();
  if (isInfinite(se, m)) return se, m;
  noteDenormal(se, m);
  let (exp, n) = unpack(se, m);
  exp = exp - BIAS;
  let low = 0n;
  if (!(exp & 1)) {
    low = n << 63;
    n = n >>> 1;
  }
  let (s, below) = root(n, low);
  return pack(0, (exp >> 1) + BIAS, s, below, precision());
}
// The root of high:low, whose top two bits are not both 0, two bits a step, and the bits below as quotient() gives them.
fn root(high: i64, low: i64): i64, i64 {
  let s = 0n;
  let rh = 0n;
  let rl = 0n;
  let steps = 64;
  while (steps != 0) {
    rh = rh << 2 | rl >>> 62;
    rl = rl << 2 | high >>> 62;
    high = high << 2 | low >>> 62;
    low = low << 2;
    let th = s >>> 62;
    let tl = s << 2 | 1;
    s = s << 1;
    if (rh >u th || rh == th && rl >=u tl) {
      rh = rh - th - i64(rl <u tl);
      rl = rl - tl;
      s = s | 1;
    }
    steps = steps - 1;
  }
  if ((rh | rl) == 0) return s, 0;
  return s, rh != 0 || rl >u s ? ONE | 1 : 1;
}
`;
