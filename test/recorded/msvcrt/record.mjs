// Records what msvcrt answers, by running C programs under Wine: node test/recorded/msvcrt/record.mjs
// Needs x86_64-w64-mingw32-gcc and wine; takes WINEPREFIX from the environment. Writes the .json files beside it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const here = import.meta.dirname;
let seed = 12345;
const random = (n) => (seed = (Math.imul(seed, 1103515245) + 12345) >>> 0, (seed >>> 8) % n);
const pick = (list) => list[random(list.length)];
const cString = (text) => `"${[...new TextEncoder().encode(text)].map((b) => `\\${b.toString(8).padStart(3, '0')}`).join('')}"`;
const wString = (text) => `(wchar_t[]){${[...Array(text.length).keys()].map((i) => text.charCodeAt(i)).concat(0).join(',')}}`;

/** Runs C statements that call out(...) and answers the lines they print. */
function run(functions, calls) {
  const folder = mkdtempSync(join(tmpdir(), 'crt-'));
  const groups = [];
  for (let i = 0; i < calls.length; i += 200) groups.push(calls.slice(i, i + 200));
  const source = `#define __USE_MINGW_ANSI_STDIO 0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <errno.h>
#include <time.h>
#include <math.h>
#include <io.h>
#include <fcntl.h>
#include <windows.h>
/* mingw links its own strtod; this is msvcrt's. */
#define msvcrt(name) GetProcAddress(GetModuleHandleA("msvcrt.dll"), #name)
typedef unsigned long long u64;
static double D(u64 bits) { double d; memcpy(&d, &bits, 8); return d; }
static u64 B(double d) { u64 bits; memcpy(&bits, &d, 8); return bits; }
${functions}
${groups.map((g, i) => `static void group${i}(void) {\n${g.join('\n')}\n}`).join('\n')}
int main(void) { setvbuf(stdout, NULL, _IOFBF, 65536); ${groups.map((_, i) => `group${i}();`).join(' ')} return 0; }
`;
  writeFileSync(join(folder, 'a.c'), source);
  execFileSync('x86_64-w64-mingw32-gcc', ['-O0', '-w', '-fno-builtin', '-o', join(folder, 'a.exe'), join(folder, 'a.c')], { stdio: ['ignore', 'ignore', 'inherit'] });
  const out = execFileSync('wine', ['a.exe'], { cwd: folder, env: { ...process.env, WINEDEBUG: '-all', DISPLAY: '' }, maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] });
  rmSync(folder, { recursive: true });
  return out.toString('latin1').split('\r\n').filter((line) => line !== '');
}

function write(name, cases) {
  writeFileSync(join(here, `${name}.json`), `[\n${cases.map((c) => JSON.stringify(c)).join(',\n')}\n]\n`);
  console.log(`${name}: ${cases.length}`);
}

const HEX = `static void hex(const unsigned char *p, int n) { while (n-- > 0) printf("%02x", *p++); }`;

