import { buildDll, type DataBlock, type DllSpec } from '../../src/image/builder.ts';
import { ascii, patched } from './fixtures.ts';

type Imports = Record<string, readonly (string | number)[]>;

/** A file like buildDll() makes, with an import table (which our own DLLs never need) in its data. */
export function importing(
  imports: Imports,
  spec: DllSpec = { name: 'x.dll', base: 0x1_4000_0000, exports: [] },
): Uint8Array {
  const size = tableSize(imports);
  const place = (bytes?: Uint8Array): DataBlock => ({
    kind: 'data',
    name: ' imports',
    size,
    initial: bytes ?? new Uint8Array(size),
  });
  // Built twice: the table holds its own RVAs.
  const address = buildDll({ ...spec, internal: [place()] }).addresses.get(' imports')!;
  const { bytes } = buildDll({ ...spec, internal: [place(importTable(imports, size, address))] });
  return patched(patched(bytes, 112 + 8, address), 112 + 12, size);
}

function tableSize(imports: Imports): number {
  let size = (Object.keys(imports).length + 1) * 20;
  for (const [dll, symbols] of Object.entries(imports)) {
    size += dll.length + 1 + (symbols.length + 1) * 16;
    for (const symbol of symbols) size += typeof symbol === 'string' ? symbol.length + 3 : 0;
  }
  return size;
}

function importTable(imports: Imports, size: number, address: number): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let next = (Object.keys(imports).length + 1) * 20;
  const take = (count: number) => (next += count) - count;
  const text = (value: string) => {
    const at = take(value.length + 1);
    bytes.set(ascii(value), at);
    return address + at;
  };
  Object.entries(imports).forEach(([dll, symbols], i) => {
    const lookup = take((symbols.length + 1) * 8);
    const slots = take((symbols.length + 1) * 8);
    view.setUint32(i * 20, address + lookup, true);
    view.setUint32(i * 20 + 12, text(dll), true);
    view.setUint32(i * 20 + 16, address + slots, true);
    symbols.forEach((symbol, j) => {
      const isOrdinal = typeof symbol === 'number';
      view.setUint32(lookup + j * 8, isOrdinal ? symbol : text(`\0\0${symbol}`), true);
      view.setUint32(lookup + j * 8 + 4, isOrdinal ? 0x8000_0000 : 0, true);
    });
  });
  return bytes;
}
