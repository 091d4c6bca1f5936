import type { GuestMemory } from '../memory/guest-memory.ts';
import { CorruptTables } from './cxx-tables.ts';
import { adjust, isSameType } from './cxx-types.ts';

/**
 * What Visual C++ and clang write about classes with virtual functions (x64: every pointer is an RVA), and how dynamic_cast
 * finds its way in it. All of it is guest memory.
 *
 * table of virtual functions  the CompleteObjectLocator's address lies before its first entry
 * CompleteObjectLocator       which part of the object the table is for, and the class of the whole object
 * class hierarchy             the class and all classes below it, each followed by its own bases
 */

const LOCATOR_OF_X64 = 1;
/** More base classes than any class has; the search takes as many steps as their square. */
const MOST_BASES = 1024;
/** Attributes of a base class: not public in the class that has it; not public in the whole object. */
const HIDDEN_BASE = 4;
const HIDDEN_IN_WHOLE = 8;

interface WholeObject {
  readonly address: number;
  /** Its TypeDescriptor. */
  readonly type: number;
  readonly hierarchy: number;
  readonly imageBase: number;
}

interface BaseClass {
  readonly address: number;
  readonly type: number;
  /** Entries behind this one that are its own bases. */
  readonly contained: number;
  readonly attributes: number;
}

/** The object that a part with virtual functions belongs to. CorruptTables or a fault where there is none. */
export function wholeObject(memory: GuestMemory, part: number): WholeObject {
  const locator = memory.u64(memory.u64(part) - 8);
  if (memory.u32(locator) !== LOCATOR_OF_X64) throw new CorruptTables('no CompleteObjectLocator');
  const imageBase = locator - memory.u32(locator + 20);
  // Of a virtual base: how far the part is displaced while a constructor runs, noted before it.
  const displaced = memory.u32(locator + 8);
  return {
    address: part - memory.u32(locator + 4) - (displaced === 0 ? 0 : memory.u32(part - displaced) | 0),
    type: imageBase + memory.u32(locator + 12),
    hierarchy: imageBase + memory.u32(locator + 16),
    imageBase,
  };
}

/** The class of the object itself first, each class before its bases. */
function baseClasses(memory: GuestMemory, { address, hierarchy, imageBase }: WholeObject): BaseClass[] {
  const count = memory.u32(hierarchy + 8);
  if (count > MOST_BASES) throw new CorruptTables(`a class with ${count} bases`);
  const classes = imageBase + memory.u32(hierarchy + 12);
  return Array.from({ length: count }, (_, i) => {
    const at = imageBase + memory.u32(classes + i * 4);
    return {
      address: adjust(memory, address, at + 8),
      type: imageBase + memory.u32(at),
      contained: memory.u32(at + 4),
      attributes: memory.u32(at + 20),
    };
  });
}

/**
 * dynamic_cast of a pointer to `from`, of which `part` is the first with virtual functions: the address of its `target`,
 * or 0 where there is none, more than one, or none that is public.
 * https://learn.microsoft.com/cpp/cpp/dynamic-cast-operator
 */
export function dynamicCast(
  memory: GuestMemory,
  part: number,
  from: number,
  source: number,
  target: number,
): number {
  const classes = baseClasses(memory, wholeObject(memory, part));
  const sources = indexesOf(memory, classes, source).filter((i) => classes[i]!.address === from);
  const targets = indexesOf(memory, classes, target);
  const ways = targets.map((target) => wayDown(classes, target, new Set(sources)));
  const around = targets.filter((_, i) => ways[i] !== Way.none);
  const down = ways.includes(Way.public) ? onlyAddress(classes, around) : 0;
  if (down !== 0) return down;
  const isVisible = (i: number): boolean => (classes[i]!.attributes & HIDDEN_IN_WHOLE) === 0;
  return sources.some(isVisible) && targets.some(isVisible) ? onlyAddress(classes, targets) : 0;
}

function indexesOf(memory: GuestMemory, classes: readonly BaseClass[], type: number): number[] {
  return [...classes.keys()].filter((i) => isSameType(memory, classes[i]!.type, type));
}

/** How a class has a base. */
const Way = { none: 0, hidden: 1, public: 2 } as const;

/** The best way from a class down to one of its bases among `wanted`. */
function wayDown(classes: readonly BaseClass[], outer: number, wanted: ReadonlySet<number>): number {
  const last = Math.min(outer + classes[outer]!.contained, classes.length - 1);
  let hiddenTo = outer;
  let way: number = Way.none;
  for (let i = outer + 1; i <= last; i++) {
    const { attributes, contained } = classes[i]!;
    if ((attributes & HIDDEN_BASE) !== 0) hiddenTo = Math.max(hiddenTo, i + contained);
    if (!wanted.has(i)) continue;
    if (i > hiddenTo) return Way.public;
    way = Way.hidden;
  }
  return way;
}

/** The address that all these classes have (a virtual base is listed more than once), or 0. */
function onlyAddress(classes: readonly BaseClass[], indexes: readonly number[]): number {
  const addresses = new Set(indexes.map((i) => classes[i]!.address));
  return addresses.size === 1 ? [...addresses][0]! : 0;
}
