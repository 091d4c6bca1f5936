import type { Family } from './api.ts';
import { familiesOf } from './registry.ts';
import { ABSENT_SERVICES, FIRST_ABSENT } from './service-table.ts';

/**
 * Which service numbers one of our DLLs has, and for what: the functions of its families one after the other. Texts and
 * numbers only, for a build keeps them: so a start need not ask any family what it declares.
 */
export interface DllServices {
  readonly dll: string;
  /** Number of its first function. */
  readonly first: number;
  /** How many functions each of its families has. */
  readonly counts: readonly number[];
  /** The names of all of them, with spaces between. */
  readonly names: string;
}

/**
 * The services of each of our DLLs. The numbers of a DLL do not depend on which others are loaded. RangeError for a
 * function that a DLL declares twice.
 */
export function servicesOfAll(): ReadonlyMap<string, DllServices> {
  const all = new Map<string, DllServices>();
  let next = FIRST_ABSENT + ABSENT_SERVICES;
  for (const dll in familiesOf) {
    const services = servicesOf(dll, familiesOf[dll]!(), next);
    all.set(dll, services);
    next += services.counts.reduce((sum, count) => sum + count, 0);
  }
  return all;
}

/** The services of a DLL with these families, numbered from `first` on. RangeError for a function that is declared twice. */
export function servicesOf(dll: string, families: readonly Family[], first: number): DllServices {
  const declared = families.map(({ functions }) => Object.keys(functions));
  const names = declared.flat();
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) throw new RangeError(`${dll}!${twice} is declared twice`);
  return { dll, first, counts: declared.map(({ length }) => length), names: names.join(' ') };
}
