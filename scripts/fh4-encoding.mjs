// The numbers of FuncInfo4's tables, as lines of assembly.

/** How many bits a number may have for each byte. */
const BITS = 7;

/** The shortest form of a number. */
export function shortest(value) {
  return Math.max(1, Math.ceil(Math.log2(value + 1) / BITS));
}

/** Ones at the end of the first byte tell how many more bytes there are. */
const mark = (length) => 2 ** (length - 1) - 1;

/** A number in one, two, three or four bytes. */
export function compressed(value, length) {
  if (length < shortest(value) || length > 4) throw new RangeError(`${value} in ${length} bytes`);
  const all = value * 2 ** length + mark(length);
  return `\t.byte\t${Array.from({ length }, (_, i) => Math.floor(all / 256 ** i) % 256).join(', ')}`;
}

/** How far a label is behind another, in two, three or four bytes: only the assembler knows. */
export function compressedDistance(from, to, length) {
  const all = `(((${to}-${from})<<${length})+${mark(length)})`;
  if (length === 2) return [`\t.short\t${all}`];
  if (length === 4) return [`\t.long\t${all}`];
  return Array.from({ length }, (_, i) => `\t.byte\t(${all}>>${8 * i})&255`);
}

/** An address in the image. */
export function rva(symbol) {
  return `\t.long\t${symbol}@IMGREL`;
}
