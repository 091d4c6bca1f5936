import { hostsOfApiSet, normalizeDllName } from './api-sets.ts';
import type { PeImage } from './pe.ts';

/** Anything that stands for a loaded (or planned) image. */
export interface HasImage {
  readonly image: PeImage;
}

/** Where a symbol was found, or why it was not: `absent` continues "app.exe needs kernel32.dll!Name, …". */
export type Resolution<M> =
  | { readonly module: M; readonly address: number; readonly absent?: undefined }
  | { readonly absent: string; readonly module?: undefined; readonly address?: undefined };

/** Windows' own DLLs forward three times at most. */
const MOST_HOPS = 8;
const NOT_THERE = 'which is not there';

/**
 * Finds an export by name or ordinal, following forwarders. `find` gives the module of a lower-case DLL name (loading it, if
 * that is what the caller wants), or undefined. API sets are looked up in the DLLs that serve them.
 */
export function resolveExport<M extends HasImage>(
  module: M,
  symbol: string | number,
  find: (dll: string) => M | undefined,
): Resolution<M> {
  let trail = '';
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const { exports } = module.image;
    const target = exports.resolve(symbol);
    if (target === undefined) {
      const why = exports.damage === undefined ? NOT_THERE : `and ${exports.damage}`;
      return { absent: trail === '' ? why : `which leads to ${trail}, ${why}` };
    }
    if (target.address !== undefined) return { module, address: target.address };
    trail = printable(target.forwarder);
    const next = parseForwarder(target.forwarder);
    const holder = next && findHolder(next.dll, next.symbol, find);
    if (next === undefined || holder === undefined)
      return { absent: `which leads to ${trail}, ${NOT_THERE}` };
    module = holder;
    symbol = next.symbol;
  }
  return { absent: `whose forwarders go in a circle (${trail})` };
}

/** Like resolveExport, from the name of a DLL or API set. */
export function resolveImport<M extends HasImage>(
  dll: string,
  symbol: string | number,
  find: (dll: string) => M | undefined,
): Resolution<M> {
  const holder = findHolder(dll, symbol, find);
  return holder === undefined ? { absent: NOT_THERE } : resolveExport(holder, symbol, find);
}

/** The module that a DLL name means: for an API set the first of its DLLs that has the symbol, or else the first at all. */
function findHolder<M extends HasImage>(
  dll: string,
  symbol: string | number,
  find: (dll: string) => M | undefined,
): M | undefined {
  const name = normalizeDllName(dll);
  let first: M | undefined;
  for (const host of hostsOfApiSet(name) ?? [name]) {
    const module = find(host);
    if (module?.image.exports.resolve(symbol) !== undefined) return module;
    first ??= module;
  }
  return first;
}

/** Splits "NTDLL.RtlAllocateHeap" or "OTHER.#12" at its last dot: the DLL's own name may have dots. */
export function parseForwarder(forwarder: string): { dll: string; symbol: string | number } | undefined {
  const dot = forwarder.lastIndexOf('.');
  const symbol = forwarder.slice(dot + 1);
  if (dot <= 0 || symbol === '') return undefined;
  const dll = `${forwarder.slice(0, dot)}.dll`;
  if (!symbol.startsWith('#')) return { dll, symbol };
  const ordinal = Number(symbol.slice(1));
  return Number.isInteger(ordinal) ? { dll, symbol: ordinal } : undefined;
}

function printable(text: string): string {
  return text.slice(0, 200).replace(/[^\x20-\x7e]/g, '?');
}
