/**
 * C structures, declared once. Offsets follow x64 rules for natural alignment and are compared with what a
 * mingw program prints for the same structure (test/dlls/structs.test.ts).
 */
type FieldKind = 'u8' | 'u16' | 'u32' | 'u64';
const SIZES: Record<FieldKind, number> = { u8: 1, u16: 2, u32: 4, u64: 8 };

export type StructOf<F extends Record<string, FieldKind>> = { readonly [K in keyof F]: number } & {
  readonly size: number;
};

/** Byte offsets of the fields, in order, and the structure's size. */
export function struct<const F extends Record<string, FieldKind>>(fields: F): StructOf<F> {
  const offsets: Record<string, number> = {};
  let at = 0;
  let alignment = 1;
  for (const [name, kind] of Object.entries(fields)) {
    const size = SIZES[kind];
    at = Math.ceil(at / size) * size;
    offsets[name] = at;
    at += size;
    alignment = Math.max(alignment, size);
  }
  return { ...offsets, size: Math.ceil(at / alignment) * alignment } as StructOf<F>;
}
