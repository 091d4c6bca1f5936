import type { DllSpec } from './builder.ts';
import { alignUp, setU32 } from './little-endian.ts';

const DIRECTORY_SIZE = 40;

/**
 * The bytes of an export directory that lies at `address`: its header, functions, names, ordinals, then all texts. Forwarders
 * must lie within it. Places are taken from `addresses`; ordinals that the spec leaves open are dealt out in order, names sorted.
 */
export function buildExports(
  spec: DllSpec,
  address: number,
  addresses: ReadonlyMap<string, number>,
): Uint8Array {
  const { ordinals, base, count } = dealOrdinals(spec);
  const indices = new Map(spec.exports.map((entry, i) => [entry.name, i]));
  if (indices.size < spec.exports.length) throw new Error(`two exports of ${spec.name} have one name`);
  // The default order, by code units, is the loader's, and much faster than a comparison of ours.
  const names = [...indices.keys()].sort();
  const namesAt = DIRECTORY_SIZE + count * 4;
  const ordinalsAt = namesAt + names.length * 4;
  const textAt = ordinalsAt + names.length * 2;
  const bytes = new Uint8Array(alignUp(textAt + textSize(spec), 16));
  const functionTable = new Uint32Array(bytes.buffer, DIRECTORY_SIZE, count);
  const nameTable = new Uint32Array(bytes.buffer, namesAt, names.length);
  const ordinalTable = new Uint16Array(bytes.buffer, ordinalsAt, names.length);
  const texts = new TextWriter(textAt);
  setU32(bytes, 12, address + texts.add(spec.name));
  setU32(bytes, 16, base);
  setU32(bytes, 20, count);
  setU32(bytes, 24, names.length);
  setU32(bytes, 28, address + DIRECTORY_SIZE);
  setU32(bytes, 32, address + namesAt);
  setU32(bytes, 36, address + ordinalsAt);
  for (let i = 0; i < names.length; i++) {
    const index = indices.get(names[i])!;
    const entry = spec.exports[index];
    nameTable[i] = address + texts.add(entry.name);
    ordinalTable[i] = ordinals[index] - base;
    functionTable[ordinals[index] - base] =
      entry.kind === 'forward' ? address + texts.add(entry.target) : addresses.get(entry.name)!;
  }
  texts.writeTo(bytes.subarray(textAt));
  return bytes;
}

/** An ordinal for each export; `count` spans them all from `base`. */
function dealOrdinals(spec: DllSpec): { ordinals: number[]; base: number; count: number } {
  const taken = new Set(
    spec.exports.map((entry) => entry.ordinal).filter((ordinal) => ordinal !== undefined),
  );
  let next = 1;
  let base = 0xffff;
  let highest = 0;
  const ordinals = spec.exports.map((entry) => {
    while (entry.ordinal === undefined && taken.has(next)) next++;
    const ordinal = entry.ordinal ?? next++;
    base = Math.min(base, ordinal);
    highest = Math.max(highest, ordinal);
    return ordinal;
  });
  return ordinals.length === 0
    ? { ordinals, base: 1, count: 0 }
    : { ordinals, base, count: highest - base + 1 };
}

function textSize(spec: DllSpec): number {
  let size = spec.name.length + 1;
  for (const entry of spec.exports) {
    size += entry.name.length + 1 + (entry.kind === 'forward' ? entry.target.length + 1 : 0);
  }
  return size;
}

/** Collects NUL-terminated ASCII texts; they are encoded all at once, which is much faster than each for itself. */
class TextWriter {
  readonly #texts: string[] = [];
  #next: number;

  constructor(start: number) {
    this.#next = start;
  }

  /** Offset of the text. */
  add(text: string): number {
    const at = this.#next;
    this.#texts.push(text);
    this.#next = at + text.length + 1;
    return at;
  }

  writeTo(bytes: Uint8Array): void {
    new TextEncoder().encodeInto(this.#texts.join('\0'), bytes);
  }
}