// ---- printf ----
const cArgument = ([kind, value]) => ({ i: () => `${value}`, q: () => `${value}ULL`, d: () => `D(0x${value}ULL)`, s: () => cString(value), w: () => wString(value), z: () => '(char *)0' })[kind]();
function printfCases() {
  const cases = [];
  const flags = ['', '-', '+', ' ', '#', '0', '+0', '-#', '#0', ' -', '- 0+'];
  const widths = ['', '1', '5', '12', '20'];
  const precisions = ['', '.', '.0', '.1', '.3', '.8'];
  const ints = ['0', '1', '-1', '7', '42', '-42', '255', '65535', '70000', '2147483647', '-2147483647-1', '123456789'];
  const longs = ['0', '1', '18446744073709551615', '9223372036854775808', '9223372036854775807', '1000000000000', '12345678901234567890', '4294967296', '9007199254740993'];
  for (let i = 0; i < 900; i++) {
    const size = pick(['', '', '', 'h', 'l', 'I32']);
    cases.push({ format: `[%${pick(flags)}${pick(widths)}${pick(precisions)}${size}${pick([...'diuoxX'])}]`, args: [['i', pick(ints)]] });
  }
  for (let i = 0; i < 400; i++) {
    cases.push({ format: `[%${pick(flags)}${pick(widths)}${pick(precisions)}${pick(['ll', 'I64', 'I'])}${pick([...'diuoxX'])}]`, args: [['q', pick(longs)]] });
  }
  const doubles = ['0000000000000000', '8000000000000000', '3ff0000000000000', 'bff8000000000000', '3fe0000000000000', '4004000000000000', '3fb999999999999a', '400921fb54442d18', '40c81cd6e631f8a1', '7fefffffffffffff', '0010000000000000', '0000000000000001', '7ff0000000000000', 'fff0000000000000', '7ff8000000000000', 'fff8000000000000', '7ff8000000000001', '4341c37937e08000', '4415af1d78b58c40', '444b1ae4d6e2ef50', '3f50624dd2f1a9fc', '3f1a36e2eb1c432d', '3ee4f8b588e368f1', '40f86a0000000000', '412e848000000000', '416312d000000000', '3fefffffffffffff', '40239eb851eb851f', '3fd3333333333333', '3f847ae147ae147b', '3fc0000000000000', '3fd8000000000000', '402399999999999a', '408f3ffdf3b645a2'];
  const bits = () => (random(3) === 0 ? [random(0x800) << 20 | random(0x100000), random(0x1000000) * 256 + random(256)].map((n) => (n >>> 0).toString(16).padStart(8, '0')).join('') : pick(doubles));
  for (let i = 0; i < 1800; i++) {
    const precision = pick(['', '', '.0', '.1', '.2', '.3', '.5', '.10', '.15', '.17', '.20', '.40']);
    cases.push({ format: `[%${pick(flags)}${pick(widths)}${precision}${pick([...'eEfgGaA'])}]`, args: [['d', bits()]] });
  }
  for (const value of doubles) for (const format of ['%f', '%e', '%g', '%.17g', '%.15g', '%.0f', '%.120f', '%.110e', '%.750f', '%a', '%.3a', '%.0a', '%#.0a', '%15.3f', '%-15.3e|', '%015.3g']) {
    cases.push({ format, args: [['d', value]] });
  }
  const strings = ['', 'a', 'hello', 'hello, world', 'caf\u00e9'];
  for (let i = 0; i < 120; i++) {
    const wide = random(3) === 0;
    const narrow = pick(strings.slice(0, 4));
    cases.push({ format: `[%${pick(['', '-', '0', '+', '#'])}${pick(widths)}${pick(precisions)}${wide ? pick(['S', 'ls', 'ws', 'lS']) : pick(['s', 'hs', 'hS'])}]`, args: [[wide ? 'w' : 's', wide ? pick(strings) : narrow]] });
  }
  for (const format of ['%s', '%10s', '%.3s', '%S', '%-8s|', '%.10s']) cases.push({ format, args: [['z', 0]] });
  for (const format of ['%c', '%5c', '%-5c|', '%05c', '%.0c', '%lc', '%C', '%hc', '%wc', '%hC']) for (const code of ['65', '0x3b1', '233', '321']) {
    if (code === '65' || code === '233' || format === '%c') cases.push({ format, args: [['i', code]] });
  }
  for (const format of ['%p', '%20p', '%-20p|', '%p%%']) cases.push({ format, args: [['q', '0x1234abcd5678']] });
  for (const format of ['%*d|', '%-*d|', '%0*d|']) for (const w of ['6', '-6', '0']) cases.push({ format, args: [['i', w], ['i', '42']] });
  for (const p of ['3', '0', '-1']) cases.push({ format: '%.*d|', args: [['i', p], ['i', '7']] }, { format: '%.*f|', args: [['i', p], ['d', '400921fb54442d18']] }, { format: '%.*s|', args: [['i', p], ['s', 'hello']] });
  for (const format of ['100%%', 'abc', '', '%k', '%5k|', '%-y|', '%zu %td %jd', '%hhd', '%hhu', '%ld %lu', '%Lf', '%lf', '%I32u', '%I64x']) {
    cases.push({ format, args: /f/.test(format) ? [['d', '4000000000000000']] : [['q', '18446744073709551000'], ['q', '300'], ['q', '77']] });
  }
  return cases;
}
function recordPrintf() {
  const cases = printfCases();
  const calls = cases.map(({ format, args }) => `memset(buf, 0x2e, sizeof buf); out(_snprintf(buf, 2000, ${[cString(format), ...args.map(cArgument)].join(', ')}));`);
  const lines = run(`${HEX}\nstatic char buf[2048]; static void out(int r) { printf("%d ", r); hex((unsigned char *)buf, r < 0 ? 0 : r); printf("\\n"); }`, calls);
  write('printf', cases.map((c, i) => {
    const [result, bytes = ''] = lines[i].split(' ');
    return { ...c, result: Number(result), text: Buffer.from(bytes, 'hex').toString('latin1') };
  }));
}

