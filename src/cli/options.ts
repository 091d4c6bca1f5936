import { parseSize } from './sizes.ts';

/** What `winmem run` was asked for. */
export interface RunCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly ram: number | undefined;
  /** Pattern of API names, '*' for all. */
  readonly trace: string | undefined;
  readonly stats: boolean;
  readonly json: string | undefined;
  /** NAME=VALUE pairs that are added to the program's environment. */
  readonly env: readonly (readonly [string, string])[];
  readonly cwd: string | undefined;
  readonly drives: readonly { readonly letter: string; readonly path: string; readonly writable: boolean }[];
  /** Milliseconds. */
  readonly timeout: number | undefined;
  readonly quiet: boolean;
}

export type Parsed =
  | { readonly kind: 'run'; readonly command: RunCommand }
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | { readonly kind: 'usage'; readonly message: string };

/** Options of a fixed interface whose part is not built yet. */
const NOT_BUILT = new Map([
  ['--pagefile', 'the page file'],
  ['--deterministic', 'deterministic runs'],
]);
const WITH_VALUE = new Set(['--ram', '--json', '--env', '--cwd', '--drive', '--timeout', '--pagefile']);
const LONGEST_TIMEOUT = 2 ** 31 - 1;

interface Draft {
  ram?: number;
  trace?: string;
  stats: boolean;
  json?: string;
  env: [string, string][];
  cwd?: string;
  drives: { letter: string; path: string; writable: boolean }[];
  timeout?: number;
  quiet: boolean;
}

/** Reads the command line (without node and script). Everything after the program's name is the program's. */
export function parseArguments(argv: readonly string[]): Parsed {
  const [command, ...rest] = argv;
  if (command === '--help' || command === '-h' || command === 'help') return { kind: 'help' };
  if (command === '--version' || command === '-V') return { kind: 'version' };
  if (command === undefined) return usage('no command: try winmem run app.exe, or winmem --help');
  if (command === 'check' || command === 'map') return usage(`the command "${command}" is not built yet`);
  if (command !== 'run') return usage(`there is no command "${command}"${didYouMean(command, ['run'])}`);
  return parseRun(rest);
}

function parseRun(argv: readonly string[]): Parsed {
  const draft: Draft = { stats: false, env: [], drives: [], quiet: false };
  let i = 0;
  for (; i < argv.length && argv[i]!.startsWith('-') && argv[i] !== '--'; i++) {
    const word = argv[i]!;
    if (word === '--help' || word === '-h') return { kind: 'help' };
    if (word === '--version') return { kind: 'version' };
    const equals = word.indexOf('=');
    const name = equals < 0 ? word : word.slice(0, equals);
    let value = equals < 0 ? undefined : word.slice(equals + 1);
    if (WITH_VALUE.has(name) && value === undefined) {
      value = argv[++i];
      if (value === undefined) return usage(`${name} needs a value`);
    }
    const problem = apply(draft, name, value);
    if (problem !== undefined) return usage(problem);
  }
  if (argv[i] === '--') i++;
  const program = argv[i];
  if (program === undefined) return usage('no program: winmem run [options] app.exe [args...]');
  const command: RunCommand = {
    program,
    args: argv.slice(i + 1),
    ram: draft.ram,
    trace: draft.trace,
    stats: draft.stats,
    json: draft.json,
    env: draft.env,
    cwd: draft.cwd,
    drives: draft.drives,
    timeout: draft.timeout,
    quiet: draft.quiet,
  };
  return { kind: 'run', command };
}

/** Notes one option; what it returns is what is wrong with it. */
function apply(draft: Draft, name: string, value: string | undefined): string | undefined {
  const missing = NOT_BUILT.get(name);
  if (missing !== undefined) return `${name}: ${missing} is not built yet`;
  switch (name) {
    case '--trace':
      draft.trace = value ?? '*';
      return undefined;
    case '--stats':
    case '--quiet':
      if (value !== undefined) return `${name} takes no value`;
      draft[name === '--stats' ? 'stats' : 'quiet'] = true;
      return undefined;
    case '--ram':
      draft.ram = parseSize(value!);
      return draft.ram === undefined ? `--ram wants a size such as 64M or 2G, not "${value}"` : undefined;
    case '--json':
      draft.json = value;
      return value === '' ? '--json wants a file name' : undefined;
    case '--cwd':
      draft.cwd = value;
      return value === '' ? '--cwd wants a folder' : undefined;
    case '--timeout':
      return applyTimeout(draft, value!);
    case '--env':
      return applyEnvironment(draft, value!);
    case '--drive':
      return applyDrive(draft, value!);
    default:
      return `there is no option ${name}${didYouMean(name, OPTION_NAMES)}`;
  }
}

const OPTION_NAMES = [
  '--ram',
  '--trace',
  '--stats',
  '--json',
  '--env',
  '--cwd',
  '--drive',
  '--timeout',
  '--quiet',
  '--help',
  '--version',
];

function applyTimeout(draft: Draft, value: string): string | undefined {
  const seconds = Number(value.replace(/s$/, ''));
  if (!(seconds > 0) || seconds * 1000 > LONGEST_TIMEOUT) return `--timeout wants seconds, not "${value}"`;
  draft.timeout = seconds * 1000;
  return undefined;
}

function applyEnvironment(draft: Draft, value: string): string | undefined {
  const equals = value.indexOf('=');
  if (equals <= 0) return `--env wants NAME=VALUE, not "${value}"`;
  draft.env.push([value.slice(0, equals), value.slice(equals + 1)]);
  return undefined;
}

function applyDrive(draft: Draft, value: string): string | undefined {
  const match = /^([A-Za-z])=(.+?)(:ro)?$/.exec(value);
  if (!match) return `--drive wants X=PATH or X=PATH:ro, not "${value}"`;
  draft.drives.push({ letter: match[1]!.toUpperCase(), path: match[2]!, writable: match[3] === undefined });
  return undefined;
}

function usage(message: string): Parsed {
  return { kind: 'usage', message };
}

/** " (did you mean --trace?)" for a near miss. */
function didYouMean(word: string, known: readonly string[]): string {
  const best = known
    .map((name) => ({ name, distance: editDistance(word, name) }))
    .sort((a, b) => a.distance - b.distance)[0];
  return best && best.distance <= 2 ? ` (did you mean ${best.name}?)` : '';
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
