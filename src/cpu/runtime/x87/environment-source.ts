/** The images in memory of the whole state; imm: 1 for the short ones, or for the 64-bit pointers of fxsave64. */
export const ENVIRONMENT_SOURCE = `
// Two bits for each physical register: 0 valid, 1 zero, 2 special, 3 empty.
fn tagWord(): i32 {
  let word = 0;
  let i = 8;
  while (i != 0) {
    i = i - 1;
    let at = REGS + i * 16;
    let s = load16(at + 8);
    let m = load64(at);
    word = word << 2;
    if (!(load8(TAGS) >>> i & 1)) word = word | 3;
    else if (isZero(s, m)) word = word | 1;
    else if (!isPlain(s, m)) word = word | 2;
  }
  return word;
}
fn codeSelector(): i32 { return load64(FIP) != 0 ? CS : 0; }
fn dataSelector(): i32 { return load64(FDP) != 0 ? DS : 0; }

fn storeEnvironment(host: i32, isShort: i32): i32 {
  if (isShort) {
    store16(host, load16(CW));
    store16(host + 2, load16(SW));
    store16(host + 4, tagWord());
    store16(host + 6, load16(FIP));
    store16(host + 8, codeSelector());
    store16(host + 10, load16(FDP));
    store16(host + 12, dataSelector());
  } else {
    store32(host, load16(CW) | 0xffff0000);
    store32(host + 4, load16(SW) | 0xffff0000);
    store32(host + 8, tagWord() | 0xffff0000);
    store32(host + 12, load32(FIP));
    store32(host + 16, codeSelector() | load16(FOP) << 16);
    store32(host + 20, load32(FDP));
    store32(host + 24, dataSelector() | 0xffff0000);
  }
  store16(CW, load16(CW) | 0x3f);
  summarize();
  return 0;
}
fn loadEnvironment(host: i32, isShort: i32): i32 {
  let step = isShort ? 2 : 4;
  store16(CW, load16(host) & 0x1f3f | 0x40);
  store16(SW, load16(host + step));
  let word = load16(host + step * 2);
  let tags = 0;
  let i = 8;
  while (i != 0) {
    i = i - 1;
    tags = (tags << 1) + ((word >>> (i * 2) & 3) != 3);
  }
  store8(TAGS, tags);
  if (isShort) {
    store64(FIP, i64(load16(host + 6)));
    store64(FDP, i64(load16(host + 10)));
    store16(FOP, 0);
  } else {
    store64(FIP, i64(load32(host + 12)));
    store64(FDP, i64(load32(host + 20)));
    store16(FOP, load16(host + 18) & 0x7ff);
  }
  summarize();
  return 0;
}
fn save(host: i32, isShort: i32): i32 {
  let unused = storeEnvironment(host, isShort);
  host = host + (isShort ? 14 : 28);
  let i = 0;
  while (i != 8) {
    store64(host, mantissa(i));
    store16(host + 8, se(i));
    host = host + 10;
    i = i + 1;
  }
  return 0;
}
fn restore(host: i32, isShort: i32): i32 {
  let unused = loadEnvironment(host, isShort);
  host = host + (isShort ? 14 : 28);
  let i = 0;
  while (i != 8) {
    let at = reg(i);
    store64(at, load64(host));
    store16(at + 8, load16(host + 8));
    host = host + 10;
    i = i + 1;
  }
  return 0;
}

// The pointers are kept up only while an exception is pending, as AMD's processors do.
fn fxsave(host: i32, is64: i32): i32 {
  store16(host, load16(CW));
  store16(host + 2, load16(SW));
  store16(host + 4, load8(TAGS));
  let isPending = load16(SW) & PENDING;
  store16(host + 6, isPending ? load16(FOP) : 0);
  store64(host + 8, isPending ? load64(FIP) : 0n);
  store64(host + 16, isPending ? load64(FDP) : 0n);
  if (isPending && !is64) {
    store32(host + 12, codeSelector());
    store32(host + 20, dataSelector());
  }
  store32(host + 24, load32(MXCSR));
  store32(host + 28, 0xffff);
  let i = 0;
  while (i != 8) {
    host = host + 16;
    store64(host + 16, mantissa(i));
    store64(host + 24, i64(se(i)));
    i = i + 1;
  }
  return 0;
}
fn fxrstor(host: i32, is64: i32): i32 {
  store16(CW, load16(host) & 0x1f3f | 0x40);
  store16(SW, load16(host + 2));
  store8(TAGS, load8(host + 4));
  summarize();
  if (load16(SW) & PENDING) {
    store16(FOP, load16(host + 6) & 0x7ff);
    store64(FIP, is64 ? load64(host + 8) : i64(load32(host + 8)));
    store64(FDP, is64 ? load64(host + 16) : i64(load32(host + 16)));
  }
  let i = 0;
  while (i != 8) {
    host = host + 16;
    let at = reg(i);
    store64(at, load64(host + 16));
    store64(at + 8, i64(load16(host + 24)));
    i = i + 1;
  }
  return 0;
}
`;
