import { literals, polynomial } from './wide-source.ts';

/** (2k+1)! and (2k)!: the series of sine and cosine. */
const SINE: bigint[] = [];
const COSINE: bigint[] = [];
for (let k = 1n, factorial = 1n; k <= 29n; k++) {
  if (k % 2n === 0n) SINE.push(factorial);
  else COSINE.push(factorial);
  factorial *= k;
}
/** arctan u = u * (1 - u^2 / 3 + u^4 / 5 ...); u is at most 1/16. */
const ARCTANGENT = Array.from({ length: 14 }, (_, k) => BigInt(2 * k + 1));

const BITS = 140n;
/** arctan(k / 8) * 2^126, for k of 1 to 8. */
function arctangents(): string[] {
  return Array.from({ length: 8 }, (_, index) =>
    literals(arctangent(BigInt(index + 1), 8n) >> (BITS - 126n)),
  );
}
/** arctan of a fraction, at most 1, times 2^BITS: halved by arctan x = 2 arctan(x / (1 + sqrt(1 + x^2))) four times. */
function arctangent(numerator: bigint, denominator: bigint): bigint {
  const one = 1n << BITS;
  let x = (numerator << BITS) / denominator;
  for (let round = 0; round < 4; round++) x = (x << BITS) / (one + squareRoot((one << BITS) + x * x));
  const square = (x * x) >> BITS;
  let sum = 0n;
  let power = x;
  for (let k = 1n; power > 0n; k += 2n) {
    sum += k % 4n === 1n ? power / k : -(power / k);
    power = (power * square) >> BITS;
  }
  return sum << 4n;
}
function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** fsin, fcos, fsincos, fptan and fpatan. */
export const TRIGONOMETRY_SOURCE = `
fn sineSum(xh: i64, xl: i64): i64, i64 {
  ${polynomial(SINE, 'subtractProduct')}
  return sh, sl;
}
fn cosineSum(xh: i64, xl: i64): i64, i64 {
  ${polynomial(COSINE, 'subtractProduct')}
  return sh, sl;
}
fn arctangentSum(xh: i64, xl: i64): i64, i64 {
  ${polynomial(ARCTANGENT, 'subtractProduct')}
  return sh, sl;
}

// x = quarter turns * pi/2 + r with r of at most pi/4 in size: the turns | sign of r << 8, and r as a wide number.
// Pi is the processors' one, of 66 bits.
fn reduce(exp: i32, n: i64): i32, i32, i64, i64 {
  if (exp < -1 || exp == -1 && n <u PI) return 0, exp, n, 0;
  // in units of 2^-65, of which pi/2 is PI * 4 + 3
  let (xh, xl) = shiftLeft(0, n, exp + 2);
  let turns = 0;
  let k = exp;
  while (k >= 0) {
    let (dh, dl) = shiftLeft(3, PI << 2 | 3, k);
    turns = turns << 1;
    if (xh >u dh || xh == dh && xl >=u dl) {
      (xh, xl) = subtractFractions(xh, xl, dh, dl);
      turns = turns | 1;
    }
    k = k - 1;
  }
  let sign = 0;
  if (xh >u 1 || xh == 1 && xl >u (PI << 1 | 1)) {
    (xh, xl) = subtractFractions(3, PI << 2 | 3, xh, xl);
    sign = 0x100;
    turns = turns + 1;
  }
  (exp, xh, xl) = normalize(62, xh, xl);
  return turns & 3 | sign, exp, xh, xl;
}
// Sine and cosine of a wide number of at most pi/4.
fn sineOf(exp: i32, h: i64, l: i64): i32, i64, i64 {
  let (zE, zh, zl) = wideMultiply(exp, h, l, exp, h, l);
  (zh, zl) = toFraction(zE, zh, zl);
  let (sh, sl) = sineSum(zh, zl);
  // the sum halved: 0.5 only where the argument is so small that it does not count
  if (sh < 0) return lessOne(exp, h, l);
  return wideMultiply(exp, h, l, -1, sh << 1 | sl >>> 63, sl << 1);
}
fn lessOne(exp: i32, h: i64, l: i64): i32, i64, i64 {
  (h, l) = subtractFractions(h, l, 0, 1);
  (exp, h, l) = normalize(exp, h, l);
  return exp, h, l;
}
fn cosineOf(exp: i32, h: i64, l: i64): i32, i64, i64 {
  let (zE, zh, zl) = wideMultiply(exp, h, l, exp, h, l);
  (zh, zl) = toFraction(zE, zh, zl);
  let (sh, sl) = cosineSum(zh, zl);
  if (sh < 0) return lessOne(0, ONE, 0);
  return -1, sh << 1 | sl >>> 63, sl << 1;
}
// The sine (the cosine is that of one turn more) of a reduced argument as an extended number.
fn turned(turns: i32, sign: i32, exp: i32, h: i64, l: i64): i32, i64 {
  let (rE, rh, rl) = turnedWide(turns, exp, h, l);
  if (!(turns & 1) && turns & 0x100) sign = sign ^ 1;
  if (turns & 2) sign = sign ^ 1;
  return packWide(sign, rE, rh, rl);
}
fn turnedWide(turns: i32, exp: i32, h: i64, l: i64): i32, i64, i64 {
  if (turns & 1) return cosineOf(exp, h, l);
  return sineOf(exp, h, l);
}
fn next(turns: i32): i32 { return turns & 0x100 | turns + 1 & 3; }

// Whether an argument is out of range: C2, and nothing else happens.
fn isTooLarge(s: i32, m: i64): i32 {
  if ((s & EXPONENT) < BIAS + 63 || isUnsupported(s, m) || (s & EXPONENT) == EXPONENT) return 0;
  store16(SW, load16(SW) | C2);
  return 1;
}
// imm: 0 sine, 1 cosine
fn sineTop(host: i32, imm: i32): i32 {
  begin();
  store16(SW, load16(SW) & ~C2);
  let s = se(0);
  let m = mantissa(0);
  if (isEmpty(0)) {
    (s, m) = underflow();
    return finishTop(s, m);
  }
  if (isTooLarge(s, m)) {
    end();
    return 0;
  }
  (s, m) = sine(s, m, imm);
  return finishTop(s, m);
}
fn sine(s: i32, m: i64, imm: i32): i32, i64 {
  if (isUnsupported(s, m) || isInfinite(s, m)) return invalid();
  if (isNan(s, m)) return nanOf(s, m, 0, 0);
  if (m == 0) {
    if (imm) return BIAS, ONE;
    return s, m;
  }
  noteDenormal(s, m);
  let (exp, n) = unpack(s, m);
  let (turns, rE, rh, rl) = reduce(exp - BIAS, n);
  if (imm) return turned(next(turns), 0, rE, rh, rl);
  return turned(turns, s >>> 15, rE, rh, rl);
}
fn tangent(s: i32, m: i64): i32, i64 {
  if (isUnsupported(s, m) || isInfinite(s, m)) return invalid();
  if (isNan(s, m)) return nanOf(s, m, 0, 0);
  if (m == 0) return s, m;
  noteDenormal(s, m);
  let (exp, n) = unpack(s, m);
  let (turns, rE, rh, rl) = reduce(exp - BIAS, n);
  let (aE, ah, al) = turnedWide(turns, rE, rh, rl);
  let (bE, bh, bl) = turnedWide(next(turns), rE, rh, rl);
  (aE, ah, al) = wideDivide(aE, ah, al, bE, bh, bl);
  return packWide((s >>> 15) ^ turns & 1 ^ turns >>> 8, aE, ah, al);
}
// Replaces ST by a function of it and pushes another. imm: 0 sine and cosine, 1 tangent and 1.
fn oneToTwo(host: i32, imm: i32): i32 {
  begin();
  store16(SW, load16(SW) & ~C2);
  let s = se(0);
  let m = mantissa(0);
  let pushedSe = INDEFINITE;
  let pushedM = INDEFINITE_M;
  if (isEmpty(0)) (s, m) = underflow();
  else if (!isEmpty(7)) {
    (s, m) = underflow();
    raise(C1);
  } else if (isTooLarge(s, m)) {
    end();
    return 0;
  } else if (imm) {
    (s, m) = tangent(s, m);
    pushedSe = isNan(s, m) ? s : BIAS;
    pushedM = isNan(s, m) ? m : ONE;
  } else {
    (pushedSe, pushedM) = sine(s, m, 1);
    (s, m) = sine(s, m, 0);
  }
  if (!isForbidden()) {
    setReg(0, s, m);
    turn(-1);
    setReg(0, pushedSe, pushedM);
  }
  end();
  return 0;
}

// arctan(k / 8) in units of 2^-126
fn arctangentOf(k: i32): i64, i64 {
  ${arctangents()
    .map((value, index) => `if (k == ${index + 1}) return ${value};`)
    .join('\n  ')}
  return 0, 0;
}
// arctan of a wide number of at most 1/16: u times the sum.
fn smallArctangent(exp: i32, h: i64, l: i64): i32, i64, i64 {
  let (zE, zh, zl) = wideMultiply(exp, h, l, exp, h, l);
  (zh, zl) = toFraction(zE, zh, zl);
  let (sh, sl) = arctangentSum(zh, zl);
  if (sh < 0) return lessOne(exp, h, l);
  return wideMultiply(exp, h, l, -1, sh << 1 | sl >>> 63, sl << 1);
}
// arctan of a wide number of 1/16 to 1, in units of 2^-126: that of the nearest eighth and of what differs.
fn largeArctangent(exp: i32, h: i64, l: i64): i64, i64 {
  (h, l) = shiftJam(h, l, 1 - exp);
  let k = i32(h >>> 58) + 1 >>> 1;
  let eighths = i64(k);
  let (nh, nl) = subtractFractions(h, l, eighths << 59, 0);
  let isBelow = nh < 0;
  if (isBelow) (nh, nl) = subtractFractions(0, 0, nh, nl);
  let (th, tl) = arctangentOf(k);
  if ((nh | nl) == 0) return th, tl;
  let (dh, dl) = multiply(l >>> 3 | h << 61, eighths);
  dh = dh + (h >>> 3) * eighths + (1n << 62);
  let (nE, nH, nL) = normalize(1, nh, nl);
  let (dE, dH, dL) = normalize(1, dh, dl);
  let (uE, uh, ul) = wideDivide(nE, nH, nL, dE, dH, dL);
  (uE, uh, ul) = smallArctangent(uE, uh, ul);
  (uh, ul) = shiftJam(uh, ul, 1 - uE);
  if (isBelow) return subtractFractions(th, tl, uh, ul);
  return addFractions(th, tl, uh, ul);
}
// The angle of the point (x, y).
fn arctangent(ySe: i32, yM: i64, xSe: i32, xM: i64): i32, i64 {
  if (isUnsupported(ySe, yM) | isUnsupported(xSe, xM)) return invalid();
  if (isNan(ySe, yM) | isNan(xSe, xM)) return nanOf(ySe, yM, xSe, xM);
  noteDenormal(ySe, yM);
  noteDenormal(xSe, xM);
  let sign = ySe >>> 15;
  let isLeft = xSe >>> 15;
  if (isInfinite(ySe, yM)) {
    if (!isInfinite(xSe, xM)) return packWide(sign, 0, PI, PI_LOW);
    if (isLeft) return packWide(sign, 1, THREE_QUARTERS_PI, THREE_QUARTERS_PI_LOW);
    return packWide(sign, -1, PI, PI_LOW);
  }
  if (isZero(ySe, yM) | isInfinite(xSe, xM)) {
    if (isLeft) return packWide(sign, 1, PI, PI_LOW);
    return sign << 15, 0;
  }
  if (isZero(xSe, xM)) return packWide(sign, 0, PI, PI_LOW);
  let (yE, yN) = unpack(ySe, yM);
  let (xE, xN) = unpack(xSe, xM);
  let isSteep = yE > xE || yE == xE && yN >u xN;
  let exp = 0;
  let h = 0n;
  let l = 0n;
  if (isSteep) (exp, h, l) = wideDivide(xE, xN, 0, yE, yN, 0);
  else (exp, h, l) = wideDivide(yE, yN, 0, xE, xN, 0);
  if (exp < -4) {
    (exp, h, l) = smallArctangent(exp, h, l);
    if (!(isSteep | isLeft)) return packWide(sign, exp, h, l);
    (h, l) = shiftJam(h, l, 1 - exp);
  } else (h, l) = largeArctangent(exp, h, l);
  if (isSteep) (h, l) = subtractFractions(PI >>> 1, PI << 63 | PI_LOW >>> 1, h, l);
  if (isLeft) (h, l) = subtractFractions(PI, PI_LOW, h, l);
  (exp, h, l) = normalize(1, h, l);
  return packWide(sign, exp, h, l);
}
`;
