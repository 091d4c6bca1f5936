const UNITS: Record<string, number> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };

/** Bytes of a size as people write it: 4096, 64K, 64M, 2G; undefined when it is not one. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d{1,12})([KMG]?)B?$/i.exec(text);
  if (!match) return undefined;
  const bytes = Number(match[1]) * UNITS[match[2]!.toUpperCase()]!;
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : undefined;
}

/** A size for people: "64 K", "1.5 M". */
export function formatSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  const unit = bytes < 1024 ** 2 ? 'K' : bytes < 1024 ** 3 ? 'M' : 'G';
  const value = bytes / UNITS[unit]!;
  return `${value < 10 && !Number.isInteger(value) ? value.toFixed(1) : Math.round(value)} ${unit}`;
}
