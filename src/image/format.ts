/**
 * Numbers of the PE format.
 * https://learn.microsoft.com/windows/win32/debug/pe-format
 */
export const MACHINE_AMD64 = 0x8664;
export const MAGIC_PE32 = 0x10b;
export const MAGIC_PE32_PLUS = 0x20b;

export const FILE_RELOCS_STRIPPED = 0x0001;
export const FILE_EXECUTABLE_IMAGE = 0x0002;
export const FILE_LARGE_ADDRESS_AWARE = 0x0020;
export const FILE_DLL = 0x2000;

export const SUBSYSTEM_NATIVE = 1;
export const SUBSYSTEM_WINDOWS_GUI = 2;
export const SUBSYSTEM_WINDOWS_CUI = 3;

export const DLL_HIGH_ENTROPY_VA = 0x0020;
export const DLL_DYNAMIC_BASE = 0x0040;
export const DLL_NX_COMPAT = 0x0100;

export const SECTION_CODE = 0x0000_0020;
export const SECTION_INITIALIZED_DATA = 0x0000_0040;
export const SECTION_DISCARDABLE = 0x0200_0000;
export const SECTION_SHARED = 0x1000_0000;
export const SECTION_EXECUTE = 0x2000_0000;
export const SECTION_READ = 0x4000_0000;
export const SECTION_WRITE = 0x8000_0000;

/** Indices of the data directories. */
export const Directory = {
  exports: 0,
  imports: 1,
  exceptions: 3,
  relocations: 5,
  tls: 9,
  delayedImports: 13,
  dotnet: 14,
} as const;

export const RELOCATION_ABSOLUTE = 0;
export const RELOCATION_HIGHLOW = 3;
export const RELOCATION_DIR64 = 10;

/** Byte sizes of the fixed parts of a PE32+ file. */
export const DOS_HEADER_SIZE = 64;
export const COFF_HEADER_SIZE = 20;
/** The optional header of PE32+ up to its data directories. */
export const OPTIONAL_HEADER_SIZE = 112;
export const SECTION_HEADER_SIZE = 40;
export const SYMBOL_SIZE = 18;
