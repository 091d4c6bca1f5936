import {
  EXECUTE,
  MEM_IMAGE,
  MEM_PRIVATE,
  PAGE_EXECUTE,
  PAGE_EXECUTE_READ,
  PAGE_EXECUTE_READWRITE,
  PAGE_EXECUTE_WRITECOPY,
  PAGE_GUARD,
  PAGE_NOACCESS,
  PAGE_NOCACHE,
  PAGE_READONLY,
  PAGE_READWRITE,
  PAGE_TARGETS_INVALID,
  PAGE_WRITECOMBINE,
  PAGE_WRITECOPY,
  WRITE,
} from './constants.ts';

const BASE_BITS = 0xff;
const ANY_EXECUTE = PAGE_EXECUTE | PAGE_EXECUTE_READ | PAGE_EXECUTE_READWRITE | PAGE_EXECUTE_WRITECOPY;
const ANY_COPY = PAGE_WRITECOPY | PAGE_EXECUTE_WRITECOPY;
const ANY_WRITE = PAGE_READWRITE | PAGE_EXECUTE_READWRITE;

const MAY_READ = 1;
const MAY_WRITE = 2;
const MAY_EXECUTE = 4;

/**
 * What each protection allows, by its low byte. x86 has no execute-only pages: PAGE_EXECUTE can be read.
 * The copy forms allow writes, which copy the page first.
 */
const ALLOWED = new Uint8Array(256);
ALLOWED[PAGE_READONLY] = MAY_READ;
ALLOWED[PAGE_READWRITE] = MAY_READ | MAY_WRITE;
ALLOWED[PAGE_WRITECOPY] = MAY_READ | MAY_WRITE;
ALLOWED[PAGE_EXECUTE] = MAY_READ | MAY_EXECUTE;
ALLOWED[PAGE_EXECUTE_READ] = MAY_READ | MAY_EXECUTE;
ALLOWED[PAGE_EXECUTE_READWRITE] = MAY_READ | MAY_WRITE | MAY_EXECUTE;
ALLOWED[PAGE_EXECUTE_WRITECOPY] = MAY_READ | MAY_WRITE | MAY_EXECUTE;

/** Whether a page of this protection (guard aside) allows the access. */
export function allows(protect: number, access: number): boolean {
  const needed = access === WRITE ? MAY_WRITE : access === EXECUTE ? MAY_EXECUTE : MAY_READ;
  return (ALLOWED[protect & BASE_BITS]! & needed) !== 0;
}

export function isCopy(protect: number): boolean {
  return (protect & ANY_COPY) !== 0;
}
export function isWritable(protect: number): boolean {
  return (protect & ANY_WRITE) !== 0;
}
export function isExecutable(protect: number): boolean {
  return (protect & ANY_EXECUTE) !== 0;
}

/** WRITECOPY forms become READWRITE forms: what a page has once it was copied. */
export function afterCopy(protect: number): number {
  if ((protect & PAGE_WRITECOPY) !== 0) return protect ^ PAGE_WRITECOPY ^ PAGE_READWRITE;
  if ((protect & PAGE_EXECUTE_WRITECOPY) !== 0)
    return protect ^ PAGE_EXECUTE_WRITECOPY ^ PAGE_EXECUTE_READWRITE;
  return protect;
}

/** READWRITE forms become WRITECOPY forms: what a copy-on-write view makes of them. */
export function beforeCopy(protect: number): number {
  if ((protect & PAGE_READWRITE) !== 0) return protect ^ PAGE_READWRITE ^ PAGE_WRITECOPY;
  if ((protect & PAGE_EXECUTE_READWRITE) !== 0)
    return protect ^ PAGE_EXECUTE_READWRITE ^ PAGE_EXECUTE_WRITECOPY;
  return protect;
}

function hasOneBase(protect: number): boolean {
  const base = protect & BASE_BITS;
  return base !== 0 && (base & (base - 1)) === 0;
}

/**
 * The protection that VirtualAlloc or VirtualProtect may give a page of this type of region, without bits
 * that mean nothing here, or 0 if it is invalid.
 * https://learn.microsoft.com/windows/win32/memory/memory-protection-constants
 */
export function pageProtection(protect: number, type: number): number {
  if (!hasOneBase(protect)) return 0;
  // Control flow guard is off: the bit is checked (it needs an execute protection) and then means nothing.
  let modifiers = (protect & ~BASE_BITS) >>> 0;
  if ((modifiers & PAGE_TARGETS_INVALID) !== 0) {
    if (!isExecutable(protect)) return 0;
    modifiers &= ~PAGE_TARGETS_INVALID;
  }
  if (type === MEM_PRIVATE ? isCopy(protect) : (modifiers & ~PAGE_GUARD) !== 0) return 0;
  if ((modifiers & ~(PAGE_GUARD | PAGE_NOCACHE | PAGE_WRITECOMBINE)) !== 0) return 0;
  // At most one modifier, and none with PAGE_NOACCESS.
  if ((modifiers & (modifiers - 1)) !== 0) return 0;
  if (modifiers !== 0 && (protect & PAGE_NOACCESS) !== 0) return 0;
  return (protect & BASE_BITS) | modifiers;
}

/** Whether a section may have this protection. NtCreateSection takes PAGE_EXECUTE, CreateFileMapping does not. */
export function isSectionProtection(protect: number): boolean {
  return hasOneBase(protect) && (protect & ~BASE_BITS) === 0 && (protect & PAGE_NOACCESS) === 0;
}

/** Whether a view of this protection may be mapped of a section of that one. Copying needs only read access. */
export function viewFitsSection(view: number, section: number): boolean {
  if (isWritable(view) && !isWritable(section)) return false;
  return !isExecutable(view) || isExecutable(section);
}

/**
 * What VirtualProtect makes of `protect` on a page of a view, or 0 where the section or the view forbids it.
 * The view's own protection at mapping decides about writing, the section's about executing. Views that were
 * mapped to be copied, and images, turn READWRITE into WRITECOPY until the page is copied.
 */
export function viewProtection(protect: number, type: number, mapped: number, section: number): number {
  if (isExecutable(protect) && !isExecutable(section)) return 0;
  if (!isWritable(protect)) return protect;
  if (type === MEM_IMAGE || isCopy(mapped)) return beforeCopy(protect);
  return isWritable(mapped) ? protect : 0;
}
