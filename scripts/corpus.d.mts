/** Paths of the corpus but for our examples; fails when a Debian package is not installed. */
export function corpusFiles(): string[];
/** As corpusFiles, without what is not there; fetches nothing. */
export function presentCorpusFiles(): string[];
/** Our own programs and libraries. */
export function exampleFiles(): string[];
/** The executable sections of a PE file. */
export function codeSections(bytes: Buffer): Buffer[];
export function codesOf(files: readonly string[]): Map<string, { count: number; samples: string[] }>;
/** The recorded Codes, in order of their names. */
export function recordedCodes(): string[];