// ---- numbers from text ----
function recordNumbers() {
  const texts = ['0', '1', '-1', '+7', ' 42', '\t-42x', '0x1f', '0X1F', '0x', '0xg', '010', '08', 'z', '-z9', '', ' ', '-', '+-3', '2147483647', '2147483648', '-2147483648', '-2147483649', '4294967295', '4294967296', '-4294967295', '-4294967296', '9223372036854775807', '9223372036854775808', '-9223372036854775808', '-9223372036854775809', '18446744073709551615', '18446744073709551616', '-18446744073709551615', '99999999999999999999999', '1 2', '12abc', 'ffffffffffffffff', '7fffffff', '1111111111111111111111111111111111'];
  const cases = [];
  for (const text of texts) for (const base of [0, 2, 8, 10, 16, 36]) for (const name of ['strtol', 'strtoul', '_strtoi64', '_strtoui64']) cases.push({ name, text, base });
  const calls = cases.map(({ name, text, base }) => `{ char *e; errno = 0; u64 v = ${name}(s = ${cString(text)}, &e, ${base}); out(${/64/.test(name) ? 'v' : '(unsigned)v'}, e - s, errno); }`);
  const lines = run('static const char *s; static void out(u64 v, int n, int e) { printf("%I64u %d %d\\n", v, n, e); }', calls);
  write('strtol', cases.map((c, i) => {
    const [value, length, errno] = lines[i].split(' ');
    return { ...c, value, length: Number(length), errno: Number(errno) };
  }));
}
function recordDoubles() {
  const texts = ['0', '-0', '1', '1.5', '.5', '5.', '.', 'e5', '1e5', '1e+5', '1e-5', '1e', '1e+', '1E10', '1d5', '1D-3', ' 2.5x', '-3.25e2z', '+7', '1e308', '1.7976931348623157e308', '1e309', '-1e309', '1e-308', '2.2250738585072014e-308', '4.9e-324', '2e-324', '1e-400', '0.1', '123456789012345678901234567890', '9007199254740993', '0.30000000000000004', 'inf', 'nan', '0x10', '--1', '1,5', '1.2.3', '00012', '3.14159265358979323846264338327950288'];
  const calls = texts.map((text) => `{ char *e; errno = 0; double v = ((double (*)(const char *, char **))msvcrt(strtod))(s = ${cString(text)}, &e); int n = errno; out(B(v), e - s, n); }`);
  const lines = run('static const char *s; static void out(u64 v, int n, int e) { printf("%016I64x %d %d\\n", v, n, e); }', calls);
  write('strtod', texts.map((text, i) => {
    const [bits, length, errno] = lines[i].split(' ');
    return { text, bits, length: Number(length), errno: Number(errno) };
  }));
}

// ---- scanf ----
function recordScanf() {
  const list = [
    ['%d', '42'], ['%d', '  -42abc'], ['%d', 'x'], ['%d', ''], ['%d', '   '], ['%i', '0x1F'], ['%i', '017'], ['%i', '0'], ['%u', '4294967295'], ['%u', '-1'], ['%x', 'ff'], ['%x', '0xFFg'], ['%X', 'DEADBEEF'], ['%o', '777'], ['%o', '8'],
    ['%hd', '70000'], ['%ld', '123'], ['%lld', '9223372036854775807'], ['%I64d', '-9223372036854775808'], ['%I64x', 'ffffffffffffffff'], ['%hhd', '300'], ['%3d%d', '12345'], ['%*d%d', '1 2'], ['%d,%d', '1,2'], ['%d,%d', '1 ,2'], ['%d , %d', '1 ,2'], ['%d%%%d', '5%6'], ['%d %d', '1'], ['%2d%2d%2d', '123456'],
    ['%s', 'hello world'], ['%s', '  hello'], ['%3s', 'hello'], ['%s%s', 'a b'], ['%c', 'xyz'], ['%3c', 'xyz'], ['%c', ' x'], [' %c', '  x'], ['%5c', 'xyz'], ['%[abc]', 'aabbccdd'], ['%[^,]', 'one,two'], ['%[a-c]', 'abcd'], ['%[]x]', ']x]y'], ['%[^]]', 'ab]c'], ['%[0-9a-f]', '12afg'], ['%2[a-z]', 'abcd'], ['%[abc]', 'xyz'], ['%*[^\n]%c', 'abc\nd'], ['%[-a]', 'a-b'],
    ['%d%n', '123 45'], ['%s%n', 'abc def'], ['abc%d', 'abc5'], ['abc%d', 'abd5'], ['%d%s', '12abc'], ['%d%c', '1 x'], ['%%%d', '%9'], ['%p', '00000000DEADBEEF'], ['%x', '0x'], ['%d', '+'], ['%d', '-'], ['%d', '99999999999'], ['%u', '99999999999'], ['%i', '08'],
    ['%f', '1.5'], ['%lf', '-2.25e3'], ['%lf', '.5'], ['%lf', '1e'], ['%lf', 'abc'], ['%lf', '1.5.5'], ['%5lf', '3.14159'], ['%lf%lf', '1 2'], ['%g', '1e10'], ['%le', '1E-5x'], ['%Lf', '1.25'], ['%lf', '5.'], ['%lf', '-.'], ['%lf', '0x10'], ['%lf,%lf', '1.0,2.0'],
    ['%S', 'wide'], ['%ls', 'wide'], ['%hs', 'nar'], ['%lc', 'x'], ['%C', 'y'], ['%I32d', '12'], ['%Id', '12'], ['%zu', '12'], ['%d %s %d', '5 abc 6'], ['%d-%d-%d', '2024-05-06'], ['%s %[^\n]', 'key some value\nx'], ['%y', 'y'], ['%d%', '5%'], ['  %d', '\n\n 5'], ['%1s%1s', 'ab'],
  ];
  const calls = list.map(([format, input]) => `memset(b, 0x55, sizeof b); out(sscanf(${cString(input)}, ${cString(format)}, b[0], b[1], b[2]));`);
  const lines = run(`${HEX}\nstatic unsigned char b[3][24]; static void out(int r) { int i; printf("%d ", r); for (i = 0; i < 3; i++) { hex(b[i], 24); printf(i < 2 ? " " : "\\n"); } }`, calls);
  write('scanf', list.map(([format, input], i) => {
    const [result, ...buffers] = lines[i].split(' ');
    return { format, input, result: Number(result), buffers: buffers.map((x) => x.replace(/(55)+$/, '')) };
  }));
}

