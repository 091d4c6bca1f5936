/** Control instructions. */
export const CONTROL_SOURCE = `
fn loadControl(host: i32, imm: i32): i32 {
  store16(CW, load16(host) & 0x1f3f | 0x40);
  summarize();
  return 0;
}
// imm: register | pops << 3
fn release(host: i32, imm: i32): i32 {
  begin();
  free(imm & 7);
  if (imm >>> 3) pop();
  end();
  return 0;
}
fn turnTop(host: i32, by: i32): i32 {
  begin();
  turn(by);
  end();
  return 0;
}
`;
