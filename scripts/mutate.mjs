// Damaged copies of Windows programs, the same ones for the same seed.

/** A small seeded generator of whole numbers: random(n) answers 0 to n - 1. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) % below;
  };
}

const u16 = (size) => ({ size: 2, at: size });
const u32 = (size) => ({ size: 4, at: size });
const u64 = (size) => ({ size: 8, at: size });
// Fields of the headers, from the PE signature on.
const HEADER_FIELDS = [
  ...[4, 6, 0x14, 0x16, 0x18, 0x40, 0x42, 0x44, 0x46, 0x48, 0x4a, 0x5c, 0x5e].map(u16),
  ...[0, 8, 0x0c, 0x10, 0x1c, 0x20, 0x24, 0x28, 0x2c, 0x38, 0x3c, 0x4c, 0x50, 0x54, 0x58, 0x80, 0x84].map(
    u32,
  ),
  ...[0x30, 0x60, 0x68, 0x70, 0x78].map(u64),
];
const DIRECTORIES = 0x88;
const SECTION_FIELDS = [8, 12, 16, 20, 24, 28, 36];

/** Where things are in a whole PE file: the signature, the sections, the contents of the data directories. */
function anatomy(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const pe = view.getUint32(0x3c, true);
  const count = view.getUint16(pe + 6, true);
  const table = pe + 24 + view.getUint16(pe + 20, true);
  const sections = [];
  for (let i = 0; i < count; i++) {
    const at = table + i * 40;
    sections.push({
      at,
      address: view.getUint32(at + 12, true),
      size: view.getUint32(at + 16, true),
      offset: view.getUint32(at + 20, true),
      code: (view.getUint32(at + 36, true) & 0x20) !== 0,
    });
  }
  const directories = [];
  for (let index = 0; index < 16; index++) {
    const address = view.getUint32(pe + DIRECTORIES + index * 8, true);
    const size = view.getUint32(pe + DIRECTORIES + index * 8 + 4, true);
    const section = sections.find((s) => address >= s.address && address < s.address + s.size);
    if (section && size > 0)
      directories[index] = { offset: section.offset + address - section.address, size };
  }
  return { pe, sections, directories };
}

const INTERESTING = [
  0, 1, 2, 3, 4, 7, 8, 0xf, 0x10, 0x7f, 0x80, 0xff, 0x100, 0x1ff, 0xfff, 0x1000, 0x1001, 0x7fff, 0x8000,
];
INTERESTING.push(
  0xffff,
  0x10000,
  0x7fffffff,
  0x80000000,
  0xfffff000,
  0xffffffff,
  0x100000000,
  0x7fffffffffff,
  2 ** 52,
);

function setField(bytes, at, size, random) {
  if (at < 0 || at + size > bytes.length) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const old = size === 2 ? view.getUint16(at, true) : view.getUint32(at, true);
  const choice = random(3);
  let value = INTERESTING[random(INTERESTING.length)];
  if (choice === 1) value = old + random(17) - 8;
  if (choice === 2) value = random(0x100000000);
  if (size === 2) view.setUint16(at, value & 0xffff, true);
  else {
    view.setUint32(at, value % 0x100000000, true);
    if (size === 8) view.setUint32(at + 4, Math.floor(value / 0x100000000) & 0xffff, true);
  }
}

function setBytes(bytes, offset, size, random) {
  if (size <= 0 || offset >= bytes.length) return;
  const count = 1 + random(8);
  for (let i = 0; i < count; i++) {
    const at = offset + random(size);
    if (at >= bytes.length) continue;
    if (random(2)) bytes[at] ^= 1 << random(8);
    else bytes[at] = random(256);
  }
}

const pick = (list, random) => list[random(list.length)];

// Each takes the bytes, their anatomy, other programs and the generator, and answers the bytes.
const mutations = {
  header(bytes, where, _others, random) {
    const field = pick(HEADER_FIELDS, random);
    setField(bytes, where.pe + field.at, field.size, random);
    return bytes;
  },
  dosHeader(bytes, _where, _others, random) {
    if (random(2)) setField(bytes, 0x3c, 4, random);
    else setBytes(bytes, 0, 64, random);
    return bytes;
  },
  section(bytes, where, _others, random) {
    const section = pick(where.sections, random);
    setField(bytes, section.at + pick(SECTION_FIELDS, random), 4, random);
    return bytes;
  },
  directory(bytes, where, _others, random) {
    setField(bytes, where.pe + DIRECTORIES + random(16) * 8 + random(2) * 4, 4, random);
    return bytes;
  },
  directoryContents(bytes, where, _others, random) {
    const range = where.directories[pick([0, 1, 1, 3, 5, 5, 9, 9, 12], random)];
    if (!range) return bytes;
    if (random(2)) setField(bytes, range.offset + random(Math.max(1, range.size >> 2)) * 4, 4, random);
    else setBytes(bytes, range.offset, range.size, random);
    return bytes;
  },
  code(bytes, where, _others, random) {
    const section = pick(
      where.sections.filter((s) => s.code),
      random,
    );
    if (!section) return bytes;
    // Around one place more often than all over, so that the damage is in one function.
    if (random(2)) setBytes(bytes, section.offset, section.size, random);
    else setBytes(bytes, section.offset + random(section.size), 16, random);
    return bytes;
  },
  data(bytes, where, _others, random) {
    const section = pick(where.sections, random);
    setBytes(bytes, section.offset, section.size, random);
    return bytes;
  },
  truncate(bytes, _where, _others, random) {
    return bytes.slice(0, random(4) ? random(bytes.length) : random(1024));
  },
  append(bytes, _where, _others, random) {
    const longer = new Uint8Array(bytes.length + random(70000));
    longer.set(bytes);
    return longer;
  },
  splice(bytes, _where, others, random) {
    const other = pick(others, random);
    const size = 1 + random(random(2) ? 64 : 8192);
    const from = random(other.length);
    const part = other.subarray(from, Math.min(other.length, from + size));
    const to = random(bytes.length);
    bytes.set(part.subarray(0, bytes.length - to), to);
    return bytes;
  },
};
const WEIGHTED = [
  'header',
  'header',
  'section',
  'directory',
  'directoryContents',
  'directoryContents',
  'code',
  'code',
  'code',
];
WEIGHTED.push('code', 'data', 'truncate', 'append', 'splice', 'dosHeader');

/** A damaged copy of `original`; `kinds` names what was done to it. */
export function mutate(original, others, random) {
  let bytes = original.slice();
  const where = anatomy(original);
  const kinds = [];
  for (let count = 1 + random(3); count > 0; count--) {
    const kind = pick(WEIGHTED, random);
    kinds.push(kind);
    if (bytes.length > 0) bytes = mutations[kind](bytes, where, others, random);
  }
  return { bytes, kinds };
}