// ---- time ----
function recordTime() {
  const formats = ['%a %A %b %B %d %H %I %j %m %M %p %S %U %w %W %y %Y %%', '%c', '%x %X', '%#d %#m %#H', '%#x', '%#c'];
  const times = ['0', '1', '951782400', '1709164799', '1735689599', '32535215999', '1234567890', '86399'];
  const cases = [];
  for (const time of times) for (const format of formats) cases.push({ time, format });
  const calls = cases.map(({ time, format }) => `{ time_t t = ${time}LL; struct tm *m = gmtime(&t); char x[200]; int n = (strcpy(x, ""), strftime)(x, 200, ${cString(format)}, m); char *a = asctime(m); printf("%d|%s|%.24s|%d %d\\n", n, x, a, m->tm_yday, m->tm_wday); }`);
  const lines = run('', calls);
  write('time', cases.map((c, i) => {
    const [length, text, asctime, rest] = lines[i].split('|');
    return { ...c, length: Number(length), text, asctime, rest };
  }));
}

// ---- command lines ----
/** Node passes arguments of its own quoting, so a C program starts itself with each raw line. */
function recordArgv() {
  const lines = ['a b c', '"a b" c', 'a"b c"d', '"a""b"', '"a"" b"', 'a\\\\b', 'a\\"b', 'a\\\\"b c"', 'a\\\\\\"b', '""', '"" ""', '"', 'a "', '\\\\', '"\\\\"', '"a\\"b"', "'a b'", 'a\tb', '  a   b  ', '"ab\\\\" c', '"a"b"c" d', 'x"" y', '""x y', '"""a"""', '"""a b"""', '""""', '"a b"c d', 'a=b', '^a|b', '"\\\\\\"a"'];
  const calls = lines.map((line) => `go(${cString(line)});`);
  const functions = `
static void go(const char *line) {
  char command[2000]; STARTUPINFOA si; PROCESS_INFORMATION pi;
  memset(&si, 0, sizeof si); si.cb = sizeof si;
  sprintf(command, "a.exe @ %s", line);
  fflush(stdout);
  if (CreateProcessA("a.exe", command, 0, 0, TRUE, 0, 0, 0, &si, &pi)) WaitForSingleObject(pi.hProcess, 20000);
}
static void child(void) __attribute__((constructor));
static void child(void) {
  int argc, i; char **argv, **env; int si[4] = {0};
  ((int (*)(int *, char ***, char ***, int, int *))msvcrt(__getmainargs))(&argc, &argv, &env, 0, si);
  if (argc < 2 || strcmp(argv[1], "@")) return;
  for (i = 2; i < argc; i++) { unsigned char *p = (unsigned char *)argv[i]; putchar('.'); while (*p) printf("%02x", *p++); putchar(' '); }
  printf("\\n"); fflush(stdout); ExitProcess(0);
}`;
  const out = run(functions, calls);
  write('argv', lines.map((line, i) => ({ line, args: out[i].trim().split(' ').filter((x) => x !== '').map((x) => Buffer.from(x.slice(1), 'hex').toString('latin1')) })));
}

const wanted = process.argv.slice(2);
const all = { printf: recordPrintf, strtol: recordNumbers, strtod: recordDoubles, scanf: recordScanf, time: recordTime, argv: recordArgv };
for (const [name, record] of Object.entries(all)) if (wanted.length === 0 || wanted.includes(name)) record();
