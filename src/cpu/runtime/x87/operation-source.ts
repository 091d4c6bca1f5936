/** The instructions on registers, and arithmetic with an operand in memory. */
export const OPERATION_SOURCE = `
// The arithmetic of the /reg values 0, 1, 4..7: add, multiply, subtract, reversed, divide, reversed.
fn operate(op: i32, aSe: i32, aM: i64, bSe: i32, bM: i64): i32, i64 {
  if (op == 0) return add(aSe, aM, bSe, bM);
  if (op == 1) return times(aSe, aM, bSe, bM);
  if (op == 4) return subtract(aSe, aM, bSe, bM);
  if (op == 5) return subtract(bSe, bM, aSe, aM);
  if (op == 6) return over(aSe, aM, bSe, bM);
  return over(bSe, bM, aSe, aM);
}
// imm: op | source << 3 | destination << 6 | pops << 9
fn arithmeticReg(host: i32, imm: i32): i32 {
  begin();
  let source = imm >>> 3 & 7;
  let destination = imm >>> 6 & 7;
  let s = 0;
  let m = 0n;
  if (isEmpty(source) | isEmpty(destination)) (s, m) = underflow();
  else (s, m) = operate(imm & 7, se(destination), mantissa(destination), se(source), mantissa(source));
  if (!isForbidden()) {
    setReg(destination, s, m);
    if (imm >>> 9) pop();
  }
  end();
  return 0;
}
// imm: op | format << 3; op 2 and 3 compare, and pop
fn arithmeticMem(host: i32, imm: i32): i32 {
  begin();
  let op = imm & 7;
  let (s, m) = read(host, imm >>> 3);
  if (op >>> 1 == 1) {
    compareTop(s, m, 0, 0, op & 1);
    return 0;
  }
  if (isEmpty(0)) (s, m) = underflow();
  else (s, m) = operate(op, se(0), mantissa(0), s, m);
  if (!isForbidden()) setReg(0, s, m);
  end();
  return 0;
}

fn loadReg(host: i32, i: i32): i32 {
  begin();
  let s = se(i);
  let m = mantissa(i);
  if (isEmpty(i)) (s, m) = underflow();
  push(s, m);
  return 0;
}
// imm: register | pops << 3
fn storeReg(host: i32, imm: i32): i32 {
  begin();
  let s = se(0);
  let m = mantissa(0);
  if (isEmpty(0)) (s, m) = underflow();
  if (!unmasked(IE)) {
    setReg(imm & 7, s, m);
    if (imm >>> 3) pop();
  }
  end();
  return 0;
}
fn exchange(host: i32, i: i32): i32 {
  begin();
  let aSe = se(0);
  let aM = mantissa(0);
  let bSe = se(i);
  let bM = mantissa(i);
  if (isEmpty(0)) (aSe, aM) = underflow();
  if (isEmpty(i)) (bSe, bM) = underflow();
  if (!unmasked(IE)) {
    setReg(0, bSe, bM);
    setReg(i, aSe, aM);
  }
  end();
  return 0;
}
// host: the condition
fn move(condition: i32, i: i32): i32 {
  begin();
  let s = se(i);
  let m = mantissa(i);
  if (isEmpty(0) | isEmpty(i)) {
    (s, m) = underflow();
    condition = 1;
  } else raise(load16(SW) & C1);
  if (condition && !unmasked(IE)) setReg(0, s, m);
  end();
  return 0;
}
// Changes the sign: imm 0 inverts it, 1 clears it.
fn setSign(host: i32, clears: i32): i32 {
  begin();
  let s = se(0);
  let m = mantissa(0);
  if (isEmpty(0)) (s, m) = underflow();
  else s = clears ? s & EXPONENT : s ^ SIGN;
  if (!unmasked(IE)) setReg(0, s, m);
  end();
  return 0;
}
fn squareRootTop(host: i32, imm: i32): i32 {
  begin();
  let s = 0;
  let m = 0n;
  if (isEmpty(0)) (s, m) = underflow();
  else (s, m) = squareRoot(se(0), mantissa(0));
  return finishTop(s, m);
}
// Puts the result of a function of ST there.
fn finishTop(s: i32, m: i64): i32 {
  if (!isForbidden()) setReg(0, s, m);
  end();
  return 0;
}
fn roundToInteger(host: i32, imm: i32): i32 {
  begin();
  let s = se(0);
  let m = mantissa(0);
  if (isEmpty(0)) (s, m) = underflow();
  else (s, m) = integral(s, m);
  return finishTop(s, m);
}
fn integral(s: i32, m: i64): i32, i64 {
  if (isUnsupported(s, m)) return invalid();
  if (isNan(s, m)) return nanOf(s, m, 0, 0);
  noteDenormal(s, m);
  let exp = (s & EXPONENT) - BIAS;
  if (exp >= 63 || m == 0) return s, m;
  let (whole, below) = shiftJam(m, 0, 63 - exp);
  let up = roundsUp(s >>> 15, below, i32(whole) & 1);
  if (below == 0) return s, m;
  inexact(up);
  if (up) whole = whole + 1;
  if (whole == 0) return s & SIGN, 0;
  let shift = i32(clz(whole));
  return s & SIGN | BIAS + 63 - shift, whole << shift;
}
`;
