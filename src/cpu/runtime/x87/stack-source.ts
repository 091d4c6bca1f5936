/** The register stack, and how an instruction begins and ends. */
export const STACK_SOURCE = `
fn reg(i: i32): i32 {
  return REGS + ((load16(SW) >>> 11) + i & 7) * 16;
}
fn se(i: i32): i32 { return load16(reg(i) + 8); }
fn mantissa(i: i32): i64 { return load64(reg(i)); }
fn isEmpty(i: i32): i32 {
  return !(load8(TAGS) >>> ((load16(SW) >>> 11) + i & 7) & 1);
}
fn setReg(i: i32, se: i32, m: i64) {
  let at = reg(i);
  store64(at, m);
  store16(at + 8, se);
  store8(TAGS, load8(TAGS) | 1 << ((load16(SW) >>> 11) + i & 7));
}
fn turn(by: i32) {
  let sw = load16(SW);
  store16(SW, sw & ~0x3800 | sw + (by << 11) & 0x3800);
}
fn free(i: i32) {
  store8(TAGS, load8(TAGS) & ~(1 << ((load16(SW) >>> 11) + i & 7)));
}
fn pop() {
  free(0);
  turn(1);
}

fn begin() { store32(RAISED, 0); }
fn raise(flags: i32) { store32(RAISED, load32(RAISED) | flags); }
// Flags of the given ones that are raised and not masked.
fn unmasked(flags: i32): i32 {
  return load32(RAISED) & ~load16(CW) & flags;
}
// Forgets what was raised but the given flags.
fn keep(flags: i32) { store32(RAISED, load32(RAISED) & flags); }
// Before the result of an operation goes anywhere: whether an exception of its operands forbids it, which hides
// what came up later.
fn isForbidden(): i32 {
  if (!unmasked(IE | DE | ZE)) return 0;
  if (!(load32(RAISED) & STACK_FAULT)) keep(IE | DE | ZE);
  return 1;
}
// Notes what was raised; C1 is what the instruction says, else 0.
fn end() {
  let raised = load32(RAISED);
  let sw = load16(SW) & ~C1 | raised;
  if (raised & ~load16(CW) & 0x3f) sw = sw | PENDING;
  store16(SW, sw);
}
// After a change of masks or flags.
fn summarize() {
  let sw = load16(SW);
  store16(SW, sw & ~load16(CW) & 0x3f ? sw | PENDING : sw & ~PENDING);
}

fn underflow(): i32, i64 {
  store32(RAISED, IE | STACK_FAULT);
  return INDEFINITE, INDEFINITE_M;
}
fn invalid(): i32, i64 {
  store32(RAISED, IE);
  return INDEFINITE, INDEFINITE_M;
}
// Pushes a value, unless an exception is not masked. A full stack takes the indefinite.
fn push(se: i32, m: i64) {
  if (!isEmpty(7)) {
    if (!(load32(RAISED) & STACK_FAULT)) store32(RAISED, IE | STACK_FAULT | C1);
    se = INDEFINITE;
    m = INDEFINITE_M;
  }
  if (!unmasked(IE)) {
    turn(-1);
    setReg(0, se, m);
  }
  end();
}
`;
