/** Classes of values, rounding, 128-bit shifts and products. */
export const ROUND_SOURCE = `
// Encodings that no 80387 or later makes: the integer bit is missing.
fn isUnsupported(se: i32, m: i64): i32 { return (se & EXPONENT) != 0 && m >= 0; }
fn isNan(se: i32, m: i64): i32 { return (se & EXPONENT) == EXPONENT && m << 1 != 0; }
fn isInfinite(se: i32, m: i64): i32 { return (se & EXPONENT) == EXPONENT && m << 1 == 0; }
fn isZero(se: i32, m: i64): i32 { return (se & EXPONENT) == 0 && m == 0; }
fn isDenormal(se: i32, m: i64): i32 { return (se & EXPONENT) == 0 && m != 0; }
// A normal number.
fn isPlain(se: i32, m: i64): i32 { return ((se & EXPONENT) - 1 <u 0x7ffe) & (m < 0); }
fn noteDenormal(se: i32, m: i64) { if (isDenormal(se, m)) raise(DE); }

// Biased exponent and normalized significand of a finite number; 0 and 0 for zero.
fn unpack(se: i32, m: i64): i32, i64 {
  let exp = se & EXPONENT;
  if (exp != 0 || m == 0) return exp, m;
  let shift = i32(clz(m));
  return 1 - shift, m << shift;
}

// The quiet NaN that an operation on NaNs (b may be a number) yields.
fn nanOf(aSe: i32, aM: i64, bSe: i32, bM: i64): i32, i64 {
  let aNan = isNan(aSe, aM);
  let bNan = isNan(bSe, bM);
  let aLoud = aNan && (aM & QUIET) == 0;
  let bLoud = bNan && (bM & QUIET) == 0;
  store32(RAISED, load32(RAISED) & IE);
  if (aLoud | bLoud) raise(IE);
  let aWins = aNan;
  if (aNan & bNan) {
    if (aLoud != bLoud) aWins = bLoud;
    else if (aM != bM) aWins = aM >u bM;
    else aWins = aSe <u bSe;
  }
  if (aWins) return aSe, aM | QUIET;
  return bSe, bM | QUIET;
}

fn shiftJam(high: i64, low: i64, count: i32): i64, i64 {
  if (count == 0) return high, low;
  if (count <u 64) {
    return high >>> count, low >>> count | high << (64 - count) | i64(low << (64 - count) != 0);
  }
  if (count == 64) return 0, high | i64(low != 0);
  if (count <u 128) return 0, high >>> (count - 64) | i64((high << (128 - count) | low) != 0);
  return 0, i64((high | low) != 0);
}
fn shiftLeft(high: i64, low: i64, count: i32): i64, i64 {
  if (count == 0) return high, low;
  if (count <u 64) return high << count | low >>> (64 - count), low << count;
  return low << (count - 64), 0;
}
// (high:low) / d with the top bit of d set and high below d: quotient and remainder.
fn divide(high: i64, low: i64, d: i64): i64, i64 {
  let dh = d >>> 32;
  let dl = d & LOW32;
  let q1 = high / dh;
  let r = high - q1 * dh;
  while (q1 >>> 32 != 0 || q1 * dl >u (r << 32 | low >>> 32)) {
    q1 = q1 - 1;
    r = r + dh;
    if (r >>> 32 != 0) break;
  }
  let rest = (high << 32 | low >>> 32) - q1 * d;
  let q0 = rest / dh;
  r = rest - q0 * dh;
  while (q0 >>> 32 != 0 || q0 * dl >u (r << 32 | low & LOW32)) {
    q0 = q0 - 1;
    r = r + dh;
    if (r >>> 32 != 0) break;
  }
  return (q1 << 32) + q0, (rest << 32 | low & LOW32) - q0 * d;
}

// Whether rounding goes away from zero; rest = the bits below the last kept one, left-aligned.
fn roundsUp(sign: i32, rest: i64, odd: i32): i32 {
  if (rest == 0) return 0;
  let mode = load16(CW) >>> 10 & 3;
  if (mode == 0) return rest < 0 && (rest != ONE || odd);
  if (mode == 1) return sign;
  if (mode == 2) return !sign;
  return 0;
}
// Bits of the significand that the precision control drops.
fn precision(): i32 {
  let control = load16(CW) >>> 8 & 3;
  if (control == 0) return 40;
  if (control == 2) return 11;
  return 0;
}
fn rest(m: i64, low: i64, drop: i32): i64 {
  if (drop == 0) return low;
  return m << (64 - drop) | i64(low != 0);
}
fn inexact(up: i32) { raise(up ? PE | C1 : PE); }

// Rounds a normalized m:low of biased exponent exp to 64 - drop bits and an exponent below limit. Yields the exponent
// and the significand, which is denormal with exponent 0. An unmasked overflow or underflow yields the exponent
// moved by 24576, or nothing of use where the limit is another format's.
fn round(sign: i32, exp: i32, m: i64, low: i64, drop: i32, limit: i32): i32, i64 {
  let below = rest(m, low, drop);
  let up = roundsUp(sign, below, i32(m >>> drop) & 1);
  let kept = m >>> drop << drop;
  let one = 1n << drop;
  if (exp <= 0) {
    let isTiny = exp < 0 || !(up && kept + one == 0);
    if (!isTiny || load16(CW) & UE) return roundDenormal(sign, exp, m, low, drop, isTiny);
    raise(UE);
    if (limit != EXPONENT) return 0, 0;
    exp = exp + 24576;
  }
  if (up) {
    kept = kept + one;
    if (kept == 0) {
      kept = ONE;
      exp = exp + 1;
    }
  }
  if (exp >= limit) {
    raise(OE);
    if (load16(CW) & OE) return overflow(sign, drop, limit);
    if (limit != EXPONENT) return 0, 0;
    exp = exp - 24576;
  }
  if (below != 0) inexact(up);
  return exp, kept;
}
fn roundDenormal(sign: i32, exp: i32, m: i64, low: i64, drop: i32, isTiny: i32): i32, i64 {
  (m, low) = shiftJam(m, low, 1 - exp);
  let below = rest(m, low, drop);
  let up = roundsUp(sign, below, i32(m >>> drop) & 1);
  if (below != 0) {
    inexact(up);
    if (isTiny) raise(UE);
  }
  m = m >>> drop;
  if (up) m = m + 1;
  m = m << drop;
  return m < 0, m;
}
fn overflow(sign: i32, drop: i32, limit: i32): i32, i64 {
  let up = roundsUp(sign, ONE | 1, 0);
  inexact(up);
  if (up) return limit, ONE;
  return limit - 1, -1n << drop;
}
// As round, to an extended number of the precision given by drop.
fn pack(sign: i32, exp: i32, m: i64, low: i64, drop: i32): i32, i64 {
  (exp, m) = round(sign, exp, m, low, drop, EXPONENT);
  return sign << 15 | exp, m;
}
`;
