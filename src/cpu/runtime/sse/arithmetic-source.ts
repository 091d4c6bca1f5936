/** Arithmetic and comparisons. */
export const ARITHMETIC_SOURCE = `
fn arithmetic(op: i32, a: i64, b: i64, d: i32): i64 {
  if (op == SUB && !isNan(b, d)) b = b ^ signed0(1, d);
  if (isNan(a, d) | isNan(b, d)) return nanOf(a, b, d);
  if (op <= SUB) return sum(a, b, d);
  if (op == MUL) return times(a, b, d);
  return over(a, b, d);
}
fn sum(a: i64, b: i64, d: i32): i64 {
  let aSign = signOf(a, d);
  let bSign = signOf(b, d);
  if (isInfinite(a, d) & isInfinite(b, d) & (aSign != bSign)) return invalid(d);
  noteDenormal(a, d);
  noteDenormal(b, d);
  if (isInfinite(a, d)) return a;
  if (isInfinite(b, d)) return b;
  if (isZero(b, d)) {
    if (!isZero(a, d)) return repack(a, d);
    if (aSign == bSign) return a;
    return signed0(rounding() == 1, d);
  }
  if (isZero(a, d)) return repack(b, d);
  let (aExp, aM) = unpack(a, d);
  let (bExp, bM) = unpack(b, d);
  if (aExp < bExp || (aExp == bExp && aM <u bM)) return sumOf(bSign, bExp, bM, aSign, aExp, aM, d);
  return sumOf(aSign, aExp, aM, bSign, bExp, bM, d);
}
// Of a larger and a smaller number.
fn sumOf(aSign: i32, aExp: i32, aM: i64, bSign: i32, bExp: i32, bM: i64, d: i32): i64 {
  let exp = aExp + 1;
  let m = 0n;
  if (aSign == bSign) m = (aM >>> 1) + jam(bM, 1 + aExp - bExp);
  else m = (aM >>> 1) - jam(bM, 1 + aExp - bExp);
  if (m == 0) return signed0(rounding() == 1, d);
  let shift = i32(clz(m));
  return pack(aSign, exp - shift, m << shift, d);
}
// The same number as a result, which may be flushed to zero.
fn repack(x: i64, d: i32): i64 {
  let (exp, m) = unpack(x, d);
  return pack(signOf(x, d), exp, m, d);
}
fn times(a: i64, b: i64, d: i32): i64 {
  let sign = signOf(a, d) ^ signOf(b, d);
  if (isInfinite(a, d) & isZero(b, d) | isInfinite(b, d) & isZero(a, d)) return invalid(d);
  noteDenormal(a, d);
  noteDenormal(b, d);
  if (isInfinite(a, d) | isInfinite(b, d)) return infinity(sign, d);
  if (isZero(a, d) | isZero(b, d)) return signed0(sign, d);
  let (aExp, aM) = unpack(a, d);
  let (bExp, bM) = unpack(b, d);
  let (high, low) = multiply(aM, bM);
  let m = high | i64(low != 0);
  let shift = i32(clz(m));
  return pack(sign, aExp + bExp + 1 - shift, m << shift, d);
}
fn over(a: i64, b: i64, d: i32): i64 {
  let sign = signOf(a, d) ^ signOf(b, d);
  if (isInfinite(a, d) & isInfinite(b, d) | isZero(a, d) & isZero(b, d)) return invalid(d);
  if (isZero(b, d)) {
    if (!isInfinite(a, d)) before(ZE);
    return infinity(sign, d);
  }
  noteDenormal(a, d);
  noteDenormal(b, d);
  if (isInfinite(a, d)) return infinity(sign, d);
  if (isInfinite(b, d) | isZero(a, d)) return signed0(sign, d);
  let (aExp, aM) = unpack(a, d);
  let (bExp, bM) = unpack(b, d);
  let exp = aExp - bExp;
  if (aM <u bM) exp = exp - 1;
  let m = quotient(aM <u bM ? aM : aM >>> 1, bM);
  let shift = i32(clz(m));
  return pack(sign, exp, m << shift, d);
}
// a / b, below 1, as 58 bits and one that tells whether more follows. Both are significands: their last bits are 0.
fn quotient(a: i64, b: i64): i64 {
  let q = 0n;
  let n = 0;
  b = b >>> 1;
  let r = a >>> 1;
  while (n < 58) {
    r = r << 1;
    q = q << 1;
    if (r >=u b) {
      r = r - b;
      q = q | 1n;
    }
    n = n + 1;
  }
  return q << 1 | i64(r != 0);
}

fn squareRoot(x: i64, d: i32): i64 {
  if (isNan(x, d)) return nanOf(x, x, d);
  if (isZero(x, d)) return x;
  if (signOf(x, d)) return invalid(d);
  if (isInfinite(x, d)) return x;
  noteDenormal(x, d);
  let (exp, m) = unpack(x, d);
  // An even exponent: the radicand is in [1, 4) with 62 bits below the point, two of its bits for each of the root.
  let radicand = exp & 1 ? m : m >>> 1;
  let half = exp >> 1;
  let root = 0n;
  let rest = 0n;
  let n = 0;
  while (n < 57) {
    rest = rest << 2 | radicand >>> 62;
    radicand = radicand << 2;
    root = root << 1;
    if (rest >u root << 1) {
      rest = rest - (root << 1 | 1n);
      root = root | 1n;
    }
    n = n + 1;
  }
  let shift = i32(clz(root));
  return pack(0, half, root << shift | i64(rest != 0), d);
}

// Finite and infinite numbers in the order of these keys.
fn key(x: i64, d: i32): i64 {
  let size = x << (d ? 1 : 33) >>> 1;
  return signOf(x, d) ? 0 - size : size;
}
fn extreme(op: i32, a: i64, b: i64, d: i32): i64 {
  if (isNan(a, d) | isNan(b, d)) {
    before(IE);
    return b;
  }
  noteDenormal(a, d);
  noteDenormal(b, d);
  if (op == MIN ? key(a, d) < key(b, d) : key(a, d) > key(b, d)) return a;
  return b;
}
// Predicates 0..7: equal, less, less or equal, unordered, and their opposites.
fn compares(predicate: i32, a: i64, b: i64, d: i32): i32 {
  let kind = predicate & 3;
  let holds = 0;
  if (isNan(a, d) | isNan(b, d)) {
    if (kind == 1 || kind == 2 || isLoud(a, d) | isLoud(b, d)) before(IE);
    holds = kind == 3;
  } else {
    noteDenormal(a, d);
    noteDenormal(b, d);
    if (kind == 0) holds = key(a, d) == key(b, d);
    if (kind == 1) holds = key(a, d) < key(b, d);
    if (kind == 2) holds = key(a, d) <= key(b, d);
  }
  return predicate & 4 ? !holds : holds;
}
// ZF, PF and CF: unordered 111, greater 000, less 001, equal 100.
fn order(isStrict: i32, a: i64, b: i64, d: i32): i64 {
  if (isNan(a, d) | isNan(b, d)) {
    if (isStrict | isLoud(a, d) | isLoud(b, d)) before(IE);
    return 0x45;
  }
  noteDenormal(a, d);
  noteDenormal(b, d);
  if (key(a, d) == key(b, d)) return 0x40;
  return i64(key(a, d) < key(b, d));
}
`;
