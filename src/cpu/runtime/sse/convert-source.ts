/** Conversions, rounding to integers, and the operation on all lanes. */
export const CONVERT_SOURCE = `
// Bits of the integer part and whether something was lost, of a finite number below 2^63.
fn integerPart(x: i64, d: i32, mode: i32): i64, i32 {
  if (isZero(x, d)) return 0, 0;
  let (exp, m) = unpack(x, d);
  let sign = signOf(x, d);
  let whole = exp < 0 ? 0n : m >>> (63 - exp);
  let rest = exp < 0 ? jam(m, 0 - exp - 1) : m << (exp + 1);
  return whole + i64(roundsUp(mode, sign, rest, i32(whole) & 1)), rest != 0;
}
fn toInteger(x: i64, d: i32, bits: i32, truncates: i32): i64 {
  let limit = 1n << (bits - 1);
  let sign = signOf(x, d);
  let exp = exponentOf(x, d) - (highest(d) >>> 1);
  if (exp < 63 && !isNan(x, d)) {
    let (whole, isInexact) = integerPart(x, d, truncates ? 3 : rounding());
    if (whole <u limit + i64(sign)) {
      if (isInexact) after(PE);
      return sign ? 0 - whole : whole;
    }
  }
  // The smallest of all is its own magnitude.
  if (exp == 63 && sign && fractionOf(x, d) == 0 && bits == 64) return limit;
  before(IE);
  return limit;
}
fn fromInteger(x: i64, d: i32): i64 {
  if (x == 0) return 0;
  let sign = x < 0;
  let size = sign ? 0 - x : x;
  let shift = i32(clz(size));
  return pack(sign, 63 - shift, size << shift, d);
}
// imm: the rounding mode, 4 for that of MXCSR, 8 for no precision exception
fn roundFloat(x: i64, d: i32, imm: i32): i64 {
  if (isNan(x, d)) return nanOf(x, x, d);
  let exp = exponentOf(x, d) - (highest(d) >>> 1);
  if (exp >= fractionBits(d) || isZero(x, d)) return x;
  let (whole, isInexact) = integerPart(x, d, imm & 4 ? rounding() : imm & 3);
  if (isInexact && !(imm & 8)) after(PE);
  let sign = signOf(x, d);
  if (whole == 0) return signed0(sign, d);
  let shift = i32(clz(whole));
  return pack(sign, 63 - shift, whole << shift, d);
}
fn convert(x: i64, d: i32): i64 {
  let to = !d;
  let sign = signOf(x, d);
  if (isNan(x, d)) {
    if (isLoud(x, d)) before(IE);
    let fraction = d ? fractionOf(x, d) >>> 29 : fractionOf(x, d) << 29;
    return quiet(infinity(sign, to) | fraction, to);
  }
  noteDenormal(x, d);
  if (isInfinite(x, d)) return infinity(sign, to);
  if (isZero(x, d)) return signed0(sign, to);
  let (exp, m) = unpack(x, d);
  return pack(sign, exp, m, to);
}

fn loadLane(at: i32, lane: i32, d: i32): i64 {
  if (d) return load64(at + (lane << 3));
  return i64(load32(at + (lane << 2)));
}
fn storeLane(lane: i32, d: i32, value: i64) {
  if (d) store64(RESULT + (lane << 3), value);
  else store32(RESULT + (lane << 2), i32(value));
}
fn compute(op: i32, lane: i32, d: i32, detail: i32) {
  if (op == FROM_INT32) {
    storeLane(lane, d, fromInteger(signed(load32(B + (lane << 2))), d));
    return;
  }
  if (op == FROM_INT64) {
    storeLane(lane, d, fromInteger(load64(B), d));
    return;
  }
  let b = withoutDenormal(loadLane(B, lane, d), d);
  if (op == CONVERT) {
    storeLane(lane, !d, convert(b, d));
    return;
  }
  if (op == TO_INT32) {
    store32(RESULT + (lane << 2), i32(toInteger(b, d, 32, detail)));
    return;
  }
  if (op == TO_INT64) {
    store64(RESULT, toInteger(b, d, 64, detail));
    return;
  }
  if (op == SQRT) {
    storeLane(lane, d, squareRoot(b, d));
    return;
  }
  if (op == ROUND) {
    storeLane(lane, d, roundFloat(b, d, detail));
    return;
  }
  let a = withoutDenormal(loadLane(A, lane, d), d);
  if (op == COMPARE) storeLane(lane, d, 0 - i64(compares(detail, a, b, d)));
  else if (op == ORDER) store64(RESULT, order(detail, a, b, d));
  else if (op == MIN || op == MAX) storeLane(lane, d, extreme(op, a, b, d));
  else storeLane(lane, d, arithmetic(op, a, b, d));
}

// Parameter: see FLOAT_OPERATION. 1: an exception that is not masked; MXCSR tells which.
fn exactFloat(control: i32): i32 {
  store32(BEFORE, 0);
  store32(AFTER, 0);
  store64(RESULT, load64(A));
  store64(RESULT + 8, load64(A + 8));
  let index = 0;
  while (index < 4) {
    if (control >>> (8 + index) & 1) compute(control & 0xff, index, control >>> 12 & 1, control >>> 16);
    index = index + 1;
  }
  let status = load32(STATUS) | load32(BEFORE);
  store32(STATUS, status);
  if (load32(BEFORE) & ~(status >>> 7)) return 1;
  status = status | load32(AFTER);
  store32(STATUS, status);
  return (load32(AFTER) & ~(status >>> 7)) != 0;
}
`;
