/** Singles (d = 0) and doubles (d = 1) as bits: their classes, their parts, rounding. */
export const NUMBER_SOURCE = `
fn before(flags: i32) { store32(BEFORE, load32(BEFORE) | flags); }
fn after(flags: i32) { store32(AFTER, load32(AFTER) | flags); }
fn isMasked(flag: i32): i32 { return load32(STATUS) >>> 7 & flag; }
fn rounding(): i32 { return load32(STATUS) >>> ROUNDING_SHIFT & 3; }

fn signOf(x: i64, d: i32): i32 { return i32(x >>> (d ? 63 : 31)) & 1; }
fn fractionBits(d: i32): i32 { return d ? 52 : 23; }
fn highest(d: i32): i32 { return d ? 0x7ff : 0xff; }
fn exponentOf(x: i64, d: i32): i32 { return i32(x >>> fractionBits(d)) & highest(d); }
fn fractionOf(x: i64, d: i32): i64 { return x & (1n << fractionBits(d)) - 1n; }
fn signed0(sign: i32, d: i32): i64 { return i64(sign) << (d ? 63 : 31); }
fn infinity(sign: i32, d: i32): i64 { return signed0(sign, d) | i64(highest(d)) << fractionBits(d); }
fn isNan(x: i64, d: i32): i32 { return exponentOf(x, d) == highest(d) && fractionOf(x, d) != 0; }
fn isLoud(x: i64, d: i32): i32 { return isNan(x, d) && (x >>> (fractionBits(d) - 1) & 1n) == 0; }
fn isInfinite(x: i64, d: i32): i32 { return exponentOf(x, d) == highest(d) && fractionOf(x, d) == 0; }
fn isZero(x: i64, d: i32): i32 { return exponentOf(x, d) == 0 && fractionOf(x, d) == 0; }
fn isDenormal(x: i64, d: i32): i32 { return exponentOf(x, d) == 0 && fractionOf(x, d) != 0; }
fn quiet(x: i64, d: i32): i64 { return x | 1n << (fractionBits(d) - 1); }
fn indefinite(d: i32): i64 { return quiet(infinity(1, d), d); }
fn invalid(d: i32): i64 {
  before(IE);
  return indefinite(d);
}
// What an operation on a NaN yields: the first operand's, else the second's.
fn nanOf(a: i64, b: i64, d: i32): i64 {
  if (isLoud(a, d) | isLoud(b, d)) before(IE);
  return quiet(isNan(a, d) ? a : b, d);
}
fn withoutDenormal(x: i64, d: i32): i64 {
  if ((load32(STATUS) & DAZ) && isDenormal(x, d)) return signed0(signOf(x, d), d);
  return x;
}
fn noteDenormal(x: i64, d: i32) { if (isDenormal(x, d)) before(DE); }

// Exponent and significand (top bit set) of a finite number that is not 0.
fn unpack(x: i64, d: i32): i32, i64 {
  let exp = exponentOf(x, d);
  let m = fractionOf(x, d);
  let bias = highest(d) >>> 1;
  let space = 63 - fractionBits(d);
  if (exp != 0) return exp - bias, (m | 1n << fractionBits(d)) << space;
  let shift = i32(clz(m));
  return 1 - bias - (shift - space), m << shift;
}
fn jam(m: i64, count: i32): i64 {
  if (count <= 0) return m;
  if (count > 63) return i64(m != 0);
  return m >>> count | i64(m << (64 - count) != 0);
}
// rest: the bits below the last kept one, left-aligned.
fn roundsUp(mode: i32, sign: i32, rest: i64, odd: i32): i32 {
  if (rest == 0) return 0;
  if (mode == 0) return rest < 0 && (rest != TOP || odd);
  if (mode == 1) return sign;
  if (mode == 2) return !sign;
  return 0;
}

// The number m * 2^(exp - 63), m with its top bit set and the lowest bit set when more follows, in the format.
fn pack(sign: i32, exp: i32, m: i64, d: i32): i64 {
  let keeps = fractionBits(d) + 1;
  let bias = highest(d) >>> 1;
  let up = roundsUp(rounding(), sign, m << keeps, i32(m >>> (64 - keeps)) & 1);
  let kept = (m >>> (64 - keeps)) + i64(up);
  let isExact = m << keeps == 0;
  let carries = kept >>> keeps != 0;
  if (exp < 1 - bias) return packTiny(sign, exp, m, d, isExact, !(carries && exp == 0 - bias));
  if (!isExact) after(PE);
  if (carries) {
    kept = kept >>> 1;
    exp = exp + 1;
  }
  if (exp > bias) return overflow(sign, d);
  return signed0(sign, d) | i64(exp + bias) << fractionBits(d) | fractionOf(kept, d);
}
fn packTiny(sign: i32, exp: i32, m: i64, d: i32, isExact: i32, isTiny: i32): i64 {
  if (isTiny && !isMasked(UE)) {
    after(isExact ? UE : UE | PE);
    return 0;
  }
  if (isTiny && load32(STATUS) & FTZ) {
    after(UE | PE);
    return signed0(sign, d);
  }
  let keeps = fractionBits(d) + 1;
  m = jam(m, 1 - (highest(d) >>> 1) - exp);
  let up = roundsUp(rounding(), sign, m << keeps, i32(m >>> (64 - keeps)) & 1);
  if (m << keeps != 0) after(isTiny ? UE | PE : PE);
  return signed0(sign, d) | (m >>> (64 - keeps)) + i64(up);
}
// An unmasked overflow is inexact only if the bits of the significand are.
fn overflow(sign: i32, d: i32): i64 {
  after(OE);
  if (isMasked(OE)) after(PE);
  let up = roundsUp(rounding(), sign, TOP | 1n, 0);
  return infinity(sign, d) - i64(!up);
}
`;
