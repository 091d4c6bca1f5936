/** Loads from and stores to memory in all formats; `host` is the checked host address. */
export const MEMORY_SOURCE = `
fn fromInteger(value: i64): i32, i64 {
  if (value == 0) return 0, 0;
  let sign = value < 0;
  if (sign) value = -value;
  let shift = i32(clz(value));
  return sign << 15 | BIAS + 63 - shift, value << shift;
}
// An IEEE number of the given widths, its fraction left-aligned below the integer bit.
fn fromIeee(sign: i32, exp: i32, fraction: i64, top: i32): i32, i64 {
  sign = sign << 15;
  if (exp == 0) {
    if (fraction == 0) return sign, 0;
    raise(DE);
    let shift = i32(clz(fraction));
    return sign | BIAS - (top >>> 1) + 1 - shift, fraction << shift;
  }
  if (exp != top) return sign | exp + BIAS - (top >>> 1), fraction | ONE;
  return sign | EXPONENT, fraction | ONE;
}
fn fromBcd(host: i32): i32, i64 {
  let value = 0n;
  let at = 9;
  while (at != 0) {
    at = at - 1;
    let byte = load8(host + at);
    value = value * 100 + i64((byte >>> 4) * 10 + (byte & 15));
  }
  let (s, m) = fromInteger(value);
  return s | load8(host + 9) >>> 7 << 15, m;
}
fn read(host: i32, format: i32): i32, i64 {
  if (format == F64) {
    let bits = load64(host);
    return fromIeee(i32(bits >>> 63), i32(bits >>> 52) & 0x7ff, bits << 12 >>> 1, 0x7ff);
  }
  if (format == F80) return load16(host + 8), load64(host);
  if (format == F32) {
    let single = load32(host);
    return fromIeee(single >>> 31, single >>> 23 & 0xff, i64(single << 9) << 31, 0xff);
  }
  if (format == I64) return fromInteger(load64(host));
  if (format == I32) return fromInteger(signed(load32(host)));
  if (format == I16) return fromInteger(signed(load16(host) << 16 >> 16));
  return fromBcd(host);
}
fn load(host: i32, format: i32): i32 {
  begin();
  let (s, m) = read(host, format);
  if (format != F80 && isNan(s, m)) (s, m) = nanOf(s, m, 0, 0);
  push(s, m);
  return 0;
}

// The bits of a number in an IEEE format: drop is 11 or 40, top its highest exponent.
fn toIeee(s: i32, m: i64, drop: i32, top: i32): i64 {
  let sign = s >>> 15;
  if (isUnsupported(s, m)) (s, m) = invalid();
  let exp = s & EXPONENT;
  if (exp == EXPONENT) {
    exp = top;
    if (m << 1 != 0) {
      if ((m & QUIET) == 0) raise(IE);
      m = m | QUIET;
      sign = s >>> 15;
    }
  } else if (m == 0) exp = 0;
  else {
    (exp, m) = unpack(s, m);
    (exp, m) = round(sign, exp - BIAS + (top >>> 1), m, 0, drop, top);
  }
  let fraction = (m & ~ONE) >>> drop;
  if (drop == 11) return i64(sign) << 63 | i64(exp) << 52 | fraction;
  return i64(sign << 31 | exp << 23) | fraction;
}
// A number as an integer of so many bits; the smallest if it does not fit.
fn toInteger(s: i32, m: i64, bits: i32, truncates: i32): i64 {
  let sign = s >>> 15;
  let smallest = -1n << (bits - 1);
  let exp = (s & EXPONENT) - BIAS;
  if (isUnsupported(s, m) || exp >= 64) {
    raise(IE);
    return smallest;
  }
  let below = 0n;
  (m, below) = shiftJam(m, 0, 63 - exp);
  let up = !truncates && roundsUp(sign, below, i32(m) & 1);
  let magnitude = m;
  if (up) magnitude = m + 1;
  if (magnitude <u m || magnitude >u ~smallest + i64(sign)) {
    raise(IE);
    return smallest;
  }
  if (below != 0) inexact(up);
  return sign ? -magnitude : magnitude;
}
fn writeBcd(host: i32, s: i32, m: i64) {
  let value = toInteger(s, m, 64, 0);
  let size = value < 0 ? -value : value;
  if (load32(RAISED) & IE || size >u 999999999999999999) {
    store32(RAISED, load32(RAISED) & ~(PE | C1));
    raise(IE);
    if (unmasked(IE)) return;
    store64(host, INDEFINITE_M);
    store16(host + 8, 0xffff);
    return;
  }
  store8(host + 9, s >>> 15 << 7);
  let at = 0;
  while (at != 9) {
    let pair = i32(size % 100);
    size = size / 100;
    store8(host + at, pair / 10 << 4 | pair % 10);
    at = at + 1;
  }
}
fn write(host: i32, format: i32, s: i32, m: i64, truncates: i32) {
  if (format == F80) {
    if (unmasked(IE)) return;
    store64(host, m);
    store16(host + 8, s);
    return;
  }
  if (format == BCD) {
    writeBcd(host, s, m);
    return;
  }
  let value = 0n;
  if (format == F64) value = toIeee(s, m, 11, 0x7ff);
  else if (format == F32) value = toIeee(s, m, 40, 0xff);
  else value = toInteger(s, m, format == I64 ? 64 : format == I32 ? 32 : 16, truncates);
  if (unmasked(IE | OE | UE)) return;
  if (format == F64 || format == I64) store64(host, value);
  else if (format == I16) store16(host, i32(value));
  else store32(host, i32(value));
}
// imm: format | truncates << 4 | pops << 5
fn store(host: i32, imm: i32): i32 {
  begin();
  let s = se(0);
  let m = mantissa(0);
  if (isEmpty(0)) (s, m) = underflow();
  write(host, imm & 15, s, m, imm >>> 4 & 1);
  if (imm >>> 5 && !unmasked(IE | OE | UE)) pop();
  end();
  return 0;
}
`;
